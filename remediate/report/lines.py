"""A report as styled lines; what they look like on a terminal is decided in `console`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from remediate.model.audit import HostFindings
from remediate.model.change import Change, Severity
from remediate.model.check import StepState
from remediate.model.evidence import Evidence
from remediate.model.exit_code import ExitCode
from remediate.model.finding import Advice, RecordedFinding, Since
from remediate.model.outcome import HostReport, Outcome, code_of
from remediate.model.plan import Conflict, Plan, Unanswered
from remediate.model.problem import STALE, Problem
from remediate.model.text import count
from remediate.model.waiver import Waived
from remediate.report import words
from remediate.report.reporter import Subject

GOOD, WARN, BAD, DIM, STRONG, PLAIN = "green", "yellow", "bold red", "dim", "bold", ""
COMMAND = "cyan"
"""What is to be typed as it stands."""

_STYLES = {
    ExitCode.OK: GOOD,
    ExitCode.PENDING: WARN,
    ExitCode.UNREACHABLE: "red",
    ExitCode.REFUSED: "red",
}
_STEPS = {
    StepState.OK: ("ok", GOOD),
    StepState.WARNING: ("look here", WARN),
    StepState.FAILED: ("failed", BAD),
    StepState.NOT_TRIED: ("not tried", DIM),
}
RANK = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.NOTICE: 2}
COLOURS = {Severity.CRITICAL: BAD, Severity.WARNING: WARN, Severity.NOTICE: DIM}
Finding = Change | Advice
_SEEN = 5
"""Pieces of evidence that are shown of a finding; JSON has them all."""

_NAMED = 3
"""Playbooks that are named where one reason holds for several; JSON names them all."""

_WRITTEN = {Outcome.CHANGED, Outcome.FAILED_CHANGED, Outcome.CONFLICT}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a report.

    Args:
        indent: columns before it, and before what it is wrapped into.
        spans: text and style.
    """

    indent: int
    spans: tuple[tuple[str, str], ...]


def line(indent: int, *spans: str | tuple[str, str]) -> Line:
    """A line of plain and styled texts."""
    return Line(indent, tuple((s, PLAIN) if isinstance(s, str) else s for s in spans))


def style_of(report: HostReport) -> str:
    """How grave a verdict looks."""
    return _STYLES.get(report.exit_code, BAD)


def host_lines(report: HostReport, subject: Subject) -> Iterator[Line]:
    """Everything about one host, the most important first."""
    name, meaning = words.verdict(subject.view, report)
    held = bool(report.holder) and subject.view.leases
    style = WARN if held else style_of(report)
    yield line(0, (report.host, STRONG), "  ", (name.upper(), style), f"  {meaning}")
    yield from _step_lines(report)
    yield from _problem_lines(report, subject)
    declined = report.problem is not None and report.problem.code == "declined"
    if report.plan and not declined:  # it was shown when somebody said no to it
        yield from _plan_lines(report.plan, subject, report)
        if subject.view.facts and (facts := report.plan.facts):
            about = f"Windows {facts.os}, PowerShell {facts.powershell}"
            yield line(2, f"{facts.computer}: {about}, its clock: {words.clock(facts.utc)}")
            if facts.logon:
                yield line(2, f"logged on by {facts.logon}")
    for found in report.differing:
        yield line(2, ("not as it should be: ", BAD), words.difference(found))
    stale = report.problem is not None and report.problem.code == STALE
    for found in () if stale else report.meanwhile:  # else it was told as what happened
        yield line(2, ("note: ", STRONG), f"meanwhile, {words.moved(found)}")
    for found in report.noted:
        yield line(2, ("note: ", STRONG), words.noted(found))
    for note in report.notes:
        yield line(2, ("note: ", STRONG), note)
    if report.since:
        yield from _since_lines(report.since)
    yield from _next_lines(report, subject)


def _step_lines(report: HostReport) -> Iterator[Line]:
    """The way to a host; what failed on it is told at length below."""
    for one in report.steps:
        mark, style = _STEPS[one.state]
        took = "" if one.ms is None else f"  ({one.ms} ms)"
        seen = "" if one.state is StepState.FAILED else one.seen
        yield line(2, f"{one.step:<14}", (f"{mark:<9}", style), f"  {seen}".rstrip(), (took, DIM))


def _since_lines(since: Since) -> Iterator[Line]:
    """What has come and gone; of what stayed only how much."""
    counts = {name: len(getattr(since, name)) for name in words.SINCE}
    yield line(2, (f"since run {since.run}: ", STRONG), words.since(counts))
    for mark, found, style in (
        ("new: ", since.new, WARN),
        ("graver: ", since.graver, WARN),
        ("gone: ", since.gone, GOOD),
    ):
        for one in sorted(found, key=_rank):
            yield line(4, (mark, style), f"{one.severity}: {recorded_text(one)}")
    for reason in dict.fromkeys(since.untold.values()):
        names = [name for name, why in since.untold.items() if why == reason]
        those = words.join(names) if len(names) <= _NAMED else count(len(names), "playbook")
        yield line(4, (f"not compared, {reason}: ", DIM), those)


def _problem_lines(report: HostReport, subject: Subject) -> Iterator[Line]:
    happened, do = ("what happened: ", "what to do:    ")
    if subject.recorded:
        happened, do = ("recorded then: ", "advised then:  ")
    problem, held = report.problem, report.holder and words.held_by(report.holder)
    if problem:
        told = held if held and problem.code == "lease_held" else problem.message
        yield line(2, (happened, STRONG), told)
        if problem.hint:
            yield line(2, (do, STRONG), problem.hint)
    elif held:
        yield line(2, held)


def recorded_lines(found: HostFindings) -> Iterator[Line]:
    """What is recorded of a host in an audit."""
    name, _ = words.recorded_verdict(found)
    style = _STYLES.get(code_of(found.outcome, found.problem), BAD)
    yield line(0, (found.host, STRONG), "  ", (name.upper(), style))
    if found.problem:
        yield line(2, ("recorded then: ", STRONG), found.problem.message)
    for one in sorted(found.findings, key=_rank):
        mark = f"{one.severity}{', for a person' if one.advice else ''}: "
        yield line(2, (mark, COLOURS[one.severity]), recorded_text(one))
    yield from _lapsed_lines(found.lapsed)
    yield from waived_lines(found.waived, 2)
    for question in found.unanswered:
        yield from _unanswered_lines(question, told=found.problem)


def recorded_text(finding: RecordedFinding) -> str:
    """A finding that is known by its record only, in a line."""
    rule = "" if finding.advice else f" ({finding.rule})"
    return f"{finding.playbook}: {finding.title}{rule}"


def plan_lines(plan: Plan, subject: Subject) -> Iterator[Line]:
    """What is about to be done to a host, for the person who is asked."""
    many = count(len(plan.changes), "change")
    yield line(0, (plan.host, STRONG), "  ", (f"{many.upper()} PLANNED", WARN))
    yield from _plan_lines(plan, subject, None)


def _plan_lines(plan: Plan, subject: Subject, report: HostReport | None) -> Iterator[Line]:
    for use in plan.playbooks:
        for name, origin in use.origins.items():
            if use.id not in plan.not_applicable:
                text = words.parameter(use, name)
                yield line(2, f"{use.id}: ", text, (f"  ({origin})", DIM))
    yield from _findings_lines(plan, subject, report)
    yield from _lapsed_lines(plan.lapsed)
    yield from waived_lines(plan.waived, 2)
    if plan.changes:
        for text in plan.assumptions:
            yield line(2, ("assumed: ", DIM), text)
        for text in plan.irreversible:
            yield line(2, ("rollback will not bring back: ", WARN), text)
    for text in plan.removed:
        yield line(2, ("can no longer be undone: ", WARN), text)
    for conflict in plan.conflicts:
        yield from _conflict_lines(conflict)
    yield from _refusal_lines(plan)
    for question in plan.unanswered:
        yield from _unanswered_lines(question, told=report.problem if report else None)
    yield from _nothing_found_lines(plan, subject)


def _nothing_found_lines(plan: Plan, subject: Subject) -> Iterator[Line]:
    """The playbooks that found nothing: of many in one line, unless more is asked for."""
    absent = plan.not_applicable
    reasons = list(dict.fromkeys(absent.values()))
    if subject.view.overview and not subject.verbose and len(plan.playbooks) > _NAMED:
        fine = _fine(plan)
        parts = [f"{count(fine, 'playbook')} found nothing"] if fine else []
        if absent:
            why = reasons[0] if len(reasons) == 1 else "--verbose tells why"
            verb = "does not apply" if len(absent) == 1 else "do not apply"
            those = len(absent) if fine else count(len(absent), "playbook")
            parts.append(f"{those} {verb} ({why})")
        if parts:
            yield line(2, (", ".join(parts), DIM))
        return
    for reason in reasons:
        named = [name for name, why in absent.items() if why == reason]
        verb = "does not apply" if len(named) == 1 else "do not apply"
        few = len(named) <= _NAMED or subject.verbose
        those = words.join(named) if few else count(len(named), "playbook")
        yield line(2, (f"{those} {verb}: ", DIM), reason)


def _fine(plan: Plan) -> int:
    """How many playbooks were judged, and say nothing."""
    told = {one.playbook for one in plan.findings}
    told |= {one.finding.playbook for one in plan.waived}
    told |= {one.playbook for one in (*plan.refusals, *plan.left_out)}
    told |= plan.not_applicable.keys() | {n for one in plan.unanswered for n in one.playbooks}
    return sum(use.id not in told for use in plan.playbooks)


def _refusal_lines(plan: Plan) -> Iterator[Line]:
    for text in dict.fromkeys(refusal.text for refusal in plan.refusals):
        names = words.join(one.playbook for one in plan.refusals if one.text == text)
        yield line(2, ("refused by ", STRONG), f"{names}: {text}")
        for hint in dict.fromkeys(one.hint for one in plan.refusals if one.text == text):
            if hint:
                yield line(6, hint)
    for left in plan.left_out:
        yield line(2, ("left out: ", BAD), (left.playbook, STRONG), f": {left.text}")
        if left.hint:
            yield line(6, left.hint)


def _findings_lines(plan: Plan, subject: Subject, report: HostReport | None) -> Iterator[Line]:
    """What each playbook found, the gravest first, below what the playbook makes true."""
    by_playbook: dict[str, list[Finding]] = {}
    for one in plan.findings:
        by_playbook.setdefault(one.playbook, []).append(one)
    for found in by_playbook.values():
        found.sort(key=_rank)
    for playbook, found in sorted(by_playbook.items(), key=lambda item: _rank(item[1][0])):
        title = subject.titles.get(playbook, "")
        yield line(2, (playbook, STRONG), f": {title}" if title else "")
        for one in found:
            yield from finding_lines(one, subject, report)


def finding_lines(one: Finding, subject: Subject, report: HostReport | None) -> Iterator[Line]:
    """A finding with what it rests on, and what became of it where that is told."""
    if isinstance(one, Change):
        yield from _change_lines(one, subject, report)
    else:
        yield from _advice_lines(one)


def is_fixed(one: Finding, report: HostReport | None) -> bool:
    """Whether a finding is one no more: its change was written, and read back as made."""
    return isinstance(one, Change) and _made(one, report) and _wrote(report)


def _made(change: Change, report: HostReport | None) -> bool:
    return report is not None and _key(change) in map(_key, report.applied)


def _wrote(report: HostReport | None) -> bool:
    return report is not None and report.outcome in _WRITTEN


def finding_text(finding: Finding | RecordedFinding, subject: Subject) -> str:
    """What a finding is, whatever the host: of a change, what its playbook makes true."""
    if isinstance(finding, Advice) or (isinstance(finding, RecordedFinding) and finding.advice):
        return finding.title
    why = finding.why if isinstance(finding, Change) else ""
    title = subject.titles.get(finding.playbook) or why or finding.title
    return f"{title} ({finding.rule})" if finding.rule else title


def _rank(finding: Finding | RecordedFinding) -> int:
    return RANK[Severity(finding.severity)]


def _change_lines(change: Change, subject: Subject, report: HostReport | None) -> Iterator[Line]:
    made, written = _made(change, report), _wrote(report)
    fixed = made and written
    mark = ("fixed: ", GOOD) if fixed else (f"{change.severity}: ", COLOURS[change.severity])
    yield line(4, ("", PLAIN) if subject.undone else mark, (change.title, STRONG))
    if change.why:
        yield line(8, ("until now: " if fixed else "", DIM), change.why)
    yield from _evidence_lines(change.evidence)
    yield line(
        8,
        f"{change.property}: ",
        (words.before(change), "red"),
        " → ",
        (words.after(change), GOOD),
    )
    if change.settling is not None:
        yield line(8, ("time: ", DIM), f"up to {words.duration(change.settling.most)}")
    if change.secrets:
        yield line(8, ("written with it, and shown nowhere: ", DIM), words.join(change.secrets))
    for restart in change.restarts:
        yield line(8, ("in force: ", DIM), words.in_force(restart))
    if written:
        proof = ("read back: ", GOOD), words.after(change)
        yield line(8, *proof) if fixed else line(8, ("not in force", BAD))
    elif made and report and report.outcome is Outcome.ROLLED_BACK:
        yield line(8, ("could not be undone: ", WARN), words.after(change))


def _advice_lines(advice: Advice) -> Iterator[Line]:
    severity = Severity(advice.severity)
    mark = (f"{severity}, for a person: ", COLOURS[severity])
    yield line(4, mark, (advice.title, STRONG))
    yield line(8, advice.text)
    yield from _evidence_lines(advice.evidence)


def waived_lines(waived: Iterable[Waived], indent: int) -> Iterator[Line]:
    """What is left as it is, and why."""
    for one in waived:
        mark = f"waived, {one.finding.severity}: "
        yield line(indent, (mark, DIM), recorded_text(one.finding))
        yield line(indent + 4, words.waived_by(one.waiver), (f"  ({one.waiver.at})", DIM))


def _lapsed_lines(lapsed: Iterable[Waived]) -> Iterator[Line]:
    """What counts again, as nobody has renewed its waiver."""
    for one in lapsed:
        yield line(2, ("its waiver has expired: ", BAD), recorded_text(one.finding))
        yield line(6, words.waived_by(one.waiver), (f"  ({one.waiver.at})", DIM))


def _evidence_lines(evidence: tuple[Evidence, ...]) -> Iterator[Line]:
    for one in evidence[:_SEEN]:
        yield line(8, ("seen: ", DIM), words.evidence(one))
    if len(evidence) > _SEEN:
        more = count(len(evidence) - _SEEN, "more", "more")
        yield line(8, ("seen: ", DIM), f"{more}; --format json has them all")


def _conflict_lines(conflict: Conflict) -> Iterator[Line]:
    change = conflict.change
    yield line(2, ("left alone: ", BAD), (change.title, STRONG))
    if conflict.missing:
        yield line(6, f"{change.property}: it does not exist any more")
        return
    if conflict.reason:
        yield line(6, f"{change.property}: {conflict.reason};")
    elif conflict.lost:
        now = words.value(conflict.current, conflict.current_label)
        yield line(6, f"{change.property}: now it is {now}, and a rollback does not put it back;")
    else:
        now = words.value(conflict.current, conflict.current_label)
        yield line(6, f"{change.property}: the run wrote {words.after(change)}, now it is {now};")
    yield line(6, f"before the run it was {words.before(change)}")


def _unanswered_lines(question: Unanswered, told: Problem | None) -> Iterator[Line]:
    """A question without an answer, and why; a reason that was told already is not repeated."""
    concerned = f"  [{words.join(question.playbooks)}]" if question.playbooks else ""
    yield line(2, ("not answered: ", BAD), (question.question, STRONG), (concerned, DIM))
    problem = question.problem
    if told is None or problem.message != told.message:
        yield line(6, problem.message.removeprefix(f"{question.question}: "))
        yield line(6, problem.hint)


def to_find_out(host: str, subject: Subject) -> Line:
    """The command that finds out what became of a host."""
    only = ["--host", host] if subject.by_name else []
    return _do("to find out", subject, "runs", "reconcile", *only)


def _next_lines(report: HostReport, subject: Subject) -> Iterator[Line]:
    run = subject.run
    one = ["--host", report.host]
    only = one if subject.by_name or len(subject.hosts) > 1 else []
    if report.lease_kept:
        yield line(2, ("left behind: ", WARN), "the lease on the host, until it expires")
    if run and report.outcome is Outcome.INDETERMINATE:
        yield to_find_out(report.host, subject)
    elif subject.undone and words.can_be_forced(report):
        yield _do("to overwrite it", subject, "rollback", subject.undone, *one, "--force")
    elif subject.undone and report.outcome is Outcome.FAILED_CHANGED:
        yield _do("to try again", subject, "rollback", subject.undone, *one)
    elif run and report.outcome is Outcome.FAILED_CHANGED:
        yield _do("to undo", subject, "rollback", run, *only)
    left = any(change.reversible for change in report.applied)
    if run and left and report.outcome is not Outcome.FAILED_CHANGED:
        yield _do("to undo", subject, "rollback", run, *only)


def _do(purpose: str, subject: Subject, *command: str) -> Line:
    typed = words.command_line(["remediate", *command, *subject.needed])
    return line(2, (f"{purpose}: ", STRONG), (typed, COMMAND))


def _key(change: Change) -> tuple[object, str]:
    return change.resource, change.property
