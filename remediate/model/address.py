"""Names, addresses and ports of servers, as people write them."""

import re
from contextlib import suppress
from ipaddress import IPv6Address, ip_address

from remediate.model.text import in_quotes

MAX_PORT = 65535
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_MAY_BE_IP = re.compile(r"[0-9.]+|.*:.*", re.DOTALL)
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_MEANT_AS_PORT = re.compile(r"[\d:_.,xe+ -]*|0x[\da-f]*|on|off|yes|no|true|false", re.IGNORECASE)
"""What may be repeated when it is none; anything else may be a password in the wrong place."""


def parse_port(text: str) -> int:
    """The TCP port that a text says.

    Decimal digits only: what else is a number somewhere (`010`, `5_986`, `0x50`) is none here.

    Raises:
        ValueError: it is none.
    """
    if not _PORT.fullmatch(text) or int(text) > MAX_PORT:
        found = f", not {in_quotes(text)}" if _MEANT_AS_PORT.fullmatch(text) else ""
        form = "in digits without leading zeros"
        msg = f"the port must be a number from 1 to {MAX_PORT}, {form}{found}"
        raise ValueError(msg)
    return int(text)


def check_address(value: str) -> str:
    """Return `value` when it is a DNS name or an IP address, the latter as it is usually written.

    What is accepted here is what the network is asked for: a text that a URL or a resolver would
    read as something else is refused.

    Raises:
        ValueError: it is neither; the message says what to write instead.
    """
    _without_account(value)
    if "%" in value and ":" in value:
        msg = (
            f"{in_quotes(value)} names a zone of this machine, which cannot be used: give the "
            "host's name, or an address without a zone"
        )
        raise ValueError(msg)
    if _MAY_BE_IP.fullmatch(value):  # asked first: a refusal costs more than all the rest
        with suppress(ValueError):
            return str(ip_address(value))
    if advice := _more_than_an_address(value):
        msg = f"{in_quotes(value)}: {advice}"
        raise ValueError(msg)
    labels = value.removesuffix(".").split(".")
    if len(value) > 253 or not all(_LABEL.fullmatch(label) for label in labels):  # noqa: PLR2004 - RFC 1035
        msg = f"{in_quotes(value)} is not a host name or an IP address"
        raise ValueError(msg)
    if all(_NUMBER.fullmatch(label) for label in labels):  # resolvers read 0x1F as 0.0.0.31
        msg = f"{in_quotes(value)} is not a valid IP address, and a number is not a host name"
        raise ValueError(msg)
    return value


def is_ip(address: str) -> bool:
    """Whether an address is an IP address, and not a name."""
    try:
        ip_address(address)
    except ValueError:
        return False
    return True


def _without_account(value: str) -> None:
    if "@" in value:  # not repeated: a password may stand before it
        msg = "a host name has no @: give the account as user, and never its password"
        raise ValueError(msg)


def _more_than_an_address(value: str) -> str:
    """What to write instead of an address with something about it; empty when it is not that."""
    if "://" in value:
        return "write the name of the host alone, and no URL"
    own = "the port is a setting of its own"
    if value.startswith("[") and "]" in value:
        inner, _, rest = value[1:].partition("]")
        return f"write {inner}, without brackets" + (f"; {own}" if rest else "")
    name, _, port = value.partition(":")
    return f"write {name}; {own}" if name and port.isascii() and port.isdigit() else ""


def split_target(text: str) -> tuple[str, int | None]:
    """Split `name`, `name:port`, `address`, or `[ipv6]:port` as given to `--host`.

    Raises:
        ValueError: the text has none of these forms; the message says what is wrong.
    """
    text = text.strip()
    if not text:
        msg = "a host name is empty"
        raise ValueError(msg)
    _without_account(text)
    if "://" in text:
        check_address(text)
    if text.startswith("["):
        address, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            msg = f"{in_quotes(text)}: write an IPv6 address with a port as [::1]:5985"
            raise ValueError(msg)
        try:
            IPv6Address(address)
        except ValueError:
            msg = f"{in_quotes(address)} is not an IPv6 address"
            raise ValueError(msg) from None
        return check_address(address), _port(rest[1:], text) if rest else None
    if text.count(":") > 1:
        try:
            IPv6Address(text)
        except ValueError:
            msg = f"{in_quotes(text)}: write an IPv6 address with a port as [::1]:5985"
            raise ValueError(msg) from None
        return check_address(text), None
    name, colon, port = text.partition(":")
    return check_address(name), _port(port, text) if colon else None


def _port(text: str, whole: str) -> int:
    try:
        return parse_port(text)
    except ValueError as error:
        msg = f"{in_quotes(whole)}: {error}"
        raise ValueError(msg) from None
