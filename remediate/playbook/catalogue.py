"""Which playbooks there are, found without importing them.

Looks into the playbooks that are shipped, the entry points `remediate.playbooks` of installed
packages, and folders that the user names. Only what is run is imported.
"""

import ast
import difflib
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from remediate.playbook.base import Playbook

_PACKAGE = "remediate_playbooks"
_ROOT = Path(__file__).parents[1]
SHIPPED = next(path for path in (_ROOT / "_playbooks", _ROOT.parent / "playbooks") if path.is_dir())


class PlaybookError(Exception):
    """A playbook cannot be found or used; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A playbook that exists, as far as its text tells.

    Args:
        id: what one types.
        title: what it makes true.
        source: address of the documentation.
        path: its file.
        class_name: the class in it.
    """

    id: str
    title: str
    source: str
    path: Path
    class_name: str


class Catalogue:
    """All playbooks there are.

    Args:
        folders: the user's own folders, besides what is shipped and installed.

    Raises:
        PlaybookError: a folder or file cannot be read, or two playbooks have the same id.
    """

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self.entries: dict[str, Entry] = {}
        for path in _files((SHIPPED, *folders)):
            for entry in _read(path):
                other = self.entries.setdefault(entry.id, entry)
                if other.path.resolve() != entry.path.resolve():
                    raise PlaybookError(
                        f"two playbooks have the id {entry.id}: {other.path} and {entry.path}; "
                        "rename one of them"
                    )

    def entry(self, name: str) -> Entry:
        """The playbook with this id.

        Raises:
            PlaybookError: there is none; the text names the nearest.
        """
        if name in self.entries:
            return self.entries[name]
        near = difflib.get_close_matches(name, self.entries, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else "see `remediate list`"
        raise PlaybookError(f"there is no playbook {name!r}: {hint}")

    def load(self, name: str) -> "Playbook[Any]":
        """Import the playbook with this id, and no other.

        Raises:
            PlaybookError: there is none, or its file cannot be used.
        """
        entry = self.entry(name)
        module = _import(entry.path)
        playbook: Playbook[Any] = getattr(module, entry.class_name)()
        return playbook


def _files(folders: Iterable[Path]) -> Iterable[Path]:
    for folder in folders:
        if not folder.is_dir():
            raise PlaybookError(f"{folder} is not a folder with playbooks")
        yield from sorted(
            path for path in folder.glob("*.py") if not path.name.startswith(("_", "test_"))
        )
    for point in entry_points(group="remediate.playbooks"):
        try:
            spec = importlib.util.find_spec(point.module)
        except Exception as error:  # the package around it is imported, or is not there
            raise PlaybookError(f"the installed playbook {point.value}: {error}") from error
        if spec is None or spec.origin is None:
            raise PlaybookError(f"the installed playbook {point.value} has no file to read")
        yield Path(spec.origin)


def _read(path: Path) -> list[Entry]:
    """The playbooks in a file, by its text alone."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise PlaybookError(f"{path}:{line or 1}: {getattr(error, 'msg', error)}") from error
    except OSError as error:
        raise PlaybookError(f"{path}: {error.strerror}") from error
    found = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and any(_is_playbook(base) for base in node.bases):
            values = {
                target.id: statement.value.value
                for statement in node.body
                if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
                for target in statement.targets
                if isinstance(target, ast.Name)
            }
            missing = [name for name in ("id", "title", "source") if name not in values]
            if missing:
                raise PlaybookError(
                    f"{path}:{node.lineno}: playbook {node.name} needs {', '.join(missing)} "
                    "as plain text"
                )
            texts = {name: str(values[name]) for name in ("id", "title", "source")}
            found.append(Entry(**texts, path=path, class_name=node.name))
    if not found:
        raise PlaybookError(f"{path}:1: there is no playbook in it")
    return found


def _is_playbook(base: ast.expr) -> bool:
    name = base.value if isinstance(base, ast.Subscript) else base
    return (isinstance(name, ast.Name) and name.id == "Playbook") or (
        isinstance(name, ast.Attribute) and name.attr == "Playbook"
    )


def _import(path: Path) -> ModuleType:
    """Import a file under our own package name, where it cannot shadow anything."""
    package = sys.modules.setdefault(_PACKAGE, ModuleType(_PACKAGE))
    package.__path__ = []
    name = f"{_PACKAGE}.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PlaybookError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise PlaybookError(f"{path}:{_line(error, path)}: {error}") from error
    return module


def _line(error: BaseException, path: Path) -> int:
    """The last line of `path` that an error passed through."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
