"""What a library's exception means: one leaf of our own tree of errors.

Numbers and exception types decide, never text; the reason of a WS-Management fault is in the
host's language. What the numbers mean stands by whose they are: `wsman_numbers`, `tls_numbers`,
`kerberos_numbers`.
"""

import errno
import http.client
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from typing import Final, TypeGuard
from xml.etree.ElementTree import ParseError

from remediate.transport import errors, kerberos_numbers, tls, tls_numbers, wsman_numbers
from remediate.transport.cause import Cause, Known
from remediate.transport.dialing import NotAcceptedError, NotConnectedError
from remediate.transport.kerberos_numbers import TicketError
from remediate.transport.lean.faults import FaultError, MessageError
from remediate.transport.markup import OverloadedMarkupError
from remediate.transport.tunnel import TunnelError
from remediate.transport.watch import (
    LoggedOutError,
    NotHttpError,
    NotOfferedError,
    OutOfTimeError,
    PackedError,
    PageError,
    RedirectedError,
    RefusedError,
    StaleConnectionError,
    StatusError,
    TooMuchError,
    UnsealedError,
)

_OURS: Final[dict[type[BaseException], Cause]] = {
    NotAcceptedError: Cause(errors.TimedOut, "it does not accept a connection"),
    OutOfTimeError: Cause(errors.TimedOut, "the time for this host is used up"),
    TooMuchError: Cause(errors.ProtocolError, "it sends more than a reply can be"),
    OverloadedMarkupError: Cause(errors.ProtocolError, "it sends XML that would grow in reading"),
    PackedError: Cause(errors.ProtocolError, "it sends packed what was to come as it is"),
    PageError: Cause(errors.ProtocolError, "it answers with a page, not with WS-Management"),
    RedirectedError: Cause(errors.ProtocolError, "it sends us to another address"),
}
_TLS_RECORD: Final = (b"\x15\x03", b"\x16\x03")
"""How an alert and a handshake of TLS begin."""

_LOST: Final = (
    ConnectionAbortedError,
    ConnectionResetError,
    BrokenPipeError,
    http.client.IncompleteRead,
    StaleConnectionError,
)
_PASSING: Final = (
    *_LOST,
    TimeoutError,
    ConnectionRefusedError,
    ssl.SSLEOFError,
)
_NO_WAY: Final = {
    errno.EADDRNOTAVAIL,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.EACCES,
    errno.EPERM,
}
"""Reasons of this machine or its network for which no connection is even tried."""

_PYPSRP: Final = "pypsrp.exceptions"
_REQUESTS: Final = "requests.exceptions"
_SPNEGO: Final = "spnego.exceptions"
_URLLIB3: Final = "urllib3.exceptions"
"""Libraries whose errors are known by name: one that was not imported has raised nothing."""


def classify(error: BaseException, host: str, known: Known | None = None) -> errors.TransportError:
    """Our own error for a library's; never fails.

    Args:
        error: what was raised; everything it was raised from is looked at, too.
        host: name of the host.
        known: what is known of the conversation.
    """
    if isinstance(error, errors.TransportError):
        return error
    known = known or Known()
    links = list(chain(error))
    found = next((c for find in _FINDERS for link in links if (c := find(link, known))), None)
    kind, detail, hint = found or Cause(errors.ProtocolError)
    if kind is errors.AuthenticationFailed and known.certificate:
        kind = errors.CertificateRefused
    return kind(host, detail, hint=hint, after_send=known.after_send)


def is_waiting(error: BaseException) -> bool:
    """Whether the host only says that it has nothing to say yet."""
    return _is_fault(error) and wsman_numbers.of_fault(error.code) is errors.TimedOut


def is_closed_endpoint(error: BaseException) -> bool:
    """Whether the host says no to this kind of shell, and perhaps not to others."""
    return any(
        wsman_numbers.is_about_endpoint(fault.code) for fault in chain(error) if _is_fault(fault)
    )


def is_fault(error: BaseException) -> bool:
    """Whether the host has understood the request and says no to it."""
    return _is_fault(error) and error.code is not None


def is_logged_on(error: BaseException) -> bool:
    """Whether the host says no to the request, and so not to the logon before it."""
    return (
        _is_fault(error)
        and error.code is not None
        and wsman_numbers.of_fault(error.code) is not errors.AuthenticationFailed
    )


def is_passing(error: BaseException) -> bool:
    """Whether the same question may succeed over a new connection."""
    return any(
        isinstance(link, _PASSING)
        or _is_of(link, _REQUESTS, "Timeout")
        or _status(link) in wsman_numbers.PASSING_STATUS
        or (isinstance(link, UnsealedError) and link.status in wsman_numbers.PASSING_STATUS)
        for link in chain(error)
    )


def may_connect_soon(error: BaseException) -> bool:
    """Whether a host that could not be connected to is worth another try at once."""
    return any(isinstance(link, NotConnectedError) and link.soon for link in chain(error))


def chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and all that it was raised from, wherever libraries keep it."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        link = waiting.pop(0)
        if not isinstance(link, BaseException) or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]


def _of_winrm(error: BaseException, known: Known) -> Cause | None:
    if _is_fault(error):
        if error.code is None:
            text = "it answers with an error page, not a WS-Management fault"
            return Cause(errors.ProtocolError, text)
        detail = f"{error.reason or 'no reason given'} (WS-Management fault {error.code})"
        return Cause(wsman_numbers.of_fault(error.code), detail)
    if (status := _status(error)) is not None:
        return wsman_numbers.of_status(status)
    refused = isinstance(error, (LoggedOutError, RefusedError))
    if refused or _is_of(error, _PYPSRP, "AuthenticationError"):
        return _refused(known)
    return None


def _refused(known: Known) -> Cause:
    if known.accepted:
        text = "it had accepted the logon before in this session"
        hint = "Has the password been changed meanwhile, or the account been locked?"
        return Cause(errors.AuthenticationFailed, text, hint)
    if known.kerberos:
        return Cause(errors.KerberosFailed, f"it does not take the ticket, {known.who}")
    return Cause(errors.AuthenticationFailed, known.who)


def _is_of(error: BaseException, module: str, *names: str) -> bool:
    """Whether a library has raised it, as one of these."""
    library = sys.modules.get(module)
    return isinstance(error, tuple(getattr(library, name) for name in names)) if library else False


def _is_fault(error: BaseException) -> TypeGuard[FaultError]:
    """Whether it is a fault of WS-Management: ours, or pypsrp's, which has the same in it."""
    return isinstance(error, FaultError) or _is_of(error, _PYPSRP, "WSManFaultError")


def _status(error: BaseException) -> int | None:
    """The status of HTTP that a host answers with, and nothing else."""
    if isinstance(error, StatusError):
        return error.status
    return getattr(error, "code", None) if _is_of(error, _PYPSRP, "WinRMTransportError") else None


def _of_ours(error: BaseException, known: Known) -> Cause | None:
    if isinstance(error, NotOfferedError):
        offers = ", ".join(error.offers) or "no way at all"
        return Cause(errors.MethodNotOffered, f"{known.who}; it offers {offers}")
    if isinstance(error, UnsealedError):
        return wsman_numbers.of_unsealed(error.status)
    if isinstance(error, TunnelError):
        return Cause(errors.ProxyFailed, error.why, error.hint)
    if isinstance(error, MessageError):
        return Cause(errors.ProtocolError, error.why)
    return _OURS.get(type(error))


def _of_kerberos(error: BaseException, known: Known) -> Cause | None:
    """What the library says of a ticket, or of the host's answer to it."""
    del known
    if isinstance(error, TicketError):
        return Cause(errors.KerberosFailed, error.detail, error.hint)
    meaning = kerberos_numbers.meaning(error)
    return Cause(errors.KerberosFailed, *meaning) if meaning else None


def _of_certificate(error: BaseException, known: Known) -> Cause | None:
    del known
    return tls_numbers.of_certificate(error) if isinstance(error, tls.UntrustedError) else None


def _of_tls(error: BaseException, known: Known) -> Cause | None:
    if not isinstance(error, ssl.SSLError) or isinstance(error, TimeoutError):
        return None
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return _lost(known)
    return tls_numbers.of_handshake(str(error.reason or "closed"))


def _of_network(error: BaseException, known: Known) -> Cause | None:
    if isinstance(error, socket.gaierror):
        return Cause(errors.NameNotResolved)
    if isinstance(error, ConnectionRefusedError):
        return Cause(errors.Refused)
    if (
        isinstance(error, TimeoutError)
        or _is_of(error, _REQUESTS, "ReadTimeout")
        or _is_of(error, _URLLIB3, "ReadTimeoutError")
    ):
        begins = known.tls and not (known.heard or known.accepted)
        return tls_numbers.SILENCE if begins else Cause(errors.TimedOut)
    if isinstance(error, _LOST):
        return _lost(known)
    if isinstance(error, OSError) and error.errno in _NO_WAY and error.strerror:
        return Cause(errors.Unreachable, error.strerror)
    return None


def _lost(known: Known) -> Cause:
    """The end of a connection; before the host has said anything it tells of another cause."""
    if known.heard or known.accepted:
        return Cause(errors.ConnectionLost)
    if known.tls:
        hint = (
            "Is it the port of its HTTPS listener (5986), and has that a certificate "
            "(winrm enumerate winrm/config/listener)?"
        )
        return Cause(errors.ConnectionLost, "TLS was not agreed on yet", hint)
    hint = "Does it speak TLS on that port (--tls)? Otherwise run it again."
    return Cause(errors.ConnectionLost, "it had not said anything yet", hint)


def _of_http(error: BaseException, known: Known) -> Cause | None:
    del known
    if _is_of(error, _REQUESTS, "TooManyRedirects"):
        return Cause(errors.ProtocolError, "it sends us to another address")
    begins = b""
    if isinstance(error, http.client.BadStatusLine):
        begins = str(getattr(error, "line", "")).encode("latin-1", errors="replace")
    elif isinstance(error, NotHttpError):
        begins = error.begins
    if begins.startswith(_TLS_RECORD):
        hint = "Use --tls, or the port on which it does without (5985)."
        return Cause(errors.ProtocolError, "it speaks TLS on this port", hint)
    if isinstance(error, NotHttpError):
        return Cause(errors.ProtocolError, f"its answer is not HTTP ({error.why})")
    broken = isinstance(error, http.client.HTTPException)
    if broken or _is_of(error, _REQUESTS, "ContentDecodingError"):
        return Cause(errors.ProtocolError, "its answer is not HTTP")
    if isinstance(error, ParseError):
        return Cause(errors.ProtocolError, "its answer is not XML")
    return None


def _at_last(error: BaseException, known: Known) -> Cause | None:
    """What is known only roughly, after everything that it may have been raised from."""
    if isinstance(error, NotConnectedError):
        return Cause(errors.Unreachable)
    if _is_of(error, _REQUESTS, "ChunkedEncodingError"):
        return Cause(errors.ConnectionLost, "in the middle of an answer")
    if _is_of(error, _REQUESTS, "ConnectionError"):
        return _lost(known)
    if _is_of(error, _SPNEGO, "SpnegoError"):
        return Cause(errors.ProtocolError, "the logon does not come about")
    if _is_of(error, _PYPSRP, "WinRMError") and type(error).__name__ == "WinRMError":
        return Cause(errors.ProtocolError, "it answers something that was not asked")
    return None


_FINDERS: Final[tuple[Callable[[BaseException, Known], Cause | None], ...]] = (
    _of_ours,
    _of_kerberos,
    _of_winrm,
    _of_certificate,
    _of_tls,
    _of_network,
    _of_http,
    _at_last,
)
