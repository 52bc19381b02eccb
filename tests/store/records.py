"""Records for the tests of the store; also run by the processes that these tests kill."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from remediate.model.audit import HostFindings, RecordedFinding
from remediate.model.change import Change, ResourceId
from remediate.model.computer import Computer
from remediate.model.host import Host
from remediate.model.outcome import Holder, HostReport, Outcome
from remediate.model.plan import Observed, Plan, PlaybookUse, Unanswered
from remediate.model.problem import Problem
from remediate.model.run import Intent, Run, RunKind

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
TTL = timedelta(minutes=10)
RUN = "20261123-030000-7f3a"
TASK = ResourceId(kind="scheduled_task", key={"path": "\\", "name": "Sicherung \U0001f4be \ud55c"})
CHANGE = Change(
    playbook="schedule-fix",
    resource=TASK,
    title="task",
    property="multiple_instances",
    before=3,
    after=[None, {"b": 2.5, "a": "\x00\u2028"}],
)


def a_run(run: str = RUN, started: datetime = NOW) -> Run:
    use = PlaybookUse(id="schedule-fix", parameters={"folder": "\\Microsoft"})
    return Run(
        id=run, kind=RunKind.APPLY, playbooks=(use,), operator="ada@bastion", started=started
    )


def an_audit(run: str = RUN, started: datetime = NOW) -> Run:
    return a_run(run, started).model_copy(update={"kind": RunKind.AUDIT})


def findings(host: str = "SRV01", outcome: Outcome = Outcome.WOULD_CHANGE) -> HostFindings:
    problem = Problem(code="no_time", message="it hangs", hint="Ask again.")
    return HostFindings(
        host=host,
        outcome=outcome,
        computer=Computer(name=host, guid="0e5c"),
        findings=(
            RecordedFinding.of(CHANGE),
            RecordedFinding(
                playbook="schedule-fix", rule="no-task", title="No task \ud55c", advice=True
            ),
        ),
        unanswered=(Unanswered(question="volumes", playbooks=("storage",), problem=problem),),
        not_applicable={"tls12": "it is Windows Server 2022"},
    )


def a_host(name: str = "SRV01") -> Host:
    return Host(
        name=name, address=name, port=5985, password="env:PASSWORD", ca_file=Path("folder/ca.pem")
    )


def an_intent(run: str = RUN, host: str = "SRV01", recorded: datetime = NOW) -> Intent:
    seen = Observed(resource=TASK, properties={"multiple_instances": 3, "lone": "\ud800"})
    return Intent(
        run=run, host=a_host(host), changes=(CHANGE,), snapshot=(seen,), recorded=recorded
    )


def a_report(host: str = "SRV01", outcome: Outcome = Outcome.CHANGED) -> HostReport:
    plan = Plan(host=host, playbooks=(), changes=(CHANGE,))
    holder = Holder(run="other", owner="bob@bastion", since=NOW, until=NOW + TTL)
    return HostReport(host=host, outcome=outcome, plan=plan, applied=(CHANGE,), holder=holder)
