"""Audits, applies, rolls back and reconciles: what the command line and other programs call."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path
from types import MappingProxyType

import structlog

from remediate.engine.assignment import AUDIT, Assignment, holder_in
from remediate.engine.broken_off import give_free
from remediate.engine.effects import Ask, ask
from remediate.engine.host_run import Steps, apply, audit, reconcile
from remediate.engine.host_worker import HostWorker, Surroundings, utc_now
from remediate.engine.job import Job, Settings
from remediate.engine.observation import call_problem, scripts
from remediate.engine.origins import Origins
from remediate.engine.planning import (
    Planner,
    PlaybookPlanner,
    RecordPlanner,
    UndoPlanner,
)
from remediate.engine.recorded import (
    RecordRefusedError,
    as_resource,
    changes_to_undo,
    perhaps_half_way,
    recorded_changes,
    refused_record,
    restarts_of,
    writes_of,
)
from remediate.engine.source import Supply
from remediate.engine.spilled import take_in_spilled
from remediate.engine.verdict import failed, internal_error, touched
from remediate.model.computer import Computer
from remediate.model.event import Event, HostFinished, Phase
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.plan import Plan
from remediate.model.problem import Problem
from remediate.model.run import HostRecord, Run, RunRecord, RunSummary
from remediate.powershell.messages import Call, Request, Status
from remediate.powershell.script import compose
from remediate.redaction import Redaction
from remediate.resources.base import Query
from remediate.runner.threads import Runner, Threads
from remediate.store.errors import StoreError
from remediate.store.protocol import Store, lease_key
from remediate.transport.errors import TransportError
from remediate.transport.protocol import Transport

_NEWEST = 1000  # runs among which a killed one is looked for
_log = structlog.get_logger(__name__)

RunAlive = Callable[[str], AbstractContextManager[object]]
"""Marks a run as alive while it is entered; see `remediate.store.run_lock`."""


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
        runner: works through the hosts; threads when not given.
        peer: finds the host that a playbook copies from, by its name.
        redaction: takes secrets out of what is reported and recorded.
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

    def audit(self, hosts: Sequence[Host], job: Job) -> Iterator[HostReport]:
        """Say what `job` would change; for `audit`, `plan` and `--dry-run`."""
        originals = Origins(job, self.transport, self.peer).look(self.settings.timeout)
        planner = PlaybookPlanner(job, originals)
        return self._each(hosts, lambda host: self._audit(host, planner))

    def apply(
        self,
        hosts: Sequence[Host],
        job: Job,
        run: Run,
        confirm: Callable[[Plan], bool] | None = None,
    ) -> Iterator[HostReport]:
        """Change what differs, and prove it.

        Args:
            hosts: where.
            job: what.
            run: what to record it as.
            confirm: asks a person, in the host's thread; None when nobody is asked.

        Raises:
            StoreError: the run cannot be recorded; nothing was sent.
        """
        origins = Origins(job, self.transport, self.peer)
        originals = origins.look(self.settings.timeout)
        planner = PlaybookPlanner(job, originals)
        supplies = origins.supplies(originals)
        return self._recorded(run, [(host, planner) for host in hosts], confirm, supplies)

    def rollback(
        self,
        record: RunRecord,
        run: Run,
        *,
        hosts: Collection[str] | None = None,
        force: bool = False,
        dry_run: bool = False,
        confirm: Callable[[Plan], bool] | None = None,
        job: Job | None = None,
    ) -> Iterator[HostReport]:
        """Write back what a run recorded, where it is still what that run wrote.

        Args:
            record: the run to undo.
            run: what to record the rollback as; its `undoes` is the run to undo.
            hosts: names of the hosts to do it on; all that were changed when None.
            force: also where somebody else has changed it since.
            dry_run: only say what would be written back.
            confirm: asks a person; None when nobody is asked.
            job: the run's playbooks, whose guards are asked before something is stopped or
                restarted; None when they cannot be had.

        Raises:
            StoreError: the rollback cannot be recorded; nothing was sent.
        """
        guards = PlaybookPlanner(job) if job is not None else None
        writes = writes_of(job) if job is not None else None
        todo: list[tuple[Host, Planner]] = []
        computers: dict[str, Computer] = {}
        unusable: list[HostReport] = []
        tried = [self._journal.run(each.run.id) for each in self._tries(record.run.id)]
        for host in record.hosts:
            if hosts is not None and host.host.name not in hosts:
                continue
            try:
                changes = changes_to_undo(host, writes)
                restarts = restarts_of(tried, host.host.name, writes)
            except RecordRefusedError as error:
                unusable.append(refused_record(host.host.name, error))
                continue
            if changes:
                snapshot = host.intent.snapshot if host.intent else ()
                cut_off = perhaps_half_way(host)
                planner = UndoPlanner(
                    record.run.playbooks, changes, snapshot, force, guards, cut_off, restarts
                )
                todo.append((host.host, planner))
                computers[host.host.name] = host.computer
        if dry_run:
            planners = {host.name: planner for host, planner in todo}
            names = [host for host, _ in todo]
            done = self._each(
                names, lambda host: self._audit(host, planners[host.name], computers[host.name])
            )
            return chain(self._said(unusable), done)
        without_verdict = {
            one.host.name: (record.run, one.intent.host)  # it has its lease by the address of then
            for one in record.hosts
            if one.intent and not one.report
        }
        done = self._recorded(
            run, todo, confirm, computers=computers, without_verdict=without_verdict
        )
        return chain(self._said(unusable), done)

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
        incomplete = (
            take_in_spilled(self._journal, self.spill_folder) if self.spill_folder else None
        )
        unended = self._journal.open_intents(indeterminate=True)
        if found is None:
            found = unended
        still = {(run.id, record.host.name) for run, record in unended}
        found = [(run, record) for run, record in found if (run.id, record.host.name) in still]
        runs = {id(record): run for run, record in found}
        records = [record for _, record in found]
        ended: set[str] = set()

        def work(record: HostRecord) -> tuple[Run, HostReport]:
            run = runs[id(record)]
            return run, _guarded(record.host, lambda _: self._reconcile(run, record))

        def skip(record: HostRecord) -> tuple[Run, HostReport]:
            return runs[id(record)], _halted(record.host)

        for run, seen in self._runner.run(records, work, skip):
            [report] = self._said([seen])
            ended.add(run.id)
            yield run, report
        for run in self._killed():
            for report in give_free(self._journal, run.id):
                yield run, report
            ended.add(run.id)
        for name in ended:
            record = self._journal.run(name)
            if record.finished is None and all(host.report for host in record.hosts):
                self._journal.finish_run(name, self.now())
        if incomplete:
            raise incomplete

    def check(self, hosts: Sequence[Host]) -> Iterator[HostReport]:
        """Connect, and say what each host says of itself."""
        nothing = PlaybookPlanner(Job(()))
        return self._each(hosts, lambda host: self._audit(host, nothing))

    def locks(self, hosts: Sequence[Host]) -> Iterator[HostReport]:
        """Say who holds the lease on each host, there or in the store when there is one."""
        in_store = dict(self.store.leases(self.now())) if self.store else {}

        def work(host: Host) -> HostReport:
            report = self._worker(host, AUDIT, ()).work(_lease_of(host))
            holder = report.holder or in_store.get(lease_key(host))
            return report.model_copy(update={"holder": holder})

        return self._each(hosts, work)

    # --- how ----------------------------------------------------------------------------------

    @property
    def _runner(self) -> Runner:
        return self.runner or Threads(self.settings.workers)

    @property
    def _journal(self) -> Store:
        if self.store is None:
            raise RuntimeError("a run that writes needs a store")
        return self.store

    def _each(
        self, hosts: Sequence[Host], work: Callable[[Host], HostReport]
    ) -> Iterator[HostReport]:
        done = self._runner.run(hosts, partial(_guarded, work=work), _halted)
        return self._said(done)

    def _said(self, reports: Iterable[HostReport]) -> Iterator[HostReport]:
        """Tell of reports, without the secrets that may be in them."""
        for report in map(self.redaction.masked, reports):
            self.emit(HostFinished(report=report))
            yield report

    def _audit(self, host: Host, planner: Planner, computer: Computer | None = None) -> HostReport:
        work = Assignment(
            host=host.name, planner=planner, computer=computer, renamed=self.settings.renamed
        )
        steps = audit(work)
        return self._worker(host, AUDIT, planner.queries()).work(steps)

    def _recorded(
        self,
        run: Run,
        todo: Sequence[tuple[Host, Planner]],
        confirm: Callable[[Plan], bool] | None,
        supplies: Mapping[str, Supply] = MappingProxyType({}),
        computers: Mapping[str, Computer] = MappingProxyType({}),
        without_verdict: Mapping[str, tuple[Run, Host]] = MappingProxyType({}),
    ) -> Iterator[HostReport]:
        planners = {host.name: planner for host, planner in todo}
        hosts = [host for host, _ in todo]

        def work(host: Host) -> HostReport:
            assignment = self._assignment(host, planners[host.name], run, ask=bool(confirm))
            assignment = replace(
                assignment, origins=frozenset(supplies), computer=computers.get(host.name)
            )
            if host.name in without_verdict and self._goes_on(*without_verdict[host.name]):
                assignment = replace(assignment, takes_over=())  # it keeps its lease
            worker = self._worker(host, run.id, assignment.planner.queries(), confirm)
            worker.around = replace(worker.around, supplies=supplies)
            return worker.work(apply(assignment))

        with self.alive(run.id):
            self._journal.begin_run(run, hosts)
            yield from self._each(hosts, work)
            self._journal.finish_run(run.id, self.now())

    def _reconcile(self, run: Run, record: HostRecord) -> HostReport:
        intent = record.intent
        if intent is None:
            raise ValueError(f"{record.host.name} has no intent in run {run.id}")
        try:
            changes = recorded_changes(record)
        except RecordRefusedError as error:
            return refused_record(record.host.name, error)
        plan = Plan(host=record.host.name, playbooks=run.playbooks, changes=changes)
        work = self._assignment(record.host, RecordPlanner(run.playbooks, changes), run)
        work = replace(work, computer=record.computer)
        if self._goes_on(run, intent.host):  # it has its lease by the address of then
            problem = Problem(
                code="still_running",
                message=f"run {run.id} is still going on",
                hint="Wait for it to end; it will say itself what it did.",
            )
            return failed(work, Outcome.REFUSED, problem, plan)
        ours = {change.resource for change in changes}
        seen = tuple(as_resource(each) for each in intent.snapshot if each.resource in ours)
        worker = self._worker(record.host, run.id, work.planner.queries())
        worker.reconciling = True
        return worker.work(reconcile(work, plan, touched(plan.changes, seen)))

    def _killed(self) -> list[Run]:
        """The runs of this controller that have no end and do not go on."""
        unended = [each.run for each in self._journal.runs(_NEWEST) if each.finished is None]
        return [run for run in unended if self._is_ours(run) and not self.is_running(run.id)]

    def _is_ours(self, run: Run) -> bool:
        """Whether it was begun on this controller."""
        here = self.settings.operator.rpartition("@")[2]
        return run.operator.rpartition("@")[2] == here

    def _goes_on(self, run: Run, host: Host) -> bool:
        """Whether a run is alive; one of another controller may be until its lease expires."""
        if self.is_running(run.id):
            return True
        if self._is_ours(run):
            return False
        leases = dict(self._journal.leases(self.now()))
        return lease_key(host) in leases and leases[lease_key(host)].run == run.id

    def _takes_over(self, undone: str) -> tuple[str, ...]:
        """A run that is undone, and those that tried to and have ended: what has their leases."""
        return (undone, *(each.run.id for each in self._tries(undone) if each.finished))

    def _tries(self, undone: str) -> Iterator[RunSummary]:
        """The runs that were to undo a run."""
        return (each for each in self._journal.runs(_NEWEST) if each.run.undoes == undone)

    def _assignment(
        self, host: Host, planner: Planner, run: Run, *, ask: bool = False
    ) -> Assignment:
        return Assignment(
            host=host.name,
            planner=planner,
            run=run.id,
            operator=self.settings.operator,
            lease_seconds=int(self.settings.lease.total_seconds()),
            ask=ask,
            auto_rollback=self.settings.auto_rollback,
            accept_irreversible=self.settings.accept_irreversible,
            takes_over=self._takes_over(run.undoes) if run.undoes else (),
            renamed=self.settings.renamed,
        )

    def _worker(
        self,
        host: Host,
        run: str,
        queries: Iterable[Query],
        confirm: Callable[[Plan], bool] | None = None,
    ) -> HostWorker:
        around = Surroundings(
            transport=self.transport,
            settings=self.settings,
            store=self.store,
            spill_folder=self.spill_folder,
            emit=self.emit,
            now=self.now,
            redaction=self.redaction,
        )
        if confirm is not None:
            around = replace(around, confirm=confirm)
        return HostWorker(host, compose(scripts(queries)), run, around)


def _guarded(host: Host, work: Callable[[Host], HostReport]) -> HostReport:
    """Keep what goes wrong before a host is even talked to from ending the others."""
    try:
        return work(host)
    except StoreError:
        raise  # all hosts have the same store
    except Exception as error:  # noqa: BLE001 - a record or playbook may be about anything
        _log.debug("internal error", host=host.name, exc_info=True)
        return internal_error(host.name, error)


def _halted(host: Host) -> HostReport:
    problem = Problem(code="halted", message="the run was stopped before its turn came")
    return HostReport(host=host.name, outcome=Outcome.SKIPPED, problem=problem)


def _lease_of(host: Host) -> Steps:
    request = Request(run=AUDIT, calls=(Call(id="lease", function="Get-RemediateLease"),))
    answer = yield from ask(Ask(request, Phase.OBSERVE))
    if isinstance(answer, TransportError):
        return HostReport(host=host.name, outcome=answer.outcome, problem=answer.problem())
    lease = answer["lease"]
    if lease.status is Status.ERROR:
        problem = call_problem(lease.error, "reading the lease failed")
        return HostReport(host=host.name, outcome=Outcome.FAILED_UNCHANGED, problem=problem)
    holder = holder_in(lease.value[0]) if lease.value else None
    return HostReport(host=host.name, outcome=Outcome.COMPLIANT, holder=holder)
