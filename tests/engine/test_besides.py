"""What happened besides what a run was to do is seen, named, and none of its success."""

from collections.abc import Callable
from typing import Any

import pytest

from remediate.engine.job import Job
from remediate.lab.engines import functions
from remediate.lab.kinds.scheduled_task import make_task, with_policy
from remediate.lab.state import HostState, Record
from remediate.model.outcome import ExitCode, HostReport, Outcome
from remediate.report.lines import host_lines
from remediate.report.reporter import Subject
from remediate.resources.scheduled_task import (
    MultipleInstances,
)
from tests.engine.world import World, make_state_policies


def clumsy(monkeypatch: pytest.MonkeyPatch, harm: Callable[[Record], None]) -> None:
    """Make a simulated host do more than it is told when a task is written."""
    real = functions._set

    def set_and_harm(resource: Any, state: HostState, arguments: dict[str, Any]) -> Any:
        result = real(resource, state, arguments)
        for task in state.windows["scheduled_tasks"]:
            if task["name"] == arguments["identity"]["name"]:
                harm(task)
        return result

    monkeypatch.setattr(functions, "_set", set_and_harm)


def test_a_write_that_also_changed_something_else_is_not_called_changed(
    world: World, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The policy reads back as planned, and the rest of the task does not."""

    def hide(task: Record) -> None:
        task["xml"] = task["xml"].replace("<Hidden>false<", "<Hidden>true<")

    clumsy(monkeypatch, hide)
    report = world.apply(job)
    assert (report.outcome, report.exit_code) == (
        Outcome.FAILED_CHANGED,
        ExitCode.NEEDS_PERSON,
    )
    hidden = [found for found in report.differing if found.property == "Settings/Hidden"]
    assert {(found.expected, found.found) for found in hidden} == {("false", "true")}
    assert world.policies() == make_state_policies()


def test_what_a_run_did_besides_is_named_by_its_rollback_and_by_each_further_one(
    world: World, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run put its own change back already; the trigger that is lost it cannot put back."""
    start = world.state.windows["scheduled_tasks"][0]
    start["xml"] = start["xml"].replace("<Triggers>", "<Triggers><BootTrigger />")

    def lose(task: Record) -> None:
        task["xml"] = task["xml"].replace("<BootTrigger />", "")

    clumsy(monkeypatch, lose)
    report = world.apply(job)
    assert report.outcome is Outcome.FAILED_CHANGED
    lost = [found for found in report.differing if found.property.startswith("Triggers/")]
    assert [found.property for found in lost] == ["Triggers/BootTrigger"]
    assert world.policies() == make_state_policies()
    for force in (False, True):
        [back] = world.rollback(force=force)
        assert (back.outcome, back.exit_code) == (Outcome.CONFLICT, ExitCode.NEEDS_PERSON)
        assert back.plan
        [conflict] = back.plan.conflicts
        assert (conflict.change.property, conflict.lost) == ("Triggers/BootTrigger", True)
        lines = said(back, Subject("rollback", ("SRV01",), run="run-2", undone="run-1"))
        assert (
            "Triggers/BootTrigger: now it is absent, and a rollback does not put it back" in lines
        )
        assert "before the run it was 1" in lines
        assert "--force" not in lines


def test_a_rollback_that_lost_something_is_not_the_end_of_it(
    world: World, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = world.state.windows["scheduled_tasks"][0]
    start["xml"] = start["xml"].replace("<Triggers>", "<Triggers><BootTrigger />")
    assert world.apply(job).outcome is Outcome.CHANGED

    def lose(task: Record) -> None:
        task["xml"] = task["xml"].replace("<BootTrigger />", "")

    clumsy(monkeypatch, lose)
    [back] = world.rollback()
    assert back.outcome is Outcome.FAILED_CHANGED
    monkeypatch.undo()
    [again] = world.rollback()
    assert again.outcome is Outcome.CONFLICT
    [again] = world.rollback()
    assert again.outcome is Outcome.CONFLICT
    assert again.plan
    assert [one.change.property for one in again.plan.conflicts] == ["Triggers/BootTrigger"]


def test_what_somebody_changed_after_a_run_that_went_well_is_none_of_its_rollback(
    world: World, job: Job
) -> None:
    assert world.apply(job).outcome is Outcome.CHANGED
    task = world.state.windows["scheduled_tasks"][0]
    task["xml"] = task["xml"].replace("<Hidden>false<", "<Hidden>true<")
    [back] = world.rollback()
    assert back.outcome is Outcome.CHANGED
    assert "<Hidden>true<" in task["xml"]


def said(report: HostReport, subject: Subject) -> str:
    lines = host_lines(report, subject)
    return "\n".join("".join(text for text, _ in line.spans) for line in lines)


def test_a_write_that_does_not_last_is_not_called_changed(
    world: World, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host reports success, and something there puts another value in its place."""

    def queue(task: Record) -> None:
        task["xml"] = with_policy(task["xml"], MultipleInstances.QUEUE)

    clumsy(monkeypatch, queue)
    report = world.apply(job)
    assert report.outcome is Outcome.FAILED_CHANGED
    assert report.applied == ()


def test_a_new_fault_that_turns_up_meanwhile_is_not_called_repaired(world: World, job: Job) -> None:
    def add_a_task(number: int) -> None:
        if number == 2:
            task = make_task("Late", MultipleInstances.PARALLEL)
            world.state.section("scheduled_tasks").append(task)

    world.trouble = add_a_task
    report = world.apply(job)
    assert report.outcome is Outcome.ROLLED_BACK
    assert sorted(world.policies()) == sorted([*make_state_policies(), 0])
