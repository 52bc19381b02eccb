"""A whole fleet under one seed: controllers, their stores, twenty computers, and what goes wrong.

    python -m tests.simulation          see __main__.py

While it is rough, whatever is said has to be so (`truth.py`). Then nothing goes wrong any more, and
within one lease all has to come to its end.
"""

import hashlib
import random
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest import mock

from remediate.engine.job import Job, Task
from remediate.lab.hosts import healthy_host
from remediate.lab.kinds import kind_of
from remediate.lab.kinds.scheduled_task import BACKUP_TASKS, POLICIES
from remediate.model.change import Change
from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.playbook.catalogue import Catalogue
from remediate.resources.registry_value import RegistryValue
from remediate.resources.scheduled_task import ScheduledTask
from remediate.testing.states import find
from remediate.testing.store import MemoryStore
from tests.faults.lab.own_pile import PART
from tests.faults.under_way import MoveAside, Pile
from tests.simulation.controller import LEASE, STARTED, Controller
from tests.simulation.machines import Machine
from tests.simulation.truth import Lie, Truth, lie, value
from tests.simulation.virtual_time import Time

HOSTS, SPARE = 20, 2
ROUGH = 7200.0
"""Seconds for which things go wrong."""
SKEW = 60.0
"""Seconds by which a clock may be ahead, or behind."""


@dataclass
class Weather:
    """How often something goes wrong, of 1; `late` and `slow` are of requests, `cut` of pipelines.

    Args:
        lost: a request before it arrives, or the connection while it is worked on.
        late: it is long on its way.
        slow: the computer takes its time.
        cut: the pipeline ends between two calls.
        refused: no connection comes about.
        store: the store does not answer.
        killed: a process is killed.
        interrupted: somebody presses Ctrl-C.
        undone: something on the computer puts back what was written, at once.
    """

    lost: float = 0.0
    late: float = 0.0
    slow: float = 0.0
    cut: float = 0.0
    refused: float = 0.0
    store: float = 0.0
    killed: float = 0.0
    interrupted: float = 0.0
    undone: float = 0.0

    @classmethod
    def of(cls, chance: random.Random) -> "Weather":
        how_often = (0.0, 0.0, 0.01, 0.05, 0.2)
        return cls(**{name: chance.choice(how_often) for name in cls.__dataclass_fields__})


@cache
def _job() -> Job:
    return Job.of(
        Task(one, one.params()) for one in (Catalogue().load("schedule-fix"), MoveAside())
    )


class Fleet:
    """All of it.

    Args:
        seed: of all chance there is.
        folder: for what is spilled.
        rough: seconds for which things go wrong.
    """

    def __init__(self, seed: int, folder: Path, rough: float) -> None:
        self.rough = rough
        self.chance = chance = random.Random(seed)  # noqa: S311 - no secret
        self.time = Time()
        self.weather = Weather.of(chance)
        self.truth = Truth(self)
        self.job = _job()
        self.calm = False
        self.story: list[str] = []
        self.host_runs = 0
        self.machines = [self._machine(number) for number in range(1, HOSTS + SPARE + 1)]
        self.addresses = {one.home: one for one in self.machines}
        self.hosts = [
            Host(name=one.state.name, address=one.home, port=5985, auth=Auth.NEGOTIATE, user="ada")
            for one in self.machines[:HOSTS]
        ]
        names = ("one", "two", "three")[: chance.choice((2, 3))]
        shared = [MemoryStore() for _ in range(chance.choice((1, len(names))))]
        self.stores = shared
        self.controllers = []
        for number, name in enumerate(names):
            own = folder / name
            own.mkdir()
            ahead = chance.choice((0.0, 0.0, chance.uniform(-SKEW, SKEW)))
            store = shared[number % len(shared)]
            self.controllers.append(Controller(self, name, store, own, ahead))

    def _machine(self, number: int) -> Machine:
        chance, time = self.chance, self.time
        tasks = [{"name": one, "policy": chance.choice(list(POLICIES))} for one in BACKUP_TASKS]
        state = healthy_host(f"SRV{number:02}", {"scheduled_task": tasks})
        pile = {"name": "old", "moved": 0, "total": chance.choice((2, 7, 20))}
        if chance.random() < 0.3:
            pile["busy"] = chance.randrange(0, pile["total"], PART)  # somebody has a file open
        state.windows["own_pile"] = [pile]
        ahead = chance.choice((0.0, 0.0, chance.uniform(-SKEW, SKEW)))
        state.clock = lambda: STARTED + timedelta(seconds=time.seconds + ahead)
        return Machine(time, state, f"10.0.0.{number}")

    def say(self, text: str) -> None:
        self.story.append(f"{self.time.seconds:8.1f}  {text}")

    # --- the whole --------------------------------------------------------------------------------

    def run(self) -> None:
        """Be rough, then calm.

        Raises:
            Lie: a promise is broken.
        """
        for controller in self.controllers:
            self.time.spawn(controller.busy)
        self.time.spawn(self._somebody)
        self.time.spawn(self._mishaps)
        self.time.run()
        self.calm, self.weather = True, Weather()
        self.say("nothing goes wrong any more")
        self.addresses = {one.home: one for one in self.machines}
        for machine in self.machines:
            machine.away_until = 0.0
            machine.state.denied = {}
            machine.state.windows["own_pile"][0].pop("busy", None)
        self.time.seconds += LEASE.total_seconds() + 2 * SKEW
        self.time.spawn(self._calm)
        self.time.run()

    def _somebody(self) -> None:
        """Edits what is on the computers."""
        chance = self.chance
        often = chance.choice((60.0, 600.0, 6000.0))
        while self.time.seconds < self.rough:
            self.time.sleep(chance.expovariate(1 / often))
            machine = chance.choice(self.machines)
            known = [
                change
                for store in self.stores
                for run in store.runs(20)
                for host in store.run(run.run.id).hosts
                if host.intent is not None and host.intent.computer == machine.computer
                for change in host.intent.changes
                if change.resource.kind != Pile.kind
            ]
            if known:
                change = chance.choice(known)
                new = chance.choice((change.before, change.after, self._third(change)))
                self.edit(machine, change, new)

    def edit(self, machine: Machine, change: Change, new: Any) -> None:
        """Be somebody else, and give a property a value."""
        now = value(machine, change)
        if now != new:
            record = find(machine.state, change)
            denied, machine.state.denied = machine.state.denied, {}  # to us
            kind_of(change.resource.kind).write(machine.state, record, {change.property: new})
            machine.state.denied = denied
            self.truth.drifted(machine, change, now)
            self.say(f"somebody edits {change.title} {change.property} on {machine.state.name}")

    def _third(self, change: Any) -> Any:
        if change.property == "multiple_instances":
            return self.chance.randrange(4)
        return change.before

    def _mishaps(self) -> None:
        """Computers die or deny, and addresses lead elsewhere for a while."""
        chance = self.chance
        often = chance.choice((120.0, 1200.0, 12000.0))
        while self.time.seconds < self.rough:
            self.time.sleep(chance.expovariate(1 / often))
            kind = chance.choice(("die", "move", "deny"))
            if kind == "deny":
                machine = chance.choice(self.machines)
                denied = chance.choice((ScheduledTask.kind, RegistryValue.kind, Pile.kind))
                machine.state.denied = {denied: chance.choice(("read", "write", "write"))}
                self.say(f"{machine.state.name} denies {machine.state.denied}")
            elif kind == "die":
                machine = chance.choice(self.machines)
                machine.die(chance.choice((5.0, 60.0, 600.0)))
                self.say(f"{machine.state.name} dies")
            else:
                one, other = chance.sample(self.machines, 2)
                here, there = (
                    next(a for a, m in self.addresses.items() if m is each) for each in (one, other)
                )
                self.addresses[here], self.addresses[there] = other, one
                self.say(f"{one.state.name} and {other.state.name} change addresses")

    # --- once nothing goes wrong any more ---------------------------------------------------------

    def _calm(self) -> None:
        for controller in self.controllers:
            controller.do(partial(controller.reconcile, []))
        self._nothing_left()
        first, reports = self.controllers[0], list[HostReport]()
        first.do(partial(first.apply, self.hosts))
        before = self.truth.writes
        first.do(lambda engine: reports.extend(first.apply(self.hosts, engine)))
        if self.truth.writes != before:
            lie("a second apply has changed something")
        for report in reports:
            if report.outcome is not Outcome.COMPLIANT:
                lie("a second apply found something", report.host, report.outcome, report.problem)

    def _nothing_left(self) -> None:
        for controller in self.controllers:
            for run, record in controller.store.open_intents(indeterminate=True):
                lie("an intent is left open", run.id, record.host.name)
            for endpoint, holder in controller.store.leases(controller.now()):
                lie("a lease is left in a store", endpoint, holder)
        for machine in self.machines:
            lease = machine.state.lease
            if lease is not None and lease["until"] > machine.state.clock().timestamp():
                lie("a lease is left on a computer", machine.state.name, lease)
            if machine.jobs or machine.writer is not None:
                lie("a pipeline is left on a computer", machine.state.name)


@dataclass(frozen=True)
class Seen:
    """What a run of the simulation was like.

    Args:
        host_runs: reports of a host.
        writes: properties that were written.
        verdicts: that were recorded.
        story: all that happened, as a digest.
    """

    host_runs: int
    writes: int
    verdicts: int
    story: str


def simulate(seed: int, rough: float = ROUGH) -> Seen:
    """Run a fleet under a seed.

    Args:
        seed: of all chance there is.
        rough: seconds for which things go wrong.

    Raises:
        AssertionError: a promise was broken; says which seed it was, and what happened before.
    """
    with tempfile.TemporaryDirectory(prefix="remediate-simulation-") as name:
        folder = Path(name)
        with mock.patch.object(tempfile, "tempdir", name):
            fleet = Fleet(seed, folder, rough)
            try:
                fleet.run()
            except Lie as found:
                end = "\n".join(fleet.story[-60:])
                msg = f"seed {seed}: {found}\n{end}\npython -m tests.simulation {seed}"
                raise AssertionError(msg) from None
    story = hashlib.sha256("\n".join(fleet.story).encode()).hexdigest()
    return Seen(fleet.host_runs, fleet.truth.writes, fleet.truth.verdicts, story)
