"""Bytes to and from one host, apart from what they mean.

What talks to a host is a generator: it yields steps (connect, send, receive …) and is sent what
came of each, or has the error thrown into it. So it neither knows nor minds who takes the steps:
a thread that waits, as `drive` does here, a loop of many tasks, or a test that replays bytes.
"""

import socket
import ssl
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from remediate.model.host import Host
from remediate.transport.silence import is_silent

if TYPE_CHECKING:
    from remediate.transport.dialing import Dialer

PIECE: Final = 64 * 1024
"""Bytes that are taken from a socket at once, at most."""

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Connect:
    """Open a connection; comes to nothing.

    Args:
        within: seconds.
    """

    within: float


@dataclass(frozen=True, slots=True)
class StartTls:
    """Shake hands; comes to the certificate of the other side (DER).

    Args:
        within: seconds.
    """

    within: float


@dataclass(frozen=True, slots=True)
class Send:
    """Send all of something; comes to nothing.

    Args:
        data: what.
        within: seconds.
    """

    data: bytes
    within: float


@dataclass(frozen=True, slots=True)
class Receive:
    """Wait for bytes; comes to those that are there, or to none when the other side has ended.

    Args:
        within: seconds.
    """

    within: float


@dataclass(frozen=True, slots=True)
class LookAtIt:
    """See without waiting whether an idle connection can still be used; comes to a yes or no."""


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection, if there is one; comes to nothing."""


@dataclass(frozen=True, slots=True)
class Do:
    """Do work that may keep a thread waiting; comes to what it returns.

    Args:
        work: the work.
    """

    work: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait before another try; comes to nothing.

    Args:
        seconds: how long.
    """

    seconds: float


Step = Connect | StartTls | Send | Receive | LookAtIt | Close | Do | Pause
Steps = Generator[Step, Any, A]
"""Steps that come to an `A`."""


def at_once(call: Callable[[], A]) -> Steps[A]:
    """The steps of a library that does all by itself: none, but its result.

    Args:
        call: has it done.
    """
    yield from ()
    return call()


class Stream(Protocol):
    """A connection to one host, that can be opened again after it was closed.

    All that waits raises TimeoutError when its time is up, and another OSError when it fails.
    """

    def connect(self, within: float) -> None:
        """Open it."""

    def start_tls(self, within: float) -> bytes:
        """Shake hands; returns the certificate of the other side (DER)."""

    def write(self, data: bytes, within: float) -> None:
        """Send all of something."""

    def read(self, within: float) -> bytes:
        """What has come, at least a byte; nothing when the other side has ended it."""

    def usable(self) -> bool:
        """Whether it is open, and nothing has come that nobody has asked for."""

    def close(self) -> None:
        """End it, if it is open. Does not wait."""


def drive(steps: Steps[A], stream: Stream, pause: Callable[[float], None] = time.sleep) -> A:
    """Take all steps in this thread; returns what they come to, or raises what they raise.

    Args:
        steps: what is to be done.
        stream: the connection over which.
        pause: waits the given seconds.
    """
    try:
        step = next(steps)
        while True:
            try:
                came = _take(step, stream, pause)
            except BaseException as error:  # noqa: BLE001 - it is for the steps to judge
                step = steps.throw(error)
            else:
                step = steps.send(came)
    except StopIteration as end:
        result: A = end.value
        return result


def _take(  # noqa: PLR0911 - each comes to something else
    step: Step, stream: Stream, pause: Callable[[float], None]
) -> Any:  # noqa: ANN401 - as above
    match step:
        case Receive(within):
            return stream.read(within)
        case Send(data, within):
            return stream.write(data, within)
        case LookAtIt():
            return stream.usable()
        case Connect(within):
            return stream.connect(within)
        case StartTls(within):
            return stream.start_tls(within)
        case Close():
            return stream.close()
        case Do(work):
            return work()
        case Pause(seconds):
            return pause(seconds)


class SocketStream:
    """A stream over a socket.

    Args:
        host: where it leads.
        dialer: gives the sockets.
        tls: how TLS is spoken; None where it is not.
    """

    def __init__(self, host: Host, dialer: "Dialer", tls: ssl.SSLContext | None) -> None:
        self._host = host
        self._dialer = dialer
        self._tls = tls
        self._sock: socket.socket | None = None

    def connect(self, within: float) -> None:
        """Open it; see Stream."""
        self._sock = self._dialer.connect(self._host, within)

    async def connect_in_loop(self, within: float) -> None:
        """The same as a task of a loop."""
        self._sock = await self._dialer.connect_in_loop(self._host, within)

    def start_tls(self, within: float) -> bytes:
        """Shake hands; see Stream."""
        plain = self.opened
        plain.settimeout(within)
        assert self._tls is not None  # noqa: S101 - else nobody asks for it
        name = self._host.address.rstrip(".")
        talk = self._tls.wrap_socket(plain, server_hostname=name)
        self._sock = talk
        return talk.getpeercert(binary_form=True) or b""

    def write(self, data: bytes, within: float) -> None:
        """Send all of something; see Stream."""
        sock = self.opened
        sock.settimeout(within)
        sock.sendall(data)

    def read(self, within: float) -> bytes:
        """What has come; see Stream."""
        sock = self.opened
        sock.settimeout(within)
        return sock.recv(PIECE)

    def usable(self) -> bool:
        """Whether it can still be used; see Stream."""
        if self._sock is None:
            return False
        return is_silent(self._sock)

    def close(self) -> None:
        """End it; see Stream."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    @property
    def opened(self) -> socket.socket:
        """The socket.

        Raises:
            ConnectionResetError: there is no connection.
        """
        if self._sock is None:
            raise ConnectionResetError
        return self._sock
