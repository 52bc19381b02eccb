"""What a saved plan rests on: what may move on a host meanwhile, and what may not."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings
from remediate.engine.saved import Saved
from remediate.lab.hosts import make_state
from remediate.lab.kinds import edit, records
from remediate.lab.state import HostState
from remediate.model.change import Change
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.run import Run, RunKind
from remediate.model.saved_plan import PlannedHost
from remediate.redaction import Redaction
from remediate.runner import Serial
from remediate.testing.store import MemoryStore
from remediate.testing.transport import MemoryTransport

HOST = Host(name="SRV01", address="127.0.0.1", port=5985)
RUN = Run(
    id="one",
    kind=RunKind.APPLY,
    playbooks=(),
    operator="ada@here",
    started=datetime(2026, 11, 29, tzinfo=UTC),
)
RUNNING = 4
FINE = 2
"""Of the three tasks of the host the one that nothing is to be changed of."""


def carried_out(
    state: HostState,
    job: Job,
    meanwhile: Callable[[HostState], object] = lambda _: None,
    edited: Callable[[PlannedHost], PlannedHost] = lambda planned: planned,
    *secrets: str,
) -> tuple[HostReport, PlannedHost]:
    """What becomes of a plan when something happens between making it and carrying it out."""
    transport = MemoryTransport({HOST.address: state})
    redaction = Redaction()
    for secret in secrets:
        redaction.add(secret)
    engine = Engine(
        transport,
        Settings(operator="ada@here"),
        MemoryStore(),
        runner=Serial(),
        redaction=redaction,
    )
    [(report, seen)] = engine.plan([HOST], job)
    planned = edited(PlannedHost(host=HOST, report=report, seen=seen))
    meanwhile(state)
    [report] = engine.apply([HOST], job, RUN, saved={HOST.name: Saved.of(planned)})
    return report, planned


def runs(number: int) -> Callable[[HostState], None]:
    def meanwhile(state: HostState) -> None:
        state.windows["scheduled_tasks"][number]["state"] = RUNNING

    return meanwhile


def set_task(number: int, **values: Any) -> Callable[[HostState], None]:
    def meanwhile(state: HostState) -> None:
        task = records(state, "scheduled_task")[number]
        key = {name: task[name] for name in ("path", "name")}
        edit(state, "scheduled_task", key, **values)

    return meanwhile


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        (lambda state: None, ""),  # noqa: ARG005 - nothing happens
        (runs(0), ""),
        (runs(FINE), ""),
        (set_task(0, multiple_instances=1), "multiple_instances was Parallel and is Queue"),
        (set_task(FINE, enabled=False), "enabled was on and is off"),
        (set_task(FINE, multiple_instances=1), "multiple_instances was IgnoreNew and is Queue"),
        (set_task(0, enabled=False), "enabled was on and is off"),
        (lambda state: state.windows["scheduled_tasks"].pop(FINE), "is gone"),
    ],
    ids=["nothing", "runs", "another runs", "before", "off", "wrong too", "own", "gone"],
)
def test_what_a_plan_rests_on_has_to_be_as_it_was_but_for_what_moves_by_itself(
    job: Job, meanwhile: Callable[[HostState], object], why: str
) -> None:
    report, _ = carried_out(make_state(), job, meanwhile)
    if why:
        assert report.outcome is Outcome.REFUSED
        assert report.problem
        assert report.problem.code == "stale"
        assert why in report.problem.message
        assert report.meanwhile
    else:
        assert report.outcome is Outcome.CHANGED, report.problem


def test_what_a_task_starts_its_program_with_is_in_no_plan_and_not_missed(job: Job) -> None:
    state = make_state()
    for task in state.windows["scheduled_tasks"]:
        assert "<Arguments>" in task["xml"]
        head, _, rest = task["xml"].partition("<Arguments>")
        task["xml"] = f"{head}<Arguments>/Canary {rest}"
    report, planned = carried_out(state, job)
    assert report.outcome is Outcome.CHANGED
    assert "Canary" not in planned.model_dump_json()


def test_a_secret_of_the_run_is_in_no_plan_and_not_missed(job: Job) -> None:
    state = make_state()
    for task in state.windows["scheduled_tasks"]:
        task["xml"] = task["xml"].replace("<Author>", "<Author>C4nary-Secret ")
        assert "C4nary" in task["xml"]
    report, planned = carried_out(state, job, lambda _: None, lambda one: one, "C4nary-Secret")
    assert report.outcome is Outcome.CHANGED
    assert "C4nary" not in planned.model_dump_json()


Edit = Callable[[list[Change]], list[Change]]


def with_changes(edit: Edit) -> Callable[[PlannedHost], PlannedHost]:
    """A plan that says otherwise what it changes."""

    def edited(planned: PlannedHost) -> PlannedHost:
        plan = planned.report.plan
        assert plan is not None
        changes = tuple(edit(list(plan.changes)))
        report = planned.report.model_copy(
            update={"plan": plan.model_copy(update={"changes": changes})}
        )
        return planned.model_copy(update={"report": report})

    return edited


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (lambda changes: changes[1:], "now also wants multiple_instances"),
        (lambda changes: [changes[0].model_copy(update={"after": 1}), *changes[1:]], "now wants"),
        (lambda changes: changes[::-1], "in another order"),
    ],
    ids=["left out", "otherwise", "turned round"],
)
def test_a_plan_that_is_not_what_its_playbooks_want_is_not_carried_out(
    job: Job, edit: Edit, why: str
) -> None:
    state = make_state()
    before = state.without_traces()
    report, _ = carried_out(state, job, edited=with_changes(edit))
    assert report.outcome is Outcome.REFUSED
    assert report.problem
    assert why in report.problem.message
    assert state.without_traces() == before


def test_a_plan_changes_nothing_that_cannot_be_set(job: Job) -> None:
    def elsewhere(changes: list[Change]) -> list[Change]:
        return [one.model_copy(update={"property": "path", "after": "\\"}) for one in changes]

    with pytest.raises(ValueError, match="path is nothing that can be set"):
        carried_out(make_state(), job, edited=with_changes(elsewhere))
