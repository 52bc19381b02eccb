"""Which findings a command leaves as they are, as a file of waivers says."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediate.cli.lazy import FileName, Option

if TYPE_CHECKING:
    from remediate.cli.hosting import Chosen
    from remediate.cli.wiring import Parts
    from remediate.model.saved_plan import SavedPlan
    from remediate.model.waiver import Waivers

WAIVERS = "Waivers"


def waiver_options() -> list[click.Option]:
    """Options that say what is left as it is."""
    return [
        Option(
            ["--waivers"],
            type=FileName(path_type=Path),
            metavar="FILE",
            section=WAIVERS,
            help="A YAML file of findings that are left as they are, until a day: they are shown "
            "and counted apart, and not written.",
        ),
        Option(
            ["--although-waived"],
            is_flag=True,
            section=WAIVERS,
            help="Waivers do not count: what they are about is found, and written by an apply that "
            "names playbooks.",
        ),
    ]


def waivers(
    parts: "Parts", options: Mapping[str, Any], chosen: "Chosen", playbooks: Collection[str]
) -> "Waivers":
    """The waivers of a command, as they count now.

    Args:
        parts: what the command works with.
        options: values of the options, by name.
        chosen: the hosts.
        playbooks: ids of all there are.

    Raises:
        InventoryError: the file cannot be used.
    """
    from remediate.model.waiver import NO_WAIVERS, Waivers

    if options["waivers"] is None:
        return NO_WAIVERS
    from remediate.inventory.waivers import open_waivers

    found = Waivers.at(open_waivers(options["waivers"]), parts.now())
    if options["although_waived"]:
        parts.terminal.say(f"The waivers in {options['waivers']} do not count, as asked.")
        return NO_WAIVERS
    for text in _about_nothing(found, chosen, playbooks):
        parts.terminal.say(f"Warning: {text}.")
    return found


def with_planned(plan: "SavedPlan", now: "Waivers") -> "Waivers":
    """The waivers of an apply of a saved plan: those of then are left out of it, too.

    Args:
        plan: the plan.
        now: those of the command.
    """
    from dataclasses import replace

    return replace(now, in_force=(*plan.waivers, *now.in_force))


def _about_nothing(found: "Waivers", chosen: "Chosen", playbooks: Collection[str]) -> Iterator[str]:
    """Waivers that are about no host of the inventory, or no playbook that there is."""
    for waiver in (*found.in_force, *found.expired):
        if waiver.playbook not in playbooks:
            yield f"the waiver {waiver.at} names {waiver.playbook}, and there is no such playbook"
        if chosen.listed and not any(map(waiver.is_about, chosen.listed)):
            yield f"the waiver {waiver.at} is about no host of the inventory ({waiver.host})"
