"""Somebody on the network: what he does, and what happens.

He may answer in place of a host, sit between it and us, or read what passes. He has no password.
"""

import gzip
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from remediate.lab.lab import Lab
from remediate.lab.server.faults import Step
from remediate.lab.server.soap import WSManFault
from remediate.lab.server.tls import Tls
from remediate.model.connection import Auth
from remediate.transport import errors
from remediate.transport.protocol import Deadline
from remediate.transport.psrp import PsrpTransport
from remediate.transport.watch import MAX_ANSWER
from tests.security.between import Between
from tests.transport.scripted import Scripted, ok
from tests.transport.visits import REQUEST, at, error_of

STRANGER = "Call 555-0100 to unlock"
MEGABYTES = 3_000_000


@pytest.fixture
def make_lab() -> Iterator[Callable[..., Lab]]:
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(Lab(**options))


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
