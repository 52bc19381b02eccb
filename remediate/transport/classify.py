"""What a library's exception means: one leaf of our own tree of errors.

Numbers and exception types decide, never text; the reason of a WS-Management fault is in the
host's language. https://learn.microsoft.com/windows/win32/winrm/windows-remote-management-constants
"""

import errno
import http.client
import socket
import ssl
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import ParseError

import requests
import urllib3
from pypsrp.complex_objects import GenericComplexObject
from pypsrp.exceptions import AuthenticationError, WinRMTransportError, WSManFaultError

from remediate.transport import errors
from remediate.transport.wire import (
    LoggedOutError,
    OutOfTimeError,
    StaleConnectionError,
    TooMuchError,
)

Found = tuple[type[errors.TransportError], str]

TIMED_OUT = 2150858793
"""The host has nothing to say yet: ask again."""

_FAULTS: dict[int, type[errors.TransportError]] = {
    TIMED_OUT: errors.TimedOut,
    5: errors.AccessDenied,
    2147942405: errors.AccessDenied,  # the same as an HRESULT
    2150859180: errors.AccessDenied,  # remote shells are not allowed
    1326: errors.AuthenticationFailed,  # logon failure
    2150858806: errors.AuthenticationFailed,
    995: errors.ConnectionLost,  # operation aborted: the shell or the service is ending
    2150858813: errors.ConnectionLost,  # shell unknown
    2150858843: errors.ConnectionLost,  # shell or command unknown
    2150859082: errors.ConnectionLost,  # shell already closed
    2150859084: errors.ConnectionLost,  # shell handle bad
    2150859085: errors.ConnectionLost,  # command handle bad
    2150859204: errors.ConnectionLost,  # shell is disconnected
    2150858815: errors.QuotaExceeded,
    **dict.fromkeys(range(2150859173, 2150859177), errors.QuotaExceeded),
    2150859179: errors.QuotaExceeded,  # users
    **dict.fromkeys(range(2150859236, 2150859243), errors.QuotaExceeded),  # of a plug-in
}
_SUBCODES: dict[str, type[errors.TransportError]] = {
    "AccessDenied": errors.AccessDenied,
    "InvalidSelectors": errors.ConnectionLost,
    "QuotaLimit": errors.QuotaExceeded,
    "TimedOut": errors.TimedOut,
}
_STATUS: dict[int, Found] = {
    401: (errors.AuthenticationFailed, "it answers HTTP 401"),
    403: (errors.AccessDenied, "it answers HTTP 403"),
    404: (errors.ProtocolError, "it has no WinRM at this address (HTTP 404)"),
    413: (errors.QuotaExceeded, "what was sent is too large for it (HTTP 413)"),
    429: (errors.QuotaExceeded, "it is too busy (HTTP 429)"),
    503: (errors.QuotaExceeded, "it is too busy, or its WinRM service is stopping (HTTP 503)"),
}
_PASSING_STATUS = {429, 503}
_ABOUT_OUR_CERTIFICATE = (
    "BAD_CERTIFICATE",
    "CERTIFICATE_EXPIRED",
    "CERTIFICATE_REQUIRED",
    "CERTIFICATE_REVOKED",
    "CERTIFICATE_UNKNOWN",
    "UNKNOWN_CA",
    "UNSUPPORTED_CERTIFICATE",
)
_LOST = (
    ConnectionAbortedError,
    ConnectionResetError,
    BrokenPipeError,
    http.client.IncompleteRead,
    urllib3.exceptions.IncompleteRead,
    StaleConnectionError,
)
_PASSING = (*_LOST, TimeoutError, ConnectionRefusedError, ssl.SSLEOFError, requests.Timeout)
_SILENCE = (requests.ReadTimeout, urllib3.exceptions.ReadTimeoutError, TimeoutError)
_NO_WAY = {
    errno.EADDRNOTAVAIL,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.EACCES,
    errno.EPERM,
}
"""Reasons of this machine or its network for which no connection is even tried."""
_NETWORK: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Found], ...] = (
    (socket.gaierror, (errors.NameNotResolved, "")),
    (urllib3.exceptions.NameResolutionError, (errors.NameNotResolved, "")),
    (ConnectionRefusedError, (errors.Refused, "")),
    (requests.ConnectTimeout, (errors.TimedOut, "it does not accept a connection")),
    (_SILENCE, (errors.TimedOut, "")),
    (_LOST, (errors.ConnectionLost, "")),
)


def classify(
    error: BaseException,
    host: str,
    *,
    after_send: bool = False,
    accepted: bool = False,
    connected: bool = False,
) -> errors.TransportError:
    """Our own error for a library's; never fails.

    Args:
        error: what was raised; everything it was raised from is looked at, too.
        host: name of the host.
        after_send: as for TransportError.
        accepted: the host has let us in before, so a failing logon is not about the password.
        connected: a connection stood, so what ends now is not the making of one.
    """
    if isinstance(error, errors.TransportError):
        return error
    links = list(chain(error))
    state = {"accepted": accepted, "connected": connected or accepted}
    for find in (_of_winrm, _of_ours, _of_tls, _of_network, _of_http, _at_last):
        found = next((f for link in links if (f := find(link, **state))), None)
        if found:
            kind, detail = found
            return kind(host, detail, after_send=after_send)
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    return errors.ProtocolError(host, f"unforeseen {name}", after_send=after_send)


def is_waiting(error: BaseException) -> bool:
    """Whether the host only says that it has nothing to say yet."""
    return isinstance(error, WSManFaultError) and _fault(error) is errors.TimedOut


def is_fault(error: BaseException) -> bool:
    """Whether the host has understood the request and says no to it."""
    return isinstance(error, WSManFaultError) and error.code is not None


def is_passing(error: BaseException) -> bool:
    """Whether the same question may succeed over a new connection."""
    return any(
        isinstance(link, _PASSING)
        or (isinstance(link, WinRMTransportError) and link.code in _PASSING_STATUS)
        for link in chain(error)
    )


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


def of_record(record: Any, host: str) -> errors.RemoteError:  # noqa: ANN401 - pypsrp builds its attributes at run time
    """The error that a host's PowerShell error record tells of."""
    thrown = record.exception
    kinds = thrown.types if isinstance(thrown, GenericComplexObject) else []
    kind = str(kinds[0]).removeprefix("Deserialized.") if kinds else record.reason or ""
    line = record.invocation_script_line_number
    if line is None and isinstance(record.invocation_info, GenericComplexObject):
        line = record.invocation_info.adapted_properties.get("ScriptLineNumber")
    line = line if isinstance(line, int) else 0
    return errors.RemoteError(host, str(record), exception=kind, line=line)


def _of_winrm(error: BaseException, *, accepted: bool, connected: bool) -> Found | None:
    del connected
    if isinstance(error, WSManFaultError):
        detail = f"{error.reason or 'no reason given'} (WS-Management fault {error.code})"
        if error.code is None:
            return errors.ProtocolError, "it answers with an error page, not a WS-Management fault"
        return _fault(error), detail
    if isinstance(error, WinRMTransportError):
        unknown = (errors.ProtocolError, f"it answers HTTP {error.code} without an explanation")
        return _STATUS.get(error.code, unknown)
    if isinstance(error, (AuthenticationError, LoggedOutError)):
        again = "the host had accepted it before in this session" if accepted else ""
        return errors.AuthenticationFailed, again
    return None


def _fault(error: WSManFaultError) -> type[errors.TransportError]:
    if isinstance(error.code, int):
        return _FAULTS.get(error.code & 0xFFFFFFFF, errors.ProtocolError)
    return _SUBCODES.get(str(error.code).rpartition(":")[2], errors.ProtocolError)


def _of_ours(error: BaseException, **_: bool) -> Found | None:
    match error:
        case OutOfTimeError():
            return errors.TimedOut, "the time for this host is used up"
        case TooMuchError():
            return errors.ProtocolError, "it sends more than a reply can be"
        case ParseError():
            return errors.ProtocolError, "its answer is not XML"
    return None


def _of_tls(error: BaseException, *, accepted: bool, connected: bool) -> Found | None:
    del accepted
    if isinstance(error, ssl.SSLCertVerificationError):
        return errors.TlsUntrusted, error.verify_message or str(error.reason)
    if not isinstance(error, ssl.SSLError) or isinstance(error, TimeoutError):
        return None
    reason = str(error.reason or "")
    if any(word in reason for word in _ABOUT_OUR_CERTIFICATE):
        return errors.AuthenticationFailed, f"it rejects the client's certificate ({reason})"
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)) and connected:
        return errors.ConnectionLost, ""
    return errors.ProtocolError, f"TLS cannot be agreed on with it ({reason or 'closed'})"


def _of_network(error: BaseException, **_: bool) -> Found | None:
    for kinds, found in _NETWORK:
        if isinstance(error, kinds):
            return found
    if isinstance(error, OSError) and error.errno in _NO_WAY and error.strerror:
        return errors.Unreachable, error.strerror
    return None


def _of_http(error: BaseException, **_: bool) -> Found | None:
    if isinstance(error, requests.TooManyRedirects):
        return errors.ProtocolError, "it sends us to another address"
    if isinstance(error, (http.client.HTTPException, requests.exceptions.ContentDecodingError)):
        return errors.ProtocolError, "its answer is not HTTP"
    return None


def _at_last(error: BaseException, **_: bool) -> Found | None:
    """What is known only roughly, after everything that it may have been raised from."""
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return errors.Unreachable, ""
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return errors.ConnectionLost, "in the middle of an answer"
    if isinstance(error, requests.ConnectionError):
        return errors.ConnectionLost, ""
    return None
