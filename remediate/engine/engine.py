"""Audits, applies, rolls back and reconciles: what the command line and other programs call."""

import threading
import time
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from remediate.engine.advance import Advance
from remediate.engine.host_worker import dial, forget, perform
from remediate.engine.job import Job, Settings
from remediate.engine.observation import Observation
from remediate.engine.order import Order, Verb
from remediate.engine.origins import Origins
from remediate.engine.planning import PlaybookPlanner
from remediate.engine.reconciling import (
    Ongoing,
    closing,
    give_free,
    left_half_made,
    rounds,
    take_in_spilled,
)
from remediate.engine.recorded import (
    RecordRefusedError,
    refused_record,
    writes_of,
)
from remediate.engine.saved import Saved, looked_at
from remediate.engine.surroundings import Surroundings, utc_now
from remediate.engine.undoing import Undoing
from remediate.model.event import Event, HostFinished
from remediate.model.facts import Facts
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.plan import Observed, Plan
from remediate.model.problem import HALTED, Problem
from remediate.model.run import HostRecord, Run, RunRecord
from remediate.model.waiver import NO_WAIVERS, Waivers
from remediate.model.waves import Waves
from remediate.redaction import Redaction
from remediate.resources.base import Query
from remediate.runner.loop import Loop
from remediate.runner.protocol import Runner, Waiting, never
from remediate.store.protocol import Store
from remediate.transport.dialing import most_at_once
from remediate.transport.protocol import Transport

if TYPE_CHECKING:
    from remediate.engine.checking import Look

_NOTHING = PlaybookPlanner(Job(()))
_HALTED = Problem(
    code=HALTED,
    message="the run was stopped before its turn came",
    hint="Run it again for this host.",
)


def _not_begun(order: Order, why: Problem) -> HostReport:
    return HostReport(host=order.host.name, outcome=Outcome.SKIPPED, problem=why)


def _halted(order: Order) -> HostReport:
    return _not_begun(order, _HALTED)


RunAlive = Callable[[str], AbstractContextManager[object]]
"""Marks a run as alive while it is entered; see `remediate.store.run_lock`."""


class Crew(Protocol):
    """Other processes that carry orders out; see `remediate.engine.elsewhere`."""

    def takes(self, orders: Sequence[Order]) -> bool:
        """Whether they can carry out all of some orders."""

    def run(
        self,
        orders: Sequence[Order],
        around: Surroundings,
        skip: Callable[[Order], HostReport],
    ) -> Iterator[tuple[Order, HostReport]]:
        """Each order with its report, as `Runner.run` gives it."""


@dataclass(frozen=True)
class Engine:
    """Works hosts through runs. Reports come as hosts finish, in any order.

    Args:
        transport: how hosts are talked to.
        settings: timeout, lease, workers, operator.
        store: the journal and the leases; only what writes needs it.
        spill_folder: where the journal goes when the store fails after an intent.
        emit: hears of phases and verdicts, from several threads.
        now: the time in UTC.
        alive: marks a run as alive.
        is_running: whether a run is alive somewhere on this machine.
        runner: works through the hosts; a loop when not given.
        peer: finds the host that a playbook copies from, by its name.
        redaction: takes secrets out of what is reported and recorded.
        sleep: waits the given seconds; the runner's own way when not given.
        clock: monotonic seconds.
        interrupted: once it is set, no change that takes longer is gone on with, or waited for, and
            no further wave is begun.
        approach: goes the way to a host as far as one gets without logging on.
        waivers: what an audit or apply leaves as it is.
        crew: other processes that carry orders out; None when all is done in this one.
    """

    transport: Transport
    settings: Settings
    store: Store | None = None
    spill_folder: Path | None = None
    emit: Callable[[Event], None] = lambda _: None
    now: Callable[[], datetime] = utc_now
    alive: RunAlive = nullcontext
    is_running: Callable[[str], bool] = lambda _: False
    runner: Runner | None = None
    peer: Callable[[str], Host] | None = None
    redaction: Redaction = field(default_factory=Redaction)
    sleep: Callable[[float], None] | None = None
    clock: Callable[[], float] = time.monotonic
    interrupted: threading.Event = field(default_factory=threading.Event)
    approach: "Look | None" = None
    waivers: Waivers = NO_WAIVERS
    crew: Crew | None = None

    def audit(
        self,
        hosts: Sequence[Host],
        job: Job,
        only: Mapping[str, Collection[str]] | None = None,
        saved: Mapping[str, Saved] | None = None,
    ) -> Iterator[HostReport]:
        """Say what `job` would change; for `audit` and `--dry-run`.

        Args:
            hosts: where.
            job: what.
            only: ids of the playbooks of each host, by its name; all of them when None.
            saved: what a saved plan says of each host, by its name; None where it is not asked.
        """
        originals = Origins(job, self.transport, self.peer).look(self.settings.timeout)
        planners = self._planners(PlaybookPlanner(job, originals), hosts, only)
        orders = [Order(Verb.AUDIT, host, self.settings, one) for host, one in planners]
        return self._told(_as_saved(orders, saved))

    def plan(
        self, hosts: Sequence[Host], job: Job
    ) -> Iterator[tuple[HostReport, tuple[Observed, ...]]]:
        """Say what `job` would change, and what a saved plan of that keeps of what was seen.

        Args:
            hosts: where.
            job: what.
        """
        from remediate.engine.fact_finding import Onlooker  # noqa: PLC0415 - as for `check`

        originals = Origins(job, self.transport, self.peer).look(self.settings.timeout)
        onlookers = [
            (host, Onlooker(one.job, one.originals, one.earlier, one.waivers))
            for host, one in self._planners(PlaybookPlanner(job, originals), hosts, None)
        ]
        by_name = {host.name: onlooker for host, onlooker in onlookers}
        for report in self._told(
            [Order(Verb.AUDIT, host, self.settings, onlooker) for host, onlooker in onlookers]
        ):
            onlooker = by_name[report.host]
            changes = report.plan.changes if report.plan else ()
            seen = onlooker.seen[-1] if onlooker.seen and changes else None
            behind, mask = onlooker.behind(changes), self.redaction.masked
            yield report, looked_at(seen, behind, changes, mask) if seen else ()

    def apply(
        self,
        hosts: Sequence[Host],
        job: Job,
        run: Run,
        confirm: Callable[[Plan], bool | None] | None = None,
        only: Mapping[str, Collection[str]] | None = None,
        saved: Mapping[str, Saved] | None = None,
        waves: Waves | None = None,
    ) -> Iterator[HostReport]:
        """Change what differs, and prove it.

        Args:
            hosts: where.
            job: what.
            run: what to record it as.
            confirm: asks a person, in the host's thread, and says None when that was stopped
                before there was an answer; None when nobody is asked.
            only: ids of the playbooks of each host, by its name; all of them when None.
            saved: what a saved plan says of each host, by its name; None where none is applied.
            waves: how hosts follow each other, in their order, and what stops the rest; None where
                all go together. Waves are not shared with other processes.

        Raises:
            StoreError: the run cannot be recorded; nothing was sent.
        """
        origins = Origins(job, self.transport, self.peer)
        originals = origins.look(self.settings.timeout)
        planners = self._planners(PlaybookPlanner(job, originals), hosts, only)
        supplies, asked = origins.supplies(originals), confirm is not None
        orders = [
            Order(Verb.APPLY, host, self.settings, planner, run.id, asked, supplies=supplies)
            for host, planner in planners
        ]
        advance = Advance(waves, len(orders)) if waves else None
        return self._recorded(run, _as_saved(orders, saved), confirm, advance)

    def rollback(
        self,
        record: RunRecord,
        run: Run,
        *,
        hosts: Collection[str] | None = None,
        force: bool = False,
        dry_run: bool = False,
        confirm: Callable[[Plan], bool | None] | None = None,
        job: Job | None = None,
    ) -> Iterator[HostReport]:
        """Write back what a run recorded, where it is still what that run wrote.

        Args:
            record: the run to undo.
            run: what to record the rollback as; its `undoes` is the run to undo.
            hosts: names of the hosts to do it on; all that were changed when None.
            force: also where somebody else has changed it since.
            dry_run: only say what would be written back.
            confirm: as in `apply`.
            job: the run's playbooks, whose guards are asked before something is stopped or
                restarted; None when they cannot be had.

        Raises:
            StoreError: the rollback cannot be recorded; nothing was sent.
        """
        ongoing = self._ongoing()
        undoing = Undoing(record, self._journal, ongoing, job, force)
        chosen = [one for one in record.hosts if hosts is None or one.host.name in hosts]
        orders: list[Order] = []
        unusable: list[HostReport] = []
        for one in chosen:
            try:
                planner = undoing.planner(one)
            except RecordRefusedError as error:
                unusable.append(refused_record(one.host.name, error))
                continue
            if planner is not None:
                order = Order(Verb.AUDIT, one.host, self.settings, planner, computer=one.computer)
                orders.append(order)
        refused = map(self._masked, unusable)
        if dry_run:
            return chain(refused, self._told(orders))
        leases = ongoing.takes_over(run.undoes) if run.undoes else ()
        keeps = {one.host.name for one in chosen if undoing.keeps_lease(one)}
        orders = [
            replace(
                order,
                verb=Verb.APPLY,
                run=run.id,
                ask=confirm is not None,
                takes_over=() if order.host.name in keeps else leases,
            )
            for order in orders
        ]
        return chain(refused, self._recorded(run, orders, confirm))

    def reconcile(
        self, found: Sequence[tuple[Run, HostRecord]] | None = None
    ) -> Iterator[tuple[Run, HostReport]]:
        """Close intents without an end by looking at their hosts.

        Hosts to which a killed run of this controller had written nothing are closed unseen, and
        given free.

        Args:
            found: the hosts to look at, as they are to be reached; all that are open when None.

        Raises:
            JournalIncomplete: spilled verdicts cannot be taken in; at the end, when all else is
                done.
            StoreError: the journal cannot be read.
        """
        journal, spilled = self._journal, self.spill_folder
        incomplete = take_in_spilled(journal, spilled) if spilled else None
        unended = journal.open_intents(indeterminate=True)
        still = {(run.id, record.host.name) for run, record in unended}
        wanted = unended if found is None else found
        wanted = [pair for pair in wanted if (pair[0].id, pair[1].host.name) in still]
        runs = {run.id: run for run, _ in wanted}
        alive = self._ongoing()
        made = [
            (run, closing(run, record, alive, self.settings, self.now())) for run, record in wanted
        ]
        for run, one in made:
            if isinstance(one, HostReport):
                yield run, self._masked(one)
        for order, report in self._in_turn(one for _, one in made if isinstance(one, Order)):
            yield runs[order.run], self._masked(report)
        for run in alive.killed():
            for report in give_free(journal, run.id):
                yield run, report
            runs[run.id] = run
        for name in runs:
            record = journal.run(name)
            if record.finished is None and all(host.report for host in record.hosts):
                journal.finish_run(name, self.now())
        if incomplete:
            raise incomplete

    def look(
        self, host: Host, job: Job, further: Sequence[Query]
    ) -> Iterator[tuple[HostReport, Observation | None]]:
        """Audit a host, and ask it something else in the same round.

        Args:
            host: where.
            job: what the audit is about.
            further: what else is asked.

        Returns:
            What the audit says, and what was seen, as it came from the host; None when nothing was.
        """
        from remediate.engine.fact_finding import Onlooker  # noqa: PLC0415 - as for `check`

        originals = Origins(job, self.transport, self.peer).look(self.settings.timeout)
        onlooker = Onlooker(job.on(host.name), originals, further=tuple(further))
        for report in self._told([Order(Verb.AUDIT, host, self.settings, onlooker)]):
            yield report, onlooker.seen[-1] if onlooker.seen else None

    def facts(self, host: Host, job: Job) -> Iterator[Facts]:
        """What a host answers to the questions of `job`, once, to be given away."""
        from remediate.engine.fact_finding import FactFinder  # noqa: PLC0415 - as for `check`

        originals = Origins(job, self.transport, self.peer).look(self.settings.timeout)
        finder = FactFinder(job.on(host.name), originals)
        for report in self._told([Order(Verb.AUDIT, host, self.settings, finder)]):
            yield self.redaction.masked(finder.facts(report))

    def check(self, hosts: Sequence[Host]) -> Iterator[HostReport]:
        """Go the way to each host step by step, and say what it says of itself."""
        from remediate.engine.checking import checked, not_looked_at  # noqa: PLC0415 - few ask for it

        orders = [Order(Verb.AUDIT, host, self.settings, _NOTHING) for host in hosts]
        look = self.approach or not_looked_at
        for _, report in self._work(orders, do=partial(checked, look=look)):
            yield self._masked(report)

    def locks(self, hosts: Sequence[Host]) -> Iterator[HostReport]:
        """Say who holds the lease on each host, there or in the store when there is one."""
        in_store = dict(self.store.leases(self.now())) if self.store else {}
        orders = [Order(Verb.LOCKS, host, self.settings, _NOTHING) for host in hosts]
        for order, report in self._work(orders):
            holder = report.holder or in_store.get(order.host.endpoint)
            yield self._masked(report.model_copy(update={"holder": holder}))

    def _planners(
        self,
        planner: PlaybookPlanner,
        hosts: Sequence[Host],
        only: Mapping[str, Collection[str]] | None,
    ) -> Iterator[tuple[Host, PlaybookPlanner]]:
        """Each host with a planner that knows what earlier runs may have left undone there."""
        earlier = {} if self.store is None else left_half_made(self.store, writes_of(planner.job))
        for host in hosts:
            job = planner.job.on(host.name)
            job = job if only is None else job.only(only.get(host.name, ()))
            yield (
                host,
                replace(
                    planner,
                    job=job,
                    earlier=earlier.get(host.name, ()),
                    waivers=self.waivers.on(host.name),
                ),
            )

    # --- how ----------------------------------------------------------------------------------

    def _recorded(
        self,
        run: Run,
        orders: Sequence[Order],
        confirm: Callable[[Plan], bool | None] | None,
        advance: Advance | None = None,
    ) -> Iterator[HostReport]:
        if advance is not None:
            run = run.model_copy(update={"waves": advance.sizes})
        with self.alive(run.id):
            self._journal.begin_run(run, [order.host for order in orders])
            not_begun: list[HostReport] = []
            try:
                for report in self._told(orders, confirm, advance):
                    if report.not_begun:
                        not_begun.append(report)
                    yield report
            finally:
                if not_begun:  # together: there may be many, and the disk is waited for
                    self._journal.close_hosts(run.id, not_begun)
            self._journal.finish_run(run.id, self.now())

    def _told(
        self,
        orders: Sequence[Order],
        confirm: Callable[[Plan], bool | None] | None = None,
        advance: Advance | None = None,
    ) -> Iterator[HostReport]:
        work = self._in_waves(orders, confirm, advance) if advance else self._work(orders, confirm)
        for _, report in work:
            yield self._masked(report)

    def _in_waves(
        self,
        orders: Sequence[Order],
        confirm: Callable[[Plan], bool | None] | None,
        advance: Advance,
    ) -> Iterator[tuple[Order, HostReport]]:
        """Work through orders in waves, until enough has gone wrong."""

        async def counted(order: Order, waiting: Waiting, around: Surroundings) -> HostReport:
            report = await perform(order, waiting, around)
            advance.saw(report)  # before anybody else's turn can come
            return report

        def skipped(order: Order) -> HostReport:
            why = None if self.interrupted.is_set() else advance.stopped
            return _not_begun(order, why or _HALTED)

        begun = 0
        for size in advance.sizes:
            wave = orders[begun : begun + size]
            begun += size
            if advance.stopped or self.interrupted.is_set():
                yield from ((order, skipped(order)) for order in wave)
                continue
            yield from self._work(wave, confirm, counted, skipped, lambda: bool(advance.stopped))
            advance.ended()

    def _work(
        self,
        orders: Sequence[Order],
        confirm: Callable[[Plan], bool | None] | None = None,
        do: Callable[..., Coroutine[Any, None, HostReport]] = perform,
        skipped: Callable[[Order], HostReport] = _halted,
        enough: Callable[[], bool] = never,
    ) -> Iterator[tuple[Order, HostReport]]:
        around = Surroundings(
            transport=self.transport,
            store=self.store,
            spill_folder=self.spill_folder,
            emit=self.emit,
            confirm=confirm or (lambda _: True),
            now=self.now,
            redaction=self.redaction,
            sleep=self.sleep,
            clock=self.clock,
            interrupted=self.interrupted,
        )
        if self.crew is not None and do is perform and self.crew.takes(orders):
            return self.crew.run(orders, around, skipped)
        ahead = partial(dial, transport=self.transport)
        runner = self.runner or Loop(self.settings.workers, ahead, most_at_once())

        def skip(order: Order) -> HostReport:
            forget(order, self.transport)
            return skipped(order)

        return runner.run(orders, partial(do, around=around), skip, enough)

    def _in_turn(self, orders: Iterable[Order]) -> Iterator[tuple[Order, HostReport]]:
        """Work through orders of several runs; an interrupt lets no further turn begin."""
        first, *more = rounds(orders) or [[]]
        yield from self._work(first)
        for turn in more:
            if self.interrupted.is_set():
                yield from ((order, _halted(order)) for order in turn)
            else:
                yield from self._work(turn)

    def _masked(self, report: HostReport) -> HostReport:
        """Tell of a report, without the secrets that may be in it."""
        report = self.redaction.masked(report)
        self.emit(HostFinished(report=report))
        return report

    @property
    def _journal(self) -> Store:
        if self.store is None:
            raise RuntimeError("a run that writes needs a store")
        return self.store

    def _ongoing(self) -> Ongoing:
        leases = dict(self._journal.leases(self.now()))
        return Ongoing(self._journal, self.settings.operator, self.is_running, leases)


def _as_saved(orders: Sequence[Order], saved: Mapping[str, Saved] | None) -> Sequence[Order]:
    """Orders to apply exactly what a saved plan says, on the computers that it was made for."""
    if saved is None:
        return orders
    return [
        replace(order, saved=one, computer=one.computer)
        for order, one in ((order, saved[order.host.name]) for order in orders)
    ]
