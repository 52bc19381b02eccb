"""Clients that are slow, half gone, oversized or confused harm nobody else."""

import base64
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from remediate.lab.engines.path import HOW_TO_GET_ONE, find_pwsh
from remediate.lab.engines.powershell import PowerShellEngine
from remediate.lab.host import LabHost
from remediate.lab.lab import Lab
from remediate.lab.server.http import MAX_BODY, Limits

Make = Callable[..., Any]
"""A fixture that makes something; see conftest."""

Connect = Callable[[LabHost], socket.socket]


@pytest.fixture
def plain(stack: contextlib.ExitStack) -> Connect:
    def connect(host: LabHost) -> socket.socket:
        return stack.enter_context(socket.create_connection((host.address, host.port), timeout=60))

    return connect


def answer(connection: socket.socket) -> bytes:
    """Everything that comes until the server has enough."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while data := connection.recv(65536):
            received += data
    return received


IMPATIENT = Limits(idle=0.2, request=0.2, write=0.2)


@pytest.fixture(scope="module")
def real_engine() -> Iterator[Lab]:
    """A host with a real PowerShell behind it; one for all tests, since it starts slowly."""
    with Lab(limits=IMPATIENT, engine=PowerShellEngine(ready=1)) as lab:
        yield lab


@pytest.fixture(
    params=[
        "simulated",
        pytest.param(
            "powershell",
            marks=[
                pytest.mark.powershell,
                pytest.mark.slow,
                pytest.mark.skipif(find_pwsh() is None, reason=f"no engine: {HOW_TO_GET_ONE}"),
            ],
        ),
    ]
)
def usable(request: pytest.FixtureRequest, make_lab: Make, run: Make) -> Iterator[Any]:
    """A host with little patience; afterwards others are still served, and nothing is left."""
    if request.param == "simulated":
        lab = make_lab(limits=IMPATIENT)
    else:
        lab = request.getfixturevalue("real_engine")
    yield lab.hosts[0]
    assert run(lab.hosts[0], "'hi'")[0].output == ["hi"]
    assert not lab.hosts[0].leaks()


REFUSED_AT_ONCE = pytest.mark.parametrize("usable", ["simulated"], indirect=True)
"""Before any engine could hear of it: the tests of clients that go away are about both."""


@REFUSED_AT_ONCE
@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"GET /wsman HTTP/1.1\r\n\r\n", 405),
        (b"POST / HTTP/1.1\r\n\r\n", 404),
        (b"POST /wsman HTTP/2.0\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"POST /wsman HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST /wsman HTTP/1.1\r\nA: 1\r\nA: 2\r\n\r\n", 400),
        (b"POST /wsman HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /wsman HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n", 400),
        (b"POST /wsman HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1), 413),
        (b"POST /wsman HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        (b"POST /wsman HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (b"x" * 40_000, 431),
    ],
)
def test_a_request_that_is_no_request_is_refused(
    usable: LabHost, plain: Connect, text: bytes, status: int
) -> None:
    connection = plain(usable)
    connection.sendall(text)
    assert answer(connection).startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize(
    "text", [b"", b"POST /ws", b"POST /wsman HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"]
)
def test_a_client_that_never_ends_its_request_is_cut_off(
    usable: LabHost, plain: Connect, text: bytes
) -> None:
    connection = plain(usable)
    connection.sendall(text)
    assert answer(connection) == b""


def test_a_client_that_goes_in_the_middle_is_forgotten(usable: LabHost, plain: Connect) -> None:
    connection = plain(usable)
    connection.sendall(b"POST /wsman HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc")
    connection.shutdown(socket.SHUT_WR)
    assert answer(connection) == b""


def test_a_flood_is_not_read_any_further_than_one_request(usable: LabHost, plain: Connect) -> None:
    connection = plain(usable)
    with contextlib.suppress(OSError):
        for _ in range(64):
            connection.sendall(b"POST /wsman HTTP/1.1\r\nContent-Length: 99999\r\n\r\n" * 4096)
    assert len(answer(connection)) < 100_000


def test_requests_in_one_packet_are_answered_in_order(usable: LabHost, plain: Connect) -> None:
    connection = plain(usable)
    head = b"POST /wsman HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
    connection.sendall(head * 3)
    assert answer(connection).count(b"HTTP/1.1 401 ") == 3


@REFUSED_AT_ONCE
@pytest.mark.parametrize(
    "credentials",
    [
        "",
        "Basic",
        "Basic %%%",
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "Negotiate",
        "Negotiate %%%",
        "Negotiate AAAA",
        "Negotiate TlRMTVNTUAADAAAA",
        "Digest x=y",
        "NTLM " + "A" * 8000,
    ],
)
def test_credentials_that_are_none_are_a_401(
    usable: LabHost, plain: Connect, credentials: str
) -> None:
    connection = plain(usable)
    connection.sendall(
        f"POST /wsman HTTP/1.1\r\nAuthorization: {credentials}\r\nContent-Length: 0\r\n"
        "Connection: close\r\n\r\n".encode()
    )
    received = answer(connection)
    assert received.startswith(b"HTTP/1.1 401 ")
    assert b"WWW-Authenticate: Negotiate\r\n" in received
    assert b'WWW-Authenticate: Basic realm="WSMAN"\r\n' in received


def test_a_body_encrypted_by_nobody_is_an_error(usable: LabHost, raw: Make) -> None:
    kind = 'multipart/encrypted;protocol="x";boundary="Encrypted Boundary"'
    answered = raw(usable).post(b"--Encrypted Boundary\r\n", **{"Content-Type": kind})
    assert (answered.status, answered.body) == (500, b"")


def test_more_connections_than_allowed_are_dropped(
    usable: LabHost, plain: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remediate.lab.lab.MAX_CONNECTIONS", 2)
    connections = [plain(usable) for _ in range(4)]
    assert [answer(connection) for connection in connections] == [b""] * 4
