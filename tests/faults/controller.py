"""A controller as an operator has one: engine, transport, and a store in a file of its own."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.lab.hosts import make_state
from remediate.lab.kinds import records
from remediate.lab.kinds.scheduled_task import with_policy
from remediate.lab.state import HostState
from remediate.model.run import Run, RunKind
from remediate.playbook.catalogue import Catalogue
from remediate.resources.scheduled_task import MultipleInstances, ScheduledTask
from remediate.runner.serial import Serial
from remediate.store.place import store_place
from remediate.store.sql import SqlStore
from remediate.transport.chosen import ChosenTransport

TASKS = ScheduledTask.kind
PATIENT = 60.0
"""Seconds for a host: more than anything but a hang takes."""
LEASE = timedelta(minutes=5)
STARTED = datetime(2026, 1, 1, tzinfo=UTC)


def schedule_fix(**parameters: str) -> Job:
    """The job that all these tests apply."""
    playbook = Catalogue().load("schedule-fix")
    return Job((Task(playbook, playbook.params(**parameters)),))


def open_store(file: Path) -> SqlStore:
    return SqlStore(store_place(str(file)))


def engine_for(
    store: SqlStore,
    password: str,
    *,
    timeout: float = PATIENT,
    close_within: float = 10.0,
    **more: Any,
) -> Engine:
    """An engine that waits for nothing but its hosts.

    Args:
        store: its store.
        password: of every host.
        timeout: seconds for a host.
        close_within: seconds to end its shell in.
        more: further arguments of the engine; `operator` and `auto_rollback` are settings.
    """
    settings = Settings(
        operator=more.pop("operator", "ada@bastion"),
        timeout=timeout,
        lease=LEASE,
        auto_rollback=more.pop("auto_rollback", True),
    )
    transport = ChosenTransport(
        lambda _: SecretStr(password), pause=lambda _: None, close_within=close_within
    )
    more = {"transport": transport, "runner": Serial(), "spill_folder": store.place.folder} | more
    return Engine(settings=settings, store=store, **more)


def apply_run(name: str = "apply-1") -> Run:
    return Run(id=name, kind=RunKind.APPLY, playbooks=(), operator="ada@bastion", started=STARTED)


def undo_run(undoes: str = "apply-1", name: str = "undo-1") -> Run:
    return apply_run(name).model_copy(update={"kind": RunKind.ROLLBACK, "undoes": undoes})


def host_state(name: str = "SRV01") -> HostState:
    """A practice host: of its three backup tasks two are wrong."""
    return make_state(name)


def edit(state: HostState, task: int, policy: int = MultipleInstances.QUEUE) -> None:
    """Somebody else sets a task's policy."""
    with state.lock:
        record = state.windows["scheduled_tasks"][task]
        record["xml"] = with_policy(record["xml"], MultipleInstances(policy))


def policies(state: HostState) -> list[int]:
    """The policies of all tasks, in their order."""
    return [task["multiple_instances"] for task in records(state, TASKS)]
