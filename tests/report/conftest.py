"""Reports to show."""

from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest

from remediate.model.change import Change, ResourceId, Severity
from remediate.model.finding import Advice
from remediate.model.outcome import HostReport, Outcome
from remediate.model.plan import Plan, PlaybookUse, Unanswered
from remediate.model.problem import Problem
from remediate.report.console import ConsoleReporter
from remediate.report.reporter import Subject
from tests.report.rendered import left

Make = Callable[..., Any]


@pytest.fixture
def change() -> Callable[..., Change]:
    def make(**values: object) -> Change:
        usual = {
            "playbook": "schedule-fix",
            "resource": ResourceId(kind="scheduled_task", key={"path": "\\A\\", "name": "B"}),
            "title": "task \\A\\B",
            "property": "multiple_instances",
            "before": 3,
            "after": 2,
            "before_label": "StopExisting",
            "after_label": "IgnoreNew",
            "severity": Severity.CRITICAL,
            "why": "Task Scheduler kills the running backup.",
        }
        return Change.model_validate({**usual, **values})

    return make


@pytest.fixture
def plan() -> Callable[..., Plan]:
    def make(**values: object) -> Plan:
        usual = {"host": "SRV01", "playbooks": (PlaybookUse(id="schedule-fix"),)}
        return Plan.model_validate({**usual, **values})

    return make


@pytest.fixture
def shown() -> Callable[..., str]:
    """What a person reads about some hosts."""

    def show(*reports: HostReport, **values: object) -> str:
        usual = {"command": "apply", "hosts": [report.host for report in reports]}
        out = StringIO()
        reporter = ConsoleReporter(Subject(**{**usual, **values}), out)  # type: ignore[arg-type]
        for report in reports:
            reporter.host(report)
        reporter.finish(max(report.exit_code for report in reports))
        return out.getvalue()

    return show


@pytest.fixture
def compliant() -> Callable[[str], HostReport]:
    return lambda host: HostReport(host=host, outcome=Outcome.COMPLIANT)


@pytest.fixture
def fleet(change: Make, plan: Make) -> list[HostReport]:
    """A host of each sort that reports tell apart."""
    uses = (PlaybookUse(id="schedule-fix"), PlaybookUse(id="tls12"))
    wrong = change(rule="multiple-instances")
    other = change(rule="multiple-instances", title="task \\A\\C", severity=Severity.WARNING)
    advice = Advice("Old", "Buy new.", Severity.NOTICE, "tls12", rule="old")
    problem = Problem(code="timed_out", message="no answer", hint="Look.")
    late = Unanswered(question="tasks", playbooks=("schedule-fix",), problem=problem)
    kept = replace(advice, severity=Severity.WARNING)
    return [
        HostReport(
            host="WOULD",
            outcome=Outcome.WOULD_CHANGE,
            plan=plan(changes=(wrong, other), playbooks=uses),
        ),
        HostReport(host="FINE", outcome=Outcome.COMPLIANT, plan=plan(playbooks=uses)),
        HostReport(host="GONE", outcome=Outcome.UNREACHABLE, problem=problem),
        HostReport(
            host="ADVISED", outcome=Outcome.ATTENTION, plan=plan(advice=(advice,), playbooks=uses)
        ),
        HostReport(
            host="LATE", outcome=Outcome.COMPLIANT, plan=plan(unanswered=(late,), playbooks=uses)
        ),
        HostReport(
            host="NO-AGENT",
            outcome=Outcome.COMPLIANT,
            plan=plan(playbooks=uses, not_applicable={"tls12": "no agent"}),
        ),
        HostReport(
            host="FIXED",
            outcome=Outcome.CHANGED,
            plan=plan(changes=(wrong, other), advice=(kept,), playbooks=uses),
            applied=(wrong, other),
        ),
    ]


@pytest.fixture
def excepted(change: Make, plan: Make) -> list[HostReport]:
    """Hosts on which findings are waived."""
    uses = (PlaybookUse(id="schedule-fix"), PlaybookUse(id="tls12"))
    wrong = change(rule="multiple-instances")
    return [
        HostReport(
            host="WAIVED",
            outcome=Outcome.SKIPPED,
            plan=plan(waived=(left(), left()), playbooks=uses),
        ),
        HostReport(
            host="RENEW",
            outcome=Outcome.WOULD_CHANGE,
            plan=plan(
                changes=(wrong,), waived=(left(),), lapsed=(left("A:7:5", wrong),), playbooks=uses
            ),
        ),
    ]


@pytest.fixture
def stale(change: Make, plan: Make) -> HostReport:
    """A host that moved since the plan was made that was to be applied."""
    return HostReport(
        host="STALE",
        outcome=Outcome.REFUSED,
        plan=plan(changes=(change(rule="multiple-instances"),)),
        problem=Problem(code="stale", message="it was 3 and is 1", hint="Make a new plan."),
    )
