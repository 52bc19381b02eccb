"""What became of each playbook on a host, and of the host itself, whatever the format of a file."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from remediate.model.exit_code import ExitCode
from remediate.model.outcome import HostReport, Outcome, code_of
from remediate.model.plan import Plan, Refusal, Unanswered
from remediate.model.problem import Problem
from remediate.model.text import count
from remediate.model.waiver import Waived
from remediate.report import words
from remediate.report.lines import Line, finding_lines, finding_text, is_fixed, line, waived_lines
from remediate.report.reporter import Subject

MOST_LINES = 1000
"""Lines about one host in a file; of more only the number is told, and JSON has all of it."""

MOST_TEXT = 100_000
"""Characters about one host in a file, give or take a line."""

_GRAVE = {
    ExitCode.INTERNAL_ERROR,
    ExitCode.FAILED,
    ExitCode.NEEDS_PERSON,
    ExitCode.UNREACHABLE,
    ExitCode.REFUSED,
    ExitCode.INTERRUPTED,
}


class State(StrEnum):
    """What became of a playbook on a host, or of the host itself."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Case:
    """A playbook on a host, or the host itself.

    Args:
        name: id of the playbook; of the host itself `HOST`.
        state: what became of it.
        message: why, in a sentence; empty when there is nothing to say.
        code: what kind of reason it is, for a program.
        lines: the same at length.
    """

    name: str
    state: State = State.PASSED
    message: str = ""
    code: str = ""
    lines: tuple[Line, ...] = ()


HOST = "host"
"""The case of the host itself: whether it got a good verdict."""


def of_plan(plan: Plan, subject: Subject, report: HostReport) -> Iterator[Case]:
    """The playbooks of a host, in their order.

    Args:
        plan: what was found.
        subject: what the run is about.
        report: all that the run says of the host.
    """
    for use in plan.playbooks:
        mine = [one for one in plan.findings if one.playbook == use.id]
        left = [one for one in mine if not is_fixed(one, report)]
        refused: list[Refusal] = [
            one for one in (*plan.left_out, *plan.refusals) if one.playbook == use.id
        ]
        conflicts = [one for one in plan.conflicts if one.change.playbook == use.id]
        texts = [finding_text(one, subject) for one in left]
        yield case_of(
            use.id,
            [each for one in mine for each in finding_lines(one, subject, report)],
            [*texts, *(f"left alone: {one.change.title}" for one in conflicts)],
            [q for q in plan.unanswered if use.id in q.playbooks],
            refused,
            absent=plan.not_applicable.get(use.id, ""),
            waived=[one for one in plan.waived if one.finding.playbook == use.id],
        )


def case_of(
    playbook: str,
    lines: Iterable[Line],
    wrong: list[str],
    unanswered: list[Unanswered],
    refused: Iterable[Refusal] = (),
    *,
    absent: str = "",
    waived: Sequence[Waived] = (),
) -> Case:
    """A playbook on a host. What could not be judged weighs more than what was found.

    Args:
        playbook: its id.
        lines: what it found, at length.
        wrong: what is left to do, in a few words each.
        unanswered: questions of its whose answers did not come.
        refused: why its part must not be applied.
        absent: why it does not apply; empty when it does.
        waived: what it found and is left as it is.
    """
    refusals = [f"refused: {one.text}" for one in refused]
    silent = [f"not answered: {one.question}: {one.problem.message}" for one in unanswered]
    excepted = waived_lines(waived, 0)
    told = few((*lines, *excepted, *(line(0, text) for text in (*refusals, *silent))))
    if silent:
        return Case(playbook, State.ERROR, silent[0], unanswered[0].problem.code, told)
    if wrong:
        message = wrong[0] if len(wrong) == 1 else f"{len(wrong)} findings, such as: {wrong[0]}"
        return Case(playbook, State.FAILED, message, "finding", told)
    if refusals:
        return Case(playbook, State.ERROR, refusals[0], "refused", told)
    if waived:
        first = f"waived {words.waived_by(waived[0].waiver)}"
        message = first if len(waived) == 1 else f"{len(waived)} findings, such as: {first}"
        return Case(playbook, State.SKIPPED, message, "waived", told)
    if absent:
        return Case(playbook, State.SKIPPED, f"does not apply: {absent}", "not_applicable")
    return Case(playbook, lines=told)


def host_case(
    outcome: Outcome, code: ExitCode, problem: Problem | None, meaning: str, *, explained: bool
) -> Case:
    """The host itself: never a pass where the process does not end with 0 and nothing says why.

    Args:
        outcome: its verdict.
        code: what it means for the process.
        problem: what went wrong.
        meaning: the verdict in words.
        explained: a playbook of its says why.
    """
    message = problem.message if problem else meaning
    name = problem.code if problem else outcome.value
    told = tuple(line(0, text) for text in (message, problem.hint if problem else "") if text)
    if code_of(outcome, problem) in _GRAVE:
        return Case(HOST, State.ERROR, message, name, told)
    if code is not ExitCode.OK and not explained:
        return Case(HOST, State.FAILED, message, name, told)
    if outcome is Outcome.SKIPPED:
        return Case(HOST, State.SKIPPED, message, name, told)
    return Case(HOST)


def few(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Lines of which a file has no more than it should; the rest is counted."""
    told = tuple(lines)
    room = MOST_TEXT
    for number, each in enumerate(told):
        if number == MOST_LINES or room < 0:
            more = count(len(told) - number, "more line")
            return (*told[:number], line(0, f"… {more}; --format json has all of it"))
        room -= sum(min(len(text), words.MAX_TEXT) for text, _ in each.spans)
    return told
