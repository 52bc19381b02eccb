"""HTTP to one host for a thread that waits."""

import ssl
from functools import partial

from pydantic import SecretStr

from remediate.model.host import Host
from remediate.transport.dialing import Connect
from remediate.transport.kerberos import Tickets
from remediate.transport.lean.exchange import Exchanges
from remediate.transport.logon import Logon
from remediate.transport.stream import SocketStream, drive
from remediate.transport.watch import Watch


class Http:
    """Messages to one host over one connection, by one thread; nothing is sent yet.

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
        name = host.address.partition("%")[0].rstrip(".")
        self._stream = SocketStream(partial(connect, host), tls, name)
        self._exchanges = Exchanges(host, secret, watch, Logon(host, secret, watch, tickets))

    def send(self, message: bytes) -> bytes:
        """Send one message and return what is in the answer to it; raises as `Exchanges.carry`."""
        return drive(self._exchanges.carry(message), self._stream)

    def reset(self) -> None:
        """Forget connection and logon; the next message connects and logs on again."""
        drive(self._exchanges.forget(), self._stream)
