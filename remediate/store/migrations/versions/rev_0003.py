"""Verdicts say when a host was worked on, which programs of version 0002 cannot read."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Change the number only: the tables are those of version 0002."""
