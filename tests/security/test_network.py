"""Somebody on the network: what he does, and what happens.

He may answer in place of a host, sit between it and us, or read what passes. He has no password.
"""

import gzip
import socket
import ssl
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from remediate.lab.lab import Lab
from remediate.lab.server.faults import Step
from remediate.lab.server.soap import WSManFault
from remediate.lab.server.tls import Tls
from remediate.model.certificate import in_words
from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.powershell.messages import Call, Request
from remediate.transport import errors, tls
from remediate.transport.protocol import Deadline
from remediate.transport.psrp import PsrpTransport
from remediate.transport.reach import certificate_of
from remediate.transport.watch import MAX_ANSWER
from tests.security.between import Between
from tests.transport.scripted import SILENCE, Scripted, ok

REQUEST = Request(
    run="audit",
    calls=(Call(id="a", function="Get-RemediateScheduledTask", arguments={"folder": "\\"}),),
)
STRANGER = "Call 555-0100 to unlock"
MEGABYTES = 3_000_000
WRONG = "not-it"


@pytest.fixture
def make_lab() -> Iterator[Callable[..., Lab]]:
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(Lab(**options))


def at(port: int, auth: Auth = Auth.BASIC, **changes: object) -> Host:
    values = {"name": "SRV01", "address": "127.0.0.1", "port": port, "auth": auth, "user": "ada"}
    return Host.model_validate(values | changes)


def error_of(host: Host, password: str = WRONG, seconds: float = 30) -> errors.TransportError:
    """What a visit to a host ends with."""
    secret = SecretStr(password)
    transport = PsrpTransport(lambda _: secret, pause=lambda _: None, close_within=0.5)
    with closing(transport.session(host)) as session:
        try:
            session.run("#", REQUEST, Deadline(seconds))
        except errors.TransportError as error:
            return error
    raise AssertionError("it was to fail")


def visit(host: Host, password: str) -> None:
    """One that succeeds."""
    transport = PsrpTransport(lambda _: SecretStr(password))
    with closing(transport.session(host)) as session:
        session.run("#", REQUEST, Deadline(30))


# --- he sends little that would become much -------------------------------------------------------


STATUS = ["200 OK", "401 Unauthorized", "500 Internal Server Error"]
PACKED = [
    "Content-Encoding: gzip",
    "Content-Encoding: x-gzip",
    "Content-Encoding: deflate",
    "Content-Encoding: br",
    "Content-Encoding: zstd",
    "Content-Encoding: GZIP, gzip",
    "Content-Encoding: identity\r\nContent-Encoding: gzip",
    "Content-Encoding: whatever",
    "Transfer-Encoding: gzip",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip",
]


@pytest.mark.parametrize("auth", [Auth.BASIC, Auth.NEGOTIATE])
@pytest.mark.parametrize("packing", PACKED)
@pytest.mark.parametrize("status", STATUS)
def test_an_answer_that_would_have_to_be_unpacked_is_not_read(
    status: str, packing: str, auth: Auth
) -> None:
    """Only its head is sent, so whoever waits for the rest waits until the time is up."""
    head = f"HTTP/1.1 {status}\r\nWWW-Authenticate: Negotiate, Basic\r\n{packing}\r\n"
    head += "" if "Transfer" in packing else f"Content-Length: {MEGABYTES}\r\n"
    with Scripted(*[f"{head}\r\n".encode()] * 3) as server:
        error = error_of(at(server.port, auth))
    assert type(error) is errors.ProtocolError
    assert "packed" in error.detail
    if status.startswith("401"):  # and so was the password, if one was sent
        assert len(server.requests) == 1


@pytest.mark.parametrize("packing", ["Content-Encoding: identity", "Transfer-Encoding: chunked"])
def test_what_is_not_packed_is_read(packing: str) -> None:
    body = b"4\r\n<a/>\r\n0\r\n\r\n" if "chunked" in packing else b"<a/>"
    length = "" if "chunked" in packing else f"Content-Length: {len(body)}\r\n"
    with Scripted(f"HTTP/1.1 200 OK\r\n{packing}\r\n{length}\r\n".encode() + body) as server:
        error = error_of(at(server.port))
    assert "not asked" in error.detail  # it was XML, and no answer to our message


@pytest.mark.parametrize("auth", [Auth.BASIC, Auth.NEGOTIATE])
@pytest.mark.parametrize("status", STATUS)
def test_three_megabytes_of_packed_zeros_take_no_memory(status: str, auth: Auth) -> None:
    bomb = gzip.compress(zlib.compress(bytes(50_000_000), 9))
    answer = ok(bomb, status, "Content-Encoding: deflate, gzip", "WWW-Authenticate: Negotiate")
    with Scripted(*[answer] * 3) as server:
        error_of(at(server.port, auth))  # what is imported late is imported now
    tracemalloc.start()
    try:
        with Scripted(*[answer] * 3) as server:
            error = error_of(at(server.port, auth))
        assert tracemalloc.get_traced_memory()[1] < 4 * MAX_ANSWER
    finally:
        tracemalloc.stop()
    assert "packed" in error.detail


ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 9}">' for n in range(1, 9))
LAUGHS = f'<!DOCTYPE a [<!ENTITY e0 "ha ha ha">{ENTITIES}]><a>&e8;</a>'
TAGS = f"<a>{'<b/>' * 100_000}</a>"


@pytest.mark.parametrize("status", ["200 OK", "500 Internal Server Error"])
@pytest.mark.parametrize("body", [LAUGHS, TAGS], ids=["entities", "elements"])
def test_xml_that_grows_in_reading_is_not_read(body: str, status: str) -> None:
    with Scripted(*[ok(body.encode(), status)] * 2) as server:
        error = error_of(at(server.port))
    assert type(error) is errors.ProtocolError
    assert "would grow" in error.detail


@pytest.mark.parametrize("status", STATUS)
def test_one_answer_is_no_longer_than_we_ask_for(status: str) -> None:
    with Scripted(*[ok(b"x" * (MAX_ANSWER + 1), status)] * 2) as server:
        error = error_of(at(server.port))
    assert type(error) is errors.ProtocolError
    assert "more than a reply can be" in error.detail


# --- he answers in the clear where messages are sealed --------------------------------------------


def forged(code: int, status: str = "500 Internal Server Error") -> bytes:
    fault = WSManFault(code, STRANGER).envelope("SRV01")
    return ok(fault, status, "Content-Type: application/soap+xml;charset=UTF-8")


FORGED = {
    "access denied": forged(5),
    "logon failure": forged(1326),
    "quota": forged(2150859174),
    "nothing yet": forged(2150858793),
    "a fault with 200": forged(5, "200 OK"),
    "a fault with 403": forged(5, "403 Forbidden"),
    "403": ok(STRANGER.encode(), "403 Forbidden"),
    "401": ok(b"", "401 Unauthorized", "WWW-Authenticate: Negotiate"),
    "503": ok(STRANGER.encode(), "503 Service Unavailable"),
    "a page": ok(STRANGER.encode(), "200 OK", "Content-Type: text/html"),
    "nothing": ok(b"", "200 OK"),
    "sealed, it says": ok(
        b"",
        "403 Forbidden",
        'Content-Type: multipart/encrypted;protocol="x";boundary="Encrypted Boundary"',
    ),
    "sealed by nobody": ok(
        b"--Encrypted Boundary\r\n\tLength=4\r\n--Encrypted Boundary\r\n"
        b"\tContent-Type: application/octet-stream\r\n\x10\x00\x00\x00" + bytes(40),
        "200 OK",
        'Content-Type: multipart/encrypted;protocol="x";boundary="Encrypted Boundary"',
    ),
}
SENT = {4: False, 5: False, 6: False, 7: True, 8: True}
"""By the number of the answer, from the Create on: whether the script may have begun."""


@pytest.mark.parametrize("auth", [Auth.NTLM, pytest.param(Auth.NEGOTIATE, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("answer", "nth"),
    [
        (answer, nth)
        for answer in FORGED
        for nth in SENT
        if answer != "503" or nth in {4, 7}  # after it a Receive is asked again
    ],
)
def test_after_the_logon_only_what_the_host_has_sealed_counts(
    make_lab: Callable[..., Lab], answer: str, nth: int, auth: Auth
) -> None:
    host = make_lab(auth=auth).hosts[0]
    with Between(host, lambda n, real: FORGED[answer] if n >= nth else real) as stranger:
        error = error_of(at(stranger.port, auth, user=host.user), host.password)
    assert type(error) is errors.ProtocolError
    assert "somebody in between" in error.detail
    assert STRANGER not in f"{error} {error.hint}"
    assert error.after_send is SENT[nth]


def test_one_changed_byte_breaks_the_seal(make_lab: Callable[..., Lab]) -> None:
    host = make_lab(auth=Auth.NTLM).hosts[0]

    def change(n: int, real: bytes) -> bytes:
        return real[:-40] + bytes([real[-40] ^ 1]) + real[-39:] if n == 8 else real

    with Between(host, change) as stranger:
        error = error_of(at(stranger.port, Auth.NTLM, user=host.user), host.password)
    assert "somebody in between" in error.detail
    assert error.after_send


def test_what_the_host_has_sealed_itself_is_still_believed(make_lab: Callable[..., Lab]) -> None:
    host = make_lab(auth=Auth.NTLM).hosts[0]
    transport = PsrpTransport(lambda _: SecretStr(host.password))
    with Between(host, lambda _, real: real) as stranger:
        target = at(stranger.port, Auth.NTLM, user=host.user)
        with closing(transport.session(target)) as session:
            session.run("#", REQUEST, Deadline(30))
    assert host.counters[Step.COMMAND] == 1


@pytest.mark.parametrize("answer", ["access denied", "a fault with 200", "403", "503"])
def test_before_the_logon_no_word_of_his_is_repeated(answer: str) -> None:
    with Scripted(FORGED[answer]) as server:
        error = error_of(at(server.port, Auth.NTLM))
    assert STRANGER not in f"{error} {error.hint}"
    assert not error.after_send


def test_whoever_lets_us_in_without_a_logon_is_not_believed() -> None:
    with Scripted(ok(b"", "200 OK")) as server:
        error = error_of(at(server.port, Auth.NTLM))
    assert type(error) is errors.ProtocolError
    assert "somebody in between" in error.detail


# --- he reads what passes, or has read it before --------------------------------------------------


@pytest.mark.parametrize("auth", [Auth.BASIC, Auth.CERTIFICATE])
def test_no_key_of_tls_is_written_down(
    make_lab: Callable[..., Lab], auth: Auth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "keys"
    host = make_lab(tls=Tls.VALID, auth=auth).hosts[0]
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    transport = PsrpTransport(lambda _: SecretStr(host.password))
    with closing(transport.session(host.target())) as session:
        session.run("#", REQUEST, Deadline(30))
    assert not keys.exists()


def test_no_weaker_ntlm_is_spoken_whatever_the_environment_says(
    make_lab: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = make_lab(auth=Auth.NTLM).hosts[0]
    monkeypatch.setenv("LM_COMPAT_LEVEL", "no number, so whoever reads it fails")
    transport = PsrpTransport(lambda _: SecretStr(host.password))
    with closing(transport.session(host.target())) as session:
        session.run("#", REQUEST, Deadline(30))


# --- it is no attacker, but something is wrong: one cause, one sentence ---------------------------


class Served:
    """A server that speaks TLS as it is told, and nothing after it."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context

    def __call__(self, connection: socket.socket) -> None:
        with self.context.wrap_socket(connection, server_side=True) as sock:
            sock.recv(1)


def test_a_host_with_an_older_tls_is_told_as_such(tmp_path: Path) -> None:
    ca, issuing, leaf = chain(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.options &= ~(ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1)
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.load_cert_chain(leaf)
    del issuing
    with Scripted() as server:
        server.serve = Served(context)
        error = error_of(at(server.port, tls=True, ca_file=ca))
    assert type(error) is errors.TlsTooOld
    assert "Enable TLS 1.2 there" in error.hint


@pytest.mark.parametrize("which", ["root", "issuing"])
def test_an_authority_may_be_given_below_its_root(tmp_path: Path, which: str) -> None:
    """Goes through on every Python; it is TLS that succeeds, and what follows that fails."""
    root, issuing, leaf = chain(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf)
    with Scripted() as server:
        server.serve = Served(context)
        error = error_of(
            at(server.port, tls=True, ca_file={"root": root, "issuing": issuing}[which])
        )
    assert not isinstance(error, errors.TlsUntrusted)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (Tls.EXPIRED, "it has expired"),
        (Tls.WRONG_NAME, "it was not made for this address"),
        (Tls.UNKNOWN_AUTHORITY, "its authority is not known here"),
        (Tls.NOT_YET_VALID, "it is not valid yet"),
        (Tls.SELF_SIGNED, "it is signed by itself"),
        (Tls.WEAK_KEY, "its key is too short"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_said(
    make_lab: Callable[..., Lab], kind: Tls, says: str
) -> None:
    """And whose it is and how long, and its pin where that would help."""
    host = make_lab(tls=kind).hosts[0]
    error = error_of(host.target(), host.password)
    shown = certificate_of(host.target(), Deadline(30))
    assert error.detail == f"{says} ({in_words(shown)})"
    helps = kind not in {Tls.EXPIRED, Tls.NOT_YET_VALID, Tls.WEAK_KEY}
    assert (f"--tls-pin {shown.pin}." in error.hint) is helps
    assert host.requests == 0


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (Tls.VALID, None),
        (Tls.WRONG_NAME, None),
        (Tls.UNKNOWN_AUTHORITY, None),
        (Tls.SELF_SIGNED, None),
        (Tls.EXPIRED, "it has expired"),
        (Tls.NOT_YET_VALID, "it is not valid yet"),
        (Tls.WEAK_KEY, "its key is too short"),
    ],
)
def test_a_pin_is_for_one_certificate_whoever_signed_it(
    make_lab: Callable[..., Lab], kind: Tls, says: str | None
) -> None:
    host = make_lab(tls=kind).hosts[0]
    open_ = host.target().model_copy(update={"ca_file": None})
    pin = certificate_of(open_, Deadline(30)).pin
    other = pin[:-1] + ("1" if pin.endswith("0") else "0")
    refused = error_of(open_.model_copy(update={"tls_pin": other}), host.password)
    assert refused.detail.startswith("it is not the one that is pinned (")
    assert f"--tls-pin {pin}." in refused.hint
    assert host.requests == 0
    pinned = open_.model_copy(update={"tls_pin": pin})
    if says is None:
        visit(pinned, host.password)
    else:
        assert error_of(pinned, host.password).detail.startswith(f"{says} (")
        assert host.requests == 0


@pytest.mark.parametrize("own_store", [False, True], ids=["OpenSSL", "Windows and macOS"])
def test_whom_this_machine_trusts_is_trusted_and_nobody_else(
    make_lab: Callable[..., Lab], own_store: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = make_lab(tls=Tls.VALID).hosts[0]
    target = host.target().model_copy(update={"ca_file": None})
    monkeypatch.setattr(tls, "_OWN_STORE", own_store)
    error = error_of(target, host.password)
    assert type(error) is errors.TlsUntrusted
    assert certificate_of(target, Deadline(30)).pin in error.hint
    monkeypatch.setenv("SSL_CERT_FILE", str(host.ca_file))
    visit(target, host.password)


@pytest.mark.parametrize("said", ["ca_file", "tls_pin", "nothing"])
def test_the_http_library_adds_no_authority_of_its_own(
    make_lab: Callable[..., Lab], said: str
) -> None:
    host = make_lab(tls=Tls.VALID).hosts[0]
    target = host.target()
    pin = certificate_of(target, Deadline(30)).pin
    how = {
        "ca_file": {},
        "tls_pin": {"tls_pin": pin, "ca_file": None},
        "nothing": {"ca_file": None},
    }
    target = target.model_copy(update=how[said])
    transport = PsrpTransport(lambda _: SecretStr(host.password))
    context = transport.clients._tls.of(target)
    assert context is not None
    before = context.cert_store_stats()
    with closing(transport.session(target)) as session, suppress(errors.TlsUntrusted):
        session.run("#", REQUEST, Deadline(30))
    assert transport.clients._tls.of(target) is context
    assert context.cert_store_stats() == before
    assert (before["x509"] > 1) is (said == "nothing")


def test_a_port_that_wants_tls_is_told_as_such(make_lab: Callable[..., Lab]) -> None:
    host = make_lab(tls=Tls.VALID).hosts[0]
    for auth in (Auth.BASIC, Auth.NTLM):
        error = error_of(at(host.port, auth))
        assert "--tls" in error.hint, repr(error)


@pytest.mark.parametrize("bytes_", [b"\x15\x03\x01\x00\x02\x02\x46", b""], ids=["alert", "hang up"])
def test_a_tls_server_that_is_spoken_to_without(bytes_: bytes) -> None:
    with Scripted(bytes_ and bytes_ + b"X-Then: close") as server:
        error = error_of(at(server.port, Auth.NTLM))
    assert "--tls" in error.hint


@pytest.mark.parametrize(
    ("answer", "kind", "says", "hint"),
    [
        (
            ok(b"<p>too large</p>", "413 Request Entity Too Large", "Content-Type: text/html"),
            errors.MessageTooLarge,
            "HTTP 413",
            "MaxEnvelopeSizekb",
        ),
        (
            ok(b"<html><body/></html>", "200 OK", "Content-Type: text/html; charset=utf-8"),
            errors.ProtocolError,
            "with a page, not with WS-Management",
            "another service",
        ),
        (
            ok(b"<html><body/></html>", "503 Busy", "Content-Type: text/html"),
            errors.QuotaExceeded,
            "HTTP 503",
            "other sessions",
        ),
    ],
)
def test_what_is_no_ws_management_is_told_by_its_number(
    answer: bytes, kind: type[errors.TransportError], says: str, hint: str
) -> None:
    with Scripted(*[answer] * 3) as server:
        error = error_of(at(server.port))
    assert type(error) is kind
    assert says in error.detail
    assert hint in error.hint


def test_a_certificate_that_no_account_is_mapped_to(make_lab: Callable[..., Lab]) -> None:
    host = make_lab(tls=Tls.VALID, auth=Auth.CERTIFICATE, allow=[Auth.BASIC]).hosts[0]
    error = error_of(host.target())
    assert type(error) is errors.CertificateRefused
    assert "mapped to an account there" in error.hint


def test_silence_is_still_silence() -> None:
    with Scripted(SILENCE) as server:
        assert type(error_of(at(server.port), seconds=0.3)) is errors.TimedOut


def chain(folder: Path) -> tuple[Path, Path, Path]:
    """Files of a root, of an authority below it, and of a server's key and chain."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
        for text in ("root", "issuing", "leaf")
    ]
    now = datetime.now(UTC)
    made = []
    for number, (key, name) in enumerate(zip(keys, names, strict=True)):
        above = max(0, number - 1)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(names[above])
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=number < 2, path_length=None), critical=True)
        )
        if number == 2:
            address = x509.IPAddress(ip_address("127.0.0.1"))
            builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        made.append(builder.sign(keys[above], hashes.SHA256()))
    pem = [each.public_bytes(serialization.Encoding.PEM) for each in made]
    secret = keys[2].private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    files = {"root": pem[0], "issuing": pem[1], "leaf": secret + pem[2] + pem[1]}
    for name_, data in files.items():
        (folder / name_).touch(mode=0o600)
        (folder / name_).write_bytes(data)
    return folder / "root", folder / "issuing", folder / "leaf"
