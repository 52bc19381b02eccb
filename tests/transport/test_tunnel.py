"""Hosts behind an HTTP proxy: what passes it, and what is said when it does not."""

import socket
import threading
from contextlib import closing, suppress

import pytest
from pydantic import SecretStr

from remediate.lab.host import Spec
from remediate.lab.hosts import make_state
from remediate.lab.lab import Lab
from remediate.lab.server.tls import Tls
from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.powershell.messages import Call, Request
from remediate.transport import errors
from remediate.transport.protocol import Deadline
from remediate.transport.psrp import PsrpTransport
from remediate.transport.reach import certificate_of
from tests.listening import Listener
from tests.transport.scripted import HANG_UP, SILENCE, Scripted, ok

REQUEST = Request(
    run="audit",
    calls=(Call(id="a", function="Get-RemediateScheduledTask", arguments={"folder": "\\"}),),
)


class Forwarding(Listener):
    """A proxy as it is to be; keeps the heads that it was asked with, and what passed."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.passed = b""
        self._threads: list[threading.Thread] = []
        super().__init__(self._lead)
        self.address = f"127.0.0.1:{self.port}"

    def close(self) -> None:
        super().close()
        for thread in self._threads:
            thread.join(60)

    def _lead(self, client: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n") and (piece := client.recv(1)):
            head += piece
        self.heads.append(head)
        host, _, port = head.split()[1].decode().rpartition(":")
        there = socket.create_connection((host.strip("[]"), int(port)))
        self.open.append(there)
        client.sendall(b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n")
        for ends in ((client, there), (there, client)):
            self._threads.append(threading.Thread(target=self._pass, args=ends, daemon=True))
            self._threads[-1].start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self.passed += data
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("auth", [Auth.BASIC, Auth.NTLM])
def test_a_host_is_reached_through_its_proxy(address: str, auth: Auth) -> None:
    with (
        Lab([Spec(make_state(), address=address)], tls=Tls.VALID, auth=auth) as lab,
        Forwarding() as proxy,
    ):
        [host] = lab.hosts
        target = host.target().model_copy(update={"proxy": proxy.address})
        transport = PsrpTransport(lambda _: SecretStr(host.password))
        with closing(transport.session(target)) as session:
            session.run("#", REQUEST, Deadline(30))
        where = f"[{address}]" if ":" in address else address
        asked = f"CONNECT {where}:{host.port} HTTP/1.1\r\nHost: {where}:{host.port}\r\n\r\n"
        assert proxy.heads == [asked.encode()]
        assert b"Authorization" not in proxy.passed
        assert certificate_of(target, Deadline(30)).pin
        assert len(proxy.heads) == 2


REFUSALS = [
    (ok(b"", "403 Forbidden"), "answers HTTP 403", "port 443 only"),
    (ok(b"log on!", "407 Proxy Authentication Required"), "answers HTTP 407", "want a logon"),
    (ok(b"", "502 Bad Gateway"), "answers HTTP 502", "is that up?"),
    (ok(b"", "500 Oops"), "answers HTTP 500", "what that proxy allows"),
    (ok(b"more than was asked for"), "has no end", "what that proxy allows"),
    (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "that is not HTTP", "what that proxy allows"),
    (HANG_UP, "that is not HTTP", "what that proxy allows"),
    (SILENCE, "does not answer", "what that proxy allows"),
]


@pytest.mark.parametrize(("answer", "says", "hint"), REFUSALS, ids=[row[1] for row in REFUSALS])
def test_a_proxy_that_leads_nowhere_is_named(answer: bytes | None, says: str, hint: str) -> None:
    with Scripted(answer) as proxy:
        error = error_of(f"127.0.0.1:{proxy.port}", seconds=0.3 if answer is SILENCE else 30)
    assert type(error) is errors.ProxyFailed
    assert f"SRV01 cannot be reached through its proxy: 127.0.0.1:{proxy.port} " in str(error)
    assert says in error.detail
    assert hint in error.hint
    assert not error.after_send


def test_a_proxy_that_is_not_there_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for proxy in (f"127.0.0.1:{port}", "nowhere.invalid:3128"):
        error = error_of(proxy)
        assert type(error) is errors.ProxyFailed
        assert error.detail.startswith(f"{proxy} cannot be connected to (")


def error_of(proxy: str, seconds: float = 30) -> errors.TransportError:
    host = Host(name="SRV01", address="srv01.invalid", port=5986, tls=True, user="ada", proxy=proxy)
    transport = PsrpTransport(lambda _: SecretStr("x"), pause=lambda _: None, close_within=0.2)
    with closing(transport.session(host)) as session:
        try:
            session.run("#", REQUEST, Deadline(seconds))
        except errors.TransportError as error:
            return error
    raise AssertionError("it was to fail")
