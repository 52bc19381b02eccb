"""HTTP under WS-Management: every wait and every answer is bounded, nothing goes out twice.

requests alone bounds neither: its timeouts are for each piece of an answer, however many there
are, and it takes answers of any size and unpacks them. So the bounds are where bytes are read
from the socket, and what would have to be unpacked is not read at all.
"""

import http.client
import io
import socket
import ssl
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import requests
from pypsrp.negotiate import HTTPNegotiateAuth
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from remediate.transport.logon import Logon
from remediate.transport.protocol import CONNECT_SECONDS
from remediate.transport.watch import (
    MAX_ANSWER,
    SERVED,
    UNAUTHORISED,
    LoggedOutError,
    NotOfferedError,
    OutOfTimeError,
    PackedError,
    StaleConnectionError,
    TooMuchError,
    Watch,
    is_proof,
    offered,
    words,
)

_BUFFER: Final = 64 * 1024


class Wire(HTTPAdapter):
    """Sends one HTTP request at a time over one connection, within the bounds of a watch.

    Args:
        watch: the bounds.
        connect: gives a connection to the host within seconds.
        methods: names of the ways to log on that the client knows, in small letters.
        tls: how TLS is spoken; None for plain HTTP.
    """

    def __init__(
        self,
        watch: Watch,
        connect: Callable[[float], socket.socket],
        methods: frozenset[str],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._watch = watch
        self._connect = connect
        self._methods = methods
        self._tls = tls
        self._message = False
        self._answer: requests.Response | None = None
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - requests' own
        """Make pools whose connections we watch."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_pool, HTTPConnectionPool, partial(_Http, self)),
            "https": partial(_pool, HTTPSConnectionPool, partial(_Https, self)),
        }

    def build_connection_pool_key_attributes(
        self,
        request: requests.PreparedRequest,
        verify: Any,  # noqa: ANN401 - requests' own
        cert: Any = None,  # noqa: ANN401 - requests' own
    ) -> Any:  # noqa: ANN401 - requests' own
        """Where to connect to, with our own TLS in place of what requests would make."""
        where, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return where, {"ssl_context": self._tls} if self._tls else {}

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - requests' own
        """Leave the connection alone: the certificates are in our TLS already."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,  # noqa: ANN401, ARG002 - replaced by ours
        verify: bool | str = True,
        cert: Any = None,  # noqa: ANN401 - requests' own
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send, within what is left of the deadline.

        Raises:
            OutOfTimeError: nothing is left; nothing was sent.
            StaleConnectionError, LoggedOutError, NotOfferedError, PackedError: as there.
            TransportError: it is not our turn to log on.
            requests.RequestException: anything else.
        """
        watch = self._watch
        left = watch.deadline.left
        if left <= 0:
            raise OutOfTimeError
        self._message = bool(request.body)
        watch.refused = False
        proof = is_proof(request.headers.get("Authorization", ""))
        try:
            response = super().send(
                request,
                stream=stream,
                timeout=(min(CONNECT_SECONDS, left), min(watch.patience, left)),
                verify=verify,
                cert=cert,
                proxies=proxies,
            )
        except PackedError as error:
            watch.refused = proof and error.status == UNAUTHORISED
            raise
        finally:
            # With Basic it is the password, and errors and answers hold on to their request.
            request.headers.pop("Authorization", None)
        self._answer = response
        if response.status_code == UNAUTHORISED:
            self._judge(response, proof=proof)
            return response
        _ = response.content  # of half an answer nothing is believed
        if response.status_code in SERVED:
            watch.accepted = watch.live = True
        return response

    def _judge(self, response: requests.Response, *, proof: bool) -> None:
        """Note what a 401 tells of the logon."""
        watch = self._watch
        offers = offered(response.headers.get("WWW-Authenticate", ""))
        ours = {offer.lower() for offer in offers} & self._methods
        if ours and not (proof or watch.live):
            return  # pypsrp goes on, and asks for the certificate before it reads the rest
        _ = response.content
        if watch.live:
            # pypsrp would log on again and repeat a message of the old encryption.
            watch.live = False
            raise LoggedOutError
        if not ours and self._methods and (offers or not proof):
            raise NotOfferedError(offers)
        watch.refused = proof

    def close(self) -> None:
        """Close every connection, also of an answer that nobody has read to its end."""
        if self._answer is not None:
            self._answer.close()
        for name in self.poolmanager.pools.keys():  # noqa: SIM118 - it cannot be iterated over
            self.poolmanager.pools[name].close()  # else whoever holds an error holds them open
        super().close()

    def before_connecting(self) -> None:
        """Refuse to go on silently where a logon has been lost with its connection."""
        if self._watch.live:
            self._watch.live = False
            raise StaleConnectionError
        if self._watch.turn is not None:
            self._watch.turn.check()

    def had_to_wait(self) -> bool:
        """Wait for our turn to log on; says whether it took any waiting."""
        turn = self._watch.turn
        return turn is not None and turn.take(self._watch.deadline)

    def connected(self) -> socket.socket:
        """A new connection, over which TLS has to begin within the time that it was given."""
        within = min(CONNECT_SECONDS, self._watch.wait())
        sock = self._connect(within)
        sock.settimeout(within)
        return sock

    def before_sending(self, sock: socket.socket) -> None:
        """Note that the host may get something from now on, and bound how long it may take."""
        sock.settimeout(self._watch.wait())
        self._watch.sent = self._watch.sent or self._message

    def reading(self, *args: Any, **kwargs: Any) -> http.client.HTTPResponse:  # noqa: ANN401 - http.client's own
        """The reader of an answer."""
        return _Answer(self._watch, *args, **kwargs)


def _pool(kind: type[HTTPConnectionPool], connection: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed on
    pool = kind(*args, **kwargs)
    pool.ConnectionCls = connection
    return pool


class _Http(HTTPConnection):
    """A connection that tells its wire what it does."""

    def __init__(self, wire: Wire, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(*args, **kwargs)
        self._wire = wire
        self.response_class = wire.reading  # type: ignore[assignment] # any callable will do

    def connect(self) -> None:
        self._wire.before_connecting()
        super().connect()
        if self._wire.had_to_wait() and not self.is_connected:
            self.sock.close()  # the host would not wait so long
            super().connect()

    def _new_conn(self) -> socket.socket:
        return self._wire.connected()

    def send(self, data: Any) -> None:  # noqa: ANN401 - http.client's own
        if self.sock is None:
            self.connect()
        self._wire.before_sending(self.sock)
        super().send(data)


class _Https(_Http, HTTPSConnection):
    """The same with TLS."""

    def connect(self) -> None:
        super().connect()
        self.is_verified = (
            True  # or our TLS would not have connected, also where OpenSSL did not ask
        )


class _Answer(http.client.HTTPResponse):
    """An answer that is read through the bounds of a watch."""

    def __init__(self, watch: Watch, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self._bytes = _Bounded(watch, sock)
        self.fp = io.BufferedReader(self._bytes, _BUFFER)

    def begin(self) -> None:
        """Read the head, which has to be whole, and refuse a body that would have to be unpacked.

        Raises:
            ConnectionResetError: it ends in the middle; http.client takes that for its end.
            PackedError: as there.
        """
        super().begin()
        self._bytes.may_end = True
        packings = words(self.headers.get_all("Content-Encoding", []))
        transfer = words(self.headers.get_all("Transfer-Encoding", []))
        if set(packings) - {"identity"} or transfer not in ([], ["chunked"]):
            self.close()
            raise PackedError(self.status)


class _Bounded(io.RawIOBase):
    """Bytes from a socket.

    Attributes:
        may_end: the end of the connection may be that of the answer.
    """

    def __init__(self, watch: Watch, sock: socket.socket) -> None:
        self.may_end = False
        self._watch = watch
        self._left = MAX_ANSWER
        self._sock = sock  # of this name, because pypsrp looks here for the certificate
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        self._sock.settimeout(self._watch.wait())
        count = self._raw.readinto(buffer) or 0
        if not count and not self.may_end:
            raise ConnectionResetError
        self._watch.took(count)
        self._left -= count
        if self._left < 0:
            raise TooMuchError
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class Negotiated(HTTPNegotiateAuth):
    """Answers a host that asks who we are, as pypsrp does, with what we have chosen.

    Args:
        logon: chooses.
        wrap_required: messages are sealed.
    """

    def __init__(self, logon: Logon, *, wrap_required: bool) -> None:
        super().__init__(
            service=logon.service, hostname_override=logon.hostname, wrap_required=wrap_required
        )
        self._logon = logon

    def handle_401(self, response: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - requests' own
        """Log on; raises as `Logon.choose`."""
        choice = self._logon.choose()
        self.auth_provider = choice.protocol
        self.username, self.password = choice.who, choice.password
        return super().handle_401(response, **kwargs)  # type: ignore[no-untyped-call] # of pypsrp
