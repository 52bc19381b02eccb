"""What the numbers of a fault of WS-Management mean, and those of the HTTP that carries it.

https://learn.microsoft.com/windows/win32/winrm/windows-remote-management-constants
"""

from typing import Final

from remediate.transport import errors
from remediate.transport.cause import Cause

_TIMED_OUT: Final = 2150858793
"""The host has nothing to say yet: ask again."""

_NO_SHELLS: Final = 2150859180
"""Remote shells of any kind are not allowed."""

_NO_ENDPOINT: Final = {2150858752, 2150858811}
"""No resource of this name: nothing is registered under it, or it is disabled."""

_FAULTS: Final[dict[int, type[errors.TransportError]]] = {
    _TIMED_OUT: errors.TimedOut,
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
PASSING_STATUS: Final = {429, 503}
"""Of a host that may answer otherwise in a while."""
_IN_CLEAR: Final = {
    401: "it has forgotten the logon, as after a restart of WinRM",
    413: errors.MessageTooLarge.hint.rstrip("."),
    429: "it is too busy",
    503: "it is too busy, or its WinRM service is stopping",
}
"""What a WinRM service itself says without sealing it, by HTTP status."""


def of_fault(code: int | str | None) -> type[errors.TransportError]:
    """What a host means by a fault.

    Args:
        code: its number, or its name where it has none.
    """
    if isinstance(code, int):
        return _FAULTS.get(code & 0xFFFFFFFF, errors.ProtocolError)
    return _SUBCODES.get(str(code).rpartition(":")[2], errors.ProtocolError)


def is_about_endpoint(code: int | str | None) -> bool:
    """Whether a fault says no to this kind of shell, and perhaps not to others.

    Args:
        code: as for `of_fault`.
    """
    return code in _NO_ENDPOINT or (of_fault(code) is errors.AccessDenied and code != _NO_SHELLS)


def of_status(status: int) -> Cause:
    """What a host means by a status of HTTP, and nothing else.

    Args:
        status: its number.
    """
    text = f"it answers HTTP {status} without an explanation"
    return _STATUS.get(status, Cause(errors.ProtocolError, text))


def of_unsealed(status: int) -> Cause:
    """What an answer means that is not sealed, and had to be.

    Args:
        status: of HTTP.
    """
    text = f"somebody in between changed or answered what is sealed from end to end (HTTP {status})"
    hint = "Use --tls, which shows who answers."
    if status in _IN_CLEAR:
        hint = f"{hint} If the host itself answered: {_IN_CLEAR[status]}."
    return Cause(errors.ProtocolError, text, hint)
