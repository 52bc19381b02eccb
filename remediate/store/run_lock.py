"""A lock of the operating system that a run holds while it lives.

It goes away with the process, however that ends, so it tells a killed run from one that goes on.
It speaks of this machine only: a run on another controller is never seen as running.
"""

import re
from contextlib import suppress
from pathlib import Path
from typing import Self

import filelock

from remediate.store.errors import StoreUnavailable

_LOOKERS_SECONDS = 5  # one who looks whether we run holds the lock for a moment
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class RunLock:
    """Says that a run is alive, from `with` to its end. Enter it before the run is recorded.

    Args:
        run: id of the run.
        folder: the store's folder of locks; see `StorePlace.locks`.
    """

    def __init__(self, run: str, folder: Path) -> None:
        self._path = _path(run, folder)
        self._lock = filelock.FileLock(
            self._path, timeout=_LOOKERS_SECONDS, mode=0o600, thread_local=False
        )

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            StoreUnavailable: the file cannot be made or locked.
        """
        try:
            self._path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            self._lock.acquire()
        except (OSError, filelock.Timeout) as error:
            raise _unavailable(self._path, error) from error
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._lock.release()
        with suppress(OSError):
            self._path.unlink()


def is_running(run: str, folder: Path) -> bool:
    """Whether a process on this machine is in the middle of the run.

    Removes what a killed process left.

    Args:
        run: id of a run that the store knows.
        folder: the store's folder of locks; see `StorePlace.locks`.

    Raises:
        StoreUnavailable: the lock cannot be looked at.
    """
    path = _path(run, folder)
    if not path.exists():
        return False
    lock = filelock.FileLock(path, timeout=0, mode=0o600)
    try:
        lock.acquire()
    except filelock.Timeout:
        return True
    except OSError as error:
        raise _unavailable(path, error) from error
    lock.release()
    with suppress(OSError):
        path.unlink()
    return False


def _path(run: str, folder: Path) -> Path:
    if not _ID.fullmatch(run):
        raise ValueError(f"{run!r} is not the id of a run")
    return folder / f"{run}.lock"


def _unavailable(path: Path, error: Exception) -> StoreUnavailable:
    reason = str(getattr(error, "strerror", None) or error).lower()
    return StoreUnavailable(str(path), reason, "Make the folder writable for this account.")
