"""Kinds of resources on practice hosts: one file each, which both engines are held to.

A file says how resources of its kind are read from Windows' state (`read`, the twin of
`Get-Remediate…`) and written to it (`write`, the twin of `Set-Remediate…`), what a healthy host
has, and how cases put it in short; see `kind.Kind`. Third parties have theirs in a folder `lab`
beside their playbooks (`add_folder`), or name it by an entry point `remediate.lab`.
"""

import importlib
import importlib.util
import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from remediate.lab.kinds.kind import Kind, Switch, is_it, plain
from remediate.lab.state import HostState, Record
from remediate.model.base import JsonValue
from remediate.packages import entry_points
from remediate.resources.base import loaded_kinds

_LEFTOVER = "leftover"
_NOT_KINDS = {"kind"}
_FIELDS = ("read", "write", "state", "HEALTHY", "other", "files")
_added: dict[str, Path] = {}


def add_folder(folder: Path) -> None:
    """Let the lab know the kinds that stand beside somebody's playbooks, in `lab`.

    Args:
        folder: with playbooks.
    """
    _added.update({path.stem: path for path in sorted((folder / "lab").glob("*.py"))})
    kind_of.cache_clear()


def names() -> list[str]:
    """All kinds that the lab knows something of."""
    return sorted(_own() | _points().keys() | _added.keys())


def stand_ins() -> list[Path]:
    """Folders of third parties with stand-ins for Windows' commands: `windows` beside a kind."""
    files = [*_added.values(), *(Path(_imported(name).__file__ or "") for name in _points())]
    folders = dict.fromkeys(file.parent / "windows" for file in files)
    return [folder for folder in folders if folder.is_dir()]


@cache
def kind_of(name: str) -> Kind:
    """What is known of a kind; a kind that nothing is known of keeps its records as they are.

    Raises:
        ValueError: what somebody says of it cannot be used.
    """
    if name not in names():
        return plain(name)
    module = _imported(name)
    known = plain(name, getattr(module, "write", None))
    said = {field.lower(): getattr(module, field) for field in _FIELDS if hasattr(module, field)}
    return replace(known, **said)


@cache
def _own() -> set[str]:
    return {module.name for module in pkgutil.iter_modules(__path__)} - _NOT_KINDS


@cache
def _points() -> dict[str, str]:
    """Modules of installed packages, by kind."""
    return {point.name: point.value for point in entry_points(group="remediate.lab")}


def _imported(name: str) -> ModuleType:
    place = _added.get(name) or _points().get(name) or f"{__name__}.{name}"
    try:
        return _run(name, place) if isinstance(place, Path) else importlib.import_module(place)
    except Exception as error:  # whatever a third party's file does
        raise ValueError(f"the lab's kind {name}, {place}: {error}") from error


def _run(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"remediate_lab_kinds.{name}", path)
    if spec is None or spec.loader is None:
        raise ImportError("not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- hosts -----------------------------------------------------------------------------------


def put(host: HostState, short: Mapping[str, Any]) -> None:
    """Put short forms into a host, by kind.

    Raises:
        ValueError: one is none; says which and why.
    """
    for name, form in short.items():
        try:
            kind_of(name).state(host, form)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error


def switches(*, damaging: bool = False) -> dict[tuple[str, str], Switch]:
    """What a Windows may do with each save, by kind and name.

    Args:
        damaging: what it must not do.
    """
    table = "DAMAGING" if damaging else "UNKIND"
    return {
        (kind, name): switch
        for kind in sorted(_own())
        for name, switch in getattr(_imported(kind), table, {}).items()
    }


def turn_on(host: HostState, *chosen: tuple[str, str]) -> None:
    """Let a host be of a Windows that does this with each save, and else kind.

    Args:
        host: the host.
        chosen: names of switches, each with its kind.
    """
    known = switches() | switches(damaging=True)
    host.edits = {}
    for kind, name in chosen:
        host.edits.setdefault(kind, []).extend(known[kind, name].edits)


def _open(host: HostState) -> HostState:
    """A host to one who may do everything."""
    return HostState(host.name, host.windows, clock=host.clock, edits=host.edits)


def records(host: HostState, kind: str, **question: JsonValue) -> list[Record]:
    """What a host would say of a kind, to one who may see everything.

    Args:
        host: the host.
        kind: of what.
        question: fields of a query; everything, when none is given.
    """
    with host.lock:
        return list(kind_of(kind).read(_open(host), **question))


def record(host: HostState, kind: str, **identity: JsonValue) -> Record:
    """What a host would say of one thing.

    Raises:
        LookupError: it has no such thing.
    """
    for one in records(host, kind):
        if is_it(one, identity):
            return one
    raise LookupError(f"{host.name} has no {kind} with {identity}")


def edit(
    host: HostState, kind: str, identity: Mapping[str, JsonValue], **values: JsonValue
) -> None:
    """Be somebody else, at work on the host: write as Set would.

    Raises:
        LookupError: the host has no such thing.
        CallFailedError: Windows would not do that.
    """
    with host.lock:
        kind_of(kind).write(_open(host), record(host, kind, **identity), values)


def everything(host: HostState) -> dict[str, list[Record]]:
    """What a host would say of every kind that the lab knows, but for those it has nothing of.

    What runs have left is left out: each leaves a receipt, also one that puts everything back.
    """
    kinds = dict.fromkeys([*names(), *(name for name in host.windows if is_plain(name))])
    del kinds[_LEFTOVER]
    found = {kind: records(host, kind) for kind in kinds}
    return {kind: said for kind, said in found.items() if said}


def is_plain(section: str) -> bool:
    """Whether a section of Windows' state is a kind's of which nothing is known."""
    return section in loaded_kinds() and section not in names()
