"""The steps of a conversation, taken by a task of an event loop: it waits for bytes with no thread.

What is done once for a connection (dialling, shaking hands, logging on with somebody's library)
goes to a thread of the loop's; what is done for each message does not.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable
from functools import partial
from typing import Any, TypeVar

from remediate.transport.protocol import Aside
from remediate.transport.stream import (
    PIECE,
    Close,
    Connect,
    Do,
    LookAtIt,
    Receive,
    Send,
    SocketStream,
    StartTls,
    Step,
    Steps,
)

_A = TypeVar("_A")
_T = TypeVar("_T")


async def take_all(steps: Steps[_A], stream: SocketStream, aside: Aside) -> _A:
    """Take all steps; returns what they come to, or raises what they raise.

    Args:
        steps: what is to be done.
        stream: the connection over which; nobody else uses it meanwhile.
        aside: does what may keep a thread waiting.
    """
    try:
        step = next(steps)
        while True:
            try:
                came = await _taken(step, stream, aside)
            except Exception as error:  # noqa: BLE001 - it is for the steps to judge
                step = steps.throw(error)
            else:
                step = steps.send(came)
    except StopIteration as end:
        result: _A = end.value
        return result


async def _taken(step: Step, stream: SocketStream, aside: Aside) -> Any:  # noqa: ANN401, PLR0911 - each comes to something else
    match step:
        case Receive(within):
            return await _in_time(within, _read(stream.opened))
        case Send(data, within):
            return await _in_time(within, _write(stream.opened, data))
        case LookAtIt():
            return stream.usable()
        case Connect(within):
            return await aside(partial(stream.connect, within))
        case StartTls(within):
            return await aside(partial(stream.start_tls, within))
        case Close():
            return stream.close()
        case Do(work):
            return await aside(work)


async def _in_time(within: float, waiting: Awaitable[_T]) -> _T:
    async with asyncio.timeout(within):
        return await waiting


async def _read(sock: socket.socket) -> bytes:
    """What has come, at least a byte; nothing when the other side has ended it."""
    sock.settimeout(0)
    while True:
        try:
            return sock.recv(PIECE)
        except ssl.SSLWantWriteError:
            await _writable(sock)
        except (BlockingIOError, ssl.SSLWantReadError):
            await _readable(sock)


async def _write(sock: socket.socket, data: bytes) -> None:
    """Send all of something."""
    sock.settimeout(0)
    left = memoryview(data)
    while left:
        try:
            left = left[sock.send(left) :]
        except ssl.SSLWantReadError:
            await _readable(sock)
        except (BlockingIOError, ssl.SSLWantWriteError):
            await _writable(sock)


async def _readable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(sock, _set, ready)
    try:
        await ready
    finally:
        loop.remove_reader(sock)


async def _writable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_writer(sock, _set, ready)
    try:
        await ready
    finally:
        loop.remove_writer(sock)


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
