r"""The time zone. Windows' state has it in `registry`, as it has those that it knows.

In short: `{zone: Pacific Standard Time_dstoff}`. Each host knows the same few.
"""

import struct
from collections.abc import Iterator

from pydantic import TypeAdapter

from remediate.lab.call_error import CallFailedError
from remediate.lab.kinds import registry_value
from remediate.lab.kinds.kind import Switch, check_access, refuse, same, short_form
from remediate.lab.kinds.registry_value import TIME_ZONE
from remediate.lab.state import HostState, Record
from remediate.model.base import JsonValue, Model
from remediate.model.change import Change
from remediate.resources.time_zone import rules_of

KIND = "time_zone"
HEALTHY: Record = {}
OFF = "_dstoff"
_ID, _OFF = (rf"{TIME_ZONE}\{name}" for name in ("TimeZoneKeyName", "DynamicDaylightTimeDisabled"))
_UNTIL, _FROM = (0, 11, 0, 1, 2, 0, 0, 0), (0, 3, 0, 2, 2, 0, 0, 0)
_NEVER = (0,) * 8
ZONES = {
    "UTC": (0, _NEVER, _NEVER),
    "Korea Standard Time": (-540, _NEVER, _NEVER),
    "Pacific Standard Time": (480, _UNTIL, _FROM),
    "W. Europe Standard Time": (-60, (0, 10, 0, 5, 3, 0, 0, 0), (0, 3, 0, 5, 2, 0, 0, 0)),
}
"""Minutes that UTC is ahead, when standard time begins, and when daylight saving time does."""

UNKIND: dict[str, Switch] = {
    "something behind its id": Switch(
        "seen: TimeZoneKeyName has more than its text", (("^(.+?)(_dstoff)?$", "$1\0Time$2"),)
    ),
    "an id in small letters": Switch("plausible", (("Standard Time", "standard time"),)),
}
"""What a Windows may make of an id that it saves."""
DAMAGING: dict[str, Switch] = {
    "daylight saving time is off": Switch("plausible", (("^(.+)$", "$1_dstoff"),)),
    "another zone": Switch("plausible", (("^.+$", "Korea Standard Time"),)),
}
"""What no Windows should."""


class _Short(Model):
    """What is not usual.

    Args:
        zone: that the host is in, as tzutil says it; as it is in the registry when not said.
    """

    zone: str | None = None


_SHORT = TypeAdapter(_Short)


def state(host: HostState, short: object) -> None:
    """This zone, and those that the host knows."""
    known = {str(rules_of(zone)): _rules(*rules) for zone, rules in ZONES.items()}
    registry_value.state(host, known)
    zone = short_form(_SHORT, short).zone
    if zone is not None:
        _put(host, zone)


def _rules(ahead: int, until: tuple[int, ...], since: tuple[int, ...]) -> Record:
    """The value TZI, as https://learn.microsoft.com/windows/win32/api/timezoneapi has it."""
    return {"type": "Binary", "data": [*struct.pack("<3l8H8H", ahead, 0, -60, *until, *since)]}


def _put(host: HostState, zone: str) -> None:
    off = zone.endswith(OFF)
    registry_value.state(host, {_ID: zone.removesuffix(OFF), _OFF: int(off)})


def read(host: HostState) -> Iterator[Record]:
    """The one that the host is in."""
    check_access(host, registry_value.KIND, "read")
    held = registry_value.value_of(host, _ID) or {"data": ""}
    off = registry_value.value_of(host, _OFF) or {"data": 0}
    zone = str(held["data"]).partition("\0")[0]
    suffix = OFF if off["data"] and _moves(host, zone) else ""
    yield {"name": "Windows", "id": f"{zone}{suffix}" if zone else None}


def _moves(host: HostState, zone: str) -> bool:
    rules = registry_value.value_of(host, str(rules_of(zone))) if zone else None
    return rules is not None and bool(rules["data"][14])


def write(host: HostState, record: Record, after: Record) -> None:
    """The twin of tzutil: what the host does not know, or who may not, ends with 1."""
    del record
    zone = after["id"]
    if zone is None:
        raise refuse("A host cannot be in no time zone.")
    if "tzutil" in host.lacks:
        raise CallFailedError("RemediateProgramBlocked", "tzutil was not let start.")
    rules = registry_value.value_of(host, str(rules_of(zone.removesuffix(OFF))))
    if KIND in host.denied or rules is None:
        raise CallFailedError("RemediateProgramFailed", "tzutil ended with exit code 1.")
    _put(host, host.saved_text(KIND, zone))


def other(host: HostState, record: Record, change: Change) -> JsonValue:
    """A zone that is neither."""
    known = (change.before, change.after)
    zone = next(zone for zone in ZONES if not any(same(zone, one) for one in known))
    write(host, record, {"id": zone})
    [saved] = read(host)
    found: JsonValue = saved["id"]
    return found
