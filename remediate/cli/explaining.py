"""What an exception means to the person who typed the command."""

from difflib import get_close_matches

import click

from remediate.cli.stop import Stop
from remediate.model.exit_code import ExitCode

_MOST = 20
"""Mistakes of one file that are shown."""

_CORRECT = "Nothing was sent to any host. Correct that, then run it again."

_PASSWORDS = ("--password", "--pass", "--passwd", "--pwd")


def usage(error: click.UsageError) -> tuple[str, str]:
    """A wrong command line in a sentence, and where to look."""
    if isinstance(error, click.NoSuchOption) and error.option_name in _PASSWORDS:
        return no_password_option()
    if isinstance(error, click.NoSuchOption):
        early = bool(error.ctx and isinstance(error.ctx.command, click.Group))
        like = 0.7 if early else 0
        near = "".join(get_close_matches(error.option_name, error.possibilities or (), 1, like))
        path = error.ctx.command_path if error.ctx else "remediate"
        message = f"there is no option {error.option_name}"
        if error.option_name.startswith(_PASSWORDS):  # the password may be part of it
            message = "there is no such option"
        if early and not near:
            return message, f"Options are typed behind a command; {path} --help shows those."
        return f"{message}: did you mean {near}?" if near else message, f"See {path} --help."
    path = error.ctx.command_path if error.ctx else "remediate"
    if type(error).__name__ == "NoArgsIsHelpError":
        or_else = ", or remediate demo" if path == "remediate" else ""
        return "no command was given", f"Try {path} --help{or_else}."
    message = " ".join(error.format_message().split())
    return f"{message[:1].lower()}{message[1:]}", f"See {path} --help."


def no_password_option() -> tuple[str, str]:
    """Why there is no `--password`, and what there is."""
    message = (
        "a password is never given on the command line: every user of this machine can read "
        "it there, and shells keep it"
    )
    where = "env:NAME, file:PATH, keyring:SERVICE, command:PROGRAM or prompt:"
    return message, f"Set REMEDIATE_PASSWORD, or use --password-from {where}."


def stop_for(error: Exception) -> Stop:
    """One of the project's own errors, or anything else, as the end of a command."""
    from remediate.diagnose.entry import CatalogueError
    from remediate.inventory.protocol import InventoryError
    from remediate.playbook.loader import PlaybookError
    from remediate.secrets import SecretError
    from remediate.store.errors import StoreError, UnknownRun
    from remediate.transport.errors import TransportError

    match error:
        case InventoryError(mistakes=[_, _, *_] as all_):
            rest = len(all_) - _MOST
            more = [f"… and {rest} more"] if rest > 0 else []
            details = [*all_[:_MOST], *more]
            return Stop(str(error), _CORRECT, details=details)
        case CatalogueError() | PlaybookError() | InventoryError() | SecretError():
            return Stop(str(error), _CORRECT)
        case StoreError():
            code = ExitCode.USAGE if isinstance(error, UnknownRun) else ExitCode.REFUSED
            return Stop(error.message, error.hint, code)
        case TransportError():
            return Stop(str(error), error.hint, ExitCode.INTERNAL_ERROR)
        case _:
            return Stop(
                "remediate itself failed, in a way that nobody foresaw",
                "Run it again with --debug, and report what that shows.",
                ExitCode.INTERNAL_ERROR,
            )
