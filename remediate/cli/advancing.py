"""The options that let a command go through its hosts in waves."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from remediate.cli import values
from remediate.cli.lazy import Option
from remediate.cli.wiring import Parts

if TYPE_CHECKING:
    from remediate.model.host import Host
    from remediate.model.waves import Share, Waves

WAVES = "Waves"

_NAMES = ("canary", "batch", "max_failed", "max_unreachable", "max_indeterminate")


def waves_options() -> list[click.Option]:
    """Options that say which hosts go together, and what stops the rest."""
    return [
        _option(
            "--canary",
            some=True,
            says="How many hosts go first, and alone: 1, or 5%. If one of them fails, or nobody "
            "knows what became of it, or none comes through, no other is begun.",
        ),
        _option(
            "--batch",
            some=True,
            says="How many go together after those. A wave begins when all of the one before have "
            "their verdicts.  [default: all]",
        ),
        _option(
            "--max-failed",
            says="How many hosts of all may fail before no other is begun.  [default: any number]",
        ),
        _option(
            "--max-unreachable",
            says="How many may not be reached, or refuse the logon.  [default: any number]",
        ),
        _option(
            "--max-indeterminate",
            says="Of how many nobody may know what became of them.  [default: 0, with any of "
            "these options]",
        ),
    ]


def asked_waves(ctx: click.Context) -> "Waves | None":
    """The waves that the command line asks for; None when all hosts go together."""
    from remediate.model.waves import Waves

    options = ctx.params
    said = {name: options[name] for name in _NAMES if options[name] is not None}
    if not said:
        return None
    if (options["processes"] or 1) > 1:
        parts: Parts = ctx.obj
        parts.terminal.say("Hosts that go in waves are worked on in one process.")
        options["processes"] = 1
    return Waves(**said)


def in_waves(hosts: "Sequence[Host]", waves: "Waves | None") -> dict[str, int]:
    """The number of each host's wave, from 1, by its name; nothing where all go together."""
    from remediate.model.waves import in_waves as numbered

    return numbered((host.name for host in hosts), waves.sizes(len(hosts)) if waves else ())


def _option(name: str, says: str, *, some: bool = False) -> click.Option:
    def read(word: str) -> "Share":
        from remediate.model.waves import Share

        return Share.read_some(word) if some else Share.read(word)

    return Option([name], metavar="N|N%", callback=values.read_by(read), section=WAVES, help=says)
