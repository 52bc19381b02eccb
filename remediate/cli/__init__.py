"""The command line: one module per command, and the only code that prints."""

import os
import sys
from contextlib import suppress

__all__ = ["main"]


def main() -> None:
    """Run the command that the arguments of the process name, and end with its exit code."""
    try:
        code = _run()
    except KeyboardInterrupt:  # before there was a command, or again while all of it was ended
        code = _interrupted()
    if code == _interrupted():
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)  # hosts that are under way are waited for by threads, and Python by those
    sys.exit(code)


def _run() -> int:
    from remediate.cli.app import run
    from remediate.cli.garbage import collect_seldom
    from remediate.cli.output import fill_in

    fill_in()
    collect_seldom()
    # a plugin of pydantic that happens to be installed would see whatever is read, passwords too
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    return run(sys.argv[1:])


def _interrupted() -> int:
    from remediate.model.exit_code import ExitCode

    return ExitCode.INTERRUPTED
