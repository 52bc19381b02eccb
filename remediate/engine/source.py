"""Where files come from that are copied to hosts: a folder on the controller, or a healthy host.

A source is looked at once, before any host is; then pieces of its files are read as hosts need
them. What is read is not believed: each host checks every file against the manifest.
"""

import base64
import binascii
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from remediate.engine.folder import Opened, decoded, list_files, look_at
from remediate.engine.identity import other_computer
from remediate.engine.job import AUDIT
from remediate.engine.observation import call_problem, observe_calls, read_observation
from remediate.errors import RemediateError
from remediate.model.base import JsonValue
from remediate.model.computer import Computer
from remediate.model.content import Manifest, Piece
from remediate.model.host import Host
from remediate.model.problem import Problem
from remediate.playbook.base import Original
from remediate.powershell.messages import Call, Request, Status
from remediate.powershell.script import compose
from remediate.resources.base import Query
from remediate.resources.content import CONTENT_READER, Folder
from remediate.transport.errors import TransportError
from remediate.transport.protocol import Deadline, Session, Transport

_MAX_TEXT = 256 * 1024
_GZIP_WINDOW = 31
_LOOK = "Look at what is to be copied, then run it again."


class SourceError(RemediateError):
    """A source cannot be read.

    Args:
        problem: why, and what to do.
    """

    def __init__(self, code: str, message: str, hint: str = _LOOK) -> None:
        super().__init__(message)
        self.problem = Problem(code=code, message=message, hint=hint)


class Source(Protocol):
    """Files that can be copied to hosts. Used by one thread."""

    def look(self, deadline: Deadline) -> Original:
        """What there is; never raises, a problem is part of the answer."""

    def read(self, folder: str, pieces: Sequence[Piece], deadline: Deadline) -> list[bytes]:
        """Pieces of its files, in order.

        Args:
            folder: the folder at the source, as `look` found it.
            pieces: what to read; together no more than fits into memory several times.
            deadline: when waiting ends.

        Raises:
            SourceError: they cannot be had.
        """

    def close(self) -> None:
        """Let go of what it holds. Never raises."""


class Reader:
    """Reads a source for one host, the next pieces while the last ones are being sent there.

    Args:
        make: makes the source, for a thread of the reader's own.
        folder: the folder at the source, as it was found.
        deadline: when it has to end.
    """

    def __init__(self, make: Callable[[], Source], folder: str, deadline: Deadline) -> None:
        self._make = make
        self._folder = folder
        self._deadline = deadline
        self._thread = ThreadPoolExecutor(1, "remediate-source")
        self._source: Source | None = None
        self._ahead: tuple[Sequence[Piece], Future[list[bytes]]] | None = None

    def read(self, pieces: Sequence[Piece], ahead: Sequence[Piece]) -> list[bytes]:
        """What pieces hold.

        Args:
            pieces: what is wanted now.
            ahead: what will be wanted next.

        Raises:
            SourceError: they cannot be had.
        """
        begun, self._ahead = self._ahead, None
        if begun is not None and begun[0] == pieces:
            data = begun[1].result()
        else:
            data = self._thread.submit(self._read, pieces).result()
        if ahead:
            self._ahead = (ahead, self._thread.submit(self._read, ahead))
        return data

    def close(self) -> None:
        """End it, once what is being read has come or its time is up."""
        self._thread.submit(self._close)
        self._thread.shutdown()

    def _read(self, pieces: Sequence[Piece]) -> list[bytes]:
        if self._source is None:
            self._source = self._make()
        return self._source.read(self._folder, pieces, self._deadline)

    def _close(self) -> None:
        if self._source is not None:
            self._source.close()


class FolderSource:
    """A folder on the controller.

    Args:
        folder: the folder.
        query: the question whose resource it is a copy of.
    """

    def __init__(self, folder: Path, query: Query) -> None:
        self._folder = folder
        self._query = query
        self._opened: Opened | None = None

    def look(self, deadline: Deadline) -> Original:
        """See the protocol."""
        looking_at = self._folder
        try:
            entries, texts = [], {}
            for listed in list_files(self._folder, deadline):
                looking_at = self._folder.joinpath(*listed.parts)
                entry, begins = look_at(self._folder, listed, deadline)
                entries.append(entry)
                if entry.size <= _MAX_TEXT and entry.path.endswith(".psd1"):
                    texts[entry.path.casefold()] = decoded(begins)
            manifest = Manifest.of(entries)
            found = self._query.resource.in_folder(
                Folder(path=str(self._folder), manifest=manifest), texts
            )
        except ValidationError as error:
            return self._unusable(_said(error))
        except OSError as error:
            return self._unusable(f"{looking_at}: {error.strerror or error}")
        except ValueError as error:
            return self._unusable(
                f"{looking_at}: {error}" if looking_at != self._folder else str(error)
            )
        return Original(place=str(self._folder), found=found)

    def read(self, folder: str, pieces: Sequence[Piece], deadline: Deadline) -> list[bytes]:
        """See the protocol. A file is proved to be that of the manifest before it is read."""
        del folder
        return [self._piece(piece, deadline) for piece in pieces]

    def close(self) -> None:
        """Let go of the file that was read last."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _piece(self, piece: Piece, deadline: Deadline) -> bytes:
        path = self._folder.joinpath(*piece.file.path.split("\\"))
        try:
            if self._opened is None or self._opened.entry != piece.file:
                self.close()
                self._opened = Opened(self._folder, piece.file, deadline)
            return self._opened.read(piece.offset, piece.length)
        except OSError as error:
            text = f"{path} cannot be read: {error.strerror or error}"
            raise SourceError("source", text) from error
        except ValueError as error:
            raise SourceError("source", f"{self._folder}: {error}") from error

    def _unusable(self, why: str) -> Original:
        return Original(place=str(self._folder), problem=why)


class PeerSource:
    """The same resource on another host.

    Args:
        host: that host.
        query: the question that it answers with the resource.
        transport: how it is talked to.
        computer: the one that was looked at before; None when that is still to come.
    """

    def __init__(
        self, host: Host, query: Query, transport: Transport, computer: Computer | None = None
    ) -> None:
        self._host = host
        self._computer = computer
        self._query = query
        self._transport = transport
        self._session: Session | None = None

    def look(self, deadline: Deadline) -> Original:
        """See the protocol."""
        request = Request(run=AUDIT, calls=observe_calls([self._query]))
        try:
            script = compose(request.files)
            reply = self._open().run(script.text, request, deadline).placed(script)
        except TransportError as error:
            return self._original(problem=str(error))
        seen = read_observation([self._query], reply)
        if self._query in seen.unanswered:
            return self._original(problem=seen.unanswered[self._query].message)
        found = seen.answers[self._query]
        if len(found) != 1:
            return self._original(problem=f"it has no {self._query.resource.noun}")
        return Original(
            place=self._host.name, proven=True, found=found[0], computer=reply.host.computer
        )

    def read(self, folder: str, pieces: Sequence[Piece], deadline: Deadline) -> list[bytes]:
        """See the protocol."""
        arguments: dict[str, JsonValue] = {
            "path": folder,
            "pieces": [
                {"path": piece.file.path, "offset": piece.offset, "length": piece.length}
                for piece in pieces
            ],
        }
        call = Call(
            id="content",
            function="Get-RemediateContent",
            arguments=arguments,
            files=CONTENT_READER,
        )
        request = Request(run=AUDIT, calls=(call,), computer=self._computer)
        try:
            script = compose(request.files)
            reply = self._open().run(script.text, request, deadline).placed(script)
        except TransportError as error:
            raise SourceError(error.code, str(error), error.hint) from error
        another = other_computer(self._computer, reply.host.computer)
        if another is not None:
            raise SourceError(another.code, f"{self._host.name}: {another.message}", another.hint)
        result = reply["content"]
        if result.status is not Status.OK:
            problem = call_problem(result.error, f"reading from {self._host.name} failed")
            raise SourceError(problem.code, problem.message, problem.hint)
        if len(result.value) != len(pieces):
            raise SourceError("protocol_error", f"{self._host.name} sent other pieces than asked")
        return [
            self._unpacked(value, piece) for value, piece in zip(result.value, pieces, strict=True)
        ]

    def close(self) -> None:
        """End the session."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _open(self) -> Session:
        if self._session is None:
            self._session = self._transport.session(self._host)
        return self._session

    def _original(self, problem: str) -> Original:
        return Original(place=self._host.name, proven=True, problem=problem)

    def _unpacked(self, value: JsonValue, piece: Piece) -> bytes:
        data: bytes | None = None
        if isinstance(value, dict) and isinstance(value.get("data"), str):
            try:
                data = base64.b64decode(str(value["data"]), validate=True)
                if value.get("gzip") is True:
                    data = zlib.decompressobj(_GZIP_WINDOW).decompress(data, piece.length + 1)
            except (binascii.Error, zlib.error):
                data = None
        if data is None or len(data) != piece.length:
            text = f"{self._host.name} sent something else than {piece.file.path}"
            raise SourceError("protocol_error", text)
        return data


@dataclass(frozen=True, slots=True)
class Supply:
    """Where a playbook has files from, as data: any process can read them there.

    Args:
        query: the question that the origin answers with the resource.
        place: the healthy host, or a folder on the controller.
        computer: the one that was looked at before; None when that is still to come.
        folder: the folder at the source, as it was found.
    """

    query: Query
    place: Host | Path
    computer: Computer | None = None
    folder: str = ""

    def open(self, transport: Transport) -> Source:
        """A source, for one thread.

        Args:
            transport: how a healthy host is talked to.
        """
        if isinstance(self.place, Path):
            return FolderSource(self.place, self.query)
        return PeerSource(self.place, self.query, transport, self.computer)


def _said(error: ValidationError) -> str:
    return error.errors()[0]["msg"].removeprefix("Value error, ")
