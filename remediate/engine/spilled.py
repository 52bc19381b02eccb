"""Takes verdicts into the store that it could not take when they fell."""

from pathlib import Path

import structlog

from remediate.store.errors import StoreError
from remediate.store.protocol import Store
from remediate.store.spill import read_spill

_log = structlog.get_logger(__name__)


def take_in_spilled(store: Store, folder: Path) -> None:
    """Record what was spilled, and delete each file all of which is recorded.

    Args:
        store: where it belongs.
        folder: the store's folder.
    """
    for file in read_spill(folder):
        try:
            for entry in file.entries:
                if entry.report is not None:
                    store.close_host(entry.run, entry.host, entry.report, reconciled=True)
        except StoreError as error:
            _log.warning(
                "a spilled verdict is not of this store", file=str(file.path), why=str(error)
            )
            continue
        if file.damaged:
            _log.warning("a spill file has lines that cannot be read", file=str(file.path))
            continue
        file.path.unlink(missing_ok=True)
