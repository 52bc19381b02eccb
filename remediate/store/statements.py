"""The statements of the SQL store that need more than one line; each runs in a transaction."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from remediate.model.audit import HostFindings
from remediate.model.host import Host
from remediate.model.outcome import Holder, HostReport
from remediate.model.run import Intent, Run
from remediate.store.errors import JournalConflict, UnknownRun
from remediate.store.protocol import LeaseGrant, kept
from remediate.store.run_names import match_run
from remediate.store.schema import audited, audits, hosts, leases, runs

_CANDIDATES = 1000  # so many runs are looked at for a name that is nearly right

# What is done for each host is made once: to put a statement together costs more than to run it.
_RUN, _NAME = sa.bindparam("of_run", type_=sa.Text), sa.bindparam("named", type_=sa.Text)
_HOST = sa.and_(hosts.c.run == _RUN, hosts.c.name == _NAME)
_FIND_HOST = hosts.select().where(_HOST)
_RECORD_INTENT = hosts.update().where(_HOST, hosts.c.intent.is_(None), hosts.c.outcome.is_(None))
_CLOSE_AGAIN = hosts.update().where(_HOST)
_CLOSE = _CLOSE_AGAIN.where(hosts.c.report.is_(None))
_FIND_LEASE = leases.select().where(leases.c.host == _NAME).with_for_update()
_TAKE_LEASE = leases.update().where(leases.c.host == _NAME)
_RELEASE_LEASE = _TAKE_LEASE.where(leases.c.run == _RUN).values(run=None)
_INSERT_LEASE = leases.insert()


def insert_run(connection: sa.Connection, run: Run, selection: Sequence[Host]) -> None:
    """Insert a run and its hosts.

    Raises:
        JournalConflict: the id is taken, or two hosts have the same name.
    """
    try:
        connection.execute(
            runs.insert().values(id=run.id, started=run.started, run=run.model_dump(mode="json"))
        )
    except IntegrityError:
        raise JournalConflict(run.id, "", "a run of this name is already recorded") from None
    rows = [
        {
            "run": run.id,
            "name": host.name,
            "position": position,
            "host": kept(host).model_dump(mode="json"),
        }
        for position, host in enumerate(selection)
    ]
    try:
        if rows:
            connection.execute(hosts.insert(), rows)
    except IntegrityError:
        raise JournalConflict(run.id, "", "two hosts have the same name") from None


def take_lease(
    connection: sa.Connection, host: str, run: str, owner: str, time: tuple[datetime, datetime]
) -> LeaseGrant | Holder | None:
    """Take the lease of a host, say who holds it, or None when another one was quicker.

    Args:
        connection: a transaction that writes.
        host: the host's endpoint.
        run: id of the run that wants it.
        owner: who runs it.
        time: now, and until when.
    """
    now, until = time
    lease = {"run": run, "owner": owner, "since": now, "until": until}
    row = connection.execute(_FIND_LEASE, {"named": host}).first()
    if row is None:
        try:
            connection.execute(_INSERT_LEASE, {"host": host, "fence": 1, **lease})
        except IntegrityError:
            return None
        return LeaseGrant(fence=1)
    before = None if row.run in {None, run} else holder(row)
    if before and before.until > now:
        return before
    if row.run == run:
        lease["since"] = row.since
    connection.execute(_TAKE_LEASE, {"named": host, "fence": row.fence + 1, **lease})
    return LeaseGrant(fence=row.fence + 1, took=before)


def release_lease(connection: sa.Connection, host: str, run: str) -> None:
    """Give the lease of a host back, if the run still holds it."""
    connection.execute(_RELEASE_LEASE, {"named": host, "of_run": run})


def holder(row: sa.Row[*tuple[object, ...]]) -> Holder:
    """Who holds the lease in a row."""
    return Holder(run=row.run, owner=row.owner, since=row.since, until=row.until)


def find_host(connection: sa.Connection, run: str, name: str) -> sa.Row[*tuple[object, ...]]:
    """The row of a host in a run.

    Raises:
        UnknownRun: there is no such run.
        JournalConflict: the host is not in it.
    """
    row = connection.execute(_FIND_HOST, {"of_run": run, "named": name}).first()
    if row is None:
        require_run(connection, run)
        raise JournalConflict(run, name, "it is not a host of this run")
    return row


def record_intent(connection: sa.Connection, intent: Intent) -> None:
    """Record what is about to be sent to a host.

    Raises:
        UnknownRun: there is no such run.
        JournalConflict: the host is not in the run, has another intent, or has its verdict.
    """
    payload, name = intent.model_dump(mode="json"), intent.host.name
    new = {"intent": payload, "recorded": intent.recorded}
    if connection.execute(_RECORD_INTENT, {"of_run": intent.run, "named": name, **new}).rowcount:
        return
    row = find_host(connection, intent.run, name)
    if row.intent is not None and row.intent != payload:
        raise JournalConflict(intent.run, name, "another intent is already recorded")
    if row.intent is None:
        raise JournalConflict(intent.run, name, f"it already ended as {row.outcome}")


def close_host(
    connection: sa.Connection, run: str, host: str, report: HostReport, *, reconciled: bool
) -> None:
    """Record the verdict for a host.

    Raises:
        UnknownRun: there is no such run.
        JournalConflict: the host is not in the run, or has another verdict.
    """
    payload = report.model_dump(mode="json")
    new = {"report": payload, "outcome": report.outcome.value}
    close = _CLOSE_AGAIN if reconciled else _CLOSE
    if connection.execute(close, {"of_run": run, "named": host, **new}).rowcount:
        return
    row = find_host(connection, run, host)
    if row.report != payload:
        raise JournalConflict(run, host, f"it already ended as {row.outcome}")


def finish_run(connection: sa.Connection, run: str, now: datetime, table: sa.Table = runs) -> None:
    """Record that a run, or an audit, ended in order; the first time counts.

    Raises:
        UnknownRun: there is none.
    """
    require_run(connection, run, table)
    connection.execute(
        table.update().where(table.c.id == run, table.c.finished.is_(None)).values(finished=now)
    )


def require_run(connection: sa.Connection, run: str, table: sa.Table = runs) -> None:
    """Check that there is a run, or an audit, of exactly this id.

    Raises:
        UnknownRun: there is none.
    """
    if connection.scalar(sa.select(table.c.id).where(table.c.id == run)) is None:
        raise UnknownRun(run)


def insert_audit(connection: sa.Connection, audit: Run, names: Collection[str]) -> None:
    """Insert an audit that begins, and the names of the hosts that it is about.

    Raises:
        JournalConflict: the id is taken.
    """
    run = audit.model_dump(mode="json")
    row = {"id": audit.id, "started": audit.started, "run": run, "hosts": list(names)}
    try:
        connection.execute(audits.insert().values(row))
    except IntegrityError:
        raise JournalConflict(audit.id, "", "an audit of this name is already recorded") from None


def insert_findings(connection: sa.Connection, audit: str, found: Sequence[HostFindings]) -> None:
    """Insert what an audit found on some hosts.

    Raises:
        UnknownRun: there is no such audit.
        JournalConflict: a host has its findings already.
    """
    require_run(connection, audit, audits)
    rows = [
        {
            "audit": audit,
            "name": one.host,
            "outcome": one.outcome.value,
            # there are many of them, and most say little
            "findings": one.model_dump(mode="json", exclude_defaults=True)
            | {"schema_version": one.schema_version},
        }
        for one in found
    ]
    try:
        if rows:
            connection.execute(audited.insert(), rows)
    except IntegrityError:
        names = ", ".join(one.host for one in found)
        raise JournalConflict(audit, names, "what was found is already recorded") from None


def delete_audits(connection: sa.Connection, before: datetime) -> None:
    """Delete the audits that began before a time."""
    old = sa.select(audits.c.id).where(audits.c.started < before)
    connection.execute(audited.delete().where(audited.c.audit.in_(old)))
    connection.execute(audits.delete().where(audits.c.started < before))


def newest_audits(limit: int, asked: Collection[str]) -> sa.Select[tuple[object, ...]]:
    """The newest audits, newest first; only those that looked at half of some hosts or more."""
    told = (audits.c.id, audits.c.started, audits.c.finished, audits.c.run)  # not its hosts
    query = sa.select(*told).order_by(audits.c.started.desc(), audits.c.id.desc()).limit(limit)
    if not asked:
        return query
    names = set(asked)
    known = (
        sa.select(audited.c.audit)
        .where(audited.c.name.in_(names))
        .group_by(audited.c.audit)
        .having(2 * sa.func.count() >= len(names))
    )
    return query.where(audits.c.id.in_(known))


def find_run(connection: sa.Connection, wanted: str, table: sa.Table = runs) -> str:
    """The id of the run, or the audit, that is meant; see `match_run`.

    Raises:
        UnknownRun: none or several match.
    """
    if not (wanted.isascii() and wanted.isprintable()):
        raise UnknownRun(wanted)  # no id is, and not every database takes such text
    ids = sa.select(table.c.id)
    beginning = (
        ids.where(table.c.id.startswith(wanted, autoescape=True))
        .order_by(sa.func.length(table.c.id), table.c.id.desc())  # an exact match comes first
        .limit(10)
    )
    newest = ids.order_by(table.c.started.desc(), table.c.id.desc()).limit(_CANDIDATES)
    found = connection.scalars(beginning).all() or connection.scalars(newest).all()
    return match_run(wanted, found)
