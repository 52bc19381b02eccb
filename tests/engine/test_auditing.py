"""An audit is recorded while it is told, and nothing of the store disturbs it."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from remediate.engine.auditing import BATCH, KEPT, NEWEST, AuditRecorder, Comparison
from remediate.engine.verdict import graver
from remediate.model.audit import AuditRecord, HostFindings
from remediate.model.change import Change, ResourceId, Severity
from remediate.model.computer import Computer
from remediate.model.finding import Advice
from remediate.model.outcome import HostReport, Outcome
from remediate.model.plan import HostFacts, Plan, PlaybookUse, Unanswered
from remediate.model.problem import Problem
from remediate.model.run import Run
from remediate.store.errors import StoreError, StoreUnavailable
from remediate.testing.store import MemoryStore
from tests.store.records import NOW, RUN, TTL, an_audit

SECOND = timedelta(seconds=1)


class Kept(MemoryStore):
    """Knows how many transactions there were; they begin to fail when one says so."""

    def __init__(self, lasts: int = 1000) -> None:
        super().__init__()
        self.lasts = lasts

    def _spend(self) -> None:
        self.lasts -= 1
        if self.lasts < 0:
            raise StoreUnavailable("runs.db", "the disk is full", "Free some space.")

    def begin_audit(self, audit: Run, hosts: Collection[str] = ()) -> None:
        self._spend()
        super().begin_audit(audit, hosts)

    def record_findings(self, audit: str, found: list[object]) -> None:  # type: ignore[override] - passed on
        self._spend()
        super().record_findings(audit, found)  # type: ignore[arg-type] - as above


def reports(many: int) -> Iterator[HostReport]:
    return (HostReport(host=f"H{n:03}", outcome=Outcome.COMPLIANT) for n in range(many))


def recorder(store: MemoryStore, said: list[StoreError]) -> AuditRecorder:
    return AuditRecorder(store, an_audit(), said.append, lambda: NOW + TTL)


def test_many_hosts_are_one_transaction() -> None:
    store, said, hosts = Kept(), list[StoreError](), 2 * BATCH + 1
    with recorder(store, said) as recording:
        assert len(list(recording.during(reports(hosts)))) == hosts
    record = store.audit(RUN)
    assert (len(record.hosts), record.finished, said) == (hosts, NOW + TTL, [])
    assert 1000 - store.lasts == 1 + 3, "its beginning, and its hosts in three parts"


@pytest.mark.parametrize(
    ("others", "old"),
    [
        ([NOW] * NEWEST, []),
        ([NOW] * (NEWEST - 1), ["old"]),
        ([NOW - KEPT * 4] * NEWEST, []),
    ],
    ids=["", "few", "a clock that is ahead"],
)
def test_audits_of_ninety_days_before_the_newest_are_forgotten(
    others: list[datetime], old: list[str]
) -> None:
    store = MemoryStore()
    store.begin_audit(an_audit("old", min(others) - KEPT - SECOND))
    store.begin_audit(an_audit("kept", min(others) - KEPT))
    for number, begun in enumerate(others):
        store.begin_audit(an_audit(f"other{number}", begun))
    with recorder(store, []) as recording:
        assert list(recording.during(iter(()))) == []
    found = {summary.run.id for summary in store.audits()}
    assert found == {RUN, "kept", *old, *(f"other{number}" for number in range(len(others)))}
    assert KEPT.days == 90


def test_hosts_that_an_audit_was_stopped_before_are_recorded_as_not_looked_at() -> None:
    def stopped() -> Iterator[HostReport]:
        yield from reports(2)
        raise KeyboardInterrupt

    store = MemoryStore()
    with pytest.raises(KeyboardInterrupt), recorder(store, []) as recording:
        list(recording.during(stopped(), [f"H{n:03}" for n in range(4)]))
    record = store.audit(RUN)
    assert [int(host.exit_code) for host in record.hosts] == [0, 0, 130, 130]
    assert record.finished is None


def test_what_was_found_before_an_audit_broke_off_is_recorded_and_has_no_end() -> None:
    store = MemoryStore()
    with recorder(store, []) as recording:
        told = recording.during(reports(5), [f"H{n:03}" for n in range(5)])
        assert next(told).host == "H000"
        assert store.audit(RUN).no_verdict == ("H000", "H001", "H002", "H003", "H004")
        assert [next(told).host for _ in range(2)] == ["H001", "H002"]
    record = store.audit(RUN)
    assert record.no_verdict == ("H003", "H004")
    assert ([host.host for host in record.hosts], record.finished) == (
        ["H000", "H001", "H002"],
        None,
    )


def test_an_audit_that_is_not_begun_leaves_nothing() -> None:
    store = MemoryStore()
    with pytest.raises(ZeroDivisionError), recorder(store, []):
        raise ZeroDivisionError
    assert store.audits() == []


@pytest.mark.parametrize("lasts", range(4))
def test_a_store_that_fails_is_told_once_and_costs_no_report(lasts: int) -> None:
    store, said = Kept(lasts), list[StoreError]()
    with recorder(store, said) as recording:
        assert len(list(recording.during(reports(3 * BATCH)))) == 3 * BATCH
    assert [error.message for error in said] == [
        "the store runs.db cannot be used: the disk is full"
    ]


USES = tuple(PlaybookUse(id=name) for name in ("task", "tls", "disk"))


def found(playbook: str, rule: str = "wrong", name: str = "A", title: str = "it") -> Change:
    resource = ResourceId(kind="scheduled_task", key={"name": name})
    values: dict[str, Any] = {"property": "p", "before": 1, "after": 2}
    return Change(playbook=playbook, rule=rule, resource=resource, title=title, **values)


def unanswered(playbook: str) -> Unanswered:
    problem = Problem(code="x", message="it hangs")
    return Unanswered(question=f"about {playbook}", playbooks=(playbook,), problem=problem)


def report(*changes: Change, guid: str = "1", host: str = "SRV01", **plan: Any) -> HostReport:
    computer = Computer(name="SRV01", guid=guid)
    facts = HostFacts(computer=computer, powershell="", os="", culture="", utc="")
    made = Plan(host=host, playbooks=(), changes=changes, facts=facts, **plan)
    return HostReport(host=host, outcome=Outcome.WOULD_CHANGE, plan=made)


DEAD = HostReport(
    host="SRV01", outcome=Outcome.UNREACHABLE, problem=Problem(code="refused", message="no")
)


def since(
    then: HostReport, now: HostReport, uses: tuple[PlaybookUse, ...] = USES
) -> tuple[list[str], list[str], list[str], dict[str, str]]:
    """What is new, gone and unchanged, and what cannot be told."""
    run = an_audit().model_copy(update={"playbooks": USES})
    record = AuditRecord(run=run, hosts=(HostFindings.of(then),))
    [compared] = Comparison(record, uses).during([now])
    told = compared.since
    assert told is not None
    assert compared.model_copy(update={"since": None}) == now
    assert told.run == RUN
    new, gone, same = (
        [f"{one.playbook} {one.title}" for one in part]
        for part in (told.new, told.gone, told.unchanged)
    )
    return new, gone, same, told.untold


def test_a_finding_is_known_again_by_playbook_rule_and_resource_whatever_its_text() -> None:
    then = report(found("task"), found("task", name="B"), found("tls", title="old"))
    advice = Advice("words", "text", playbook="disk", rule="full")
    now = report(
        found("task", name="a", title="reworded"),
        found("task", rule="other"),
        advice=(advice,),
    )
    assert since(then, now) == (
        ["task it", "disk words"],
        ["task it", "tls old"],
        ["task reworded"],
        {},
    )
    assert since(now, now) == ([], [], ["task reworded", "task it", "disk words"], {})


def test_what_matters_more_now_is_not_unchanged() -> None:
    mild = found("task").model_copy(update={"severity": Severity.NOTICE})
    run = an_audit().model_copy(update={"playbooks": USES})
    for then, now, more in ((mild, found("task"), 1), (found("task"), mild, 0)):
        record = AuditRecord(run=run, hosts=(HostFindings.of(report(then)),))
        [compared] = Comparison(record, USES).during([report(now)])
        assert compared.since is not None
        assert (len(compared.since.graver), len(compared.since.unchanged)) == (more, 1 - more)


def test_what_does_not_apply_any_more_is_not_gone() -> None:
    now = report()
    assert now.plan is not None
    plan = now.plan.model_copy(update={"not_applicable": {"task": "no agent", "tls": "no agent"}})
    why = {"task": "does not apply now: no agent"}
    assert since(report(found("task")), now.model_copy(update={"plan": plan})) == ([], [], [], why)


def test_what_one_of_two_audits_did_not_answer_is_neither_new_nor_gone() -> None:
    full = report(found("task"), found("tls"), found("disk"))
    part = report(found("disk"), unanswered=(unanswered("task"), unanswered("tls")))
    why = {"task": "not answered then", "tls": "not answered then"}
    assert since(part, full) == ([], [], ["disk it"], why)
    why = {"task": "not answered now", "tls": "not answered now"}
    assert since(full, part) == ([], [], ["disk it"], why)


def test_what_one_of_two_audits_did_not_ask_is_neither_new_nor_gone() -> None:
    full = report(found("task"), found("tls"), found("disk"))
    uses = (
        PlaybookUse(id="task", parameters={"folder": "other"}),
        PlaybookUse(id="disk"),
        PlaybookUse(id="more"),
    )
    now = report(found("task"), found("more"))
    assert since(full, now, uses) == (
        [],
        ["disk it"],
        [],
        {
            "task": "asked with other parameters then",
            "more": "not asked then",
            "tls": "not asked now",
        },
    )


@pytest.mark.parametrize(
    ("then", "now", "why"),
    [
        (DEAD, report(found("task")), "the host could not be looked at then"),
        (report(found("task")), DEAD, "the host could not be looked at now"),
        (report(host="SRV02"), report(found("task")), "the host was not asked then"),
        (
            report(found("task"), guid="2"),
            report(),
            "another computer answered then, SRV01",
        ),
    ],
)
def test_of_a_host_that_one_of_two_audits_did_not_see_nothing_is_new_or_gone(
    then: HostReport, now: HostReport, why: str
) -> None:
    assert since(then, now) == ([], [], [], {use.id: why for use in USES})


def test_what_matters_less_than_asked_for_is_not_told_as_new_or_gone_either() -> None:
    minor = found("task").model_copy(update={"severity": Severity.NOTICE})
    run = an_audit().model_copy(update={"playbooks": USES})
    recorded = HostFindings.of(report(minor, found("tls")))
    again = Comparison(AuditRecord(run=run, hosts=(recorded,)), USES)
    for now in (report(), report(minor.model_copy(update={"rule": "other"}))):
        [told] = again.during([now])
        left = graver(told, Severity.WARNING).since
        assert left is not None
        assert (left.new, [one.playbook for one in left.gone]) == ((), ["tls"])
