"""What the agent says of its backups: how long it pauses, what succeeded, which codes it names."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from remediate.resources.backup_record import AgentJob, AgentPolicy, BackupRecord, PolicyItem


@pytest.mark.parametrize(
    ("policy", "hours"),
    [
        ({"days": range(7), "times": ["21:00:00"]}, 24),
        ({"days": range(7), "times": ["06:00:00", "12:00:00", "21:00:00"]}, 9),
        ({"days": [6], "times": ["21:00:00"]}, 168),
        ({"days": [6], "times": ["21:00:00"], "weeks": 4}, 672),
        ({"days": [1, 2], "times": ["00:30:00"]}, 144),
        ({"days": [3, 3], "times": ["01:00:00", "01:00:00"]}, 168),
    ],
)
def test_the_longest_pause_goes_round_the_end_of_the_week(policy: Any, hours: int) -> None:
    assert AgentPolicy(saved=True, **policy).longest_pause == timedelta(hours=hours)


@pytest.mark.parametrize("policy", [{}, {"days": [1]}, {"times": ["01:00:00"]}])
def test_a_policy_that_starts_nothing_has_no_pause(policy: Any) -> None:
    assert AgentPolicy(saved=True, **policy).longest_pause is None


def job(day: int | None, **said: Any) -> AgentJob:
    started = None if day is None else datetime(2026, 1, day, tzinfo=UTC)
    return AgentJob(**{"type": "Backup", "state": "Completed", "started": started, **said})


def test_backups_are_given_from_the_newest_whatever_the_order() -> None:
    jobs = (job(2), job(None), job(3, state="Aborted"), job(4, type="Recovery"), job(1))
    record = BackupRecord(path="C:\\x", finished=jobs)
    days = [each.started and each.started.day for each in record.backups]
    assert days == [3, 2, 1, None]
    assert [each.succeeded for each in record.backups] == [False, True, True, True]
    assert BackupRecord(path="C:\\x").backups == []


@pytest.mark.parametrize(
    ("error", "detail", "codes"),
    [
        ("", "", ""),
        ("0", "0x00000000", ""),
        ("130001", "0", "130001"),
        ("100", "-2147024891", "100 and -2147024891"),
    ],
)
def test_codes_of_nothing_are_not_named(error: str, detail: str, codes: str) -> None:
    assert job(1, error=error, detail=detail).codes == codes


@pytest.mark.parametrize(
    ("text", "recursive", "path", "covered"),
    [
        ("C:\\", True, "c:\\data\\a.txt", True),
        ("C:\\", False, "C:\\a.txt", True),
        ("C:\\", False, "C:\\data\\a.txt", False),
        ("C:\\data", True, "C:\\Data\\a.txt", True),
        ("C:\\data", True, "C:\\data2", False),
        ("C:\\data\\a.txt", False, "C:\\data\\a.txt", True),
        ("C:\\data\\*", True, "C:\\data\\a\\b", True),
        ("C:\\data\\*.*", True, "C:\\data\\a", True),
        ("C:\\*.t?p", True, "C:\\data\\a.tmp", False),
        ("C:\\*.tmp", True, "C:\\data\\a.tmp", True),
        ("C:\\*.tmp", False, "C:\\data\\a.tmp", False),
        ("D:\\", True, "C:\\data", False),
    ],
)
def test_an_item_of_the_policy_covers_what_is_meant(
    text: str, recursive: bool, path: str, covered: bool
) -> None:
    item = PolicyItem(text=text, excluded=True, recursive=recursive)
    assert item.covers(path) == covered


@pytest.mark.parametrize(
    ("text", "recursive", "covered"),
    [
        ("C:\\", True, True),
        ("C:\\Scratch\\", True, True),
        ("c:\\scratch\\*", True, True),
        ("C:\\Scratch", False, False),
        ("C:\\Scratch\\VHDs", True, False),
        ("C:\\*.vhd", True, False),
    ],
)
def test_an_item_of_the_policy_covers_a_folder_with_all_that_is_below(
    text: str, recursive: bool, covered: bool
) -> None:
    item = PolicyItem(text=text, excluded=True, recursive=recursive)
    assert item.covers_all_in("C:\\Scratch") == covered
