"""A server and how it is reached."""

import re
from enum import StrEnum
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from remediate.model.base import Model

HTTP_PORT = 5985
HTTPS_PORT = 5986
MAX_PORT = 65535
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")


class Auth(StrEnum):
    """How a host is asked to believe who we are."""

    BASIC = "basic"
    CERTIFICATE = "certificate"
    NEGOTIATE = "negotiate"
    NTLM = "ntlm"


class Host(Model):
    """One server. Holds a reference to a secret, never the secret.

    Args:
        name: what the operator calls it; shown everywhere, unique in a selection.
        address: DNS name or IP address that is connected to.
        port: TCP port; 5985, or 5986 with TLS, when not given.
        tls: speak HTTPS; without it messages are encrypted by NTLM or Negotiate.
        auth: authentication method.
        user: account on the host, or None to use a certificate.
        password: reference to the password (`env:NAME`, `prompt:`, `file:PATH`), or None.
        ca_file: PEM file of the authority that signed the host's certificate.
        cert_file: PEM file of the client's certificate (auth `certificate`).
        key_file: PEM file of its private key.
        insecure: allow Basic without TLS to an address beyond loopback.
    """

    name: str = Field(min_length=1)
    address: str
    port: int = Field(ge=1, le=MAX_PORT)
    tls: bool = False
    auth: Auth = Auth.NEGOTIATE
    user: str | None = None
    password: str | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    insecure: bool = False

    @field_validator("address")
    @classmethod
    def _known_form(cls, value: str) -> str:
        return check_address(value)

    @property
    def loopback(self) -> bool:
        """Whether the address can only be this machine."""
        if self.address == "localhost":
            return True
        try:
            return ip_address(self.address).is_loopback
        except ValueError:
            return False

    @property
    def url(self) -> str:
        """The endpoint, as one would type it."""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{'https' if self.tls else 'http'}://{address}:{self.port}/wsman"

    @model_validator(mode="after")
    def _confidential(self) -> Self:
        clear = not self.tls and self.auth in {Auth.BASIC, Auth.CERTIFICATE}
        if clear and not (self.loopback or self.insecure):
            msg = (
                f"{self.auth} over plain HTTP would send the password of {self.name} readable "
                "by anyone on the way: use --tls, or --auth negotiate"
            )
            raise ValueError(msg)
        return self


def check_address(value: str) -> str:
    """Return `value` when it is a DNS name or an IP address.

    Raises:
        ValueError: it is neither.
    """
    try:
        return str(ip_address(value))
    except ValueError:
        pass
    labels = value.rstrip(".").split(".")
    if len(value) > 253 or not all(_LABEL.fullmatch(label) for label in labels):  # noqa: PLR2004 - RFC 1035
        msg = f"{value!r} is not a host name or an IP address"
        raise ValueError(msg)
    if all(label.isdigit() for label in labels):
        msg = f"{value!r} is not a valid IP address"
        raise ValueError(msg)
    return value


def split_target(text: str) -> tuple[str, int | None]:
    """Split `name`, `name:port`, `address`, or `[ipv6]:port` as given to `--host`.

    Raises:
        ValueError: the text has none of these forms; the message says what is wrong.
    """
    text = text.strip()
    if not text:
        msg = "a host name is empty"
        raise ValueError(msg)
    if text.startswith("["):
        address, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            msg = f"{text!r}: write an IPv6 address with a port as [::1]:5985"
            raise ValueError(msg)
        try:
            IPv6Address(address)
        except ValueError:
            msg = f"{address!r} is not an IPv6 address"
            raise ValueError(msg) from None
        return check_address(address), _port(rest[1:], text) if rest else None
    if text.count(":") > 1:
        try:
            return str(IPv6Address(text)), None
        except ValueError:
            msg = f"{text!r}: write an IPv6 address with a port as [::1]:5985"
            raise ValueError(msg) from None
    name, colon, port = text.partition(":")
    return check_address(name), _port(port, text) if colon else None


def _port(text: str, whole: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_PORT:
        msg = f"{whole!r}: the port must be a number from 1 to {MAX_PORT}"
        raise ValueError(msg)
    return int(text)
