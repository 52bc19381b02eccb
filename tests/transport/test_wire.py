"""The bounds of HTTP: no wait without end, no answer without end, nothing sent twice."""

import socket
import ssl
import threading
from itertools import count
from pathlib import Path

import pytest
import requests
from pydantic import SecretStr
from pytest_mock import MockerFixture
from requests import sessions

from remediate.errors import RemediateError
from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.transport import errors
from remediate.transport.cause import Known
from remediate.transport.classify import classify
from remediate.transport.dialing import Dialer
from remediate.transport.gate import Gate, Turn
from remediate.transport.kerberos import Tickets
from remediate.transport.lean.client import LeanClient
from remediate.transport.protocol import Deadline
from remediate.transport.stream import SocketStream, drive
from remediate.transport.watch import (
    NotOfferedError,
    OutOfTimeError,
    RedirectedError,
    TooMuchError,
    UnsealedError,
    Watch,
)
from remediate.transport.wsman import Http
from tests.transport.scripted import HANG_UP, SILENCE, Scripted, ok


class OnLean:
    """Our wire, as pypsrp's is used."""

    def __init__(
        self,
        host: Host,
        secret: SecretStr,
        watch: Watch,
        tls: ssl.SSLContext | None,
        tickets: Tickets,
        dialer: Dialer,
    ) -> None:
        self._client = LeanClient(host, secret, watch, tickets)
        self._stream = SocketStream(host, dialer, tls)

    def send(self, message: bytes) -> bytes:
        return drive(self._client.carry(message, bytes), self._stream)

    def reset(self) -> None:
        drive(self._client.reset(), self._stream)


WIRES: dict[str, type[Http | OnLean]] = {"pypsrp": Http, "lean": OnLean}
AWAY = Host(name="away", address="192.0.2.1", port=5985, user="ada")
CANARY = "c4nary-Päss€wörd"


@pytest.fixture(params=WIRES)
def wire(request: pytest.FixtureRequest) -> type[Http | OnLean]:
    """Each of the two."""
    return WIRES[request.param]


def client(
    wire: type[Http | OnLean], server: Scripted, seconds: float = 20, auth: Auth = Auth.BASIC
) -> tuple[Http | OnLean, Watch]:
    watch = Watch(Deadline(seconds), budget=1_000_000)
    host = Host(name="h", address="127.0.0.1", port=server.port, auth=auth, user="üser")
    return wire(host, SecretStr(CANARY), watch, None, Tickets(), Dialer()), watch


def meaning(error: BaseException, watch: Watch) -> type[errors.TransportError]:
    return type(classify(error, "h", Known(heard=watch.heard, accepted=watch.accepted)))


def test_a_password_of_any_characters_is_sent_as_utf_8(wire: type[Http | OnLean]) -> None:
    import base64

    with Scripted(ok()) as server:
        http, _ = client(wire, server)
        assert http.send(b"<m/>") == b"<a/>"
        http.reset()
    expected = base64.b64encode(f"üser:{CANARY}".encode())
    assert b"Authorization: Basic " + expected in server.requests[0]


def test_an_idle_connection_that_was_closed_is_replaced_before_anything_is_sent(
    wire: type[Http | OnLean],
) -> None:
    with Scripted(ok(), ok(b"<b/>")) as server:
        http, watch = client(wire, server)
        http.send(b"<m/>")
        server.open[0].shutdown(2)
        watch.sent = False
        assert http.send(b"<m/>") == b"<b/>"
        http.reset()
    assert len(server.requests) == 2
    assert server.connections == 2


def test_a_host_that_hangs_up_while_others_have_their_turn_is_connected_to_anew(
    wire: type[Http | OnLean],
) -> None:
    with Scripted(ok()) as server:
        http, watch = client(wire, server)
        talk, accepted = server.serve, threading.Event()

        def answer(connection: socket.socket) -> None:
            accepted.set()
            talk(connection)

        class Slow(Turn):
            def take_at_once(self) -> bool:
                return False

            def take(self, deadline: Deadline) -> bool:
                accepted.wait(20)
                server.open[0].shutdown(socket.SHUT_RDWR)
                return not super().take(deadline)

        server.serve = answer
        gate = Gate()
        watch.turn = Slow(gate, AWAY, gate.turn(AWAY, SecretStr("x"))._standing)
        assert http.send(b"<m/>") == b"<a/>"
        http.reset()
    assert server.connections == 2
    assert len(server.requests) == 1


@pytest.mark.parametrize("auth", [Auth.BASIC, Auth.NTLM])
def test_a_message_is_not_repeated_when_its_answer_is_lost(
    wire: type[Http | OnLean], auth: Auth
) -> None:
    with Scripted(HANG_UP) as server:
        http, watch = client(wire, server, auth=auth)
        with pytest.raises(OSError) as caught:  # noqa: PT011 - what it means is looked at
            http.send(b"<m/>")
        http.reset()
    assert len(server.requests) == 1
    assert meaning(caught.value, watch) is errors.ConnectionLost
    assert watch.sent is (auth is Auth.BASIC)  # an empty logon is no message


def test_silence_ends_with_patience_and_is_not_repeated(wire: type[Http | OnLean]) -> None:
    """pypsrp alone repeats a Receive five times."""
    with Scripted(SILENCE) as server:
        http, watch = client(wire, server)
        watch.patience = 0.05
        with pytest.raises(OSError) as caught:  # noqa: PT011 - what it means is looked at
            http.send(b"<m/>", **({"retries_on_read_timeout": 5} if wire is Http else {}))
        http.reset()
    assert len(server.requests) == 1
    assert meaning(caught.value, watch) is errors.TimedOut


@pytest.mark.parametrize(
    ("start", "then"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"),
    ],
    ids=["head", "body"],
)
def test_an_answer_without_end_ends_with_the_deadline(
    wire: type[Http | OnLean], start: bytes, then: bytes
) -> None:
    """Each piece comes in time, the whole never would."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(then)

    ticks = count()
    with Scripted() as server:
        server.serve = talk
        http, watch = client(wire, server)
        watch.budget = 10**9
        watch.deadline = Deadline(10, lambda: next(ticks))
        with pytest.raises(OSError) as caught:  # noqa: PT011 - what it means is looked at
            http.send(b"<m/>")
        http.reset()
    assert meaning(caught.value, watch) is errors.TimedOut


def test_after_the_deadline_nothing_is_sent(wire: type[Http | OnLean]) -> None:
    with Scripted(ok()) as server:
        http, watch = client(wire, server, seconds=0)
        with pytest.raises(OutOfTimeError):
            http.send(b"<m/>")
    assert server.requests == []
    assert not watch.sent


def test_an_answer_without_end_is_cut_off(wire: type[Http | OnLean]) -> None:
    with Scripted(ok(b"x" * 3_000_000)) as server:
        http, _ = client(wire, server)
        with pytest.raises(TooMuchError):
            http.send(b"<m/>")
        http.reset()


def test_a_redirect_is_not_followed(wire: type[Http | OnLean]) -> None:
    there = ok(b"", "307 Temporary Redirect", "Location: http://127.0.0.1:1/")
    with Scripted(there) as server:
        http, _ = client(wire, server)
        with pytest.raises((requests.TooManyRedirects, RedirectedError)) as caught:
            http.send(b"<m/>")
        http.reset()
    assert "another address" in classify(caught.value, "h").detail
    assert len(server.requests) == 1


def test_a_wrong_password_is_tried_once(wire: type[Http | OnLean]) -> None:
    offers = 'WWW-Authenticate: Negotiate, Basic realm="WSMAN"'
    with Scripted(ok(b"", "401 Unauthorized", offers)) as server:
        http, watch = client(wire, server)
        with pytest.raises(Exception) as caught:  # noqa: PT011 - what it means is looked at
            http.send(b"<m/>")
        http.reset()
    assert meaning(caught.value, watch) is errors.AuthenticationFailed
    assert len(server.requests) == 1
    assert watch.refused
    assert not watch.accepted


@pytest.mark.parametrize("auth", [Auth.BASIC, Auth.NTLM])
def test_a_method_that_is_not_offered_is_no_wrong_password(
    wire: type[Http | OnLean], auth: Auth
) -> None:
    offers = "Kerberos" if auth is Auth.NTLM else "Negotiate"
    with Scripted(ok(b"", "401 Unauthorized", f"WWW-Authenticate: {offers}")) as server:
        http, watch = client(wire, server, auth=auth)
        with pytest.raises(NotOfferedError):
            http.send(b"<m/>")
        http.reset()
    assert len(server.requests) == 1
    assert not watch.refused


@pytest.mark.parametrize(
    ("wire", "auth"), [(Http, Auth.BASIC), (Http, Auth.NTLM), (OnLean, Auth.BASIC)]
)
def test_a_401_in_a_conversation_starts_no_second_logon(
    wire: type[Http | OnLean], auth: Auth
) -> None:
    """pypsrp would log on again, and repeat a message encrypted for the old logon."""
    refused = ok(b"", "401 Unauthorized", "WWW-Authenticate: Negotiate, NTLM")
    with Scripted(ok(), refused) as server:
        http, watch = client(wire, server, auth=auth)
        if isinstance(http, Http):
            http.wrap_required = False
        http.send(b"<m/>")
        with pytest.raises(RemediateError) as caught:
            http.send(b"<m/>")
        http.reset()
    assert meaning(caught.value, watch) is errors.AuthenticationFailed
    assert len(server.requests) == 2


def test_the_environment_is_not_asked(
    wire: type[Http | OnLean],
    monkeypatch: pytest.MonkeyPatch,
    mocker: MockerFixture,
    tmp_path: Path,
) -> None:
    asked = mocker.spy(sessions, "get_netrc_auth")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    with Scripted(ok()) as server:
        http, _ = client(wire, server, auth=Auth.NTLM)
        if isinstance(http, Http):
            http.wrap_required = False
            assert http.send(b"<m/>") == b"<a/>"
            assert http.session is not None
            assert http.session.verify is True
        else:
            with pytest.raises(UnsealedError):  # let in without a logon
                http.send(b"<m/>")
        http.reset()
    assert b"Authorization" not in server.requests[0]
    asked.assert_not_called()
