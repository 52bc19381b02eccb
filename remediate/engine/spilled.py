"""Takes verdicts into the store that it could not take when they fell."""

from collections.abc import Iterator
from pathlib import Path

import structlog

from remediate.store.errors import JournalConflict, JournalIncomplete, StoreError, UnknownRun
from remediate.store.protocol import Store
from remediate.store.spill import SpillEntry, SpillFile, read_spill

_log = structlog.get_logger(__name__)


def take_in_spilled(store: Store, folder: Path) -> JournalIncomplete | None:
    """Record what was spilled, and delete each file all of which is recorded.

    A file that has to stay is read again and again: what was seen later counts more.

    Args:
        store: where it belongs.
        folder: the store's folder.

    Returns:
        What could not be taken in; None when all was.
    """
    files = read_spill(folder)
    if not files:
        return None
    open_intents = store.open_intents(indeterminate=True)
    unsettled = {(run.id, record.host.name) for run, record in open_intents}
    why = [f"{file.path}: {each}" for file in files for each in _problems(store, file, unsettled)]
    return JournalIncomplete(why) if why else None


def _problems(store: Store, file: SpillFile, unsettled: set[tuple[str, str]]) -> Iterator[str]:
    """Take one file in, and say what could not be."""
    if file.problem:
        yield file.problem
        return
    try:
        for entry in file.entries:
            _take_in(store, entry, unsettled=(entry.run, entry.host) in unsettled)
    except UnknownRun:
        # Among the temporary files, for example, are those of this account's other stores.
        _log.warning("spilled verdicts are of a run of another store", file=str(file.path))
        return
    except StoreError as error:
        yield error.message
        return
    if file.damaged:
        yield "lines of it cannot be read"
        return
    try:
        file.path.unlink()
    except OSError as error:
        _log.warning("spilled verdicts are recorded and cannot be deleted", why=str(error))


def _take_in(store: Store, entry: SpillEntry, *, unsettled: bool) -> None:
    if entry.report is None:
        return
    try:
        store.close_host(entry.run, entry.host, entry.report, reconciled=unsettled)
    except JournalConflict:
        if unsettled:
            raise
