"""Event logs. Windows' state has `event_logs`: each with its name and its events, the newest last.

In short, by log: `{Application: [{id: 1000, provider: Application Error, data: [cbengine.exe]}]}`.
Other logs stay as they are; null takes one away.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from remediate.lab.kinds.kind import same, short_form
from remediate.lab.state import HostState, Record
from remediate.model.base import Model
from remediate.resources.service import Moment

HEALTHY: dict[str, Any] = {
    "Application": [],
    "System": [],
    "CloudBackup/Operational": [{"id": 3, "provider": "CloudBackup", "level": 4}],
}


class _Short(Model):
    """An event; what is not said is that of an error on an ordinary morning."""

    id: int
    provider: str
    level: int = 2
    at: Moment = "2026-01-05T08:00:00Z"
    data: tuple[str, ...] = ()


_SHORT = TypeAdapter(dict[str, list[_Short] | None])


def state(host: HostState, short: object) -> None:
    """Put these logs in the place of those of the same names."""
    for name, events in short_form(_SHORT, short).items():
        logs = host.section("event_logs")
        logs[:] = [log for log in logs if not same(log["name"], name)]
        if events is not None:
            numbered = enumerate(events, 1)
            kept = [{"record": number, **one.model_dump(mode="json")} for number, one in numbered]
            logs.append({"name": name, "events": kept})


def read(
    host: HostState,
    log: str | None = None,
    provider: str = "",
    ids: Collection[int] = (),
    data: Iterable[str] = (),
    days: int = 0,
    most: int = 0,
) -> Iterator[Record]:
    """The newest that match; or all."""
    wanted = {*data}
    for one in host.windows.get("event_logs", []):
        if log is None:
            found = one["events"]
        elif same(one["name"], log):
            since = host.clock() - timedelta(days=days)
            found = [
                event
                for event in reversed(one["events"])
                if event["provider"] == provider
                and event["id"] in ids
                and (not wanted or wanted & {*event["data"]})
                and datetime.fromisoformat(event["at"]) >= since
            ][:most]
        else:
            continue
        yield from ({**each, "log": one["name"], "data": _cut(each["data"])} for each in found)


def _cut(data: list[str]) -> list[str]:
    """The values that are read, each as far as it is: a letter beyond U+FFFF counts twice."""
    units = (text.encode("utf-16-le", "surrogatepass")[:600] for text in data[:20])
    return [text.decode("utf-16-le", "surrogatepass") for text in units]
