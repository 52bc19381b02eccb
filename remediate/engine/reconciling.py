"""What runs that broke off, or a store that failed, have left to be put in order."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from remediate.engine.job import Settings
from remediate.engine.order import Order, Verb
from remediate.engine.recorded import (
    RecordRefusedError,
    Writes,
    half_made,
    recorded_changes,
    refused_record,
)
from remediate.engine.rollback import RecordPlanner
from remediate.engine.verdict import internal_error
from remediate.model.change import Change
from remediate.model.host import Host
from remediate.model.outcome import Holder, HostReport, Outcome
from remediate.model.plan import Plan
from remediate.model.problem import BROKE_OFF, Problem
from remediate.model.run import HostRecord, Run, RunSummary
from remediate.store.errors import JournalConflict, JournalIncomplete, StoreError, UnknownRun
from remediate.store.protocol import Store
from remediate.store.spill import SpillEntry, SpillFile, read_spill

_NEWEST = 1000  # runs among which a killed one is looked for
_BROKE_OFF = Problem(
    code=BROKE_OFF,
    message="the run broke off before anything was written",
    hint="Run it again.",
)
_STILL_RUNNING = "Wait for it to end; it will say itself what it did."
_LEAVING = 100  # runs among which those are looked for that have left something undone
_HALF_WAY = {Outcome.FAILED_CHANGED, Outcome.INDETERMINATE}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ongoing:
    """Tells runs that go on from those that were killed.

    Args:
        store: where they are recorded.
        operator: who asks, and on which controller (`ada@bastion`).
        is_running: whether a run is alive on this machine.
        leases: those in force, by endpoint.
    """

    store: Store
    operator: str
    is_running: Callable[[str], bool]
    leases: Mapping[str, Holder]

    def goes_on(self, run: Run, host: Host) -> bool:
        """Whether a run is alive; one of another controller may be until its lease expires.

        Args:
            run: the run.
            host: a host of it, by the address that its lease was taken for.
        """
        if self.is_running(run.id):
            return True
        held = self.leases.get(host.endpoint)
        return not self._is_ours(run) and held is not None and held.run == run.id

    def killed(self) -> list[Run]:
        """The runs of this controller that have no end and do not go on."""
        unended = [each.run for each in self.store.runs(_NEWEST) if each.finished is None]
        return [run for run in unended if self._is_ours(run) and not self.is_running(run.id)]

    def tries(self, undone: str) -> list[RunSummary]:
        """The runs that were to undo a run."""
        return [each for each in self.store.runs(_NEWEST) if each.run.undoes == undone]

    def takes_over(self, undone: str) -> tuple[str, ...]:
        """A run that is undone, and those that tried to and have ended: what has their leases."""
        return (undone, *(each.run.id for each in self.tries(undone) if each.finished))

    def _is_ours(self, run: Run) -> bool:
        """Whether it was begun on this controller."""
        return run.operator.rpartition("@")[2] == self.operator.rpartition("@")[2]


def left_half_made(store: Store, writes: Writes) -> dict[str, tuple[Change, ...]]:
    """What earlier runs went wrong half-way with, by the name of the host.

    Args:
        store: where they are recorded.
        writes: what the playbooks that are asked about may write.
    """
    found: dict[str, tuple[Change, ...]] = {}
    for summary in store.runs(_LEAVING):
        if summary.run.undoes is None and (summary.open or _HALF_WAY & summary.outcomes.keys()):
            for record in store.run(summary.run.id).hosts:
                name = record.host.name
                found[name] = (*found.get(name, ()), *half_made(record, writes))
    return found


def closing(
    run: Run, record: HostRecord, ongoing: Ongoing, settings: Settings, now: datetime
) -> Order | HostReport:
    """What is to be done to close an intent, or why it stays open.

    Args:
        run: the run.
        record: a host of it.
        ongoing: tells runs that go on.
        settings: how to go about it.
        now: the time in UTC.
    """
    host = record.host
    try:
        changes = recorded_changes(record)
    except RecordRefusedError as error:
        return refused_record(host.name, error)
    except Exception:  # noqa: BLE001 - a record may be about anything
        _log.debug("internal error", extra={"host": host.name}, exc_info=True)
        return internal_error(host.name)
    snapshot = record.intent.snapshot if record.intent else ()
    if record.intent and ongoing.goes_on(run, record.intent.host):  # by the address of then
        plan = Plan(host=host.name, playbooks=run.playbooks, changes=changes)
        message = f"run {run.id} is still going on"
        problem = Problem(code="still_running", message=message, hint=_STILL_RUNNING)
        return HostReport(host=host.name, outcome=Outcome.REFUSED, plan=plan, problem=problem)
    planner = RecordPlanner(run.playbooks, changes, snapshot)
    leases = ongoing.takes_over(run.undoes) if run.undoes else ()
    until = record.intent.until if record.intent else None
    settling = max(0.0, (until - now).total_seconds()) if until else 0.0
    return Order(
        Verb.RECONCILE,
        host,
        settings,
        planner,
        run.id,
        takes_over=leases,
        computer=record.computer,
        settling=settling,
        worked=record.report.worked if record.report else None,
    )


def rounds(orders: Iterable[Order]) -> list[list[Order]]:
    """Orders one after the other where they are about one host, whose lease only one can have.

    Args:
        orders: each of another run or another host, by address and by computer; they keep their
            order.
    """
    found: list[tuple[set[str], list[Order]]] = []
    for order in orders:
        computer = order.computer and (order.computer.guid or order.computer.name.casefold())
        about = {name for name in (order.host.endpoint, computer) if name}
        turn = max((n for n, (taken, _) in enumerate(found, 1) if taken & about), default=0)
        if turn == len(found):
            found.append((set(), []))
        taken, together = found[turn]
        taken |= about
        together.append(order)
    return [together for _, together in found]


def take_in_spilled(store: Store, folder: Path) -> JournalIncomplete | None:
    """Record what was spilled, and delete each file all of which is recorded.

    A file that has to stay is read again and again: what was seen later counts more. So of a host
    in a run only the last verdict is recorded: once an earlier one was, a store that fails then
    would leave the host with it, as settled.

    Args:
        store: where it belongs.
        folder: the store's folder.

    Returns:
        What could not be taken in; None when all was.
    """
    files = read_spill(folder)
    if not files:
        return None
    open_intents = store.open_intents(indeterminate=True)
    unsettled = {(run.id, record.host.name) for run, record in open_intents}
    last = {(each.run, each.host): each for file in files for each in file.entries if each.report}
    why = [
        f"{file.path}: {each}" for file in files for each in _problems(store, file, last, unsettled)
    ]
    return JournalIncomplete(why) if why else None


def _problems(
    store: Store,
    file: SpillFile,
    last: Mapping[tuple[str, str], SpillEntry],
    unsettled: set[tuple[str, str]],
) -> Iterator[str]:
    """Take in what is in one file of the last verdicts, and say what could not be."""
    if file.problem:
        yield file.problem
        return
    try:
        for entry in file.entries:
            about = entry.run, entry.host
            if last.get(about) is entry:
                _take_in(store, entry, unsettled=about in unsettled)
    except UnknownRun:
        # Among the temporary files, for example, are those of this account's other stores.
        _log.warning(
            "spilled verdicts are of a run of another store", extra={"file": str(file.path)}
        )
        return
    except StoreError as error:
        yield error.message
        return
    if file.damaged:
        yield "lines of it cannot be read"
        return
    try:
        file.path.unlink()
    except OSError as error:
        _log.warning(
            "spilled verdicts are recorded and cannot be deleted", extra={"why": str(error)}
        )


def _take_in(store: Store, entry: SpillEntry, *, unsettled: bool) -> None:
    if entry.report is None:
        return
    try:
        store.close_host(entry.run, entry.host, entry.report, reconciled=unsettled)
    except JournalConflict:
        if unsettled:
            raise


def give_free(store: Store, run: str) -> Iterator[HostReport]:
    """Close the hosts that have neither intent nor verdict, and give back what leases there are.

    A host whose intent is open, or of which nobody knows, keeps its lease: it has to be looked at.

    Args:
        store: where they are recorded.
        run: id of a run that does not go on.

    Yields:
        A report for each host that is closed by this.

    Raises:
        StoreError: it cannot be recorded.
    """
    for record in store.run(run).hosts:
        if record.intent is not None and record.outcome in {None, Outcome.INDETERMINATE}:
            continue
        store.release_lease(record.host.endpoint, run)
        if record.report is None:
            report = HostReport(host=record.host.name, outcome=Outcome.SKIPPED, problem=_BROKE_OFF)
            store.close_host(run, record.host.name, report)
            yield report
