"""`remediate validate`: all that is wrong with files, each with its place."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from remediate.cli.connecting import open_files_option, passwords_only_option
from remediate.cli.following import OUTPUT
from remediate.cli.lazy import Command, FileName, Option
from remediate.cli.playbooks import catalogue, playbooks_option
from remediate.cli.settings_file import config_option
from remediate.cli.wiring import Parts
from remediate.model.exit_code import ExitCode
from remediate.model.validation import FileKind
from remediate.report.printable import printable

if TYPE_CHECKING:
    from remediate.model.validation import Mistake, Validation

FORMS = ("console", "json", "github")


@click.pass_obj
def _run(
    parts: Parts,
    files: tuple[str, ...],
    folders: tuple[Path, ...],
    passwords_only: str | None,
    allow_open_files: bool,
    kind: str | None,
    form: str,
) -> int:
    from remediate.cli.validating import Validator
    from remediate.inventory.protocol import Trust
    from remediate.model.validation import Validation
    from remediate.report.machine import as_json

    validator = Validator(
        Trust(passwords_only, allow_open_files),
        catalogue(folders),
        parts.now(),
        FileKind(kind) if kind else None,
    )
    checked = tuple(validator.check_all(files))
    code = ExitCode.USAGE if any(one.mistakes for one in checked) else ExitCode.OK
    result = Validation(files=checked, exit_code=code)
    if form == "json":
        click.echo(as_json(result, indent=2))
    elif form == "github":
        click.echo("".join(_annotations(result)), nl=False)
    else:
        _show(result)
    return code


def _show(result: "Validation") -> None:
    for one in result.files:
        for mistake in one.mistakes:
            click.echo(printable(_line(mistake)))
        if not one.mistakes:
            click.echo(printable(f"{one.file}: {one.holds}, no mistakes"))
        for note in one.notes:
            click.echo(printable(note), err=True)


def _line(mistake: "Mistake") -> str:
    if mistake.line is None:
        return mistake.text
    column = "" if mistake.column is None else f":{mistake.column}"
    return f"{mistake.file}:{mistake.line}{column}: {mistake.text}"


def _annotations(result: "Validation") -> Iterator[str]:
    """GitHub shows ten of each level for a step; the last line counts them all."""
    from remediate.model.text import count
    from remediate.report.github import annotation
    from remediate.report.place import place_of

    for one in result.files:
        for mistake in one.mistakes:
            place = place_of(f"{Path(mistake.file).absolute()}:{mistake.line or 1}:1")
            yield annotation("error", f"mistake in {one.kind}", mistake.text, place)
        for note in one.notes:
            yield annotation("warning", f"{one.kind}", note, None)
    many = count(sum(len(one.mistakes) for one in result.files), "mistake")
    yield f"{count(len(result.files), 'file')}: {many}\n"


command = Command(
    "validate",
    callback=_run,
    help="Read files as the other commands do, and show all that is wrong with how they are "
    "written, each with line and column: inventories with their hosts and parameters of playbooks, "
    "waivers, saved plans, settings files, and playbooks, by their file or folder. What a file is "
    "for is told by what it holds. Connects to no host. Playbooks are programs: those that are "
    "named run, unless others may write to them.",
    params=[
        click.Argument(["files"], nargs=-1, required=True, type=FileName(), metavar="FILE..."),
        Option(
            ["--as", "kind"],
            type=click.Choice([kind.value for kind in FileKind]),
            help="What all of the files are for.",
        ),
        playbooks_option(),
        open_files_option(),
        passwords_only_option(),
        Option(
            ["--format", "form"],
            type=click.Choice(FORMS),
            default="console",
            show_default=True,
            section=OUTPUT,
            help="How the result is written to stdout; github has annotations.",
        ),
        config_option(exposed=False),
    ],
)
