"""Composes the script text of a request out of the files that its calls need, and no others."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from remediate.powershell.condensed import condensed

FOLDER = Path(__file__).parent

LEASE_READER = (FOLDER / "lease.read.ps1",)
"""Says who holds a host."""

FILE_WRITER = FOLDER / "file.write.ps1"
"""Writes files of ours that others may have open."""

LEASE_WRITER = (*LEASE_READER, FILE_WRITER, FOLDER / "lease.write.ps1")
"""Takes the lease and gives it back, leaves the receipt."""

COMPARE_AND_SET = FOLDER / "write.ps1"
"""Finds what a write is about, and makes sure that it is as it was seen."""

PROGRAM_WRITER = FOLDER / "program.write.ps1"
"""Starts programs of Windows."""


@dataclass(frozen=True, slots=True)
class Script:
    """A composed script, and where its lines are from.

    Args:
        text: what is sent.
        places: file and line that each of its lines is from (`service.read.ps1:31`).
    """

    text: str
    places: tuple[str, ...]

    def place(self, line: int) -> str:
        """File and line that a line of the text is from; empty when it has no such line."""
        return self.places[line - 1] if 0 < line <= len(self.places) else ""


def compose(files: Iterable[Path]) -> Script:
    """The script of a request whose calls need these files, each once, in a stable order.

    Args:
        files: `.ps1` files with the functions that are called, and all that those call.
    """
    return _composed(frozenset(files))


@cache
def _composed(files: frozenset[Path]) -> Script:
    paths = (FOLDER / "envelope.ps1", *sorted(files), FOLDER / "invoke.ps1")
    lines = [line for path in paths for line in _lines(path)]
    return Script("\n".join(text for text, _ in lines), tuple(place for _, place in lines))


@cache
def _lines(path: Path) -> list[tuple[str, str]]:
    """What is sent of a file, line by line, each with its place."""
    text = path.read_text(encoding="utf-8")
    return [(line, f"{path.name}:{number}") for number, line in condensed(text)]
