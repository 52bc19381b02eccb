"""XML from elsewhere, looked at before it is read, because little of it can become much.

A document type may define entities that multiply; neither WS-Management (SOAP 1.2, part 1,
section 5) nor PowerShell's serialisation has one. An empty element costs many times the four
characters that it takes, and pypsrp keeps the text of an object once for each level that it lies
deep. Of us a host is asked for single strings, which may be long, and for little beside.
"""

from typing import Final
from xml.parsers import expat

from remediate.errors import RemediateError

MAX_TAGS: Final = 50_000
"""Of all that a host sends in one run of a script; an error record has some hundreds."""

MAX_LENGTH: Final = 1024 * 1024
"""Of a document that is more than a single string."""

STRING_TAGS: Final = 2
"""Of a document that is a single string."""

_PIECE: Final = 1024


class OverloadedMarkupError(RemediateError):
    """XML that defines entities, or that has more elements than anything we ask for."""


def look_at(document: str | bytes, most: int = MAX_TAGS) -> int:
    """The number of tags in a document. What is no XML at all is left to its reader.

    Args:
        document: what came.
        most: tags that it may have.

    Raises:
        OverloadedMarkupError: it would grow in reading.
    """
    tags = document.count("<") if isinstance(document, str) else document.count(b"<")
    if tags > most or (tags > STRING_TAGS and len(document) > MAX_LENGTH):
        raise OverloadedMarkupError
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = _stop
    try:
        for start in range(0, len(document), _PIECE):
            parser.Parse(document[start : start + _PIECE])
    except (expat.ExpatError, _PrologHasEnded):
        pass
    return tags


class _PrologHasEnded(RemediateError):  # noqa: N818 - no error
    pass


def _stop(*_: object) -> None:
    raise _PrologHasEnded


def _refuse(*_: object) -> None:
    raise OverloadedMarkupError
