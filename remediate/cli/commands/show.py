"""`remediate show`: what a playbook does, and its parameters."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from remediate.cli.following import format_option
from remediate.cli.lazy import Command
from remediate.cli.playbooks import catalogue, playbook_argument, playbooks_option
from remediate.cli.settings_file import config_option

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
    for name, texts in _facts(found, path).items():
        for text in filter(None, texts):
            yield line(2, (f"{name:10}", DIM), text)


def _facts(found: "Description", path: Path) -> "dict[str, Iterable[str]]":
    """What is said in a line each, by name."""
    return {
        "risk:": [found.risk],
        "rollback:": [found.rollback],
        "reads:": [f"{one.resource}: {where}" for one in found.reads for where in one.where],
        "writes:": [f"{one.resource}: {', '.join(one.properties)}" for one in found.writes],
        "assumed:": found.assumptions,
        "topic:": [found.topic],
        "finds:": [", ".join(found.rules)],
        "after:": [", ".join(found.after)],
        "cures:": [", ".join(found.symptoms)],
        "runs:": [
            "only when it is named" if found.on_demand else "",
            "when it is named, or with audit --deep" if found.deep else "",
            "not with apply --all-safe: it makes a host less safe" if found.loosens else "",
        ],
        "source:": [found.source],
        "file:": [str(path)],
    }


command = Command(
    "show",
    callback=_run,
    help="Show what a playbook does and its parameters.",
    params=[
        playbook_argument(many=False, required=True),
        playbooks_option(),
        format_option("console", "json"),
        config_option(exposed=False),
    ],
)
