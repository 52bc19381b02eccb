"""The tables of the store, in types that every database has.

A change here needs a new module in `migrations/versions` and a new `HEAD`; so does a field that
comes to a record, though no table changes: an older program cannot read that record.
"""

from datetime import UTC, datetime

import sqlalchemy as sa

HEAD = "0004"
"""The newest version of the tables and of the records in them; versions sort by age."""

VERSION_TABLE = "remediate_version"
"""Where Alembic notes the version; not its own default name, which others may use."""

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


class Utc(sa.types.TypeDecorator[datetime]):
    """A moment, kept in UTC; SQLite has no zones and PostgreSQL would keep the session's."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: sa.Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> datetime | None:
        """Convert to UTC without a zone.

        Raises:
            ValueError: the value has no zone, so nobody knows which moment it is.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(
        self,
        value: datetime | None,
        dialect: sa.Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> datetime | None:
        """Give UTC back as the zone."""
        return None if value is None else value.replace(tzinfo=UTC)


def _payload() -> sa.JSON:
    return sa.JSON(none_as_null=True)


runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("started", Utc, nullable=False, index=True),
    sa.Column("finished", Utc),
    sa.Column("run", _payload(), nullable=False),
)

hosts = sa.Table(
    "hosts",
    metadata,
    sa.Column("run", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("outcome", sa.Text),
    sa.Column("recorded", Utc),
    sa.Column("host", _payload(), nullable=False),
    sa.Column("intent", _payload()),
    sa.Column("report", _payload()),
)

# Only what reconcile asks for is in this index, so it stays small whatever the age of the store.
# The migration that makes it says so to PostgreSQL, too: said here, that would load its dialect.
unsettled = sa.and_(
    hosts.c.recorded.is_not(None),
    sa.or_(hosts.c.outcome.is_(None), hosts.c.outcome == sa.literal_column("'indeterminate'")),
)
sa.Index(
    "ix_hosts_unsettled",
    hosts.c.recorded,
    sqlite_where=unsettled,
)

# Audits have tables of their own: nothing that undoes or closes runs ever meets one.
audits = sa.Table(
    "audits",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("started", Utc, nullable=False, index=True),
    sa.Column("finished", Utc),
    sa.Column("run", _payload(), nullable=False),
    sa.Column("hosts", _payload()),  # the names of all that it is about
)

audited = sa.Table(
    "audited",
    metadata,
    sa.Column("audit", sa.Text, sa.ForeignKey("audits.id"), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("findings", _payload(), nullable=False),
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("host", sa.Text, primary_key=True),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("run", sa.Text),  # NULL: released; the row stays, for its fence
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("since", Utc, nullable=False),
    sa.Column("until", Utc, nullable=False),
)


def make(connection: sa.Connection) -> None:
    """Make in an empty SQLite what the migrations make there; Alembic takes longer to be loaded."""
    metadata.create_all(connection, checkfirst=False)
    connection.exec_driver_sql(
        f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL, "
        f"CONSTRAINT {VERSION_TABLE}_pkc PRIMARY KEY (version_num))"
    )
    connection.exec_driver_sql(f"INSERT INTO {VERSION_TABLE} VALUES ('{HEAD}')")  # noqa: S608 - constants
