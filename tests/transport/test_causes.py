"""Something is wrong between us and a host: one cause, one sentence."""

import socket
import ssl
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
from remediate.lab.server.tls import Tls
from remediate.model.certificate import in_words
from remediate.model.connection import Auth
from remediate.transport import errors, tls
from remediate.transport.protocol import Deadline
from remediate.transport.psrp import PsrpTransport
from remediate.transport.reach import certificate_of
from tests.transport.scripted import SILENCE, Scripted, ok
from tests.transport.visits import REQUEST, at, error_of, visit


@pytest.fixture
def make_lab() -> Iterator[Callable[..., Lab]]:
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(Lab(**options))


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
