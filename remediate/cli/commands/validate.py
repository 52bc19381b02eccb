"""`remediate validate`: all that is wrong with inventories, each with its place."""

from collections.abc import Sequence
from pathlib import Path

import click

from remediate.cli.connecting import open_files_option, passwords_only_option
from remediate.cli.lazy import Command
from remediate.cli.playbooks import catalogue, playbooks_option
from remediate.cli.settings_file import config_option
from remediate.model.exit_code import ExitCode
from remediate.report.printable import printable


def _run(
    files: tuple[str, ...],
    folders: tuple[Path, ...],
    passwords_only: str | None,
    allow_open_files: bool,
) -> int:
    from remediate.cli.inventory_mistakes import mistakes
    from remediate.inventory.opening import open_inventory
    from remediate.inventory.protocol import InventoryError, Trust
    from remediate.model.text import count

    code = ExitCode.OK
    trust = Trust(passwords_only, allow_open_files)
    known = catalogue(folders)
    for file in files:
        try:
            found = open_inventory(file, trust)
        except InventoryError as error:
            wrong: Sequence[str] = error.mistakes
        else:
            wrong = tuple(mistakes(found, known))
            if not wrong:
                hosts = count(len(found.entries()), "host")
                groups = count(len(found.groups()), "group")
                click.echo(printable(f"{found.source}: {hosts}, {groups}, no mistakes"))
            for note in found.notes:
                click.echo(printable(note), err=True)
        for mistake in wrong:
            code = ExitCode.USAGE
            click.echo(printable(mistake))
    return code


command = Command(
    "validate",
    callback=_run,
    help="Read inventories as the other commands do, and show all that is wrong with how they are "
    "written, each with line and column; once nothing is, all that is wrong with their hosts and "
    "parameters of playbooks. Connects to no host.",
    params=[
        click.Argument(["files"], nargs=-1, required=True, metavar="FILE..."),
        playbooks_option(),
        open_files_option(),
        passwords_only_option(),
        config_option(exposed=False),
    ],
)
