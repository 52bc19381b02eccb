"""A store in memory, for tests; keeps every promise of the Protocol but durability."""

import threading
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from remediate.model.audit import AuditRecord, HostFindings
from remediate.model.host import Host
from remediate.model.outcome import Holder, HostReport, Outcome
from remediate.model.run import HostRecord, Intent, Run, RunRecord, RunSummary
from remediate.store.errors import JournalConflict, UnknownRun
from remediate.store.protocol import LeaseGrant, kept, kept_intent
from remediate.store.run_names import match_run

_Record = TypeVar("_Record", RunRecord, AuditRecord)


class MemoryStore:
    """A `Store` that is gone with the process."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._runs: dict[str, RunRecord] = {}
        self._audits: dict[str, AuditRecord] = {}
        self._fences: Counter[str] = Counter()
        self._holders: dict[str, Holder] = {}

    def begin_run(self, run: Run, hosts: Sequence[Host]) -> None:
        """Record a run and its hosts."""
        with self._lock:
            if run.id in self._runs:
                raise JournalConflict(run.id, "", "a run of this name is already recorded")
            if len({host.name for host in hosts}) < len(hosts):
                raise JournalConflict(run.id, "", "two hosts have the same name")
            records = tuple(HostRecord(host=kept(host)) for host in hosts)
            self._runs[run.id] = RunRecord(run=run, hosts=records)

    def take_lease(
        self, host: str, run: str, owner: str, now: datetime, ttl: timedelta
    ) -> LeaseGrant | Holder:
        """Take the lease of a host until `now + ttl`, or say who holds it."""
        with self._lock:
            held = self._holders.get(host)
            ours = held is not None and held.run == run
            if held and not ours and held.until > now:
                return held
            since = held.since if held and ours else now
            self._holders[host] = Holder(run=run, owner=owner, since=since, until=now + ttl)
            self._fences[host] += 1
            return LeaseGrant(fence=self._fences[host], took=None if ours else held)

    def release_lease(self, host: str, run: str) -> None:
        """Give the lease back. Does nothing when the run does not hold it any more."""
        with self._lock:
            if host in self._holders and self._holders[host].run == run:
                del self._holders[host]

    def leases(self, now: datetime) -> list[tuple[str, Holder]]:
        """The leases in force, by endpoint, in its order."""
        with self._lock:
            return sorted(
                ((host, held) for host, held in self._holders.items() if held.until > now),
                key=lambda lease: lease[0],
            )

    def record_intent(self, intent: Intent) -> None:
        """Record what is about to be sent to a host, with the snapshot, before it is."""
        intent = kept_intent(intent)
        with self._lock:
            record = self._host(intent.run, intent.host.name)
            if record.intent == intent:
                return
            if record.intent:
                raise JournalConflict(
                    intent.run, intent.host.name, "another intent is already recorded"
                )
            if record.outcome:
                raise JournalConflict(
                    intent.run, intent.host.name, f"it already ended as {record.outcome}"
                )
            self._replace(intent.run, record.model_copy(update={"intent": intent}))

    def close_host(
        self, run: str, host: str, report: HostReport, *, reconciled: bool = False, frees: str = ""
    ) -> None:
        """Record the verdict for a host; an intent of it is closed by this."""
        with self._lock:
            record = self._host(run, host)
            if record.report != report:
                if record.report and not reconciled:
                    raise JournalConflict(run, host, f"it already ended as {record.outcome}")
                self._replace(run, record.model_copy(update={"report": report}))
            self.release_lease(frees, run)

    def close_hosts(self, run: str, reports: Sequence[HostReport]) -> None:
        """Record the verdicts for some hosts, for all of them or for none."""
        with self._lock:
            before = self._begun(run)
            try:
                for report in reports:
                    self.close_host(run, report.host, report)
            except JournalConflict:
                self._runs[run] = before
                raise

    def finish_run(self, run: str, now: datetime) -> None:
        """Record that a run ended in order; the first time counts."""
        with self._lock:
            record = self._begun(run)
            if record.finished is None:
                self._runs[run] = record.model_copy(update={"finished": now})

    def run(self, run: str) -> RunRecord:
        """Everything about one run, by its id or the beginning of it."""
        with self._lock:
            return self._runs[
                match_run(run, [record.run.id for record in _newest(self._runs.values())])
            ]

    def runs(self, limit: int = 50) -> list[RunSummary]:
        """The newest runs, newest first."""
        with self._lock:
            return [
                RunSummary(
                    run=record.run,
                    finished=record.finished,
                    hosts=len(record.hosts),
                    outcomes=dict(Counter(host.outcome for host in record.hosts if host.outcome)),
                    open=sum(1 for host in record.hosts if host.intent and not host.report),
                )
                for record in _newest(self._runs.values())[:limit]
            ]

    def open_intents(self, *, indeterminate: bool = False) -> list[tuple[Run, HostRecord]]:
        """The hosts with an intent and no verdict, oldest first."""
        unsettled = {None, Outcome.INDETERMINATE} if indeterminate else {None}
        with self._lock:
            found = [
                (host.intent.recorded, record.run, host)
                for record in self._runs.values()
                for host in record.hosts
                if host.intent and host.outcome in unsettled
            ]
        found.sort(key=lambda entry: entry[0])
        return [(run, host) for _, run, host in found]

    def begin_audit(self, audit: Run, hosts: Collection[str] = ()) -> None:
        """Record that an audit of these hosts begins."""
        with self._lock:
            if audit.id in self._audits:
                raise JournalConflict(audit.id, "", "an audit of this name is already recorded")
            self._audits[audit.id] = AuditRecord(run=audit, no_verdict=tuple(sorted(set(hosts))))

    def record_findings(self, audit: str, found: Sequence[HostFindings]) -> None:
        """Record what was found on some hosts, on all of them or on none."""
        with self._lock:
            record = self._begun_audit(audit)
            known = {host.host: host for host in record.hosts}
            for one in found:
                if known.setdefault(one.host, one) is not one:
                    raise JournalConflict(audit, one.host, "what was found is already recorded")
            hosts = tuple(known[name] for name in sorted(known))
            left = tuple(name for name in record.no_verdict if name not in known)
            self._audits[audit] = record.model_copy(update={"hosts": hosts, "no_verdict": left})

    def finish_audit(self, audit: str, now: datetime) -> None:
        """Record that an audit ended in order; the first time counts."""
        with self._lock:
            record = self._begun_audit(audit)
            if record.finished is None:
                self._audits[audit] = record.model_copy(update={"finished": now})

    def forget_audits(self, before: datetime) -> None:
        """Delete the audits that began before a time, and what they found."""
        with self._lock:
            for name in [n for n, one in self._audits.items() if one.run.started < before]:
                del self._audits[name]

    def audit(self, audit: str) -> AuditRecord:
        """Everything about one audit, by its id or the beginning of it."""
        with self._lock:
            names = [record.run.id for record in _newest(self._audits.values())]
            return self._audits[match_run(audit, names)]

    def audits(self, limit: int = 50, asked: Collection[str] = ()) -> list[RunSummary]:
        """The newest audits, newest first."""
        wanted = set(asked)
        with self._lock:
            found = [
                RunSummary(
                    run=record.run,
                    finished=record.finished,
                    hosts=len(record.hosts),
                    outcomes=dict(Counter(host.outcome for host in record.hosts)),
                )
                for record in _newest(self._audits.values())
                if 2 * len(wanted & {host.host for host in record.hosts}) >= len(wanted)
            ]
        return found[:limit]

    def close(self) -> None:
        """Do nothing: there are no files or connections."""

    def _begun(self, run: str) -> RunRecord:
        if run not in self._runs:
            raise UnknownRun(run)
        return self._runs[run]

    def _begun_audit(self, audit: str) -> AuditRecord:
        if audit not in self._audits:
            raise UnknownRun(audit)
        return self._audits[audit]

    def _host(self, run: str, name: str) -> HostRecord:
        for record in self._begun(run).hosts:
            if record.host.name == name:
                return record
        raise JournalConflict(run, name, "it is not a host of this run")

    def _replace(self, run: str, new: HostRecord) -> None:
        record = self._runs[run]
        hosts = tuple(new if old.host.name == new.host.name else old for old in record.hosts)
        self._runs[run] = record.model_copy(update={"hosts": hosts})


def _newest(records: Iterable[_Record]) -> list[_Record]:
    return sorted(records, key=lambda record: (record.run.started, record.run.id), reverse=True)
