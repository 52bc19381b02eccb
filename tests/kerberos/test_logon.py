"""Logons by Kerberos at a real KDC: what they cost, which way they go, what a failure is called."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import SecretStr

from remediate.cli.app import run as command
from remediate.cli.wiring import Parts
from remediate.lab.lab import Lab
from remediate.lab.server.auth import LabAccount
from remediate.lab.server.tls import Tls
from remediate.model.connection import Auth, KerberosService
from remediate.model.host import Host
from remediate.powershell.messages import Call, Request, Status
from remediate.secrets import Secrets
from remediate.transport import errors, kerberos, kerberos_library
from remediate.transport.lean import negotiation
from remediate.transport.protocol import Deadline
from remediate.transport.psrp import PsrpTransport
from tests.kerberos.conftest import ADA, HOST, kept, target
from tests.kerberos.kdc import PASSWORD, REALM, Kdc

pytestmark = pytest.mark.kerberos

SCRIPT = "param([string]$Request)\n# simulated"
REQUEST = Request(
    run="audit",
    calls=(Call(id="a", function="Get-RemediateScheduledTask", arguments={"folder": "\\"}),),
)
NOWHERE = "srv99.remediate.test"
WRONG = "canary-Passw0rd"


def transport() -> PsrpTransport:
    return PsrpTransport(Secrets(), pause=lambda _: None)


def run(host: Host, over: PsrpTransport | None = None, seconds: float = 30) -> None:
    with closing((over or transport()).session(host)) as talk:
        reply = talk.run(SCRIPT, REQUEST, Deadline(seconds))
    assert reply["a"].status is not Status.SKIPPED


def failure(host: Host, over: PsrpTransport | None = None) -> errors.TransportError:
    with pytest.raises(errors.TransportError) as caught:
        run(host, over)
    assert WRONG not in f"{caught.value!r} {caught.value} {caught.value.hint}"
    assert not caught.value.after_send
    return caught.value


def asked(kdc: Kdc, user: str = ADA) -> int:
    """How often the KDC was asked for a ticket of an account and answered with one."""
    return sum("ISSUE" in line and f"{user} for krbtgt" in line for line in kdc.asked())


@pytest.fixture
def bad(kdc: Kdc, tmp_path: Path) -> str:
    return kept(tmp_path / "wrong", WRONG)


@pytest.mark.parametrize(("tls", "cost"), [(None, 8), (Tls.VALID, 7)])
@pytest.mark.parametrize("auth", [Auth.KERBEROS, Auth.NEGOTIATE])
def test_what_a_conversation_costs(
    make_lab: Callable[..., Lab], auth: Auth, tls: Tls | None, cost: int
) -> None:
    """Message encryption over HTTP, channel binding over TLS, and no ticket handed on."""
    lab = make_lab(tls=tls)
    run(target(lab, auth=auth))
    assert set(lab.hosts[0].logons) == {"kerberos"}
    assert lab.hosts[0].requests == cost


def test_a_kdc_is_asked_once_for_an_account_whatever_the_number_of_hosts(
    make_lab: Callable[..., Lab], kdc: Kdc
) -> None:
    lab, before = make_lab(), asked(kdc)
    over = transport()
    for service in (*KerberosService, None)[:2]:
        for _ in range(3):
            run(target(lab, kerberos_service=service), over)
    assert asked(kdc) - before == 1


@pytest.mark.parametrize("user", [f"ada@{REALM.lower()}", f"{REALM}\\ada", "remediate\\ada", "ada"])
def test_an_account_is_found_in_its_realm_as_windows_people_write_it(
    make_lab: Callable[..., Lab], user: str
) -> None:
    lab = make_lab()
    run(target(lab, user=user))
    assert set(lab.hosts[0].logons) == {"kerberos"}


def test_the_keys_of_a_keytab_and_the_ticket_of_a_cache_let_in_without_a_password(
    make_lab: Callable[..., Lab], kdc: Kdc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, nothing = make_lab(), {"password": None, "user": None}
    run(target(lab, keytab=kdc.keytab("ada"), **nothing))
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{tmp_path / 'cache'}")
    kdc.ticket(tmp_path / "cache")
    run(target(lab, **nothing))
    run(target(lab, password=None))
    assert set(lab.hosts[0].logons) == {"kerberos"}


@pytest.mark.parametrize(
    ("name", "account", "told"),
    [
        (HOST, ADA, "logged on by Kerberos\n"),
        (NOWHERE, f"{REALM}\\ada", "logged on by NTLM, because the KDC of"),
    ],
)
def test_a_check_says_which_way_negotiate_went(
    make_lab: Callable[..., Lab],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    account: str,
    told: str,
) -> None:
    monkeypatch.setenv("REMEDIATE_PASSWORD", PASSWORD)
    monkeypatch.setenv("COLUMNS", "300")
    lab = make_lab(account=LabAccount(account, PASSWORD))
    where = f"127.0.0.1:{lab.hosts[0].port}"
    words = ["--host", where, "--user", account, "--kerberos-host", name]
    code = command(["hosts", "check", *words], Parts())
    assert (code, told in capsys.readouterr().out) == (0, True)


ACCOUNTS = {
    "wrong password": (
        {"user": ADA},
        f"the KDC of {REALM} does not accept the password of {ADA}",
        "Check --user and the password",
        True,
    ),
    "expired password": (
        {"user": f"expired@{REALM}"},
        f"the password of expired@{REALM} has expired, or has to be changed",
        "kpasswd",
        True,
    ),
    "password to be changed": (
        {"user": f"new@{REALM}"},
        f"the password of new@{REALM} has expired, or has to be changed",
        "kpasswd",
        True,
    ),
    "locked": ({"user": f"locked@{REALM}"}, "is locked out or disabled", "unlocked", True),
    "ended": ({"user": f"ended@{REALM}"}, "has expired", "extended", True),
    "unknown user": (
        {"user": f"nobody@{REALM}"},
        f"the KDC of {REALM} does not know nobody@{REALM}",
        "NAME@REALM",
        False,
    ),
    "wrong realm": (
        {"user": "ada@OTHER.TEST"},
        "no KDC is known for the realm OTHER.TEST",
        "krb5.conf",
        False,
    ),
    "short name of another domain": (
        {"user": "OTHER\\ada"},
        "has the short name of a domain",
        "ada@REALM",
        False,
    ),
    "account of the host": ({"user": ".\\ada"}, "is an account of the host itself", "", False),
}


@pytest.mark.parametrize("case", ACCOUNTS)
def test_what_is_wrong_with_an_account_has_its_own_sentence(
    make_lab: Callable[..., Lab], bad: str, case: str
) -> None:
    changes, sentence, hint, judged = ACCOUNTS[case]
    lab = make_lab()
    over = transport()
    error = failure(target(lab, password=bad, **changes), over)
    assert (type(error), sentence in str(error), hint in error.hint) == (
        errors.KerberosFailed,
        True,
        True,
    ), (str(error), error.hint)
    assert not lab.hosts[0].logons
    if judged:
        told = failure(target(lab, password=bad, auth=Auth.NTLM, **changes), over)
        assert isinstance(told, errors.AccountRefusedElsewhere)
        assert f"the KDC of {REALM} did not take {changes['user']}" in str(told)


def test_negotiate_spends_a_wrong_password_once_on_one_host_in_one_protocol(
    make_lab: Callable[..., Lab], kdc: Kdc, bad: str
) -> None:
    lab = make_lab()
    host = target(lab, auth=Auth.NEGOTIATE, password=bad)
    over, before = transport(), len(kdc.asked())
    assert isinstance(failure(host, over), errors.KerberosFailed)
    tried = len(kdc.asked()) - before
    assert isinstance(failure(host, over), errors.AccountRefusedElsewhere)
    for user in (f"{REALM}\\ADA", "remediate\\ada"):  # written otherwise, the same account
        other = failure(target(lab, auth=Auth.NTLM, user=user, password=bad), over)
        assert isinstance(other, errors.AccountRefusedElsewhere)
    assert len(kdc.asked()) - before == tried == 2  # the first without a proof, as always
    assert not lab.hosts[0].logons


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"kerberos_host": NOWHERE, "user": ADA}, f"does not know the service host/{NOWHERE}"),
        ({"kerberos_host": None}, "an address has no name in Kerberos"),
        ({"user": "OTHER\\ada"}, "has the short name of a domain"),
        ({"user": "ada"}, "is an account of the host itself"),
    ],
)
def test_negotiate_says_why_it_was_ntlm(
    make_lab: Callable[..., Lab], tmp_path: Path, changes: dict[str, str], why: str
) -> None:
    lab = make_lab(account=LabAccount("bob", WRONG))
    right = kept(tmp_path / "right", PASSWORD)
    error = failure(target(lab, auth=Auth.NEGOTIATE, password=right, **changes))
    assert type(error) is errors.AuthenticationFailed
    assert "by NTLM, because" in str(error)
    assert why in str(error)


def test_what_the_library_is_handed_of_a_password_stays_where_it_is() -> None:
    """It keeps no bytes: made anew for each prompt, another thread's were sent to the KDC."""
    account = kerberos_library.Account(ADA, password=SecretStr(PASSWORD))
    prompt = kerberos_library._prompt(account, lambda: None)
    assert prompt.prompt(msg=b"", hidden=True) is prompt.prompt(msg=b"", hidden=True)


def test_a_host_that_the_realm_does_not_know_is_told_from_one_without_a_name(
    make_lab: Callable[..., Lab],
) -> None:
    lab = make_lab()
    unknown = failure(target(lab, kerberos_host=NOWHERE))
    assert f"does not know the service host/{NOWHERE}" in str(unknown)
    assert "--kerberos-service" in unknown.hint
    nameless = failure(target(lab, kerberos_host=None))
    assert isinstance(nameless, errors.WrongSettings)
    assert "--kerberos-host" in nameless.hint


def old_keys(kdc: Kdc, path: Path, cipher: str, password: str) -> Path:
    words = f"add_entry -password -p {ADA} -k 1 -e {cipher}\n{password}\nwrite_kt {path}\n"
    kdc.do("ktutil", typed=words)
    path.chmod(0o600)
    return path


def test_what_is_wrong_with_a_keytab_has_its_own_sentence(
    make_lab: Callable[..., Lab], kdc: Kdc, tmp_path: Path
) -> None:
    lab, aes = make_lab(), "aes256-cts-hmac-sha1-96"
    (tmp_path / "text").write_text("text")
    cases = {
        "keys of RC4 or DES only": old_keys(kdc, tmp_path / "rc4", "arcfour-hmac", PASSWORD),
        "does not accept the key in the keytab": old_keys(kdc, tmp_path / "old", aes, WRONG),
        "has no key of": kdc.keytab("expired"),
        "cannot be read: No such file": tmp_path / "none",
        "is no keytab": tmp_path / "text",
    }
    for sentence, path in cases.items():
        error = failure(target(lab, keytab=path, password=None))
        assert type(error) is errors.KerberosFailed
        assert sentence in str(error)
        assert error.hint


def test_what_is_wrong_with_a_ticket_has_its_own_sentence(
    make_lab: Callable[..., Lab], kdc: Kdc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = make_lab()
    none = failure(target(lab, password=None, user=None))
    assert "has no ticket of your account" in str(none)
    assert "kinit" in none.hint
    cache = tmp_path / "cache"
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{cache}")
    kdc.ticket(cache)
    fresh = cache.read_bytes()
    other = failure(target(lab, password=None, user=f"expired@{REALM}"))
    assert f"has no ticket of expired@{REALM}" in str(other)
    cache.write_bytes(ended(fresh))
    over = failure(target(lab, password=None, user=None))
    assert "the ticket of your account has expired" in str(over)
    # what a wrong clock leaves in the cache, where it stays when the clock has been mended
    cache.write_bytes(fresh[:8] + struct.pack(">i", 600) + fresh[12:])
    skewed = failure(target(lab, password=None, user=None))
    assert "clocks of the host, of the KDC and of this machine do not agree" in str(skewed)
    assert "kinit" in skewed.hint


def ended(cache: bytes) -> bytes:
    """A ticket cache whose tickets ended an hour ago."""
    now = int(time.time())
    began = next(at for at in range(now - 60, now + 2) if struct.pack(">II", at, at) in cache)
    at = cache.index(struct.pack(">II", began, began)) + 8
    return cache[:at] + struct.pack(">I", now - 3600) + cache[at + 4 :]


@pytest.fixture
def silent(kdc: Kdc, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A KDC that takes what comes, and answers nothing."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        udp.bind(tcp.getsockname())
        server = f"127.0.0.1:{tcp.getsockname()[1]}"
        monkeypatch.setenv("KRB5_CONFIG", str(kdc.profile("silent.conf", server=server)))
        yield


def test_a_silent_kdc_has_a_deadline_and_a_sentence_of_its_own(
    make_lab: Callable[..., Lab], silent: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kerberos, "LOGON_SECONDS", 0.2)
    lab = make_lab(account=LabAccount("ada", PASSWORD))
    error = failure(target(lab, user=ADA))
    assert f"no KDC of {REALM} answers within" in str(error)
    assert "port 88" in error.hint
    # the password was not looked at, so that negotiate may go on
    host = target(lab, auth=Auth.NEGOTIATE, user=ADA)
    assert "by NTLM, because no KDC" in str(failure(host))


@dataclass
class Between:
    """Hands requests on to a KDC, and holds back its answers from one request on.

    Args:
        held: how many different requests are answered before.
        go: set, it holds back nothing.
        seen: requests that it has got.
    """

    held: int = 0
    go: threading.Event = field(default_factory=threading.Event)
    seen: list[bytes] = field(default_factory=list)

    def serve(self, front: socket.socket, port: int) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as back, suppress(OSError):
            back.settimeout(30)
            while True:
                request, client = front.recvfrom(65536)
                if not request:
                    return
                self.seen.append(request)
                if len({*self.seen}) > self.held:
                    self.go.wait(60)
                back.sendto(request, ("127.0.0.1", port))
                front.sendto(back.recv(65536), client)


@pytest.fixture
def between(kdc: Kdc, monkeypatch: pytest.MonkeyPatch) -> Iterator[Between]:
    one = Between()
    with socket.socket(type=socket.SOCK_DGRAM) as front:
        front.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{front.getsockname()[1]}"
        thread = threading.Thread(target=one.serve, args=(front, kdc.port))
        thread.start()
        monkeypatch.setenv("KRB5_CONFIG", str(kdc.profile("between.conf", server=server)))
        yield one
        one.go.set()
        front.sendto(b"", front.getsockname())
        thread.join(60)
    assert not thread.is_alive()


def test_a_password_that_a_slow_kdc_has_got_goes_nowhere_else(
    make_lab: Callable[..., Lab], between: Between, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kerberos, "LOGON_SECONDS", 2.0)
    between.held = 1  # it says that it wants a proof, and then nothing
    lab, over = make_lab(), transport()
    error = failure(target(lab, auth=Auth.NEGOTIATE, password=bad), over)
    assert type(error) is errors.KerberosFailed
    assert f"the KDC of {REALM} is silent: it has been sent the password" in str(error)
    for auth in (Auth.NEGOTIATE, Auth.NTLM):
        told = failure(target(lab, auth=auth, password=bad), over)
        assert type(told) is errors.AccountRefusedElsewhere
    assert not lab.hosts[0].logons


def test_a_password_that_nobody_waits_for_is_not_sent_to_a_slow_kdc(
    make_lab: Callable[..., Lab], between: Between, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NTLM has got it by then."""
    monkeypatch.setattr(kerberos, "LOGON_SECONDS", 0.3)
    lab = make_lab(account=LabAccount("bob", PASSWORD))
    error = failure(target(lab, auth=Auth.NEGOTIATE, user=ADA, password=bad))
    assert "by NTLM, because no KDC" in str(error)
    between.go.set()
    for thread in threading.enumerate():
        if thread.name == "remediate-kerberos":
            thread.join(60)
            assert not thread.is_alive()
    assert len({*between.seen}) == 1  # without a proof


def test_a_host_that_refuses_a_ticket_is_not_said_to_refuse_a_password(
    make_lab: Callable[..., Lab],
) -> None:
    lab = make_lab(account=LabAccount(f"bob@{REALM}", PASSWORD))
    error = failure(target(lab, user=ADA))
    assert type(error) is errors.KerberosFailed
    assert f"it does not take the ticket, as {ADA} by Kerberos" in str(error)
    assert list(lab.hosts[0].logons) == [f"kerberos refused: {ADA} may not come in"]


def test_a_client_that_does_not_say_which_tls_it_speaks_through_is_refused(
    make_lab: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lab looks: without it the other tests of channel binding would say nothing."""
    monkeypatch.setattr(
        "pypsrp.negotiate.HTTPNegotiateAuth._get_cbt_data", staticmethod(lambda _: None)
    )
    monkeypatch.setattr(negotiation, "_bindings", lambda _: None)
    lab = make_lab(tls=Tls.VALID)
    failure(target(lab))
    assert "does not say which TLS" in lab.hosts[0].logons[0]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"auth": Auth.NEGOTIATE, "password": None}, "negotiate takes none"),
        ({}, "a keytab and a password are both given"),
    ],
)
def test_a_keytab_that_cannot_be_used_is_refused_before_anything_is_sent(
    make_lab: Callable[..., Lab],
    kdc: Kdc,
    changes: dict[str, object],
    told: str,
) -> None:
    lab, before = make_lab(), len(kdc.asked())
    error = failure(target(lab, **{"keytab": kdc.keytab("ada"), **changes}))
    assert type(error) is errors.WrongSettings
    assert told in str(error)
    assert (lab.hosts[0].requests, len(kdc.asked())) == (0, before)
