"""The newest log of failed files is found and its end read to the byte, through both doors."""

import pytest

from remediate.lab.kinds import records
from remediate.lab.state import Record
from remediate.resources.failed_file_log import FailedFileLog, FailedFileLogs
from tests.conformance.doors import Asked, Door

LONG = [f"C:\\자료\\{number}.txt 0x80070005" for number in range(1_000)]
SEVERAL: Record = {
    "LastBackupFailedFilesa_1_5_2026.txt": {"lines": LONG, "encoding": "utf-16"},
    "lastbackupfailedfilesb_1_5_2026.TXT": {"lines": ["x"], "encoding": "cp949"},
    "LastBackupFailedFilesc_1_4_2026.txt": {"modified": "2026-01-04T08:00:00Z"},
    "CBEngineCurr.errlog": {},
}
ONE = {"LastBackupFailedFilesa_1_5_2026.txt": {"lines": LONG, "encoding": "utf-16"}}


@pytest.mark.parametrize("most", [1_024, 1_025, 64 * 1_024])
@pytest.mark.parametrize("short", [{}, ONE, SEVERAL], ids=["none", "one", "several"])
def test_the_newest_log_is_read_to_the_byte(door: Door, short: Record, most: int) -> None:
    one = Asked(door, FailedFileLog.kind, short)
    question = FailedFileLogs(most=most).arguments()
    [found] = one.get(**question)
    assert [found] == records(one.state, FailedFileLog.kind, **question)
    assert found["logs"] == len([name for name in short if name.lower().endswith(".txt")])
