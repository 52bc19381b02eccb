"""A server that answers each request with the next of the given bytes, and counts."""

import socket

from tests.listening import Listener, message

HANG_UP = b""
"""Instead of an answer: the connection is closed."""

SILENCE = None
"""Instead of an answer: nothing, until the client gives up."""


class Last(bytes):
    """An answer after which the connection is closed; the end comes with its last bytes.

    Where the system cannot send both at once, who asks again quickly may do so before it is seen
    that the connection has ended.
    """


_HELD_BACK = getattr(socket, "TCP_CORK", None)
"""Has the last bytes wait for the end."""


def ok(body: bytes = b"<a/>", status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class Scripted(Listener):
    """Serves one connection after the other on a loopback port.

    Args:
        answers: to each request in turn; what is sent in slices is sent slice by slice.
    """

    def __init__(self, *answers: bytes | None) -> None:
        self._answers = iter(answers)
        self.requests: list[bytes] = []
        super().__init__(self._talk)

    @property
    def connections(self) -> int:
        return len(self.open)

    def _talk(self, connection: socket.socket) -> None:
        while request := message(connection):
            self.requests.append(request)
            answer = next(self._answers, HANG_UP)
            if answer is SILENCE:
                connection.recv(1)
            if not answer:
                break
            if isinstance(answer, Last) and _HELD_BACK is not None:
                connection.setsockopt(socket.IPPROTO_TCP, _HELD_BACK, 1)
            connection.sendall(answer)
            if b"X-Then: close" in answer or isinstance(answer, Last):
                break
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()
