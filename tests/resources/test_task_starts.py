"""When a task starts by the calendar is told by its definition, whatever the zone of the host."""

import pytest

from remediate.resources.task_starts import says_zone, starts
from tests.resources.bare_task import BOOT, bare


def on(text: str) -> str:
    return f"<StartBoundary>2026-01-05T{text}</StartBoundary>"


WEEKLY = "<ScheduleByWeek><DaysOfWeek><Sunday /><Friday /></DaysOfWeek></ScheduleByWeek>"


@pytest.mark.parametrize(
    ("triggers", "expected"),
    [
        (
            f"<CalendarTrigger>{on('21:30:00')}<ScheduleByDay /></CalendarTrigger>",
            ["0123456 21:30"],
        ),
        (f"<CalendarTrigger>{on('06:00:00.000')}{WEEKLY}</CalendarTrigger>", ["05 06:00"]),
        (f"<CalendarTrigger>{on('06:00:00Z')}<ScheduleByDay /></CalendarTrigger>", []),
        (f"<CalendarTrigger>{on('06:00:00')}<ScheduleByMonth /></CalendarTrigger>", []),
        (f"<CalendarTrigger><Enabled>0</Enabled>{on('06:00:00')}{WEEKLY}</CalendarTrigger>", []),
        (BOOT + "<CalendarTrigger><ScheduleByDay /></CalendarTrigger>", []),
    ],
)
def test_when_a_task_starts_by_the_calendar_is_known(triggers: str, expected: list[str]) -> None:
    def said(xml: str) -> list[str]:
        return [f"{''.join(map(str, sorted(one.days)))} {one.time:%H:%M}" for one in starts(xml)]

    assert said(bare(triggers)) == expected
    assert said(bare(triggers, settings="<Enabled>false</Enabled>")) == []


@pytest.mark.parametrize(
    ("time", "enabled", "expected"),
    [
        ("06:00:00Z", "1", True),
        ("06:00:00+01:00", "1", True),
        ("06:00:00", "1", False),
        ("06:00:00Z", "0", False),
    ],
)
def test_a_start_that_says_its_time_zone_is_known(time: str, enabled: str, expected: bool) -> None:
    on_or_off = f"<Enabled>{enabled}</Enabled>"
    trigger = f"<CalendarTrigger>{on(time)}<ScheduleByDay />{{}}</CalendarTrigger>"
    assert says_zone(bare(trigger.format(on_or_off))) is expected
    assert says_zone(bare(trigger.format(""), settings=on_or_off)) is expected


def test_a_task_that_starts_every_other_week_says_so() -> None:
    other = WEEKLY.replace("<DaysOfWeek>", "<WeeksInterval>2</WeeksInterval><DaysOfWeek>")
    triggers = [
        f"<CalendarTrigger>{on('06:00:00')}{by}</CalendarTrigger>" for by in (WEEKLY, other)
    ]
    assert [start.weeks for start in starts(bare("".join(triggers)))] == [1, 2]
