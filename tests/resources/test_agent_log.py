"""What a host says of the agent's logs is bytes, no more than is asked for, and not given away."""

from base64 import b64encode

import pytest
from pydantic import ValidationError

from remediate.resources.agent_log import MOST_LOGS, AgentLog, AgentLogs
from remediate.resources.file_tail import MOST

ROW = {"name": "A.errlog", "size": 3, "modified": "2026-01-05T08:00:00Z", "start": 0}


def answer(tail: str, times: int = 1) -> tuple[AgentLog, ...]:
    logs = [{**ROW, "tail": tail}] * times
    found = AgentLogs().parse([{"folder": "C:", "found": times, "logs": logs}])
    return tuple(one for one in found if isinstance(one, AgentLog))


def test_an_end_is_bytes_and_only_its_digest_is_given_away() -> None:
    [one] = answer(b64encode(b"C:\\Canary\n").decode())
    assert one.logs[0].data == b"C:\\Canary\n"
    told = one.disclosed().model_dump_json()
    assert "sha256" in told
    assert one.logs[0].tail not in told


@pytest.mark.parametrize(
    ("tail", "times"),
    [("no bytes", 1), ("QQ", 1), (b64encode(bytes(MOST + 10)).decode(), 1), ("", MOST_LOGS + 1)],
    ids=["other letters", "cut off", "too long", "too many"],
)
def test_what_was_not_sent_by_our_reader_is_refused(tail: str, times: int) -> None:
    with pytest.raises(ValidationError):
        answer(tail, times)
