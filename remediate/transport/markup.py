"""XML from elsewhere, looked at before it is read, because little of it can become much.

A document type may define entities that multiply; neither WS-Management (SOAP 1.2, part 1,
section 5) nor PowerShell's serialisation has one. An empty element costs many times the four
characters that it takes, and pypsrp keeps the text of an object once for each level that it lies
deep. Of us a host is asked for single strings, which may be long, and for little beside.
"""

from typing import Any, Final
from xml.parsers import expat

from pypsrp.complex_objects import ObjectMeta
from pypsrp.powershell import RunspacePool
from pypsrp.serializer import Serializer

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


class CarefulPool(RunspacePool):
    """A shell of pypsrp's whose messages are looked at before they are read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(*args, **kwargs)
        self._careful = _CarefulSerializer()
        self._serializer = self._fragmenter.serializer = self._careful

    def expect(self) -> None:
        """Another script is about to be run."""
        self._careful.tags = 0


class _CarefulSerializer(Serializer):
    tags = 0

    def deserialize(
        self,
        element: Any,  # noqa: ANN401 - pypsrp's own
        metadata: ObjectMeta | None = None,
        clear: bool = True,
    ) -> Any:  # noqa: ANN401 - as above
        if isinstance(element, str):
            self.tags += look_at(element, MAX_TAGS - self.tags)
        return super().deserialize(element, metadata, clear)


class _PrologHasEnded(RemediateError):  # noqa: N818 - no error
    pass


def _stop(*_: object) -> None:
    raise _PrologHasEnded


def _refuse(*_: object) -> None:
    raise OverloadedMarkupError
