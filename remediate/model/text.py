"""Texts as a person can tell them apart; one that a person writes is one that can be seen."""

import json
import re

MAX_TEXT = 1024
"""Characters; longer is no name, no account and no path, but something else by mistake."""

_SHOWN = 60
_BLANK = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    r"\U000e0100-\U000e01ef]"
)
"""Letters and marks that show nothing, which Python calls printable: fillers and selectors."""

_CONTROLS = (range(0x20), range(0x7F, 0xA0))


def check_text(value: str, what: str) -> str:
    """Return `value` when a person who looks at it sees all of it.

    Args:
        value: what was written.
        what: what it is, for the message: "user".

    Raises:
        ValueError: it is no such text; the message says why.
    """
    if fault := unseen(value):
        msg = f"the {what} {in_quotes(value)} {fault}" if value else f"the {what} {fault}"
        raise ValueError(msg)
    return value


def unseen(value: str) -> str:
    r"""Why a text is not what it looks like: "has a control character (U+0007)"; or "".

    A character that is not seen is usually one that nobody meant: in double quotes YAML makes a
    bell of `\a`, and then not the account that was written would be tried, on every host.
    """
    if not value:
        return "is empty"
    if hidden := hidden_in(value):
        return f"has {_called(hidden)}"
    if value != value.strip():
        return "begins or ends with a blank"
    return f"is longer than {MAX_TEXT} characters" if len(value) > MAX_TEXT else ""


def hidden_in(text: str, but: str = "") -> str:
    """The first character of a text that cannot be seen; or "".

    Args:
        text: the text.
        but: characters that are not meant.
    """
    if text.isprintable() and not _BLANK.search(text):
        return ""
    return next((char for char in text if char not in but and not _seen(char)), "")


def _seen(char: str) -> bool:
    return char.isprintable() and not _BLANK.match(char)


def in_quotes(text: str) -> str:
    """The beginning of a text, in quotes whatever it is, with what cannot be seen as its number.

    For what was refused: it may have any length.
    """
    shown = "".join(char if _seen(char) else f"<{_number(char)}>" for char in text[:_SHOWN])
    return f"'{shown}…'" if len(text) > _SHOWN else f"'{shown}'"


def _called(char: str) -> str:
    control = any(ord(char) in numbers for numbers in _CONTROLS)
    kind = "a control character" if control else "a character that cannot be seen"
    return f"{kind} ({_number(char)})"


def _number(char: str) -> str:
    return f"U+{ord(char):04X}"


def quoted(text: str) -> str:
    r"""A text as it is, or in quotes with escapes where some of it could not be seen.

    Blank ends, line ends, null characters and what has no width are shown (`"RemoteSigned "`,
    `"a\u200b"`).
    """
    if text and text == text.strip() and not hidden_in(text):
        return text
    escaped = json.dumps(text)
    return _BLANK.sub(lambda char: f"\\u{ord(char[0]):04x}", escaped)


def shown(value: object) -> str:
    """A value of a record as a person reads it; None is absence."""
    if value is None:
        return "absent"
    return quoted(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 change`, `2 changes`, `1,000 changes`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
