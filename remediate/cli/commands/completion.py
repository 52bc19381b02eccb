"""`remediate completion`: the script that completes commands in a shell."""

import click

from remediate.cli.lazy import Command
from remediate.cli.stop import Stop
from remediate.model.exit_code import ExitCode

_VARIABLE = "_REMEDIATE_COMPLETE"


@click.pass_context
def _run(ctx: click.Context, shell: str) -> int:
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise Stop(
            f"there is no completion for {shell}",
            "Choose one of bash, zsh and fish.",
            ExitCode.INTERNAL_ERROR,
        )
    click.echo(kind(ctx.find_root().command, {}, "remediate", _VARIABLE).source())
    return 0


command = Command(
    "completion",
    callback=_run,
    help='Print completion for your shell. For bash: eval "$(remediate completion bash)"',
    params=[click.Argument(["shell"], type=click.Choice(["bash", "zsh", "fish"]))],
)
