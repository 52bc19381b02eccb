"""One way to break the product, and a copy of the tree that is broken so."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("remediate", "playbooks", "tests", "examples", "docs", "pyproject.toml")


@dataclass(frozen=True)
class Break:
    """One way to break the product.

    Args:
        name: one word or a few.
        promise: what is no longer so.
        file: where.
        before: a text that stands in the file exactly once.
        after: what it is replaced by.
        seen_by: the test that has to see it, as pytest names it; the simulation has none.
    """

    name: str
    promise: str
    file: str
    before: str
    after: str
    seen_by: str = ""

    def apply(self, root: Path) -> None:
        """Break a tree.

        Raises:
            ValueError: the text is not there, or several times.
        """
        path = root / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.before) != 1:
            raise ValueError(
                f"{self.name}: {self.file} has {self.before!r} {text.count(self.before)} times"
            )
        path.write_text(text.replace(self.before, self.after), encoding="utf-8")


@contextmanager
def copied(tree: Path = ROOT) -> Iterator[Path]:
    """A copy of a tree, with what Python has compiled of it."""
    with tempfile.TemporaryDirectory(prefix="remediate-break-") as folder:
        root = Path(folder, "tree")
        root.mkdir()
        for name in COPIED:
            if (tree / name).is_dir():
                shutil.copytree(tree / name, root / name)
            else:
                shutil.copy2(tree / name, root / name)
        yield root


@contextmanager
def broken(one: Break, tree: Path = ROOT) -> Iterator[Path]:
    """A copy of a tree, broken in one way."""
    with copied(tree) as root:
        one.apply(root)
        yield root
