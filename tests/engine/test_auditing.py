"""An audit is recorded while it is told, and nothing of the store disturbs it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from remediate.engine.auditing import BATCH, KEPT, AuditRecorder
from remediate.model.outcome import HostReport, Outcome
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

    def begin_audit(self, audit: Run) -> None:
        self._spend()
        super().begin_audit(audit)

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


def test_audits_of_ninety_days_ago_are_forgotten() -> None:
    store = MemoryStore()
    store.begin_audit(an_audit("old", NOW - KEPT - SECOND))
    store.begin_audit(an_audit("kept", NOW - KEPT))
    with recorder(store, []) as recording:
        assert list(recording.during(iter(()))) == []
    assert [summary.run.id for summary in store.audits()] == [RUN, "kept"]
    assert KEPT.days == 90


def test_what_was_found_before_an_audit_broke_off_is_recorded_and_has_no_end() -> None:
    store = MemoryStore()
    with recorder(store, []) as recording:
        told = recording.during(reports(5))
        assert [next(told).host for _ in range(3)] == ["H000", "H001", "H002"]
    record = store.audit(RUN)
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
