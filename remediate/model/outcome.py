"""The final verdict for a host, and the exit code it means."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, Field

from remediate.model.base import SCHEMA_VERSION, Model
from remediate.model.change import Change, RestartOf
from remediate.model.check import CheckStep
from remediate.model.difference import Difference
from remediate.model.exit_code import ExitCode, gravest
from remediate.model.finding import Since
from remediate.model.plan import Plan, Unanswered
from remediate.model.problem import BROKE_OFF, HALTED, STOPPED, Problem


class Outcome(StrEnum):
    """What became of a host in a run."""

    COMPLIANT = "compliant"
    ATTENTION = "attention"
    WOULD_CHANGE = "would_change"
    CHANGED = "changed"
    FAILED_UNCHANGED = "failed_unchanged"
    ROLLED_BACK = "rolled_back"
    FAILED_CHANGED = "failed_changed"
    CONFLICT = "conflict"
    INDETERMINATE = "indeterminate"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    SKIPPED = "skipped"
    INTERNAL_ERROR = "internal_error"


EXIT_CODES: dict[Outcome, ExitCode] = {
    Outcome.COMPLIANT: ExitCode.OK,
    Outcome.CHANGED: ExitCode.OK,
    Outcome.SKIPPED: ExitCode.OK,
    Outcome.ATTENTION: ExitCode.PENDING,
    Outcome.WOULD_CHANGE: ExitCode.PENDING,
    Outcome.FAILED_UNCHANGED: ExitCode.FAILED,
    Outcome.ROLLED_BACK: ExitCode.FAILED,
    Outcome.FAILED_CHANGED: ExitCode.NEEDS_PERSON,
    Outcome.CONFLICT: ExitCode.NEEDS_PERSON,
    Outcome.INDETERMINATE: ExitCode.NEEDS_PERSON,
    Outcome.UNREACHABLE: ExitCode.UNREACHABLE,
    Outcome.REFUSED: ExitCode.REFUSED,
    Outcome.INTERNAL_ERROR: ExitCode.INTERNAL_ERROR,
}


_NOT_DONE = {
    HALTED: ExitCode.INTERRUPTED,
    BROKE_OFF: ExitCode.INTERRUPTED,
    STOPPED: ExitCode.REFUSED,
}
"""What it means that a host was left as it is, by why: nobody has done its work."""


def code_of(outcome: Outcome, problem: Problem | None) -> ExitCode:
    """What a verdict means for the process, whatever was found.

    Args:
        outcome: the verdict.
        problem: what went wrong.
    """
    if outcome is Outcome.SKIPPED and problem is not None and problem.code in _NOT_DONE:
        return _NOT_DONE[problem.code]
    return EXIT_CODES[outcome]


class Holder(Model):
    """Who holds the lease of a host.

    Args:
        run: the run that took it.
        owner: who runs it, and on which controller.
        since: when it was taken.
        until: when it may be taken by somebody else.
    """

    run: str
    owner: str
    since: datetime
    until: datetime


class Worked(Model):
    """When a host was worked on, and for how long, by the clock of whoever worked on it.

    Args:
        began: when its work began, in UTC: when it was its turn, less what connecting to it before
            its turn took.
        seconds: how long it took until the verdict was known, all included, to the thousandth.
        asked: those of them in which a person was asked, or others were asked first.
        rested: those of them in which the host was left alone, for a change to come about.
    """

    began: AwareDatetime
    seconds: float = Field(ge=0)
    asked: float = Field(default=0.0, ge=0)
    rested: float = Field(default=0.0, ge=0)

    @property
    def own(self) -> float:
        """The seconds that are the host's own: all but those of a person."""
        return max(0.0, self.seconds - self.asked)


class HostReport(Model):
    """All that a run has to say of one host.

    Args:
        host: name of the host.
        outcome: the verdict.
        plan: what was found and intended; None when the host could not be observed.
        applied: changes that were read back as made and are still in force.
        differing: properties that should have kept or got a value and have not.
        meanwhile: what else of the host is not as it was before, and was not written by us.
        noted: what else moved of what was written to, which is no harm or cannot be told.
        problem: what went wrong.
        holder: who held the lease, when that is why nothing was done.
        lease_kept: the lease is still on the host, until it expires or a rollback frees it.
        notes: what else a person should know.
        below: how many findings matter less than what was asked for, and are not told.
        since: how it differs from an earlier audit, when one is asked about.
        steps: the way to the host, step by step, where that is what was asked.
        worked: when it was worked on; None where it was not, or nobody has measured it.
    """

    schema_version: int = SCHEMA_VERSION
    host: str
    outcome: Outcome
    plan: Plan | None = None
    applied: tuple[Change, ...] = ()
    differing: tuple[Difference, ...] = ()
    meanwhile: tuple[Difference, ...] = ()
    noted: tuple[Difference, ...] = ()
    problem: Problem | None = None
    holder: Holder | None = None
    lease_kept: bool = False
    notes: tuple[str, ...] = Field(default=())
    below: int = 0
    since: Since | None = None
    steps: tuple[CheckStep, ...] = ()
    worked: Worked | None = None

    @property
    def not_begun(self) -> bool:
        """Whether its turn never came."""
        problem = self.problem
        stopped = problem is not None and problem.code in {HALTED, STOPPED}
        return self.outcome is Outcome.SKIPPED and stopped and self.plan is None

    @property
    def unanswered(self) -> tuple[Unanswered, ...]:
        """The questions whose answers did not come."""
        return self.plan.unanswered if self.plan else ()

    @property
    def exit_code(self) -> ExitCode:
        """What it means for the process; what is left pending or out is never success."""
        code = code_of(self.outcome, self.problem)
        graver = code not in {ExitCode.OK, ExitCode.PENDING}
        if not graver and self.plan and self.plan.left_out:
            return ExitCode.REFUSED
        if not graver and any(question.named for question in self.unanswered):
            return ExitCode.FAILED
        untold = any(found.untold for found in self.noted)
        advised = self.plan is not None and bool(self.plan.advice or self.unanswered)
        pending = advised or untold or self.restart_owed
        return ExitCode.PENDING if code is ExitCode.OK and pending else code

    @property
    def restart_owed(self) -> bool:
        """Whether the server has to be restarted before all that was written is in force."""
        restarts = (one for change in self.applied for one in change.restarts)
        return any(one.of is RestartOf.MACHINE for one in restarts)


def exit_code(reports: Iterable[HostReport]) -> ExitCode:
    """The exit code for several hosts: the gravest that applies, in the documented order."""
    return gravest(report.exit_code for report in reports)
