"""`remediate list`: the playbooks there are. Imports none of them, so that it is quick."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import get_terminal_size
from textwrap import wrap
from typing import TYPE_CHECKING

import click

from remediate.cli.following import format_option
from remediate.cli.lazy import Command
from remediate.cli.playbooks import catalogue, playbooks_option
from remediate.cli.settings_file import config_option
from remediate.report.printable import printable

if TYPE_CHECKING:
    from remediate.playbook.catalogue import PlaybookEntry

OTHER = "other"
"""Where those are shown whose authors name no topic."""


def _run(folders: tuple[Path, ...], form: str) -> int:
    known = catalogue(folders)
    entries = known.entries.values()
    if form == "json":
        from remediate.model.document import PlaybookListing, PlaybookRow
        from remediate.report.machine import as_json

        names = PlaybookRow.model_fields
        rows = (PlaybookRow(**{name: getattr(entry, name) for name in names}) for entry in entries)
        click.echo(as_json(PlaybookListing(playbooks=tuple(rows)), indent=2))
        return 0
    width = max((len(entry.id) for entry in entries), default=0) + 4
    for topic in (*known.topics, ""):
        for line in _lines(topic, [entry for entry in entries if entry.topic == topic], width):
            click.echo(line)
    return 0


def _lines(topic: str, entries: "Sequence[PlaybookEntry]", width: int) -> Iterator[str]:
    if entries:
        yield topic or OTHER
    for entry in entries:
        room = max(20, get_terminal_size().columns - width)
        marks = f" ({', '.join(_marks(entry))})" if any(_marks(entry)) else ""
        first, *rest = wrap(printable(f"{entry.title}{marks}"), room)
        yield f"  {printable(entry.id):{width - 2}}{first}"
        yield from (" " * width + line for line in rest)


def _marks(entry: "PlaybookEntry") -> Iterator[str]:
    if entry.only_looks:
        yield "only looks"
    if entry.on_demand:
        yield "when named"
    if entry.deep:
        yield "with --deep"


command = Command(
    "list",
    callback=_run,
    help="Show the playbooks there are, by topic.",
    params=[playbooks_option(), format_option("console", "json"), config_option(exposed=False)],
)
