"""What all transports over WinRM have in common: their clients, gate, tickets and bounds."""

import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from pydantic import SecretStr

from remediate.model.host import Host
from remediate.powershell.messages import MAX_REPLY
from remediate.transport.client import Client
from remediate.transport.conversation import Bounds, Conversation
from remediate.transport.dialing import Dialer
from remediate.transport.errors import WrongSettings
from remediate.transport.gate import Gate
from remediate.transport.kerberos import Tickets
from remediate.transport.lean.client import LeanClient
from remediate.transport.settings import check, has_password, quiet
from remediate.transport.stream import SocketStream
from remediate.transport.tls import Contexts
from remediate.transport.watch import Watch
from remediate.transport.wires import WireName, wire_of_environment

CLOSE_SECONDS: Final = 5.0
"""To end a shell; it ends by itself otherwise."""

SecretFor = Callable[[Host], SecretStr]
"""Finds a host's password; raises ValueError, with a text for people, when it cannot.

It is asked when a session first connects, and whoever works on other hosts waits for it: what may
take long is looked up before.
"""


class Clients:
    """Makes what sessions talk through; all of them pass the same gate.

    Args:
        secret_for: not called for certificates.
        dialer: gives connections.
        clock: monotonic seconds; a fake in tests.
        gate: what they pass; one of their own when not given.
    """

    def __init__(
        self,
        secret_for: SecretFor,
        dialer: Dialer,
        clock: Callable[[], float] = time.monotonic,
        gate: Gate | None = None,
    ) -> None:
        quiet()
        self._secret_for = secret_for
        self._gate = gate or Gate(clock)
        self._tls = Contexts()
        self._tickets = Tickets()
        self._dialer = dialer

    def of(self, host: Host) -> tuple[Callable[[Watch], Client], SocketStream]:
        """What makes the client of a session, when that first connects, and what it talks over.

        Raises:
            WrongSettings: the host's settings cannot work.
        """
        check(host)
        tls = self._tls.of(host)
        return partial(self._client, host, tls), SocketStream(host, self._dialer, tls)

    def _client(self, host: Host, tls: ssl.SSLContext | None, watch: Watch) -> Client:
        """What a session talks through.

        Raises:
            WrongSettings: the password cannot be had.
        """
        if not has_password(host):
            return self._new(host, None, watch, tls)  # which nobody can lock
        try:
            secret = self._secret_for(host)
        except ValueError as error:
            raise WrongSettings(host.name, str(error)) from error
        watch.turn = self._gate.turn(host, secret)
        return self._new(host, secret, watch, tls)

    def _new(
        self, host: Host, secret: SecretStr | None, watch: Watch, tls: ssl.SSLContext | None
    ) -> Client:
        """A client of the wire that is chosen."""
        if wire_of_environment() is WireName.LEAN:
            return LeanClient(host, secret, watch, self._tickets)
        from remediate.transport import wsman  # noqa: PLC0415 - most runs need no pypsrp

        http = wsman.Http(host, secret, watch, tls, self._tickets, self._dialer)
        return wsman.Client(host, http, watch)


class WinrmTransport:
    """What all transports over WinRM have in common.

    Args:
        secret_for: as for Clients.
        pause: waits the given seconds between tries; the usual way when not given.
        clock: monotonic seconds; a fake in tests.
        max_reply: characters after which a host is cut off.
        close_within: seconds that closing may take.
        gate: as for Clients.

    Attributes:
        dialer: gives the connections.
    """

    def __init__(
        self,
        secret_for: SecretFor,
        *,
        pause: Callable[[float], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        max_reply: int = MAX_REPLY,
        close_within: float = CLOSE_SECONDS,
        gate: Gate | None = None,
    ) -> None:
        self.max_reply = max_reply
        self.dialer = Dialer()
        self.clients = Clients(secret_for, self.dialer, clock, gate)
        self._bounds = Bounds(pause, clock, close_within)

    def conversation(self, host: Host) -> Conversation:
        """A conversation in which nothing has been sent yet.

        Raises:
            WrongSettings: the host's settings cannot work.
        """
        return Conversation(host, *self.clients.of(host), self._bounds)

    async def ahead(self, host: Host, within: float) -> None:
        """Connect to a host for the session to come; see `Dials`."""
        with suppress(WrongSettings):  # which the session says
            check(host)
            await self.dialer.ahead(host, within)

    def seconds_ahead(self, host: Host) -> float:
        """Seconds that it took; see `Dials`."""
        return self.dialer.seconds(host)

    def forget(self, host: Host) -> None:
        """End what was made ahead; see `Dials`."""
        self.dialer.forget(host)
