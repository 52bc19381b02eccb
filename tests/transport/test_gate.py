"""One wrong password is tried once, however many hosts there are, and at how many at a time."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest
from pydantic import SecretStr

from remediate.lab.host import LabHost, Spec
from remediate.lab.hosts import make_state
from remediate.lab.lab import Lab
from remediate.lab.server.auth import LabAccount
from remediate.lab.server.faults import Action, Fault
from remediate.lab.server.tls import Tls
from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.model.outcome import Outcome
from remediate.powershell.messages import Call, Request
from remediate.transport import errors
from remediate.transport.dialing import Dialer
from remediate.transport.gate import ANSWER_SECONDS, Account, Gate, Turn, account_of
from remediate.transport.protocol import Deadline
from remediate.transport.psrp import PsrpTransport
from remediate.transport.watch import Watch, is_proof
from remediate.transport.winrm import Clients
from tests.transport.test_psrp import SCRIPT, free_port

REQUEST = Request(
    run="audit",
    calls=(Call(id="a", function="Get-RemediateScheduledTask", arguments={"folder": "\\"}),),
)
WRONG = SecretStr("not-it")
RIGHT = "Lab-right"
ADA, EVE = "CONTOSO\\ada", "CONTOSO\\eve"


def host(name: str = "SRV01", user: str | None = ADA, **changes: object) -> Host:
    values = {"name": name, "address": name, "port": 5985, "user": user}
    return Host.model_validate(values | changes)


# --- whose account it is --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "realm", "name"),
    [
        ("CONTOSO\\Ada", "contoso", "ada"),
        ("ada@Contoso", "contoso", "ada"),
        ("ADA@contoso.com", "contoso.com", "ada"),
    ],
)
def test_a_domain_account_is_one_account_everywhere(user: str, realm: str, name: str) -> None:
    found = {account_of(host(where, user), WRONG) for where in ("SRV01", "SRV02")}
    assert found == {Account(realm, name, WRONG)}


@pytest.mark.parametrize(
    "user",
    [
        ".\\ada",
        "srv-of-long-name01\\ada",
        "SRV-OF-LONG-NAM\\ada",
        "srv-of-long-name01.contoso.com\\ada",
        "192.0.2.1\\ada",
    ],
)
def test_a_local_account_is_another_one_on_each_host(user: str) -> None:
    name = "SRV-OF-LONG-NAME01.contoso.com"
    here = host(name, user, address="192.0.2.1")
    there = host(name, user, address="192.0.2.1", port=15985)
    assert account_of(here, WRONG).realm == "http://192.0.2.1:5985/wsman"
    assert account_of(here, WRONG) != account_of(there, WRONG)


def test_by_basic_each_account_is_the_host_s_own() -> None:
    here, there = (host(where, "ada", auth="basic", tls=True) for where in ("SRV01", "SRV02"))
    assert account_of(here, WRONG) != account_of(there, WRONG)
    assert not account_of(here, WRONG).may_be(account_of(there, WRONG))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("CONTOSO\\ada", "ada@contoso.com", True),
        ("CONTOSO.COM\\ada", "ADA@contoso.com", True),
        ("CORP\\ada", "ada@ad.contoso.com", True),
        ("CONTOSO\\ada", "FABRIKAM\\ada", False),
        ("ada@contoso.com", "ada@fabrikam.com", True),
        ("ada", "ada", True),
        ("ada", ".\\ada", False),
        ("CONTOSO\\ada", "eve@contoso.com", False),
        ("CONTOSO\\ada", "ada", True),
        ("ada@contoso.com", ".\\ada", False),
        ("ada@contoso.com", "SRV01\\ada", False),
    ],
)
def test_accounts_that_may_be_one_are_told(one: str, other: str, same: bool) -> None:
    first, second = account_of(host(user=one), WRONG), account_of(host(user=other), WRONG)
    assert (first.may_be(second), second.may_be(first)) == (same, same)
    assert not first.may_be(account_of(host(user=other), SecretStr(RIGHT)))


def test_kerberos_has_a_domain_for_who_says_none() -> None:
    bare = account_of(host(user="ada", auth="kerberos"), WRONG)
    assert bare == account_of(host("SRV02", user="ada", auth="kerberos"), WRONG)
    assert bare.may_be(account_of(host(user=ADA), WRONG))
    assert bare.may_be(account_of(host(user="ada", auth="ntlm"), WRONG))
    assert not bare.may_be(account_of(host(user="ada", auth="basic", tls=True), WRONG))


def test_another_password_is_another_try() -> None:
    assert account_of(host(), WRONG) != account_of(host(), SecretStr(RIGHT))


def test_an_account_does_not_show_its_password() -> None:
    assert WRONG.get_secret_value() not in repr(account_of(host(), WRONG))


# --- whose turn it is -----------------------------------------------------------------------------


class Waiting:
    """A turn that is taken in a thread of its own."""

    def __init__(self, turn: Turn, seconds: float = 30) -> None:
        self.result: bool | Exception | None = None
        self._thread = threading.Thread(target=self._take, args=(turn, Deadline(seconds)))
        self._thread.start()

    def _take(self, turn: Turn, deadline: Deadline) -> None:
        try:
            self.result = turn.take(deadline)
        except errors.TransportError as error:
            self.result = error

    def ended(self) -> bool | Exception | None:
        self._thread.join(60)
        return self.result


def test_the_first_does_not_wait_and_may_ask_again() -> None:
    turn = Gate().turn(host(), WRONG)
    assert not turn.take(Deadline(1))
    assert not turn.take(Deadline(1))


def test_once_a_password_is_taken_nobody_waits() -> None:
    gate = Gate()
    first, second = gate.turn(host(), WRONG), gate.turn(host("SRV02"), WRONG)
    assert first.take_at_once()
    assert not second.take_at_once()
    waiting = Waiting(second)
    first.accepted()
    assert waiting.ended() is True
    assert second.take_at_once()
    assert not gate.turn(host("SRV03"), WRONG).take(Deadline(0))


def test_once_it_is_refused_nobody_else_tries() -> None:
    gate = Gate()
    first, second = gate.turn(host(), WRONG), gate.turn(host("SRV02"), WRONG)
    first.take(Deadline(1))
    waiting = Waiting(second)
    first.refused()
    error = waiting.ended()
    assert str(error) == (
        "SRV02 was not tried: SRV01 did not take CONTOSO\\ada, and a wrong password tried often "
        "locks it. The request did not run there."
    )
    assert isinstance(error, errors.AccountRefusedElsewhere)
    assert (error.code, error.outcome) == ("account_refused_elsewhere", Outcome.UNREACHABLE)
    with pytest.raises(errors.AccountRefusedElsewhere):
        gate.turn(host("SRV03", "ada@CONTOSO"), WRONG).take(Deadline(0))
    assert not gate.turn(host("SRV03", EVE), WRONG).take(Deadline(0))
    assert not gate.turn(host("SRV03"), SecretStr(RIGHT)).take(Deadline(0))


def test_a_refusal_stops_what_may_be_the_same_account() -> None:
    gate = Gate()
    first, second = gate.turn(host(), WRONG), gate.turn(host("SRV02", "ada@contoso.com"), WRONG)
    first.take(Deadline(1))
    waiting = Waiting(second)
    first.refused()
    error = waiting.ended()
    assert isinstance(error, errors.AccountRefusedElsewhere)
    assert "SRV01 did not take CONTOSO\\ada, which may be ada@contoso.com, and" in str(error)
    assert "If ada@contoso.com is another account" in error.hint
    with pytest.raises(errors.AccountRefusedElsewhere):
        second.check()
    for other in ("FABRIKAM\\ada", ".\\ada"):
        assert not gate.turn(host("SRV03", other), WRONG).take(Deadline(0))
    first.accepted()  # a late success
    second.check()


def test_what_is_taken_of_one_account_lets_another_be_tried_that_may_be_the_same() -> None:
    gate = Gate()
    first, second = gate.turn(host(), WRONG), gate.turn(host("SRV02", "ada@contoso.com"), WRONG)
    first.take(Deadline(1))
    with pytest.raises(errors.TimedOut, match="SRV01 has not answered yet"):
        second.take(Deadline(0))
    first.accepted()
    assert not second.take(Deadline(0))
    second.refused()  # so it was another one: nothing is known of the first that was not before
    first.check()
    with pytest.raises(errors.AccountRefusedElsewhere):
        gate.turn(host("SRV03", "ada@contoso.com"), WRONG).take(Deadline(0))


def test_a_host_that_does_not_say_lets_the_next_one_try() -> None:
    gate = Gate()
    first, second = gate.turn(host(), WRONG), gate.turn(host("SRV02"), WRONG)
    first.take(Deadline(1))
    waiting = Waiting(second)
    first.left()
    assert waiting.ended() is True
    assert isinstance(Waiting(first, seconds=0).ended(), errors.TimedOut)


def test_a_host_that_takes_long_to_answer_is_not_waited_for() -> None:
    now = [0.0]
    gate = Gate(lambda: now[0])
    first, second = gate.turn(host(), WRONG), gate.turn(host("SRV02"), WRONG)
    first.take(Deadline(1))
    now[0] = ANSWER_SECONDS
    assert not second.take(Deadline(0))
    first.left()  # which is not its to leave any more
    assert isinstance(Waiting(first, seconds=0).ended(), errors.TimedOut)


def test_a_late_success_opens_the_gate_again() -> None:
    gate = Gate()
    turns = [gate.turn(host(f"SRV0{number}"), WRONG) for number in (1, 2, 3)]
    turns[1].refused()
    turns[0].accepted()
    assert not turns[2].take(Deadline(0))


def test_whoever_waits_until_the_time_is_up_is_told_for_whom() -> None:
    gate = Gate()
    gate.turn(host(), WRONG).take(Deadline(1))
    with pytest.raises(errors.TimedOut, match=r"its turn did not come.* SRV01") as caught:
        gate.turn(host("SRV02"), WRONG).take(Deadline(0))
    assert not caught.value.after_send
    assert "--timeout" in caught.value.hint


# --- logons, counted ------------------------------------------------------------------------------


@pytest.fixture
def make_lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Lab]]:
    """Practice hosts that answer in time, however long a busy machine takes for it."""
    monkeypatch.setattr("remediate.transport.gate.ANSWER_SECONDS", 600.0)
    with ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(Lab(*args, **options))


def specs(*users: str) -> list[Spec]:
    return [
        Spec(make_state(f"SRV{number:02}"), account=LabAccount(user, RIGHT))
        for number, user in enumerate(users)
    ]


def targets(hosts: Sequence[LabHost]) -> list[Host]:
    return [each.target() for each in hosts]


def logons(hosts: Sequence[LabHost], *, refused: bool = True) -> int:
    """Passwords that hosts have looked at and refused; or all requests with one."""
    return sum(
        is_proof(exchange.headers.get("authorization", ""))
        and (exchange.status == 401 or not refused)
        for each in hosts
        for exchange in each.trace
    )


def visit(
    hosts: Sequence[Host],
    secret: SecretStr | Callable[[Host], SecretStr] = WRONG,
    *,
    at_once: int = 1,
) -> list[errors.TransportError | None]:
    """What became of a visit to each host, so many at a time."""
    known = secret if callable(secret) else lambda _: secret
    transport = PsrpTransport(known, pause=lambda _: None)

    def call(target: Host) -> errors.TransportError | None:
        try:
            with closing(transport.session(target)) as session:
                session.run(SCRIPT, REQUEST, Deadline(60))
        except errors.TransportError as error:
            return error
        return None

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(call, hosts))


def kinds(seen: Sequence[errors.TransportError | None]) -> list[type | None]:
    return [None if error is None else type(error) for error in seen]


ONE, ELSEWHERE = errors.AuthenticationFailed, errors.AccountRefusedElsewhere


@pytest.mark.parametrize("at_once", [1, 4, 16])
@pytest.mark.parametrize("auth", [Auth.BASIC, Auth.NTLM, Auth.NEGOTIATE])
def test_a_wrong_password_is_one_logon_in_a_fleet(
    make_lab: Callable[..., Lab], auth: Auth, at_once: int
) -> None:
    hosts = make_lab(specs(*[ADA] * 20), auth=auth).hosts
    errors_seen = visit(targets(hosts), at_once=at_once)
    seen = kinds(errors_seen)
    assert logons(hosts, refused=False) == 1
    assert all(each is not None and each.__cause__ is not each for each in errors_seen)
    assert (seen.count(ONE), seen.count(ELSEWHERE)) == (1, 19)
    asked = [each for each in hosts if each.requests]
    assert [each.name for each in asked] == [hosts[seen.index(ONE)].name]


def test_the_ways_to_write_an_account_are_one_account(make_lab: Callable[..., Lab]) -> None:
    users = [ADA, "ada@contoso", "Contoso\\ADA", "ada@contoso.com", "contoso.com\\Ada"]
    hosts = make_lab(specs(*users * 3)).hosts
    visit(targets(hosts), at_once=4)
    assert logons(hosts) == 1


def test_the_right_password_is_held_up_by_nobody(make_lab: Callable[..., Lab]) -> None:
    hosts = make_lab(specs(*[ADA] * 6), auth=Auth.NTLM).hosts
    seen = visit(targets(hosts), SecretStr(RIGHT), at_once=6)
    assert kinds(seen) == [None] * 6


def test_of_a_good_host_among_others_the_first_one_decides(make_lab: Callable[..., Lab]) -> None:
    good, *bad = make_lab(specs(*[ADA] * 5)).hosts
    for each in bad:
        each.account = LabAccount(ADA, "another")
    right = SecretStr(RIGHT)
    assert kinds(visit(targets([good, *bad]), right)) == [None, ONE, ONE, ONE, ONE]
    assert kinds(visit(targets([*bad, good]), right)) == [ONE, *[ELSEWHERE] * 4]


@pytest.mark.parametrize("at_once", [4, 16])
def test_before_the_first_success_there_is_at_most_one_refusal(
    make_lab: Callable[..., Lab], at_once: int
) -> None:
    *bad, good = make_lab(specs(*[ADA] * 16)).hosts
    for each in bad:
        each.account = LabAccount(ADA, "another")
    seen = kinds(visit(targets([*bad, good]), SecretStr(RIGHT), at_once=at_once))
    assert seen[-1] is None or (seen.count(ONE), seen.count(ELSEWHERE)) == (1, 15)


@pytest.mark.parametrize("at_once", [1, 4, 16])
def test_hosts_that_cannot_be_reached_say_nothing(
    make_lab: Callable[..., Lab], at_once: int
) -> None:
    hosts = make_lab(specs(*[ADA] * 10)).hosts
    away = [host(f"AWAY{n}", address="127.0.0.1", port=free_port(), auth="basic") for n in range(3)]
    seen = kinds(visit([*away, *targets(hosts)], at_once=at_once))
    assert logons(hosts, refused=False) == 1
    assert seen[3:].count(ONE) == 1
    if at_once == 1:  # else the refusal of another may come first
        assert seen[:3] == [errors.Refused] * 3


SAYS_NOTHING = {
    Action.DROP: errors.ConnectionLost,
    Action.UNAVAILABLE: errors.QuotaExceeded,
    Action.HTML: errors.ProtocolError,
    Action.GARBAGE: errors.ProtocolError,
}


@pytest.mark.parametrize("action", SAYS_NOTHING)
def test_a_host_that_breaks_off_instead_of_answering_says_nothing(
    make_lab: Callable[..., Lab], action: Action
) -> None:
    lab = make_lab(specs(*[ADA] * 4))
    lab.faults = (Fault(host="SRV00", do=action, count=0),)
    seen = kinds(visit(targets(lab.hosts)))
    assert seen == [SAYS_NOTHING[action], ONE, ELSEWHERE, ELSEWHERE]


def test_a_host_that_denies_what_it_has_let_in_for_opens_the_gate(
    make_lab: Callable[..., Lab],
) -> None:
    """The password was right; that one host does not let the account do anything."""
    lab = make_lab(specs(*[ADA] * 3))
    lab.faults = (Fault(host="SRV00", do=Action.FAULT, code=5, count=0),)
    seen = kinds(visit(targets(lab.hosts), SecretStr(RIGHT), at_once=3))
    assert seen == [errors.AccessDenied, None, None]


def test_a_method_that_is_not_offered_or_a_bad_certificate_stops_nobody(
    make_lab: Callable[..., Lab],
) -> None:
    lacking = make_lab(specs(ADA), auth=Auth.BASIC, allow=[Auth.NTLM]).hosts
    untrusted = make_lab(specs(ADA), tls=Tls.EXPIRED).hosts
    good = make_lab(specs(ADA)).hosts
    seen = kinds(visit(targets([*lacking, *untrusted, *good]), SecretStr(RIGHT)))
    assert seen == [errors.MethodNotOffered, errors.TlsUntrusted, None]


@pytest.mark.parametrize("at_once", [1, 4, 16])
def test_a_password_may_be_right_for_the_second_account(
    make_lab: Callable[..., Lab], at_once: int
) -> None:
    hosts = make_lab(specs(*[ADA, EVE] * 4)).hosts
    for each in hosts[::2]:
        each.account = LabAccount(ADA, "another")
    seen = kinds(visit(targets(hosts), SecretStr(RIGHT), at_once=at_once))
    assert logons(hosts) == 1
    assert seen[1::2] == [None] * 4
    assert (seen[::2].count(ONE), seen[::2].count(ELSEWHERE)) == (1, 3)


@pytest.mark.parametrize("at_once", [1, 4, 16])
@pytest.mark.parametrize("auth", [Auth.BASIC, Auth.NTLM])
def test_local_accounts_are_each_tried_on_their_own_host(
    make_lab: Callable[..., Lab], auth: Auth, at_once: int
) -> None:
    own = "admin" if auth is Auth.BASIC else "SRV0{}\\admin"
    hosts = make_lab(specs(*(own.format(number) for number in range(5))), auth=auth).hosts
    assert kinds(visit(targets(hosts), at_once=at_once)) == [ONE] * 5
    assert [logons([each]) for each in hosts] == [1] * 5


def test_a_name_without_a_domain_may_be_one_account_of_all_hosts(
    make_lab: Callable[..., Lab],
) -> None:
    """A host asks its domain about one that it does not know itself."""
    hosts = make_lab(specs(*["labadmin"] * 3), auth=Auth.NTLM).hosts
    first, *others = visit(targets(hosts))
    assert kinds([first, *others]) == [ONE, ELSEWHERE, ELSEWHERE]
    assert [error.hint.rpartition(", ")[2] for error in others] == ["write .\\labadmin."] * 2
    assert logons(hosts) == 1


def test_certificates_lock_nothing_and_so_never_wait(make_lab: Callable[..., Lab]) -> None:
    states = [Spec(make_state("SRV00")), Spec(make_state("SRV01"))]
    hosts = make_lab(states, auth=Auth.CERTIFICATE, tls=Tls.VALID).hosts
    assert kinds(visit(targets(hosts))) == [None, None]
    watch = Watch(Deadline(30))
    Clients(lambda _: WRONG, Dialer()).of(targets(hosts)[0])[0](watch)
    assert watch.turn is None


def test_after_a_refusal_the_others_are_not_even_connected_to(make_lab: Callable[..., Lab]) -> None:
    hosts = make_lab(specs(ADA, ADA)).hosts
    away = host("AWAY", address="127.0.0.1", port=free_port(), auth="basic")
    assert kinds(visit([*targets(hosts), away])) == [ONE, ELSEWHERE, ELSEWHERE]
    assert [each.connections for each in hosts] == [1, 0]


def test_a_refused_password_is_not_tried_again_on_the_same_host(
    make_lab: Callable[..., Lab],
) -> None:
    hosts = make_lab(specs("admin")).hosts
    assert kinds(visit(targets(hosts * 3))) == [ONE, ELSEWHERE, ELSEWHERE]
    assert logons(hosts) == 1
