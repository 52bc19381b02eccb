"""What the numbers of TLS mean: why a certificate is not believed, or a handshake fails."""

from typing import Final

from remediate.model.certificate import in_words
from remediate.transport import errors, tls
from remediate.transport.cause import Cause

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

SILENCE: Final = Cause(
    errors.TimedOut,
    "it takes the connection, and does not begin TLS",
    _TLS_PORT_HINT,
)
"""Of a host that has said nothing yet, where TLS is spoken."""


def of_certificate(error: tls.UntrustedError) -> Cause:
    """Why a certificate is not believed, and what to do.

    Args:
        error: what was raised over it.
    """
    number, shown = _OF_SYSTEMS.get(error.number, error.number), error.certificate
    if shown is None:
        return Cause(errors.TlsUntrusted, *_CERTIFICATE.get(number, (error.message, "")))
    if number == 19 and shown.subject == shown.issuer:  # noqa: PLR2004 - Windows has one for both
        number = _SELF_SIGNED
    why, hint = _CERTIFICATE.get(number, (error.message, errors.TlsUntrusted.hint))
    if number not in _PAST_PINNING:
        hint = f"{hint} {_PIN_HINT.format(shown.pin)}"
    return Cause(errors.TlsUntrusted, f"{why} ({in_words(shown)})", hint)


def of_handshake(reason: str) -> Cause:
    """Why TLS does not come about.

    Args:
        reason: the name that OpenSSL gives the number.
    """
    for words, (kind, detail, hint) in _TLS:
        if any(word in reason for word in words):
            return Cause(kind, f"{detail} ({reason})", hint)
    return Cause(errors.ProtocolError, f"TLS with it fails ({reason})")
