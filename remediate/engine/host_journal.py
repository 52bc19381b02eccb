"""What is put on record of one host: its lease, its intent, its verdict."""

import logging
from datetime import timedelta

from remediate.engine.effects import Granted, RecordIntent, StoreFailed
from remediate.engine.order import Order, Verb
from remediate.engine.stopwatch import Stopwatch
from remediate.engine.surroundings import Surroundings
from remediate.model.outcome import Holder, HostReport
from remediate.model.run import Intent
from remediate.store.errors import StoreError
from remediate.store.protocol import HostStore
from remediate.store.spill import SpillEntry, spill

_log = logging.getLogger(__name__)


class HostJournal:
    """Records the work on one host; each call may wait for a disk.

    Args:
        order: what is to be done.
        around: has the store, and what is masked in it.
        watch: measures it; None where it was somebody else who has worked on the host.
    """

    def __init__(self, order: Order, around: Surroundings, watch: Stopwatch | None = None) -> None:
        self._order = order
        self._around = around
        self._watch = watch
        self._reconciling = order.verb is Verb.RECONCILE  # its verdict may replace an earlier one
        self._leased = False
        self._recorded = False

    def take_lease(self, takes_over: tuple[str, ...]) -> Granted | Holder | StoreFailed:
        """Take the host's lease, from some runs too, or say who holds it, or why nobody knows."""
        key = self._order.host.endpoint
        try:
            grant = self._grant(key)
            if isinstance(grant, Holder) and grant.run in takes_over:
                self._store.release_lease(key, grant.run)
                grant = self._grant(key)
        except StoreError as error:
            return StoreFailed(error.message, error.hint)
        return grant

    def record(self, effect: RecordIntent) -> StoreFailed | None:
        """Record what is about to be sent; what comes of it is open from now on."""
        now = self._around.now()
        intent = Intent(
            run=self._order.run,
            host=self._order.host,
            changes=effect.changes,
            snapshot=tuple(map(self._around.redaction.masked, effect.snapshot)),
            recorded=now,
            computer=effect.computer,
            until=now + timedelta(seconds=effect.settling) if effect.settling else None,
        )
        self._recorded = True
        try:
            self._store.record_intent(intent)
        except StoreError as error:
            return StoreFailed(error.message, error.hint)
        return None

    def close(self, report: HostReport, *, free: bool) -> None:
        """Record the verdict, in a file where the store fails. Never raises a `StoreError`.

        Args:
            report: the verdict.
            free: give the lease back, too.
        """
        report = self._around.redaction.masked(self._timed(report))
        host = self._order.host
        try:
            self._store.close_host(
                self._order.run,
                host.name,
                report,
                reconciled=self._reconciling,
                frees=host.endpoint if free else "",
            )
        except StoreError as error:
            _log.error(
                "the verdict could not be recorded; it is spilled",
                extra={
                    "host": host.name,
                    "run": self._order.run,
                    "outcome": report.outcome,
                    "error": error.message,
                    "file": self._spill(report),
                },
            )
            if free:
                self.free_lease()

    def free_lease(self) -> None:
        """Give the lease back, or let it expire."""
        try:
            self._store.release_lease(self._order.host.endpoint, self._order.run)
        except StoreError as error:
            about = {"host": self._order.host.name, "error": str(error)}
            _log.warning("the lease will expire by itself", extra=about)

    def break_off(self, report: HostReport) -> None:
        """End what a mistake of ours has broken off; an intent stays open, and keeps its lease."""
        if not self._leased or self._recorded:
            return
        if self._reconciling:
            self.free_lease()
        else:
            self.close(report, free=True)

    @property
    def _store(self) -> HostStore:
        if self._around.store is None:
            raise RuntimeError("a run that writes needs a store")
        return self._around.store

    def _grant(self, key: str) -> Granted | Holder:
        order, settings = self._order, self._order.settings
        grant = self._store.take_lease(
            key, order.run, settings.operator, self._around.now(), settings.lease
        )
        if isinstance(grant, Holder):
            return grant
        self._leased = True
        note = ""
        if grant.took is not None:
            note = f"took over the expired lease of run {grant.took.run} ({grant.took.owner})"
            about = {"host": order.host.name, "run": grant.took.run}
            _log.warning("lease taken over", extra=about)
        return Granted(grant.fence, note)

    def _timed(self, report: HostReport) -> HostReport:
        """A verdict as it is recorded: with the time of the run that it is about."""
        if self._reconciling:
            return report.model_copy(update={"worked": self._order.worked})
        return self._watch.told(report) if self._watch else report

    def _spill(self, report: HostReport) -> str:
        if self._around.spill_folder is None:
            return ""
        entry = SpillEntry(run=self._order.run, host=self._order.host.name, report=report)
        try:
            return str(spill(entry, self._around.spill_folder))
        except OSError as error:
            return f"nowhere: {error}"
