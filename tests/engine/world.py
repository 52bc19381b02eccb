"""A host, a store and an engine to work on them, and playbooks to work with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.lab.hosts import make_state
from remediate.lab.kinds import edit, records
from remediate.lab.state import HostState, Record
from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.model.outcome import HostReport
from remediate.model.plan import Plan
from remediate.model.run import Run, RunKind
from remediate.playbook import Playbook, PlaybookParams
from remediate.playbook.catalogue import Catalogue
from remediate.resources.registry_value import RegistryName, RegistryValue, RegistryValues
from remediate.resources.scheduled_task import (
    MultipleInstances,
    ScheduledTask,
    ScheduledTasks,
)
from remediate.runner import Serial
from remediate.store.errors import StoreUnavailable
from remediate.testing.store import MemoryStore
from remediate.testing.transport import MemoryTransport, Trouble

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

    def apply(self, job: Job, confirm: Callable[[Plan], bool | None] | None = None) -> HostReport:
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


def job_of(*playbooks: Playbook[Any]) -> Job:
    return Job.of(Task(playbook, playbook.params()) for playbook in playbooks)


def schedule_fix() -> Playbook[Any]:
    return Catalogue().load("schedule-fix")


class FailingStore(MemoryStore):
    """A store whose disk is full from some method on."""

    def __init__(self, failing: Sequence[str]) -> None:
        super().__init__()
        self.failing = failing

    def __getattribute__(self, name: str) -> Any:
        if name != "failing" and name in self.failing:
            raise StoreUnavailable("store.db", "the disk is full", "Make room.")
        return super().__getattribute__(name)


def make_state_policies() -> list[int]:
    return World().policies()
