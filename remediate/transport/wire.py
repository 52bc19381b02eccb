"""HTTP under WS-Management: every wait and every answer is bounded, nothing goes out twice.

requests alone bounds neither: its timeouts are for each piece of an answer, however many there
are, and it takes answers of any size. So the bounds are where bytes are read from the socket.
"""

import http.client
import io
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from remediate.transport.protocol import Deadline

CONNECT_SECONDS = 10.0
"""A host that takes longer to accept a connection is taken for unreachable."""

_UNAUTHORISED = 401
_BUFFER = 64 * 1024


class StaleConnectionError(Exception):
    """The connection that carried our authentication is gone; nothing has been sent."""


class OutOfTimeError(Exception):
    """The deadline passed before a request was sent."""


class TooMuchError(Exception):
    """The host sends more than is asked for."""


class LoggedOutError(Exception):
    """401 on a connection that the host had accepted before."""


@dataclass
class Watch:
    """What bounds a conversation with a host, and what is known of it.

    Args:
        deadline: when all waiting ends.
        patience: seconds of silence after which an answer is given up.
        budget: bytes that the host may still send.
        sent: since last set to False, bytes of a message (not only of a logon) may have left.
        accepted: the host has let us in at least once.
        live: a connection that the host has accepted is believed to be open.
        challenge: what the host offered with its last 401.
    """

    deadline: Deadline
    patience: float = 30.0
    budget: int = 0
    sent: bool = False
    accepted: bool = False
    live: bool = False
    challenge: str = ""

    def wait(self) -> float:
        """Seconds that may be waited for the next bytes."""
        left = self.deadline.left
        if left <= 0:
            raise TimeoutError
        return min(left, self.patience)

    def took(self, count: int) -> None:
        """Count what the host has sent."""
        self.budget -= count
        if self.budget < 0:
            raise TooMuchError


class Wire(HTTPAdapter):
    """Sends one HTTP request at a time over one connection, within the bounds of a watch."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
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
            StaleConnectionError: as there.
            LoggedOutError: as there.
            requests.RequestException: anything else.
        """
        watch = self._watch
        left = watch.deadline.left
        if left <= 0:
            raise OutOfTimeError
        self._message = bool(request.body)
        try:
            response = super().send(
                request,
                stream=stream,
                timeout=(min(CONNECT_SECONDS, left), min(watch.patience, left)),
                verify=verify,
                cert=cert,
                proxies=proxies,
            )
        finally:
            # With Basic it is the password, and errors and answers hold on to their request.
            request.headers.pop("Authorization", None)
        self._answer = response
        if response.status_code != _UNAUTHORISED:
            watch.accepted = watch.live = True
            return response
        watch.challenge = response.headers.get("WWW-Authenticate", "")
        if watch.live:
            # pypsrp would log on again and repeat a message of the old encryption.
            watch.live = False
            response.close()
            raise LoggedOutError
        return response

    def close(self) -> None:
        """Close every connection, also of an answer that nobody has read to its end."""
        if self._answer is not None:
            self._answer.close()
        super().close()

    def before_connecting(self) -> None:
        """Refuse to go on silently where a logon has been lost with its connection."""
        if self._watch.live:
            self._watch.live = False
            raise StaleConnectionError

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

    def send(self, data: Any) -> None:  # noqa: ANN401 - http.client's own
        if self.sock is None:
            self.connect()
        self._wire.before_sending(self.sock)
        super().send(data)


class _Https(_Http, HTTPSConnection):
    """The same with TLS."""


class _Answer(http.client.HTTPResponse):
    """An answer that is read through the bounds of a watch."""

    def __init__(self, watch: Watch, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_Bounded(watch, sock), _BUFFER)


class _Bounded(io.RawIOBase):
    """Bytes from a socket."""

    def __init__(self, watch: Watch, sock: socket.socket) -> None:
        self._watch = watch
        self._sock = sock  # of this name, because pypsrp looks here for the certificate
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        self._sock.settimeout(self._watch.wait())
        count = self._raw.readinto(buffer) or 0
        self._watch.took(count)
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()
