"""The statements of the SQL store that need more than one line; each runs in a transaction."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from remediate.model.host import Host
from remediate.model.outcome import Holder
from remediate.model.run import Run
from remediate.store.errors import JournalConflict, UnknownRun
from remediate.store.protocol import LeaseGrant, kept
from remediate.store.run_names import match_run
from remediate.store.schema import hosts, leases, runs

_CANDIDATES = 1000  # so many runs are looked at for a name that is nearly right


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
    row = connection.execute(leases.select().where(leases.c.host == host).with_for_update()).first()
    if row is None:
        try:
            connection.execute(leases.insert().values(host=host, fence=1, **lease))
        except IntegrityError:
            return None
        return LeaseGrant(fence=1)
    before = None if row.run in {None, run} else holder(row)
    if before and before.until > now:
        return before
    if row.run == run:
        lease["since"] = row.since
    connection.execute(
        leases.update().where(leases.c.host == host).values(fence=row.fence + 1, **lease)
    )
    return LeaseGrant(fence=row.fence + 1, took=before)


def holder(row: sa.Row[*tuple[object, ...]]) -> Holder:
    """Who holds the lease in a row."""
    return Holder(run=row.run, owner=row.owner, since=row.since, until=row.until)


def lock_host(connection: sa.Connection, run: str, name: str) -> sa.Row[*tuple[object, ...]]:
    """The row of a host in a run, kept from other writers until the transaction ends.

    Raises:
        UnknownRun: there is no such run.
        JournalConflict: the host is not in it.
    """
    query = hosts.select().where(hosts.c.run == run, hosts.c.name == name).with_for_update()
    row = connection.execute(query).first()
    if row is None:
        require_run(connection, run)
        raise JournalConflict(run, name, "it is not a host of this run")
    return row


def require_run(connection: sa.Connection, run: str) -> None:
    """Check that there is a run of exactly this id.

    Raises:
        UnknownRun: there is none.
    """
    if connection.scalar(sa.select(runs.c.id).where(runs.c.id == run)) is None:
        raise UnknownRun(run)


def find_run(connection: sa.Connection, wanted: str) -> str:
    """The id of the run that is meant; see `match_run`.

    Raises:
        UnknownRun: none or several match.
    """
    if not (wanted.isascii() and wanted.isprintable()):
        raise UnknownRun(wanted)  # no id is, and not every database takes such text
    ids = sa.select(runs.c.id)
    beginning = (
        ids.where(runs.c.id.startswith(wanted, autoescape=True))
        .order_by(sa.func.length(runs.c.id), runs.c.id.desc())  # an exact match comes first
        .limit(10)
    )
    newest = ids.order_by(runs.c.started.desc(), runs.c.id.desc()).limit(_CANDIDATES)
    found = connection.scalars(beginning).all() or connection.scalars(newest).all()
    return match_run(wanted, found)
