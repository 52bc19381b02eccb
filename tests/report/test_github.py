"""Annotations: what GitHub makes of them."""

from collections.abc import Callable
from typing import Any

from remediate.model.outcome import HostReport, Outcome
from remediate.model.problem import Problem
from tests.report.rendered import about, rendered

Make = Callable[..., Any]


def test_an_annotation_tells_a_finding_of_a_severity_once_with_the_line_of_its_first_host(
    fleet: list[HostReport],
) -> None:
    subject = about(*fleet, run="R", places={"GONE": "prod.yaml:7:3", "WOULD": "a,b:c.yaml:3:1"})
    *lines, last = rendered(subject, "github", *fleet).splitlines()
    title = "Let a running backup finish (multiple-instances)"
    assert lines == [
        "::error file=prod.yaml,line=7,title=unreachable::1 host (GONE): no answer",
        "::error title=schedule-fix not judged::1 host (LATE): not answered: tasks: no answer",
        f"::error file=a%2Cb%3Ac.yaml,line=3,title=schedule-fix::{title} on 1 host (WOULD)",
        f"::warning file=a%2Cb%3Ac.yaml,line=3,title=schedule-fix::{title} on 1 host (WOULD)",
        "::warning title=tls12::Old on 1 host (FIXED)",
        "::notice title=tls12::Old on 1 host (ADVISED)",
    ]
    assert last.endswith(" Exit code 5. Run R.")


def test_what_a_host_says_is_no_command_of_a_workflow(plan: Make) -> None:
    hostile = "x\r\n::add-mask::secret%0A::stop-commands::a"
    report = HostReport(
        host=hostile, outcome=Outcome.REFUSED, problem=Problem(code="x", message=hostile)
    )
    lines = rendered(about(report, run=hostile), "github", report).splitlines()
    shown = "x ::add-mask::secret%250A::stop-commands::a"
    assert lines[0] == f"::error title=refused::1 host ({shown}): {shown}"
    assert len(lines) == 2


def test_what_github_does_not_show_is_counted(change: Make, plan: Make) -> None:
    found = plan(changes=tuple(change(rule=f"rule-{n:02}") for n in range(13)))
    report = HostReport(host="A", outcome=Outcome.WOULD_CHANGE, plan=found)
    *lines, last = rendered(about(report), "github", report).splitlines()
    assert len(lines) == 10
    assert last.endswith("Exit code 2. Not shown here: 3 error.")
