"""Bytes of logs as text, whatever wrote them: UTF-8, UTF-16 with and without mark, cp949, cp1252.

No guess is made of a whole file: of a hundred lines of which one is Korean, every guess is about
the other ninety-nine. NULs say that it is UTF-16; any other line is decoded by what is in it. A
file may begin within a letter, as the tail of a log does.
"""

import re
from dataclasses import dataclass

_KOREAN = re.compile(rb"[\xb0-\xc8][\xa1-\xfe]")  # the syllables of KS X 1001, which people write
_HIGH = re.compile(rb"[\x80-\xff]+")
_WITHIN = bytes(range(0x80, 0xC0))
"""Bytes with which no letter of UTF-8 begins: a tail was cut before them."""

_SAMPLE = 64 * 1024
_FEW = 20
"""The share of NULs, as 1 of so many bytes, from which a text is UTF-16."""


@dataclass(frozen=True, slots=True)
class Utf16:
    """How a text in UTF-16 is read.

    Args:
        codec: `utf-16-le` or `utf-16-be`.
        start: bytes before its first whole letter.
    """

    codec: str
    start: int


def utf16_of(sample: bytes) -> Utf16 | None:
    """Whether a text is UTF-16, and where its letters begin; None when it is not.

    Args:
        sample: how it begins.
    """
    for mark, codec in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if sample.startswith(mark):
            return Utf16(codec, 2)
    sample = sample[:_SAMPLE]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if (even + odd) * _FEW <= len(sample) or max(even, odd) < 9 * min(even, odd):
        return None
    high = 0 if even > odd else 1  # where the upper halves of letters are, which for Latin are 0
    ways = Utf16("utf-16-le", 1 - high), Utf16("utf-16-be", high)
    return max(ways, key=lambda way: _likely(sample, way))  # Windows' own, where both fit


def _likely(sample: bytes, way: Utf16) -> int:
    """Letters of what it would be that are Latin, or Korean; less those that nobody writes."""
    text = sample[way.start :].decode(way.codec, "replace")
    good = sum(c.isascii() or "\uac00" <= c <= "\ud7a3" for c in text)
    return good - 5 * sum(
        "\x00" <= c < "\t" or "\x0e" <= c < " " or "\x7f" < c < "\xff" for c in text
    )


def decode(line: bytes) -> str:
    """A line as text, by what is in it."""
    if line.isascii():
        return line.decode("ascii")
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    whole = line.lstrip(_WITHIN)
    text = whole.decode("utf-8", "ignore")
    if len(text.encode()) >= len(whole) - 3 and not text.isascii():
        return text
    korean, high = len(_KOREAN.findall(line)), sum(map(len, _HIGH.findall(line)))
    if korean * 3 < high:
        return line.decode("cp1252", "replace")
    first = _HIGH.match(line)
    return line[len(first[0]) % 2 if first else 0 :].decode("cp949", "replace")
