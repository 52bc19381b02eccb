"""What `remediate diagnose` answers, for programs."""

from datetime import date
from typing import Literal

from remediate.model.base import SCHEMA_VERSION, Model


class Clue(Model):
    """What speaks for a cause.

    Args:
        kind: `number`, `name`, `message` (a part of one), or `words` that people ask with.
        what: the number as it was written, else what the catalogue has.
        score: 1 for what is exact; else how much of it is there.
    """

    kind: Literal["number", "name", "message", "words"]
    what: str
    score: float


class Cause(Model):
    """A cause of the catalogue.

    Args:
        id: its name.
        title: what is wrong.
        cause: why that happens.
        check: what to look at, to be sure.
        playbooks: ids of those that look at it or repair it, the nearest first.
        steps: what a person does about it.
        source: address of who says so.
        checked: when that was last looked up.
        trust: whether the maker of the product says so, somebody else, or it was concluded.
        score: from 0 to 1: how much of what it is known by was there.
        clues: what that was.
        count: in how many lines of a file; None for a text.
        first: time of the first of them, as the file has it; empty where it has none.
        last: time of the last of them.
        example: one of these lines, cut where it is long.
    """

    id: str
    title: str
    cause: str
    check: tuple[str, ...]
    playbooks: tuple[str, ...]
    steps: tuple[str, ...]
    source: str
    checked: date
    trust: Literal["documented", "secondary", "inferred"]
    score: float
    clues: tuple[Clue, ...]
    count: int | None = None
    first: str = ""
    last: str = ""
    example: str = ""


class Diagnosis(Model):
    """The whole result of `diagnose` (`--format json`).

    Args:
        known: the causes that it is, the closest first; of a file, the most frequent first.
        nearest: where none is known, what comes closest.
        exit_code: what the process ends with.
    """

    schema_version: int = SCHEMA_VERSION
    known: tuple[Cause, ...] = ()
    nearest: tuple[Cause, ...] = ()
    exit_code: int
