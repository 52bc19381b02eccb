"""What attackers have, and proof of what they get; commands run as in the tests of the CLI."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.cli.conftest import _surroundings, cli

__all__ = ["_surroundings", "cli"]

_ANSWER = (
    b"HTTP/1.1 401 Try again\r\nWWW-Authenticate: NTLM\r\n"
    b"Connection: close\r\nContent-Length: 0\r\n\r\n"
)


@dataclass
class Listener:
    """Somebody who listens on a port of this machine, and keeps what is sent to it.

    Args:
        port: the port.
    """

    port: int
    connections: int = 0
    _heard: bytearray = field(default_factory=bytearray)

    @property
    def heard(self) -> bytes:
        """All that was sent to it."""
        return bytes(self._heard)

    def serve(self, server: socket.socket) -> None:
        """Take every connection, one after the other, until the server is closed."""
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                self._hear(connection)

    def _hear(self, connection: socket.socket) -> None:
        begun = len(self._heard)
        try:
            while data := connection.recv(65536):
                self._heard += data
                if b"\r\n\r\n" in self._heard[begun:]:
                    connection.sendall(_ANSWER)
                    return
        except OSError:
            return


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A process of somebody else on a loopback port."""
    server = socket.create_server(("127.0.0.1", 0))
    somebody = Listener(server.getsockname()[1])
    thread = threading.Thread(target=somebody.serve, args=(server,), daemon=True)
    thread.start()
    yield somebody
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(60)
