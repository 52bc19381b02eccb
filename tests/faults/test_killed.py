"""A controller is killed with -9: what is on record is true, and everything can be undone."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from remediate.engine.job import Job
from remediate.lab.host import LabHost
from remediate.lab.lab import Lab
from remediate.model.outcome import Outcome
from remediate.store.run_lock import is_running
from remediate.store.sql import SqlStore
from remediate.transport.conversation import IDLE_SECONDS
from tests.faults.controller import (
    LEASE,
    PATIENT,
    apply_run,
    engine_for,
    host_state,
    open_store,
    undo_run,
)
from tests.faults.doomed import MOMENTS, WRITE
from tests.faults.truth import check_report, check_written_once, resources

ROOT = Path(__file__).parents[2]
RECORDED = MOMENTS.index("after begin_run")
LEASED = MOMENTS.index("after take_lease")
INTENDED = MOMENTS.index("after record_intent")
WRITTEN = MOMENTS.index(f"after {WRITE}")
CLOSED = MOMENTS.index("after close_host")
FINISHED = MOMENTS.index("after finish_run")

Doom = Callable[[str, LabHost, Path], subprocess.Popen[str]]


@pytest.fixture
def doomed() -> Iterator[Doom]:
    """Starts a controller that will stand still at a moment."""
    with ExitStack() as ends:

        def start(moment: str, host: LabHost, file: Path) -> subprocess.Popen[str]:
            target = host.target().model_dump_json()
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.doomed", moment, str(file), target],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            ends.enter_context(process)
            ends.callback(process.kill)
            return process

        yield start


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait(PATIENT)


OFTEN = {INTENDED, WRITTEN}
"""The moments that an ordinary run tries: each costs a process."""


@pytest.mark.parametrize(
    "at",
    [
        pytest.param(at, id=moment, marks=() if at in OFTEN else pytest.mark.slow)
        for at, moment in enumerate(MOMENTS)
    ],
)
def test_whenever_the_controller_is_killed_the_journal_knows(
    at: int, job: Job, doomed: Doom, new_store: Callable[[], Path]
) -> None:
    file, seconds = new_store(), [0.0]
    with Lab(clock=lambda: seconds[0]) as lab, open_store(file) as store:
        [host] = lab.hosts
        start = resources(host.state)
        process = doomed(MOMENTS[at], host, file)
        assert f"{MOMENTS[at]}\n" == process.stdout.readline()
        running = partial(is_running, folder=store.place.locks)
        engine = engine_for(store, host.password, is_running=running)
        check_living(engine.reconcile, store, at)

        kill(process)
        assert not running(apply_run().id)
        check_record(store, at)
        for _, closed in engine.reconcile():
            if at < INTENDED:
                assert Outcome.SKIPPED is closed.outcome
                assert start == resources(host.state)
                continue
            expected = Outcome.CHANGED if at >= WRITTEN else Outcome.FAILED_UNCHANGED
            assert expected is closed.outcome
            check_report(closed, host.state, start)
        assert store.open_intents(indeterminate=True) == []
        assert store.leases(apply_run().started) == []
        assert all(summary.finished for summary in store.runs())
        check_written_once(host)

        if at >= RECORDED:
            undone = list(engine.rollback(store.run(apply_run().id), undo_run()))
            ours = [Outcome.CHANGED] if at >= WRITTEN else []
            assert ours == [report.outcome for report in undone]
        assert start == resources(host.state)
        assert host.state.lease is None
        # Nothing is left that does not end by itself.
        assert store.leases(engine.now() + LEASE) == []
        seconds[0] += IDLE_SECONDS
        lab.reap()
        assert not host.leaks()


def check_living(reconcile: Callable[[], Iterator[object]], store: SqlStore, at: int) -> None:
    """A run that lives closes its own intents."""
    reports = list(reconcile())
    if INTENDED <= at < CLOSED:
        [(_, report)] = reports
        assert report.outcome is Outcome.REFUSED
        assert report.problem.code == "still_running"
        assert len(store.open_intents()) == 1
    else:
        assert reports == []


def check_record(store: SqlStore, at: int) -> None:
    """What was durable when it died is there, and nothing else."""
    assert (1 if at >= RECORDED else 0) == len(store.runs())
    assert (1 if LEASED <= at < CLOSED else 0) == len(store.leases(apply_run().started))
    if at >= RECORDED:
        record = store.run(apply_run().id)
        [host] = record.hosts
        assert (at >= INTENDED) == (host.intent is not None)
        assert (at >= CLOSED) == (host.report is not None)
        assert (at >= FINISHED) == (record.finished is not None)


def test_the_lease_of_a_killed_controller_holds_until_it_expires(
    job: Job, doomed: Doom, new_store: Callable[[], Path]
) -> None:
    file = new_store()
    with Lab([host_state()]) as lab, open_store(file) as store:
        [host] = lab.hosts
        process = doomed("after take_lease", host, file)
        process.stdout.readline()
        kill(process)
        [(_, holder)] = store.leases(apply_run().started)

        early = holder.until - LEASE / 10
        engine = engine_for(store, host.password, operator="bob@depot", now=lambda: early)
        [report] = engine.apply([host.target()], job, apply_run("apply-2"))
        assert report.outcome is Outcome.REFUSED
        assert holder == report.holder
        assert apply_run().id in report.problem.message
        assert "ada@bastion" in report.problem.message
        assert f"{holder.since:%Y-%m-%d %H:%M:%S}" in report.problem.message
        assert host.requests == 0, "it was refused before the host heard of it"

        late = engine_for(store, host.password, operator="bob@depot", now=lambda: holder.until)
        [report] = late.apply([host.target()], job, apply_run("apply-3"))
        assert report.outcome is Outcome.CHANGED
        assert any(apply_run().id in note and "ada@bastion" in note for note in report.notes)
        assert store.leases(holder.until) == []
