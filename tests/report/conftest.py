"""Reports to show."""

from collections.abc import Callable
from io import StringIO

import pytest

from remediate.model.change import Change, ResourceId, Severity
from remediate.model.outcome import HostReport, Outcome
from remediate.model.plan import Plan, PlaybookUse
from remediate.report.console import ConsoleReporter
from remediate.report.reporter import Subject


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
