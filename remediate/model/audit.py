"""An audit of several hosts as it is recorded: what was found, and nothing else of the hosts."""

from datetime import datetime

from pydantic import Field

from remediate.model.base import SCHEMA_VERSION, Model
from remediate.model.change import Severity, at_least
from remediate.model.computer import Computer
from remediate.model.exit_code import ExitCode
from remediate.model.finding import RecordedFinding
from remediate.model.outcome import HostReport, Outcome, Worked, code_of
from remediate.model.plan import Unanswered
from remediate.model.problem import Problem
from remediate.model.run import Run
from remediate.model.waiver import Waived


class HostFindings(Model):
    """What an audit found on one host.

    Args:
        host: name of the host.
        outcome: the verdict.
        computer: which computer answered; None when none did.
        findings: what was found, in the order of the playbooks.
        unanswered: the questions whose answers did not come.
        not_applicable: why a playbook has nothing to say of the host, by playbook id.
        waived: what was found and is left as it is.
        lapsed: those of the findings whose waiver had expired.
        problem: why the host could not be looked at.
        worked: when it was looked at; None where it was not, or nobody has measured it.
    """

    schema_version: int = SCHEMA_VERSION
    host: str
    outcome: Outcome
    computer: Computer | None = None
    findings: tuple[RecordedFinding, ...] = ()
    unanswered: tuple[Unanswered, ...] = ()
    not_applicable: dict[str, str] = Field(default_factory=dict)
    waived: tuple[Waived, ...] = ()
    lapsed: tuple[Waived, ...] = ()
    problem: Problem | None = None
    worked: Worked | None = None

    @property
    def exit_code(self) -> ExitCode:
        """What it meant for the process."""
        code = code_of(self.outcome, self.problem)
        graver = code not in {ExitCode.OK, ExitCode.PENDING}
        if not graver and any(question.named for question in self.unanswered):
            return ExitCode.FAILED
        pending = bool(self.findings or self.unanswered)
        return ExitCode.PENDING if code is ExitCode.OK and pending else code

    def graver(self, least: Severity) -> "HostFindings":
        """The same without what matters less, as the audit itself told it.

        Args:
            least: the least that counts.
        """
        count = at_least(least)
        found = tuple(one for one in self.findings if one.severity in count)
        waived, lapsed = (
            tuple(one for one in each if one.finding.severity in count)
            for each in (self.waived, self.lapsed)
        )
        outcome = self.outcome
        if outcome in {Outcome.WOULD_CHANGE, Outcome.ATTENTION} and found != self.findings:
            nothing = Outcome.SKIPPED if waived else Outcome.COMPLIANT
            outcome = Outcome.ATTENTION if found else nothing
            if not all(one.advice for one in found):
                outcome = Outcome.WOULD_CHANGE
        elif outcome is Outcome.SKIPPED and self.waived and not waived:
            outcome = Outcome.COMPLIANT
        left = {"findings": found, "waived": waived, "lapsed": lapsed, "outcome": outcome}
        return self.model_copy(update=left)

    @classmethod
    def of(cls, report: HostReport) -> "HostFindings":
        """What is recorded of a host that was looked at.

        Args:
            report: all that the audit says of it.
        """
        plan = report.plan
        if plan is None:
            return cls(
                host=report.host,
                outcome=report.outcome,
                problem=report.problem,
                worked=report.worked,
            )
        return cls(
            host=report.host,
            outcome=report.outcome,
            computer=plan.facts.computer if plan.facts else None,
            findings=tuple(map(RecordedFinding.of, plan.findings)),
            unanswered=plan.unanswered,
            not_applicable=plan.not_applicable,
            waived=plan.waived,
            lapsed=plan.lapsed,
            problem=report.problem,
            worked=report.worked,
        )


class AuditRecord(Model):
    """An audit with all that it found.

    Args:
        run: how it began.
        finished: when it ended in order, in UTC; None when it goes on or broke off.
        hosts: what was found, by the names of the hosts.
        no_verdict: names of the other hosts that it is about; none where it ended in order.
    """

    run: Run
    finished: datetime | None = None
    hosts: tuple[HostFindings, ...] = ()
    no_verdict: tuple[str, ...] = ()
