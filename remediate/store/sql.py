"""The store in a database, SQLite or PostgreSQL, through SQLAlchemy Core."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Self, TypeVar

import sqlalchemy as sa
from pydantic import ValidationError

from remediate.model.audit import AuditRecord, HostFindings
from remediate.model.base import SCHEMA_VERSION, Model, perhaps_newer
from remediate.model.earlier import upgraded
from remediate.model.host import Host
from remediate.model.outcome import Holder, HostReport, Outcome
from remediate.model.run import HostRecord, Intent, Run, RunRecord, RunSummary
from remediate.store.contents import in_words
from remediate.store.database import Database
from remediate.store.errors import StoreTooNew, StoreUnavailable
from remediate.store.place import StorePlace
from remediate.store.protocol import LeaseGrant, kept_intent
from remediate.store.run_names import is_run_id
from remediate.store.schema import audited, audits, hosts, leases, runs, unsettled
from remediate.store.statements import (
    close_host,
    delete_audits,
    find_run,
    finish_run,
    holder,
    insert_audit,
    insert_findings,
    insert_run,
    newest_audits,
    record_intent,
    release_lease,
    take_lease,
)

_M = TypeVar("_M", bound=Model)
_NOUNS: dict[type[Model], str] = {
    Run: "a run",
    Host: "a host",
    Intent: "an intent",
    HostReport: "a verdict",
    HostFindings: "what was found",
}
_DAMAGED = "It was written by another program, or is damaged. Report it."
_NEWER = "Perhaps a newer version of remediate has written it: use that one. Else report it."
_NO_RECORD = "it is not in the form of one"
_MAX_OPERATOR = 1000  # characters; it is shown with everything that a run has done


class SqlStore:
    """A `Store` in a database.

    Args:
        place: where it is; migrated when needed.
        make: make it when it is not there; who only reads does not.

    Raises:
        StoreMissing: it is not there, and not to be made.
        StoreUnavailable: it cannot be used.
        StoreTooNew: a newer version of the program has written it.
    """

    def __init__(self, place: StorePlace, *, make: bool = True) -> None:
        self.place = place
        self._db = Database(place, make=make)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of files and connections. Never raises."""
        self._db.close()

    def begin_run(self, run: Run, hosts: Sequence[Host]) -> None:
        """Record a run and its hosts."""
        self._db.write(lambda connection: insert_run(connection, run, hosts))

    def take_lease(
        self, host: str, run: str, owner: str, now: datetime, ttl: timedelta
    ) -> LeaseGrant | Holder:
        """Take the lease of a host until `now + ttl`, or say who holds it."""
        # On a server two may insert the first lease of a host: the loser then finds a row.
        for _ in range(2):
            answer = self._db.write(
                lambda connection: take_lease(connection, host, run, owner, (now, now + ttl))
            )
            if answer:
                return answer
        raise self._db.unavailable(f"the lease of {host} keeps changing", "Try again.")

    def release_lease(self, host: str, run: str) -> None:
        """Give the lease back. Does nothing when the run does not hold it any more."""
        self._db.write(lambda connection: release_lease(connection, host, run))

    def leases(self, now: datetime) -> list[tuple[str, Holder]]:
        """The leases in force, by endpoint, in its order."""
        query = (
            leases.select()
            .where(leases.c.run.is_not(None), leases.c.until > now)
            .order_by(leases.c.host)
        )
        with self._db.reading() as connection:
            return [(row.host, holder(row)) for row in connection.execute(query)]

    def record_intent(self, intent: Intent) -> None:
        """Record what is about to be sent to a host, with the snapshot, before it is."""
        kept = kept_intent(intent)
        self._db.write(lambda connection: record_intent(connection, kept))

    def close_host(
        self, run: str, host: str, report: HostReport, *, reconciled: bool = False, frees: str = ""
    ) -> None:
        """Record the verdict for a host; an intent of it is closed by this."""

        def close(connection: sa.Connection) -> None:
            close_host(connection, run, host, report, reconciled=reconciled)
            if frees:
                release_lease(connection, frees, run)

        self._db.write(close)

    def close_hosts(self, run: str, reports: Sequence[HostReport]) -> None:
        """Record the verdicts for some hosts, for all of them or for none."""

        def close(connection: sa.Connection) -> None:
            for report in reports:
                close_host(connection, run, report.host, report, reconciled=False)

        self._db.write(close)

    def finish_run(self, run: str, now: datetime) -> None:
        """Record that a run ended in order; the first time counts."""
        self._db.write(lambda connection: finish_run(connection, run, now))

    def run(self, run: str) -> RunRecord:
        """Everything about one run, by its id or the beginning of it."""
        with self._db.reading() as connection:
            found = find_run(connection, run)
            begun = connection.execute(runs.select().where(runs.c.id == found)).one()
            query = hosts.select().where(hosts.c.run == found).order_by(hosts.c.position)
            rows = connection.execute(query).all()
        return RunRecord(
            run=self._run(begun.id, begun.started, begun.run),
            finished=begun.finished,
            hosts=tuple(self._host_record(row) for row in rows),
        )

    def runs(self, limit: int = 50) -> list[RunSummary]:
        """The newest runs, newest first."""
        newest = runs.select().order_by(runs.c.started.desc(), runs.c.id.desc()).limit(limit)
        open_ = sa.and_(hosts.c.recorded.is_not(None), hosts.c.outcome.is_(None))
        with self._db.reading() as connection:
            begun = connection.execute(newest).all()
            counts = connection.execute(
                sa.select(
                    hosts.c.run,
                    hosts.c.outcome,
                    sa.func.count().label("hosts"),
                    sa.func.sum(sa.case((open_, 1), else_=0)).label("open"),
                )
                .where(hosts.c.run.in_([row.id for row in begun]))
                .group_by(hosts.c.run, hosts.c.outcome)
                .order_by(hosts.c.run, hosts.c.outcome)
            ).all()
            of_run = {run: list(group) for run, group in groupby(counts, key=attrgetter("run"))}
            return [
                RunSummary(
                    run=self._run(row.id, row.started, row.run),
                    finished=row.finished,
                    hosts=sum(count.hosts for count in of_run.get(row.id, ())),
                    outcomes={
                        Outcome(count.outcome): count.hosts
                        for count in of_run.get(row.id, ())
                        if count.outcome
                    },
                    open=sum(count.open for count in of_run.get(row.id, ())),
                )
                for row in begun
            ]

    def open_intents(self, *, indeterminate: bool = False) -> list[tuple[Run, HostRecord]]:
        """The hosts with an intent and no verdict, oldest first."""
        query = (
            sa.select(hosts, runs.c.run.label("begun"), runs.c.started)
            .join(runs, runs.c.id == hosts.c.run)
            .where(unsettled)
            .order_by(hosts.c.recorded, hosts.c.run, hosts.c.position)
        )
        with self._db.reading() as connection:
            rows = connection.execute(query).all()
        return [
            (self._run(row.run, row.started, row.begun), self._host_record(row))
            for row in rows
            if indeterminate or row.outcome is None
        ]

    def begin_audit(self, audit: Run, hosts: Collection[str] = ()) -> None:
        """Record that an audit of these hosts begins."""
        self._db.write(lambda connection: insert_audit(connection, audit, hosts))

    def record_findings(self, audit: str, found: Sequence[HostFindings]) -> None:
        """Record what was found on some hosts, on all of them or on none."""
        self._db.write(lambda connection: insert_findings(connection, audit, found))

    def finish_audit(self, audit: str, now: datetime) -> None:
        """Record that an audit ended in order; the first time counts."""
        self._db.write(lambda connection: finish_run(connection, audit, now, audits))

    def forget_audits(self, before: datetime) -> None:
        """Delete the audits that began before a time, and what they found."""
        self._db.write(lambda connection: delete_audits(connection, before))

    def audit(self, audit: str) -> AuditRecord:
        """Everything about one audit, by its id or the beginning of it."""
        with self._db.reading() as connection:
            found = find_run(connection, audit, audits)
            begun = connection.execute(audits.select().where(audits.c.id == found)).one()
            query = audited.select().where(audited.c.audit == found).order_by(audited.c.name)
            rows = connection.execute(query).all()
        told = {row.name for row in rows}
        return AuditRecord(
            run=self._run(begun.id, begun.started, begun.run),
            finished=begun.finished,
            hosts=tuple(self._findings(row) for row in rows),
            no_verdict=tuple(sorted(set(self._names(begun.hosts)) - told)),
        )

    def audits(self, limit: int = 50, asked: Collection[str] = ()) -> list[RunSummary]:
        """The newest audits, newest first."""
        with self._db.reading() as connection:
            begun = connection.execute(newest_audits(limit, asked)).all()
            counts = connection.execute(
                sa.select(audited.c.audit, audited.c.outcome, sa.func.count().label("hosts"))
                .where(audited.c.audit.in_([row.id for row in begun]))
                .group_by(audited.c.audit, audited.c.outcome)
                .order_by(audited.c.audit, audited.c.outcome)
            ).all()
            of_audit = {each: list(group) for each, group in groupby(counts, attrgetter("audit"))}
            return [
                RunSummary(
                    run=self._run(row.id, row.started, row.run),
                    finished=row.finished,
                    hosts=sum(count.hosts for count in of_audit.get(row.id, ())),
                    outcomes={
                        Outcome(count.outcome): count.hosts for count in of_audit.get(row.id, ())
                    },
                )
                for row in begun
            ]

    def _names(self, payload: object) -> list[str]:
        names = [] if payload is None else payload
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise self._unreadable(Run, "the names of its hosts are none")
        return names

    def _findings(self, row: sa.Row[*tuple[object, ...]]) -> HostFindings:
        found = self._load(HostFindings, row.findings)
        if (found.host, found.outcome) != (row.name, row.outcome):
            raise self._unreadable(HostFindings, "its host or verdict is not that of the record")
        return found

    def _run(self, name: str, started: datetime, payload: object) -> Run:
        run = self._load(Run, payload)
        if (run.id, run.started) != (name, started) or not is_run_id(run.id):
            raise self._unreadable(Run, "its name or its time is not that of the run")
        if len(run.operator) > _MAX_OPERATOR:
            raise self._unreadable(Run, f"its operator has more than {_MAX_OPERATOR} characters")
        return run

    def _host_record(self, row: sa.Row[*tuple[object, ...]]) -> HostRecord:
        record = HostRecord(
            host=self._load(Host, row.host),
            intent=None if row.intent is None else self._load(Intent, row.intent),
            report=None if row.report is None else self._load(HostReport, row.report),
        )
        intent, report = record.intent, record.report
        if record.host.name != row.name:
            raise self._unreadable(Host, "its name is not that of the host")
        said = (
            (intent.run, intent.host.name, intent.recorded) if intent else (row.run, row.name, None)
        )
        if said != (row.run, row.name, row.recorded):
            raise self._unreadable(Intent, "its run, host or time is not that of the record")
        ended = (report.host, report.outcome) if report else (row.name, None)
        if ended != (row.name, row.outcome):
            raise self._unreadable(HostReport, "its host or verdict is not that of the record")
        return record

    def _load(self, model: type[_M], payload: object) -> _M:
        if not isinstance(payload, dict):
            raise self._unreadable(model, _NO_RECORD)
        try:
            return model.model_validate(upgraded(model, payload))
        except ValidationError as error:
            hint = _NEWER if perhaps_newer(error) else _DAMAGED
            raise self._unreadable(model, in_words(error), hint) from None
        except ValueError:
            version = f"{ascii(payload.get('schema_version'))[:20]} (a record)"
            raise StoreTooNew(str(self.place), version, str(SCHEMA_VERSION)) from None
        except (TypeError, AttributeError):
            raise self._unreadable(model, _NO_RECORD) from None

    def _unreadable(self, model: type[Model], why: str, hint: str = _DAMAGED) -> StoreUnavailable:
        return self._db.unavailable(f"a record of {_NOUNS[model]} cannot be read: {why}", hint)
