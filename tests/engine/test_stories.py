"""One host through one run, story by story, over simulated hosts in memory."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from remediate.engine.job import Job, Settings
from remediate.lab.engines import functions
from remediate.lab.kinds import put, record, records
from remediate.lab.kinds.scheduled_task import make_task
from remediate.lab.state import HostState
from remediate.model.outcome import ExitCode, Outcome
from remediate.model.plan import Plan
from remediate.playbook import Advice, PlaybookParams
from remediate.powershell.messages import MAX_REQUEST
from remediate.resources.registry_value import RegistryValue
from remediate.resources.scheduled_task import (
    MultipleInstances,
)
from remediate.testing.transport import Trouble
from remediate.transport.errors import AuthenticationFailed, ConnectionLost
from tests.engine.world import (
    HOST,
    NOW,
    VALUE,
    First,
    ForGood,
    Guarded,
    SetOtherwise,
    SetValue,
    World,
    job_of,
    make_state_policies,
    schedule_fix,
)


def test_an_audit_only_reads(world: World, job: Job) -> None:
    before = world.state.snapshot()
    [report] = world.engine.audit([HOST], job)
    assert report.outcome is Outcome.WOULD_CHANGE
    assert {name.partition("-")[0] for name in world.sent()} == {"Get"}
    assert world.state.snapshot() == before
    assert world.transport.opened == world.transport.closed == 1


def test_a_compliant_host_is_not_written_to_at_all(world: World, job: Job) -> None:
    world.apply(job)
    world.transport.requests.clear()
    assert world.apply(job).outcome is Outcome.COMPLIANT
    assert {name.partition("-")[0] for name in world.sent()} == {"Get"}


def test_a_change_takes_two_pipelines_with_lease_proof_and_receipt(world: World, job: Job) -> None:
    report = world.apply(job)
    assert report.outcome is Outcome.CHANGED
    assert len(world.transport.requests) == 2
    assert world.policies() == [2, 2, 2]
    assert world.state.lease is None
    assert [receipt["run"] for receipt in world.state.receipts] == ["run-1"]
    assert world.store.leases(NOW) == []


def test_several_playbooks_are_one_round_of_questions_and_one_write(world: World) -> None:
    report = world.apply(job_of(SetValue(), schedule_fix()))
    assert report.outcome is Outcome.CHANGED
    assert len(world.transport.requests) == 2
    assert (world.policies(), world.value()) == ([2, 2, 2], "good")
    [undone] = world.rollback()
    assert undone.outcome is Outcome.CHANGED
    assert (2 in world.policies(), world.value()) == (True, None)


def test_playbooks_come_in_the_order_that_they_ask_for() -> None:
    job = job_of(First(), schedule_fix())
    assert [task.playbook.id for task in job.tasks] == ["schedule-fix", "first"]


def test_playbooks_that_wait_for_each_other_are_refused() -> None:
    first, second = SetValue(), SetOtherwise()
    first.after, second.after = ("set-otherwise",), ("set-value",)  # type: ignore[misc]
    with pytest.raises(ValueError, match="wait for each other: set-otherwise, set-value"):
        job_of(first, second)


def test_when_one_playbook_fails_all_are_taken_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run is all or nothing on a host."""

    def denied(*_: object) -> None:
        raise functions.CallFailedError("Denied", "access is denied")

    real = functions._set

    def set_or_deny(resource: Any, state: Any, arguments: Any) -> Any:
        return denied() if resource is RegistryValue else real(resource, state, arguments)

    monkeypatch.setattr(functions, "_set", set_or_deny)
    report = world.apply(job_of(schedule_fix(), SetValue()))
    assert report.outcome is Outcome.ROLLED_BACK
    assert report.problem
    assert "access is denied" in report.problem.message
    assert world.policies() == make_state_policies()
    assert world.value() is None
    assert world.state.lease is None


def test_what_a_failed_write_left_half_done_is_never_called_rolled_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The value is neither what it was nor what it should be: rollback cannot tell whose it is."""
    real = functions._set

    def half(resource: Any, state: HostState, arguments: Any) -> Any:
        if resource is not RegistryValue:
            return real(resource, state, arguments)
        put(state, {"registry_value": {f"{VALUE}": "half"}})
        raise functions.CallFailedError("Denied", "access is denied")

    monkeypatch.setattr(functions, "_set", half)
    report = world.apply(job_of(schedule_fix(), SetValue()))
    assert world.value() == "half"
    assert world.policies() == make_state_policies()
    assert (report.outcome, report.applied) == (Outcome.FAILED_CHANGED, ())
    assert any("half" in str(found.found) for found in report.differing)


def test_what_somebody_else_moved_does_not_hide_that_ours_was_rolled_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that was refused before it wrote leaves nothing of ours."""
    real = functions._set

    def moved(resource: Any, state: HostState, arguments: Any) -> Any:
        if resource is RegistryValue:
            put(state, {"registry_value": {f"{VALUE}": "theirs"}})
        return real(resource, state, arguments)

    monkeypatch.setattr(functions, "_set", moved)
    report = world.apply(job_of(schedule_fix(), SetValue()))
    assert world.value() == "theirs"
    assert world.policies() == make_state_policies()
    assert report.outcome is Outcome.ROLLED_BACK


def test_playbooks_that_want_different_values_are_refused(world: World) -> None:
    report = world.apply(job_of(SetValue(), SetOtherwise()))
    assert report.outcome is Outcome.REFUSED
    assert report.problem
    assert "set-value and set-otherwise want different values" in report.problem.message
    assert world.value() is None


def test_playbooks_that_want_the_same_value_change_it_once(world: World) -> None:
    same = SetOtherwise()
    same.wanted = "good"
    report = world.apply(job_of(SetValue(), same))
    assert report.outcome is Outcome.CHANGED
    assert len(report.applied) == 1


def test_a_guard_refuses_before_anything_is_recorded(world: World) -> None:
    report = world.apply(job_of(Guarded()))
    assert (report.outcome, report.exit_code) == (Outcome.REFUSED, ExitCode.REFUSED)
    assert report.problem
    assert report.problem.message.startswith("a backup is running")
    assert world.store.open_intents() == []
    assert {name.partition("-")[0] for name in world.sent()} == {"Get"}


def test_more_than_windows_powershell_can_read_is_refused_before_anything_is_recorded(
    world: World,
) -> None:
    playbook = SetValue()
    playbook.wanted = "x" * MAX_REQUEST  # type: ignore[misc]
    report = world.apply(job_of(playbook))
    assert report.problem is not None
    assert (report.outcome, report.problem.code) == (Outcome.REFUSED, "too_many")
    assert (world.value(), world.store.open_intents()) == (None, [])


def test_what_cannot_be_undone_needs_to_be_accepted(world: World) -> None:
    report = world.apply(job_of(ForGood()))
    assert report.outcome is Outcome.REFUSED
    assert report.problem
    assert report.problem.code == "irreversible"
    assert world.value() is None
    world.settings = replace(world.settings, accept_irreversible=True)
    assert world.apply(job_of(ForGood())).outcome is Outcome.CHANGED
    assert world.rollback("run-2") == [] or world.value() == "good"


def test_a_person_who_says_no_leaves_the_host_alone(world: World, job: Job) -> None:
    plans: list[Plan] = []

    def no(plan: Plan) -> bool:
        plans.append(plan)
        return False

    assert world.apply(job, no).outcome is Outcome.REFUSED
    assert len(plans[0].changes) == 2
    assert {name.partition("-")[0] for name in world.sent()} == {"Get"}


def test_a_person_who_says_yes_costs_one_more_look(world: World, job: Job) -> None:
    assert world.apply(job, lambda _: True).outcome is Outcome.CHANGED
    assert len(world.transport.requests) == 3


def test_a_plan_that_grew_old_while_a_person_looked_is_refused(world: World, job: Job) -> None:
    def yes_but(_: Plan) -> bool:
        world.set_policy(records(world.state, "scheduled_task")[0], MultipleInstances.QUEUE)
        return True

    report = world.apply(job, yes_but)
    assert report.outcome is Outcome.REFUSED
    assert report.problem
    assert report.problem.code == "stale"


def test_a_task_that_moved_since_it_was_observed_is_not_written(world: World, job: Job) -> None:
    def move(pipeline: int) -> None:
        if pipeline == 2:
            for task in records(world.state, "scheduled_task"):
                if task["multiple_instances"] != MultipleInstances.IGNORE_NEW:
                    world.set_policy(task, MultipleInstances.QUEUE)

    world.trouble = move  # type: ignore[assignment]
    report = world.apply(job)
    assert report.outcome is Outcome.REFUSED
    assert report.problem
    assert report.problem.code == "stale"
    assert world.state.lease is None


def test_an_unknown_result_is_looked_at_and_never_repeated(world: World, job: Job) -> None:
    world.trouble = lambda n: Trouble(ConnectionLost, calls=-1) if n == 2 else None
    report = world.apply(job)
    assert report.outcome is Outcome.CHANGED
    assert any("read again" in note for note in report.notes)
    assert sum(name.startswith("Set-") for name in world.sent()) == 2
    assert world.state.lease is None


def test_a_host_that_stays_away_is_indeterminate_until_it_is_reconciled(
    world: World, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remediate.engine.writing.RECOVERY_PAUSES", (0.0, 0.0))
    world.trouble = lambda n: Trouble(ConnectionLost, calls=2) if n > 1 else None
    report = world.apply(job)
    assert (report.outcome, report.exit_code) == (Outcome.INDETERMINATE, ExitCode.NEEDS_PERSON)
    world.trouble = lambda _: None
    [(run, closed)] = world.engine.reconcile()
    assert (run.id, closed.outcome) == ("run-1", Outcome.FAILED_CHANGED)
    assert len(closed.applied) == 1
    [undone] = world.rollback()
    assert undone.outcome is Outcome.CHANGED
    assert sorted(world.policies()) == sorted(make_state_policies())


def test_without_auto_rollback_a_half_done_host_is_left_for_a_person(world: World) -> None:
    world.settings = replace(world.settings, auto_rollback=False)
    world.trouble = lambda n: Trouble(ConnectionLost, calls=2) if n == 2 else None
    report = world.apply(job_of(schedule_fix()))
    assert report.outcome is Outcome.FAILED_CHANGED
    assert report.lease_kept
    assert len(report.applied) == 1
    assert {found.property for found in report.differing} == {"multiple_instances"}


@pytest.mark.parametrize("policy", list(MultipleInstances))
def test_every_policy_goes_back_exactly(policy: MultipleInstances, job: Job) -> None:
    world = World(HostState("SRV01", {"scheduled_tasks": [make_task("Backup", policy)]}))
    before = world.state.without_traces()
    outcome = world.apply(job).outcome
    assert outcome is (
        Outcome.COMPLIANT if policy is MultipleInstances.IGNORE_NEW else Outcome.CHANGED
    )
    world.rollback()
    assert world.state.without_traces() == before


def test_a_rollback_leaves_alone_what_somebody_else_changed(world: World, job: Job) -> None:
    world.apply(job)
    first = world.store.run("run-1").hosts[0].report
    assert first
    task = record(world.state, "scheduled_task", name=first.applied[0].resource.key["name"])
    world.set_policy(task, MultipleInstances.QUEUE)
    [report] = world.rollback()
    assert (report.outcome, report.exit_code) == (Outcome.CONFLICT, ExitCode.NEEDS_PERSON)
    assert report.plan
    assert [conflict.current for conflict in report.plan.conflicts] == [MultipleInstances.QUEUE]
    assert len(report.applied) == 1
    [forced] = world.rollback(force=True)
    assert forced.outcome is Outcome.CHANGED
    assert sorted(world.policies()) == sorted(make_state_policies())


def test_a_rollback_can_be_rolled_back(world: World, job: Job) -> None:
    world.apply(job)
    world.rollback()
    [report] = world.rollback("run-2")
    assert report.outcome is Outcome.CHANGED
    assert world.policies() == [2, 2, 2]


def test_a_rollback_dry_run_says_what_it_would_do(world: World, job: Job) -> None:
    world.apply(job)
    [report] = world.rollback(dry_run=True)
    assert report.outcome is Outcome.WOULD_CHANGE
    assert world.policies() == [2, 2, 2]


def test_a_host_that_somebody_holds_is_refused_with_his_name(world: World, job: Job) -> None:
    other = {"run": "theirs", "owner": "eve@there", "fence": 9, "since": 0, "until": 4_000_000_000}
    world.state.lease = dict(other)
    report = world.apply(job)
    assert report.outcome is Outcome.REFUSED
    assert report.holder
    assert report.holder.owner == "eve@there"
    assert world.policies() == make_state_policies()
    assert world.state.lease == other
    [seen] = world.engine.locks([HOST])
    assert seen.holder == report.holder


def test_a_host_that_another_run_here_holds_is_not_even_contacted(world: World, job: Job) -> None:
    now = datetime.now(UTC)
    world.store.take_lease("127.0.0.1:5985", "theirs", "eve@here", now, timedelta(hours=1))
    report = world.apply(job)
    assert report.outcome is Outcome.REFUSED
    assert report.problem
    assert "eve@here" in report.problem.message
    assert world.sent() == []
    [seen] = world.engine.locks([HOST])
    assert seen.holder == report.holder


@pytest.mark.parametrize("leased", [True, False])
def test_a_run_killed_before_it_wrote_is_closed_by_reconcile_and_the_host_is_free(
    world: World, job: Job, leased: bool
) -> None:
    killed = world.run()
    world.store.begin_run(killed, [HOST])
    if leased:
        now = datetime.now(UTC)
        world.store.take_lease("127.0.0.1:5985", killed.id, "ada@here", now, timedelta(hours=1))
    alive = replace(world.engine, is_running=lambda _: True)
    elsewhere = replace(world.engine, settings=Settings(operator="ada@there"))
    assert [*alive.reconcile(), *elsewhere.reconcile()] == []

    [(run, report)] = world.engine.reconcile()
    assert (run, report.outcome) == (killed, Outcome.SKIPPED)
    assert world.sent() == []
    assert world.store.run(killed.id).finished
    assert list(world.engine.reconcile()) == []
    assert world.apply(job).outcome is Outcome.CHANGED


def test_a_bug_of_ours_is_an_internal_error_of_one_host(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("remediate.engine.planning._contradictions", broken)
    report = world.apply(job_of(SetValue()))
    assert (report.outcome, report.exit_code) == (
        Outcome.INTERNAL_ERROR,
        ExitCode.INTERNAL_ERROR,
    )
    assert world.store.run("run-1").hosts[0].report == report
    assert world.value() is None
    assert world.transport.closed == 1
    assert world.store.leases(datetime.now(UTC)) == []


def test_advice_alone_asks_for_attention(world: World) -> None:
    class Advising(SetValue):
        """Advising."""

        id = "advising"

        def decide(self, seen: Any, params: PlaybookParams) -> Any:
            yield Advice("Look", "at it", rule="look")

    report = world.apply(job_of(Advising()))
    assert (report.outcome, report.exit_code) == (Outcome.ATTENTION, ExitCode.PENDING)
    assert report.plan
    [advice] = report.plan.advice
    assert (advice.playbook, advice.rule, advice.resource) == ("advising", "look", None)


def test_a_rollback_that_cannot_log_on_leaves_what_is_known_to_be_told(world: World) -> None:
    """Nothing of it was sent, so the host is as it was last seen: half done, and named."""
    troubles = {
        2: Trouble(ConnectionLost, calls=2),
        4: Trouble(AuthenticationFailed, after_send=False),
    }
    world.trouble = troubles.get
    report = world.apply(job_of(schedule_fix()))
    assert report.outcome is Outcome.FAILED_CHANGED
    assert len(report.applied) == 1
    assert report.lease_kept
