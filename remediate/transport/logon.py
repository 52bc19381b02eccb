"""Which way one logs on to a host that wants Negotiate: by Kerberos or by NTLM, never by both."""

import logging
import sys
from typing import Any, Final

from pydantic import SecretStr
from pypsrp.negotiate import HTTPNegotiateAuth

from remediate.model.host import WINDOWS, Auth, Host, KerberosService
from remediate.transport.gate import is_local
from remediate.transport.kerberos import Tickets
from remediate.transport.kerberos_numbers import TicketError
from remediate.transport.wire import Watch

_log = logging.getLogger(__name__)

KERBEROS: Final = "Kerberos"

SYSTEM_CHOOSES: Final = sys.platform == WINDOWS
"""Windows knows Kerberos and NTLM itself, and the ticket of whoever is logged on."""


class Logon(HTTPNegotiateAuth):
    """Answers a host that asks who we are.

    A library that is told to negotiate tries a password with the KDC and, when that refuses it,
    with the host: two wrong tries for one slip of the finger. So it is chosen before.

    Args:
        host: the host.
        secret: the account's password, if it has one.
        watch: is told which way it was.
        tickets: those of the transport.
        wrap_required: messages are sealed.
    """

    def __init__(
        self,
        host: Host,
        secret: SecretStr | None,
        watch: Watch,
        tickets: Tickets,
        *,
        wrap_required: bool,
    ) -> None:
        super().__init__(
            username=host.user,
            password=secret.get_secret_value() if secret else None,
            auth_provider=host.auth.value,
            service=host.kerberos_service or KerberosService.HOST,
            delegate=False,
            hostname_override=host.domain_name,
            wrap_required=wrap_required,
        )
        self._host = host
        self._secret = secret
        self._watch = watch
        self._tickets = tickets

    def handle_401(self, response: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - requests' own
        """Log on, with tickets where there are some.

        Raises:
            TicketError: Kerberos was asked for, or the KDC has judged the account or may
                have got its password; the host was not told anything.
        """
        if self._host.auth is not Auth.NTLM and not SYSTEM_CHOOSES:
            self._choose()
            _log.debug("%s: logs on by %s", self._host.name, self._watch.way)
        return super().handle_401(response, **kwargs)  # type: ignore[no-untyped-call] # of pypsrp

    def _choose(self) -> None:
        try:
            ticket = self._ticket()
        except TicketError as error:
            if self._host.auth is Auth.KERBEROS or error.by:
                raise
            self.auth_provider = Auth.NTLM.value
            self._watch.way = f"NTLM, because {error.detail}"
        else:
            self.username = [ticket]  # type: ignore[assignment] # pyspnego takes it as it is
            self.password = None
            self.auth_provider = Auth.KERBEROS.value
            self._watch.way = KERBEROS

    def _ticket(self) -> Any:  # noqa: ANN401 - a credential of pyspnego
        """What pyspnego logs on with; the gate is told what the KDC says of the password."""
        host, watch = self._host, self._watch
        if host.domain_name is None:
            raise TicketError("an address has no name in Kerberos", "Give --kerberos-host.")
        if host.auth is Auth.NEGOTIATE and is_local(host):
            raise TicketError(f"{host.user} is an account of the host itself")
        if watch.way.startswith("NTLM"):
            raise TicketError(watch.way.partition(", because ")[2])
        try:
            ticket = self._tickets.logon(host, self._secret, watch.deadline.left)
        except TicketError as error:
            if error.by and watch.turn is not None:
                watch.turn.refused(error.by)
            raise
        if watch.turn is not None:
            watch.turn.accepted()
        return ticket
