"""What the journal says of a host stays true, whoever writes to it and whatever is damaged."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from remediate.engine.job import Job
from remediate.engine.order import Order
from remediate.engine.reconciling import Ongoing, closing, take_in_spilled
from remediate.engine.undoing import Undoing
from remediate.lab.engines.functions import answer
from remediate.model.change import Change, ResourceId
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.plan import Observed, Plan
from remediate.model.run import HostRecord, Intent
from remediate.runner.serial import Serial
from remediate.store.errors import JournalIncomplete, StoreUnavailable
from remediate.store.spill import SpillEntry, read_spill, spill
from remediate.testing.transport import Trouble
from remediate.transport.errors import TimedOut
from tests.engine.world import HOST, NOW, FailingStore, World


@pytest.mark.parametrize("failing", ["take_lease", "record_intent"])
def test_nothing_is_written_when_the_store_cannot_be(job: Job, failing: str) -> None:
    world = World(store=FailingStore([failing]))
    report = world.apply(job)
    assert report.outcome is Outcome.REFUSED
    assert report.problem
    assert "the disk is full" in report.problem.message
    assert not any(name.startswith(("Set-", "Lock-")) for name in world.sent())


def test_a_run_that_cannot_be_begun_sends_nothing(job: Job) -> None:
    world = World(store=FailingStore(["begin_run"]))
    with pytest.raises(StoreUnavailable):
        world.apply(job)
    assert world.sent() == []


def test_a_verdict_that_cannot_be_recorded_is_spilled(job: Job, tmp_path: Path) -> None:
    world = World(store=FailingStore(["close_host"]), folder=tmp_path)
    assert world.apply(job).outcome is Outcome.CHANGED
    assert world.store.leases(datetime.now(UTC)) == [], "that can be done still"
    [file] = [file for file in read_spill(tmp_path) if file.path.parent == tmp_path]
    [entry] = file.entries
    assert entry.report
    assert entry.report.outcome is Outcome.CHANGED


def test_a_spilled_verdict_is_taken_in_by_reconcile(job: Job, tmp_path: Path) -> None:
    store = FailingStore(["close_host"])
    world = World(store=store, folder=tmp_path)
    world.apply(job)
    store.failing = ()
    world.transport.requests.clear()
    assert list(world.engine.reconcile()) == []
    assert world.sent() == []
    assert store.run("run-1").hosts[0].outcome is Outcome.CHANGED
    assert not any(file.path.parent == tmp_path for file in read_spill(tmp_path))


@pytest.mark.parametrize(("now", "outcome"), [(NOW, Outcome.REFUSED), (None, Outcome.CHANGED)])
def test_a_run_of_another_controller_goes_on_until_its_lease_expires(
    world: World, job: Job, now: datetime | None, outcome: Outcome
) -> None:
    store = FailingStore(["close_host", "release_lease"])
    world.store, world.settings = store, replace(world.settings, operator="eve@there")
    engine = replace(world.engine, now=lambda: NOW)
    list(engine.apply([HOST], job, world.run().model_copy(update={"operator": "eve@there"})))
    store.failing = ()
    world.settings = replace(world.settings, operator="ada@here")
    here = replace(world.engine, now=lambda: now or datetime.now(UTC))
    [(_, report)] = here.reconcile()
    assert report.outcome is outcome


def test_a_spilled_verdict_never_replaces_what_was_seen_later(job: Job, tmp_path: Path) -> None:
    """A spill file with a damaged line stays; reading it again must not undo a reconcile."""
    store = FailingStore(["close_host"])
    world = World(store=store, folder=tmp_path)
    world.apply(job)
    store.failing = ()
    report = HostReport(host=HOST.name, outcome=Outcome.INDETERMINATE)
    for file in tmp_path.glob("remediate-spill-*"):
        file.write_bytes(b'{"run": "cut off\n')
    spill(SpillEntry(run="run-1", host=HOST.name, report=report), tmp_path)
    reconciled = world.engine.reconcile()
    _, first = next(reconciled)
    assert first.outcome is Outcome.CHANGED
    for each in (reconciled, world.engine.reconcile()):
        with pytest.raises(JournalIncomplete, match="lines of it cannot be read"):
            next(each)
    assert store.run("run-1").hosts[0].outcome is Outcome.CHANGED


def test_of_several_spilled_verdicts_the_last_counts_wherever_the_store_fails(
    job: Job, tmp_path: Path
) -> None:
    """An earlier one on record would settle the host, and the last be taken for late."""
    store = FailingStore(["close_host"])
    world = World(store=store, folder=tmp_path)
    world.apply(job)
    [intended] = [record.report for record in store.run("run-1").hosts]
    assert intended is None
    for outcome in (Outcome.CHANGED, Outcome.FAILED_CHANGED):
        report = HostReport(host=HOST.name, outcome=outcome)
        spill(SpillEntry(run="run-1", host=HOST.name, report=report), tmp_path)
    for allowed in (1, 9):
        store.failing = ()
        kept = FewStore(store, allowed)
        take_in_spilled(kept, tmp_path)
    assert store.run("run-1").hosts[0].outcome is Outcome.FAILED_CHANGED
    assert not list(tmp_path.glob("remediate-spill-*"))


class FewStore:
    """A store that records so many verdicts, and then does not answer any more."""

    def __init__(self, store: FailingStore, most: int) -> None:
        self._store, self._left = store, most

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def close_host(self, *given: Any, **said: Any) -> None:
        self._left -= 1
        if self._left < 0:
            raise StoreUnavailable("simulated", "it does not answer", "Look at it.")
        self._store.close_host(*given, **said)


def test_a_record_that_cannot_be_read_does_not_keep_other_hosts_open(
    world: World, job: Job
) -> None:
    """Such as one of a resource that only somebody else's package knows."""
    other = Host(name="SRV02", address="127.0.0.2", port=5985)
    strange = ResourceId(kind="of_somebody_else", key={"name": "x"})
    change = Change(
        playbook="x", resource=strange, title="x", property="size", before=None, after=1
    )
    run = world.run()
    world.store.begin_run(run, [other, HOST])
    for host, changes, snapshot in (
        (other, (change,), (Observed(resource=strange, properties={}),)),
        (HOST, (), ()),
    ):
        intent = Intent(run=run.id, host=host, changes=changes, snapshot=snapshot, recorded=NOW)
        world.store.record_intent(intent)
    reports = {report.host: report for _, report in world.engine.reconcile()}
    assert reports["SRV02"].outcome is Outcome.REFUSED
    assert reports["SRV01"].outcome is Outcome.CHANGED
    assert world.store.run(run.id).hosts[0].report is None


class OneLeaseEach(Serial):
    """Takes all that it is given for being worked on at once."""

    def run(self, items: Any, work: Any, *more: Any) -> Any:
        assert len({order.host.endpoint for order in items}) == len(items)
        assert len({order.computer for order in items}) == len(items)
        return super().run(items, work, *more)


def test_of_several_runs_on_one_host_none_keeps_the_lease_from_the_others(world: World) -> None:
    """One command closes them all, in their order; by the address or the computer it is one."""
    moved = HOST.model_copy(update={"address": "127.0.0.1", "port": 5986})
    for number, host in enumerate((HOST, HOST, moved), 1):
        run = world.run().model_copy(update={"id": f"run-{number}"})
        world.store.begin_run(run, [host])
        when = NOW + timedelta(seconds=number)
        intent = Intent(run=run.id, host=host, changes=(), snapshot=(), recorded=when)
        world.store.record_intent(intent)
    engine = replace(world.engine, runner=OneLeaseEach())
    reports = [(run.id, report.outcome) for run, report in engine.reconcile()]
    assert reports == [(f"run-{number}", Outcome.CHANGED) for number in (1, 2, 3)]
    assert world.store.open_intents() == []


def test_a_write_that_comes_late_is_kept_out_though_the_store_has_failed(job: Job) -> None:
    """What is said to be unchanged stays so: the lease there has a higher fence than the write."""
    store = FailingStore([])
    world = World(store=store)

    def lost(number: int) -> Trouble | None:
        store.failing = ["take_lease"] if number >= 2 else []
        return Trouble(TimedOut) if number == 2 else None

    world.trouble = lost
    before = world.state.without_traces()
    assert world.apply(job).outcome is Outcome.FAILED_UNCHANGED
    late = world.transport.requests[1]
    assert any(call.function.startswith("Set-") for call in late.calls)
    answer(world.state, late)
    assert world.state.without_traces() == before


def test_an_interrupt_leaves_the_next_run_on_a_host_for_another_time(world: World) -> None:
    for number in (1, 2):
        run = world.run().model_copy(update={"id": f"run-{number}"})
        world.store.begin_run(run, [HOST])
        world.store.record_intent(
            Intent(run=run.id, host=HOST, changes=(), snapshot=(), recorded=NOW)
        )
    engine = world.engine
    engine.interrupted.set()
    reports = [report.outcome for _, report in engine.reconcile()]
    assert reports == [Outcome.CHANGED, Outcome.SKIPPED]
    assert [run.id for run, _ in world.store.open_intents()] == ["run-2"]


def test_only_what_was_found_is_looked_at_and_only_while_it_is_open(world: World) -> None:
    """A host that opens or closes meanwhile was not shown to whoever chose."""
    run = world.run()
    world.store.begin_run(run, [HOST])
    world.store.record_intent(Intent(run=run.id, host=HOST, changes=(), snapshot=(), recorded=NOW))
    found = world.store.open_intents(indeterminate=True)
    assert list(world.engine.reconcile([])) == []
    assert world.store.open_intents(indeterminate=True) == found
    assert [report.outcome for _, report in world.engine.reconcile(found)] == [Outcome.CHANGED]
    assert list(world.engine.reconcile(found)) == []


def test_a_rollback_does_not_take_the_host_from_a_run_that_goes_on(world: World, job: Job) -> None:
    """What it has not written yet cannot be undone, and its lease is its own."""
    reports: list[HostReport] = []

    def meanwhile(number: int) -> Trouble | None:
        if number == 2:
            engine = replace(world.engine, is_running=lambda run: run == "run-1")
            record = world.store.run("run-1")
            reports.extend(engine.rollback(record, world.run("run-1")))
        return None

    world.trouble = meanwhile
    assert world.apply(job).outcome is Outcome.CHANGED
    [report] = reports
    assert report.outcome is Outcome.REFUSED
    assert report.holder
    assert report.holder.run == "run-1"


def test_a_rollback_takes_leases_of_what_it_undoes_and_of_tries_that_have_ended(
    world: World,
) -> None:
    """The lease of a try that goes on is its own; a reconcile of one that broke off is as it."""
    runs = [world.run(), *(world.run("run-1") for _ in range(3)), world.run("run-2")]
    for run in runs:
        world.store.begin_run(run, [HOST])
        if run.id != "run-3":
            world.store.finish_run(run.id, NOW)
    ongoing = Ongoing(world.store, "ada@here", lambda _: False, {})
    assert set(ongoing.takes_over("run-1")) == {"run-1", "run-2", "run-4"}
    intent = Intent(run="run-1", host=HOST, changes=(), snapshot=(), recorded=NOW)
    record = HostRecord(host=HOST, intent=intent)
    [order, undoing] = [
        closing(run, record, ongoing, world.settings, NOW) for run in (runs[0], runs[3])
    ]
    assert isinstance(order, Order)
    assert isinstance(undoing, Order)
    assert order.takes_over == ()
    assert set(undoing.takes_over) == {"run-1", "run-2", "run-4"}


def test_a_lease_that_ran_out_while_a_person_looked_is_taken_again(world: World, job: Job) -> None:
    """Whoever has taken the host in the meantime keeps it."""
    now = datetime.now(UTC)
    moments = [now]
    engine = replace(world.engine, now=lambda: moments[-1])

    def somebody_takes_it(_: Plan) -> bool:
        moments.append(now + timedelta(hours=1))
        hour = timedelta(hours=1)
        world.store.take_lease(HOST.endpoint, "run-9", "eve@there", moments[-1], hour)
        return True

    [report] = engine.apply([HOST], job, world.run(), somebody_takes_it)
    assert report.outcome is Outcome.REFUSED
    assert report.holder
    assert report.holder.owner == "eve@there"
    assert not any(name.startswith(("Set-", "Lock-")) for name in world.sent())
    assert [held.run for _, held in world.store.leases(moments[-1])] == ["run-9"]


def test_what_a_bug_of_ours_breaks_off_after_its_intent_stays_open_and_keeps_the_lease(
    world: World, job: Job
) -> None:
    """Something may have been sent: somebody has to look before anybody else writes there."""

    def broken(number: int) -> Trouble | None:
        if number == 2:
            raise ZeroDivisionError
        return None

    world.trouble = broken
    assert world.apply(job).outcome is Outcome.INTERNAL_ERROR
    assert [run.id for run, _ in world.store.open_intents()] == ["run-1"]
    assert [held.run for _, held in world.store.leases(datetime.now(UTC))] == ["run-1"]
    [(_, closed)] = world.engine.reconcile()
    assert closed.outcome is Outcome.FAILED_UNCHANGED


def test_what_a_rollback_may_have_left_half_way_counts_for_the_next_one(
    world: World, job: Job
) -> None:
    assert world.apply(job).outcome is Outcome.CHANGED
    ongoing = Ongoing(world.store, "ada@here", lambda _: False, {})
    undo = world.run("run-1")
    for harmed in (False, True):
        record = world.store.run("run-1")
        planner = Undoing(record, world.store, ongoing).planner(record.hosts[0])
        assert planner is not None
        assert planner.harmed == harmed
        world.store.begin_run(undo, [HOST])
        intent = Intent(run=undo.id, host=HOST, changes=(), snapshot=(), recorded=NOW)
        world.store.record_intent(intent)
        undo = world.run("run-1")
