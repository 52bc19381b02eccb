"""Somebody on the way between us and a practice host, who may put other answers in place of its."""

import socket
from collections.abc import Callable

from remediate.lab.host import LabHost
from tests.listening import Listener, message

Change = Callable[[int, bytes], bytes]
"""The answer to pass on, given its number in the conversation and what the host has answered."""


class Between(Listener):
    """Forwards one connection after the other, and changes answers.

    Args:
        host: the real one.
        change: what is done to its answers.
    """

    def __init__(self, host: LabHost, change: Change) -> None:
        self._host = host
        self._change = change
        self.answers = 0
        super().__init__(self._pass)

    def _pass(self, client: socket.socket) -> None:
        there = (self._host.address, self._host.port)
        with client, socket.create_connection(there) as host:
            while request := message(client):
                host.sendall(request)
                answer = message(host)
                if not answer:
                    break
                self.answers += 1
                client.sendall(self._change(self.answers, answer))
