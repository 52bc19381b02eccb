"""What a text about a host keeps to itself when it is given away, as to a support case. Pure.

Nobody can tell a secret by its looks alone: what has a telling name, is in the form of a key, or
may be anything, such as what a program is started with, is left out.
"""

import hashlib
import re
from collections.abc import Mapping

from remediate.model.base import JsonValue

WITHHELD = "[withheld]"

MAX_TEXT = 4000
"""Characters of a text that are given away."""

_MAX_SEARCHED = 65_536
_OURS = "key"  # in which registry key a value is

_NAME = re.compile(
    r"pass(?:word|wd|phrase|code)|pwd|secret|token|credential|private|signature|"
    r"connection ?string|key$|\bsas\b",
    re.IGNORECASE,
)
_TELLING = (
    r"(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|credentials?|"
    r"(?:api|account|access|private|shared|encryption)[-_ ]?key|signature|\bsig|\bsas|"
    r"authorization)"
)
_VALUE = (
    r"""(?:"[^"]*"?|'[^']*'?|&quot;.*?(?:&quot;|$)|(?:(?:basic|bearer|negotiate)\s+)?[^\s<]+)"""
)
_SECRETS = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"(?P<kept>)-----BEGIN [^-]+-----.*?(?:-----END [^-]+-----|$)",
        rf"""(?P<kept>{_TELLING}\w*["']?\s*[:=]\s*){_VALUE}""",
        rf"(?P<kept>[-/]\w*{_TELLING}\w*\s+){_VALUE}",
        r"(?P<kept>://)[^/\s@]+(?=@)",
        r"(?P<kept>(?<![^\s/;=,])[^\s/:@=;,]+:)[^\s/@]+(?=@)",
        r"(?P<kept>)\beyJ[\w-]+\.[\w.-]+",
    )
)
_KEY = re.compile(
    r"(?<![A-Za-z0-9+/])(?=[a-z0-9+/]*[A-Z])(?=[A-Z0-9+/]*[a-z])(?=[A-Za-z+/]*[0-9])"
    r"[A-Za-z0-9+/]{40,}={0,2}"
)


def is_telling(name: str) -> bool:
    """Whether the name of something says that it is secret."""
    return _NAME.search(name) is not None


def withheld(text: str) -> str:
    """A text without what looks like a secret, and cut where it is long."""
    text = text[:_MAX_SEARCHED]
    for pattern in _SECRETS:
        text = pattern.sub(rf"\g<kept>{WITHHELD}", text)
    text = _KEY.sub(WITHHELD, text)
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"


def all_withheld(value: JsonValue) -> JsonValue:
    """The same of all texts in a document; what has a telling name is left out whole."""
    if isinstance(value, str):
        return withheld(value)
    if isinstance(value, list):
        return [all_withheld(each) for each in value]
    if isinstance(value, Mapping):
        return {
            name: WITHHELD
            if isinstance(each, str) and name != _OURS and is_telling(name)
            else all_withheld(each)
            for name, each in value.items()
        }
    return value


def digest(data: bytes) -> str:
    """What is said of the content of a file."""
    return f"[{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}]"
