"""`remediate show`: what a playbook does, and its parameters."""

import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediate.cli.following import format_option
from remediate.cli.lazy import Command
from remediate.cli.playbooks import catalogue, playbook_argument, playbooks_option

if TYPE_CHECKING:
    from remediate.playbook.base import Playbook
    from remediate.report.lines import Line


def _run(playbook: str, folders: tuple[Path, ...], form: str) -> int:
    known = catalogue(folders)
    found = known.load(playbook)
    if form == "json":
        click.echo(json.dumps(_data(found), indent=2))
        return 0
    from remediate.report.console import print_lines

    print_lines(_lines(found, known.entry(playbook).path), sys.stdout)
    return 0


def _data(playbook: "Playbook[Any]") -> dict[str, Any]:
    return {
        "schema_version": 1,
        "id": playbook.id,
        "title": playbook.title,
        "source": playbook.source,
        "symptoms": list(playbook.symptoms),
        "parameters": playbook.params.model_json_schema(),
    }


def _lines(playbook: "Playbook[Any]", path: Path) -> "Iterator[Line]":
    from pydantic import ValidationError

    from remediate.cli.parameters import parameters
    from remediate.report.lines import DIM, STRONG, line

    yield line(0, (playbook.id, STRONG), f"  {playbook.title}")
    about = inspect.cleandoc(type(playbook).__doc__ or "")
    for paragraph in filter(None, about.split("\n\n")):
        yield line(2, paragraph)
    yield line(0)
    for parameter in parameters([playbook]):
        kind = " | ".join(parameter.choices) or parameter.metavar
        yield line(2, (parameter.plain, STRONG), f" {kind}")
        about = "; ".join(text for text in (parameter.limits, parameter.default) if text)
        yield line(6, f"{(parameter.field.description or '').rstrip('.')}.  [{about}]")
    try:
        usual = playbook.params()
    except ValidationError:
        usual = None  # a parameter is required, so what follows cannot be told in advance
    if usual is not None:
        for text in playbook.assumptions(usual):
            yield line(2, ("assumed: ", DIM), text)
        for text in playbook.irreversible(usual):
            yield line(2, ("rollback will not bring back: ", DIM), text)
    if playbook.symptoms:
        yield line(2, ("cures:  ", DIM), ", ".join(playbook.symptoms))
    yield line(2, ("source: ", DIM), playbook.source)
    yield line(2, ("file:   ", DIM), str(path))


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
