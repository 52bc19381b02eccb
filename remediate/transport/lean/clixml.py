"""PowerShell's serialisation, as far as we write or read it: strings, numbers and error records.

https://learn.microsoft.com/openspecs/windows_protocols/ms-psrp (2.2.5).
"""

import re
from dataclasses import dataclass
from html import escape
from typing import Final
from xml.etree.ElementTree import Element

from remediate.transport.lean.faults import MessageError
from remediate.transport.lean.reading import read

_SPECIAL: Final = re.compile("_(?=[xX])|[\x00-\x1f\x7f-\x9f\ud800-\udfff\U00010000-\U0010ffff]")
_ESCAPED: Final = re.compile("_x([0-9A-Fa-f]{4})_")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_TEXTS: Final = {"S", "ToString", "Version", "I32", "I64", "B"}


def text_of(value: str) -> str:
    """A string as it stands in an element.

    Args:
        value: any string.
    """
    return escape(_SPECIAL.sub(_units, value), quote=False)


def string_in(document: bytes, most: int) -> tuple[str | None, int]:
    """The string that a document is, None when it is another object, and the number of its tags.

    Args:
        document: what came.
        most: tags that it may have.

    Raises:
        MessageError, OverloadedMarkupError: it cannot be read.
    """
    found: list[str] = []

    def ended(_: str, element: Element, above: Element) -> None:
        if above is element and element.tag == "S" and not len(element):
            found.append(_unescaped(element.text or ""))

    tags = read(document, _label, ended, most=most)
    return (found[0] if found else None), tags


@dataclass(slots=True)
class Facts:
    """What stands in an object, by the names of the properties that lead there.

    Args:
        texts: of strings and numbers.
        types: the first of the .NET types of an object.
        tags: number of tags of the document.
    """

    texts: dict[str, str]
    types: dict[str, str]
    tags: int = 0

    def number(self, where: str) -> int | None:
        """A number; None when there is none."""
        text = self.texts.get(where, "")
        return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None


def facts_in(document: bytes, most: int) -> Facts:
    """What stands in an object.

    Args:
        document: what came.
        most: tags that it may have.

    Raises:
        MessageError, OverloadedMarkupError: it cannot be read.
    """
    facts = Facts({}, {})
    known: dict[str, str] = {}

    def ended(where: str, element: Element, above: Element) -> None:
        text = element.text or ""
        if element.tag in _TEXTS and not len(element):
            facts.texts.setdefault(where, _unescaped(text))
        elif element.tag == "T":
            known.setdefault(above.get("RefId", ""), text)
            facts.types.setdefault(where.rpartition("/")[0].rpartition("/")[0], text)
        elif element.tag == "TNRef":
            of = element.get("RefId", "")
            facts.types.setdefault(where.rpartition("/")[0], known.get(of, ""))

    facts.tags = read(document, _label, ended, most=most)
    return facts


def _label(element: Element) -> str:
    return element.get("N", element.tag)


def _units(match: re.Match[str]) -> str:
    data = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"_x{data[at : at + 2].hex().upper()}_" for at in range(0, len(data), 2))


def _unescaped(text: str) -> str:
    if "_x" not in text:
        return text
    whole = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    if not _SURROGATE.search(whole):
        return whole
    try:
        return whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError as error:
        raise MessageError("it sends a string that is none") from error
