"""Sessions against practice hosts: what they cost, leave behind, and say when it breaks."""

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from secrets import token_hex

import pytest
from psrpcore.types import PSInvocationState
from pydantic import SecretStr

from remediate.lab.engines.simulated import ScriptFailedError, SimulatedBackend
from remediate.lab.host import Spec
from remediate.lab.hosts import make_state
from remediate.lab.lab import Lab
from remediate.lab.server.faults import Action, Fault, Step, When
from remediate.lab.server.tls import Tls
from remediate.model.connection import Auth, Via
from remediate.model.host import Host
from remediate.powershell.messages import Call, Request, Status
from remediate.powershell.packed import PLAIN
from remediate.secrets import SecretError, Secrets
from remediate.transport import errors
from remediate.transport.protocol import Deadline
from remediate.transport.psrp import PsrpSession, PsrpTransport
from remediate.transport.wires import VARIABLE, WireName
from tests.labs import HUNG_SECONDS, clean_labs, patient_until
from tests.transport.scripted import Scripted, ok

SCRIPT = "param([string]$Request)\n# simulated"
REQUEST = Request(
    run="audit",
    calls=(Call(id="a", function="Get-RemediateScheduledTask", arguments={"folder": "\\"}),),
)
CANARY = "c4nary-Passw0rd"


def transport(**changes: object) -> PsrpTransport:
    return PsrpTransport(Secrets(), pause=lambda _: None, **changes)  # type: ignore[arg-type]


def session(host: Host, **changes: object) -> PsrpSession:
    return transport(**changes).session(host)


def run(session: PsrpSession, seconds: float = 30) -> None:
    reply = session.run(SCRIPT, REQUEST, Deadline(seconds))
    assert reply["a"].status is not Status.SKIPPED


@pytest.fixture
def make_lab() -> Iterator[Callable[..., Lab]]:
    with clean_labs() as make:
        yield make


def way(auth: Auth, tls: Tls | None = None) -> dict[str, object]:
    return {"auth": auth, "tls": tls}


@pytest.mark.parametrize(
    ("options", "first", "each"),
    [
        (way(Auth.BASIC), 6, 2),
        (way(Auth.BASIC, Tls.VALID), 6, 2),
        (way(Auth.CERTIFICATE, Tls.VALID), 6, 2),
        (way(Auth.NTLM), 9, 2),
        (way(Auth.NEGOTIATE), 9, 2),
        (way(Auth.NTLM, Tls.VALID), 8, 2),
        (way(Auth.NEGOTIATE, Tls.VALID), 8, 2),
    ],
)
@pytest.mark.parametrize("wire", WireName)
def test_what_a_conversation_costs(
    make_lab: Callable[..., Lab],
    options: dict[str, object],
    first: int,
    each: int,
    wire: WireName,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, wire)
    host = make_lab(**options).hosts[0]
    for pipelines in (1, 3):
        before = host.requests
        with closing(session(host.target())) as talk:
            for _ in range(pipelines):
                run(talk)
        assert host.requests - before == first + (pipelines - 1) * each
    assert host.connections == 2


def test_a_long_reply_comes_in_as_few_exchanges_as_windows_allows(
    make_lab: Callable[..., Lab],
) -> None:
    """Envelopes of 500 KiB, as every Windows since 2012 takes them."""
    host = make_lab(engine=odd("x" * 1_000_000)).hosts[0]
    with (
        closing(session(host.target())) as talk,
        pytest.raises(errors.ProtocolError, match="end marker"),
    ):
        run(talk)
    assert host.counters[Step.RECEIVE] == 2 + 3


def test_a_long_script_is_sent_once(make_lab: Callable[..., Lab]) -> None:
    host = make_lab(auth=Auth.NTLM).hosts[0]
    with closing(session(host.target())) as talk:
        talk.run(f"# {token_hex(650_000)}", REQUEST, Deadline(30))
    assert (host.counters[Step.COMMAND], host.counters[Step.SEND]) == (1, 2)
    assert host.state.pipelines == 1


def test_a_host_that_may_not_unpack_a_script_gets_it_as_it_is(make_lab: Callable[..., Lab]) -> None:
    host = make_lab().hosts[0]
    host.state.windows["session"] = {"language_mode": "ConstrainedLanguage"}
    with closing(session(host.target())) as talk:
        for _ in range(2):
            run(talk)
    assert host.counters[Step.COMMAND] == 3


def test_a_host_that_takes_a_script_in_no_way_is_not_asked_for_ever(
    make_lab: Callable[..., Lab],
) -> None:
    host = make_lab(engine=odd(PLAIN)).hosts[0]
    with closing(session(host.target())) as talk, pytest.raises(errors.ProtocolError):
        run(talk)
    assert host.counters[Step.COMMAND] == 2


def test_a_shell_that_may_have_ended_is_replaced_before_the_next_pipeline(
    make_lab: Callable[..., Lab],
) -> None:
    """A person was asked in between, and took an hour."""
    host = make_lab().hosts[0]
    now = [0.0]
    with closing(session(host.target(), clock=lambda: now[0])) as talk:
        run(talk)
        now[0] += 3600
        run(talk)
    assert host.counters[Step.CREATE] == 2


@pytest.mark.parametrize("auth", [Auth.BASIC, Auth.NTLM])
def test_a_connection_closed_while_idle_costs_nothing_but_a_new_one(
    make_lab: Callable[..., Lab], auth: Auth
) -> None:
    lab = make_lab(auth=auth)
    with closing(session(lab.hosts[0].target())) as talk:
        run(talk)
        lab.drop_connections()
        run(talk)
    assert lab.hosts[0].counters[Step.COMMAND] == 2
    assert lab.hosts[0].counters[Step.CREATE] == 1


@pytest.mark.parametrize("auth", [Auth.BASIC, Auth.NTLM])
def test_a_host_that_went_away_while_idle_got_no_request(
    make_lab: Callable[..., Lab], auth: Auth
) -> None:
    lab = make_lab(auth=auth)
    with closing(session(lab.hosts[0].target())) as talk:
        run(talk)
        lab.close()
        with pytest.raises(errors.Refused) as caught:
            run(talk)
    assert not caught.value.after_send


def test_ipv6(make_lab: Callable[..., Lab]) -> None:
    host = make_lab(hosts=[Spec(make_state(), address="::1")]).hosts[0]
    with closing(session(host.target())) as talk:
        run(talk)


def test_a_client_certificate_of_a_stranger(make_lab: Callable[..., Lab]) -> None:
    host, other = make_lab(tls=Tls.VALID).hosts[0], make_lab(tls=Tls.VALID).hosts[0]
    files = other.target(Auth.CERTIFICATE)
    update = {"cert_file": files.cert_file, "key_file": files.key_file}
    talk = session(host.target(Auth.CERTIFICATE).model_copy(update=update))
    # Windows says why before it hangs up; a server that just hangs up cannot be told apart.
    refused = (errors.CertificateRefused, errors.ConnectionLost)
    with closing(talk), pytest.raises(refused) as caught:
        run(talk)
    assert not caught.value.after_send
    assert host.state.pipelines == 0


BREAKS = [
    (Action.DROP, When.BEFORE),
    (Action.DROP, When.AFTER),
    (Action.HALF, When.AFTER),
    (Action.UNAVAILABLE, When.BEFORE),
]


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize(("action", "when"), BREAKS)
@pytest.mark.parametrize(
    "options", [way(Auth.BASIC), way(Auth.NTLM), way(Auth.BASIC, Tls.VALID)], ids=str
)
def test_a_receive_that_breaks_is_repeated(
    make_lab: Callable[..., Lab], options: dict[str, object], action: Action, when: When, nth: int
) -> None:
    lab = make_lab(**options, faults=[Fault(match=Step.RECEIVE, nth=nth, do=action, when=when)])
    with closing(session(lab.hosts[0].target())) as talk:
        run(talk)
    counters = lab.hosts[0].counters
    assert (counters[Step.CREATE], counters[Step.COMMAND], counters[Step.DELETE]) == (1, 1, 1)
    assert counters[Step.RECEIVE] == 4
    assert lab.hosts[0].state.pipelines == 1


def test_a_receive_is_not_repeated_for_ever(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(faults=[Fault(match=Step.RECEIVE, nth=3, count=0, do=Action.DROP)])
    with (
        closing(session(lab.hosts[0].target())) as talk,
        pytest.raises(errors.ConnectionLost) as caught,
    ):
        run(talk)
    assert caught.value.after_send
    assert lab.hosts[0].counters[Step.RECEIVE] == 2 + 4


FAILS = {
    Action.DROP: errors.ConnectionLost,
    Action.HALF: errors.ConnectionLost,
    Action.EMPTY: errors.ProtocolError,
    Action.HTML: errors.ProtocolError,
    Action.FAULT: errors.AccessDenied,
    Action.HANG: errors.TimedOut,
    Action.GARBAGE: errors.ProtocolError,
    Action.UNAUTHORIZED: errors.AuthenticationFailed,
    Action.UNAVAILABLE: errors.QuotaExceeded,
}
IN_CLEAR = {Action.UNAUTHORIZED, Action.UNAVAILABLE}
"""Of NTLM's answers over HTTP only the sealed ones say what a host thinks of us."""

MENDED = {Action.DROP, Action.HALF, Action.UNAVAILABLE}
POINTS = [
    (Step.CREATE, 1, False),
    (Step.RECEIVE, 1, False),
    (Step.RECEIVE, 2, False),
    (Step.COMMAND, 1, True),
    (Step.RECEIVE, 3, True),
    (Step.DELETE, 1, None),
]


@pytest.mark.parametrize(
    ("action", "when"),
    [(a, w) for a in FAILS for w in When if (a, w) != (Action.HANG, When.AFTER)],  # costs time
)
@pytest.mark.parametrize(("kind", "nth", "after_send"), POINTS)
@pytest.mark.parametrize("auth", [Auth.BASIC, pytest.param(Auth.NTLM, marks=pytest.mark.slow)])
def test_every_exchange_may_break_in_every_way(
    auth: Auth, kind: Step, nth: int, after_send: bool | None, action: Action, when: When
) -> None:
    """The right class, the truth about what was sent, nothing sent twice, no shell left behind."""
    mended = kind is Step.DELETE or (kind is Step.RECEIVE and action in MENDED)
    with Lab(auth=auth, faults=[Fault(match=kind, nth=nth, do=action, when=when)]) as lab:
        host = lab.hosts[0]
        hangs_at_end = action is Action.HANG and kind is Step.DELETE
        talk = session(host.target(), close_within=HUNG_SECONDS if hangs_at_end else 60)
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
            in_clear = auth is Auth.NTLM and action in IN_CLEAR
            assert type(failure) is (errors.ProtocolError if in_clear else FAILS[action])
            assert failure.after_send is after_send
        assert host.counters[Step.CREATE] == 1
        assert host.counters[Step.COMMAND] <= 1
        assert bool(host.leaks()) is left_behind(auth, kind, action, when)


def left_behind(auth: Auth, kind: Step, action: Action, when: When) -> bool:
    """Where a host refuses to listen, and to log on again might lock the account.

    Its shells then end by being idle.
    """
    if kind is Step.CREATE:
        return auth is Auth.BASIC and action is Action.UNAUTHORIZED and when is When.AFTER
    refused = action is Action.FAULT or (action, auth) == (Action.UNAUTHORIZED, Auth.BASIC)
    return kind is Step.DELETE and refused and when is When.BEFORE


@pytest.mark.parametrize(
    "options",
    [way(Auth.BASIC), way(Auth.NTLM), way(Auth.NEGOTIATE), way(Auth.NTLM, Tls.VALID)],
    ids=str,
)
def test_a_wrong_password_is_tried_exactly_once(
    make_lab: Callable[..., Lab], options: dict[str, object], tmp_path: Path
) -> None:
    host = make_lab(**options).hosts[0]
    wrong = tmp_path / "wrong"
    wrong.touch(mode=0o600)
    wrong.write_text(CANARY)
    talk = session(host.target().model_copy(update={"password": f"file:{wrong}"}))
    with closing(talk), pytest.raises(errors.AuthenticationFailed) as caught:
        run(talk)
    basic = options["auth"] is Auth.BASIC
    proofs = [e for e in host.trace if len(e.headers.get("authorization", "")) > 200 or basic]
    assert len(proofs) == 1
    assert not caught.value.after_send
    negotiated = options["auth"] is Auth.NEGOTIATE
    way = "NTLM, because an address has no name in Kerberos" if negotiated else options["auth"]
    assert f"as labadmin by {way}" in str(caught.value)
    assert CANARY not in str(caught.value) + repr(caught.value)


def test_a_method_that_the_host_lacks_is_named(make_lab: Callable[..., Lab]) -> None:
    host = make_lab(allow=[Auth.BASIC]).hosts[0]
    talk = session(host.target(Auth.NTLM))
    with closing(talk), pytest.raises(errors.MethodNotOffered, match=r"by ntlm.*Basic"):
        run(talk)


@pytest.mark.parametrize("kind", [Tls.EXPIRED, Tls.WRONG_NAME, Tls.UNKNOWN_AUTHORITY])
def test_a_certificate_that_is_not_to_be_trusted(make_lab: Callable[..., Lab], kind: Tls) -> None:
    host = make_lab(tls=kind).hosts[0]
    talk = session(host.target())
    with closing(talk), pytest.raises(errors.TlsUntrusted) as caught:
        run(talk)
    assert host.requests == 0
    assert caught.value.detail
    assert not caught.value.after_send


def test_the_environment_does_not_replace_the_authority(
    make_lab: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = make_lab(tls=Tls.VALID).hosts[0]
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(host.ca_file))
    talk = session(host.target().model_copy(update={"ca_file": None}))
    with closing(talk), pytest.raises(errors.TlsUntrusted):
        run(talk)


def test_plain_http_to_a_host_that_wants_tls(make_lab: Callable[..., Lab]) -> None:
    talk = session(make_lab(tls=Tls.VALID).hosts[0].target().model_copy(update={"tls": False}))
    with closing(talk), pytest.raises((errors.ProtocolError, errors.ConnectionLost)) as caught:
        run(talk)
    assert not caught.value.after_send


def test_tls_to_a_host_that_has_none() -> None:
    with Scripted() as server:
        server.serve = lambda connection: connection.sendall(ok(b"", "400 Bad Request"))
        talk = PsrpTransport(known).session(here(server.port).model_copy(update={"tls": True}))
        with closing(talk), pytest.raises(errors.ProtocolError, match="TLS") as caught:
            run(talk)
    assert not caught.value.after_send


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def here(port: int, address: str = "127.0.0.1") -> Host:
    return Host(name="h", address=address, port=port, auth=Auth.BASIC, user="u", insecure=True)


def known(_: Host) -> SecretStr:
    return SecretStr(CANARY)


def test_a_refused_port_is_tried_a_few_times_and_no_longer() -> None:
    pauses: list[float] = []
    talk = PsrpTransport(known, pause=pauses.append).session(here(free_port()))
    with closing(talk), pytest.raises(errors.Refused) as caught:
        run(talk)
    assert len(pauses) == 2
    assert not caught.value.after_send


def test_a_name_that_does_not_exist() -> None:
    talk = PsrpTransport(known, pause=lambda _: None).session(here(5985, "no-such-host.invalid"))
    with closing(talk), pytest.raises(errors.NameNotResolved):
        run(talk)


def test_a_deadline_that_has_passed_sends_nothing(make_lab: Callable[..., Lab]) -> None:
    host = make_lab().hosts[0]
    with closing(session(host.target())) as talk:
        with pytest.raises(errors.TimedOut) as caught:
            run(talk, seconds=0)
        assert not caught.value.after_send
    assert host.requests == 0


def test_a_script_that_outlasts_the_deadline_is_ended(make_lab: Callable[..., Lab]) -> None:
    [host] = make_lab().hosts
    host.state.before_pipeline = lambda state, number: 60.0  # noqa: ARG005 - the hook's
    with closing(session(host.target())) as talk:
        with pytest.raises(errors.TimedOut) as caught:
            talk.run(SCRIPT, REQUEST, patient_until(lambda: host.state.pipelines))
        assert caught.value.after_send


def test_a_slow_host_is_asked_again_also_while_it_opens(make_lab: Callable[..., Lab]) -> None:
    """Windows says that the operation timed out; pypsrp gives up when that is in open()."""
    waiting = [
        Fault(match=Step.RECEIVE, nth=nth, do=Action.FAULT, code=2150858793) for nth in (1, 3, 5)
    ]
    host = make_lab(faults=waiting).hosts[0]
    with closing(session(host.target())) as talk:
        run(talk)
    assert host.counters[Step.RECEIVE] == 6


def test_quota(make_lab: Callable[..., Lab]) -> None:
    host = make_lab(max_shells=1).hosts[0]
    with closing(session(host.target())) as first, closing(session(host.target())) as second:
        run(first)
        with pytest.raises(errors.QuotaExceeded):
            run(second)
        run(first)


def test_a_session_that_failed_starts_anew(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(auth=Auth.NTLM, faults=[Fault(match=Step.COMMAND, do=Action.DROP)])
    with closing(session(lab.hosts[0].target())) as talk:
        with pytest.raises(errors.ConnectionLost):
            run(talk)
        run(talk)


class Odd(SimulatedBackend):
    """Puts out what it is told, whatever it is asked."""

    outputs: tuple[object, ...] = ()
    ending: Exception | None = None

    def _run(self, pipe) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001 - as the base's
        for value in self.outputs:
            pipe.write_output(value)
        if isinstance(self.ending, ScriptFailedError):
            pipe._change_state(PSInvocationState.Failed, error=self.ending.record())
        else:
            pipe.complete()
        self._done(pipe.pipeline_id)


def odd(*values: object, error: Exception | None = None):  # noqa: ANN201 - a factory of factories
    kind = type("Odd", (Odd,), {"outputs": values, "ending": error})
    return lambda state: lambda output, done: kind(state, output, done)


@pytest.mark.parametrize(
    ("engine", "says"),
    [
        (odd(), "printed nothing"),
        (odd("x", "y"), "end marker"),
        (odd("x", "y", "z"), "more than a reply"),
        (odd(7), "not text"),
        (odd(1.5), "not text"),
        (odd("no marker"), "end marker"),
        (odd("x" * 5000), "more than a reply"),
        (odd(*["x" * 10_000] * 100), "more than a reply"),
        (odd("x" * 3_000_000), "more than a reply"),
    ],
)
def test_what_is_no_reply_is_never_a_success(
    make_lab: Callable[..., Lab],
    engine: Callable[..., object],
    says: str,
) -> None:
    host = make_lab(engine=engine).hosts[0]
    with closing(session(host.target(), max_reply=4000)) as talk:
        with pytest.raises(errors.ProtocolError, match=says) as caught:
            run(talk)
        assert caught.value.after_send


def test_a_script_that_fails_is_told_with_type_and_words(make_lab: Callable[..., Lab]) -> None:
    engine = odd(error=ScriptFailedError("kein\u202e\nBefehl"))
    host = make_lab(engine=engine).hosts[0]
    with closing(session(host.target())) as talk:
        with pytest.raises(errors.RemoteError) as caught:
            run(talk)
        assert caught.value.after_send
        assert caught.value.exception.endswith("CommandNotFoundException")
        assert "kein Befehl" in str(caught.value)
    assert host.counters[Step.CREATE] == 1


def test_a_script_that_a_scanner_stops_is_told_as_that(make_lab: Callable[..., Lab]) -> None:
    """By the error's id: its text is in the host's language, its type that of any syntax error."""
    words = "이 스크립트는 바이러스 백신 소프트웨어에 의해 차단되었습니다."
    blocked = "ScriptContainedMaliciousContent"
    engine = odd(error=ScriptFailedError(words, "ParseException", blocked))
    host = make_lab(engine=engine).hosts[0]
    with closing(session(host.target())) as talk:
        with pytest.raises(errors.ScriptBlocked) as caught:
            run(talk)
        assert caught.value.code == "script_blocked"
        assert "a security product there stopped it" in str(caught.value)
        assert words in str(caught.value)


def test_an_endpoint_for_single_commands_is_told_as_that(make_lab: Callable[..., Lab]) -> None:
    engine = odd(error=ScriptFailedError("Syntax…", "ParseException", "ScriptsNotAllowed"))
    host = make_lab(engine=engine, endpoints=("JEA",)).hosts[0]
    with closing(session(host.target().model_copy(update={"configuration_name": "JEA"}))) as talk:
        with pytest.raises(errors.ScriptsNotAllowed, match="no scripts at this") as caught:
            run(talk)
        assert "full language mode" in caught.value.hint


def test_another_endpoint_is_opened_and_closed(make_lab: Callable[..., Lab]) -> None:
    host = make_lab(endpoints=("PowerShell.7",)).hosts[0]
    target = host.target().model_copy(update={"configuration_name": "PowerShell.7"})
    with closing(session(target)) as talk:
        run(talk)
    for name, shown in ((None, "Microsoft.PowerShell"), ("powershell.8", "powershell.8")):
        absent = host.target().model_copy(update={"configuration_name": name})
        with closing(session(absent)) as talk, pytest.raises(errors.EndpointMissing) as caught:
            run(talk)
        assert shown in caught.value.detail
        assert "--configuration-name" in caught.value.hint


def test_settings_that_cannot_work_are_found_before_anything_is_sent(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.touch()
    base = here(1)
    for update, says in (
        ({"user": None}, "no user"),
        ({"transport": Via.WINRS, "configuration_name": "PowerShell.7"}, "winrs.*PowerShell.7"),
        ({"tls": True, "ca_file": tmp_path / "missing"}, "cannot be read"),
        ({"tls": True, "ca_file": empty}, "no certificate"),
        ({"auth": Auth.CERTIFICATE}, "needs TLS"),
        ({"auth": Auth.CERTIFICATE, "tls": True}, "needs its file"),
        ({"auth": Auth.CERTIFICATE, "tls": True, "cert_file": empty, "key_file": empty}, "no pair"),
    ):
        with pytest.raises(errors.WrongSettings, match=says):
            transport().session(base.model_copy(update=update))


def test_a_missing_password_is_a_setting() -> None:
    talk = transport().session(here(free_port()))
    with closing(talk), pytest.raises(errors.WrongSettings, match="no password") as caught:
        run(talk)
    assert isinstance(caught.value.__cause__, SecretError)


def test_the_password_and_the_script_are_in_no_log(
    make_lab: Callable[..., Lab], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fault = Fault(match=Step.RECEIVE, nth=3, do=Action.DROP)
    for auth in (Auth.BASIC, Auth.NTLM):
        host = make_lab(auth=auth, faults=[fault]).hosts[0]
        talk = session(host.target())
        with closing(talk):
            run(talk)
        assert host.password not in repr(vars(talk))
        assert host.password not in caplog.text
    ours = [record for record in caplog.records if not record.name.startswith("psrpcore")]
    assert ours
    assert not any("simulated" in record.getMessage() for record in ours)
    assert not any("Envelope" in record.getMessage() for record in ours)


def test_ntlm_over_http_sends_no_message_in_clear(make_lab: Callable[..., Lab]) -> None:
    host = make_lab(auth=Auth.NTLM).hosts[0]
    with closing(session(host.target())) as talk:
        run(talk)
    assert not any(b"Envelope" in exchange.wire for exchange in host.trace)
