"""What one reads of an audit of many hosts."""

from collections.abc import Callable
from typing import Any

from remediate.model.change import Severity
from remediate.model.finding import Advice, RecordedFinding, Since
from remediate.model.outcome import HostReport, Outcome
from remediate.model.plan import PlaybookUse, Unanswered
from remediate.model.problem import Problem

Make = Callable[..., Any]

TITLES = {"schedule-fix": "Let a running backup finish", "tls12": "Use TLS 1.2"}


def dead(host: str) -> HostReport:
    text = f"{host} refuses the connection."
    problem = Problem(code="refused", message=text, hint="Is WinRM running?")
    return HostReport(host=host, outcome=Outcome.UNREACHABLE, problem=problem)


def fleet(change: Make, plan: Make) -> list[HostReport]:
    """Three with a task that is wrong, one of them with more; others with nothing, or dead."""
    wrong = change(rule="multiple-instances")
    other = change(rule="multiple-instances", title="task \\A\\C")
    minor = Advice("Old", "Update.", Severity.NOTICE, "tls12", rule="old")
    lacking = Unanswered(
        question="volumes", playbooks=("disk-space",), problem=Problem(code="x", message="slow")
    )
    absent = plan(not_applicable={"schedule-fix": "there is no agent"})
    return [
        *(
            HostReport(
                host=f"H{n}", outcome=Outcome.WOULD_CHANGE, plan=plan(changes=(wrong, other))
            )
            for n in (3, 1)
        ),
        HostReport(
            host="H2",
            outcome=Outcome.WOULD_CHANGE,
            plan=plan(changes=(wrong,), advice=(minor,), unanswered=(lacking,)),
        ),
        HostReport(host="H4", outcome=Outcome.COMPLIANT, plan=plan()),
        HostReport(host="H5", outcome=Outcome.SKIPPED, plan=absent),
        *map(dead, ("H7", "H6")),
    ]


def test_many_hosts_are_told_by_finding_then_what_could_not_be_seen_then_whom_to_help_first(
    change: Make, plan: Make, shown: Make
) -> None:
    hosts = [f"H{n}" for n in range(1, 8)]
    text = shown(
        *fleet(change, plan),
        command="audit",
        hosts=hosts,
        titles=TITLES,
        proceed=lambda ids: f"do {' '.join(sorted(ids))}",
    )
    assert text == (
        "H3  WOULD CHANGE  2 critical: schedule-fix\n"
        "H1  WOULD CHANGE  2 critical: schedule-fix\n"
        "H2  WOULD CHANGE  1 critical, 1 notice, 1 not answered: schedule-fix and tls12\n"
        "H7  UNREACHABLE  H7 refuses the connection.\n"
        "H6  UNREACHABLE  H6 refuses the connection.\n"
        "FINDINGS ON 7 HOSTS\n"
        "  critical  3  schedule-fix: Let a running backup finish (multiple-instances)\n"
        "               H1, H2 and H3\n"
        "  notice    1  tls12: Old\n"
        "               H2\n"
        "  not answered: volumes\n"
        "               on 1: H2\n"
        "1 host: there is no agent\n"
        "1 host: nothing to change\n"
        "UNREACHABLE: 2 hosts H6 and H7\n"
        "  such as: H7 refuses the connection.\n"
        "  Is WinRM running?\n"
        "7 hosts: 3 would change, 2 unreachable, 1 compliant, 1 skipped\n"
        "to do it: do schedule-fix\n"
        "--verbose tells each host in full, --format json all of it\n"
        "need somebody first: H1, H2, H3, H6 and H7\n"
    )


def test_what_came_and_went_since_an_audit_is_told_by_finding(
    change: Make, plan: Make, shown: Make
) -> None:
    task = RecordedFinding.of(change(rule="multiple-instances"))
    other = task.model_copy(update={"title": "task \\A\\C"})
    minor = RecordedFinding(playbook="tls12", rule="old", title="Old", advice=True)
    since = {
        "H1": Since(run="R", new=(task, other), unchanged=(minor,)),
        "H3": Since(run="R", new=(task,), gone=(minor,), untold={"disk-space": "not asked then"}),
        "H4": Since(run="R", graver=(minor,), gone=(minor, task)),
        "H7": Since(run="R", untold={"tls12": "not seen now", "schedule-fix": "not seen now"}),
    }
    reports = [
        report.model_copy(update={"since": since.get(report.host)})
        for report in fleet(change, plan)
    ]
    text = shown(*reports, command="audit", hosts=[one.host for one in reports], titles=TITLES)
    assert "H3  WOULD CHANGE  2 critical: schedule-fix, 1 new\n" in text
    assert (
        "SINCE RUN R: 3 new, 1 graver, 3 gone, 1 unchanged\n"
        "  new     2  schedule-fix: Let a running backup finish (multiple-instances)\n"
        "             H3 and H1\n"
        "  graver  1  tls12: Old\n"
        "             H4\n"
        "  gone    2  tls12: Old\n"
        "             H3 and H4\n"
        "  gone    1  schedule-fix: Let a running backup finish (multiple-instances)\n"
        "             H4\n"
        "  not compared, in whole or part: H3\n"
        "      not asked then\n"
        "  not compared, in whole or part: H7\n"
        "      not seen now\n"
    ) in text


def test_more_hosts_than_a_line_takes_are_counted(change: Make, plan: Make, shown: Make) -> None:
    hosts = [f"SRV{n:03}" for n in range(500)]
    wrong = change(rule="multiple-instances")
    found = plan(changes=(wrong, wrong.model_copy(update={"severity": Severity.WARNING})))
    reports = [
        HostReport(host=name, outcome=Outcome.WOULD_CHANGE, plan=found) for name in reversed(hosts)
    ]
    text = shown(*reports, command="audit", hosts=hosts, titles=TITLES)
    assert "  critical  500  schedule-fix: Let a running backup finish (multiple-inst" in text
    assert "  warning   500  schedule-fix: Let a running backup finish (multiple-inst" in text
    assert text.count("SRV000, SRV001, SRV002, SRV003 and 496 more\n") == 2


def test_a_finding_that_each_host_has_with_numbers_of_its_own_is_told_by_an_example(
    plan: Make, shown: Make
) -> None:
    full = {
        f"H{n}": Advice(f"C: has {n} GB free", "Free some.", playbook="disk", rule="low")
        for n in range(1, 5)
    }
    reports = [
        HostReport(host=name, outcome=Outcome.ATTENTION, plan=plan(advice=(one,)))
        for name, one in full.items()
    ]
    text = shown(*reports, command="audit")
    assert "  warning   4  disk: such as: C: has 1 GB free\n" in text


def test_a_few_hosts_and_whoever_asks_for_it_get_everything(
    change: Make, plan: Make, shown: Make
) -> None:
    reports = fleet(change, plan)
    few = shown(*reports[:3], command="audit")
    assert "FINDINGS" not in few
    assert few.count("multiple_instances: StopExisting (3) → IgnoreNew (2)") == 5
    told = shown(*reports, command="audit", verbose=True)
    assert "FINDINGS" not in told
    assert told.count("multiple_instances: StopExisting (3) → IgnoreNew (2)") == 5


def test_what_found_nothing_is_one_line_and_more_when_asked_for(
    change: Make, plan: Make, shown: Make
) -> None:
    uses = [PlaybookUse(id=name) for name in ("schedule-fix", "a", "b", "c", "d")]
    found = plan(
        playbooks=uses, changes=(change(),), not_applicable={"a": "no agent", "b": "no disk"}
    )
    report = HostReport(host="H", outcome=Outcome.WOULD_CHANGE, plan=found)
    folded = "  2 playbooks found nothing, 2 do not apply (--verbose tells why)\n"
    assert folded in shown(report, command="audit")
    assert "a does not apply: no agent\n" in shown(report, command="audit", verbose=True)
