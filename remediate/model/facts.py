"""What a host answered to all that an audit asks, to be given away."""

from datetime import datetime
from typing import Literal

from remediate.model.base import SCHEMA_VERSION, Model
from remediate.model.plan import HostFacts, Observed, PlaybookUse, Unanswered
from remediate.model.problem import Problem


class Answered(Model):
    r"""A question with its answer.

    Args:
        question: what was asked, in words (`tasks: folder \Microsoft\OnlineBackup`).
        playbooks: ids of the playbooks that ask it.
        resources: what there is, without content of files, command lines and secrets.
        left_out: how many more there are, for which there was no room.
    """

    question: str
    playbooks: tuple[str, ...] = ()
    resources: tuple[Observed, ...] = ()
    left_out: int = 0


class Facts(Model):
    """The whole result of `facts`.

    Args:
        command: always `facts`.
        host: name of the host.
        at: when its answer came, in UTC; None when none came.
        facts: what it says of itself; None when it could not be looked at.
        playbooks: whose questions were asked.
        answered: the questions with their answers.
        unanswered: those whose answers did not come.
        problem: why it could not be looked at.
        exit_code: what the process ends with.
    """

    schema_version: int = SCHEMA_VERSION
    command: Literal["facts"] = "facts"
    host: str
    at: datetime | None = None
    facts: HostFacts | None = None
    playbooks: tuple[PlaybookUse, ...] = ()
    answered: tuple[Answered, ...] = ()
    unanswered: tuple[Unanswered, ...] = ()
    problem: Problem | None = None
    exit_code: int
