"""Texts as they are compared: without case, punctuation, odd spaces and the dress of numbers."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+(?:_[^\W_]+)*")
_BREAK = re.compile(r"\s*[\r\n]\s*")
_CUT = re.compile(r"[\"\u201c\u201d\u00ab\u00bb()\[\]{}<>|;:]|[.!?](?=\s|$)|\s-\s|->")
_HANGUL = re.compile(r"[\uac00-\ud7a3]+")
_DROPPED = re.compile(r"['\u2018\u2019\u201b\u02bc`\u00b4\u00ad\u200b-\u200f\u2060\ufeff]")
_NUMBER = re.compile(
    r"(?<![0-9a-z_])0x(?P<hex>[0-9a-f]{1,8})(?![0-9a-z_])"
    r"|(?<![0-9a-z_.])(?P<signed>-\d{9,10})(?![0-9a-z_])"
    r"|(?<![0-9a-z_])(?P<bare>[0-9a-f]{4,8})h?(?![0-9a-z_])"
    r"|(?<![0-9a-z_])(?P<decimal>\d{1,10})(?![0-9a-z_])"
)
KINDS = frozenset(
    [
        *("code", "codes", "err", "errno", "error", "errorcode", "errors", "event", "eventid"),
        *("exit", "fault", "hr", "hresult", "http", "https", "id", "ids", "message", "msg", "no"),
        *("nr", "number", "oserror", "problem", "rc", "result", "status", "win32", "winerror"),
        *("wsa", "에러", "오류", "오류코드", "이벤트", "번호", "상태", "코드"),
    ]
)
"""Words that say of a number beside them that it is one of an error."""

_BEFORE = re.compile(r"([^\W\d_]+)[^\w]*(?:(?:code|id|is|no|number|of|was|코드|번호)[^\w]*)?$")
_AFTER = re.compile(r"[^\w]{0,3}(error|오류|에러)")
_FENCED = re.compile(r"(?:^|\s)[(\[]\s*$"), re.compile(r"\s*[)\]]")


_DRESSED = 8
"""Digits that no count, port or year has."""


@dataclass(frozen=True, slots=True)
class Found:
    """A number in a text.

    Args:
        values: what it may be, without a sign; digits alone may be either hexadecimal or not.
        text: as it was written.
        dressed: it is written as only numbers of errors are: 0x…, a sign, eight digits or more.
        kind: the word right before it, or `()` where it is in brackets; empty for neither.
    """

    values: frozenset[int]
    text: str
    dressed: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Folded:
    """A text, ready to be compared.

    Args:
        words: in their order, in small letters; without those that are Korean.
        hangul: all Korean syllables, in their order.
        squeezed: letters and digits alone.
        unbroken: all of it but its line ends, in small letters.
        numbers: in their order.
    """

    words: tuple[str, ...]
    hangul: str
    squeezed: str
    unbroken: str
    numbers: tuple[Found, ...]

    @property
    def only_numbers(self) -> bool:
        """Whether there is nothing but numbers, and words that say what they are."""
        return not self.hangul and all(
            word in KINDS or any(c.isdigit() for c in word) for word in self.words
        )


def fold(text: str, known: Collection[str] = frozenset()) -> Folded:
    """A text without what does not matter.

    Args:
        text: as it was written.
        known: words that a word and the next one are joined to, as where a line ended within it.
    """
    plain = _DROPPED.sub("", unicodedata.normalize("NFKC", text).casefold())
    hangul = "".join(_HANGUL.findall(plain))
    words = _HANGUL.sub(" ", plain)
    squeezed = re.sub(r"[\W_]+", "", plain)
    return Folded(
        words=tuple(_joined(_WORD.findall(words), known)),
        hangul=hangul,
        squeezed=squeezed,
        unbroken=_BREAK.sub("", plain),
        numbers=tuple(_numbers(plain)),
    )


def pieces(text: str) -> list[str]:
    """A text cut where what somebody quotes begins or ends: at quotes, brackets, stops, colons."""
    return [piece for piece in _CUT.split(text) if any(map(str.isalpha, piece))]


def _joined(words: list[str], known: Collection[str]) -> Iterator[str]:
    waiting = ""
    for word in words:
        whole = waiting + word
        if waiting and whole in known and not (waiting in known and word in known):
            yield whole
            waiting = ""
            continue
        if waiting:
            yield waiting
        waiting = word
    if waiting:
        yield waiting


def _numbers(text: str) -> Iterator[Found]:
    for match in _NUMBER.finditer(text):
        if values := frozenset(_values(match)):
            dressed = bool(match["hex"] or match["signed"]) or len(match[0]) >= _DRESSED
            yield Found(values, match[0], dressed, _kind(text, match))


def _values(match: re.Match[str]) -> Iterator[int]:
    if match["hex"]:
        yield int(match["hex"], 16)
    elif match["signed"]:
        yield int(match["signed"]) % 2**32
    else:
        digits = match["bare"] or match["decimal"]
        if digits.isdecimal():
            yield int(digits)
        if len(digits) == _DRESSED or not (digits.isdecimal() or digits.isalpha()):
            yield int(digits, 16)


def _kind(text: str, match: re.Match[str]) -> str:
    before, after = text[max(0, match.start() - 40) : match.start()], text[match.end() :]
    if (word := _BEFORE.search(before)) and word[1] in KINDS:
        return word[1]
    if word := _AFTER.match(after, 0, 20):
        return word[1]
    opened, closed = _FENCED
    return "()" if opened.search(before) and closed.match(after, 0, 8) else ""
