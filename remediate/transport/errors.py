"""Everything that can go wrong between a controller and a host.

TransportError
├── Unreachable
│   ├── NameNotResolved
│   ├── Refused
│   ├── TimedOut
│   └── TlsUntrusted
├── AuthenticationFailed
├── AccessDenied
├── QuotaExceeded
├── ConnectionLost
├── ProtocolError
└── RemoteError
"""

import re
from typing import ClassVar

from remediate.model.outcome import Problem


class TransportError(Exception):
    """Base of the tree; the engine sees nothing else.

    Args:
        host: name of the host.
        detail: what exactly was seen, in words and without secrets.
        after_send: the host may have begun to act on what was sent.
    """

    says: ClassVar[str] = "could not be talked to"
    hint: ClassVar[str] = "Run again with --debug to see the exchange."

    def __init__(self, host: str, detail: str = "", *, after_send: bool = False) -> None:
        super().__init__(host, detail, after_send)
        self.host = host
        self.detail = detail
        self.after_send = after_send

    def __str__(self) -> str:
        return f"{self.host} {self.says}{': ' if self.detail else ''}{self.detail}"

    @property
    def code(self) -> str:
        """Stable name of the class, for records."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    def problem(self) -> Problem:
        """The error as data."""
        return Problem(code=self.code, message=str(self), hint=self.hint)


class Unreachable(TransportError):  # noqa: N818 - the word for it in logs and records
    """No conversation came about."""

    says = "cannot be reached"
    hint = "Check the network, the WinRM service and its firewall rule; nothing was sent."


class NameNotResolved(Unreachable):
    """DNS does not know the name."""

    says = "is not known to DNS"
    hint = "Check the spelling, or give an IP address."


class Refused(Unreachable):
    """Nothing listens on the port."""

    says = "refuses the connection"
    hint = "Is WinRM running there (winrm quickconfig), and is the port right (5985, TLS 5986)?"


class TimedOut(Unreachable):
    """The host does not answer in time."""

    says = "does not answer in time"
    hint = "Is it up, and does a firewall drop the port? --timeout gives it longer."


class TlsUntrusted(Unreachable):
    """The host's certificate is not to be believed."""

    says = "shows a certificate that is not trusted"
    hint = "Give the authority that signed it with --ca-file."


class AuthenticationFailed(TransportError):  # noqa: N818 - as above
    """The host does not accept who we say we are. Never retried: accounts lock."""

    says = "does not accept the user name or password"
    hint = "It was tried once only. Check --user, the password and --auth."


class AccessDenied(TransportError):  # noqa: N818 - as above
    """The account is known and may not do this."""

    says = "denies access"
    hint = "The account must be an administrator of the host, or in Remote Management Users."


class QuotaExceeded(TransportError):  # noqa: N818 - as above
    """The host allows no more shells or operations just now."""

    says = "has no more room for remote sessions"
    hint = "Wait for other sessions to end, or see winrm get winrm/config/winrs."


class ConnectionLost(TransportError):  # noqa: N818 - as above
    """A conversation broke off."""

    says = "broke off the connection"
    hint = "Run the audit again to see how the host is now."


class ProtocolError(TransportError):
    """What came back is not WS-Management, PSRP, or a reply to our request."""

    says = "gave an answer that makes no sense"
    hint = "Is it a proxy or another service on that port?"


class RemoteError(TransportError):
    """The script itself failed on the host."""

    says = "failed to run the script"
    hint = "Run again with --debug, and report it with the text above."
