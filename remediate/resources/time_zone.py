"""The time zone that a host is in."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator

from remediate.model.base import JsonValue
from remediate.powershell.script import PROGRAM_WRITER
from remediate.resources.base import Query, Resource
from remediate.resources.registry_value import RegistryName, RegistryValue

_KNOWN = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Time Zones"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .()+-]{0,127}")


def time_zone_id(value: str) -> str:
    """Check an id of a time zone; only a host can say whether it knows it.

    Raises:
        ValueError: no time zone of Windows has such an id.
    """
    if not _ID.fullmatch(value):
        msg = (
            "a time zone is written by its id, as tzutil /l prints it, such as Korea Standard Time"
        )
        raise ValueError(msg)
    return value


TimeZoneId = Annotated[str, AfterValidator(time_zone_id)]


def rules_of(zone: str) -> RegistryName:
    """How the clocks of a time zone go: a registry value of each zone that a Windows knows.

    Source of the place:
    https://learn.microsoft.com/windows/win32/api/timezoneapi/ns-timezoneapi-time_zone_information

    Args:
        zone: its id.
    """
    return RegistryName(key=rf"{_KNOWN}\{zone}", name="TZI")


class TimeZone(Resource):
    """The time zone of a host, whatever its clock says.

    Args:
        name: `Windows`, of which a host has one.
        id: the zone as tzutil takes and prints it
            (https://learn.microsoft.com/windows-server/administration/windows-commands/tzutil):
            with `_dstoff` behind it where its clocks move to daylight saving time, and the host's
            is kept from it. None when Windows has no id for it.
    """

    kind: ClassVar[str] = "time_zone"
    noun: ClassVar[str] = "time zone"
    function: ClassVar[str] = "TimeZone"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    writer: ClassVar[Path] = Path(__file__).with_suffix(".write.ps1")
    reader_needs: ClassVar[tuple[Path, ...]] = (RegistryValue.reader,)
    writer_needs: ClassVar[tuple[Path, ...]] = (PROGRAM_WRITER,)
    identity: ClassVar[tuple[str, ...]] = ("name",)
    settable: ClassVar[frozenset[str]] = frozenset({"id"})

    name: str
    id: str | None

    @property
    def title(self) -> str:
        """What it is, as there is one."""
        return self.noun

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "TimeZones":
        """The question that returns it."""
        del key
        return TimeZones()

    @classmethod
    def same(cls, name: str, one: JsonValue, other: JsonValue) -> bool | None:
        """Ids are names of keys in the registry, in which Windows ignores case."""
        if name == "id" and isinstance(one, str) and isinstance(other, str):
            return one.casefold() == other.casefold()
        return one == other


class TimeZones(Query):
    """The one that the host is in."""

    resource: ClassVar[type[Resource]] = TimeZone
