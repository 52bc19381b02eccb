"""A TCP connection to a host, by whatever way leads there; nothing is said over it yet.

A host that is dialled costs a socket, and no thread, so that a loop can dial many at once and
those that do not answer hold nobody up. Several addresses are tried in the manner of RFC 8305. Not
by asyncio: of several failures it makes one error without a number, and the number is what a
person is told the cause by.
"""

import asyncio
import os
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from remediate.errors import RemediateError
from remediate.model.address import split_target
from remediate.model.host import Host
from remediate.transport.silence import is_silent
from remediate.transport.tunnel import TunnelError, tunnel

Address = tuple[Any, ...]
"""One of those that a name is looked up to, as `socket.getaddrinfo` has it."""

CONNECT_PAUSES: Final = (0.2, 0.5)
"""Seconds before a host that refuses, or whose name is not known, is tried again."""

_NEXT: Final = 0.25
"""Seconds after which a further address is tried beside one that does not answer (RFC 8305)."""

_KEPT: Final = 10.0
"""Seconds for which a connection is kept; servers and firewalls end idle ones later."""

_FILES: Final = 2048
"""Files that are enough for the most workers that there may be, and as many dialled ahead."""

_LOOK_UPS: Final = 64
"""Names that are looked up at once: a thread waits for each, for as long as the system does."""


_SOON: Final = (ConnectionRefusedError, socket.gaierror)
"""Failures that may be over soon: a service starts, a resolver wakes."""


class NotConnectedError(RemediateError):
    """No connection comes about; what it was raised from says why.

    Args:
        host: name of the host.
        soon: it may come about soon, and that has not been tried yet.
    """

    def __init__(self, host: str, *, soon: bool = False) -> None:
        super().__init__(host, soon)
        self.host = host
        self.soon = soon


class NotAcceptedError(NotConnectedError):
    """Nothing came back in time from where a connection was asked for."""


@dataclass
class Dialled:
    """What came of dialling a host.

    Args:
        addresses: of the host, or of its proxy.
        looking_up: seconds until they were known.
        connecting: seconds until there was a connection.
        pausing: seconds before it was tried again.
        sock: the connection, if there is one.
        error: why there is none.
    """

    addresses: tuple[str, ...] = ()
    looking_up: float = 0.0
    connecting: float = 0.0
    pausing: float = 0.0
    sock: socket.socket | None = None
    error: RemediateError | None = None


class Dialer:
    """Gives connections, in any thread; those that were made ahead first."""

    def __init__(self) -> None:
        self._ahead: dict[_Way, tuple[float, Dialled]] = {}
        self._look_ups: tuple[object, asyncio.Semaphore] | None = None

    async def ahead(self, host: Host, within: float) -> None:
        """Dial a host for who will want to be connected to it, and who is told what came of it.

        A host that refuses, or whose name is not known, is tried a few times.

        Args:
            host: the host.
            within: seconds that it may take; it does not begin while others look up their names.
        """
        way = _way(host)
        if way not in self._ahead:
            dialled = await _Dialling(host, self._turns(), CONNECT_PAUSES).go(within)
            self._ahead[way] = time.monotonic(), dialled

    def seconds(self, host: Host) -> float:
        """Seconds that dialling ahead took, whatever came of it, until somebody asks for that."""
        _, dialled = self._ahead.get(_way(host), (0.0, Dialled()))
        return dialled.looking_up + dialled.connecting + dialled.pausing

    def forget(self, host: Host) -> None:
        """End what was made ahead, and is not wanted any more."""
        _, dialled = self._ahead.pop(_way(host), (0.0, Dialled()))
        if dialled.sock is not None:
            dialled.sock.close()

    def dial(self, host: Host, within: float) -> Dialled:
        """What came of dialling a host ahead, unless it is of no use by now; or of doing it now.

        Args:
            host: the host.
            within: seconds that it may take.
        """
        if (made := self._made(host)) is not None:
            return made
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            return runner.run(_Dialling(host, asyncio.Semaphore()).go(within))

    def _made(self, host: Host) -> Dialled | None:
        """What came of dialling a host ahead, unless it is of no use by now."""
        made, dialled = self._ahead.pop(_way(host), (0.0, Dialled()))
        if dialled.sock is None:
            return dialled if dialled.error is not None else None
        # A host says nothing before it is spoken to: what can be read is that it has gone.
        if time.monotonic() - made < _KEPT and is_silent(dialled.sock):
            return dialled
        dialled.sock.close()
        return None

    def connect(self, host: Host, within: float) -> socket.socket:
        """A connection to a host, or through its proxy to it.

        Args:
            host: the host.
            within: seconds that it may take.

        Raises:
            NotConnectedError: there is none.
            TunnelError: the proxy does not lead there.
        """
        sock = _connected(host, self.dial(host, within))
        sock.settimeout(within)
        return sock

    async def connect_in_loop(self, host: Host, within: float) -> socket.socket:
        """The same as a task of a loop; what is given does not block."""
        dialling = _Dialling(host, asyncio.Semaphore())  # whose time runs waits for nobody's turn
        return _connected(host, self._made(host) or await dialling.go(within))

    def _turns(self) -> asyncio.Semaphore:
        """Those of the loop that asks: each has its own."""
        loop = asyncio.get_running_loop()
        if self._look_ups is None or self._look_ups[0] is not loop:
            self._look_ups = loop, asyncio.Semaphore(_LOOK_UPS)
        return self._look_ups[1]


_Way = tuple[str | None, str, int]


def _connected(host: Host, dialled: Dialled) -> socket.socket:
    if dialled.sock is None:
        raise dialled.error or NotConnectedError(host.name)
    return dialled.sock


def _way(host: Host) -> _Way:
    return host.proxy, host.address, host.port


class _Dialling:
    """Dials a host.

    Args:
        host: the host.
        turns: to look up a name.
        pauses: before each further try, where that may help.
    """

    def __init__(self, host: Host, turns: asyncio.Semaphore, pauses: Sequence[float] = ()) -> None:
        self._host = host
        self._turns = turns
        self._pauses = pauses
        self._dialled = Dialled()
        self._if_late: OSError | TunnelError = TimeoutError()
        name, port = split_target(host.proxy) if host.proxy else (host.address, host.port)
        self._where = name, port or host.port

    async def go(self, within: float) -> Dialled:
        """Do it; never fails."""
        try:
            async with asyncio.timeout(within) as self._bound:
                self._dialled.sock = await self._to_host()
        except (OSError, TunnelError) as error:
            ended = isinstance(error, TimeoutError) and self._bound.expired()
            self._dialled.error = self._told(self._if_late if ended else error)
        return self._dialled

    async def _to_host(self) -> socket.socket:
        proxy, host = self._host.proxy, self._host
        sock = await self._tried()
        if proxy is not None:
            self._if_late = TunnelError(f"{proxy} does not answer")
            try:
                await tunnel(sock, proxy, host.address, host.port)
            except BaseException:
                sock.close()
                raise
        return sock

    async def _tried(self) -> socket.socket:
        for pause in self._pauses if self._host.proxy is None else ():
            try:
                return await self._connected()
            except _SOON as error:
                self._if_late = error
            await asyncio.sleep(pause)
            self._dialled.pausing += pause
        return await self._connected()

    async def _connected(self) -> socket.socket:
        began = time.monotonic()
        self._if_late = socket.gaierror(socket.EAI_AGAIN, "its name is looked up for too long")
        try:
            addresses = await self._looked_up()
        finally:
            self._dialled.looking_up += time.monotonic() - began
        self._dialled.addresses = tuple(dict.fromkeys(str(each[4][0]) for each in addresses))
        began = time.monotonic()
        self._if_late = TimeoutError()
        try:
            return await self._first(addresses)
        finally:
            self._dialled.connecting += time.monotonic() - began

    async def _looked_up(self) -> Sequence[Address]:
        with suppress(socket.gaierror):  # it is an address: nobody needs to be asked
            return _ask(*self._where, socket.AI_NUMERICHOST)
        loop, bound = asyncio.get_running_loop(), self._bound
        left = (bound.when() or 0.0) - loop.time()
        bound.reschedule(None)
        await self._turns.acquire()
        bound.reschedule(loop.time() + left)
        answer: asyncio.Future[Sequence[Address]] = loop.create_future()

        def answered(found: Sequence[Address] | OSError) -> None:
            self._turns.release()
            if answer.done():
                return  # nobody has waited so long
            if isinstance(found, OSError):
                answer.set_exception(found)
            else:
                answer.set_result(found)

        def look_up() -> None:
            found: Sequence[Address] | OSError
            try:
                found = _ask(*self._where)
            except OSError as error:
                found = error
            with suppress(RuntimeError):  # the loop is no more
                loop.call_soon_threadsafe(answered, found)

        # Not of a pool, which would hold up the end of the program for a name.
        threading.Thread(target=look_up, name="name", daemon=True).start()
        return await answer

    async def _first(self, addresses: Sequence[Address]) -> socket.socket:
        """The first connection that comes about."""
        if len(addresses) == 1:
            return await _open(addresses[0])
        left, tries = deque(addresses), list[asyncio.Task[socket.socket]]()
        try:
            while True:
                if left:
                    tries.append(asyncio.create_task(_open(left.popleft())))
                patience = _NEXT if left else None
                await asyncio.wait(tries, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                for one in [each for each in tries if each.done()]:
                    tries.remove(one)
                    try:
                        return one.result()
                    except OSError as error:
                        self._if_late = error
                if not left and not tries:
                    raise self._if_late
        finally:
            for one in tries:
                one.cancel()
                one.add_done_callback(_close)

    def _told(self, error: OSError | TunnelError) -> RemediateError:
        """The error that is told, from the one that was met."""
        if isinstance(error, TunnelError):
            return error
        problem: RemediateError
        if self._host.proxy is not None:
            why = error.strerror or "it does not answer in time"
            problem = TunnelError(f"{self._host.proxy} cannot be connected to ({why})")
        elif isinstance(error, TimeoutError):
            problem = NotAcceptedError(self._host.name)
        else:
            soon = isinstance(error, _SOON) and not self._pauses
            problem = NotConnectedError(self._host.name, soon=soon)
        problem.__cause__ = error
        return problem


def _ask(name: str, port: int, flags: int = 0) -> Sequence[Address]:
    return socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=flags)


async def _open(address: Address) -> socket.socket:
    family, kind, protocol, _, where = address
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)  # noqa: FBT003 - it takes no name
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(sock, where)
    except OSError as error:
        sock.close()
        if error.errno is None:
            raise
        raise OSError(error.errno, _words(error.errno)) from None  # asyncio has other words
    except BaseException:
        sock.close()
        raise
    return sock


def _words(number: int) -> str:
    """What the system calls an error of the network."""
    of_windows: dict[int, str] = getattr(socket, "errorTab", {})
    return of_windows.get(number) or os.strerror(number)


def _close(late: asyncio.Task[socket.socket]) -> None:
    """Close a connection that nobody waits for any more."""
    if not late.cancelled() and late.exception() is None:
        late.result().close()


def most_at_once() -> int:
    """How many hosts may be dialled at once, each with a socket or two.

    Where this process could have more files open if it asked for it, it does: on macOS only 256
    otherwise, which is too few for the usual number of workers.
    """
    if sys.platform == "win32":
        return 96  # select() there takes no more than 512, those of the workers among them
    import resource  # noqa: PLC0415 - there is none on Windows

    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= files < _FILES:
        files = _FILES if most < 0 else min(_FILES, most)
        with suppress(OSError, ValueError):  # the system has a limit of its own
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 256 if files < 0 else max(16, min(256, files // 4))
