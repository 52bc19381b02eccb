"""An inventory by what `--inventory` names: a file, or a format and what it is read from."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import cast

from remediate.files import read_content
from remediate.inventory.protocol import Inventory, InventoryError, Loader, Trust
from remediate.inventory.settings import Settings
from remediate.packages import entry_points

MAX_BYTES = 2 * 1024 * 1024
"""Of a file: more than 20,000 hosts, with what is usually said of them."""

_FORMATS = {
    "ansible": "remediate.inventory.ansible:load_ansible",
    "command": "remediate.inventory.command:load_command",
}
_FILES = {"yaml": "remediate.inventory.yaml:read_yaml", "csv": "remediate.inventory.csv:read_csv"}
"""What reads the files of a format; so their names may end, too."""

ENTRY_POINTS = "remediate.inventories"
"""Each is a `Loader`, and its name the format that `--inventory NAME:…` says."""


def open_inventory(named: str | Path, trust: Trust | None = None) -> Inventory:
    """The inventory that somebody names.

    Args:
        named: a file, or `FORMAT:` and what is read in that format.
        trust: how far what it says is believed.

    Raises:
        InventoryError: it cannot be read, or used; it says all that is wrong.
    """
    trust = trust or Trust()
    form, colon, rest = str(named).partition(":")
    with _uncollected():
        if colon and (load := _loader(form)):
            return load(rest, trust)
        ending = Path(named).suffix.lower().removeprefix(".")
        return _from_file(ending if ending in _FILES else "yaml", str(named), trust)


def _loader(form: str) -> Loader | None:
    """What reads a format; None where there is no such format, so that a file is named."""
    if form in _FILES:
        return partial(_from_file, form)
    if form in _FORMATS:
        return cast("Loader", _named(_FORMATS[form]))
    found = entry_points(group=ENTRY_POINTS).select(name=form)
    return cast("Loader", next(iter(found)).load()) if found else None


def _named(function: str) -> object:
    """A function by `module:name`, imported when it is needed."""
    module, _, name = function.partition(":")
    return getattr(import_module(module), name)


def _from_file(form: str, name: str, trust: Trust) -> Inventory:
    path = Path(name)
    try:
        content = read_content(path, MAX_BYTES)
    except OSError as error:
        text = f"the inventory {path} cannot be read: {error.strerror}"
        raise InventoryError(str(path), text) from None
    read = cast("Callable[[str, bytes, Settings], Inventory]", _named(_FILES[form]))
    return read(str(path), content.data, Settings(path.parent, trust, content.written_by))


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
