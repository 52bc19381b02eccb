"""What the shipped playbooks state, as it is read when a command begins."""

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from remediate.playbook.catalogue import SHIPPED, PlaybookEntry, in_folder, looked_through
from remediate.playbook.loader import PlaybookFile
from remediate.playbook.shipped import MADE, digest


def text() -> str:
    """What the file has to hold."""
    files = [PlaybookFile.read(path) for path in in_folder(SHIPPED)]
    said = {digest(file.text): [*map(_said, looked_through(file)[0])] for file in files}
    return json.dumps(said, indent=1) + "\n"


def stale() -> Iterator[Path]:
    """The file, if it does not say what the playbooks do."""
    if not MADE.exists() or MADE.read_text(encoding="utf-8") != text():
        yield MADE


def write() -> list[Path]:
    """Bring it up to date; returns it if it was not."""
    changed = list(stale())
    for file in changed:
        file.write_text(text(), encoding="utf-8", newline="\n")
    return changed


def _said(entry: PlaybookEntry) -> dict[str, Any]:
    names = (one.name for one in fields(PlaybookEntry) if one.name != "file")
    return {name: getattr(entry, name) for name in names}
