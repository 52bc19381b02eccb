"""What the agent says of its backups is read alike through both doors; what it does not, too."""

import pytest

from remediate.lab.kinds import records
from remediate.lab.state import Record
from remediate.resources.backup_record import BackupRecord, BackupRecords
from tests.conformance.doors import Asked, Door

SEVERAL: Record = {
    "running": [{"type": "Recovery", "state": "InProgress", "drive": "E", "sources": ["D:\\"]}],
    "finished": [
        {"started": "2026-01-05T20:00:00Z", "sources": ["C:\\", "D:\\자료"]},
        {"state": "Aborted", "error": 130001, "detail": -2147024891, "sources": []},
    ],
    "policy": {"state": "Paused", "days": [1, 6], "times": ["06:00:00", "21:30:00"], "weeks": 2},
    "items": [{"text": "D:\\자료\\*.tmp", "excluded": True, "recursive": False}, {"text": "D:\\"}],
}
NOTHING: Record = {"running": [], "finished": [], "policy": None, "points": 0}
QUESTION = BackupRecords().arguments()


UNKNOWN: Record = {"items": None}
FAILING: Record = {"fails": {"Get-OBFileSpec": "Broken"}}


@pytest.mark.parametrize(
    ("short", "facts"),
    [(SEVERAL, {"culture": "ko-KR"}), (NOTHING, {}), (UNKNOWN, {}), (FAILING, {})],
    ids=["several", "nothing", "other-objects", "failing"],
)
def test_everything_is_read_as_the_agent_has_it(door: Door, short: Record, facts: Record) -> None:
    one = Asked(door, BackupRecord.kind, short, **facts)
    assert one.get(**QUESTION) == records(one.state, BackupRecord.kind, **QUESTION)


def test_the_newest_jobs_are_given_where_there_are_more(door: Door) -> None:
    one = Asked(door, BackupRecord.kind, SEVERAL)
    [found] = one.get(**{**QUESTION, "most": 1})
    assert [job["state"] for job in found["finished"]] == ["Aborted"]


@pytest.mark.slow
def test_a_part_of_the_policy_is_not_taken_for_all_of_it(door: Door) -> None:
    many = [{"text": f"C:\\{number}"} for number in range(501)]
    assert Asked(door, BackupRecord.kind, {"items": many}).get(**QUESTION)[0]["items"] is None
    long = [{"text": "C:\\" + "x" * 1000}, {"text": "D:\\"}]
    assert Asked(door, BackupRecord.kind, {"items": long}).get(**QUESTION)[0]["items"] is None
