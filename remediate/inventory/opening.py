"""An inventory by what `--inventory` names: a file, or a format and what it is read from."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path

from remediate.files import read_content
from remediate.inventory.protocol import Inventory, InventoryError, Loader, Trust
from remediate.inventory.settings import Settings

MAX_BYTES = 2 * 1024 * 1024
"""Of a file: more than 20,000 hosts, with what is usually said of them."""

_READERS = {"yaml": "remediate.inventory.yaml:read_yaml", "csv": "remediate.inventory.csv:read_csv"}
"""What reads the files of a format; so their names may end, too."""


def open_inventory(named: str | Path, trust: Trust | None = None) -> Inventory:
    """The inventory that somebody names.

    Args:
        named: a file, or `FORMAT:` and what is read in that format.
        trust: how far what it says is believed.

    Raises:
        InventoryError: it cannot be read, or used; it says all that is wrong.
    """
    form, colon, rest = str(named).partition(":")
    if colon and form in _READERS:
        return _loader(form)(rest, trust or Trust())
    ending = Path(named).suffix.lower().removeprefix(".")
    return _loader(ending if ending in _READERS else "yaml")(str(named), trust or Trust())


def _loader(form: str) -> Loader:
    module, _, name = _READERS[form].partition(":")
    return partial(_from_file, getattr(import_module(module), name))


def _from_file(
    read: Callable[[str, bytes, Settings], Inventory], name: str, trust: Trust
) -> Inventory:
    path = Path(name)
    try:
        content = read_content(path, MAX_BYTES)
    except OSError as error:
        text = f"the inventory {path} cannot be read: {error.strerror}"
        raise InventoryError(str(path), text) from None
    settings = Settings(path.parent, trust, content.written_by)
    with _uncollected():
        return read(str(path), content.data, settings)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for garbage, of which there is hardly any: that takes longer than reading."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
