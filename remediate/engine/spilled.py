"""Takes verdicts into the store that it could not take when they fell."""

from contextlib import suppress
from pathlib import Path

import structlog

from remediate.store.errors import JournalConflict, StoreError
from remediate.store.protocol import Store
from remediate.store.spill import SpillEntry, read_spill

_log = structlog.get_logger(__name__)


def take_in_spilled(store: Store, folder: Path) -> None:
    """Record what was spilled, and delete each file all of which is recorded.

    A file that has to stay is read again and again: what was seen later counts more.

    Args:
        store: where it belongs.
        folder: the store's folder.
    """
    try:
        files = read_spill(folder)
    except OSError as error:
        _log.warning("spilled verdicts cannot be read", why=str(error))
        return
    if not files:
        return
    open_intents = store.open_intents(indeterminate=True)
    unsettled = {(run.id, record.host.name) for run, record in open_intents}
    for file in files:
        try:
            for entry in file.entries:
                _take_in(store, entry, unsettled=(entry.run, entry.host) in unsettled)
        except StoreError as error:
            _log.warning(
                "a spilled verdict is not of this store", file=str(file.path), why=str(error)
            )
            continue
        if file.damaged:
            _log.warning("a spill file has lines that cannot be read", file=str(file.path))
            continue
        with suppress(OSError):
            file.path.unlink()


def _take_in(store: Store, entry: SpillEntry, *, unsettled: bool) -> None:
    if entry.report is None:
        return
    try:
        store.close_host(entry.run, entry.host, entry.report, reconciled=unsettled)
    except JournalConflict:
        if unsettled:
            raise
