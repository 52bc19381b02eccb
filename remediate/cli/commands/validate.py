"""`remediate validate`: all that is wrong with inventories, each with its place."""

import click

from remediate.cli.lazy import Command
from remediate.cli.reaching import open_files_option, passwords_only_option
from remediate.model.exit_code import ExitCode
from remediate.report.printable import printable


def _run(files: tuple[str, ...], passwords_only: str | None, allow_open_files: bool) -> int:
    from remediate.inventory.opening import open_inventory
    from remediate.inventory.protocol import InventoryError, Trust
    from remediate.report.words import count

    code = ExitCode.OK
    trust = Trust(passwords_only, allow_open_files)
    for file in files:
        try:
            found = open_inventory(file, trust)
        except InventoryError as error:
            code = ExitCode.USAGE
            for mistake in error.mistakes:
                click.echo(printable(mistake))
        else:
            hosts, groups = count(len(found.entries()), "host"), count(len(found.groups()), "group")
            click.echo(printable(f"{found.source}: {hosts}, {groups}, no mistakes"))
            for note in found.notes:
                click.echo(printable(note), err=True)
    return code


command = Command(
    "validate",
    callback=_run,
    help="Read inventories as the other commands do, and show all that is wrong with them, each "
    "with line and column. Connects to no host.",
    params=[
        click.Argument(["files"], nargs=-1, required=True, metavar="FILE..."),
        open_files_option(),
        passwords_only_option(),
    ],
)
