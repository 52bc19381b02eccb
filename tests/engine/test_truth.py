"""Whatever breaks, and whenever: what is reported is what is true."""

import copy
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings
from remediate.engine.recorded import changes_to_undo
from remediate.lab.kinds import records
from remediate.lab.kinds.scheduled_task import make_task, with_policy
from remediate.lab.state import HostState, Record
from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.run import Run, RunKind
from remediate.resources.scheduled_task import MultipleInstances
from remediate.runner.serial import Serial
from remediate.store.errors import UnknownRun
from remediate.testing.store import MemoryStore
from remediate.testing.transport import MemoryTransport, Trouble
from remediate.transport import errors

HOST = Host(name="SRV01", address="127.0.0.1", port=5985, auth=Auth.BASIC)
KIND = "scheduled_task"
NOTHING_OF_OURS = {
    Outcome.SKIPPED,
    Outcome.COMPLIANT,
    Outcome.ATTENTION,
    Outcome.FAILED_UNCHANGED,
    Outcome.ROLLED_BACK,
    Outcome.REFUSED,
    Outcome.UNREACHABLE,
}


class Killed(BaseException):
    """The controller is gone, with -9."""


@dataclass(frozen=True)
class Drift:
    """Somebody edits a task when the tasks are looked at for the n-th time."""

    at: int
    task: int
    policy: int | None
    """The policy it gets; None to disable the task instead."""


@dataclass
class LivelyState(HostState):
    """A host on which somebody else is at work too."""

    drift: dict[int, Drift] = field(default_factory=dict)
    looks: int = 0
    theirs: list[Record] = field(default_factory=list)
    """The tasks as they would be if we had never come."""
    ambiguous: set[str] = field(default_factory=set)
    """Tasks that somebody else gave the very value that they had, or that we are about to give
    them: nobody can see whose it is."""

    def look(self) -> None:
        """The tasks are looked at once more."""
        tasks = self.windows["scheduled_tasks"]
        self.looks += 1
        drift = self.drift.pop(self.looks, None)
        if drift is not None and tasks:
            task = tasks[drift.task % len(tasks)]
            wanted = MultipleInstances.IGNORE_NEW if self.looks > 1 else None
            if drift.policy in {policy_of(task), wanted}:
                self.ambiguous.add(task["name"])
            for where in (tasks, self.theirs):
                edit(where[drift.task % len(where)], drift.policy)

    def clear(self, tasks: list[Record]) -> list[Record]:
        return [task for task in tasks if task["name"] not in self.ambiguous]


class Looked(dict[str, Any]):
    """The state of a Windows that says when its tasks are looked at."""

    host: LivelyState

    def get(self, name: str, default: Any = None) -> Any:
        if name == "scheduled_tasks":
            self.host.look()
        return super().get(name, default)


def policy_of(task: Record) -> int:
    """What a task says of itself."""
    [said] = records(HostState("X", {"scheduled_tasks": [task]}), KIND)
    return int(said["multiple_instances"])


def edit(task: Record, policy: int | None) -> None:
    if policy is None:
        task["xml"] = task["xml"].replace("<Hidden>false<", "<Hidden>true<")
    else:
        task["xml"] = with_policy(task["xml"], MultipleInstances(policy))


def lively(policies: list[int], drifts: list[Drift]) -> LivelyState:
    tasks = [
        make_task(f"Backup {number}", MultipleInstances(policy))
        for number, policy in enumerate(policies)
    ]
    windows = Looked({"scheduled_tasks": tasks})
    windows.host = LivelyState(
        name="SRV01",
        windows=windows,
        theirs=copy.deepcopy(tasks),
        drift={drift.at: drift for drift in drifts},
    )
    return windows.host


class KillingStore(MemoryStore):
    """Kills the controller before or after its n-th durable write."""

    def __init__(self, kill_at: int | None) -> None:
        super().__init__()
        self.writes = 0
        self.kill_at = kill_at

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        durable = {"begin_run", "take_lease", "release_lease", "record_intent", "close_host"}
        if name not in durable:
            return value

        def guarded(*args: Any, **kwargs: Any) -> Any:
            self._moment()
            result = value(*args, **kwargs)
            self._moment()
            return result

        return guarded

    def _moment(self) -> None:
        self.writes += 1
        if self.writes == self.kill_at:
            raise Killed


def run_of(kind: RunKind, undoes: str | None = None) -> Run:
    name = "20260101-000000-0001" if kind is RunKind.APPLY else "20260101-000000-0002"
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Run(id=name, kind=kind, playbooks=(), operator="ada@here", started=now, undoes=undoes)


def engine_for(transport: MemoryTransport, store: MemoryStore, *, auto: bool = True) -> Engine:
    options = Settings(
        operator="ada@here", timeout=60, lease=timedelta(minutes=5), auto_rollback=auto
    )
    return Engine(transport, options, store, runner=Serial())


def tasks_of(state: HostState) -> list[Record]:
    tasks: list[Record] = state.windows["scheduled_tasks"]
    return tasks


TROUBLES = st.builds(
    Trouble,
    st.sampled_from(
        [
            errors.ConnectionLost,
            errors.TimedOut,
            errors.ProtocolError,
            errors.RemoteError,
            errors.QuotaExceeded,
            errors.AuthenticationFailed,
        ]
    ),
    st.integers(-1, 6),
)
POLICIES = st.lists(st.integers(0, 3), max_size=4)
DRIFTS = st.lists(
    st.builds(
        Drift, at=st.integers(1, 12), task=st.integers(0, 3), policy=st.none() | st.integers(0, 3)
    ),
    max_size=2,
)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("remediate.engine.writing.RECOVERY_PAUSES", (0.0, 0.0, 0.0))
    return


@settings(max_examples=100)
@given(
    policies=POLICIES,
    troubles=st.dictionaries(st.integers(1, 6), TROUBLES, max_size=3),
    drifts=DRIFTS,
    kill_at=st.none() | st.integers(1, 14),
    auto=st.booleans(),
)
def test_the_report_tells_the_truth(
    job: Job,
    policies: list[int],
    troubles: dict[int, Trouble],
    drifts: list[Drift],
    kill_at: int | None,
    auto: bool,
) -> None:
    """Never "unchanged" while changed, never "changed" while not; reconcile closes the rest."""
    state = lively(policies, drifts)
    transport = MemoryTransport({"127.0.0.1": state}, troubles.get)
    store = KillingStore(kill_at)
    engine = engine_for(transport, store, auto=auto)
    report = None
    with suppress(Killed):
        [report] = engine.apply([HOST], job, run_of(RunKind.APPLY))
    if report is not None:
        event(report.outcome)
        check_truth(report, state)
    check_no_write_was_repeated(transport)

    calm = MemoryTransport({"127.0.0.1": state})
    store.kill_at = None
    for _, closed in engine_for(calm, store).reconcile():
        event(f"reconciled {closed.outcome}")
        check_truth(closed, state)
    assert store.open_intents(indeterminate=True) == []
    assert all("Set-" not in call.function for sent in calm.requests for call in sent.calls)
    check_rollback(store, state)


def check_truth(report: HostReport, state: LivelyState) -> None:
    tasks, theirs = tasks_of(state), state.theirs
    if report.outcome is Outcome.CHANGED:
        assert report.plan
        now = {task["name"]: policy_of(task) for task in tasks}
        for change in report.plan.changes:
            assert now[change.resource.key["name"]] == change.after
    elif report.outcome in NOTHING_OF_OURS:
        assert state.clear(tasks) == state.clear(theirs)
    else:
        assert report.outcome in {Outcome.FAILED_CHANGED, Outcome.INDETERMINATE}


def check_no_write_was_repeated(transport: MemoryTransport) -> None:
    writes = Counter(
        (call.arguments["identity"]["name"], call.arguments["after"]["multiple_instances"])
        for request in transport.requests
        for call in request.calls
        if call.function.startswith("Set-")
    )
    assert set(writes.values()) <= {1}


def check_rollback(store: MemoryStore, state: LivelyState) -> None:
    """What is still ours goes back; the host is as if we had never come."""
    state.drift.clear()
    try:
        record = store.run(run_of(RunKind.APPLY).id)
    except UnknownRun:  # killed before anything was recorded
        return
    changed = [change for host in record.hosts for change in changes_to_undo(host)]
    engine = engine_for(MemoryTransport({"127.0.0.1": state}), store)
    again = run_of(RunKind.ROLLBACK, undoes=record.run.id)
    reports = list(engine.rollback(record, again))
    if not changed:
        assert reports == []
        assert state.clear(tasks_of(state)) == state.clear(state.theirs)
        return
    [report] = reports
    assert report.outcome in {Outcome.CHANGED, Outcome.COMPLIANT, Outcome.CONFLICT}
    assert state.lease is None
    theirs = {task["name"]: policy_of(task) for task in state.theirs}
    before = {change.resource.key["name"]: change.before for change in changed}
    for task in tasks_of(state):
        assert policy_of(task) in {theirs[task["name"]], before.get(task["name"])}
