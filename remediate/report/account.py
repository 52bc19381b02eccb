"""What a file says of a host, whatever its format: so every report of a run says the same."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from remediate.model.audit import HostFindings
from remediate.model.change import Change, ResourceId, Severity
from remediate.model.exit_code import ExitCode
from remediate.model.finding import Advice, RecordedFinding
from remediate.model.outcome import HostReport, Worked
from remediate.model.plan import Unanswered
from remediate.model.run import HostRecord
from remediate.model.waiver import Waived
from remediate.report import words
from remediate.report.cases import HOST, Case, State, case_of, few, host_case, of_plan
from remediate.report.lines import (
    Line,
    finding_text,
    host_lines,
    is_fixed,
    line,
    recorded_lines,
    recorded_text,
)
from remediate.report.printable import printable
from remediate.report.reporter import Subject

NO_VERDICT = "no_verdict"
"""Stands for the outcome of a host of which nothing is known."""

UNTOUCHED = "no verdict is recorded; nothing was written"
"""What is said of a host in a record that has no intent and no verdict of it."""


@dataclass(frozen=True, slots=True)
class Told:
    """A finding as a file has it.

    Args:
        playbook: id of the playbook.
        rule: the playbook's name for what is wrong.
        resource: what it is about; None when that is the host.
        severity: how much it matters.
        text: what it is, whatever the host.
        about: what it is about, and how that is and should be; for advice what to do.
        fixed: it was, and was read back as made: it is a finding no more.
        waived: why, by whom and until when it is left as it is; empty when it is not.
    """

    playbook: str
    rule: str
    resource: ResourceId | None
    severity: Severity
    text: str
    about: str
    fixed: bool = False
    waived: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """All that files say of a host.

    Args:
        host: name of the host.
        outcome: the verdict's name for programs; `NO_VERDICT` where there is none.
        verdict: the verdict in words.
        code: what it means for the process.
        cases: the host itself, then each of its playbooks.
        found: its findings, those that were fixed among them.
        unanswered: the questions whose answers did not come.
        lines: all of it, as a person reads it.
        left_out: how many findings matter less than what was asked for.
        waived: what is left as it is; none of what was found.
        run: the run that it is from, where that is not the same for all hosts.
        worked: when it was worked on; None where nobody knows.
    """

    host: str
    outcome: str
    verdict: str
    code: ExitCode
    cases: tuple[Case, ...]
    found: tuple[Told, ...] = ()
    unanswered: tuple[Unanswered, ...] = ()
    lines: tuple[Line, ...] = ()
    left_out: int = 0
    waived: tuple[Told, ...] = ()
    run: str = ""
    worked: Worked | None = None

    def of_run(self, run: str, *, again: bool) -> "Account":
        """The same among hosts of several runs.

        Args:
            run: its run.
            again: the host is in another of them, too, so its run is told with its name.
        """
        return replace(self, run=run, host=f"{self.host} ({run})" if again else self.host)

    @property
    def open(self) -> tuple[Told, ...]:
        """What is left to do."""
        return tuple(one for one in self.found if not one.fixed)

    @property
    def severities(self) -> Counter[Severity]:
        """How many findings of each severity are left to do."""
        return Counter(one.severity for one in self.open)


def of_report(report: HostReport, subject: Subject) -> Account:
    """What files say of a host that was worked on.

    Args:
        report: all that the run says of it.
        subject: what the run is about.
    """
    name, meaning = words.verdict(subject.view, report)
    plan = report.plan
    found = tuple(_told(one, subject, report) for one in plan.findings) if plan else ()
    cases = tuple(of_plan(plan, subject, report)) if plan else ()
    open_left = any(case.state in {State.FAILED, State.ERROR} for case in cases)
    host = host_case(report.outcome, report.exit_code, report.problem, meaning, explained=open_left)
    return Account(
        host=report.host,
        outcome=report.outcome.value,
        verdict=name,
        code=report.exit_code,
        cases=(host, *cases),
        found=found,
        unanswered=report.unanswered,
        lines=few(host_lines(report, subject)),
        left_out=report.below,
        waived=_left_as_it_is(plan.waived, subject) if plan else (),
        worked=report.worked,
    )


def of_record(
    record: HostFindings,
    playbooks: Iterable[str],
    subject: Subject,
    least: Severity | None = None,
) -> Account:
    """What files say of a host that an audit on record has looked at.

    Args:
        record: what is recorded of it.
        playbooks: ids of what it was asked.
        subject: what the audit was about.
        least: the least severity that it was asked to tell; None for all.
    """
    all_found = len(record.findings)
    if least is not None:
        record = record.graver(least)
    name, meaning = words.recorded_verdict(record)
    found = tuple(_recorded(one, subject) for one in record.findings)
    judged: list[Case] = []
    if record.computer is not None:  # else it was not looked at
        for playbook in playbooks:
            mine = [one for one in record.findings if one.playbook == playbook]
            judged.append(
                case_of(
                    playbook,
                    [line(0, f"{one.severity}: {recorded_text(one)}") for one in mine],
                    [recorded_text(one) for one in mine],
                    [q for q in record.unanswered if playbook in q.playbooks],
                    absent=record.not_applicable.get(playbook, ""),
                    waived=[w for w in record.waived if w.finding.playbook == playbook],
                )
            )
    explained = any(case.state in {State.FAILED, State.ERROR} for case in judged)
    code = record.exit_code
    host = host_case(record.outcome, code, record.problem, meaning, explained=explained)
    return Account(
        host=record.host,
        outcome=record.outcome.value,
        verdict=name,
        code=code,
        cases=(host, *judged),
        found=found,
        unanswered=record.unanswered,
        lines=few(recorded_lines(record)),
        left_out=all_found - len(record.findings),
        waived=_left_as_it_is(record.waived, subject),
        worked=record.worked,
    )


def of_recorded(record: HostRecord, subject: Subject) -> Account:
    """What files say of a host in a run on record.

    Args:
        record: what is recorded of it.
        subject: what the run was about.
    """
    if record.report:
        return of_report(record.report, subject)
    if record.intent is None:
        return of_nobody(record.host.name, UNTOUCHED)
    text = "no verdict is recorded: it may have been changed, and nobody has looked since"
    return of_nobody(record.host.name, text)


def of_nobody(host: str, message: str) -> Account:
    """What files say of a host that has no verdict, because its run did not get that far.

    Args:
        host: name of the host.
        message: why, in words.
    """
    return Account(
        host=host,
        outcome=NO_VERDICT,
        verdict="no verdict",
        code=ExitCode.NEEDS_PERSON,
        cases=(Case(HOST, State.ERROR, message, NO_VERDICT),),
        lines=(line(0, host, "  ", "NO VERDICT", f"  {message}"),),
    )


def plain(lines: Iterable[Line]) -> str:
    """Lines as text in which nothing is obeyed by whoever shows it."""
    return "\n".join(
        " " * one.indent
        + printable("".join(words.shortened(text, words.MAX_TEXT) for text, _ in one.spans))
        for one in lines
    )


def _told(one: Change | Advice, subject: Subject, report: HostReport) -> Told:
    about = one.text if isinstance(one, Advice) else words.transition(one)
    return Told(
        playbook=one.playbook,
        rule=one.rule,
        resource=one.resource,
        severity=Severity(one.severity),
        text=finding_text(one, subject),
        about=about,
        fixed=is_fixed(one, report),
    )


def _recorded(one: RecordedFinding, subject: Subject, waived: str = "") -> Told:
    return Told(
        playbook=one.playbook,
        rule=one.rule,
        resource=one.resource,
        severity=Severity(one.severity),
        text=finding_text(one, subject),
        about=one.title,
        waived=waived,
    )


def _left_as_it_is(waived: Iterable[Waived], subject: Subject) -> tuple[Told, ...]:
    return tuple(_recorded(one.finding, subject, words.waived_by(one.waiver)) for one in waived)
