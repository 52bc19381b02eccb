"""An audit says which hosts it is about, so that those without a verdict can be named."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; an audit of an earlier version has nothing in it."""
    op.add_column("audits", sa.Column("hosts", sa.JSON))
