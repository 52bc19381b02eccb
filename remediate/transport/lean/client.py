"""Messages to one host over HTTP of our own."""

from collections.abc import Callable

from pydantic import SecretStr

from remediate.model.host import Host
from remediate.transport.client import T, telling_the_gate
from remediate.transport.kerberos import Tickets
from remediate.transport.lean.exchange import Exchanges
from remediate.transport.lean.soap import fault_in
from remediate.transport.logon import Logon
from remediate.transport.stream import Steps
from remediate.transport.watch import StatusError, Watch


class LeanClient:
    """WS-Management with one host; see `Client`. Nothing is sent yet.

    Args:
        host: the host.
        secret: the account's password, if it has one.
        watch: bounds of the conversation.
        tickets: those of Kerberos.
    """

    def __init__(
        self, host: Host, secret: SecretStr | None, watch: Watch, tickets: Tickets
    ) -> None:
        self._exchanges = Exchanges(host, secret, watch, Logon(host, secret, watch, tickets))
        self._watch = watch
        self.operation_timeout = 0

    def carry(self, message: bytes, read: Callable[[bytes], T]) -> Steps[T]:
        """Exchange one message.

        Raises:
            FaultError: the host says no.
            StatusError: it says so without a fault.
            Exception: what `Exchanges.carry` raises else, or `read`.
        """
        with telling_the_gate(self._watch):
            try:
                return read((yield from self._exchanges.carry(message)))
            except StatusError as error:
                fault = fault_in(error.content)
                if fault is None:
                    raise
                raise fault from None

    def reset(self) -> Steps[None]:
        """Forget connection and logon."""
        return self._exchanges.forget()
