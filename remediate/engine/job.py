"""What a run is asked to do on each of its hosts."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from remediate.model.plan import PlaybookUse
from remediate.playbook.base import Playbook, PlaybookParams

TIMEOUT = 120.0
"""Seconds that a host may take, when nobody says another time."""

LEASE = timedelta(minutes=15)
"""How long a lease is good for, when no host may take longer than half of it."""

AUDIT = "audit"
"""Stands for the run's id where nothing is recorded."""


_LONGEST_PART = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A playbook with its parameters; itself only, as parameters may be anything.

    Args:
        playbook: the playbook.
        params: its parameters.
        origins: where an inventory says those that come from there, by name.
        given: those that somebody gives, as they are written, by name; no secrets.
    """

    playbook: Playbook[Any]
    params: PlaybookParams
    origins: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)

    @property
    def use(self) -> PlaybookUse:
        """The same as a record."""
        parameters = self.params.model_dump(mode="json")
        numbers = {name for name, value in parameters.items() if type(value) in {int, float}}
        return PlaybookUse(
            id=self.playbook.id,
            parameters=parameters,
            origins=dict(self.origins),
            given={name: text for name, text in self.given.items() if name in numbers},
        )


@dataclass(frozen=True, slots=True)
class Job:
    """The playbooks of a run, in the order in which they are applied.

    Args:
        tasks: the playbooks.
        named: they were asked for by name; else they are just all that there are.
        safe: what cannot be undone is none of it.
        own: what hosts are asked that have parameters of their own, by name of the host.
    """

    tasks: tuple[Task, ...]
    named: bool = True
    safe: bool = False
    own: "Mapping[str, Job]" = field(default_factory=dict)

    @classmethod
    def of(cls, tasks: Iterable[Task], *, named: bool = True, safe: bool = False) -> "Job":
        """A job whose order is the one given, but for what a playbook says it comes after.

        Args:
            tasks: the playbooks.
            named: as for the class.
            safe: as for the class.

        Raises:
            ValueError: playbooks each want to come after the other.
        """
        waiting = {task.playbook.id: task for task in tasks}
        ordered: list[Task] = []
        while waiting:
            ready = next(
                (t for t in waiting.values() if not waiting.keys() & set(t.playbook.after)), None
            )
            if ready is None:
                raise ValueError(f"playbooks wait for each other: {', '.join(sorted(waiting))}")
            ordered.append(waiting.pop(ready.playbook.id))
        return cls(tuple(ordered), named, safe)

    def only(self, playbooks: Collection[str]) -> "Job":
        """The same of some playbooks.

        Args:
            playbooks: their ids.
        """
        return replace(self, tasks=tuple(t for t in self.tasks if t.playbook.id in playbooks))

    def on(self, host: str) -> "Job":
        """What one host is asked.

        Args:
            host: its name.
        """
        return self.own.get(host, self)

    @property
    def uses(self) -> tuple[PlaybookUse, ...]:
        """The same as a record."""
        return tuple(task.use for task in self.tasks)


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run goes about it.

    Args:
        timeout: seconds that a host may take altogether, waiting for a person not counted.
        lease: how long a lease is good for; longer than the timeout.
        auto_rollback: undo at once what was written when it does not read back as planned.
        accept_irreversible: do what cannot be undone without asking a person.
        partial: where playbooks are refused, apply the others without asking a person.
        operator: who runs it, for the lease and the receipt (`ada@bastion`).
        workers: hosts worked on at the same time.
        processes: how many share them, where there are several.
        renamed: names of recorded computers that may have another one now.
    """

    operator: str
    timeout: float = TIMEOUT
    lease: timedelta = LEASE
    auto_rollback: bool = True
    accept_irreversible: bool = False
    partial: bool = False
    workers: int = 128
    processes: int = 1
    renamed: frozenset[str] = frozenset()

    @property
    def part_seconds(self) -> float:
        """How long a write may take at a time that is made in parts."""
        return min(_LONGEST_PART, self.timeout / 4)

    @property
    def lease_seconds(self) -> int:
        """How long a lease is good for, as a host is told."""
        return int(self.lease.total_seconds())
