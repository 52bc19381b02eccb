"""The store in a database, SQLite or PostgreSQL, through SQLAlchemy Core."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Self, TypeVar

import sqlalchemy as sa
from pydantic import ValidationError

from remediate.model.base import SCHEMA_VERSION, Model
from remediate.model.earlier import upgraded
from remediate.model.host import Host
from remediate.model.outcome import Holder, HostReport, Outcome
from remediate.model.run import HostRecord, Intent, Run, RunRecord, RunSummary
from remediate.store.database import Database
from remediate.store.errors import JournalConflict, StoreTooNew
from remediate.store.place import StorePlace
from remediate.store.protocol import LeaseGrant
from remediate.store.schema import hosts, leases, runs, unsettled
from remediate.store.statements import (
    find_run,
    holder,
    insert_run,
    lock_host,
    require_run,
    take_lease,
)

_M = TypeVar("_M", bound=Model)


class SqlStore:
    """A `Store` in a database.

    Args:
        place: where it is; made or migrated when needed.

    Raises:
        StoreUnavailable: it cannot be used.
        StoreTooNew: a newer version of the program has written it.
    """

    def __init__(self, place: StorePlace) -> None:
        self.place = place
        self._db = Database(place)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of files and connections. Never raises."""
        self._db.close()

    def begin_run(self, run: Run, hosts: Sequence[Host]) -> None:
        """Record a run and its hosts."""
        with self._db.writing() as connection:
            insert_run(connection, run, hosts)

    def take_lease(
        self, host: str, run: str, owner: str, now: datetime, ttl: timedelta
    ) -> LeaseGrant | Holder:
        """Take the lease of a host until `now + ttl`, or say who holds it."""
        # On a server two may insert the first lease of a host: the loser then finds a row.
        for _ in range(2):
            with self._db.writing() as connection:
                answer = take_lease(connection, host, run, owner, (now, now + ttl))
            if answer:
                return answer
        raise self._db.unavailable(f"the lease of {host} keeps changing", "Try again.")

    def release_lease(self, host: str, run: str) -> None:
        """Give the lease back. Does nothing when the run does not hold it any more."""
        with self._db.writing() as connection:
            connection.execute(
                leases.update().where(leases.c.host == host, leases.c.run == run).values(run=None)
            )

    def leases(self, now: datetime) -> list[tuple[str, Holder]]:
        """The leases in force, by `lease_key`, in its order."""
        query = (
            leases.select()
            .where(leases.c.run.is_not(None), leases.c.until > now)
            .order_by(leases.c.host)
        )
        with self._db.reading() as connection:
            return [(row.host, holder(row)) for row in connection.execute(query)]

    def record_intent(self, intent: Intent) -> None:
        """Record what is about to be sent to a host, with the snapshot, before it is."""
        payload = intent.model_dump(mode="json")
        name = intent.host.name
        with self._db.writing() as connection:
            row = lock_host(connection, intent.run, name)
            if row.intent == payload:
                return
            if row.intent is not None:
                raise JournalConflict(intent.run, name, "another intent is already recorded")
            if row.outcome is not None:
                raise JournalConflict(intent.run, name, f"it already ended as {row.outcome}")
            connection.execute(
                hosts.update()
                .where(hosts.c.run == intent.run, hosts.c.name == name)
                .values(intent=payload, recorded=intent.recorded)
            )

    def close_host(
        self, run: str, host: str, report: HostReport, *, reconciled: bool = False
    ) -> None:
        """Record the verdict for a host; an intent of it is closed by this."""
        payload = report.model_dump(mode="json")
        with self._db.writing() as connection:
            row = lock_host(connection, run, host)
            if row.report == payload:
                return
            if row.report is not None and not reconciled:
                raise JournalConflict(run, host, f"it already ended as {row.outcome}")
            connection.execute(
                hosts.update()
                .where(hosts.c.run == run, hosts.c.name == host)
                .values(report=payload, outcome=report.outcome.value)
            )

    def finish_run(self, run: str, now: datetime) -> None:
        """Record that a run ended in order; the first time counts."""
        with self._db.writing() as connection:
            require_run(connection, run)
            connection.execute(
                runs.update()
                .where(runs.c.id == run, runs.c.finished.is_(None))
                .values(finished=now)
            )

    def run(self, run: str) -> RunRecord:
        """Everything about one run, by its id or the beginning of it."""
        with self._db.reading() as connection:
            found = find_run(connection, run)
            begun = connection.execute(runs.select().where(runs.c.id == found)).one()
            query = hosts.select().where(hosts.c.run == found).order_by(hosts.c.position)
            rows = connection.execute(query).all()
        return RunRecord(
            run=self._load(Run, begun.run),
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
        of_run = {run: list(group) for run, group in groupby(counts, key=lambda count: count.run)}
        return [
            RunSummary(
                run=self._load(Run, row.run),
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
            sa.select(hosts, runs.c.run.label("begun"))
            .join(runs, runs.c.id == hosts.c.run)
            .where(unsettled)
            .order_by(hosts.c.recorded, hosts.c.run, hosts.c.position)
        )
        with self._db.reading() as connection:
            rows = connection.execute(query).all()
        return [
            (self._load(Run, row.begun), self._host_record(row))
            for row in rows
            if indeterminate or row.outcome is None
        ]

    def _host_record(self, row: sa.Row[*tuple[object, ...]]) -> HostRecord:
        return HostRecord(
            host=self._load(Host, row.host),
            intent=None if row.intent is None else self._load(Intent, row.intent),
            report=None if row.report is None else self._load(HostReport, row.report),
        )

    def _load(self, model: type[_M], payload: dict[str, object]) -> _M:
        try:
            current = upgraded(model, payload)
        except ValueError:
            version = payload.get("schema_version")
            raise StoreTooNew(
                str(self.place), f"{version} (a record)", str(SCHEMA_VERSION)
            ) from None
        try:
            return model.model_validate(current)
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise self._db.unavailable(
                f"a record of a {model.__name__} cannot be read: {where}: {first['msg']}",
                "It was written by another program, or is damaged. Report it.",
            ) from None
