"""How the results of some commands differ from those of others."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from remediate.model.outcome import Outcome

Words = tuple[str, str]
"""A verdict in a few words, and what it means in a few more."""


@dataclass(frozen=True, slots=True)
class View:
    """What is shown otherwise than usual.

    Args:
        verdicts: those that have words of their own here.
        facts: what a host says of itself is part of the result.
        leases: so is who holds it; that somebody does is no error.
        overview: many hosts are told by what was found on how many of them.
    """

    verdicts: Mapping[Outcome, Words] = field(default_factory=dict)
    facts: bool = False
    leases: bool = False
    overview: bool = False


_NOTHING_TO_UNDO = ("nothing to undo", "nothing is left to put back")
_USUAL = View()
VIEWS = {
    "audit": View(overview=True),
    "plan": View(overview=True),
    "rollback": View(
        {
            Outcome.COMPLIANT: _NOTHING_TO_UNDO,
            Outcome.CHANGED: ("undone", "written and read back"),
        }
    ),
    "rollback --dry-run": View(
        {
            Outcome.COMPLIANT: _NOTHING_TO_UNDO,
            Outcome.WOULD_CHANGE: ("would be undone", "nothing was written"),
        }
    ),
    "hosts check": View(
        {
            Outcome.COMPLIANT: ("ready", "it answers, and can be repaired"),
            Outcome.REFUSED: ("not ready", "nothing was written"),
        },
        facts=True,
    ),
    "hosts locks": View({Outcome.COMPLIANT: ("free", "nobody holds its lease")}, leases=True),
    "runs reconcile": View(
        {
            Outcome.FAILED_UNCHANGED: ("unchanged", "the host is as it was"),
            Outcome.CHANGED: ("changed", "the write had been made, as read back now"),
        }
    ),
}


def view_of(command: str) -> View:
    """How the results of a command are shown.

    Args:
        command: what was typed (`hosts check`).
    """
    return VIEWS.get(command, _USUAL)
