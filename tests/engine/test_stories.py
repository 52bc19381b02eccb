"""One host through one run, story by story, over simulated hosts in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.lab.engines import functions
from remediate.lab.hosts import make_state
from remediate.lab.kinds import edit, put, record, records
from remediate.lab.kinds.scheduled_task import make_task, with_policy
from remediate.lab.state import HostState, Record
from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.model.outcome import ExitCode, HostReport, Outcome
from remediate.model.plan import Plan
from remediate.model.run import Run, RunKind
from remediate.playbook import Advice, Playbook, PlaybookParams
from remediate.playbook.catalogue import Catalogue
from remediate.powershell.messages import MAX_REQUEST
from remediate.report.lines import host_lines
from remediate.report.reporter import Subject
from remediate.resources.registry_value import RegistryName, RegistryValue, RegistryValues
from remediate.resources.scheduled_task import (
    MultipleInstances,
    ScheduledTask,
    ScheduledTasks,
)
from remediate.runner import Serial
from remediate.store.errors import StoreUnavailable
from remediate.store.spill import read_spill
from remediate.testing.store import MemoryStore
from remediate.testing.transport import MemoryTransport, Trouble
from remediate.transport.errors import AuthenticationFailed, ConnectionLost

HOST = Host(name="SRV01", address="127.0.0.1", port=5985, auth=Auth.BASIC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
VALUE = RegistryName(key=r"HKEY_LOCAL_MACHINE\SOFTWARE\Test", name="Setting")


class SetValue(Playbook[PlaybookParams]):
    """A setting."""

    id = "set-value"
    title = "Set a value"
    source = "https://example.com/kb/1"
    wanted = "good"

    def observe(self, params: PlaybookParams) -> list[RegistryValues]:
        return [RegistryValues(values=(VALUE,))]

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        value = seen.one(RegistryValue)
        yield value.should(value={"type": "String", "data": self.wanted})


class IgnoreNew(Playbook[PlaybookParams]):
    """Tasks, and nothing of the registry."""

    id = "ignore-new"
    title = "Start no second instance"
    source = "https://example.com/kb/1"

    def observe(self, params: PlaybookParams) -> list[ScheduledTasks]:
        return [ScheduledTasks(folder=r"\Microsoft\OnlineBackup")]

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        for task in seen.all(ScheduledTask):
            yield task.should(multiple_instances=MultipleInstances.IGNORE_NEW)


class SetOtherwise(SetValue):
    """The same setting, otherwise."""

    id = "set-otherwise"
    wanted = "other"


class Guarded(SetValue):
    """A setting that must not be touched now."""

    id = "guarded"

    def guard(self, seen: Any, params: PlaybookParams) -> list[str]:
        return ["a backup is running: wait for it to end"]


class First(SetValue):
    """Wants to come before the others by name, and says so nowhere."""

    id = "first"
    after = ("schedule-fix",)


class ForGood(SetValue):
    """A setting that nobody can take back."""

    id = "for-good"

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        value = seen.one(RegistryValue)
        yield value.should(irreversible=True, value={"type": "String", "data": "good"})


@dataclass
class World:
    """A host, a store and an engine to work on them."""

    state: HostState = field(default_factory=make_state)
    store: MemoryStore = field(default_factory=MemoryStore)
    trouble: Callable[[int], Trouble | None] = lambda _: None
    settings: Settings = field(default_factory=lambda: Settings(operator="ada@here"))
    folder: Path | None = None
    runs: int = 0

    def __post_init__(self) -> None:
        states = {"127.0.0.1": self.state}
        self.transport = MemoryTransport(states, lambda n: self.trouble(n))  # noqa: PLW0108 - it may be replaced

    @property
    def engine(self) -> Engine:
        return Engine(
            self.transport, self.settings, self.store, spill_folder=self.folder, runner=Serial()
        )

    def run(self, undoes: str | None = None) -> Run:
        self.runs += 1
        kind = RunKind.ROLLBACK if undoes else RunKind.APPLY
        name = f"run-{self.runs}"
        return Run(
            id=name, kind=kind, playbooks=(), operator="ada@here", started=NOW, undoes=undoes
        )

    def apply(self, job: Job, confirm: Callable[[Plan], bool] | None = None) -> HostReport:
        [report] = self.engine.apply([HOST], job, self.run(), confirm)
        return report

    def rollback(self, run: str = "run-1", **options: Any) -> list[HostReport]:
        return list(self.engine.rollback(self.store.run(run), self.run(run), **options))

    def sent(self) -> list[str]:
        return [call.function for request in self.transport.requests for call in request.calls]

    def policies(self) -> list[int]:
        tasks = records(self.state, "scheduled_task")
        return [task["multiple_instances"] for task in tasks if "Backup" in task["path"]]

    def value(self) -> str | None:
        [found] = records(self.state, "registry_value", values=[VALUE.model_dump()])
        return found["value"] and str(found["value"]["data"])

    def set_policy(self, task: Record, policy: MultipleInstances) -> None:
        """Somebody else sets a task's policy."""
        key = {name: task[name] for name in ("path", "name")}
        edit(self.state, "scheduled_task", key, multiple_instances=int(policy))


@pytest.fixture
def world() -> World:
    return World()


def job_of(*playbooks: Playbook[Any]) -> Job:
    return Job.of(Task(playbook, playbook.params()) for playbook in playbooks)


def schedule_fix() -> Playbook[Any]:
    return Catalogue().load("schedule-fix")


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


def make_state_policies() -> list[int]:
    return World().policies()


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


class FailingStore(MemoryStore):
    """A store whose disk is full from some method on."""

    def __init__(self, failing: Sequence[str]) -> None:
        super().__init__()
        self.failing = failing

    def __getattribute__(self, name: str) -> Any:
        if name != "failing" and name in self.failing:
            raise StoreUnavailable("store.db", "the disk is full", "Make room.")
        return super().__getattribute__(name)


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
    [file] = [file for file in read_spill(tmp_path) if file.path.parent == tmp_path]
    [entry] = file.entries
    assert entry.report
    assert entry.report.outcome is Outcome.CHANGED


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
