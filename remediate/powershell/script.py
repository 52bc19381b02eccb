"""Composes the one script text of a run out of the files it needs."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def compose(resources: Iterable[Path]) -> str:
    """The script for a run that uses these resources' files, each once, in a stable order.

    Args:
        resources: `.ps1` files with the functions of the resources.
    """
    files = [
        _FOLDER / "envelope.ps1",
        _FOLDER / "lease.ps1",
        *sorted(set(resources)),
        _FOLDER / "invoke.ps1",
    ]
    return "\n".join(_text(path) for path in files)
