"""A folder on the controller whose files are to be copied: looked at within limits, then read.

What somebody else can write there may be a link to a file that only this account can read, a file
that never ends, or another file than a moment ago. So nothing is opened by way of a link, sizes
are added up before anything is read, and what is read has to be what was looked at.
"""

import codecs
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from remediate.files import folder_below, is_link, open_below, read_up_to
from remediate.model.content import MAX_BYTES, MAX_FILES, FileEntry, file_path
from remediate.transport.protocol import Deadline

MAX_FOLDERS = MAX_FILES
"""Folders below the one that is copied, empty ones too."""

_BLOCK = 1024 * 1024
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Listed:
    """A file that was seen in a folder.

    Args:
        parts: the names on the way to it, and its own.
        size: bytes.
    """

    parts: tuple[str, ...]
    size: int

    @property
    def path(self) -> str:
        """As Windows has it."""
        return "\\".join(self.parts)


def list_files(folder: Path, deadline: Deadline) -> list[Listed]:
    """All files below a folder.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds what cannot be copied, too much, or was not listed in time.
    """
    found: list[Listed] = []
    size, folders = 0, 0
    todo: list[tuple[str, ...]] = [()]
    while todo:
        way = todo.pop()
        for name, about in folder_below(folder, way):
            in_time(deadline)
            entry = Listed((*way, name), about.st_size)
            _require_possible(entry, about)
            if stat.S_ISDIR(about.st_mode):
                folders += 1
                todo.append(entry.parts)
            else:
                size += entry.size
                found.append(entry)
            if len(found) > MAX_FILES or folders > MAX_FOLDERS or size > MAX_BYTES:
                msg = (
                    f"it has more than {MAX_FILES} files, {MAX_FOLDERS} folders or "
                    f"{MAX_BYTES} bytes"
                )
                raise ValueError(msg)
    return found


def _require_possible(entry: Listed, about: os.stat_result) -> None:
    """Make sure that something can be copied to Windows.

    Raises:
        ValueError: it cannot.
    """
    if os.sep == "/" and any("\\" in part for part in entry.parts):
        msg = f"{entry.path!r} has a backslash in a name, which Windows takes for a folder"
        raise ValueError(msg)
    if is_link(about):
        msg = f"{entry.path} leads elsewhere (a link); copy the files themselves"
        raise ValueError(msg)
    if not (stat.S_ISDIR(about.st_mode) or stat.S_ISREG(about.st_mode)):
        msg = f"{entry.path} is neither a file nor a folder"
        raise ValueError(msg)
    file_path(entry.path)


def look_at(folder: Path, listed: Listed, deadline: Deadline) -> tuple[FileEntry, bytes]:
    """A file as it is in a manifest, and what it begins with: up to a megabyte.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not as it was listed, or was not read in time.
    """
    file = open_below(folder, listed.parts)
    try:
        begins, digest = _hashed(file, listed, deadline)
    finally:
        os.close(file)
    return FileEntry(path=listed.path, size=listed.size, sha256=digest), begins


class Opened:
    """A file that was opened, and proved to be the one of a manifest.

    Args:
        folder: the folder that the manifest is of.
        entry: the file.
        deadline: when it has to be proved.

    Raises:
        OSError: it cannot be read.
        ValueError: it is another one by now, or was not read in time.
    """

    def __init__(self, folder: Path, entry: FileEntry, deadline: Deadline) -> None:
        self.entry = entry
        listed = Listed(tuple(entry.path.split("\\")), entry.size)
        self._file = os.fdopen(open_below(folder, listed.parts), "rb", buffering=0)
        try:
            _, digest = _hashed(self._file.fileno(), listed, deadline)
        except BaseException:
            self.close()
            raise
        if digest != entry.sha256:
            self.close()
            raise ValueError(_changed(entry.path))

    def read(self, offset: int, length: int) -> bytes:
        """Part of it.

        Raises:
            OSError: it cannot be read.
            ValueError: it has become shorter.
        """
        self._file.seek(offset)
        data = read_up_to(self._file.fileno(), length)
        if len(data) != length:
            raise ValueError(_changed(self.entry.path))
        return data

    def close(self) -> None:
        """Let go of it."""
        self._file.close()


def decoded(data: bytes) -> str:
    """The text of a file of Windows: UTF-16 with its mark, or UTF-8 with or without one."""
    if data.startswith(_UTF_16):
        return data.decode("utf-16", errors="replace")
    return data.decode("utf-8-sig", errors="replace")


def in_time(deadline: Deadline) -> None:
    """Go on until the deadline.

    Raises:
        ValueError: it has passed.
    """
    if deadline.left <= 0:
        raise ValueError("there was no time left to read it; --timeout gives more")


def _changed(path: str) -> str:
    return f"{path} has changed since it was looked at"


def _hashed(file: int, listed: Listed, deadline: Deadline) -> tuple[bytes, str]:
    """The first block and the SHA-256 of a file that has to be as long as it was listed."""
    digest = hashlib.sha256()
    begins, size = b"", 0
    for block in _blocks(file, deadline):
        size += len(block)
        if size > listed.size:
            break
        begins = begins or block
        digest.update(block)
    if size != listed.size:
        raise ValueError(_changed(listed.path))
    return begins, digest.hexdigest()


def _blocks(file: int, deadline: Deadline) -> Iterator[bytes]:
    while True:
        in_time(deadline)
        block = read_up_to(file, _BLOCK)
        if not block:
            return
        yield block
