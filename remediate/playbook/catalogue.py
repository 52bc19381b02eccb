"""Which playbooks there are, found without running anything of them.

Looks into the playbooks that are shipped, the entry points `remediate.playbooks` of installed
packages, and folders that the user names. Only a playbook that is loaded runs.
"""

import ast
import difflib
import hashlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remediate.model.text import in_quotes, unseen
from remediate.packages import entry_points
from remediate.playbook import shipped, stated
from remediate.playbook.loader import PlaybookError, PlaybookFile

if TYPE_CHECKING:
    from remediate.playbook.base import Playbook
    from remediate.resources.base import Resource

_ROOT = Path(__file__).parents[1]
SHIPPED = next(path for path in (_ROOT / "_playbooks", _ROOT.parent / "playbooks") if path.is_dir())


@dataclass(frozen=True, slots=True)
class PlaybookEntry:
    """A playbook that exists, as far as its text tells.

    Args:
        id: what one types.
        title: what it makes true.
        source: address of the documentation.
        topic: what it is about; empty where its author does not say.
        on_demand: it has to be named.
        deep: an audit of everything leaves it out, unless it is a deep one.
        only_looks: it never changes a host.
        loosens: it makes a host less safe, so `--all-safe` leaves it out.
        file: where it is.
        class_name: the class in it.
        line: of the class.
    """

    id: str
    title: str
    source: str
    topic: str
    on_demand: bool
    deep: bool
    only_looks: bool
    loosens: bool
    file: PlaybookFile
    class_name: str
    line: int

    @property
    def path(self) -> Path:
        """The path of its file."""
        return self.file.path

    @property
    def place(self) -> str:
        """File and line, for who has to look there."""
        return f"{self.path}:{self.line}"

    def code(self, kinds: "Iterable[type[Resource]]") -> str:
        """What it does is known by: a digest of its text and of scripts (`sha256:…`).

        Args:
            kinds: those whose scripts count, with their own.
        """
        scripts = {path for kind in kinds for path in kind.writing_files()}
        texts = {path.name: path.read_text(encoding="utf-8-sig") for path in scripts}
        whole = "\0".join((self.file.text, *(f"{name}\0{texts[name]}" for name in sorted(texts))))
        return f"sha256:{hashlib.sha256(whole.encode()).hexdigest()}"

    def load(self) -> "Playbook[Any]":
        """Run its file, if that has not run yet, and no other.

        Raises:
            PlaybookError: the file cannot be used, or it is not what its text said.
        """
        playbook = self.file.playbook(self.class_name)
        for each in stated.NAMES:
            if getattr(playbook, each) != getattr(self, each):
                raise PlaybookError(
                    f"{self.place}: playbook {self.id} has another {each} when it has "
                    f"run than in its text: {getattr(playbook, each)!r}"
                )
        return playbook


class Catalogue:
    """All playbooks there are.

    Args:
        folders: the user's own folders, besides what is shipped and installed.

    Raises:
        PlaybookError: a folder or file cannot be read, or two playbooks have the same id.
    """

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self.entries: dict[str, PlaybookEntry] = {}
        for path in dict.fromkeys(_paths((SHIPPED, *folders))):
            for entry in entries(PlaybookFile.read(path)):
                other = self.entries.setdefault(entry.id, entry)
                if (other.path.resolve(), other.line) != (entry.path.resolve(), entry.line):
                    raise PlaybookError(
                        f"two playbooks have the id {entry.id}: {other.place} and {entry.place}; "
                        "rename one of them"
                    )

    @property
    def topics(self) -> list[str]:
        """What they are about, in alphabetical order."""
        return sorted({entry.topic for entry in self.entries.values()} - {""})

    def entry(self, name: str) -> PlaybookEntry:
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
        """Run the file of the playbook with this id, if it has not run yet, and no other.

        Raises:
            PlaybookError: there is none, its file cannot be used, or it is not what its text said.
        """
        return self.entry(name).load()


def _paths(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from in_folder(folder)
    yield from installed()


def installed() -> Iterator[Path]:
    """The files of playbooks that come with installed packages.

    Raises:
        PlaybookError: an entry point leads nowhere.
    """
    for point in entry_points(group="remediate.playbooks"):
        yield _installed(point)


def in_folder(folder: Path) -> list[Path]:
    """The files of playbooks in a folder.

    Raises:
        PlaybookError: there are none, or it cannot be read.
    """
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix == ".py")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PlaybookError(f"{folder} is not a folder with playbooks") from error
    except OSError as error:
        raise PlaybookError(f"{folder}: {error.strerror}") from error
    playbooks = [path for path in found if not path.name.startswith((".", "_", "test_"))]
    if odd := next((path for path in playbooks if unseen(path.name)), None):
        raise PlaybookError(f"{folder}: the name of {in_quotes(odd.name)} {unseen(odd.name)}")
    if not playbooks:
        raise PlaybookError(
            f"{folder} has no playbook: each is a .py file, "
            "whose name does not begin with a dot, _ or test_"
        )
    return playbooks


def _installed(point: EntryPoint) -> Path:
    """The file that an entry point names."""
    try:
        spec = _spec(point.value.partition(":")[0].strip().split("."))
    except Exception as error:  # finders of modules may come with other packages
        raise PlaybookError(
            f"the installed playbook {point.name} ({point.value}): {error}"
        ) from error
    if spec is None:
        raise PlaybookError(
            f"the installed playbook {point.name} ({point.value}): there is no such module"
        )
    if spec.origin is None or not spec.origin.endswith(".py"):
        raise PlaybookError(
            f"the installed playbook {point.name} ({point.value}) has no file to read"
        )
    return Path(spec.origin)


def _spec(names: Sequence[str]) -> ModuleSpec | None:
    """Where a module would be imported from; the packages around it are not imported for that."""
    spec: ModuleSpec | None = None
    places: list[str] | None = None
    for depth, name in enumerate(names, 1):
        whole = ".".join(names[:depth])
        others = (finder for finder in sys.meta_path if finder is not PathFinder)
        found = (finder.find_spec(whole, places) for finder in others)
        # by the whole name Python's own finder would ask for the package, which is not there yet
        spec = PathFinder.find_spec(name, places) or next(filter(None, found), None)
        if spec is None:
            return None
        places = list(spec.submodule_search_locations or ())
    return spec


def entries(file: PlaybookFile) -> tuple[PlaybookEntry, ...]:
    """The playbooks in a file, by its text alone.

    Raises:
        PlaybookError: its text is not as it has to be.
    """
    found, wrong = _looked(file)
    if wrong:
        raise PlaybookError(wrong[0])
    return found


def faults(file: PlaybookFile) -> tuple[str, ...]:
    """What is wrong with what a file states of its playbooks, each with its place.

    Raises:
        PlaybookError: it is not Python.
    """
    return _looked(file)[1]


@cache
def _looked(file: PlaybookFile) -> tuple[tuple[PlaybookEntry, ...], tuple[str, ...]]:
    """The playbooks in a file, and what is wrong; the same text is looked through once."""
    known = shipped.stated_in(file.text)
    if known is not None:
        return tuple(PlaybookEntry(**said, file=file) for said in known), ()
    return looked_through(file)


def looked_through(file: PlaybookFile) -> tuple[tuple[PlaybookEntry, ...], tuple[str, ...]]:
    """The playbooks in a file, and what is wrong, as Python reads it.

    Raises:
        PlaybookError: it is not Python.
    """
    found, wrong = [], []
    for node in file.tree().body:
        if isinstance(node, ast.ClassDef) and any(_is_playbook(base) for base in node.bases):
            said, lines = _said(node)
            problems = list(stated.problems(said))
            for name, why in problems:
                line = lines.get(name, node.lineno)
                wrong.append(f"{file.path}:{line}: playbook {node.name}: {why}")
            if not problems:
                said = {**stated.OPTIONAL, **said}
                entry = PlaybookEntry(**said, file=file, class_name=node.name, line=node.lineno)
                found.append(entry)
    if not (found or wrong):
        wrong.append(f"{file.path}:1: there is no playbook in it")
    return tuple(found), tuple(wrong)


def _said(node: ast.ClassDef) -> tuple[dict[str, Any], dict[str, int]]:
    """What a class states plainly, by name, and the line of each."""
    said, lines = {}, {}
    for statement in node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            for target in statement.targets:
                if isinstance(target, ast.Name) and target.id in stated.NAMES:
                    said[target.id] = statement.value.value
                    lines[target.id] = statement.lineno
    return said, lines


def _is_playbook(base: ast.expr) -> bool:
    name = base.value if isinstance(base, ast.Subscript) else base
    return (isinstance(name, ast.Name) and name.id == "Playbook") or (
        isinstance(name, ast.Attribute) and name.attr == "Playbook"
    )
