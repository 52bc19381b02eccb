"""Events are bounded: by age, by number, and in what they say; no log is no events."""

from typing import Any

from remediate.lab.state import Record
from tests.conformance.doors import Asked, Door

CRASH = {"id": 1000, "provider": "Application Error"}
QUESTION = {"log": "Application", "provider": "Application Error", "ids": [1000], "data": []}
EVENTS: dict[str, list[Record]] = {
    "Application": [
        {**CRASH, "at": "2020-01-05T08:00:00Z"},
        {**CRASH, "data": ["a.exe", "x" * 301, "\U0001f5c4" * 151]},
        {**CRASH, "data": ["b.exe", *map(str, range(30))]},
        {**CRASH, "data": ["c.exe"], "level": 4},
    ]
}


def test_the_newest_events_come_first_and_are_cut(door: Door) -> None:
    asked = Asked(door, "event", EVENTS)

    def found(**more: Any) -> list[Record]:
        return asked.get(**{**QUESTION, "days": 3650, "most": 50, **more})

    newest, long, odd, oldest = found()
    assert [one["record"] for one in (newest, long, odd, oldest)] == [4, 3, 2, 1]
    assert newest == {
        **CRASH,
        "log": "Application",
        "record": 4,
        "level": 4,
        "at": "2026-01-05T08:00:00Z",
        "data": ["c.exe"],
    }
    assert long["data"] == ["b.exe", *map(str, range(19))]
    assert odd["data"] == ["a.exe", "x" * 300, "\U0001f5c4" * 150]
    assert [one["record"] for one in found(most=2)] == [4, 3]
    assert [one["record"] for one in found(data=["a.exe", "c.exe"])] == [4, 2]
    assert found(days=1) == found(log="Nothing/Operational") == found(provider="Contoso") == []
