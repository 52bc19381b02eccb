"""The options that say how long hosts may take, and how many are worked on at once."""

import click

from remediate.cli import values
from remediate.cli.lazy import Option

CONNECTION = "Connection"
"""Under which head of the help they stand, as all do that say how hosts are reached."""


def processes_option() -> click.Option:
    """The option that shares hosts among processes, for a command that works through many."""
    return Option(
        ["--processes"],
        type=click.IntRange(1, 64),
        section=CONNECTION,
        help="Processes that share the servers; several are faster where one keeps a core busy. "
        "Each takes 60 MB of memory and half a second to start.  [default: 1]",
    )


def pace_options() -> list[click.Option]:
    """Options that say how long and how many at once."""
    return [
        Option(
            ["--timeout"],
            type=click.FloatRange(1, 86400),
            callback=values.seconds,
            metavar="SECONDS",
            section=CONNECTION,
            help="How long a server may take altogether. A question may take half of what is left, "
            "a write 60 %: so there is time to find out what became of it.  [default: 120]",
        ),
        Option(
            ["--workers"],
            type=click.IntRange(1, 256),
            section=CONNECTION,
            help="Servers to work on at the same time; each takes a connection and up to half a MB "
            "of memory. More helps where they are farther than 50 ms.  [default: 128]",
        ),
    ]
