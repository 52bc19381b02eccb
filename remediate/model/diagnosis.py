"""What `remediate diagnose` answers, for programs."""

from datetime import date
from typing import Literal

from pydantic import AwareDatetime

from remediate.model.base import SCHEMA_VERSION, Model
from remediate.model.finding import RecordedFinding
from remediate.model.plan import Unanswered
from remediate.model.problem import Problem


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


class Looked(Model):
    """What an audit of the host says of a playbook.

    Args:
        playbook: its id.
        result: it has `findings`, or none (`nothing`); it does not apply to the host; or it was
            not judged: it is not part of an audit of everything (`not_asked`), or some of what it
            needs was not answered.
        findings: what it found; those that are no advice it changes itself.
        why: of what does not apply, or was not answered.
    """

    playbook: str
    result: Literal["findings", "nothing", "not_applicable", "not_asked", "unanswered"]
    findings: tuple[RecordedFinding, ...] = ()
    why: str = ""


class Log(Model):
    """A log that was read on a host.

    Args:
        name: of its file.
        size: bytes of it.
        read: how many of them were read, from its end.
        modified: when it was last written, UTC.
    """

    name: str
    size: int
    read: int
    modified: AwareDatetime | None = None


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
        looked: what the audit of a host says of each of these playbooks; none where none was asked.
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
    looked: tuple[Looked, ...] = ()


class Diagnosis(Model):
    """The whole result of `diagnose` (`--format json`).

    Args:
        known: the causes that it is, the closest first; of a file, the most frequent first.
        nearest: where none is known, what comes closest.
        exit_code: what the process ends with.
        host: the host whose logs it is about; empty for a text or files.
        logs: the logs that were read there.
        unread: the logs that were not, and why.
        problem: why the host could not be looked at.
    """

    schema_version: int = SCHEMA_VERSION
    known: tuple[Cause, ...] = ()
    nearest: tuple[Cause, ...] = ()
    exit_code: int
    host: str = ""
    logs: tuple[Log, ...] = ()
    unread: tuple[Unanswered, ...] = ()
    problem: Problem | None = None
