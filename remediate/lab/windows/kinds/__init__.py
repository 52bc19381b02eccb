r"""How the stand-in Windows keeps each kind of resource: one module for each, of its name.

Such a module has two functions:

- `to_windows(records, drive)` gives the sections of `windows.json` for these records, by name,
  and may write files below `drive`, the folder that is `C:\` on the host;
- `from_windows(windows, drive)` gives the records back, out of the whole of `windows.json`.

Both are called for every kind, with no records when a host has none of them; going there and back
must change nothing. A ValueError says that the stand-in Windows cannot be such a host.
"""

import importlib
import pkgutil
from pathlib import Path
from typing import Protocol, cast

from remediate.lab.state import Record


class Kind(Protocol):
    """What a module of this package is."""

    def to_windows(self, records: list[Record], drive: Path) -> Record:
        """The sections of `windows.json` for these records."""

    def from_windows(self, windows: Record, drive: Path) -> list[Record]:
        """The records that `windows.json` holds."""


def kinds() -> dict[str, Kind]:
    """All of them, by kind of resource."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: cast("Kind", importlib.import_module(f"{__name__}.{name}")) for name in names}
