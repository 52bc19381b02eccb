"""A TCP forward on loopback whose target moves, as a NAT rule, a DNS name or a DHCP lease does."""

import socket
import struct
import threading
from contextlib import suppress
from enum import StrEnum
from types import TracebackType
from typing import Self

from remediate.lab.host import LabHost

_RESET = struct.pack("ii", 1, 0)


class How(StrEnum):
    """What becomes of the connection when the target moves.

    between: it is closed after the answer before; the next request goes to the new target.
    unsent: it is reset when the request comes, which goes nowhere.
    unanswered: the old target still acts on the request; the answer is lost.
    """

    BETWEEN = "between"
    UNSENT = "unsent"
    UNANSWERED = "unanswered"


class Forward:
    """Leads to one host, and from some exchange on to another one.

    Args:
        target: the host that it leads to at first.
    """

    def __init__(self, target: LabHost) -> None:
        self.target = target
        self.exchanges = 0
        self._moves: tuple[int, How, LabHost] | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="forward", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def lead(self, target: LabHost) -> None:
        """Lead to a host from now on, and count from the beginning."""
        self.target, self.exchanges, self._moves = target, 0, None

    def lead_from(self, exchange: int, how: How, target: LabHost) -> None:
        """Lead to a host from the n-th exchange on, counted from now."""
        self.exchanges, self._moves = 0, (exchange, how, target)
        if exchange == 1 and how is How.BETWEEN:
            self._move()

    def _move(self) -> None:
        assert self._moves is not None
        self.target, self._moves = self._moves[2], None

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
                thread.start()

    def _serve(self, client: socket.socket) -> None:
        target = self.target
        with (
            client,
            suppress(OSError),
            socket.create_connection((target.address, target.port)) as host,
        ):
            while (request := _message(client)) and target is self.target:
                if not self._exchange(client, host, request):
                    break

    def _exchange(self, client: socket.socket, host: socket.socket, request: bytes) -> bool:
        """Pass on a request and its answer; whether the connection lasts."""
        self.exchanges += 1
        number, how = self._moves[:2] if self._moves else (0, How.BETWEEN)
        if self.exchanges == number and how is How.UNSENT:
            return self._cut(client)
        host.sendall(request)
        answer = _message(host)
        if self.exchanges == number and how is How.UNANSWERED:
            return self._cut(client)
        client.sendall(answer)
        if self.exchanges == number - 1 and how is How.BETWEEN:
            self._move()
            return False
        return bool(answer)

    def _cut(self, client: socket.socket) -> bool:
        self._move()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        return False


def _message(sender: socket.socket) -> bytes:
    """One HTTP message; empty when there is none any more."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = sender.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    missing = int(lengths[0].partition(b":")[2]) - len(body) if lengths else 0
    while missing > 0:
        more = sender.recv(65536)
        if not more:
            return b""
        data += more
        missing -= len(more)
    return data
