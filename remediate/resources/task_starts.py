"""When a task is started by the calendar, as its definition says."""

from collections.abc import Iterator
from datetime import time
from typing import NamedTuple
from xml.etree import ElementTree as ET

from remediate.resources.task_definition import is_on
from remediate.resources.task_xml import MOMENT, is_enabled, read_root, section_of

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


class Start(NamedTuple):
    """When a task is started each week.

    Args:
        days: on which; 0 is Sunday.
        time: at which, by the host's clock.
        weeks: it does so each so many weeks.
    """

    days: frozenset[int]
    time: time
    weeks: int = 1


def starts(xml: str) -> tuple[Start, ...]:
    """When a task is started by the calendar, by days or weeks; never when it is off.

    What says its time zone is left out, as that of the host is not known here.
    """
    return tuple(start for each in _triggers_on(xml) for start in _starts(each))


def says_zone(xml: str) -> bool:
    """Whether one of what starts a task says its time zone, so that `starts` leaves it out."""
    boundaries = [
        each for trigger in _triggers_on(xml) for each in trigger.iterfind("StartBoundary")
    ]
    moments = (MOMENT.fullmatch((each.text or "").strip()) for each in boundaries)
    return any(moment is not None and moment[3] for moment in moments)


def _triggers_on(xml: str) -> list[ET.Element]:
    """The triggers that may start a task; none when it is off."""
    if not is_on(xml):
        return []
    return [each for each in section_of(read_root(xml), "Triggers") if is_enabled(each)]


def _starts(trigger: ET.Element) -> Iterator[Start]:
    boundary = "".join(each.text or "" for each in trigger.iterfind("StartBoundary"))
    found = MOMENT.fullmatch(boundary.strip())
    if found is None or found[3]:
        return
    for schedule in trigger:
        days: set[int] | None = None
        weeks = 1
        if schedule.tag == "ScheduleByDay":
            days = set(range(len(_DAYS)))
        elif schedule.tag == "ScheduleByWeek":
            said = [day.tag for each in schedule.iterfind("DaysOfWeek") for day in each]
            days = {_DAYS.index(day) for day in said if day in _DAYS}
            every = "".join(each.text or "" for each in schedule.iterfind("WeeksInterval")).strip()
            weeks = max(1, int(every)) if every.isdecimal() else 1
        if days is not None:
            yield Start(frozenset(days), time.fromisoformat(found[1][11:]), weeks)
