"""What a certificate says, read from its bytes."""

import hashlib
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from remediate.model.certificate import Certificate
from remediate.transport.errors import plain

_LONGEST: Final = 200
"""Characters of a name that are kept; whoever made the certificate has written it."""

_MOST_NAMES: Final = 20
_RSA_BITS: Final = 2048
_EC_BITS: Final = 224
"""Below these a key has less than 112 bits of security (NIST SP 800-57 part 1, table 2), which
OpenSSL refuses at its level 2."""


def read_certificate(der: bytes) -> Certificate:
    """What a certificate says; of one that cannot be read only the pin."""
    pin = f"sha256:{hashlib.sha256(der).hexdigest()}"
    try:
        read = x509.load_der_x509_certificate(der)
        subject, issuer = map(_seen, (read.subject.rfc4514_string(), read.issuer.rfc4514_string()))
        begins, ends = read.not_valid_before_utc, read.not_valid_after_utc
    except ValueError:
        return Certificate(pin=pin)
    key, weak = _key(read)
    return Certificate(
        pin=pin,
        subject=subject,
        issuer=issuer,
        names=_names(read),
        key=key,
        weak_key=weak,
        not_before=begins,
        not_after=ends,
    )


def _key(read: x509.Certificate) -> tuple[str, bool]:
    try:
        key = read.public_key()
    except (ValueError, UnsupportedAlgorithm):  # such as RSA below 1024 bits
        return "unknown", True
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.key_size}", key.key_size < _EC_BITS
    if isinstance(key, (rsa.RSAPublicKey, dsa.DSAPublicKey)):
        kind = "RSA" if isinstance(key, rsa.RSAPublicKey) else "DSA"
        return f"{kind} {key.key_size}", key.key_size < _RSA_BITS
    return type(key).__name__.removesuffix("PublicKey").lstrip("_"), False


def _names(read: x509.Certificate) -> tuple[str, ...]:
    try:
        found = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return ()
    dns = found.get_values_for_type(x509.DNSName)
    addresses = map(str, found.get_values_for_type(x509.IPAddress))
    return tuple(map(_seen, (*dns, *addresses)))[:_MOST_NAMES]


def _seen(text: str) -> str:
    return plain(text)[:_LONGEST]
