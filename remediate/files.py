"""Files of this controller: what is read is a regular file that ends, what is written is ours.

A path is only a name: a named pipe, a device or somebody else's link may stand there. So a file
is opened without waiting, and what was opened is looked at, not what the name says.

Who owns a file and who may write to it is known on POSIX only. On Windows neither is checked:
there the rights of the folder count, and those of a user's own folders keep others out.
"""

import errno
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from remediate.errors import RemediateError

OWNERS_ARE_KNOWN = hasattr(os, "geteuid")
"""Whether this system tells who owns a file and who may write to it, as POSIX does."""

_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NOT_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_PLAIN = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NAME_SURROGATE = 0x2000_0000  # in a reparse tag of Windows: it stands for another file or folder
_BLOCK = 1024 * 1024
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_READ = stat.S_IRWXG | stat.S_IRWXO
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class FileRefused(RemediateError, OSError):  # noqa: N818 - what is told is a decision, not a failure
    """A path that is not used as what it is meant for.

    Args:
        path: the path.
        why: what is wrong with it.
        hint: what to do about it.
    """

    def __init__(self, path: Path | str, why: str, hint: str = "") -> None:
        super().__init__(errno.EPERM, why, str(path))
        self.why = why
        self.hint = hint


@dataclass(frozen=True)
class Content:
    """What a file held, and whose it was when it was read.

    Args:
        data: all of it.
        status: of the very file that was read.
    """

    data: bytes
    status: os.stat_result

    @property
    def written_by(self) -> str:
        """Who else may change it, in words; empty when nobody may."""
        return written_by_others(self.status)

    @property
    def read_by(self) -> str:
        """Who else may read it, in words; empty when nobody may."""
        return read_by_others(self.status)


def read_bounded(path: Path | str, most: int) -> bytes:
    """All that a regular file holds, without ever waiting for it.

    Args:
        path: the file; a link to one is followed.
        most: bytes; a longer file is refused.

    Raises:
        FileRefused: it is no regular file (a pipe, a device, a folder), or too long.
        OSError: it cannot be read.
    """
    return read_content(path, most).data


def read_content(path: Path | str, most: int) -> Content:
    """As `read_bounded`, with who owns the file and who may write to it."""
    return _read(open_regular(path), path, most)


def read_ours(path: Path | str, most: int) -> bytes:
    """As `read_bounded`, for a file of ours: no link, and nobody else may write to it."""
    return _read(open_ours(path, os.O_RDONLY), path, most).data


def _read(file: int, path: Path | str, most: int) -> Content:
    try:
        status = os.fstat(file)
        if status.st_size <= most:
            data = read_up_to(file, most + 1)  # some files hold more than they say, as /proc's
            if len(data) <= most:
                return Content(data, status)
    finally:
        os.close(file)
    raise FileRefused(path, f"it is longer than {most} bytes")


def open_regular(
    path: Path | str,
    flags: int = os.O_RDONLY,
    *,
    follow: bool = True,
    dir_fd: int | None = None,
) -> int:
    """Open a regular file without waiting, and return its descriptor.

    Args:
        path: the file.
        flags: as for `os.open`; a file that is made gets the mode 0600.
        follow: whether a link at its place is followed; links on the way there are.
        dir_fd: descriptor of the folder that a relative path begins at (POSIX).

    Raises:
        FileRefused: something else is there.
        OSError: it cannot be opened.
    """
    name = _name(path)
    with suppress(FileNotFoundError):  # looked at first: opening a device may do something
        _require_regular(path, os.stat(name, dir_fd=dir_fd, follow_symlinks=follow))
    extra = _PLAIN | _NOT_WAITING | (0 if follow else _NOFOLLOW)
    try:
        file = os.open(name, flags | extra, 0o600, dir_fd=dir_fd)
    except OSError as error:
        if not follow and error.errno in {errno.ELOOP, errno.EMLINK}:
            raise FileRefused(path, "it is a link") from None
        raise
    try:
        _require_regular(path, os.fstat(file))
    except BaseException:
        os.close(file)
        raise
    return file


def read_up_to(file: int, most: int) -> bytes:
    """What a descriptor gives until its end, or until `most` bytes have come."""
    blocks = []
    while most > 0 and (block := os.read(file, min(most, _BLOCK))):
        blocks.append(block)
        most -= len(block)
    return b"".join(blocks)


def folder_below(folder: Path, parts: Sequence[str]) -> Iterator[tuple[str, os.stat_result]]:
    """What is in a folder below another one, by name; links are told as such, not followed.

    Args:
        folder: the folder that is known; a link to it is followed.
        parts: names of the folders on the way from there.

    Raises:
        FileRefused: a link is on the way.
        OSError: it cannot be read.
    """
    with _opened(folder, parts) as place, os.scandir(place) as found:
        for each in found:
            yield each.name, each.stat(follow_symlinks=False)


def open_below(folder: Path, parts: Sequence[str]) -> int:
    """Open a regular file below a folder, without following a link; return its descriptor.

    On Windows, which opens by the whole path only, the way is looked at just before.

    Args:
        folder: the folder that is known; a link to it is followed.
        parts: names of the folders on the way from there, and of the file.

    Raises:
        FileRefused: a link is on the way, or something else than a file is there.
        OSError: it cannot be opened.
    """
    with _opened(folder, parts[:-1]) as place:
        if isinstance(place, int):
            return open_regular(parts[-1], follow=False, dir_fd=place)
        return open_regular(place / parts[-1], follow=False)


def open_ours(path: Path | str, flags: int) -> int:
    """Open a file of ours, made with mode 0600 by `os.O_CREAT`; return its descriptor.

    Args:
        path: the file.
        flags: as for `os.open`.

    Raises:
        FileRefused: a link, something else than a file, or somebody else's file is there.
        OSError: it cannot be opened.
    """
    file = open_regular(path, flags, follow=False)
    try:
        _require_ours(path, os.fstat(file))
    except BaseException:
        os.close(file)
        raise
    return file


def write_ours(path: Path, data: bytes) -> None:
    """Put a new file of ours, mode 0600, in the place of what is there; whole at every moment.

    A link at its place is replaced, not followed.

    Raises:
        OSError: it cannot be written; what was there is as it was.
    """
    file, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(file, "wb") as new:
            new.write(data)
            new.flush()
            os.fsync(new.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def require_ours_if_there(path: Path) -> None:
    """Make sure that a file is a regular one and ours alone to write to, if it is there.

    For files that somebody else's code opens, in a folder that is ours.

    Raises:
        FileRefused: it is a link, something else than a file, or others may write to it.
        OSError: it cannot be looked at.
    """
    with suppress(FileNotFoundError):
        status = path.lstat()
        _require_regular(path, status)
        _require_ours(path, status)


def make_folder(folder: Path) -> None:
    """Make a folder of ours, and what is missing on the way there; each with mode 0700.

    Raises:
        FileRefused: what is there is no folder, or not ours alone to write to.
        OSError: it cannot be made.
    """
    missing = []
    here = folder
    while not here.exists() and here != here.parent:
        missing.append(here)
        here = here.parent
    if missing:
        _require_way(here.resolve() / missing[-1].name)
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)  # another process may have made it meanwhile
        _require_ours(each, each.lstat())
    require_folder(folder)


def require_folder(folder: Path) -> None:
    """Make sure that nobody else decides what is in a folder of ours.

    The folder, and a link that it is reached by, belong to this account or to root, and nobody
    else writes there; on the way there no folder is open to everybody, but for one like /tmp, where
    nobody takes away what is another's.

    Raises:
        FileRefused: somebody else may.
        OSError: it cannot be looked at.
    """
    if folder.is_symlink():
        _require_owner(folder, folder.lstat())
    real = folder.resolve()
    status = real.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise FileRefused(folder, "it is not a folder")
    _require_ours(folder, status)
    _require_way(real)


def _require_way(path: Path) -> None:
    """Make sure that not everybody may put something else in the place of a path."""
    if not OWNERS_ARE_KNOWN:
        return
    for parent in path.parents:
        mode = parent.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            hint = f"Take the right to write from others: chmod o-w {parent}"
            raise FileRefused(parent, "everybody may put another folder there", hint)


def is_link(status: os.stat_result) -> bool:
    """Whether a status, taken without following, is of a link, or of a junction of Windows."""
    elsewhere = getattr(status, "st_reparse_tag", 0) & _NAME_SURROGATE
    return stat.S_ISLNK(status.st_mode) or bool(elsewhere)


def written_by_others(status: os.stat_result) -> str:
    """Who else may change a file or folder, in words; empty when nobody may, or on Windows."""
    return _owner(status) or _mode(status, _OTHERS_WRITE, "others may write to it")


def read_by_others(status: os.stat_result) -> str:
    """Who else may read a file, in words; empty when nobody may, or on Windows.

    A file of root may be read by its group: so accounts of services are given theirs.
    """
    bits = _OTHERS_READ & ~stat.S_IRGRP if status.st_uid == 0 else _OTHERS_READ
    return _owner(status) or _mode(status, bits, "others may read it")


@contextmanager
def _opened(folder: Path, parts: Sequence[str]) -> Iterator[int | Path]:
    """A folder below another one: open where its files can be reached by it, else its path."""
    if os.open not in os.supports_dir_fd:
        place = folder
        for part in parts:
            place /= part
            if is_link(place.lstat()):
                raise FileRefused(place, "it is a link")
        yield place
        return
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | _PLAIN)
    try:
        for part in parts:
            flags = os.O_RDONLY | os.O_DIRECTORY | _NOFOLLOW | _PLAIN
            try:
                below = os.open(part, flags, dir_fd=here)
            except OSError as error:
                if error.errno in {errno.ELOOP, errno.EMLINK, errno.ENOTDIR}:
                    raise FileRefused(part, "it is a link, or no folder") from None
                raise
            os.close(here)
            here = below
        yield here
    finally:
        os.close(here)


def _require_ours(path: Path | str, status: os.stat_result) -> None:
    if is_link(status):
        raise FileRefused(path, "it is a link", "Name the place that it leads to.")
    _require_owner(path, status)
    if why := written_by_others(status):
        hint = f"Take the right to write from others: chmod go-w {path}"
        raise FileRefused(path, why, hint)


def _require_owner(path: Path | str, status: os.stat_result) -> None:
    if why := _owner(status):
        raise FileRefused(path, why, "Name a place of your own.")


def _require_regular(path: Path | str, status: os.stat_result) -> None:
    if stat.S_ISREG(status.st_mode) and not is_link(status):
        return
    what = next((words for test, words in _KINDS if test(status.st_mode)), "no regular file")
    raise FileRefused(path, f"it is {'a link' if is_link(status) else what}")


def _owner(status: os.stat_result) -> str:
    if not OWNERS_ARE_KNOWN or status.st_uid in {os.geteuid(), 0}:
        return ""
    return f"it belongs to {_user(status.st_uid)}"


def _mode(status: os.stat_result, bits: int, words: str) -> str:
    if not OWNERS_ARE_KNOWN or not status.st_mode & bits:
        return ""
    return f"{words} (mode {stat.S_IMODE(status.st_mode):04o})"


def _user(uid: int) -> str:
    import pwd  # noqa: PLC0415 - there is none on Windows, where nobody comes here

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the account {uid}"


def _name(path: Path | str) -> str:
    name = os.fspath(path)
    if "\0" in name:
        raise FileRefused(path, "its name has a null character")
    return name
