"""A server that answers each request with the next of the given bytes, and counts."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

HANG_UP = b""
"""Instead of an answer: the connection is closed."""

SILENCE = None
"""Instead of an answer: nothing, until the client gives up."""


class Last(bytes):
    """An answer after which the connection is closed."""


def ok(body: bytes = b"<a/>", status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class Scripted:
    """Serves one connection after the other on a loopback port.

    Args:
        answers: to each request in turn; what is sent in slices is sent slice by slice.
    """

    def __init__(self, *answers: bytes | None) -> None:
        self._answers = iter(answers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.requests: list[bytes] = []
        self.connections = 0
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._thread.join(60)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            with suppress(OSError):
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        while request := _read(connection):
            self.requests.append(request)
            answer = next(self._answers, HANG_UP)
            if answer is SILENCE:
                connection.recv(1)
            if not answer:
                break
            connection.sendall(answer)
            if b"X-Then: close" in answer or isinstance(answer, Last):
                break
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()


def _read(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-len")),
        0,
    )
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            return b""
        body += more
    return head + b"\r\n\r\n" + body


@contextmanager
def scripted(*answers: bytes | None) -> Iterator[Scripted]:
    server = Scripted(*answers)
    try:
        yield server
    finally:
        server.close()
