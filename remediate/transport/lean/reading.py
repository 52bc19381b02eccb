"""XML from elsewhere, read element by element, and all of it bounded.

expat builds the elements by the standard library's TreeBuilder, so that none of it is Python's
work; a document type, which may define what multiplies, it refuses before it has built any.
"""

from collections.abc import Callable
from typing import Final
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from remediate.transport.lean.faults import NotXmlError
from remediate.transport.markup import MAX_LENGTH, MAX_TAGS, STRING_TAGS, OverloadedMarkupError

MAX_DEPTH: Final = 64
"""Elements that may lie in each other; Windows writes some twenty."""

BETWEEN: Final = "}"
"""Stands between a namespace and a name, as in ElementTree: a namespace that has it in itself is
refused by expat as no XML, and a URI does not have it."""

_BUFFER: Final = 64 * 1024

Ended = Callable[[str, Element, Element], None]
"""Is told where an element is, which it is, and in which it lies: the outermost in itself."""


def read(
    document: bytes,
    label: Callable[[Element], str],
    ended: Ended,
    *,
    namespaces: bool = False,
    most: int = MAX_TAGS,
) -> int:
    """Read a document, and return its number of tags.

    Args:
        document: what came, in UTF-8.
        label: what an element is called in paths; where it is are the labels of what it lies in
            and its own, with slashes between.
        ended: is told of each element, in the order in which they end.
        namespaces: names have one, before `BETWEEN`.
        most: tags that the document may have.

    Raises:
        OverloadedMarkupError: it would grow in reading.
        NotXmlError: it is no XML.
    """
    tags = document.count(b"<")
    if tags > most or (tags > STRING_TAGS and len(document) > MAX_LENGTH):
        raise OverloadedMarkupError
    builder = TreeBuilder()
    parser = expat.ParserCreate("utf-8", BETWEEN if namespaces else None)
    parser.buffer_text = True
    if len(document) > _BUFFER:
        parser.buffer_size = _BUFFER
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = builder.start
    parser.CharacterDataHandler = builder.data
    parser.EndElementHandler = builder.end
    try:
        parser.Parse(document, True)  # noqa: FBT003 - expat's own
    except expat.ExpatError as error:
        raise NotXmlError from error
    root = builder.close()

    def tell(element: Element, where: str, above: Element, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise OverloadedMarkupError
        for child in element:
            tell(child, f"{where}/{label(child)}", element, depth + 1)
        ended(where, element, above)

    tell(root, label(root), root, 1)
    return tags


def _refuse(*_: object) -> None:
    raise OverloadedMarkupError
