"""The one place where text that came from a host becomes safe to show on a terminal."""

import re

_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, erase
    r"|\x9b[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS…
    r"|\x1b[ -/]*[0-~]"
)
_SPACE = re.compile(r"[\t\n\x0b\x0c\r\x85\u2028\u2029]+")
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f"
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # fillers
    r"\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"  # direction overrides, invisible ones
    r"\ud800-\udfff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
MARK = "\N{REPLACEMENT CHARACTER}"
"""Stands where something was that a terminal would have obeyed."""


def printable(text: str) -> str:
    """`text` on one line, with nothing in it that a terminal obeys or a reader cannot see."""
    text = _SEQUENCE.sub(MARK, text)
    text = _SPACE.sub(" ", text)
    return _UNSAFE.sub(MARK, text)
