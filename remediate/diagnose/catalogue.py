"""The causes that are known: those that are shipped, and those of other people's folders.

The shipped ones are written in the folder `catalogue`, and read from one file that was made of
them, checked: to read and check YAML takes longer than to answer.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from remediate.diagnose.entry import Entry, Number

FOLDER = Path(__file__).with_name("catalogue")
MADE = Path(__file__).with_name("catalogue.json")
BESIDE = "diagnose"
"""Name of the folder with entries that stands beside somebody's playbooks."""


def load(folders: Iterable[Path] = ()) -> tuple[Entry, ...]:
    """All entries.

    Args:
        folders: with playbooks of others, who may have entries in a folder `diagnose` there.

    Raises:
        CatalogueError: a file cannot be used, or two entries have one id.
    """
    entries = list(_shipped())
    files = [file for folder in folders for file in sorted((folder / BESIDE).glob("*.yaml"))]
    if files:
        from remediate.diagnose.written import further  # noqa: PLC0415 - slow to import

        entries += further(files, {entry.id for entry in entries})
    return tuple(entries)


def _shipped() -> Iterator[Entry]:
    for said in json.loads(MADE.read_text(encoding="utf-8")):
        lists = {name: tuple(value) for name, value in said.items() if isinstance(value, list)}
        lists["numbers"] = tuple(
            Number(**{**each, "words": tuple(each["words"]), "beside": tuple(each["beside"])})
            for each in said["numbers"]
        )
        yield Entry(**{**said, **lists, "checked": date.fromisoformat(said["checked"])})
