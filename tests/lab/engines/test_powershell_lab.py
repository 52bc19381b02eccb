"""The lab with real engines behind it: our transport and our scripts, over HTTP."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import SecretStr

from remediate.lab.engines.path import HOW_TO_GET_ONE, find_pwsh
from remediate.lab.engines.powershell import PowerShellEngine
from remediate.lab.hosts import make_state
from remediate.lab.kinds import record, records
from remediate.lab.kinds.registry_value import MACHINE_GUID, value_of
from remediate.lab.kinds.scheduled_task import FOLDER, make_task
from remediate.lab.lab import Lab
from remediate.lab.state import HostState
from remediate.model.computer import Computer
from remediate.powershell.messages import Call, Reply, Request, Status
from remediate.powershell.script import LEASE_WRITER, compose
from remediate.resources.scheduled_task import MultipleInstances, ScheduledTask
from remediate.transport.errors import (
    ConnectionLost,
    ProtocolError,
    RemoteError,
    TransportError,
)
from remediate.transport.protocol import Deadline
from remediate.transport.psrp import PsrpTransport

pytestmark = [
    pytest.mark.powershell,
    pytest.mark.slow,  # the ordinary run has tests/conformance
    pytest.mark.skipif(find_pwsh() is None, reason=f"no PowerShell engine: {HOW_TO_GET_ONE}"),
]

SCRIPT = compose([*ScheduledTask.writing_files(), *LEASE_WRITER]).text
NAME = "Microsoft-OnlineBackup"
HANGS = "while ($true) { }"
STANDARD_OUTPUT = "[Console]::OpenStandardOutput()"
GET = Call(id="get", function="Get-RemediateScheduledTask", arguments={"folder": FOLDER})
LOCK = Call(
    id="lock",
    function="Lock-RemediateLease",
    arguments={"run": "R1", "owner": "anna@desk", "fence": 1, "ttl": 600, "undoes": ""},
)


def set_policy(before: MultipleInstances, after: MultipleInstances, name: str = NAME) -> Call:
    return Call(
        id="set",
        function="Set-RemediateScheduledTask",
        arguments={
            "identity": {"path": FOLDER, "name": name},
            "before": {"multiple_instances": int(before)},
            "after": {"multiple_instances": int(after)},
        },
        needs=("lock",),
    )


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    before = set(psutil.Process().children(recursive=True))
    states = [make_state(f"SRV{number}") for number in range(6)]
    with Lab(states, engine=PowerShellEngine(ready=1)) as lab:
        yield lab
    assert set(psutil.Process().children(recursive=True)) <= before


@pytest.fixture
def ask(lab: Lab) -> Iterator[Callable[..., Reply]]:
    """Send calls to a host in one session, which is closed with the test."""
    sessions: dict[int, Any] = {}

    def ask(number: int, *calls: Call, script: str = SCRIPT, seconds: float = 240) -> Reply:
        host = lab.hosts[number]
        if number not in sessions:
            transport = PsrpTransport(lambda _: SecretStr(host.password))
            sessions[number] = transport.session(host.target())
        return sessions[number].run(script, Request(run="R1", calls=calls), Deadline(seconds))

    yield ask
    for session in sessions.values():
        session.close()
    assert not any(host.leaks() for host in lab.hosts)


def test_an_audit_is_six_exchanges_and_sees_what_is_there(
    lab: Lab, ask: Callable[..., Reply]
) -> None:
    reply = ask(0, GET)
    guid = value_of(lab.hosts[0].state, MACHINE_GUID)
    assert reply.host.computer == Computer(name="SRV0", guid=guid["data"])
    assert reply["get"].value == records(lab.hosts[0].state, "scheduled_task", folder=FOLDER)
    assert lab.hosts[0].requests == 5  # and one to close


def test_a_change_is_proved_and_leaves_nothing_but_itself(
    lab: Lab, ask: Callable[..., Reply]
) -> None:
    state = lab.hosts[1].state
    before = state.without_traces()
    there = set_policy(MultipleInstances.PARALLEL, MultipleInstances.IGNORE_NEW)
    unlock = Call(id="unlock", function="Unlock-RemediateLease", arguments={"run": "R1"})
    reply = ask(1, LOCK, there, GET, unlock)
    assert [call.status for call in reply.calls] == [Status.OK] * 4
    assert state.lease is None
    assert record(state, "scheduled_task", name=NAME)["multiple_instances"] == 2
    back = set_policy(MultipleInstances.IGNORE_NEW, MultipleInstances.PARALLEL)
    ask(1, LOCK, back, unlock)
    assert state.without_traces() == before


def test_a_lease_is_a_file_that_keeps_others_out(lab: Lab, ask: Callable[..., Reply]) -> None:
    ask(2, LOCK)
    lease = lab.hosts[2].state.lease
    assert lease is not None
    assert (lease["run"], lease["owner"]) == ("R1", "anna@desk")
    other = LOCK.model_copy(update={"arguments": {**LOCK.arguments, "run": "R2"}})
    change = set_policy(MultipleInstances.PARALLEL, MultipleInstances.QUEUE)
    reply = ask(2, other, change)
    assert reply["lock"].error is not None
    assert reply["lock"].error.error_id.startswith("RemediateLeaseHeld")
    assert reply["set"].status is Status.SKIPPED
    assert lab.hosts[2].state.lease == lease


def test_what_is_no_longer_as_it_was_and_what_stores_a_password_is_not_written(
    lab: Lab, ask: Callable[..., Reply]
) -> None:
    state = lab.hosts[3].state
    stale = set_policy(MultipleInstances.QUEUE, MultipleInstances.IGNORE_NEW)
    reply = ask(3, LOCK, stale)
    assert reply["set"].error is not None
    assert reply["set"].error.error_id.startswith("RemediateStale")
    assert reply["set"].error.detail == {"property": "multiple_instances", "current": 0}
    assert record(state, "scheduled_task", name=NAME)["multiple_instances"] == 0


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        ("Stop-Process -Id $PID -Force", ConnectionLost),
        ("throw 'no'", RemoteError),
        ("'noise'", ProtocolError),
        ("$Host.UI.ReadLine()", RemoteError),
        ("exit", ProtocolError),
        ("Get-NoSuchCommand", RemoteError),
        ("$nothing.nope", RemoteError),
        (f"{STANDARD_OUTPUT}.Write([byte[]](33, 10), 0, 2); {HANGS}", ConnectionLost),
        (HANGS, TransportError),
        ("$x = 'y' * 1MB; foreach ($i in 1..50) { $x }", ProtocolError),
    ],
)
def test_a_script_that_goes_wrong_is_an_error_of_the_tree_and_never_a_hang(
    ask: Callable[..., Reply], ending: str, kind: type[TransportError]
) -> None:
    bad = SCRIPT.replace("Invoke-RemediateRequest -Request $Request", ending)
    assert bad != SCRIPT
    hangs = ending == HANGS
    if hangs:
        ask(4, GET)  # so that it has its seconds for itself: an engine may take as long to start
    with pytest.raises(TransportError) as caught:
        ask(4, GET, script=bad, seconds=5 if hangs else 240)
    assert isinstance(caught.value, kind)
    assert caught.value.after_send


def test_hosts_do_not_share_state(lab: Lab, ask: Callable[..., Reply]) -> None:
    mine: HostState = lab.hosts[5].state
    mine.section("scheduled_tasks").append(make_task("only here", MultipleInstances.QUEUE))
    assert "only here" in [str(task["name"]) for task in ask(5, GET)["get"].value]
    assert "only here" not in [str(task["name"]) for task in ask(0, GET)["get"].value]


def test_a_state_that_cannot_be_read_is_an_error_of_the_lab_and_no_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine = PowerShellEngine(ready=0)
    with Lab(engine=engine) as lab:
        host = lab.hosts[0]
        session = PsrpTransport(lambda _: SecretStr(host.password)).session(host.target())
        session.run(SCRIPT, Request(run="R1", calls=(GET,)), Deadline(240))
        [state] = Path(engine.pool._folder).glob("host-*/windows.json")
        state.write_text('{"registry": [')
        with pytest.raises(TransportError):
            session.run(SCRIPT, Request(run="R1", calls=(GET,)), Deadline(240))
        session.close()
    assert "the lab cannot read the state of its host" in caplog.text
    assert "a script broke the state file" in caplog.text


def test_the_engine_of_a_session_that_is_left_alone_ends() -> None:
    now = [0.0]
    before = set(psutil.Process().children(recursive=True))
    with Lab(engine=PowerShellEngine(ready=0), clock=lambda: now[0]) as lab:
        host = lab.hosts[0]
        session = PsrpTransport(lambda _: SecretStr(host.password)).session(host.target())
        session.run(SCRIPT, Request(run="R1", calls=(GET,)), Deadline(240))
        assert not set(psutil.Process().children(recursive=True)) <= before
        now[0] += 24 * 60 * 60
        lab.reap()
        assert set(psutil.Process().children(recursive=True)) <= before
        session.close()
