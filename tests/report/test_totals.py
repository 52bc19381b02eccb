"""What is counted of many hosts, in one place for all formats."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from remediate.model.change import Severity
from remediate.model.outcome import HostReport, Outcome
from remediate.model.plan import Unanswered
from remediate.model.problem import Problem
from remediate.model.waiver import Waiver, Waivers
from remediate.report.account import Told, of_report
from remediate.report.reporter import Subject
from remediate.report.totals import MOST_NAMED, Rows, Totals
from remediate.report.waivers import WaiverTally

LATE = Unanswered(
    question="tasks",
    playbooks=("schedule-fix",),
    problem=Problem(code="timed_out", message="no answer"),
)


def told(text: str, severity: Severity = Severity.WARNING) -> Told:
    return Told("schedule-fix", "multiple-instances", None, severity, text, "")


def test_a_finding_of_many_hosts_is_one_row_that_counts_each_host_once() -> None:
    rows = Rows()
    rows.add("H0", [told("task A"), told("task A")])
    [row] = rows.ranked()
    assert (row.hosts, str(row)) == (1, "task A")
    for number in range(1, 9):
        rows.add(f"H{number}", [told("task B")])
    [row] = rows.ranked()
    assert (row.hosts, str(row)) == (9, "such as: task A")
    assert row.first == [f"H{number}" for number in range(MOST_NAMED)]


def test_what_matters_more_comes_first_and_then_what_more_hosts_have() -> None:
    rows = Rows()
    for host in ("H1", "H2"):
        rows.add(host, [told("often"), told("seldom", Severity.NOTICE)])
    rows.add("H3", [told("grave", Severity.CRITICAL), told("seldom", Severity.NOTICE)])
    rows.add("H4", [told("seldom", Severity.NOTICE)])
    assert [row.text for row in rows.ranked()] == ["grave", "often", "seldom"]


def test_each_question_without_an_answer_and_each_finding_that_is_left_out_is_counted(
    plan: Callable[..., Any],
) -> None:
    totals = Totals()
    for host in ("H1", "H2"):
        report = HostReport(
            host=host, outcome=Outcome.COMPLIANT, plan=plan(unanswered=(LATE, LATE)), below=3
        )
        totals.add(of_report(report, Subject(command="audit", hosts=["H1", "H2"])))
    assert (totals.unanswered, totals.left_out) == (4, 6)
    assert "4 questions not answered; 6 findings left out by --severity" in totals.sentence()


@pytest.mark.parametrize("unanswered", [(), (LATE,)])
def test_a_waiver_is_needless_only_where_all_that_it_could_be_about_was_looked_at(
    plan: Callable[..., Any], unanswered: tuple[Unanswered, ...]
) -> None:
    waiver = Waiver(
        host="*",
        playbook="schedule-fix",
        rule="*",
        reason="x",
        who="Ada",
        expires=date(2999, 1, 1),
        at="w.yaml:2:3",
    )
    tally = WaiverTally(Waivers((waiver,), (), datetime(2026, 1, 1, tzinfo=UTC)))
    for host, lacking in (("H1", unanswered), ("H2", ())):
        report = HostReport(host=host, outcome=Outcome.COMPLIANT, plan=plan(unanswered=lacking))
        tally.add(report)
    [use] = tally.uses()
    assert use.needless == (not unanswered)
