"""The command shell: what it costs, what it leaves behind, and what it says when it breaks."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from pydantic import SecretStr

from remediate.engine.engine import Engine
from remediate.engine.job import Settings
from remediate.lab.engines.path import HOW_TO_GET_ONE, find_pwsh
from remediate.lab.engines.powershell import PowerShellEngine
from remediate.lab.engines.protocol import Say
from remediate.lab.engines.simulated import simulated_backend_factory
from remediate.lab.host import LabHost
from remediate.lab.lab import Lab
from remediate.lab.server.faults import Action, Fault, Step, When
from remediate.lab.state import HostState
from remediate.model.connection import Auth, Via
from remediate.model.outcome import Outcome
from remediate.powershell.messages import Call, Request
from remediate.resources.scheduled_task import MultipleInstances
from remediate.testing.store import MemoryStore
from remediate.transport import errors
from remediate.transport.chosen import ChosenTransport
from remediate.transport.protocol import Deadline, Session
from remediate.transport.winrs import PIECE
from tests.faults.controller import apply_run, policies, schedule_fix
from tests.labs import HUNG_SECONDS, clean_labs, patient_until
from tests.transport.test_psrp import FAILS, MENDED

SCRIPT = "param([string] $Request)"
REQUEST = Request(run="audit", calls=(Call(id="a", function="Get-RemediateLease"),))


@pytest.fixture
def make_lab() -> Iterator[Callable[..., LabHost]]:
    """Makes the host of a lab."""
    with clean_labs() as make:
        yield lambda **options: make(transport=Via.WINRS, **options).hosts[0]


def session(host: LabHost, **more: object) -> Session:
    transport = ChosenTransport(
        lambda _: SecretStr(host.password),
        pause=lambda _: None,
        **more,  # type: ignore[arg-type]
    )
    return transport.session(host.target())


def putting_out(stdout: bytes, exit_code: int = 0):  # noqa: ANN201 - an engine
    """An engine whose PowerShell puts out just this, whatever it is given."""

    async def program(script: str, given: bytes, say: Say) -> int:
        del script, given
        say(stdout)
        return exit_code

    def engine(state: HostState):  # noqa: ANN202 - a factory of backends
        factory = simulated_backend_factory(state)
        factory.program = program  # type: ignore[attr-defined]
        return factory

    return engine


@pytest.mark.parametrize(("auth", "first"), [(Auth.BASIC, 6), (Auth.NTLM, 9)])
def test_what_a_conversation_costs(
    make_lab: Callable[..., LabHost], auth: Auth, first: int
) -> None:
    """Create, Command, Send, Receive, Receive, Delete; a Signal before each further program."""
    host = make_lab(auth=auth)
    for programs in (1, 3):
        before = host.requests
        with closing(session(host)) as talk:
            for _ in range(programs):
                talk.run(SCRIPT, REQUEST, Deadline(30))
        assert host.requests - before == first + (programs - 1) * 5
    assert host.connections == 2


def test_a_long_script_takes_a_message_for_each_300_kilobytes(
    make_lab: Callable[..., LabHost],
) -> None:
    host = make_lab()
    with closing(session(host)) as talk:
        talk.run(f"{SCRIPT}\n#{'x' * 2 * PIECE}", REQUEST, Deadline(30))
    assert host.counters[Step.SEND] == 3
    assert max(len(one.message or b"") for one in host.trace) < 500 * 1024


def test_a_script_that_arrives_in_part_is_not_run(make_lab: Callable[..., LabHost]) -> None:
    """The connection breaks between its pieces: nothing can have begun, so it is safe to say so."""
    host = make_lab(faults=[Fault(match=Step.SEND, nth=2, do=Action.DROP)])
    with closing(session(host)) as talk, pytest.raises(errors.ConnectionLost) as caught:
        talk.run(f"{SCRIPT}\n#{'x' * 2 * PIECE}", REQUEST, Deadline(30))
    assert not caught.value.after_send
    assert host.state.pipelines == 0


POINTS = [
    (Step.CREATE, 1, False),
    (Step.COMMAND, 1, False),
    (Step.SEND, 1, True),
    (Step.RECEIVE, 1, True),
    (Step.RECEIVE, 2, True),
    (Step.DELETE, 1, None),
]


@pytest.mark.parametrize(
    ("action", "when"),
    [(a, w) for a in FAILS for w in When if (a, w) != (Action.HANG, When.AFTER)],  # costs time
)
@pytest.mark.parametrize(("kind", "nth", "after_send"), POINTS)
@pytest.mark.slow
def test_every_exchange_may_break_in_every_way(
    kind: Step, nth: int, after_send: bool | None, action: Action, when: When
) -> None:
    """The same classes of error as with PSRP, and the truth about what was sent."""
    mended = kind is Step.DELETE or (kind is Step.RECEIVE and action in MENDED)
    fault = Fault(match=kind, nth=nth, do=action, when=when)
    with Lab(transport=Via.WINRS, faults=[fault]) as lab:
        [host] = lab.hosts
        hangs_at_end = action is Action.HANG and kind is Step.DELETE
        talk = session(host, close_within=HUNG_SECONDS if hangs_at_end else 60)
        hung = patient_until(lambda: host.counters[kind] >= nth)
        failure = None
        try:
            talk.run(SCRIPT, REQUEST, hung if action is Action.HANG else Deadline(60))
        except errors.TransportError as error:
            failure = error
        talk.close()
        if mended:
            assert failure is None
        else:
            assert type(failure) is FAILS[action]
            assert failure.after_send is after_send
        assert host.counters[Step.CREATE] == 1
        assert host.counters[Step.COMMAND] <= 1
        assert host.state.pipelines <= host.counters[Step.SEND]


@pytest.mark.parametrize(
    ("kind", "after_send"), [(Step.COMMAND, False), (Step.SEND, True), (Step.RECEIVE, True)]
)
def test_only_the_end_of_the_input_may_begin_to_act(
    make_lab: Callable[..., LabHost], kind: Step, after_send: bool
) -> None:
    host = make_lab(faults=[Fault(match=kind, do=Action.HTML)])
    with closing(session(host)) as talk:
        with pytest.raises(errors.ProtocolError) as caught:
            talk.run(SCRIPT, REQUEST, Deadline(30))
        talk.run(SCRIPT, REQUEST, Deadline(30))
    assert caught.value.after_send is after_send
    assert host.counters[Step.CREATE] == 2


def failed(message: str, error_id: str) -> bytes:
    told = {"exception": "A.B", "message": message, "error_id": error_id, "line": 7}
    return f"#remediate-failed {json.dumps(told)}\r\n".encode()


@pytest.mark.parametrize(
    ("stdout", "exit_code", "error", "says"),
    [
        (b"", 0, errors.ProtocolError, "printed nothing"),
        (b"", 1, errors.RemoteError, "exit code 1"),
        (b"gzip:AAAA\r\n", 0, errors.ProtocolError, "does not unpack"),
        (b"no marker\r\n", 0, errors.ProtocolError, "end marker"),
        (b"x" * 5000, 0, errors.ProtocolError, "more than a reply"),
        (failed("kein\u202e\nBefehl", "x"), 0, errors.RemoteError, r"A\.B: kein Befehl \(line 7"),
        (
            failed("이", "ScriptContainedMaliciousContent,X"),
            0,
            errors.ScriptBlocked,
            "security product",
        ),
    ],
)
def test_what_is_no_reply_is_never_a_success(
    make_lab: Callable[..., LabHost], stdout: bytes, exit_code: int, error: type, says: str
) -> None:
    host = make_lab(engine=putting_out(stdout, exit_code))
    with closing(session(host, max_reply=4000)) as talk:
        with pytest.raises(error, match=says) as caught:
            talk.run(SCRIPT, REQUEST, Deadline(30))
        assert caught.value.after_send
        assert type(caught.value) is error


def test_a_host_whose_powershell_endpoint_is_closed_is_told_of_the_other_way() -> None:
    """And is not talked to by it, because nobody said so."""
    for code, told in ((5, True), (2150858752, True), (2150859180, False), (2150859174, False)):
        with Lab(faults=[Fault(match=Step.CREATE, do=Action.FAULT, code=code)]) as lab:
            [host] = lab.hosts
            with closing(session(host)) as talk, pytest.raises(errors.TransportError) as caught:
                talk.run(SCRIPT, REQUEST, Deadline(30))
            assert ("--transport winrs" in caught.value.hint) is told
            assert host.counters[Step.CREATE] == 1


@pytest.mark.slow
@pytest.mark.skipif(find_pwsh() is None, reason=f"no PowerShell engine: {HOW_TO_GET_ONE}")
def test_the_scripts_themselves_run_in_a_real_powershell_with_the_loader(
    make_lab: Callable[..., LabHost],
) -> None:
    host = make_lab(engine=PowerShellEngine(ready=0))
    engine = Engine(
        ChosenTransport(lambda _: SecretStr(host.password)),
        Settings(operator="ada@bastion"),
        MemoryStore(),
    )
    [report] = engine.apply([host.target()], schedule_fix(), apply_run())
    assert report.outcome is Outcome.CHANGED
    assert set(policies(host.state)) == {MultipleInstances.IGNORE_NEW}
