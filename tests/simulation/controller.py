"""A machine of an operator: its clock, its store, and the commands that are given there."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from remediate.engine.engine import Engine
from remediate.engine.job import Settings
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.plan import Plan
from remediate.model.run import HostRecord, Run, RunKind
from remediate.store.errors import StoreError
from remediate.testing.store import MemoryStore
from tests.simulation.journal import Journal
from tests.simulation.machines import Network
from tests.simulation.truth import lie
from tests.simulation.virtual_time import Interleaved, Process

if TYPE_CHECKING:
    from tests.simulation.fleet import Fleet

STARTED = datetime(2026, 1, 1, tzinfo=UTC)
TIMEOUT, LEASE = 60.0, timedelta(minutes=3)
_STEPS = 600
"""At one of so many a process is killed."""


@dataclass
class Controller:
    """Where commands are given, each of which is a process.

    Args:
        fleet: that it works on.
        name: of it.
        store: where its runs are recorded; others may use it, too.
        folder: of its store, for what is spilled.
        ahead: seconds by which its clock is.
    """

    fleet: "Fleet"
    name: str
    store: MemoryStore
    folder: Path
    ahead: float
    processes: list[Process] = field(default_factory=list)
    runs: int = 0

    def now(self) -> datetime:
        return STARTED + timedelta(seconds=self.fleet.time.seconds + self.ahead)

    def busy(self) -> None:
        """Give one command after the other, until nothing goes wrong any more."""
        chance, fleet = self.fleet.chance, self.fleet
        verbs = (self.apply, self.apply, self.rollback, self.reconcile, self.audit)
        while True:
            fleet.time.sleep(chance.uniform(0, 600))
            if fleet.time.seconds > fleet.rough:
                return
            verb = chance.choice(verbs)
            number = chance.randrange(1, len(fleet.hosts) + 1)
            hosts = sorted(chance.sample(fleet.hosts, number), key=lambda one: one.name)
            fleet.say(f"{self.name}: {verb.__name__}, {number} hosts")
            self.do(partial(verb, hosts))

    def do(self, what: Callable[[Engine], None]) -> None:
        """Give a command, and wait until its process is gone.

        Raises:
            Lie: it has left shells open, and nobody has killed it.
        """
        fleet, chance, ended = self.fleet, self.fleet.chance, list[bool]()
        dies = not fleet.calm and chance.random() < fleet.weather.killed
        process = Process(fleet.time, self.now, chance.randrange(1, _STEPS) if dies else None)
        self.processes.append(process)
        network = Network(fleet, process, Journal(fleet, process, self.store))
        wake = fleet.time.park()

        def work() -> None:
            try:
                what(self._engine(process, network))
            except StoreError as error:
                fleet.say(f"{self.name}: {error}")
            finally:
                ended.append(True)
                wake()

        process.spawn(work)
        while not ended:
            fleet.time.rest()
        process.alive = False
        if network.open and not process.killed:
            lie("a process has left shells open", self.name, network.open)

    def _engine(self, process: Process, network: Network) -> Engine:
        calm, chance = self.fleet.calm, self.fleet.chance
        settings = Settings(
            operator=f"ada@{self.name}",
            timeout=TIMEOUT,
            lease=LEASE,
            auto_rollback=calm or chance.random() < 0.8,
            accept_irreversible=calm or chance.random() < 0.5,
        )
        interrupted = threading.Event()
        if not calm and chance.random() < self.fleet.weather.interrupted:
            self.fleet.time.at(chance.uniform(0, 200), interrupted.set)
        return Engine(
            transport=network,
            settings=settings,
            store=network.store,
            spill_folder=self.folder,
            now=self.now,
            alive=partial(_alive, process),
            is_running=lambda run: any(one.alive and run in one.runs for one in self.processes),
            runner=Interleaved(process, workers=16),
            sleep=process.sleep,
            clock=self.fleet.time.clock,
            interrupted=interrupted,
        )

    # --- commands ---------------------------------------------------------------------------------

    def apply(self, hosts: list[Host], engine: Engine) -> list[HostReport]:
        """Apply to some hosts; sometimes a person is asked, who takes a while."""
        chance = self.fleet.chance
        asked = not self.fleet.calm and chance.random() < 0.2

        def confirm(plan: Plan) -> bool:
            del plan
            engine.sleep(chance.choice((1.0, 100.0, 2000.0)))
            return chance.random() < 0.9

        run = self._run(RunKind.APPLY)
        return self._told(
            run.id, engine.apply(hosts, self.fleet.job, run, confirm if asked else None)
        )

    def audit(self, hosts: list[Host], engine: Engine) -> None:
        """Look at some hosts."""
        self._told("audit", engine.audit(hosts, self.fleet.job))

    def rollback(self, hosts: list[Host], engine: Engine) -> None:
        """Undo one of the last runs, on all of its hosts."""
        del hosts
        known = self.store.runs(20)
        if known:
            undone = self.store.run(self.fleet.chance.choice(known).run.id)
            run = self._run(RunKind.ROLLBACK, undone.run.id)
            force = self.fleet.chance.random() < 0.2
            self._told(run.id, engine.rollback(undone, run, force=force))

    def reconcile(self, hosts: list[Host], engine: Engine) -> None:
        """Close what is open; an operator who has the time looks up where each computer is now."""
        del hosts
        unended = self.store.open_intents(indeterminate=True)
        found = [(run, self._where_it_is(one)) for run, one in unended]
        for run, report in engine.reconcile(found if self.fleet.calm else None):
            self._told(f"reconcile {run.id}", [report])

    def _where_it_is(self, record: HostRecord) -> HostRecord:
        guid = self.fleet.truth.guid_of(record.computer)
        home = next(one.home for one in self.fleet.machines if one.guid == guid)
        return record.model_copy(update={"host": record.host.model_copy(update={"address": home})})

    def _run(self, kind: RunKind, undoes: str | None = None) -> Run:
        self.runs += 1
        now = self.now()
        return Run(
            id=f"{now:%Y%m%d-%H%M%S}-{self.name}{self.runs:03}",
            kind=kind,
            playbooks=self.fleet.job.uses,
            operator=f"ada@{self.name}",
            started=now,
            undoes=undoes,
        )

    def _told(self, run: str, reports: Iterator[HostReport] | list[HostReport]) -> list[HostReport]:
        found = []
        for report in reports:
            self.fleet.host_runs += 1
            self.fleet.say(f"{run} {report.host}: {report.outcome} {report.problem or ''}")
            if report.outcome is Outcome.INTERNAL_ERROR:
                lie("the product failed", run, report.host)
            found.append(report)
        return found


@contextmanager
def _alive(process: Process, run: str) -> Iterator[None]:
    process.runs.add(run)
    yield
    process.runs.remove(run)
