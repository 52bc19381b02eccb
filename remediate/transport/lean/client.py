"""Messages to one host over HTTP of our own."""

import ssl
from collections.abc import Callable

from pydantic import SecretStr

from remediate.model.host import Host
from remediate.transport.client import T, telling_the_gate
from remediate.transport.dialing import Connect
from remediate.transport.kerberos import Tickets
from remediate.transport.lean.http import Http
from remediate.transport.lean.soap import fault_in
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
        self._http = Http(host, secret, watch, tls, tickets, connect)
        self._watch = watch
        self.operation_timeout = 0

    def carry(self, message: bytes, read: Callable[[bytes], T]) -> T:
        """Exchange one message; see Client.

        Raises:
            FaultError: the host says no.
            StatusError: it says so without a fault.
            Exception: what `Exchanges.carry` raises else, or `read`.
        """
        with telling_the_gate(self._watch):
            try:
                return read(self._http.send(message))
            except StatusError as error:
                fault = fault_in(error.content)
                if fault is None:
                    raise
                raise fault from None

    def reset(self) -> None:
        """Forget connection and logon; the next message connects and logs on again."""
        self._http.reset()
