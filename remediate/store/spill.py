"""Where the journal goes when the store fails in the middle of a run: one JSON line per record."""

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from remediate.files import OWNERS_ARE_KNOWN, open_ours, read_ours
from remediate.model.base import SCHEMA_VERSION, Model
from remediate.model.earlier import upgraded
from remediate.model.outcome import HostReport
from remediate.model.run import Intent
from remediate.store.protocol import kept_intent

_PREFIX = "remediate-spill-"
_SUFFIX = ".ndjson"
_MAX_FILE = 256 * 1024 * 1024
_MAX_LINES = 200_000
"""More than two entries for each of 40,000 hosts, with an empty line between."""


class SpillEntry(Model):
    """What the store could not take.

    Args:
        run: id of the run.
        host: name of the host in it.
        intent: what was about to be sent.
        report: the verdict.
    """

    schema_version: int = SCHEMA_VERSION
    run: str
    host: str
    intent: Intent | None = None
    report: HostReport | None = None


class SpillFile(Model):
    """A spill file that was found. Who has put its entries into the store deletes it.

    Args:
        path: where it is.
        entries: what it holds, oldest first.
        damaged: number of lines that cannot be read, as a full disk leaves them.
        problem: why nothing of it can be read, in words; empty when it can.
    """

    path: Path
    entries: tuple[SpillEntry, ...] = ()
    damaged: int = 0
    problem: str = ""


def spill(entry: SpillEntry, folder: Path) -> Path:
    """Add an entry to the run's spill file and return its path; durable when it returns.

    Args:
        entry: what the store could not take.
        folder: the store's folder; when it cannot be written the folder for temporary files is.

    Raises:
        OSError: neither can be written.
    """
    if entry.intent:
        entry = entry.model_copy(update={"intent": kept_intent(entry.intent)})
    # Not model_dump_json: a host may have sent text that is not valid Unicode.
    line = f"{json.dumps(entry.model_dump(mode='json'))}\n".encode()
    try:
        path = folder / f"{_PREFIX}{entry.run}{_SUFFIX}"
        return _append(open_ours(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), path, line)
    except OSError:
        # Everybody may write there: a new name each time, which nobody can have prepared.
        file, name = tempfile.mkstemp(prefix=f"{_PREFIX}{entry.run}-", suffix=_SUFFIX)
        return _append(file, Path(name), line)


def read_spill(folder: Path) -> list[SpillFile]:
    """The spill files of this account beside the store and among the temporary files.

    Never raises: what cannot be read has a problem, and the rest is read.

    Args:
        folder: the store's folder.
    """
    temporary = Path(tempfile.gettempdir())
    found = _read_all(folder, everybodys=False)
    return found if temporary == folder else found + _read_all(temporary, everybodys=True)


def _read_all(folder: Path, *, everybodys: bool) -> list[SpillFile]:
    """The spill files in a folder; in one where everybody may put files only this account's."""
    try:
        paths = sorted(folder.iterdir(), key=_changed)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        return [SpillFile(path=folder, problem=error.strerror or str(error))]
    return [
        _read(path)
        for path in paths
        if path.name.startswith(_PREFIX) and path.name.endswith(_SUFFIX)
        if not everybodys or _is_this_accounts(path)
    ]


def _changed(path: Path) -> tuple[int, str]:
    """When a spill file was written to last; what is none, or gone, comes first."""
    ours = path.name.startswith(_PREFIX) and path.name.endswith(_SUFFIX)
    with suppress(OSError):
        return path.lstat().st_mtime_ns if ours else 0, path.name
    return 0, path.name


def _append(file: int, path: Path, line: bytes) -> Path:
    try:
        # A line cut short by a full disk must not swallow the next one.
        data = b"\n" + line
        if os.write(file, data) != len(data):
            raise OSError(f"{path} took only a part of the record")
        os.fsync(file)
    finally:
        os.close(file)
    return path


def _entry(payload: dict[str, Any]) -> SpillEntry:
    """An entry of this version or an earlier one.

    Raises:
        ValueError: it is neither.
    """
    kept: dict[str, type[Model]] = {"intent": Intent, "report": HostReport}
    parts = {
        name: upgraded(model, payload[name]) for name, model in kept.items() if payload.get(name)
    }
    entry = SpillEntry.model_validate({**upgraded(SpillEntry, payload), **parts})
    about = {entry.host, entry.report.host if entry.report else entry.host}
    if entry.intent is not None:
        about |= {entry.intent.host.name}
    if len(about) > 1 or (entry.intent is not None and entry.intent.run != entry.run):
        raise ValueError("it is about several hosts or runs")
    return entry


def _is_this_accounts(path: Path) -> bool:
    try:
        return not OWNERS_ARE_KNOWN or path.lstat().st_uid == os.geteuid()
    except OSError:
        return False


def _read(path: Path) -> SpillFile:
    try:
        data = read_ours(path, _MAX_FILE)
    except OSError as error:
        return SpillFile(path=path, problem=error.strerror or str(error))
    if data.count(b"\n") > _MAX_LINES:
        return SpillFile(
            path=path, problem=f"It has more than {_MAX_LINES} lines, as no run writes"
        )
    entries: list[SpillEntry] = []
    damaged = 0
    for line in data.splitlines():
        if not line:
            continue
        try:
            entries.append(_entry(json.loads(line)))
        except (ValueError, TypeError, AttributeError, RecursionError):
            damaged += 1
    return SpillFile(path=path, entries=tuple(entries), damaged=damaged)
