"""A TCP forward on loopback whose target moves, as a NAT rule, a DNS name or a DHCP lease does."""

import socket
import struct
import threading
from contextlib import suppress
from enum import StrEnum

from remediate.lab.host import LabHost
from tests.listening import Listener, message

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


class Forward(Listener):
    """Leads to one host, and from some exchange on to another one.

    Args:
        target: the host that it leads to at first.
    """

    def __init__(self, target: LabHost) -> None:
        self.target = target
        self.exchanges = 0
        self._moves: tuple[int, How, LabHost] | None = None
        super().__init__(self._accept)

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

    def _accept(self, client: socket.socket) -> None:
        threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        target = self.target
        with (
            client,
            suppress(OSError),
            socket.create_connection((target.address, target.port)) as host,
        ):
            while (request := message(client)) and target is self.target:
                if not self._exchange(client, host, request):
                    break

    def _exchange(self, client: socket.socket, host: socket.socket, request: bytes) -> bool:
        """Pass on a request and its answer; whether the connection lasts."""
        self.exchanges += 1
        number, how = self._moves[:2] if self._moves else (0, How.BETWEEN)
        if self.exchanges == number and how is How.UNSENT:
            return self._cut(client)
        host.sendall(request)
        answer = message(host)
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
