"""Answers of HTTP/1.1 and 1.0 (RFC 9112), read so that nobody could read them otherwise.

What other readers let pass is refused: lines that end in LF alone, folded ones, blanks before a
colon, two lengths, a length with a sign, and an answer that ends where its connection does: one
that was cut off would look whole.
"""

import re
from dataclasses import dataclass
from typing import Final

from remediate.transport.watch import MAX_ANSWER, NotHttpError, PackedError, TooMuchError, words

MAX_HEAD: Final = 64 * 1024
"""Bytes of status line and headers; a token of Kerberos may have 48 KiB."""

_END: Final = b"\r\n\r\n"
_NO_BODY: Final = {204, 304}
_SWITCHING: Final = 101
_BEGINS: Final = (b"HTTP/1.1 ", b"HTTP/1.0 ")
_STATUS: Final = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?")
_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)")
_ALONE: Final = re.compile(rb"(?<!\r)\n")
_LENGTH: Final = re.compile("[0-9]{1,10}")
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})(?:[ \t]*;[\t\x20-\x7e]*)?")
_SIZE_LINE: Final = 256


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    Args:
        status: its number.
        fields: its headers, by name in small letters.
        body: what follows them.
        keeps: the connection may be used again.
    """

    status: int
    fields: dict[str, list[str]]
    body: bytes
    keeps: bool

    def field(self, name: str) -> str:
        """A header; several of one name as a list of them, none as nothing."""
        return ", ".join(self.fields.get(name, ()))


@dataclass(slots=True)
class _Head:
    status: int
    old: bool
    fields: dict[str, list[str]]
    length: int | None
    """Of the body; None for one in chunks."""

    @property
    def keeps(self) -> bool:
        said = words(self.fields.get("connection", []))
        return "close" not in said and (not self.old or "keep-alive" in said)


class Reader:
    """Reads one answer from the pieces in which it comes."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._head: _Head | None = None
        self._looked = 0
        self._body = bytearray()
        self._left = MAX_ANSWER

    def feed(self, piece: bytes) -> Answer | None:
        """Take a piece; returns the answer when it is whole.

        Raises:
            NotHttpError: it is none.
            PackedError: its body would have to be unpacked; nothing of that has been read.
            TooMuchError: it is longer than anything we ask for.
        """
        self._left -= len(piece)
        if self._left < 0:
            raise TooMuchError
        self._data += piece
        while self._head is None or self._head.status < 200:  # noqa: PLR2004 - an interim one
            if not self._begin():
                return None
        return self._whole(self._head)

    def _begin(self) -> bool:
        """Read a head, if it is all there."""
        data = self._data
        seen, self._looked = self._looked, max(0, len(data) - len(_END) + 1)
        end = data.find(_END, seen, MAX_HEAD)
        if end < 0:
            begins = bytes(data[: len(_BEGINS[0])])
            if not any(one.startswith(begins) for one in _BEGINS):
                raise NotHttpError("it begins otherwise", begins)
            if len(data) >= MAX_HEAD or _ALONE.search(data, seen):
                raise NotHttpError("its head has no end")
            return False
        self._head = _head(bytes(data[:end]))
        del data[: end + len(_END)]
        self._looked = 0
        return True

    def _whole(self, head: _Head) -> Answer | None:
        if head.length is None:
            rest = self._chunks()
        else:
            missing = head.length - len(self._data)
            rest = None if missing > 0 else -missing
            self._body = self._data[: head.length] if rest is not None else self._body
        if rest is None:
            return None
        # Who says more than was asked is not asked again.
        return Answer(head.status, head.fields, bytes(self._body), head.keeps and not rest)

    def _chunks(self) -> int | None:
        """Read what there is of a body in chunks; the bytes behind its end, None before that."""
        data = self._data
        while True:
            line = data.find(b"\r\n", self._looked, self._looked + _SIZE_LINE)
            if line < 0:
                if len(data) - self._looked >= _SIZE_LINE:
                    raise NotHttpError("a chunk without a size")
                return None
            size = _SIZE.fullmatch(data, self._looked, line)
            if size is None:
                raise NotHttpError("a chunk without a size")
            count = int(size[1], 16)
            start = line + 2
            end = start + count + 2
            if len(data) < end:
                return None
            if data[end - 2 : end] != b"\r\n":
                raise NotHttpError("a chunk of another size than it says")
            if count == 0:
                return len(data) - end
            self._body += data[start : end - 2]
            self._looked = end


def _head(data: bytes) -> _Head:
    first, *lines = data.split(b"\r\n")
    line = _STATUS.fullmatch(first)
    if line is None:
        raise NotHttpError("it begins otherwise", first[: len(_BEGINS[0])])
    fields: dict[str, list[str]] = {}
    for one in lines:
        field = _FIELD.fullmatch(one)
        if field is None:
            raise NotHttpError("a header that is none")
        name = field[1].decode("ascii").lower()
        fields.setdefault(name, []).append(field[2].strip(b" \t").decode("latin-1"))
    status, old = int(line[2]), line[1] == b"0"
    if status == _SWITCHING:
        raise NotHttpError("it goes on in another protocol")
    interim = status < 200  # noqa: PLR2004 - as above
    return _Head(status, old, fields, 0 if interim else _length(status, fields, old=old))


def _length(status: int, fields: dict[str, list[str]], *, old: bool) -> int | None:
    packings = words(fields.get("content-encoding", []))
    chunked = "transfer-encoding" in fields
    if set(packings) - {"identity"}:
        raise PackedError(status)
    if chunked and words(fields["transfer-encoding"]) != ["chunked"]:
        raise PackedError(status)
    lengths = fields.get("content-length", [])
    if chunked and (lengths or old or status in _NO_BODY):
        raise NotHttpError("both chunks and a length" if lengths else "chunks where none can be")
    if chunked:
        return None
    if status in _NO_BODY and not lengths:
        return 0
    if len(lengths) != 1:
        raise NotHttpError("two lengths" if lengths else "no length")
    if not _LENGTH.fullmatch(lengths[0]):
        raise NotHttpError("a length that is no number")
    length = int(lengths[0])
    if status in _NO_BODY and length:
        raise NotHttpError("a body where none can be")
    if length > MAX_ANSWER:
        raise TooMuchError
    return length
