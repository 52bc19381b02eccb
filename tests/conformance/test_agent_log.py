"""The newest logs of the agent are found and their ends read to the byte, through both doors."""

import pytest

from remediate.lab.kinds import put, records
from remediate.lab.state import Record
from remediate.resources.agent_log import AgentLog, AgentLogs
from tests.conformance.doors import Asked, Door

LONG = [f"0AB\t1\t11/24\t03:12:{number % 60:02}.1\t\t\t\t\tINFO\t자료" for number in range(500)]
ONE: Record = {"CBEngineCurr.errlog": {"lines": LONG, "encoding": "utf-16"}}
SEVERAL: Record = {
    "CBEngineCurr.errlog": {"lines": LONG, "encoding": "cp949", "modified": "2026-01-06T08:00:00Z"},
    "cbengine1.ERRLOG": {"lines": ["older"], "modified": "2026-01-04T08:00:00Z"},
    "CBEngine2.errlog": {"lines": ["newer"], "modified": "2026-01-05T08:00:00Z"},
}


@pytest.mark.parametrize("most", [1_024, 64 * 1_024])
@pytest.mark.parametrize("short", [{}, ONE, SEVERAL], ids=["none", "one", "several"])
def test_the_newest_logs_are_read_to_the_byte(door: Door, short: Record, most: int) -> None:
    one = Asked(door, AgentLog.kind, short)
    question = AgentLogs(most=most).arguments()
    [found] = one.get(**question)
    assert [found] == records(one.state, AgentLog.kind, **question)
    assert found["found"] == len(short)
    names = ["CBEngineCurr.errlog", "CBEngine2.errlog"]
    assert [log["name"] for log in found["logs"]] == names[: len(short)]


def test_where_the_agent_is_not_installed_there_is_nothing(door: Door) -> None:
    one = Asked(door, AgentLog.kind, {})
    put(
        one.state,
        {
            "registry_value": {
                r"HKLM\SOFTWARE\Microsoft\Windows Azure Backup\Setup\InstallPath": None
            }
        },
    )
    door.become(one.state)
    assert one.get(**AgentLogs().arguments()) == []
