"""Every way in which the libraries fail ends in the right leaf of our tree."""

import errno
import http.client
import socket
import ssl
import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import pytest
import requests
import urllib3
from pypsrp.exceptions import (
    AuthenticationError,
    FragmentError,
    WinRMError,
    WinRMTransportError,
    WSManFaultError,
)
from spnego.exceptions import BadMICError

from remediate.model.certificate import Certificate
from remediate.transport import errors
from remediate.transport.cause import Known
from remediate.transport.classify import classify, is_logged_on, is_passing, is_waiting
from remediate.transport.dialing import NotAcceptedError, NotConnectedError
from remediate.transport.kerberos_numbers import TicketError
from remediate.transport.markup import OverloadedMarkupError
from remediate.transport.tls import OTHER_PIN, UNREADABLE, UntrustedError
from remediate.transport.tunnel import TunnelError
from remediate.transport.watch import (
    LoggedOutError,
    NotOfferedError,
    OutOfTimeError,
    PackedError,
    PageError,
    StaleConnectionError,
    TooMuchError,
    UnsealedError,
)

MINE = Certificate(
    pin="sha256:" + 32 * "0f",
    subject="CN=SRV01",
    issuer="CN=SRV01",
    not_before=datetime(2026, 1, 1, tzinfo=UTC),
    not_after=datetime(2027, 1, 1, tzinfo=UTC),
)
POOL = urllib3.HTTPConnectionPool("h")


def fault(code: int | str | None, reason: str = "warum") -> WSManFaultError:
    return WSManFaultError(code, "H", reason, None, None, None)


def from_(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def failed_connect(cause: Exception) -> Exception:
    return from_(NotConnectedError("h"), cause)


def dropped(cause: Exception) -> requests.ConnectionError:
    return requests.ConnectionError(urllib3.exceptions.ProtocolError("Connection aborted.", cause))


def tls(error: Exception) -> requests.exceptions.SSLError:
    wrapped = urllib3.exceptions.SSLError(error)
    return requests.exceptions.SSLError(urllib3.exceptions.MaxRetryError(POOL, "/", wrapped))


def ssl_error(kind: type[ssl.SSLError], reason: str) -> ssl.SSLError:
    error = kind(1, reason)
    error.reason = reason
    return error


def untrusted(
    number: int = 0, message: str = "odd", certificate: Certificate | None = None
) -> Exception:
    return UntrustedError(number, message, certificate)


def in_handling(error: Exception, handled: Exception) -> Exception:
    error.__context__ = handled
    return error


TABLE = [
    (failed_connect(ConnectionRefusedError(111, "refused")), errors.Refused),
    (failed_connect(socket.gaierror(-2, "unknown")), errors.NameNotResolved),
    (failed_connect(OSError(errno.EHOSTUNREACH, "No route to host")), errors.Unreachable),
    (failed_connect(OSError(errno.ENETUNREACH, "No network")), errors.Unreachable),
    (from_(NotAcceptedError("h"), TimeoutError()), errors.TimedOut),
    (requests.ReadTimeout(), errors.TimedOut),
    (TimeoutError(), errors.TimedOut),
    (OutOfTimeError(), errors.TimedOut),
    (requests.ConnectionError(urllib3.exceptions.ReadTimeoutError(POOL, "/", "")), errors.TimedOut),
    (untrusted(), errors.TlsUntrusted),
    (fault(2150858754), errors.EndpointMissing),
    (fault(2150858811), errors.EndpointMissing),
    (TunnelError("p:1 answers HTTP 403"), errors.ProxyFailed),
    (tls(ssl_error(ssl.SSLError, "UNSUPPORTED_PROTOCOL")), errors.TlsTooOld),
    (tls(ssl_error(ssl.SSLError, "TLSV1_ALERT_PROTOCOL_VERSION")), errors.TlsTooOld),
    (tls(ssl_error(ssl.SSLError, "SSLV3_ALERT_HANDSHAKE_FAILURE")), errors.TlsTooOld),
    (tls(ssl_error(ssl.SSLError, "WRONG_VERSION_NUMBER")), errors.ProtocolError),
    (tls(ssl_error(ssl.SSLError, "DECRYPTION_FAILED_OR_BAD_RECORD_MAC")), errors.ProtocolError),
    (tls(ssl_error(ssl.SSLEOFError, "EOF")), errors.ConnectionLost),
    (tls(ssl_error(ssl.SSLError, "TLSV13_ALERT_CERTIFICATE_REQUIRED")), errors.CertificateRefused),
    (tls(ssl_error(ssl.SSLError, "TLSV1_ALERT_UNKNOWN_CA")), errors.CertificateRefused),
    (AuthenticationError("Failed"), errors.AuthenticationFailed),
    (TicketError("no KDC answers"), errors.KerberosFailed),
    (LoggedOutError(), errors.AuthenticationFailed),
    (NotOfferedError(("Basic",)), errors.MethodNotOffered),
    (UnsealedError(500), errors.ProtocolError),
    (in_handling(UnsealedError(401), LoggedOutError()), errors.ProtocolError),
    (PackedError(200), errors.ProtocolError),
    (PageError(), errors.ProtocolError),
    (OverloadedMarkupError(), errors.ProtocolError),
    (BadMICError(), errors.ProtocolError),
    (WinRMTransportError("http", 401, ""), errors.AuthenticationFailed),
    (WinRMTransportError("http", 403, ""), errors.AccessDenied),
    (WinRMTransportError("http", 404, "<html>"), errors.ProtocolError),
    (WinRMTransportError("http", 413, ""), errors.MessageTooLarge),
    (WinRMTransportError("http", 500, ""), errors.ProtocolError),
    (
        in_handling(WinRMTransportError("http", 503, ""), ET.ParseError("syntax")),
        errors.QuotaExceeded,
    ),
    (fault(5), errors.AccessDenied),
    (fault(2147942405), errors.AccessDenied),
    (fault(-2147024891), errors.AccessDenied),
    (fault("w:AccessDenied"), errors.AccessDenied),
    (fault(1326), errors.AuthenticationFailed),
    (fault(2150859173), errors.QuotaExceeded),
    (fault(2150859174), errors.QuotaExceeded),
    (fault(2150859240), errors.QuotaExceeded),
    (fault("w:QuotaLimit"), errors.QuotaExceeded),
    (fault(2150858843), errors.ConnectionLost),
    (fault(2150858813), errors.ConnectionLost),
    (fault(995), errors.ConnectionLost),
    (fault(2150858793), errors.TimedOut),
    (fault("w:TimedOut"), errors.TimedOut),
    (fault(2150858752), errors.ProtocolError),
    (fault("wsa:DestinationUnreachable"), errors.ProtocolError),
    (fault(None), errors.ProtocolError),
    (dropped(http.client.RemoteDisconnected("closed")), errors.ConnectionLost),
    (dropped(ConnectionResetError(104, "reset")), errors.ConnectionLost),
    (dropped(BrokenPipeError(32, "pipe")), errors.ConnectionLost),
    (
        requests.exceptions.ChunkedEncodingError(
            urllib3.exceptions.ProtocolError("broken", http.client.IncompleteRead(b""))
        ),
        errors.ConnectionLost,
    ),
    (dropped(http.client.BadStatusLine("SSH-2.0")), errors.ProtocolError),
    (requests.TooManyRedirects(), errors.ProtocolError),
    (TooMuchError(), errors.ProtocolError),
    (ET.ParseError("syntax"), errors.ProtocolError),
    (WinRMError("RelatesTo"), errors.ProtocolError),
    (FragmentError("id"), errors.ProtocolError),
    (KeyError("RefId"), errors.ProtocolError),
    (RecursionError(), errors.ProtocolError),
    (from_(RuntimeError("odd"), StaleConnectionError()), errors.ConnectionLost),
]


@pytest.mark.parametrize(("error", "expected"), TABLE, ids=[repr(row[0])[:60] for row in TABLE])
def test_each_failure_has_its_leaf(error: Exception, expected: type[errors.TransportError]) -> None:
    found = classify(error, "SRV01", Known(after_send=True))
    assert type(found) is expected
    assert found.after_send
    assert "SRV01" in str(found)


def test_every_leaf_is_reached() -> None:
    """But for those that no library raises."""
    reached = {kind for _, kind in TABLE}
    missing = {kind for kind in _leaves(errors.TransportError) if kind not in reached}
    of_scripts = {errors.ScriptBlocked, errors.ScriptsNotAllowed, errors.ConstrainedLanguage}
    assert missing == {errors.AccountRefusedElsewhere, errors.WrongSettings, *of_scripts}


def _leaves(kind: type) -> set[type]:
    below = kind.__subclasses__()
    return {kind} if not below else set().union(*map(_leaves, below))


def test_our_own_errors_stay_as_they_are() -> None:
    error = errors.Refused("a")
    assert classify(error, "b", Known(after_send=True)) is error


def test_an_unforeseen_failure_is_neither_named_nor_quoted() -> None:
    """People get no names of Python's; the log has them."""
    assert str(classify(RuntimeError("hunter2"), "SRV01")) == (
        "SRV01 gave an answer that makes no sense. The request did not run there."
    )


CLEAR, TLS = Known(heard=False), Known(heard=False, tls=True)
HANG_UP = dropped(http.client.RemoteDisconnected("closed"))
CAUSES = [
    (untrusted(2), Known(), "its authority is not known here", "--ca-file"),
    (untrusted(9), Known(), "not valid yet", "Compare the clocks"),
    (untrusted(10), Known(), "it has expired", "Renew it"),
    (untrusted(18), Known(), "signed by itself", "that certificate itself"),
    (untrusted(19), Known(), "authority at its root", "of that authority"),
    (untrusted(20), Known(), "its authority is not known here", "add those in between"),
    (untrusted(26), Known(), "not made for a server", "made anew"),
    (untrusted(62), Known(), "another name", "name that stands in"),
    (untrusted(64), Known(), "this address", "name that stands in"),
    (untrusted(66), Known(), "its key is too short", "made anew"),
    (untrusted(67), Known(), "key of its authority", "made anew"),
    (untrusted(68), Known(), "a hash that is too weak", "made anew"),
    (untrusted(79), Known(), "is no authority", "not another one"),
    (untrusted(0x800B0101), Known(), "it has expired", "Renew it"),
    (untrusted(0x800B010F), Known(), "another name", "name that stands in"),
    (untrusted(-67843), Known(), "authority at its root", "of that authority"),
    (untrusted(0x800B0109, "", MINE), Known(), "signed by itself", f"--tls-pin {MINE.pin}."),
    (untrusted(OTHER_PIN, "", MINE), Known(), "not the one that is pinned", "somebody else"),
    (untrusted(UNREADABLE), Known(), "cannot be read", "made anew"),
    (untrusted(50, "verification failure"), Known(), "verification failure", "--ca-file"),
    (tls(ssl_error(ssl.SSLError, "UNSUPPORTED_PROTOCOL")), TLS, "no version", "Enable TLS 1.2"),
    (tls(ssl_error(ssl.SSLError, "WRONG_VERSION_NUMBER")), TLS, "not speak TLS", "--port (5986)"),
    (tls(ssl_error(ssl.SSLEOFError, "EOF")), TLS, "not agreed on yet", "HTTPS listener"),
    (dropped(ConnectionResetError(104, "reset")), TLS, "not agreed on yet", "HTTPS listener"),
    (requests.ReadTimeout(), TLS, "does not begin TLS", "--port (5986)"),
    (requests.ReadTimeout(), CLEAR, "", "--timeout gives it longer"),
    (requests.ReadTimeout(), Known(tls=True), "", "--timeout gives it longer"),
    (HANG_UP, CLEAR, "not said anything yet", "(--tls)?"),
    (HANG_UP, Known(), "", "Run the audit again"),
    (dropped(http.client.BadStatusLine("\x15\x03\x01\x00\x02\x02\x46")), CLEAR, "TLS", "Use --tls"),
    (dropped(http.client.BadStatusLine("SSH-2.0")), CLEAR, "not HTTP", "proxy"),
    (WinRMTransportError("http", 413, ""), Known(), "HTTP 413", "MaxEnvelopeSizekb"),
    (AuthenticationError(), Known(who="as ada by basic"), "as ada by basic", "--user"),
    (AuthenticationError(), Known(certificate=True, who="a.pem"), "a.pem", "mapped to an account"),
    (AuthenticationError(), Known(accepted=True), "accepted the logon before", "been changed"),
    (
        NotOfferedError(("Basic",)),
        Known(who="as ada by ntlm"),
        "by ntlm; it offers Basic",
        "--auth",
    ),
    (PageError(), Known(), "a page, not", "another service"),
    (WinRMError("RelatesTo"), Known(), "not asked", "another service"),
    (UnsealedError(500), Known(), "somebody in between", "--tls, which shows who answers."),
    (UnsealedError(413), Known(), "somebody in between", "MaxEnvelopeSizekb"),
    (UnsealedError(503), Known(), "somebody in between", "service is stopping"),
]


@pytest.mark.parametrize(("error", "known", "detail", "hint"), CAUSES)
def test_each_cause_that_is_cured_differently_has_its_own_words(
    error: Exception, known: Known, detail: str, hint: str
) -> None:
    found = classify(error, "SRV01", known)
    assert detail in found.detail
    assert hint in found.hint


def test_the_end_of_tls_in_a_conversation_may_pass() -> None:
    assert is_passing(tls(ssl_error(ssl.SSLEOFError, "UNEXPECTED_EOF_WHILE_READING")))


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (dropped(http.client.RemoteDisconnected("closed")), True),
        (requests.ReadTimeout(), True),
        (requests.exceptions.ChunkedEncodingError(http.client.IncompleteRead(b"")), True),
        (WinRMTransportError("http", 503, ""), True),
        (WinRMTransportError("http", 500, ""), False),
        (UnsealedError(503), True),
        (UnsealedError(500), False),
        (AuthenticationError("401"), False),
        (LoggedOutError(), False),
        (OutOfTimeError(), False),
        (TooMuchError(), False),
        (fault(2150858843), False),
        (ET.ParseError("syntax"), False),
    ],
)
def test_only_what_a_new_connection_may_mend_is_asked_again(
    error: Exception, passing: bool
) -> None:
    assert is_passing(error) is passing


def test_waiting_is_known_by_number() -> None:
    assert is_waiting(fault(2150858793))
    assert not is_waiting(fault(5))
    assert not is_waiting(TimeoutError())


@pytest.mark.parametrize(
    ("error", "logged_on"),
    [(fault(5), True), (fault(1326), False), (fault(None), False), (HANG_UP, False)],
)
def test_a_fault_shows_that_the_logon_went_well(error: Exception, logged_on: bool) -> None:
    assert is_logged_on(error) is logged_on
