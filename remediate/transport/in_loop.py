"""The steps of a conversation, taken by a task of an event loop: it waits for bytes with no thread.

What somebody else's code does, and what may keep a thread waiting, goes to one of the loop's.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from remediate.transport.protocol import Aside
from remediate.transport.stream import (
    PIECE,
    Close,
    Connect,
    Do,
    LookAtIt,
    Pause,
    Receive,
    Send,
    SocketStream,
    StartTls,
    Step,
    Steps,
)

_A = TypeVar("_A")


async def take_all(
    steps: Steps[_A],
    stream: SocketStream,
    aside: Aside,
    pause: Callable[[float], None] | None = None,
) -> _A:
    """Take all steps; returns what they come to, or raises what they raise.

    Args:
        steps: what is to be done.
        stream: the connection over which; nobody else uses it meanwhile.
        aside: does what may keep a thread waiting.
        pause: waits the given seconds; the loop when not given.
    """
    try:
        step = next(steps)
        while True:
            try:
                came = await _taken(step, stream, aside, pause)
            except BaseException as error:  # noqa: BLE001 - it is for the steps to judge
                step = steps.throw(error)
            else:
                step = steps.send(came)
    except StopIteration as end:
        result: _A = end.value
        return result


async def _taken(  # noqa: PLR0911 - each comes to something else
    step: Step, stream: SocketStream, aside: Aside, pause: Callable[[float], None] | None
) -> Any:  # noqa: ANN401 - as above
    match step:
        case Receive(within):
            return await _read(stream.opened, within)
        case Send(data, within):
            return await _write(stream.opened, data, within)
        case LookAtIt():
            return stream.usable()
        case Connect(within):
            return await stream.connect_in_loop(within)
        case StartTls(within):
            return await aside(partial(stream.start_tls, within))
        case Close():
            return stream.close()
        case Do(work):
            return await aside(work)
        case Pause(seconds):
            return await asyncio.sleep(seconds) if pause is None else pause(seconds)


async def _read(sock: socket.socket, within: float) -> bytes:
    """What has come, at least a byte; nothing when the other side has ended it."""
    waiting = _Waiting(sock, within)
    while True:
        try:
            return sock.recv(PIECE)
        except ssl.SSLWantWriteError:
            await waiting.to_write()
        except (BlockingIOError, ssl.SSLWantReadError):
            await waiting.to_read()


async def _write(sock: socket.socket, data: bytes, within: float) -> None:
    """Send all of something."""
    waiting = _Waiting(sock, within)
    left = memoryview(data)
    while left:
        try:
            left = left[sock.send(left) :]
        except ssl.SSLWantReadError:
            await waiting.to_read()
        except (BlockingIOError, ssl.SSLWantWriteError):
            await waiting.to_write()


class _Waiting:
    """Waits until something can be done with a socket, or its time is up.

    Args:
        sock: the socket; it does not block any more.
        within: seconds from now.
    """

    def __init__(self, sock: socket.socket, within: float) -> None:
        if sock.gettimeout() != 0.0:
            sock.settimeout(0.0)
        self._loop = asyncio.get_running_loop()
        self._number = sock.fileno()
        self._until = self._loop.time() + within

    async def to_read(self) -> None:
        """Until there is something to read."""
        ready = self._loop.create_future()
        self._loop.add_reader(self._number, _set, ready)
        try:
            await self._in_time(ready)
        finally:
            self._loop.remove_reader(self._number)

    async def to_write(self) -> None:
        """Until something can be sent."""
        ready = self._loop.create_future()
        self._loop.add_writer(self._number, _set, ready)
        try:
            await self._in_time(ready)
        finally:
            self._loop.remove_writer(self._number)

    async def _in_time(self, ready: asyncio.Future[None]) -> None:
        late = self._loop.call_at(self._until, _end, ready)
        try:
            await ready
        finally:
            late.cancel()


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _end(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_exception(TimeoutError())
