"""The command line: one module per command, and the only code that prints."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command that the arguments of the process name, and end with its exit code."""
    from remediate.cli.app import run

    sys.exit(run(sys.argv[1:]))
