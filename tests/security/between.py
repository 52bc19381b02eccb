"""Somebody on the way between us and a practice host, who may put other answers in place of its."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from remediate.lab.host import LabHost
from tests.transport.scripted import _read

Change = Callable[[int, bytes], bytes]
"""The answer to pass on, given its number in the conversation and what the host has answered."""


class Between:
    """Forwards one connection after the other, and changes answers.

    Args:
        host: the real one.
        change: what is done to its answers.
    """

    def __init__(self, host: LabHost, change: Change) -> None:
        self._host = host
        self._change = change
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.answers = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(60)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            there = (self._host.address, self._host.port)
            with client, socket.create_connection(there) as host, suppress(OSError):
                while request := _read(client):
                    host.sendall(request)
                    answer = _read(host)
                    if not answer:
                        break
                    self.answers += 1
                    client.sendall(self._change(self.answers, answer))


@contextmanager
def between(host: LabHost, change: Change) -> Iterator[Between]:
    stranger = Between(host, change)
    try:
        yield stranger
    finally:
        stranger.close()
