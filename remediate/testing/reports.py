"""What a report of a case says: whether it is what the case wants, and in a form to be compared."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from remediate.model.change import Change
from remediate.model.outcome import HostReport
from remediate.model.plan import Plan
from remediate.testing.case import Case
from remediate.testing.expect import expect, expect_among

_LONG_TITLE = 100


def plan_of(report: HostReport) -> Plan:
    """The plan of a report.

    Raises:
        AssertionError: it has none.
    """
    if report.plan is None:
        raise AssertionError(f"There is no plan: {explain(report)}")
    return report.plan


def explain(report: HostReport) -> str:
    """A report for a person who reads a failed test."""
    return json.dumps(comparable(report) | {"problem": str(report.problem)}, indent=1)


def comparable(report: HostReport) -> dict[str, Any]:
    """A report without what only one host can say: its facts, times, error texts and processes."""
    document = report.model_dump(mode="json", exclude={"worked"})
    plan = document["plan"]
    for change in (*document["applied"], *(plan["changes"] if plan else ())):
        if change["renews"]:
            change |= {"before": change["before"] is not None, "before_label": None}
    if plan is not None:
        del plan["facts"]
        for question in plan["unanswered"]:
            question["problem"] = question["problem"]["code"]
    if document["problem"] is not None:
        document["problem"] = document["problem"]["code"]
    return document


def check_report(case: Case, report: HostReport) -> None:
    """An audit says what the case wants it to say, and no more."""
    if case.problem and report.plan is None:
        expect("The problem", report.problem and report.problem.code, case.problem)
        return
    plan = plan_of(report)
    lines = [line(change) for change in plan.changes]
    if case.changes is not None:
        _check_all("The changes", lines, case.changes)
    check_texts(plan)
    titles = [f"{advice.title}: {advice.text}" for advice in plan.advice]
    _check_all("The advice", titles, case.advice)
    rests = [change.evidence for change in plan.changes] + [one.evidence for one in plan.advice]
    seen = [f"{one.what} {one.where}" for evidence in rests for one in evidence]
    for wanted in case.evidence:
        expect_among("The evidence", seen, wanted)
    for wanted in case.assumptions:
        expect_among("The assumptions", plan.assumptions, wanted)
    reasons = plan.not_applicable
    judged = set() if case.not_applicable is None else {case.playbook}
    expect("What is not for such a host", set(reasons), judged)
    expect_among("The reasons why not", [*reasons.values(), ""], case.not_applicable or "")


def _check_all(what: str, texts: Sequence[str], wanted: Sequence[str]) -> None:
    for text in wanted:
        expect_among(what, texts, text)
    expect(f"{what}: how many", len(texts), len(wanted), partial("\n".join, texts))


def check_texts(plan: Plan) -> None:
    """Titles are short and have no full stop; texts are sentences."""
    for advice in plan.advice:
        title = advice.title
        if len(title) > _LONG_TITLE or title.endswith("."):
            raise AssertionError(f"The title is too long or ends in a full stop: {title}")
    texts = [advice.text for advice in plan.advice]
    texts += [change.why for change in plan.changes if change.why]
    for text in (*texts, *plan.assumptions):
        if not text.endswith("."):
            raise AssertionError(f"This is no sentence, with a full stop at its end: {text}")


def line(change: Change) -> str:
    """A change in one line: `title property: before -> after`."""
    before = change.before_label or change.before
    return f"{change.title} {change.property}: {before} -> {change.after_label or change.after}"
