"""Sizes of storage, as people write them and in words. A GB is 2^30 bytes, as in Windows."""

import re
from fractions import Fraction
from typing import Annotated

from pydantic import BeforeValidator

_UNITS = ("bytes", "KB", "MB", "GB", "TB", "PB", "EB")
_STEP = 1024
_SIZE = re.compile(r"(\d{1,20}(?:\.\d{1,9})?) ?([KMGTPE]?B)?", re.IGNORECASE | re.ASCII)
MAX_SIZE = 2**64 - 1
"""The largest number of bytes that Windows counts to."""


def parse_size(value: object) -> int:
    """The bytes of a size such as `10GB`, `320 MB`, `1.5TB` or a plain number of bytes.

    Raises:
        ValueError: it is not a size, or more than Windows counts to.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        found = _SIZE.fullmatch(str(value))
    else:
        found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        msg = "a size is written like 10GB, 320MB or as a number of bytes"
        raise ValueError(msg)
    number, unit = found.groups()
    power = "BKMGTPE".index(unit[0].upper()) if unit else 0
    size = Fraction(number) * _STEP**power
    if size.denominator != 1:
        msg = "a size is a whole number of bytes"
        raise ValueError(msg)
    if size > MAX_SIZE:
        msg = "that is more bytes than Windows counts to"
        raise ValueError(msg)
    return int(size)


def size_text(size: int) -> str:
    """A number of bytes as Windows writes it: `1.5 GB`, where 1 GB is 1024 MB.

    It is rounded down, so that less than 10 GB never reads as 10 GB, and a little more reads as
    10.00 GB.
    """
    power = max(0, min((size.bit_length() - 1) // 10, len(_UNITS) - 1))
    whole, rest = divmod(size, _STEP**power)
    hundredths, over = divmod(rest * 100, _STEP**power)
    digits = f"{whole}.{hundredths:02}"
    return f"{digits if over else digits.rstrip('0').rstrip('.')} {_UNITS[power]}"


Size = Annotated[int, BeforeValidator(parse_size)]
"""A number of bytes; takes what `parse_size` does."""
