"""Output that waits until a client fetches it, and is only forgotten when it has arrived."""

import asyncio
import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from remediate.errors import RemediateError
from remediate.lab.server.soap import Code, WSManFault

FRAGMENT_HEADER = 21
STREAM_OVERHEAD = 160
"""Bytes of XML around the data of one stream, never less than there are."""


@dataclass(frozen=True)
class Chunk:
    """Data of one rsp:Stream.

    Args:
        stream: its name.
        data: one whole PSRP fragment, or part of a program's output.
        alone: it is not sent behind others in the same response.
        opens: it tells the client that its pool is open.
    """

    stream: str
    data: bytes
    alone: bool = False
    opens: bool = False

    @property
    def cost(self) -> int:
        """Bytes it needs in a response."""
        return (len(self.data) + 2) // 3 * 4 + STREAM_OVERHEAD


@dataclass(frozen=True)
class Batch:
    """What one response carries.

    Args:
        pieces: in order.
        done: nothing will follow.
        exit_code: of a program, when done.
    """

    pieces: tuple[Chunk, ...]
    done: bool
    exit_code: int | None = None


class ClientGone(RemediateError):  # noqa: N818 - nobody's error: there is nobody left to answer
    """The connection ended while its request was being worked on."""


@dataclass
class Outlet:
    """The output of a pool, a pipeline or a program."""

    waiting: deque[Chunk] = field(default_factory=deque)
    sent: tuple[Chunk, ...] = ()
    finished: bool = False
    ended: bool = False
    exit_code: int | None = None
    apart: bool = False
    _busy: bool = False
    _closed: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, piece: Chunk) -> None:
        """Add output."""
        self.waiting.append(piece)
        self._news.set()

    def finish(self, exit_code: int | None = None, *, apart: bool = False) -> None:
        """Nothing more will be added.

        Args:
            exit_code: of a program.
            apart: that is not told with the last output, but by itself after it.
        """
        self.finished, self.exit_code, self.apart = True, exit_code, apart
        self._news.set()

    def close(self) -> None:
        """A client that waits is told that its operation was aborted."""
        self._closed = True
        self._news.set()

    async def take(self, room: int, timeout: float, gone: asyncio.Future[None]) -> Batch:  # noqa: ASYNC109 - the client's own time limit, answered with a fault
        """What is ready, as much as there is room for; waits for something to be ready.

        What was taken before and is not `delivered` comes first, again.

        Args:
            room: bytes.
            timeout: seconds.
            gone: ends when the client has gone.

        Raises:
            WSManFault: time is over, the room is too small, or another request is waiting.
            ClientGone: the client has.
        """
        if self._busy:
            raise WSManFault(Code.CONCURRENCY, "Another Receive is waiting for this output.")
        self.waiting.extendleft(reversed(self.sent))
        self.sent = ()
        self._busy = True
        try:
            await self._something(timeout, gone)
        finally:
            self._busy = False
        pieces = tuple(self._fitting(room))
        if self.waiting and not pieces:
            raise WSManFault(
                Code.MAX_ENVELOPE_SIZE_EXCEEDED,
                "The output exceeds MaxEnvelopeSize of the request.",
            )
        self.sent = pieces
        done = self.finished and not self.waiting and not (self.apart and pieces)
        return Batch(pieces, done, self.exit_code if done else None)

    def delivered(self, batch: Batch) -> None:
        """The client has it; it need not be kept."""
        self.sent = ()
        self.ended = batch.done

    async def _something(self, seconds: float, gone: asyncio.Future[None]) -> None:
        if not (self.waiting or self.finished or self._closed):
            self._news.clear()
            news = asyncio.ensure_future(self._news.wait())
            both: set[asyncio.Future[Any]] = {news, gone}
            try:
                await asyncio.wait(both, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            finally:
                news.cancel()
        if gone.done():
            raise ClientGone
        if self._closed:
            raise WSManFault(Code.OPERATION_ABORTED, "The operation was aborted.")
        if not (self.waiting or self.finished):
            raise WSManFault(
                Code.OPERATION_TIMED_OUT,
                "The WS-Management service cannot complete the operation within OperationTimeout.",
            )

    def _fitting(self, room: int) -> Iterator[Chunk]:
        first = True
        while self.waiting and self.waiting[0].cost <= room:
            if self.waiting[0].alone and not first:
                return
            first = False
            room -= self.waiting[0].cost
            yield self.waiting.popleft()


def fragments(data: bytes) -> Iterator[bytes]:
    """Split data at the boundaries of PSRP fragments.

    Raises:
        ValueError: it does not end at one.
    """
    while data:
        if len(data) < FRAGMENT_HEADER:
            raise ValueError("a PSRP fragment is cut off")
        size = FRAGMENT_HEADER + struct.unpack(">I", data[17:21])[0]
        if len(data) < size:
            raise ValueError("a PSRP fragment is cut off")
        yield data[:size]
        data = data[size:]
