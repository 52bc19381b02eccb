"""What is said of an order whose process has ended: as if this one had been killed."""

import threading
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import Any

import pytest

from remediate.engine.elsewhere.far import FarStore
from remediate.engine.elsewhere.messages import CloseHost, RecordIntent, TakeLease
from remediate.engine.elsewhere.service import FarOrder, Gone
from remediate.engine.job import Job
from remediate.engine.order import Order, Verb
from remediate.engine.planning import PlaybookPlanner
from remediate.engine.surroundings import Surroundings
from remediate.model.outcome import HostReport, Outcome
from remediate.model.run import Intent
from remediate.testing.store import MemoryStore
from remediate.testing.transport import MemoryTransport
from tests.engine.world import HOST, NOW, World

SHARED: Any = None
"""What only logons need."""


@pytest.fixture
def far(world: World, job: Job) -> FarOrder:
    """An order of which its process has taken the lease."""
    run = world.run()
    world.store.begin_run(run, [HOST])
    order = Order(Verb.APPLY, HOST, world.settings, PlaybookPlanner(job), run.id)
    far = FarOrder(order, Surroundings(MemoryTransport({}), world.store), SimpleQueue())
    ttl = world.settings.lease
    leased = TakeLease(host=HOST.endpoint, run=run.id, owner="x", now=datetime.now(UTC), ttl=ttl)
    assert far.answer(leased, SHARED)[1] is None
    return far


def test_what_is_recorded_elsewhere_is_recorded_here_as_it_was_said(
    world: World, far: FarOrder
) -> None:
    """That it may replace an earlier verdict, and the lease that it gives back."""
    store = FarStore(lambda question: far.answer(question, SHARED)[0])
    unknown, changed = (
        HostReport(host=HOST.name, outcome=outcome)
        for outcome in (Outcome.INDETERMINATE, Outcome.CHANGED)
    )
    store.close_host("run-1", HOST.name, unknown)
    store.close_host("run-1", HOST.name, changed)
    assert world.store.run("run-1").hosts[0].report == unknown
    assert len(world.store.leases(datetime.now(UTC))) == 1
    store.close_host("run-1", HOST.name, changed, reconciled=True, frees=HOST.endpoint)
    assert world.store.run("run-1").hosts[0].report == changed
    assert world.store.leases(datetime.now(UTC)) == []


def what_is_said(far: FarOrder) -> HostReport:
    far.end(Gone("ended by signal 9"))
    return far.report(lambda order: HostReport(host=order.host.name, outcome=Outcome.SKIPPED))


def test_a_verdict_that_is_still_being_recorded_counts(far: FarOrder) -> None:
    far.journal = Future()
    changed = HostReport(host=HOST.name, outcome=Outcome.CHANGED)
    close = CloseHost(run="run-1", host=HOST.name, report=changed, reconciled=False, frees="")

    def record() -> None:
        far.answer(close, SHARED)
        assert far.journal is not None
        far.journal.set_result(None)

    later = threading.Timer(0.1, record)
    later.start()
    assert what_is_said(far) == changed
    later.join()


def test_nobody_waits_for_its_logon_any_more(far: FarOrder) -> None:
    left = list[int]()

    class Turn:
        def left(self) -> None:
            left.append(1)

    far.turns[1] = Turn()  # type: ignore[assignment]
    what_is_said(far)
    assert left == [1]


@pytest.mark.parametrize("verb", [Verb.APPLY, Verb.RECONCILE])
def test_only_where_nothing_was_written_is_that_said(
    world: World, far: FarOrder, verb: Verb
) -> None:
    """A reconcile is about what somebody has written, and gives its own lease back."""
    if verb is Verb.RECONCILE:
        intent = Intent(run="run-1", host=HOST, changes=(), snapshot=(), recorded=NOW)
        world.store.record_intent(intent)
    far.order = replace(far.order, verb=verb)
    report = what_is_said(far)
    unwritten = report.problem is not None and "Nothing was written" in report.problem.hint
    assert (report.outcome, unwritten) == (
        (Outcome.UNREACHABLE, True) if verb is Verb.APPLY else (Outcome.INDETERMINATE, False)
    )
    assert world.store.leases(datetime.now(UTC)) == []
    assert len(world.store.open_intents()) == (verb is Verb.RECONCILE)


def test_an_intent_that_the_store_did_not_take_is_none(world: World, far: FarOrder) -> None:
    """What cannot be recorded is not sent."""

    class Full(MemoryStore):
        def record_intent(self, intent: Intent) -> None:
            raise OSError(intent.run)

    store = world.store
    far.around = replace(far.around, store=Full())
    intent = Intent(run="run-1", host=HOST, changes=(), snapshot=(), recorded=NOW)
    assert far.answer(RecordIntent(intent=intent), SHARED)[1] is not None
    far.around = replace(far.around, store=store)
    assert what_is_said(far).outcome is Outcome.UNREACHABLE
