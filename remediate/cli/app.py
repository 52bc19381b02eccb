"""The root command, and what becomes of every error."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from remediate import __version__
from remediate.cli.lazy import LazyGroup, debug_option
from remediate.cli.output import guarded
from remediate.cli.stop import Stop
from remediate.model.exit_code import FIRST, ExitCode

if TYPE_CHECKING:
    from remediate.cli.wiring import Parts

_COMMANDS = "remediate.cli.commands."
TABLE = {
    "list": (f"{_COMMANDS}list:command", "Show the playbooks there are."),
    "show": (f"{_COMMANDS}show:command", "Show what a playbook does and its parameters."),
    "audit": (f"{_COMMANDS}audit:command", "See what playbooks would change; writes nothing."),
    "facts": (f"{_COMMANDS}facts:command", "Print what a server answers, for a support case."),
    "plan": (f"{_COMMANDS}plan:command", "Save what would be changed, to be applied later."),
    "apply": (f"{_COMMANDS}apply:command", "Make the changes, and prove them by reading back."),
    "rollback": (f"{_COMMANDS}rollback:command", "Undo a run, property by property."),
    "diagnose": (f"{_COMMANDS}diagnose:command", "Say what an error means, and what to do."),
    "report": (f"{_COMMANDS}report:command", "Write a recorded run as a report: junit, sarif, …."),
    "runs": (f"{_COMMANDS}runs:group", "List runs, show one, or find out what became of them."),
    "hosts": (
        f"{_COMMANDS}hosts:group",
        "List hosts, check them, or see who works there.",
    ),
    "validate": (
        f"{_COMMANDS}validate:command",
        "Show all that is wrong with files: inventories, waivers, ….",
    ),
    "config": (f"{_COMMANDS}config:command", "Show each setting, and where it is said."),
    "lab": (f"{_COMMANDS}lab:group", "Practice Windows hosts on this machine."),
    "demo": (f"{_COMMANDS}demo:command", "Watch the whole story on a practice host."),
    "schema": (f"{_COMMANDS}schema:command", "Print the JSON Schema of what is published."),
    "completion": (f"{_COMMANDS}completion:command", "Print completion for your shell."),
}

_EPILOG = """Try it without a server: remediate demo

\b
Exit codes:
""" + "\n".join(f"  {code:<5}{code.meaning}" for code in ExitCode)
_EPILOG += f"\n\nWhen several apply: the first of {', '.join(map(str, map(int, FIRST)))}."

root = LazyGroup(
    "remediate",
    table=TABLE,
    help="Repair Windows servers over WinRM: audit, dry run, apply, verify, roll back.",
    epilog=_EPILOG,
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=lambda ctx, _, value: _version(ctx) if value else None,
            help="Print the version and exit.",
        ),
        debug_option(),
    ],
)


def run(arguments: Sequence[str], parts: "Parts | None" = None) -> int:
    """Run a command line.

    Args:
        arguments: without the name of the program.
        parts: what the commands work with; fakes in tests.

    Returns:
        The exit code of the process.
    """
    if parts is None:
        from remediate.cli.wiring import Parts

        parts = Parts()
    parts.arguments = tuple(arguments)
    parts.terminal.debug = "--debug" in arguments
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a legacy code page is not an error
    with guarded() as output:
        code = _run(arguments, parts)
        output.flush()
        if output.fault is None:  # whoever read it may have left: `remediate list | head -1`
            return code
        reason = output.fault.strerror or output.fault
        parts.terminal.complain(
            f"the result is not written to stdout, or not all of it: {reason}",
            f"What was to be done was done (exit code {code}). Make room, or write it elsewhere.",
        )
    return ExitCode.INTERNAL_ERROR


def _run(arguments: Sequence[str], parts: "Parts") -> int:
    try:
        code = root.main(
            args=list(arguments), prog_name="remediate", standalone_mode=False, obj=parts
        )
    except (KeyboardInterrupt, click.Abort):
        parts.terminal.complain(
            "interrupted",
            "If hosts were being changed, remediate runs reconcile tells what became of them.",
        )
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last stop of every error
        return _explain(error, parts)
    finally:
        parts.close()
    return code if isinstance(code, int) else 0


def _version(ctx: click.Context) -> None:
    click.echo(f"remediate {__version__}")
    ctx.exit()


def _explain(error: Exception, parts: "Parts") -> int:
    """Say what happened and what to do next."""
    from remediate.cli import explaining

    parts.terminal.trace(error)
    if isinstance(error, click.UsageError):
        message, hint = explaining.usage(error)
        parts.terminal.complain(message, hint)
        return ExitCode.USAGE
    stop = error if isinstance(error, Stop) else explaining.stop_for(error)
    parts.terminal.complain(stop.message, stop.hint, stop.details)
    return stop.code
