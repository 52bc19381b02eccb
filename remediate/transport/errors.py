"""Everything that can go wrong between a controller and a host.

TransportError
├── WrongSettings
├── Unreachable
│   ├── NameNotResolved
│   ├── Refused
│   ├── TimedOut
│   ├── ProxyFailed
│   ├── TlsTooOld
│   └── TlsUntrusted
├── AuthenticationFailed
│   ├── MethodNotOffered
│   ├── CertificateRefused
│   ├── KerberosFailed
│   └── AccountRefusedElsewhere
├── AccessDenied
├── EndpointMissing
├── QuotaExceeded
├── MessageTooLarge
├── ConnectionLost
├── ProtocolError
└── RemoteError
    ├── ScriptBlocked
    ├── ScriptsNotAllowed
    └── ConstrainedLanguage
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from remediate.errors import RemediateError
from remediate.model.outcome import Outcome
from remediate.model.problem import Problem
from remediate.powershell.messages import Reply

MAX_DETAIL = 600
"""Characters of what a host or a library says that are repeated to a person."""


class TransportError(RemediateError):
    """Any of the below; the engine sees nothing else.

    Args:
        host: name of the host.
        detail: what exactly was seen, in words and without secrets; may quote the host.
        hint: what to do next, where the cause is known better than by its class.
        after_send: the host may have begun to act on what was sent.

    Attributes:
        partial: the part of a reply that had come; None when there is none.
    """

    says: ClassVar[str] = "could not be talked to"
    hint: str = "Run again with --debug to see the exchange."
    outcome: ClassVar[Outcome] = Outcome.UNREACHABLE
    """The verdict for a host that could not be looked at because of it."""

    def __init__(
        self, host: str, detail: str = "", *, hint: str = "", after_send: bool = False
    ) -> None:
        super().__init__(host, detail, after_send)
        self.host = host
        self.detail = plain(detail)
        self.hint = hint or type(self).hint
        self.after_send = after_send
        self.partial: Reply | None = None

    def __str__(self) -> str:
        seen = f"{self.host} {self.says}{': ' if self.detail else ''}{self.detail}"
        return f"{seen.rstrip('. ')}. {self.left_behind}"

    @property
    def left_behind(self) -> str:
        """What may have become of the request on the host, as a sentence."""
        if self.after_send:
            return "The request may have begun to run there."
        return "The request did not run there."

    @property
    def code(self) -> str:
        """Stable name of the class, for records."""
        return _code(type(self))

    def problem(self) -> Problem:
        """The error as data."""
        return Problem(code=self.code, message=str(self), hint=self.hint)


class WrongSettings(TransportError):  # noqa: N818 - the word for it in logs and records
    """A setting, file or password that the connection needs is missing or cannot work."""

    says = "is set up in a way that cannot work"
    hint = "Correct it in the inventory or on the command line; nothing was sent to the host."


class Unreachable(TransportError):  # noqa: N818 - as above
    """No conversation came about."""

    says = "cannot be reached"
    hint = "Check the network, the WinRM service and its firewall rule."


class NameNotResolved(Unreachable):
    """DNS does not know the name."""

    says = "is not known to DNS"
    hint = "Check the spelling, or give an IP address."


class Refused(Unreachable):
    """Nothing listens on the port."""

    says = "refuses the connection"
    hint = "Is WinRM running there (Enable-PSRemoting), and is the port right (5985, TLS 5986)?"


class TimedOut(Unreachable):
    """The host does not answer in time."""

    says = "does not answer in time"
    hint = "Is it up, and does a firewall drop the port? --timeout gives it longer."


class ProxyFailed(Unreachable):
    """The proxy of the inventory does not lead to the host."""

    says = "cannot be reached through its proxy"
    hint = "Check proxy: in the inventory, and what that proxy allows."


class TlsTooOld(Unreachable):
    """The host speaks no version or cipher of TLS that this machine allows."""

    says = "speaks an older TLS than this machine allows"
    hint = "Enable TLS 1.2 there, for the system (SCHANNEL), and restart the host."


class TlsUntrusted(Unreachable):
    """The host's certificate is not to be believed."""

    says = "shows a certificate that is not trusted"
    hint = "Give the authority that signed it with --ca-file, and use the name it was made for."


class AuthenticationFailed(TransportError):  # noqa: N818 - as above
    """The host does not accept who we say we are. Never retried: accounts lock."""

    says = "does not accept the user name or password"
    hint = "It was tried once only. Check --user, the password and --auth."


class MethodNotOffered(AuthenticationFailed):
    """The host does not take this way of logging on; the password was not looked at."""

    says = "does not offer this way of logging on"
    hint = (
        "Choose one that it offers with --auth, or see winrm get winrm/config/service/auth there."
    )


class CertificateRefused(AuthenticationFailed):
    """The host does not take our certificate for an account."""

    says = "does not accept the client certificate"
    hint = (
        "Is it mapped to an account there (winrm enumerate winrm/config/service/certmapping), "
        "and is its authority trusted there?"
    )


class KerberosFailed(AuthenticationFailed):
    """There is no ticket for the host, or it does not take it."""

    says = "cannot be logged on to by Kerberos"
    hint = (
        "The host has to be a member of the domain under this name (--kerberos-host), and its "
        "clock has to be right."
    )


class AccountRefusedElsewhere(AuthenticationFailed):
    """Another host or a KDC has not taken the same password; nothing was sent to this one.

    Args:
        host: name of the host that was spared.
        user: the account, as the inventory has it.
        where: who did not take it.
        other: the account that was not taken, where it is written otherwise and may be the same.
    """

    says = "was not tried"
    hint = "Correct the password or --user; what is said of the other host tells more."

    def __init__(self, host: str, user: str, where: str, other: str = "") -> None:
        same = f"{other}, which may be {user}" if other else user
        further = ""
        if other:
            further = f" If {user} is another account, take its hosts in a run of their own."
        elif not {"\\", "@"} & set(user):
            further = f" If each host has an account {user} of its own, write .\\{user}."
        super().__init__(
            host,
            f"{where} did not take {same}, and a wrong password tried often locks it",
            hint=f"{type(self).hint}{further}" if further else "",
        )
        self.user = user
        self.where = where
        self.other = other


class AccessDenied(TransportError):  # noqa: N818 - as above
    """The account is known and may not do this."""

    says = "denies access"
    hint = "The account must be an administrator of the host, or in Remote Management Users."


class EndpointMissing(TransportError):  # noqa: N818 - as above
    """The host has no PowerShell endpoint of that name."""

    says = "has no such PowerShell endpoint"
    hint = (
        "Get-PSSessionConfiguration there shows those that it has, and Enable-PSRemoting makes the "
        "usual ones; --configuration-name chooses."
    )


class QuotaExceeded(TransportError):  # noqa: N818 - as above
    """The host allows no more shells or operations just now."""

    says = "has no more room for remote sessions"
    hint = "Wait for other sessions to end, or see winrm get winrm/config/winrs."


class MessageTooLarge(TransportError):  # noqa: N818 - as above
    """The host takes no message of the size that a script needs."""

    says = "takes no message as large as what was sent"
    hint = (
        "MaxEnvelopeSizekb there is too small: winrm get winrm/config shows it, 500 is usual, "
        "and a policy may set it."
    )


class ConnectionLost(TransportError):  # noqa: N818 - as above
    """A conversation broke off, or the host ended the shell under it."""

    says = "broke off the connection"
    hint = "Run the audit again to see how the host is now."


class ProtocolError(TransportError):
    """What came back is not WS-Management, PSRP, or a reply to our request."""

    says = "gave an answer that makes no sense"
    hint = "Is it a proxy or another service on that port? --debug shows the cause."


class RemoteError(TransportError):
    """The script itself failed on the host.

    Args:
        host: name of the host.
        detail: the host's own words, in its language.
        exception: full name of the .NET type, or nothing when it is not known.
        line: line of the script, 0 when it is not known.
    """

    says = "failed to run the script"
    hint = "Run again with --debug, and report it with the text above."

    def __init__(
        self,
        host: str,
        detail: str = "",
        *,
        exception: str = "",
        line: int = 0,
        after_send: bool = True,
    ) -> None:
        where = f" (line {line} of the script)" if line else ""
        exception = plain(exception)
        what = f"{exception}: " if exception else ""
        super().__init__(host, f"{what}{plain(detail)}{where}", after_send=after_send)
        self.exception = exception
        self.line = line


class ScriptBlocked(RemoteError):  # noqa: N818 - as above
    """A security product on the host did not let the script run (AMSI).

    Windows hands each script to it before the first line runs, so nothing of this one did.
    """

    says = "did not run the script: a security product there stopped it"
    hint = (
        "Ask whoever runs that product; docs/security.md says what it saw, and what an exclusion "
        "has to name."
    )


class ScriptsNotAllowed(RemoteError):  # noqa: N818 - as above
    """The PowerShell endpoint runs single commands only, as those of JEA do by default."""

    says = "runs no scripts at this PowerShell endpoint"
    hint = (
        "Use an endpoint in full language mode: --configuration-name chooses it, and LanguageMode "
        "in its session configuration file (.pssc) says the mode."
    )


class ConstrainedLanguage(RemoteError):  # noqa: N818 - as above
    """PowerShell there runs scripts in ConstrainedLanguage mode, which closes .NET to them."""

    says = "runs PowerShell in ConstrainedLanguage mode"
    hint = (
        "Nothing can be changed in it, and an audit is answered in part, over psrp only. A policy "
        "for applications (App Control, AppLocker) sets it, or the endpoint: have the owner of the "
        "policy let the account run scripts in FullLanguage mode, or choose an endpoint that does "
        "with --configuration-name."
    )


class ErrorKind(NamedTuple):
    """A class of the tree, described for the user guide."""

    code: str
    parent: str
    meaning: str
    says: str
    hint: str


def kinds() -> Iterator[ErrorKind]:
    """Every class a person can meet, in the order of the drawing above."""
    waiting: list[type[TransportError]] = TransportError.__subclasses__()
    while waiting:
        kind = waiting.pop(0)
        base = kind.__base__
        parent = _code(base) if base and base is not TransportError else ""
        meaning = (kind.__doc__ or "").partition("\n")[0]
        yield ErrorKind(_code(kind), parent, meaning, kind.says, kind.hint)
        waiting = kind.__subclasses__() + waiting


def plain(text: str) -> str:
    """Text from elsewhere as one short line: nothing in it can steer a terminal."""
    cut = len(text) > 4 * MAX_DETAIL
    text = text[: 4 * MAX_DETAIL]
    shown = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    shown = " ".join(shown.split())
    # The mark tells who looks for secrets in it that one may have been cut.
    return shown[: MAX_DETAIL - 1] + "…" if cut or len(shown) > MAX_DETAIL else shown


def _code(kind: type) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
