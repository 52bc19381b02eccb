"""Two controllers want the same host at the same moment: one gets it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from remediate.engine.job import Job
from remediate.lab.host import LabHost
from remediate.lab.lab import Lab
from remediate.lab.state import HostState
from remediate.model.outcome import ExitCode, HostReport, Outcome
from remediate.store.sql import SqlStore
from tests.faults import doomed, received
from tests.faults.controller import apply_run, edit, engine_for, host_state, open_store, undo_run
from tests.faults.truth import check_lease_expires, check_report, resources

OBSERVE, WRITE = 1, 2
"""Pipelines of an apply."""


def apply_at(host: LabHost, store: SqlStore, job: Job, name: str, operator: str) -> HostReport:
    engine = engine_for(store, host.password, operator=operator)
    [report] = engine.apply([host.target()], job, apply_run(name))
    return report


def when_pipeline(number: int, work: Callable[[], None]) -> Callable[[HostState, int], None]:
    """A hook of the lab that works when the n-th pipeline is about to run."""

    def hook(state: HostState, pipeline: int) -> None:
        if pipeline == number:
            state.before_pipeline = None
            work()

    return hook


@pytest.fixture
def lab() -> Iterator[Lab]:
    """One host, which two controllers know by the same address."""
    with Lab([host_state()]) as lab:
        yield lab


@pytest.mark.parametrize("overlap", [OBSERVE, WRITE])
def test_of_two_with_one_store_the_second_is_turned_away_at_once(
    lab: Lab, overlap: int, job: Job, new_store: Callable[[], Path]
) -> None:
    [host] = lab.hosts
    start, file, second = resources(host.state), new_store(), []
    with open_store(file) as ours, open_store(file) as theirs:

        def meanwhile() -> None:
            before = host.requests
            second.append(apply_at(host, theirs, job, "apply-2", "bob@depot"))
            assert before == host.requests, "the host has heard of it"

        host.state.before_pipeline = when_pipeline(overlap, meanwhile)
        first = apply_at(host, ours, job, "apply-1", "ada@bastion")
    assert first.outcome is Outcome.CHANGED
    check_report(first, host.state, start)
    check_refused(second, "apply-1", "ada@bastion")
    assert {run for run, _, _ in received.writes(host)} == {"apply-1"}


def test_of_two_with_a_store_each_the_lease_on_the_host_decides(
    lab: Lab, job: Job, new_store: Callable[[str], Path]
) -> None:
    """The first stopped half way, and keeps the host until somebody has undone it."""
    [host] = lab.hosts
    with open_store(new_store("ours")) as ours, open_store(new_store("theirs")) as theirs:
        host.state.before_pipeline = when_pipeline(WRITE, lambda: edit(host.state, task=1))
        halfway = engine_for(ours, host.password, auto_rollback=False)
        [first] = halfway.apply([host.target()], job, apply_run("apply-1"))
        assert first.outcome is Outcome.FAILED_CHANGED
        assert first.lease_kept
        check_lease_expires(host.state)

        before = resources(host.state)
        second = apply_at(host, theirs, job, "apply-2", "bob@depot")
        check_refused([second], "apply-1", "ada@bastion")
        assert before == resources(host.state)
        assert theirs.open_intents(indeterminate=True) == []
        assert theirs.leases(apply_run().started) == []

        [undone] = halfway.rollback(ours.run("apply-1"), undo_run("apply-1"))
        assert undone.outcome is Outcome.CONFLICT, "the task that somebody edited"
        assert host.state.lease is None
        again = apply_at(host, theirs, job, "apply-3", "bob@depot")
        assert again.outcome is Outcome.CHANGED


def test_a_second_one_is_turned_away_while_the_first_is_writing(
    lab: Lab, job: Job, new_store: Callable[[], Path]
) -> None:
    [host] = lab.hosts

    def writing() -> None:
        host.state.lease_active = True

    start = resources(host.state)
    host.state.before_pipeline = when_pipeline(WRITE, writing)
    with open_store(new_store()) as store:
        report = apply_at(host, store, job, "apply-2", "bob@depot")
    assert report.outcome is Outcome.REFUSED
    assert report.problem.code == "lease_held"
    assert start == resources(host.state)


def test_of_two_that_have_seen_the_same_the_later_one_finds_it_stale(
    lab: Lab, job: Job, new_store: Callable[[str], Path]
) -> None:
    [host] = lab.hosts
    start, second = resources(host.state), []
    with open_store(new_store("ours")) as ours, open_store(new_store("theirs")) as theirs:

        def meanwhile(moment: str) -> None:
            if moment == f"before {doomed.WRITE}":
                second.append(apply_at(host, theirs, job, "apply-2", "bob@depot"))

        engine = engine_for(ours, host.password)
        slow = replace(engine, transport=doomed.DoomedTransport(engine.transport, meanwhile))
        [first] = slow.apply([host.target()], job, apply_run("apply-1"))
        assert second[0].outcome is Outcome.CHANGED
        check_report(second[0], host.state, start)
        assert first.outcome is Outcome.REFUSED
        assert first.problem.code == "stale"
        assert host.state.lease is None

        assert list(engine.rollback(ours.run("apply-1"), undo_run("apply-1"))) == []
        other = engine_for(theirs, host.password, operator="bob@depot")
        [undone] = other.rollback(theirs.run("apply-2"), undo_run("apply-2"))
        assert undone.outcome is Outcome.CHANGED
        assert start == resources(host.state)


def check_refused(reports: list[HostReport], run: str, owner: str) -> None:
    [report] = reports
    assert report.outcome is Outcome.REFUSED
    assert report.exit_code is ExitCode.REFUSED
    assert report.problem.code == "lease_held"
    assert (run, owner) == (report.holder.run, report.holder.owner)
    for said in (run, owner, f"since {report.holder.since:%Y-%m-%d %H:%M:%S} UTC"):
        assert said in report.problem.message
