"""`remediate show`: what a playbook does, and its parameters."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from remediate.cli.following import format_option
from remediate.cli.lazy import Command
from remediate.cli.playbooks import catalogue, playbook_argument, playbooks_option

if TYPE_CHECKING:
    from remediate.model.description import Description
    from remediate.report.lines import Line


def _run(playbook: str, folders: tuple[Path, ...], form: str) -> int:
    from remediate.cli.describing import describe

    known = catalogue(folders)
    found = describe(known.load(playbook))
    if form == "json":
        from remediate.report.machine import as_json

        click.echo(as_json(found, indent=2))
        return 0
    from remediate.report.console import print_lines

    print_lines(_lines(found, known.entry(playbook).path), sys.stdout)
    return 0


def _lines(found: "Description", path: Path) -> "Iterator[Line]":
    from remediate.report.lines import DIM, STRONG, line

    yield line(0, (found.id, STRONG), f"  {found.title}")
    for paragraph in found.about:
        yield line(2, paragraph)
    yield line(0)
    for option in found.options:
        yield line(2, (option.option, STRONG), f" {option.kind}".rstrip())
        yield line(6, f"{option.about}  [{option.limits}]")
    yield line(2, ("risk:     ", DIM), found.risk)
    yield line(2, ("rollback: ", DIM), found.rollback)
    for reading in found.reads:
        for where in reading.where:
            yield line(2, ("reads:    ", DIM), f"{reading.resource}: {where}")
    for writing in found.writes:
        yield line(2, ("writes:   ", DIM), f"{writing.resource}: {', '.join(writing.properties)}")
    for text in found.assumptions:
        yield line(2, ("assumed:  ", DIM), text)
    lists = {"finds:    ": found.rules, "after:    ": found.after, "cures:    ": found.symptoms}
    for name, values in lists.items():
        if values:
            yield line(2, (name, DIM), ", ".join(values))
    if found.on_demand:
        yield line(2, ("runs:     ", DIM), "only when it is named")
    yield line(2, ("source:   ", DIM), found.source)
    yield line(2, ("file:     ", DIM), str(path))


command = Command(
    "show",
    callback=_run,
    help="Show what a playbook does and its parameters.",
    params=[
        playbook_argument(many=False, required=True),
        playbooks_option(),
        format_option("console", "json"),
    ],
)
