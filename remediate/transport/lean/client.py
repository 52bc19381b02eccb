"""Messages to one host over HTTP of our own."""

import ssl
from collections.abc import Callable
from functools import partial

from pydantic import SecretStr

from remediate.model.host import Host
from remediate.transport.client import T, telling_the_gate
from remediate.transport.dialing import Connect
from remediate.transport.in_loop import take_all
from remediate.transport.kerberos import Tickets
from remediate.transport.lean.exchange import Exchanges
from remediate.transport.lean.soap import fault_in
from remediate.transport.logon import Logon
from remediate.transport.protocol import Aside
from remediate.transport.stream import SocketStream, Steps, drive
from remediate.transport.watch import StatusError, Watch


class LeanClient:
    """WS-Management with one host; nothing is sent yet.

    Args:
        host: the host.
        secret: the account's password, if it has one.
        watch: bounds of the conversation.
        tls: how TLS is spoken, where it is.
        tickets: those of Kerberos.
        connect: gives connections.
    """

    def __init__(
        self,
        host: Host,
        secret: SecretStr | None,
        watch: Watch,
        tls: ssl.SSLContext | None,
        tickets: Tickets,
        connect: Connect,
    ) -> None:
        self._stream = SocketStream(partial(connect, host), tls, host.address.rstrip("."))
        self._exchanges = Exchanges(host, secret, watch, Logon(host, secret, watch, tickets))
        self._watch = watch
        self.operation_timeout = 0

    def carry(self, message: bytes, read: Callable[[bytes], T]) -> T:
        """Exchange one message; see Client.

        Raises:
            FaultError: the host says no.
            StatusError: it says so without a fault.
            Exception: what `Exchanges.carry` raises else, or `read`.
        """
        return drive(self._carrying(message, read), self._stream)

    async def carry_in_loop(self, message: bytes, read: Callable[[bytes], T], aside: Aside) -> T:
        """The same as a task of a loop; see Client."""
        return await take_all(self._carrying(message, read), self._stream, aside)

    def _carrying(self, message: bytes, read: Callable[[bytes], T]) -> Steps[T]:
        with telling_the_gate(self._watch):
            try:
                return read((yield from self._exchanges.carry(message)))
            except StatusError as error:
                fault = fault_in(error.content)
                if fault is None:
                    raise
                raise fault from None

    def reset(self) -> None:
        """Forget connection and logon; the next message connects and logs on again."""
        drive(self._exchanges.forget(), self._stream)
