"""XML from elsewhere, read element by element: nothing of it is kept, and all of it is bounded."""

from collections.abc import Callable
from typing import Final
from xml.parsers import expat

from remediate.transport.lean.faults import NotXmlError
from remediate.transport.markup import MAX_LENGTH, MAX_TAGS, STRING_TAGS, OverloadedMarkupError

MAX_DEPTH: Final = 64
"""Elements that may lie in each other; Windows writes some twenty."""

_BUFFER: Final = 64 * 1024

Attributes = dict[str, str]


class Element:
    """An element that is being read.

    Args:
        tag: its name; with its namespace before a blank, where those are read.
        attributes: the same.
        where: the labels of what it lies in and its own, with slashes between.
        above: what it lies in.

    Attributes:
        text: what stands before its first child.
        full: it has a child.
    """

    __slots__ = ("above", "attributes", "full", "tag", "text", "where")

    def __init__(
        self, tag: str, attributes: Attributes, where: str, above: "Element | None"
    ) -> None:
        self.tag = tag
        self.attributes = attributes
        self.where = where
        self.above = above
        self.text = ""
        self.full = False


def read(
    document: bytes,
    label: Callable[[str, Attributes], str],
    ended: Callable[[Element], None],
    *,
    namespaces: bool = False,
    most: int = MAX_TAGS,
) -> int:
    """Read a document, and return its number of tags.

    Args:
        document: what came, in UTF-8.
        label: what an element is called in paths, by tag and attributes.
        ended: is told of each element at its end.
        namespaces: tags and attributes have one.
        most: tags that the document may have.

    Raises:
        OverloadedMarkupError: it would grow in reading.
        NotXmlError: it is no XML.
    """
    tags = document.count(b"<")
    if tags > most or (tags > STRING_TAGS and len(document) > MAX_LENGTH):
        raise OverloadedMarkupError
    path: list[Element] = []

    def begin(tag: str, attributes: Attributes) -> None:
        above = path[-1] if path else None
        where = label(tag, attributes)
        if above is not None:
            above.full = True
            where = f"{above.where}/{where}"
        if len(path) >= MAX_DEPTH:
            raise OverloadedMarkupError
        path.append(Element(tag, attributes, where, above))

    def text(data: str) -> None:
        if not path[-1].full:
            path[-1].text += data

    def end(_: str) -> None:
        ended(path.pop())

    parser = expat.ParserCreate("utf-8", " " if namespaces else None)
    parser.buffer_text = True
    if len(document) > _BUFFER:
        parser.buffer_size = _BUFFER
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = begin
    parser.CharacterDataHandler = text
    parser.EndElementHandler = end
    try:
        parser.Parse(document, True)  # noqa: FBT003 - expat's own
    except expat.ExpatError as error:
        raise NotXmlError from error
    return tags


def _refuse(*_: object) -> None:
    raise OverloadedMarkupError
