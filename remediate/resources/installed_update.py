"""Updates of Windows that are installed, as far as Windows lists them."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import ClassVar

from remediate.resources.base import Query, Resource

_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_FILETIME = re.compile(r"[0-9A-Fa-f]{16}")


class InstalledUpdate(Resource):
    """One update. Those of other products, and new versions of Windows, are not listed.

    Args:
        update: its number (`KB5068787`).
        installed: when, as Windows writes it: month/day/year in every language, or in hexadecimal
            the hundreds of nanoseconds since 1601; empty where it does not know.
    """

    kind: ClassVar[str] = "installed_update"
    noun: ClassVar[str] = "installed update"
    function: ClassVar[str] = "InstalledUpdate"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    identity: ClassVar[tuple[str, ...]] = ("update",)
    settable: ClassVar[frozenset[str]] = frozenset()

    update: str
    installed: str = ""

    @property
    def installed_on(self) -> date | None:
        """The day; None where it cannot be told."""
        try:
            if found := _DAY.fullmatch(self.installed):
                return date(int(found[3]), int(found[1]), int(found[2]))
            if _FILETIME.fullmatch(self.installed):
                since = timedelta(microseconds=int(self.installed, 16) // 10)
                return (datetime(1601, 1, 1, tzinfo=UTC) + since).date()
        except (ValueError, OverflowError):  # a day that is in no calendar
            return None
        return None


class InstalledUpdates(Query):
    """All that are listed."""

    resource: ClassVar[type[Resource]] = InstalledUpdate
