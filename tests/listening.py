"""A port on loopback at which a test plays a server, or somebody in between."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

PIECE = 65536


class Listener:
    """Serves one connection after the other.

    Args:
        serve: serves one, until it is over; whatever its network fails with ends that one only.

    Attributes:
        serve: as above; may be replaced.
        open: the connections, in the order in which they came.
        port: where.
    """

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self.serve = serve
        self.open: list[socket.socket] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._listen, name="listening", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.open.append(connection)
            with suppress(OSError):
                self.serve(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all connections, and take no more."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self.open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._thread.join(60)


def message(sender: socket.socket) -> bytes:
    """One HTTP message; empty when there is none any more."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = sender.recv(PIECE)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    missing = int(lengths[0].partition(b":")[2]) - len(body) if lengths else 0
    while missing > 0:
        more = sender.recv(PIECE)
        if not more:
            return b""
        data += more
        missing -= len(more)
    return data
