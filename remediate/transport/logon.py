"""Which way one logs on to a host that wants Negotiate: by Kerberos or by NTLM, never by both."""

import logging
import sys
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import SecretStr

from remediate.model.connection import Auth, KerberosService
from remediate.model.host import WINDOWS, Host
from remediate.transport.errors import WrongSettings
from remediate.transport.gate import is_local
from remediate.transport.kerberos import Tickets
from remediate.transport.kerberos_numbers import TicketError
from remediate.transport.watch import Watch

_log = logging.getLogger(__name__)

KERBEROS: Final = "Kerberos"

CHALLENGES: Final = "www-authenticate"
"""The field in which a host says by what schemes it lets anybody in."""

SYSTEM_CHOOSES: Final = sys.platform == WINDOWS
"""Windows knows Kerberos and NTLM itself, and the ticket of whoever is logged on."""

_OTHER_WAYS: Final = (
    "Use --auth kerberos, Basic over TLS, a certificate or another account; no password was sent."
)

METHODS: Final = {
    Auth.BASIC: frozenset({"basic"}),
    Auth.CERTIFICATE: frozenset[str](),
    Auth.KERBEROS: frozenset({"negotiate", "kerberos"}),
    Auth.NEGOTIATE: frozenset({"negotiate", "kerberos", "ntlm"}),
    Auth.NTLM: frozenset({"negotiate", "ntlm"}),
}
"""Names of the schemes of HTTP by which each method may go, in small letters."""


@dataclass(frozen=True)
class Choice:
    """What pyspnego logs on with.

    Args:
        protocol: as it calls it.
        who: a user's name, or credentials.
        password: of the user; None where credentials say it, or there is none.
    """

    protocol: str
    who: Any
    password: str | None = field(default=None, repr=False)


class Logon:
    """Answers a host that asks who we are.

    A library that is told to negotiate tries a password with the KDC and, when that refuses it,
    with the host: two wrong tries for one slip of the finger. So it is chosen before.

    Args:
        host: the host.
        secret: the account's password, if it has one.
        watch: is told which way it was.
        tickets: those of the transport.
    """

    def __init__(
        self, host: Host, secret: SecretStr | None, watch: Watch, tickets: Tickets
    ) -> None:
        self._host = host
        self._secret = secret
        self._watch = watch
        self._tickets = tickets

    @property
    def service(self) -> str:
        """What a ticket is asked for, on the host."""
        return self._host.kerberos_service or KerberosService.HOST

    @property
    def hostname(self) -> str:
        """The host's name in it."""
        return self._host.domain_name or self._host.address

    def choose(self) -> Choice:
        """Find out how; may take as long as a KDC does.

        Raises:
            TicketError: Kerberos was asked for, or the KDC has judged the account or may
                have got its password; the host was not told anything.
        """
        if SYSTEM_CHOOSES:
            password = self._secret.get_secret_value() if self._secret else None
            return Choice(self._host.auth.value, self._host.user, password)
        if self._host.auth is Auth.NTLM:
            return self._by_ntlm()
        try:
            ticket = self._ticket()
        except TicketError as error:
            if self._host.auth is Auth.KERBEROS or error.by:
                raise
            self._watch.way = f"NTLM, because {error.detail}"
            choice = self._by_ntlm()
        else:
            self._watch.way = KERBEROS
            choice = Choice(Auth.KERBEROS.value, [ticket])
        _log.debug("%s: logs on by %s", self._host.name, self._watch.way)
        return choice

    def _by_ntlm(self) -> Choice:
        """With what NTLM makes of a password; its library would make another hash that nobody uses.

        That one is of LAN Manager, and takes three quarters of a logon's time.

        Raises:
            WrongSettings: the library would make another account of the user's name.
        """
        from spnego import NTLMHash  # noqa: PLC0415 - Basic and certificates need no pyspnego
        from spnego._ntlm_raw.crypto import ntowfv1  # noqa: PLC0415 - as above

        password = self._secret.get_secret_value() if self._secret else ""
        user = self._host.user or ""
        # a name counts in capitals, of which Windows has one for each letter
        letter = next((one for one in user.rpartition("\\")[2] if len(one.upper()) > 1), "")
        if letter:
            text = f"NTLM would ask for another account: its {letter} counts as {letter.upper()}"
            raise WrongSettings(self._host.name, text, hint=_OTHER_WAYS)
        made = NTLMHash(user, nt_hash=ntowfv1(password).hex())
        return Choice(Auth.NTLM.value, [made])

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
