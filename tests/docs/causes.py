"""The catalogue of causes as it is read when somebody asks: one file, made of many and checked."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from remediate.diagnose.catalogue import FOLDER, MADE
from remediate.diagnose.written import further


def made() -> str:
    """What the file has to hold."""
    entries = further(sorted(FOLDER.glob("*.yaml")), set())
    said = [asdict(entry) for entry in entries]
    return json.dumps(said, indent=1, ensure_ascii=False, default=str) + "\n"


def stale() -> Iterator[Path]:
    """The file, where it does not say what the catalogue does."""
    if not MADE.exists() or MADE.read_text(encoding="utf-8") != made():
        yield MADE


def write() -> list[Path]:
    """Bring it up to date; returns what was not."""
    files = list(stale())
    for file in files:
        file.write_text(made(), encoding="utf-8", newline="\n")
    return files
