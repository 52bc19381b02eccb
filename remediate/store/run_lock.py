"""A lock of the operating system that a run holds while it lives.

It goes away with the process, however that ends, so it tells a killed run from one that goes on.
It speaks of this machine only: a run on another controller is never seen as running.

Where several processes work on a run, each holds a lock of its own: one may outlive the others.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Self

import filelock

from remediate.files import FileRefused, make_folder, require_folder, require_ours_if_there
from remediate.store.errors import StoreUnavailable
from remediate.store.run_names import is_run_id

_LOOKERS_SECONDS = 5  # one who looks whether we run holds the lock for a moment


class RunLock:
    """Says that a run is alive, from `with` to its end. Enter it before the run is recorded.

    Args:
        run: id of the run.
        folder: the store's folder of locks; see `StorePlace.locks`.
        number: of the process, where one works on the run for another.
    """

    def __init__(self, run: str, folder: Path, number: int | None = None) -> None:
        path = _path(run, folder)
        self._path = path if number is None else path.with_name(f"{path.name}.{number}")
        self._lock: filelock.BaseFileLock | None = None

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            StoreUnavailable: the file cannot be made or locked.
        """
        try:
            make_folder(self._path.parent)
            self._lock = lock_file(self._path, timeout=_LOOKERS_SECONDS)
            self._lock.acquire()
        except (OSError, filelock.Timeout) as error:
            raise _unavailable(self._path, error) from error
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            if self._lock:
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
    others = (each for each in folder.glob(f"{run}.lock.*") if each.suffix[1:].isdecimal())
    return any(_is_held(each, folder) for each in (path, *others))


def _is_held(path: Path, folder: Path) -> bool:
    if not os.path.lexists(path):
        return False
    try:
        require_folder(folder)
        lock = lock_file(path, timeout=0)
        lock.acquire()
    except filelock.Timeout:
        return True
    except OSError as error:
        raise _unavailable(path, error) from error
    lock.release()
    with suppress(OSError):
        path.unlink()
    return False


def lock_file(path: Path, timeout: float) -> filelock.BaseFileLock:
    """A lock in a folder of ours; any thread may release it.

    Args:
        path: the file.
        timeout: seconds that taking it may wait.

    Raises:
        FileRefused: a link, or something else than a file of ours, is in its place.
    """
    require_ours_if_there(path)
    return filelock.FileLock(path, timeout=timeout, mode=0o600, thread_local=False)


def _path(run: str, folder: Path) -> Path:
    if not is_run_id(run):
        raise ValueError(f"{run!r} is not the id of a run")
    return folder / f"{run}.lock"


def _unavailable(path: Path, error: Exception) -> StoreUnavailable:
    reason = str(getattr(error, "strerror", None) or error)
    hint = "Make the folder writable for this account."
    if isinstance(error, FileRefused):
        path, hint = Path(error.filename), error.hint or f"Move {error.filename} away."
    return StoreUnavailable(str(path), reason[:1].lower() + reason[1:], hint)
