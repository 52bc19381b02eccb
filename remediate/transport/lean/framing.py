"""Messages of PSRP and the fragments in which they travel.

https://learn.microsoft.com/openspecs/windows_protocols/ms-psrp (2.2.1, 2.2.4). Fragments of a
message come one after the other, those of one target never between those of another message.
"""

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import Final, NamedTuple
from uuid import UUID

from remediate.transport.lean.faults import MessageError

NOBODY: Final = UUID(int=0)
"""Stands for the pool where a pipeline would be named."""

_FRAGMENT: Final = struct.Struct(">QQBI")
_HEAD: Final = struct.Struct("<II16s16s")
_TO_CLIENT: Final = 1
_TO_SERVER: Final = 2
_START: Final = 1
_END: Final = 2
_BOM: Final = b"\xef\xbb\xbf"


class Kind(IntEnum):
    """What a message is about."""

    SESSION_CAPABILITY = 0x00010002
    INIT_POOL = 0x00010004
    PUBLIC_KEY = 0x00010005
    SESSION_KEY = 0x00010006
    PUBLIC_KEY_REQUEST = 0x00010007
    POOL_STATE = 0x00021005
    CREATE_PIPELINE = 0x00021006
    USER_EVENT = 0x00021008
    PRIVATE_DATA = 0x00021009
    POOL_INIT_DATA = 0x0002100B
    POOL_HOST_CALL = 0x00021100
    OUTPUT = 0x00041004
    ERROR = 0x00041005
    PIPELINE_STATE = 0x00041006
    DEBUG = 0x00041007
    VERBOSE = 0x00041008
    WARNING = 0x00041009
    PROGRESS = 0x00041010
    INFORMATION = 0x00041011
    PIPELINE_HOST_CALL = 0x00041100


class Message(NamedTuple):
    """A message of the host's.

    Args:
        kind: what it is about.
        pipeline: the id, as .NET has it in bytes, of that which it is of; nobody's for the pool.
        body: its XML.
    """

    kind: Kind
    pipeline: bytes
    body: bytes


def packed(kind: Kind, pool: UUID, pipeline: UUID, body: bytes) -> bytes:
    """A message to the host."""
    return _HEAD.pack(_TO_SERVER, kind, pool.bytes_le, pipeline.bytes_le) + body


def fragments(number: int, message: bytes, most: int) -> Iterator[bytes]:
    """A message in fragments.

    Args:
        number: of the message, from 1, different for each.
        message: whole.
        most: bytes of a fragment.
    """
    room = most - _FRAGMENT.size
    for count, at in enumerate(range(0, len(message), room)):
        piece = message[at : at + room]
        flags = (_START if at == 0 else 0) | (_END if at + room >= len(message) else 0)
        yield _FRAGMENT.pack(number, count, flags, len(piece)) + piece


class Joiner:
    """Makes messages of the fragments of one target, the pool or a pipeline.

    Args:
        pool: whose messages these have to be.
    """

    def __init__(self, pool: UUID) -> None:
        self._pools = {pool.bytes_le, NOBODY.bytes_le}
        self._number = 0
        self._pieces: list[bytes] = []

    def take(self, data: bytes) -> Iterator[Message]:
        """The messages that end in what came.

        Args:
            data: whole fragments.

        Raises:
            MessageError: it is no such thing.
        """
        at = 0
        while at < len(data):
            if len(data) - at < _FRAGMENT.size:
                raise MessageError("it sends a fragment that is cut off")
            number, count, flags, length = _FRAGMENT.unpack_from(data, at)
            at += _FRAGMENT.size
            piece = data[at : at + length]
            at += length
            begins = bool(flags & _START)
            if len(piece) < length:
                raise MessageError("it sends a fragment that is cut off")
            if begins != (not self._pieces) or count != len(self._pieces):
                raise MessageError("it sends fragments out of order")
            if not begins and number != self._number:
                raise MessageError("it mixes the fragments of messages")
            self._number = number
            self._pieces.append(piece)
            if flags & _END:
                whole, self._pieces = b"".join(self._pieces), []
                yield self._message(whole)

    def _message(self, data: bytes) -> Message:
        if len(data) < _HEAD.size:
            raise MessageError("it sends a message that is cut off")
        destination, number, pool, pipeline = _HEAD.unpack_from(data)
        if destination != _TO_CLIENT or pool not in self._pools:
            raise MessageError("it sends a message to somebody else")
        try:
            kind = Kind(number)
        except ValueError as error:
            raise MessageError("it sends a message of an unknown kind") from error
        return Message(kind, pipeline, data[_HEAD.size :].removeprefix(_BOM))
