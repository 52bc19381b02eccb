"""The seam between the engine and whatever keeps the journal and the leases."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from remediate.model.audit import AuditRecord, HostFindings
from remediate.model.base import Model
from remediate.model.host import Host
from remediate.model.outcome import Holder, HostReport
from remediate.model.run import HostRecord, Intent, Run, RunRecord, RunSummary
from remediate.secrets.program import to_keep


class LeaseGrant(Model):
    """A lease that was taken.

    Args:
        fence: grows with every grant for a host; of two writers the higher one is right.
        took: whose expired lease it was until now; None when the host was free.
    """

    fence: int
    took: Holder | None = None


def kept(host: Host) -> Host:
    """A host as it is recorded: of a password program's arguments nothing, they may be secrets."""
    if host.password is None:
        return host
    return host.model_copy(update={"password": to_keep(host.password)})


def kept_intent(intent: Intent) -> Intent:
    """An intent as it is recorded."""
    return intent.model_copy(update={"host": kept(intent.host)})


class HostStore(Protocol):
    """What the worker of a host needs of the store; see `Store` for what its methods promise."""

    def take_lease(
        self, host: str, run: str, owner: str, now: datetime, ttl: timedelta
    ) -> LeaseGrant | Holder:
        """Take the lease of a host until `now + ttl`, or say who holds it.

        A run that holds it gets it again, until later and with a higher fence.

        Args:
            host: the host's endpoint.
            run: id of the run that wants it.
            owner: who runs it, and on which controller (`ada@bastion`).
            now: the time.
            ttl: how long it is to last.
        """

    def release_lease(self, host: str, run: str) -> None:
        """Give the lease back. Does nothing when the run does not hold it any more.

        Args:
            host: the host's endpoint.
            run: id of the run that took it.
        """

    def record_intent(self, intent: Intent) -> None:
        """Record what is about to be sent to a host, with the snapshot, before it is.

        Recording the same intent again does nothing.

        Raises:
            UnknownRun: there is no such run.
            JournalConflict: the host is not in the run, has another intent, or has its verdict.
        """

    def close_host(
        self, run: str, host: str, report: HostReport, *, reconciled: bool = False, frees: str = ""
    ) -> None:
        """Record the verdict for a host; an intent of it is closed by this.

        Recording the same verdict again changes nothing of it.

        Args:
            run: id of the run.
            host: name of the host in the run.
            report: the verdict.
            reconciled: the host was looked at again; may replace an earlier verdict.
            frees: the endpoint whose lease is given back with it, both or neither; see
                `release_lease`.

        Raises:
            UnknownRun: there is no such run.
            JournalConflict: the host is not in the run, or has another verdict.
        """


class AuditStore(Protocol):
    """Keeps what audits have found, apart from runs; see `Store` for what its methods promise."""

    def begin_audit(self, audit: Run, hosts: Collection[str] = ()) -> None:
        """Record that an audit begins.

        Args:
            audit: the audit.
            hosts: names of the hosts that it is about.

        Raises:
            JournalConflict: the id is taken.
        """

    def record_findings(self, audit: str, found: Sequence[HostFindings]) -> None:
        """Record what was found on some hosts, on all of them or on none.

        Raises:
            UnknownRun: there is no such audit.
            JournalConflict: a host has its findings already.
        """

    def finish_audit(self, audit: str, now: datetime) -> None:
        """Record that an audit ended in order; the first time counts.

        Raises:
            UnknownRun: there is no such audit.
        """

    def forget_audits(self, before: datetime) -> None:
        """Delete the audits that began before a time, and what they found."""

    def audit(self, audit: str) -> AuditRecord:
        """Everything about one audit.

        Args:
            audit: its id, or the beginning of it when no other audit begins so.

        Raises:
            UnknownRun: no audit or several audits match; names those that may be meant.
        """

    def audits(self, limit: int = 50, asked: Collection[str] = ()) -> list[RunSummary]:
        """The newest audits, newest first.

        Args:
            limit: how many.
            asked: names of hosts; only audits that looked at half of these or more.
        """


class Store(HostStore, AuditStore, Protocol):
    """Keeps runs, intents, verdicts and leases, and what audits have found.

    What a method has recorded is durable when it returns. All methods may be called by many
    threads at once, and all may raise `StoreError`; `StoreUnavailable` means that nothing of the
    call was recorded. Times are aware of their zone.
    """

    def begin_run(self, run: Run, hosts: Sequence[Host]) -> None:
        """Record a run and its hosts.

        Raises:
            JournalConflict: the id is taken, or two hosts have the same name.
        """

    def close_hosts(self, run: str, reports: Sequence[HostReport]) -> None:
        """Record the verdicts for some hosts, for all of them or for none; see `close_host`.

        Args:
            run: id of the run.
            reports: the verdicts.

        Raises:
            UnknownRun: there is no such run.
            JournalConflict: a host is not in the run, or has another verdict.
        """

    def leases(self, now: datetime) -> list[tuple[str, Holder]]:
        """The leases in force, by endpoint, in its order."""

    def finish_run(self, run: str, now: datetime) -> None:
        """Record that a run ended in order; the first time counts.

        Raises:
            UnknownRun: there is no such run.
        """

    def run(self, run: str) -> RunRecord:
        """Everything about one run.

        Args:
            run: its id, or the beginning of it when no other run begins so.

        Raises:
            UnknownRun: no run or several runs match; names those that may be meant.
        """

    def runs(self, limit: int = 50) -> list[RunSummary]:
        """The newest runs, newest first."""

    def open_intents(self, *, indeterminate: bool = False) -> list[tuple[Run, HostRecord]]:
        """The hosts with an intent and no verdict, oldest first.

        Args:
            indeterminate: also those whose verdict says that nobody knows.
        """

    def close(self) -> None:
        """Let go of files and connections. Never raises."""
