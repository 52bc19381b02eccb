"""Whether an answer is of the computer that is meant. Pure."""

from collections.abc import Collection

from remediate.model.computer import Computer, Sameness, compare
from remediate.model.problem import Problem

ANOTHER, RENAMED = "another_computer", "renamed"
"""Codes of the problem that another computer answers than the one that is meant."""

_MOVED = (
    "Find out where the address leads. If the host has moved, tell rollback and runs reconcile "
    "where it is now: --host NAME=ADDRESS, or -i FILE."
)


def other_computer(
    expected: Computer | None, found: Computer, renamed: Collection[str] = ()
) -> Problem | None:
    """Why an answer does not count, or None when it is of the computer that is meant.

    Args:
        expected: the computer that is meant; None while any will do.
        found: the computer that answered.
        renamed: names of before that a person accepts.
    """
    if expected is None:
        return None
    match compare(expected, found, renamed):
        case Sameness.RENAMED:
            return Problem(
                code=RENAMED,
                message=f"the computer that was {expected.name} is {found.name} now: it was "
                "renamed, or it is a clone",
                hint=f"If it was renamed, {_accept(expected)}",
            )
        case Sameness.OTHER if expected.name.casefold() == found.name.casefold():
            message = f"another computer with the name {found.name} answers at the address"
        case Sameness.OTHER:
            message = f"this is about computer {expected}, and {found} answers at the address"
        case _:
            return None
    by_name = f"The record knows it by the name {expected.name} only. If it is this computer, "
    hint = _MOVED if expected.guid else f"{by_name}{_accept(expected)} {_MOVED}"
    return Problem(code=ANOTHER, message=message, hint=hint)


def is_identity(problem: Problem) -> bool:
    """Whether a problem is that another computer answers than the one that is meant."""
    return problem.code in {ANOTHER, RENAMED}


def _accept(expected: Computer) -> str:
    return f"rollback and runs reconcile accept it with --renamed {expected.name}."


def told(expected: Computer | None, found: Computer, renamed: Collection[str] = ()) -> str:
    """What a report has to say of how the computer was recognised; empty when both agree."""
    if expected is None:
        return ""
    if compare(expected, found) in {Sameness.RENAMED, Sameness.OTHER} and renamed:
        return f"It was recorded as {expected.name} and is {found.name} now, accepted by --renamed."
    if compare(expected, found) is Sameness.BY_NAME:
        return f"That this is {found.name} is known by its name only."
    return ""
