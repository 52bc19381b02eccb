"""`remediate list`: the playbooks there are. Imports none of them, so that it is quick."""

from pathlib import Path
from shutil import get_terminal_size
from textwrap import wrap

import click

from remediate.cli.following import format_option
from remediate.cli.lazy import Command
from remediate.cli.playbooks import catalogue, playbooks_option
from remediate.report.printable import printable


def _run(folders: tuple[Path, ...], form: str) -> int:
    entries = catalogue(folders).entries.values()
    if form == "json":
        from remediate.model.document import PlaybookListing, PlaybookRow
        from remediate.report.machine import as_json

        rows = (PlaybookRow(id=e.id, title=e.title, source=e.source) for e in entries)
        click.echo(as_json(PlaybookListing(playbooks=tuple(rows)), indent=2))
        return 0
    width = max((len(entry.id) for entry in entries), default=0) + 2
    room = max(20, get_terminal_size().columns - width)
    for entry in entries:
        first, *rest = wrap(printable(entry.title), room)
        click.echo(f"{printable(entry.id):{width}}{first}")
        for line in rest:
            click.echo(" " * width + line)
    return 0


command = Command(
    "list",
    callback=_run,
    help="Show the playbooks there are.",
    params=[playbooks_option(), format_option("console", "json")],
)
