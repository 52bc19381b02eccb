"""Somebody edits a host after an apply: what is theirs stays, unless they say otherwise."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from remediate.engine.engine import Engine
from remediate.engine.job import Job
from remediate.lab.kinds.scheduled_task import make_task
from remediate.lab.lab import Lab
from remediate.lab.state import HostState
from remediate.model.outcome import ExitCode, HostReport, Outcome
from remediate.model.run import Run
from remediate.resources.scheduled_task import MultipleInstances
from tests.faults.controller import (
    apply_run,
    edit,
    engine_for,
    host_state,
    open_store,
    policies,
    undo_run,
)
from tests.faults.truth import check_report, resources

THEIRS = MultipleInstances.QUEUE


class Site:
    """One host, one controller, and somebody who works on the host too."""

    def __init__(self, lab: Lab, engine: Engine, job: Job) -> None:
        [self.host] = lab.hosts
        self.state = self.host.state
        self.engine = engine
        self.job = job
        self.start = resources(self.state)

    def apply(self, run: Run | None = None) -> HostReport:
        [report] = self.engine.apply([self.host.target()], self.job, run or apply_run())
        return report

    def undo(self, run: Run | None = None, *, force: bool = False) -> HostReport:
        run = run or undo_run()
        [report] = self.engine.rollback(self.engine.store.run(run.undoes), run, force=force)
        return report


@pytest.fixture
def site(job: Job, new_store: Callable[[], Path]) -> Iterator[Callable[[HostState], Site]]:
    labs: list[Lab] = []
    with open_store(new_store()) as store:

        def make(state: HostState) -> Site:
            lab = Lab([state])
            lab.start()
            labs.append(lab)
            return Site(lab, engine_for(store, lab.hosts[0].password), job)

        yield make
        for lab in labs:
            lab.close()


def with_tasks(*wanted: int, stored_password: bool = False) -> HostState:
    tasks = [
        make_task(f"Backup {number}", MultipleInstances(policy), stored_password=stored_password)
        for number, policy in enumerate(wanted)
    ]
    return HostState("SRV01", {"scheduled_tasks": tasks})


Make = Callable[[HostState], Site]


def test_what_somebody_changed_since_is_a_conflict_and_the_rest_goes_back(site: Make) -> None:
    here = site(host_state())
    before = policies(here.state)
    assert here.apply().outcome is Outcome.CHANGED
    edit(here.state, task=0, policy=THEIRS)

    report = here.undo()
    assert report.outcome is Outcome.CONFLICT
    assert report.exit_code is ExitCode.NEEDS_PERSON
    [conflict] = report.plan.conflicts
    assert conflict.change.title.endswith("Microsoft-OnlineBackup")
    assert conflict.change.property == "multiple_instances"
    assert conflict.current == THEIRS
    assert [THEIRS, *before[1:]] == policies(here.state)
    assert here.state.lease is None

    forced = here.undo(undo_run(name="undo-2"), force=True)
    assert forced.outcome is Outcome.CHANGED
    assert here.start == resources(here.state)


def test_a_task_that_is_gone_is_a_conflict_and_stays_gone(site: Make) -> None:
    here = site(host_state())
    here.apply()
    with here.state.lock:
        gone = here.state.windows["scheduled_tasks"].pop(0)
    for name, force in (("undo-1", False), ("undo-2", True)):
        report = here.undo(undo_run(name=name), force=force)
        assert report.outcome is Outcome.CONFLICT
        assert [gone["name"]] == [c.change.resource.key["name"] for c in report.plan.conflicts]
        assert report.plan.conflicts[0].missing
    assert policies(here.state)[:2] == [3, 2]


def test_what_is_back_already_is_left_alone(site: Make) -> None:
    here = site(host_state())
    before = policies(here.state)
    here.apply()
    edit(here.state, task=0, policy=before[0])
    report = here.undo()
    assert report.outcome is Outcome.CHANGED
    assert len(report.plan.changes) == 1
    assert here.start == resources(here.state)
    assert here.undo(undo_run(name="undo-2")).outcome is Outcome.COMPLIANT


def test_a_rollback_can_be_rolled_back(site: Make) -> None:
    here = site(host_state())
    here.apply()
    repaired = resources(here.state)
    here.undo()
    assert here.start == resources(here.state)
    assert here.undo(undo_run("undo-1", "undo-2")).outcome is Outcome.CHANGED
    assert repaired == resources(here.state)
    assert here.undo(undo_run("undo-2", "undo-3")).outcome is Outcome.CHANGED
    assert here.start == resources(here.state)


def test_all_four_policies_come_back_exactly(site: Make) -> None:
    """3, which no enumeration of PowerShell's can name, included."""
    here = site(with_tasks(0, 1, 2, 3))
    report = here.apply()
    assert report.outcome is Outcome.CHANGED
    assert policies(here.state) == [2, 2, 2, 2]
    [severe] = [change for change in report.applied if "kills the running backup" in change.why]
    assert severe.before == MultipleInstances.STOP_EXISTING
    assert here.undo().outcome is Outcome.CHANGED
    assert policies(here.state) == [0, 1, 2, 3]
    assert here.start == resources(here.state)


def test_a_task_with_a_stored_password_is_left_to_a_person(site: Make) -> None:
    here = site(with_tasks(0, 3, stored_password=True))
    report = here.apply()
    assert report.outcome is Outcome.ATTENTION
    assert report.exit_code is ExitCode.PENDING
    rules = [advice.rule for advice in report.plan.advice]
    assert rules == ["stores-password", "run-as"] * 2
    assert here.start == resources(here.state)
    assert here.engine.store.run("apply-1").hosts[0].intent is None


def test_beside_a_stored_password_the_others_are_repaired(site: Make) -> None:
    state = with_tasks(0)
    stored = make_task("With a password", MultipleInstances.STOP_EXISTING, stored_password=True)
    state.section("scheduled_tasks").append(stored)
    here = site(state)
    report = here.apply()
    assert report.outcome is Outcome.CHANGED
    assert report.exit_code is ExitCode.PENDING, "advice that is left pending is never success"
    assert policies(here.state) == [2, 3]
    here.undo()
    assert here.start == resources(here.state)


def test_no_task_is_for_a_person_and_not_success(site: Make) -> None:
    state = host_state()
    state.windows["scheduled_tasks"] = []
    here = site(state)
    report = here.apply()
    assert report.outcome is Outcome.ATTENTION
    assert report.exit_code is ExitCode.PENDING
    [advice] = report.plan.advice
    assert "not registered" in advice.text


def test_drift_between_seeing_and_writing_is_refused_and_undone(site: Make) -> None:
    """The first write is done when the second finds its task edited: it is taken back."""
    here = site(host_state())
    theirs = []

    def hook(state: HostState, pipeline: int) -> None:
        if pipeline == 2:
            edit(state, task=1, policy=THEIRS)
            theirs.append(resources(state))

    here.state.before_pipeline = hook
    report = here.apply()
    assert report.outcome is Outcome.ROLLED_BACK
    assert report.exit_code is ExitCode.FAILED
    assert theirs == [resources(here.state)]
    assert here.state.lease is None


def test_drift_of_something_else_is_told_and_not_ours_to_undo(site: Make) -> None:
    """Somebody edits the third task, which is right already, while we write the other two."""
    here = site(host_state())

    def hook(state: HostState, pipeline: int) -> None:
        if pipeline == 2:
            task = state.windows["scheduled_tasks"][2]
            task["xml"] = task["xml"].replace("<Hidden>false<", "<Hidden>true<")

    here.state.before_pipeline = hook
    report = here.apply()
    assert report.outcome is Outcome.CHANGED
    assert [found.property for found in report.meanwhile] == ["Settings/Hidden"]
    here.state.before_pipeline = None
    task = here.state.windows["scheduled_tasks"][2]
    task["xml"] = task["xml"].replace("<Hidden>true<", "<Hidden>false<")
    check_report(report, here.state, here.start)
    here.undo()
    assert here.start == resources(here.state)
