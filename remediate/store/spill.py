"""Where the journal goes when the store fails in the middle of a run: one JSON line per record."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from remediate.model.base import SCHEMA_VERSION, Model
from remediate.model.earlier import upgraded
from remediate.model.outcome import HostReport
from remediate.model.run import Intent

_PREFIX = "remediate-spill-"
_SUFFIX = ".ndjson"


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
    """

    path: Path
    entries: tuple[SpillEntry, ...]
    damaged: int = 0


def spill(entry: SpillEntry, folder: Path) -> Path:
    """Add an entry to the run's spill file and return its path; durable when it returns.

    Args:
        entry: what the store could not take.
        folder: the store's folder; when it cannot be written the folder for temporary files is.

    Raises:
        OSError: neither can be written.
    """
    # Not model_dump_json: a host may have sent text that is not valid Unicode.
    line = f"{json.dumps(entry.model_dump(mode='json'))}\n".encode()
    try:
        path = folder / f"{_PREFIX}{entry.run}{_SUFFIX}"
        return _append(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), path, line)
    except OSError:
        # Everybody may write there: a new name each time, which nobody can have prepared.
        file, name = tempfile.mkstemp(prefix=f"{_PREFIX}{entry.run}-", suffix=_SUFFIX)
        return _append(file, Path(name), line)


def read_spill(folder: Path) -> list[SpillFile]:
    """The spill files of this account beside the store and among the temporary files.

    Args:
        folder: the store's folder.

    Raises:
        OSError: a file is there and cannot be read.
    """
    folders = dict.fromkeys((folder, Path(tempfile.gettempdir())))
    paths = [path for each in folders for path in sorted(each.glob(f"{_PREFIX}*{_SUFFIX}"))]
    return [_read(path) for path in paths if _ours(path)]


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
    return SpillEntry.model_validate({**upgraded(SpillEntry, payload), **parts})


def _ours(path: Path) -> bool:
    """Whether this account wrote it: others may put files among the temporary ones."""
    return not hasattr(os, "getuid") or path.lstat().st_uid == os.getuid()


def _read(path: Path) -> SpillFile:
    entries: list[SpillEntry] = []
    damaged = 0
    for line in path.read_bytes().splitlines():
        if not line:
            continue
        try:
            entries.append(_entry(json.loads(line)))
        except ValueError:
            damaged += 1
    return SpillFile(path=path, entries=tuple(entries), damaged=damaged)
