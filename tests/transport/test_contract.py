"""What every transport promises, whatever carries the request; `protocol.py` says it in words."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

import pytest
from pydantic import SecretStr

from remediate.lab.hosts import make_state
from remediate.lab.lab import Lab
from remediate.lab.state import HostState
from remediate.model.connection import Auth, Via
from remediate.model.host import Host
from remediate.powershell.messages import Call, Request, Status
from remediate.resources.scheduled_task import ScheduledTask
from remediate.testing.local import MemoryPowerShell
from remediate.testing.transport import MemoryTransport
from remediate.transport import errors
from remediate.transport.chosen import ChosenTransport
from remediate.transport.protocol import Deadline, Transport
from remediate.transport.wires import VARIABLE
from tests.looped import Looped

SCRIPT = "param([string] $Request)"
WHERE = {"folder": "\\Microsoft\\OnlineBackup\\"}
TASKS = Call(id="tasks", function="Get-RemediateScheduledTask", arguments=WHERE)
LEASE = Call(id="lease", function="Get-RemediateLease")


@dataclass
class Way:
    """A host that is reached in one of the ways.

    Args:
        transport: that way.
        host: the host.
        state: what it is like.
        ran: how many requests have begun to run there.
        left: whether something of ours is still open there.
    """

    transport: Transport
    host: Host
    state: HostState
    ran: Callable[[], int]
    left: Callable[[], bool]


@contextmanager
def over_winrm(via: Via, state: HostState) -> Iterator[Way]:
    with Lab([state], transport=via) as lab:
        [host] = lab.hosts
        transport = ChosenTransport(lambda _: SecretStr(host.password), pause=lambda _: None)
        yield Way(
            transport, host.target(), state, lambda: state.pipelines, lambda: bool(host.leaks())
        )


@contextmanager
def by_wire(wire: str, state: HostState) -> Iterator[Way]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, wire)
        with over_winrm(Via.PSRP, state) as way:
            yield way


@contextmanager
def in_a_loop(state: HostState) -> Iterator[Way]:
    with by_wire("lean", state) as way:
        yield replace(way, transport=Looped(way.transport))


@contextmanager
def in_memory(state: HostState) -> Iterator[Way]:
    host = Host(name=state.name, address="127.0.0.1", port=5985, auth=Auth.BASIC)
    transport = MemoryTransport({host.address: state})
    yield Way(
        transport,
        host,
        state,
        lambda: len(transport.requests),
        lambda: transport.closed < transport.opened,
    )


@contextmanager
def on_the_machine_itself(state: HostState) -> Iterator[Way]:
    host = Host(name=state.name, address=state.name, port=5985, transport=Via.LOCAL)
    powershell = MemoryPowerShell(state)
    yield Way(
        ChosenTransport(no_secret, powershell=powershell),
        host,
        state,
        lambda: state.pipelines,
        lambda: False,
    )


def no_secret(host: Host) -> SecretStr:
    raise AssertionError(f"a password for {host.name} is asked for")


WAYS: dict[str, Callable[[HostState], object]] = {
    "psrp": lambda state: by_wire("pypsrp", state),
    "psrp, lean": lambda state: by_wire("lean", state),
    "psrp, lean, in a loop": in_a_loop,
    "winrs": lambda state: over_winrm(Via.WINRS, state),
    "local": on_the_machine_itself,
    "simulated": in_memory,
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    """A host reached in one of the ways, on which nothing of ours must be left."""
    with WAYS[request.param](make_state()) as made:  # type: ignore[attr-defined]
        yield made
        assert not made.left()


def asked(*calls: Call, **more: object) -> Request:
    return Request(run="audit", calls=calls, **more)  # type: ignore[arg-type]


def test_a_session_sends_nothing_by_itself_and_closes_without_having_been_used(way: Way) -> None:
    with closing(way.transport.session(way.host)):
        pass
    assert way.ran() == 0


def test_answers_come_in_the_order_of_the_calls_each_with_how_it_ended(way: Way) -> None:
    nothing = Call(id="nothing", function="Get-RemediateNothing")
    after = Call(id="after", function="Get-RemediateLease", needs=("nothing",))
    with closing(way.transport.session(way.host)) as session:
        reply = session.run(SCRIPT, asked(TASKS, nothing, after, LEASE), Deadline(30))
    assert [(call.id, call.status) for call in reply.calls] == [
        ("tasks", Status.OK),
        ("nothing", Status.ERROR),
        ("after", Status.SKIPPED),
        ("lease", Status.OK),
    ]
    assert [len(call.value) for call in reply.calls] == [3, 0, 0, 0]
    assert reply.host.computer.name == way.state.name


def test_text_arrives_as_it_was_sent_and_comes_back_as_it_is_there(way: Way) -> None:
    words = "Größe_x000A_ 스케줄 \U0001f600 'a' \"b\" `c $d %e & <f> ]]>"
    for task in way.state.section("scheduled_tasks"):
        task["name"] = words
    with closing(way.transport.session(way.host)) as session:
        reply = session.run(SCRIPT, asked(TASKS), Deadline(30))
    assert {ScheduledTask.model_validate(one).name for one in reply["tasks"].value} == {words}


def test_a_session_serves_one_request_after_the_other_also_after_it_was_closed(way: Way) -> None:
    session = way.transport.session(way.host)
    for end in (False, True, False):
        assert session.run(SCRIPT, asked(LEASE), Deadline(30))["lease"].status is Status.OK
        if end:
            session.close()
            assert not way.left()
    session.close()
    assert way.ran() == 3


def test_a_deadline_that_has_passed_sends_nothing(way: Way) -> None:
    with (
        closing(way.transport.session(way.host)) as session,
        pytest.raises(errors.TimedOut) as caught,
    ):
        session.run(SCRIPT, asked(TASKS), Deadline(0))
    assert not caught.value.after_send
    assert way.ran() == 0


def test_what_was_answered_before_a_question_hung_counts(way: Way) -> None:
    way.state.hangs["scheduled_task"] = "stuck"
    begun: list[float] = []

    def clock() -> float:
        """Seconds since the host began, so that a machine may be slow until then."""
        if way.ran():
            begun.append(time.monotonic())
        return begun[-1] - begun[0] if begun else 0.0

    with (
        closing(way.transport.session(way.host)) as session,
        pytest.raises(errors.TimedOut) as caught,
    ):
        session.run(SCRIPT, asked(LEASE, TASKS, patience=0), Deadline(1.5, clock))
    error = caught.value
    assert error.after_send
    assert error.partial is not None
    assert error.partial["lease"].status is Status.OK
    assert error.partial["tasks"].status is Status.UNANSWERED
    assert way.ran() == 1


def test_a_secret_is_sealed_by_itself_or_not_sent(way: Way) -> None:
    secret = LEASE.model_copy(update={"secrets": {"password": SecretStr("c4nary-Passw0rd")}})
    with closing(way.transport.session(way.host)) as session:
        if not way.host.transport.refuses_secrets:
            assert session.run(SCRIPT, asked(secret), Deadline(30))["lease"].status is Status.OK
            return
        with pytest.raises(errors.WrongSettings, match="secret") as caught:
            session.run(SCRIPT, asked(secret), Deadline(30))
    assert "--transport psrp" in caught.value.hint
    assert "c4nary" not in str(caught.value)
    assert way.ran() == 0
