"""Where files come from that are copied to hosts: a folder on the controller, or a healthy host.

A source is looked at once, before any host is; then pieces of its files are read as hosts need
them. What is read is not believed: each host checks every file against the manifest.
"""

import base64
import binascii
import hashlib
import os
import stat
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from remediate.engine.assignment import AUDIT
from remediate.engine.identity import other_computer
from remediate.engine.observation import call_problem, observe_calls, read_observation, scripts
from remediate.model.base import JsonValue
from remediate.model.computer import Computer
from remediate.model.content import MAX_FILES, FileEntry, Manifest, Piece
from remediate.model.host import Host
from remediate.model.problem import Problem
from remediate.playbook.base import Original
from remediate.powershell.messages import Call, Request, Status
from remediate.powershell.script import compose
from remediate.resources.base import Query
from remediate.resources.content import Folder
from remediate.transport.errors import TransportError
from remediate.transport.protocol import Deadline, Session, Transport

_BLOCK = 1024 * 1024
_MAX_TEXT = 256 * 1024
_LEADS_ELSEWHERE = 0x400
"""FILE_ATTRIBUTE_REPARSE_POINT."""
_GZIP_WINDOW = 31


class SourceError(Exception):
    """A source cannot be read.

    Args:
        problem: why, and what to do.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
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


@dataclass(frozen=True, slots=True)
class Supply:
    """How a host's worker gets at the files of a playbook's origin.

    Args:
        open: makes a source for the worker's thread.
        folder: the folder at the source, as it was found.
    """

    open: Callable[[], Source]
    folder: str


class Reader:
    """Reads a source for one host, the next pieces while the last ones are being sent there.

    Args:
        supply: what is read.
        deadline: when it has to end.
    """

    def __init__(self, supply: Supply, deadline: Deadline) -> None:
        self._supply = supply
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
            self._source = self._supply.open()
        return self._source.read(self._supply.folder, pieces, self._deadline)

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

    def look(self, deadline: Deadline) -> Original:  # noqa: ARG002 - a disk answers or fails
        """See the protocol."""
        try:
            entries, texts = [], {}
            for path, entry in _walk(self._folder):
                digest = hashlib.sha256()
                with entry.open("rb") as file:
                    while block := file.read(_BLOCK):
                        digest.update(block)
                size = entry.stat().st_size
                if size <= _MAX_TEXT and path.endswith(".psd1"):
                    texts[path.casefold()] = entry.read_text(encoding="utf-8", errors="replace")
                entries.append(FileEntry(path=path, size=size, sha256=digest.hexdigest()))
            manifest = Manifest.of(entries)
            found = self._query.resource.in_folder(
                Folder(path=str(self._folder), manifest=manifest), texts
            )
        except ValidationError as error:
            return self._unusable(_said(error))
        except OSError as error:
            return self._unusable(f"{error.filename or self._folder}: {error.strerror or error}")
        except ValueError as error:
            return self._unusable(str(error))
        return Original(place=str(self._folder), found=found)

    def read(self, folder: str, pieces: Sequence[Piece], deadline: Deadline) -> list[bytes]:  # noqa: ARG002 - as above
        """See the protocol."""
        return [self._piece(piece) for piece in pieces]

    def close(self) -> None:
        """Nothing is held."""

    def _piece(self, piece: Piece) -> bytes:
        path = self._folder.joinpath(*piece.file.path.split("\\"))
        try:
            with path.open("rb") as file:
                file.seek(piece.offset)
                data = file.read(piece.length)
        except OSError as error:
            raise SourceError("source", f"{path} cannot be read: {error.strerror}") from error
        if len(data) != piece.length:
            raise SourceError("source", f"{path} has become shorter since it was looked at")
        return data

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
        self._script = compose(scripts([query]))
        self._session: Session | None = None

    def look(self, deadline: Deadline) -> Original:
        """See the protocol."""
        request = Request(run=AUDIT, calls=observe_calls([self._query]))
        try:
            reply = self._open().run(self._script, request, deadline)
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
        call = Call(id="content", function="Get-RemediateContent", arguments=arguments)
        request = Request(run=AUDIT, calls=(call,), computer=self._computer)
        try:
            reply = self._open().run(self._script, request, deadline)
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


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    """All files below a folder, with their paths as Windows has them.

    Raises:
        OSError: it cannot be read.
        ValueError: something in it is neither a file nor a folder, or there are too many.
    """
    count = 0
    todo: list[tuple[str, Path]] = [("", folder)]
    while todo:
        name, place = todo.pop()
        with os.scandir(place) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            path = f"{name}\\{entry.name}" if name else entry.name
            about = entry.stat(follow_symlinks=False)
            elsewhere = getattr(about, "st_file_attributes", 0) & _LEADS_ELSEWHERE
            if entry.is_symlink() or elsewhere:
                msg = f"{path} leads elsewhere (a link); copy the files themselves"
                raise ValueError(msg)
            if stat.S_ISDIR(about.st_mode):
                todo.append((path, Path(entry.path)))
            elif stat.S_ISREG(about.st_mode):
                count += 1
                if count > MAX_FILES:
                    msg = f"it has more than {MAX_FILES} files"
                    raise ValueError(msg)
                yield path, Path(entry.path)
            else:
                msg = f"{path} is neither a file nor a folder"
                raise ValueError(msg)


def _said(error: ValidationError) -> str:
    return error.errors()[0]["msg"].removeprefix("Value error, ")
