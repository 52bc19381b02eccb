"""A connection for tests: what it was told is kept, and what it says was recorded or made up."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class ReplayedStream:
    r"""A stream that answers each request from a list; see `remediate.transport.stream.Stream`.

    With it a conversation can be told in a test byte by byte, without a network or a clock:

        stream = ReplayedStream([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])
        drive(exchanges.carry(b"<a/>"), stream)
        assert stream.sent == [b"POST /wsman HTTP/1.1\r\n..."]

    Args:
        answers: to each request in turn: bytes, which come in pieces of `piece`; an exception,
            which is raised in their place; nothing, which hangs up.
        certificate: that the other side shows in TLS.
        piece: bytes at a time.

    Attributes:
        sent: what was sent, request by request.
        connections: how often it was opened.
        is_open: whether it is.
    """

    answers: Iterable[bytes | Exception | None] = ()
    certificate: bytes = b""
    piece: int = 64 * 1024
    sent: list[bytes] = field(default_factory=list)
    connections: int = 0
    is_open: bool = False

    def __post_init__(self) -> None:
        self._left = iter(self.answers)
        self._coming = b""
        self._error: Exception | None = None

    def connect(self, within: float) -> None:
        """Open it."""
        del within
        self.connections += 1
        self.is_open = True

    def start_tls(self, within: float) -> bytes:
        """Shake hands."""
        del within
        return self.certificate

    def write(self, data: bytes, within: float) -> None:
        """Keep a request, and have the next answer come."""
        del within
        self.sent.append(data)
        answer = next(self._left, None)
        self._error = answer if isinstance(answer, Exception) else None
        self._coming = answer if isinstance(answer, bytes) else b""

    def read(self, within: float) -> bytes:
        """The next piece of the answer."""
        del within
        if self._error is not None:
            raise self._error
        piece, self._coming = self._coming[: self.piece], self._coming[self.piece :]
        return piece

    def usable(self) -> bool:
        """Whether it is open, and nothing is left that nobody has read."""
        return self.is_open and not self._coming

    def close(self) -> None:
        """End it."""
        self.is_open = False
        self._coming = b""
