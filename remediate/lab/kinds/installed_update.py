"""Updates of Windows. Its state has `updates`.

In short, by number, how many days ago they were installed, or the text that Windows has of that.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter

from remediate.lab.kinds.kind import check_access, short_form
from remediate.lab.state import HostState, Record

KIND = "installed_update"
HEALTHY: Record = {"KB5068787": 12, "KB5066135": 45}
_TODAY = datetime.now(UTC)
"""From when an update's age is counted; the same in all states that a process makes."""
_SHORT = TypeAdapter(dict[str, int | str])


def state(host: HostState, short: object) -> None:
    """These updates and no others."""
    host.windows["updates"] = [
        {"update": name, "installed": when if isinstance(when, str) else _day(when)}
        for name, when in short_form(_SHORT, short).items()
    ]


def _day(ago: int) -> str:
    day = _TODAY - timedelta(days=ago)
    return f"{day.month}/{day.day}/{day.year}"


def read(host: HostState) -> Iterator[Record]:
    """All of them."""
    check_access(host, KIND, "read")
    for one in host.windows.get("updates", []):
        yield dict(one)
