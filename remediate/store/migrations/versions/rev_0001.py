"""Runs with their hosts, intents and verdicts; leases."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of version 0001."""
    op.create_table(
        "runs",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("started", sa.DateTime, nullable=False),
        sa.Column("finished", sa.DateTime),
        sa.Column("run", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_started", "runs", ["started"])
    op.create_table(
        "hosts",
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("recorded", sa.DateTime),
        sa.Column("host", sa.JSON, nullable=False),
        sa.Column("intent", sa.JSON),
        sa.Column("report", sa.JSON),
        sa.PrimaryKeyConstraint("run", "name", name="pk_hosts"),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name="fk_hosts_run"),
    )
    unsettled = sa.text("recorded IS NOT NULL AND (outcome IS NULL OR outcome = 'indeterminate')")
    op.create_index(
        "ix_hosts_unsettled",
        "hosts",
        ["recorded"],
        sqlite_where=unsettled,
        postgresql_where=unsettled,
    )
    op.create_table(
        "leases",
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("run", sa.Text),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("since", sa.DateTime, nullable=False),
        sa.Column("until", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("host", name="pk_leases"),
    )
