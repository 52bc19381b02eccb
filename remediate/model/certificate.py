"""A certificate, as one compares it with another."""

import re
from datetime import datetime

from remediate.model.base import Model
from remediate.model.text import in_quotes

_PIN = re.compile(r"sha256:[0-9a-f]{64}")
_THUMBPRINT = re.compile(r"(?:sha1:)?(?:[0-9a-f]{2}[: ]?){20}")


class Certificate(Model):
    """What a host shows of itself in TLS.

    Args:
        pin: SHA-256 of the whole certificate, as `tls_pin` takes it.
        subject: whom it was made for; empty when it cannot be read.
        issuer: who signed it.
        names: DNS names and addresses that it was made for.
        key: kind and length of its key (`RSA 2048`).
        weak_key: that is too short.
        not_before: it is valid from then on, in UTC.
        not_after: it is valid until then, in UTC.
    """

    pin: str
    subject: str = ""
    issuer: str = ""
    names: tuple[str, ...] = ()
    key: str = ""
    weak_key: bool = False
    not_before: datetime | None = None
    not_after: datetime | None = None


def in_words(certificate: Certificate) -> str:
    """Whose it is, and for how long."""
    if certificate.not_before is None or certificate.not_after is None:
        return "nothing can be read of it"
    return (
        f"{certificate.subject}, issued by {certificate.issuer}, valid from "
        f"{certificate.not_before:%Y-%m-%d} to {certificate.not_after:%Y-%m-%d %H:%M} UTC"
    )


def parse_pin(text: str) -> str:
    """The pin that a text says: `sha256:` and 64 hexadecimal digits, with colons or without.

    Raises:
        ValueError: it is none; the message says what to write instead.
    """
    given = text.strip().lower()
    kind, _, digits = given.partition(":")
    pin = f"{kind}:{digits.replace(':', '')}"
    if _PIN.fullmatch(pin):
        return pin
    if _THUMBPRINT.fullmatch(given):
        why = "that is a thumbprint as Windows shows it (SHA-1), which can be forged"
    else:
        why = f"not {in_quotes(text)}"
    msg = (
        f"a pin is sha256: and the 64 hexadecimal digits of a certificate, {why}; remediate hosts "
        "pin shows that of a host"
    )
    raise ValueError(msg)
