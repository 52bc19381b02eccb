"""What is said to a host over HTTP, byte by byte, without a network."""

import hashlib
import logging
import re
import ssl
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from spnego._ntlm_raw.crypto import ntowfv1
from spnego.exceptions import SpnegoError

from remediate.lab.lab import Lab
from remediate.lab.server.auth import BOUNDARY, ENCRYPTED, Authentication, LabAccount
from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.powershell.messages import Request
from remediate.testing.stream import ReplayedStream
from remediate.transport.gate import Gate
from remediate.transport.kerberos import Tickets
from remediate.transport.lean.exchange import Exchanges
from remediate.transport.lean.sealed import Seal
from remediate.transport.logon import Logon
from remediate.transport.protocol import Deadline
from remediate.transport.psrp import PsrpTransport
from remediate.transport.stream import Close, Connect, Receive, Send, drive
from remediate.transport.watch import (
    NotHttpError,
    RefusedError,
    StatusError,
    UnsealedError,
    Watch,
    is_proof,
)

PASSWORD = "c4nary-Passw0rd"
USER = "CONTOSO\\ada"
REPLY = b"<reply/>"


def answer(
    status: str = "200 OK", body: bytes = REPLY, *fields: str, version: str = "HTTP/1.1"
) -> bytes:
    lines = [f"{version} {status}", *fields, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


@dataclass
class Server(ReplayedStream):
    """A host that has people log on, as the lab's hosts do.

    Args:
        tls: it is spoken to over TLS.
        hangs_up_after: number of the request after which it does.
        reply: makes the answer to a message that was let in.
    """

    tls: bool = False
    hangs_up_after: int = 0
    reply: Callable[[bytes], bytes] = lambda sealed: answer("200 OK", sealed, SEALED)
    bodies: list[bytes] = field(default_factory=list)
    proofs: int = 0

    def connect(self, within: float) -> None:
        super().connect(within)
        given = hashlib.sha256(self.certificate).digest() if self.tls else b""
        self.authentication = Authentication(
            LabAccount(USER, PASSWORD), frozenset({Auth.NTLM}), tls=self.tls, server_hash=given
        )

    def write(self, data: bytes, within: float) -> None:
        super().write(data, within)
        head, _, body = data.partition(b"\r\n\r\n")
        rows = [line.partition(":") for line in head.decode().split("\r\n")[1:]]
        fields = {name.lower(): value.strip() for name, _, value in rows}
        self.bodies.append(body)
        self.proofs += is_proof(fields.get("authorization", ""))
        verdict = self.authentication.check(fields)
        if not verdict.accepted:
            offers = f"WWW-Authenticate: {verdict.token or 'Negotiate'}"
            self._coming = answer("401 Unauthorized", b"", offers)
        elif not body:
            self._coming = answer(body=b"")
        elif self.tls:
            self._coming = answer()
        else:
            self.bodies[-1] = self.authentication.decrypt(body)
            self._coming = self.reply(self.authentication.encrypt(REPLY))
        if len(self.sent) == self.hangs_up_after:
            self.is_open = False


SEALED = f"Content-Type: {ENCRYPTED}"


def talk(auth: Auth = Auth.BASIC, *, tls: bool = False, **more: object) -> tuple[Exchanges, Watch]:
    host = Host(name="h", address="h.test", port=5985, auth=auth, user=USER, tls=tls, insecure=True)
    watch, secret = Watch(Deadline(60), budget=10**6, **more), SecretStr(PASSWORD)  # type: ignore[arg-type]
    return Exchanges(host, secret, watch, Logon(host, secret, watch, Tickets())), watch


def test_one_exchange_in_bytes() -> None:
    stream = ReplayedStream([answer()])
    exchanges, watch = talk()
    assert drive(exchanges.carry(b"<ask/>"), stream) == REPLY
    assert b"|".join(stream.sent) == (
        b"POST /wsman HTTP/1.1\r\nHost: h.test:5985\r\nUser-Agent: remediate\r\n"
        b"Accept-Encoding: identity\r\nConnection: Keep-Alive\r\nContent-Length: 6\r\n"
        b"Content-Type: application/soap+xml;charset=UTF-8\r\n"
        b"Authorization: Basic Q09OVE9TT1xhZGE6YzRuYXJ5LVBhc3N3MHJk\r\n\r\n<ask/>"
    )
    assert (watch.sent, watch.heard, watch.accepted, watch.live) == (True, True, True, True)


def test_a_turn_that_nobody_has_to_wait_for_needs_no_thread() -> None:
    host = Host(name="h", address="::1", port=5985, auth=Auth.BASIC, user=USER)
    turn = Gate().turn(host, SecretStr(PASSWORD))
    steps = talk(turn=turn)[0].carry(b"<ask/>")
    assert [type(step) for step in islice(steps, 4)] == [Close, Connect, Send, Receive]


def test_a_message_leaves_sealed_once_after_three_requests_without_one() -> None:
    stream = Server()
    exchanges, watch = talk(Auth.NTLM)
    assert drive(exchanges.carry(b"<one/>"), stream) == REPLY
    assert drive(exchanges.carry(b"<two/>"), stream) == REPLY
    assert stream.bodies == [b"", b"", b"", b"<one/>", b"<two/>"]
    assert stream.proofs == 1
    assert b"<one/>" not in b"".join(stream.sent)
    assert stream.connections == 1
    assert watch.live


def test_over_tls_the_message_goes_once_with_the_proof_tied_to_the_certificate() -> None:
    shown = ssl.PEM_cert_to_DER_cert(trustme.CA().cert_pem.bytes().decode())
    stream = Server(certificate=shown, tls=True)
    exchanges, watch = talk(Auth.NTLM, tls=True)
    assert drive(exchanges.carry(b"<one/>"), stream) == REPLY
    assert drive(exchanges.carry(b"<two/>"), stream) == REPLY
    assert stream.bodies == [b"", b"", b"<one/>", b"<two/>"]
    assert watch.accepted


def test_a_connection_that_is_lost_while_idle_is_logged_on_to_anew() -> None:
    stream = Server()
    exchanges, _ = talk(Auth.NTLM)
    drive(exchanges.carry(b"<one/>"), stream)
    stream.is_open = False
    assert drive(exchanges.carry(b"<two/>"), stream) == REPLY
    assert stream.bodies[-4:] == [b"", b"", b"", b"<two/>"]
    assert stream.connections == 2


def test_a_proof_is_for_the_connection_on_which_it_was_asked_for() -> None:
    """Another would not take it, and that would look like a wrong password."""
    stream = Server(hangs_up_after=2)
    exchanges, watch = talk(Auth.NTLM)
    with pytest.raises(ConnectionResetError):
        drive(exchanges.carry(b"<one/>"), stream)
    assert (stream.connections, stream.proofs) == (1, 0)
    assert not watch.refused
    assert not stream.is_open


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
def test_a_proxy_of_http_1_0_keeps_the_connection_if_it_says_so(version: str) -> None:
    keeps = answer("200 OK", REPLY, "Connection: Keep-Alive", version=version)
    ends = answer("200 OK", REPLY, "Connection: close", version=version)
    stream = ReplayedStream([keeps, ends, keeps])
    exchanges, _ = talk()
    for connections in (1, 1, 2):
        drive(exchanges.carry(b"<ask/>"), stream)
        assert stream.connections == connections


def test_what_came_before_a_hang_up_is_read() -> None:
    """A message that is too large is refused while it is still being sent."""

    class Refusing(ReplayedStream):
        def write(self, data: bytes, within: float) -> None:
            super().write(data, within)
            raise BrokenPipeError

    exchanges, _ = talk()
    with pytest.raises(StatusError) as caught:
        drive(exchanges.carry(b"<ask/>"), Refusing([answer("413 Too Large", b"")]))
    assert caught.value.status == 413


def test_what_connecting_leaves_no_time_for_is_not_said_to_have_been_sent() -> None:
    now = 0.0

    class Slow(ReplayedStream):
        def connect(self, within: float) -> None:
            nonlocal now
            super().connect(within)
            now = 100.0

    stream = Slow([answer()])
    exchanges, watch = talk()
    watch.deadline = Deadline(60, lambda: now)
    with pytest.raises(TimeoutError):
        drive(exchanges.carry(b"<ask/>"), stream)
    assert (stream.sent, watch.sent) == ([], False)


@pytest.mark.parametrize("offers", ["Negotiate %%%", "Negotiate AAAA"])
def test_a_token_that_is_none_ends_the_logon(offers: str) -> None:
    asks = answer("401 Unauthorized", b"", "WWW-Authenticate: Negotiate")
    odd = answer("401 Unauthorized", b"", f"WWW-Authenticate: {offers}")
    exchanges, watch = talk(Auth.NTLM)
    stream = ReplayedStream([asks, odd, answer()])
    with pytest.raises((NotHttpError, SpnegoError)):
        drive(exchanges.carry(b"<ask/>"), stream)
    assert len(stream.sent) == 2
    assert not watch.refused


def test_neither_password_nor_hash_is_in_what_is_said_of_a_refusal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "c4nary-Wr0ng"
    host = Host(name="h", address="h.test", port=5985, auth=Auth.NTLM, user=USER)
    watch = Watch(Deadline(60), budget=10**6)
    logon = Logon(host, SecretStr(wrong), watch, Tickets())
    with pytest.raises(RefusedError) as caught:
        drive(Exchanges(host, SecretStr(wrong), watch, logon).carry(b"<ask/>"), Server())
    assert watch.refused
    shown = f"{caught.value!r} {logon.choose()!r} {vars(logon)!r} {caplog.text}"
    assert wrong not in shown
    assert ntowfv1(wrong).hex() not in shown.lower()


class Reversed:
    """A context that seals by turning letters round."""

    def wrap_winrm(self, message: bytes) -> tuple[bytes, bytes, int]:
        return b"head", message[::-1], 0

    def unwrap_winrm(self, header: bytes, data: bytes) -> bytes:
        if header != b"head":
            raise ValueError(header)
        return data[::-1]


WRAPPED = Seal(Reversed(), "Negotiate")  # type: ignore[arg-type]
WHOLE = WRAPPED.seal(REPLY)


@pytest.mark.parametrize(
    "body",
    [
        WHOLE,
        WHOLE.removesuffix(b"\r\n"),
        WHOLE.replace(b"\t", b""),
        WHOLE.replace(b"--" + BOUNDARY.encode(), b"-- " + BOUNDARY.encode()),
    ],
    ids=["as Windows writes it", "no end of line", "no tabs", "as Exchange writes it"],
)
def test_what_was_sealed_is_opened(body: bytes) -> None:
    assert WRAPPED.open(WRAPPED.kind, body) == REPLY


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, len(WHOLE)), by=st.binary(max_size=3), gone=st.integers(0, 300))
def test_what_was_changed_is_no_other_message(at: int, by: bytes, gone: int) -> None:
    """Wherever it is cut or garbled: the seal itself is the library's, and knows its own."""
    start = WHOLE.index(b"head")
    if at + gone > start and at < start + 4 + len(REPLY):
        gone = 300  # inside of the seal: cut off
    body = WHOLE[:at] + by + WHOLE[at + gone :]
    try:
        opened = WRAPPED.open(WRAPPED.kind, body)
    except ValueError:
        return
    assert opened == REPLY


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/soap+xml", WHOLE),
        ("multipart/encrypted", WHOLE),
        (WRAPPED.kind, b""),
        (WRAPPED.kind, WHOLE + WHOLE),
        (WRAPPED.kind, WHOLE.replace(b"Length=8", b"Length=9")),
        (WRAPPED.kind, WHOLE.replace(b"\x04\0\0\0", b"\xff\xff\xff\xff")),
        (WRAPPED.kind, WHOLE.replace(b"\x04\0\0\0", b"\x00\x01\0\0")),
    ],
)
def test_what_is_not_of_the_form_is_not_believed(kind: str, body: bytes) -> None:
    with pytest.raises(ValueError, match="it"):
        WRAPPED.open(kind, body)
    exchanges, watch = talk(Auth.NTLM)
    stream = Server(reply=lambda _: answer("200 OK", body, f"Content-Type: {kind}"))
    with pytest.raises(UnsealedError):
        drive(exchanges.carry(b"<ask/>"), stream)
    assert watch.sent


GUIDE = Path(__file__).parents[3] / "docs" / "wire.md"


def test_the_guide_shows_what_is_said() -> None:
    text = GUIDE.read_text("utf-8")
    exec(compile(text.split("```python\n")[1].split("```")[0], str(GUIDE), "exec"), {})  # noqa: S102 - our own
    with Lab(auth=Auth.NTLM) as lab:
        [host] = lab.hosts
        transport = PsrpTransport(lambda _: SecretStr(host.password))
        with closing(transport.session(host.target())) as session:
            session.run("#", Request(run="audit", calls=()), Deadline(30))
        said = [exchange.kind.value.title() for exchange in host.trace]
    assert said[-6:] == re.findall(r"^\| [4-9] \| \*\*(\w+)\*\*", text, re.MULTILINE)
    stream = Server()
    drive(talk(Auth.NTLM)[0].carry(b"<ask/>"), stream)
    shown = [
        line.partition(":")[0] for line in text.split("```http\n")[1].split("```")[0].split("\n")
    ]
    head = stream.sent[-1].partition(b"\r\n\r\n")[0].decode()
    assert [line.partition(":")[0] for line in head.split("\r\n")] == shown[:-1]
