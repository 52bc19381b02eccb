"""Audits, with what they found on each host."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables that version 0002 has besides."""
    op.create_table(
        "audits",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("started", sa.DateTime, nullable=False),
        sa.Column("finished", sa.DateTime),
        sa.Column("run", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audits"),
    )
    op.create_index("ix_audits_started", "audits", ["started"])
    op.create_table(
        "audited",
        sa.Column("audit", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("findings", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("audit", "name", name="pk_audited"),
        sa.ForeignKeyConstraint(["audit"], ["audits.id"], name="fk_audited_audit"),
    )
