"""What a library's exception means: one leaf of our own tree of errors.

Numbers and exception types decide, never text; the reason of a WS-Management fault is in the
host's language. https://learn.microsoft.com/windows/win32/winrm/windows-remote-management-constants
"""

import errno
import http.client
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeGuard
from xml.etree.ElementTree import ParseError

from remediate.model.certificate import in_words
from remediate.transport import errors, kerberos_numbers, tls
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


class Cause(NamedTuple):
    """What lies behind an exception.

    Args:
        kind: the leaf.
        detail: what exactly was seen.
        hint: what to do, where the leaf's own hint does not lead to this cause.
    """

    kind: type[errors.TransportError]
    detail: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Known:
    """What is known of a conversation in which something was raised.

    Args:
        after_send: as for TransportError.
        who: user and method ("as ada by ntlm"), or the file of the certificate.
        tls: it is spoken over TLS.
        certificate: a client certificate is shown instead of a password.
        kerberos: a ticket was.
        heard: the host has sent something.
        accepted: the host has let us in before, so a failing logon is not about the password.
    """

    after_send: bool = False
    who: str = ""
    tls: bool = False
    certificate: bool = False
    kerberos: bool = False
    heard: bool = True
    accepted: bool = False


TIMED_OUT: Final = 2150858793
"""The host has nothing to say yet: ask again."""

_NO_SHELLS: Final = 2150859180
"""Remote shells of any kind are not allowed."""

_NO_ENDPOINT: Final = {2150858752, 2150858811}
"""No resource of this name: nothing is registered under it, or it is disabled."""

_FAULTS: Final[dict[int, type[errors.TransportError]]] = {
    TIMED_OUT: errors.TimedOut,
    5: errors.AccessDenied,
    2147942405: errors.AccessDenied,  # the same as an HRESULT
    _NO_SHELLS: errors.AccessDenied,
    1326: errors.AuthenticationFailed,  # logon failure
    2150858806: errors.AuthenticationFailed,
    995: errors.ConnectionLost,  # operation aborted: the shell or the service is ending
    2150858813: errors.ConnectionLost,  # shell unknown
    2150858843: errors.ConnectionLost,  # shell or command unknown
    2150859082: errors.ConnectionLost,  # shell already closed
    2150859084: errors.ConnectionLost,  # shell handle bad
    2150859085: errors.ConnectionLost,  # command handle bad
    2150859204: errors.ConnectionLost,  # shell is disconnected
    2150858754: errors.EndpointMissing,  # resource unknown; some code of 2012 R2 says it so
    2150858811: errors.EndpointMissing,  # the same
    2150858815: errors.QuotaExceeded,
    **dict.fromkeys(range(2150859173, 2150859177), errors.QuotaExceeded),
    2150859179: errors.QuotaExceeded,  # users
    **dict.fromkeys(range(2150859236, 2150859243), errors.QuotaExceeded),  # of a plug-in
}
_SUBCODES: Final[dict[str, type[errors.TransportError]]] = {
    "AccessDenied": errors.AccessDenied,
    "InvalidSelectors": errors.ConnectionLost,
    "QuotaLimit": errors.QuotaExceeded,
    "TimedOut": errors.TimedOut,
}
_STATUS: Final = {
    401: Cause(errors.AuthenticationFailed, "it answers HTTP 401"),
    403: Cause(errors.AccessDenied, "it answers HTTP 403"),
    404: Cause(errors.ProtocolError, "it has no WinRM at this address (HTTP 404)"),
    413: Cause(errors.MessageTooLarge, "it answers HTTP 413"),
    429: Cause(errors.QuotaExceeded, "it is too busy (HTTP 429)"),
    503: Cause(errors.QuotaExceeded, "it is too busy, or its WinRM service is stopping (HTTP 503)"),
}
_PASSING_STATUS: Final = {429, 503}
_IN_CLEAR: Final = {
    401: "it has forgotten the logon, as after a restart of WinRM",
    413: errors.MessageTooLarge.hint.rstrip("."),
    429: "it is too busy",
    503: "it is too busy, or its WinRM service is stopping",
}
"""What a WinRM service itself says without sealing it, by HTTP status."""

_NAME_HINT: Final = (
    "Use the name that stands in the certificate; with address: in an inventory it may be reached "
    "by another."
)
_ABOVE_HINT: Final = (
    "Give the authority that signed it with --ca-file; if that holds the root only, add those "
    "in between."
)
_ANEW_HINT: Final = (
    "The certificate there must be made anew: RSA of 2048 bits or more, SHA-256, for server "
    "authentication."
)
_PIN_HINT: Final = "Only if you have compared it with the one on the host: --tls-pin {}."
_TLS_PORT_HINT: Final = (
    "Give the port on which it speaks TLS with --port (5986), or leave out --tls, if given."
)
_CERTIFICATE: Final = {
    **dict.fromkeys(
        (2, 20, 21),
        (
            "its authority is not known here",
            _ABOVE_HINT,
        ),
    ),
    tls.NOT_YET_VALID: (
        "it is not valid yet",
        "Compare the clocks of the host and of this machine.",
    ),
    tls.EXPIRED: (
        "it has expired",
        "Renew it there; if it has not, compare the clocks of both machines.",
    ),
    18: (
        "it is signed by itself",
        "If it is the host's, as it says there, give that certificate itself with --ca-file.",
    ),
    19: (
        "the authority at its root is not trusted here",
        "Give the certificate of that authority with --ca-file.",
    ),
    26: ("it was not made for a server", _ANEW_HINT),
    62: ("it was made for another name", _NAME_HINT),
    64: ("it was not made for this address", _NAME_HINT),
    tls.WEAK_KEY: ("its key is too short", _ANEW_HINT),
    67: ("the key of its authority is too short", _ANEW_HINT),
    68: ("it is signed with a hash that is too weak", _ANEW_HINT),
    79: (
        "what signed it is no authority",
        "Give the certificate of the authority with --ca-file, not another one.",
    ),
    tls.UNREADABLE: ("it cannot be read", _ANEW_HINT),
    tls.OTHER_PIN: (
        "it is not the one that is pinned",
        "If it was renewed there, compare it and pin the new one; if not, somebody else answers.",
    ),
}
"""By the numbers of OpenSSL, X509_V_ERR_… in x509_vfy.h, and ours."""

_OF_SYSTEMS: Final = {
    0x800B0101: 10,  # CERT_E_EXPIRED
    0x800B0106: 26,  # CERT_E_PURPOSE
    0x800B0109: 19,  # CERT_E_UNTRUSTEDROOT
    0x800B010A: 20,  # CERT_E_CHAINING
    0x800B010F: 62,  # CERT_E_CN_NO_MATCH
    0x800B0110: 26,  # CERT_E_WRONG_USAGE
    -67602: 62,  # errSecHostNameMismatch
    -67818: 10,  # errSecCertificateExpired
    -67843: 19,  # errSecNotTrusted
}
"""What Windows (winerror.h) and macOS (SecBase.h) say, as the number of OpenSSL."""

_SELF_SIGNED: Final = 18
_PAST_PINNING: Final = {tls.NOT_YET_VALID, tls.EXPIRED, tls.WEAK_KEY, tls.UNREADABLE}
"""What is wrong with the certificate itself, so that a pin would not help."""

_TLS: Final = (
    (
        (
            "BAD_CERTIFICATE",
            "CERTIFICATE_EXPIRED",
            "CERTIFICATE_REQUIRED",
            "CERTIFICATE_REVOKED",
            "CERTIFICATE_UNKNOWN",
            "UNKNOWN_CA",
            "UNSUPPORTED_CERTIFICATE",
        ),
        Cause(errors.CertificateRefused, "it ends the connection over it"),
    ),
    (
        (
            "ALERT_HANDSHAKE_FAILURE",
            "ALERT_INSUFFICIENT_SECURITY",
            "ALERT_PROTOCOL_VERSION",
            "DH_KEY_TOO_SMALL",
            "UNSAFE_LEGACY_RENEGOTIATION_DISABLED",
            "UNSUPPORTED_PROTOCOL",
            "WRONG_SIGNATURE_TYPE",
        ),
        Cause(errors.TlsTooOld, "they have no version or no cipher in common"),
    ),
    (
        ("HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE", "WRONG_VERSION_NUMBER"),
        Cause(
            errors.ProtocolError,
            "it does not speak TLS on this port",
            _TLS_PORT_HINT,
        ),
    ),
)
"""By the names that OpenSSL gives its numbers (SSL_R_…)."""

_OURS: Final[dict[type[BaseException], Cause]] = {
    NotAcceptedError: Cause(errors.TimedOut, "it does not accept a connection"),
    OutOfTimeError: Cause(errors.TimedOut, "the time for this host is used up"),
    TooMuchError: Cause(errors.ProtocolError, "it sends more than a reply can be"),
    OverloadedMarkupError: Cause(errors.ProtocolError, "it sends XML that would grow in reading"),
    PackedError: Cause(errors.ProtocolError, "it sends packed what was to come as it is"),
    PageError: Cause(errors.ProtocolError, "it answers with a page, not with WS-Management"),
    RedirectedError: Cause(errors.ProtocolError, "it sends us to another address"),
}
_NOT_RUN: Final[dict[str, type[errors.RemoteError]]] = {
    "ScriptContainedMaliciousContent": errors.ScriptBlocked,  # AMSI calls it malicious
    "ScriptsNotAllowed": errors.ScriptsNotAllowed,  # no-language mode
    "MethodInvocationNotSupportedInConstrainedLanguage": errors.ConstrainedLanguage,  # our loader
}
"""Error ids with which PowerShell refuses a script (its resource ParserStrings), in whatever
language its text is."""

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

_TLS_SILENCE: Final = Cause(
    errors.TimedOut,
    "it takes the connection, and does not begin TLS",
    _TLS_PORT_HINT,
)


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
    return _is_fault(error) and _fault(error) is errors.TimedOut


def is_closed_endpoint(error: BaseException) -> bool:
    """Whether the host says no to this kind of shell, and perhaps not to others."""
    faults = filter(_is_fault, chain(error))
    return any(
        fault.code in _NO_ENDPOINT
        or (_fault(fault) is errors.AccessDenied and fault.code != _NO_SHELLS)
        for fault in faults
    )


def is_fault(error: BaseException) -> bool:
    """Whether the host has understood the request and says no to it."""
    return _is_fault(error) and error.code is not None


def is_logged_on(error: BaseException) -> bool:
    """Whether the host says no to the request, and so not to the logon before it."""
    return (
        _is_fault(error)
        and error.code is not None
        and _fault(error) is not errors.AuthenticationFailed
    )


def is_passing(error: BaseException) -> bool:
    """Whether the same question may succeed over a new connection."""
    return any(
        isinstance(link, _PASSING)
        or _is_of(link, _REQUESTS, "Timeout")
        or _status(link) in _PASSING_STATUS
        or (isinstance(link, UnsealedError) and link.status in _PASSING_STATUS)
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


def of_record(record: Any, host: str) -> errors.RemoteError:  # noqa: ANN401 - pypsrp builds its attributes at run time
    """The error that a host's PowerShell error record tells of."""
    from pypsrp.complex_objects import GenericComplexObject  # noqa: PLC0415 - whose record it is

    thrown = record.exception
    kinds = thrown.types if isinstance(thrown, GenericComplexObject) else []
    kind = str(kinds[0]).removeprefix("Deserialized.") if kinds else record.reason or ""
    line = record.invocation_script_line_number
    if line is None and isinstance(record.invocation_info, GenericComplexObject):
        line = record.invocation_info.adapted_properties.get("ScriptLineNumber")
    line = line if isinstance(line, int) else 0
    return of_script(host, str(record), str(record.fq_error), kind, line)


def of_script(host: str, text: str, error_id: str, exception: str, line: int) -> errors.RemoteError:
    """The error of a script that PowerShell has ended.

    Args:
        host: name of the host.
        text: what it says of it, in its language.
        error_id: the FullyQualifiedErrorId.
        exception: full name of the .NET type.
        line: of the script, 0 when it is not known.
    """
    error = _NOT_RUN.get(error_id.partition(",")[0], errors.RemoteError)
    return error(host, text, exception=exception, line=line)


def _of_winrm(error: BaseException, known: Known) -> Cause | None:
    if _is_fault(error):
        if error.code is None:
            text = "it answers with an error page, not a WS-Management fault"
            return Cause(errors.ProtocolError, text)
        detail = f"{error.reason or 'no reason given'} (WS-Management fault {error.code})"
        return Cause(_fault(error), detail)
    status = _status(error)
    if status is not None:
        text = f"it answers HTTP {status} without an explanation"
        return _STATUS.get(status, Cause(errors.ProtocolError, text))
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


def _fault(error: FaultError) -> type[errors.TransportError]:
    if isinstance(error.code, int):
        return _FAULTS.get(error.code & 0xFFFFFFFF, errors.ProtocolError)
    return _SUBCODES.get(str(error.code).rpartition(":")[2], errors.ProtocolError)


def _of_ours(error: BaseException, known: Known) -> Cause | None:
    if isinstance(error, NotOfferedError):
        offers = ", ".join(error.offers) or "no way at all"
        return Cause(errors.MethodNotOffered, f"{known.who}; it offers {offers}")
    if isinstance(error, UnsealedError):
        return _unsealed(error.status)
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


def _unsealed(status: int) -> Cause:
    text = f"somebody in between changed or answered what is sealed from end to end (HTTP {status})"
    hint = "Use --tls, which shows who answers."
    if status in _IN_CLEAR:
        hint = f"{hint} If the host itself answered: {_IN_CLEAR[status]}."
    return Cause(errors.ProtocolError, text, hint)


def _of_certificate(error: BaseException, known: Known) -> Cause | None:
    del known
    if not isinstance(error, tls.UntrustedError):
        return None
    number, shown = _OF_SYSTEMS.get(error.number, error.number), error.certificate
    if shown is None:
        return Cause(errors.TlsUntrusted, *_CERTIFICATE.get(number, (error.message, "")))
    if number == 19 and shown.subject == shown.issuer:  # noqa: PLR2004 - Windows has one for both
        number = _SELF_SIGNED
    why, hint = _CERTIFICATE.get(number, (error.message, errors.TlsUntrusted.hint))
    if number not in _PAST_PINNING:
        hint = f"{hint} {_PIN_HINT.format(shown.pin)}"
    return Cause(errors.TlsUntrusted, f"{why} ({in_words(shown)})", hint)


def _of_tls(error: BaseException, known: Known) -> Cause | None:
    if not isinstance(error, ssl.SSLError) or isinstance(error, TimeoutError):
        return None
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return _lost(known)
    reason = str(error.reason or "closed")
    for words, (kind, detail, hint) in _TLS:
        if any(word in reason for word in words):
            return Cause(kind, f"{detail} ({reason})", hint)
    return Cause(errors.ProtocolError, f"TLS with it fails ({reason})")


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
        return _TLS_SILENCE if begins else Cause(errors.TimedOut)
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
