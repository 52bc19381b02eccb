"""HTTP/1.1 as a server: keep-alive, limits on everything, and no patience with bad clients."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from remediate.errors import RemediateError

MAX_HEAD = 16 * 1024
"""Bytes of request line and headers."""
MAX_BODY = 1024 * 1024
"""Bytes of a body: an envelope with its encryption, amply."""
SOAP = "application/soap+xml;charset=UTF-8"


@dataclass(frozen=True)
class Limits:
    """How long a client may take, in seconds.

    Args:
        idle: between two requests.
        request: from the first byte of a request to its last.
        write: to take a reply.
    """

    idle: float = 300
    request: float = 60
    write: float = 60


@dataclass(frozen=True)
class HttpRequest:
    """A request.

    Args:
        method: `POST`.
        path: `/wsman`.
        headers: by name in lower case.
        body: as it came.
        keep_alive: the client wants to go on after it.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    keep_alive: bool


class BadRequest(RemediateError):  # noqa: N818 - HTTP's name for it
    """What the client sends is not HTTP, or too much of it.

    Args:
        status: what it is answered with before the connection ends.
    """

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


class HttpClient(asyncio.Protocol):
    """One connection.

    Args:
        serve: is started with it, and owns it.
        limits: how long the client may take.
    """

    def __init__(
        self, serve: Callable[["HttpClient"], Coroutine[Any, Any, None]], limits: Limits
    ) -> None:
        self._serve = serve
        self._limits = limits
        self._buffer = bytearray()
        self._news = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None
        self.task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve."""
        self.transport = transport  # type: ignore[assignment] # it is one: this is no datagram
        self.task = asyncio.get_running_loop().create_task(self._serve(self))

    def data_received(self, data: bytes) -> None:
        """Keep what came; stop reading when it is more than one request can be."""
        self._buffer += data
        if len(self._buffer) > MAX_HEAD + MAX_BODY and self.transport:
            self.transport.pause_reading()
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake up everyone who waits for the client."""
        del exc
        if not self.gone.done():
            self.gone.set_result(None)
        self._news.set()
        self._writable.set()

    def pause_writing(self) -> None:
        """The client is slow to read."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._writable.set()

    def abort(self) -> None:
        """End it at once."""
        if self.transport:
            self.transport.abort()

    async def request(self) -> HttpRequest | None:
        """The next request, or None when the client has gone or takes too long.

        Raises:
            BadRequest: it is not one that is served here.
        """
        try:
            async with asyncio.timeout(self._limits.idle):
                await self._have(1)
            async with asyncio.timeout(self._limits.request):
                return await self._read()
        except (TimeoutError, ConnectionError):
            return None

    async def reply(
        self,
        status: HTTPStatus,
        body: bytes = b"",
        *,
        content_type: str = SOAP,
        headers: tuple[tuple[str, str], ...] = (),
        share: float = 1.0,
    ) -> bool:
        """Answer; says whether the client took all of it.

        Args:
            status: of the response.
            body: of the response.
            content_type: of the body.
            headers: further ones.
            share: how much of the response is sent before the connection is reset.
        """
        lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
        if body:
            lines.append(f"Content-Type: {content_type}")
        lines += ["Server: Microsoft-HTTPAPI/2.0", *(f"{name}: {text}" for name, text in headers)]
        lines += [f"Date: {formatdate(usegmt=True)}", f"Content-Length: {len(body)}", "", ""]
        head = "\r\n".join(lines).encode("latin-1")
        if self.gone.done() or self.transport is None:
            return False
        self.transport.write(head + body[: int(len(body) * share)])
        try:
            async with asyncio.timeout(self._limits.write):
                await self._writable.wait()
        except TimeoutError:
            self.abort()
        return not self.gone.done() and share >= 1

    async def _have(self, size: int) -> None:
        while len(self._buffer) < size:
            if self.gone.done():
                raise ConnectionResetError
            self._news.clear()
            await self._news.wait()

    async def _read(self) -> HttpRequest:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > MAX_HEAD:
                raise BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            await self._have(len(self._buffer) + 1)
        if end > MAX_HEAD:
            raise BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        method, path, version, headers = _head(bytes(self._buffer[:end]))
        size = _body_size(headers)
        if headers.get("expect", "").lower() == "100-continue" and self.transport:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await self._have(end + 4 + size)
        body = bytes(self._buffer[end + 4 : end + 4 + size])
        del self._buffer[: end + 4 + size]
        if self.transport:
            self.transport.resume_reading()
        keep_alive = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
        return HttpRequest(method, path, headers, body, keep_alive)


def _head(data: bytes) -> tuple[str, str, str, dict[str, str]]:
    first, *rest = data.decode("latin-1").split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or parts[2] not in {"HTTP/1.0", "HTTP/1.1"}:  # noqa: PLR2004 - method, path, version
        raise BadRequest(HTTPStatus.BAD_REQUEST)
    headers: dict[str, str] = {}
    for line in rest:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or not name or name != name.strip() or name in headers:
            raise BadRequest(HTTPStatus.BAD_REQUEST)
        headers[name] = value.strip()
    return parts[0], parts[1], parts[2], headers


def _body_size(headers: dict[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise BadRequest(HTTPStatus.NOT_IMPLEMENTED)
    text = headers.get("content-length", "0")
    if not text.isascii() or not text.isdigit() or len(text) > 19:  # noqa: PLR2004 - fits 64 bit
        raise BadRequest(HTTPStatus.BAD_REQUEST)
    if int(text) > MAX_BODY:
        raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return int(text)
