"""The catalogue of causes as it is read when somebody asks, and as a page of the guide."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from remediate.diagnose.catalogue import FOLDER, MADE
from remediate.diagnose.entry import Entry, Number
from remediate.diagnose.written import read
from tests.docs.pages import ROOT, prose

PAGE = ROOT / "docs" / "from-symptom-to-fix.md"
_SHORT = 0xFFFF
_TRUST = {
    "documented": "documented by its maker",
    "secondary": "said by somebody else than its maker",
    "inferred": "concluded from what is documented",
}


def files() -> dict[Path, str]:
    """What each file has to hold."""
    rooms = {file: list(read(file)) for file in sorted(FOLDER.glob("*.yaml"))}
    said = [asdict(entry) for entries in rooms.values() for entry in entries]
    made = json.dumps(said, indent=1, ensure_ascii=False, default=str) + "\n"
    return {MADE: made, PAGE: "\n".join(_page(rooms)) + "\n"}


def stale() -> Iterator[Path]:
    """Files that do not say what the catalogue does."""
    for file, text in files().items():
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            yield file


def write() -> list[Path]:
    """Bring them up to date; returns those that were not."""
    changed, wanted = list(stale()), files()
    for file in changed:
        file.write_text(wanted[file], encoding="utf-8", newline="\n")
    return changed


def _page(rooms: dict[Path, list[Entry]]) -> Iterator[str]:
    yield "# From symptom to fix\n"
    yield "Find the number, the name or the message that you have; `remediate diagnose` does so for"
    yield "what you copied, and `remediate diagnose --file LOG` for a log."
    for file, entries in rooms.items():
        title = file.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ").rstrip(".")
        yield f"\n## {title}"
        for entry in entries:
            yield from _cause(entry)


def _cause(entry: Entry) -> Iterator[str]:
    yield f"\n### {entry.id}\n"
    yield f"**{prose(entry.title)}.** {prose(entry.cause)}\n"
    known = [*map(_number, entry.numbers), *(f"`{name}`" for name in entry.names)]
    if known:
        yield f"- Known by: {', '.join(known)}"
    yield from (f'- "{prose(text)}"' for text in (*entry.en, *entry.ko))
    yield from (f"- Check: {prose(text)}" for text in entry.check)
    if entry.playbooks:
        links = ", ".join(f"[{name}](playbooks/{name}.md)" for name in entry.playbooks)
        yield f"- Look, and repair: {links}"
    yield from (f"- Do: {prose(text)}" for text in entry.steps)
    yield f"- Source: <{entry.source}>, looked up on {entry.checked}; {_TRUST[entry.trust]}"


def _number(number: Number) -> str:
    if number.number > _SHORT:
        return f"`0x{number.number:X}` ({number.number})"
    return (
        f"{number.number} with {' or '.join(number.words)}" if number.words else f"{number.number}"
    )
