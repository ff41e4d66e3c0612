"""What runs wait for: signals are taken once, runs have callers, and schedules say how they start runs."""

import sqlalchemy as sa
from alembic import op

revision = "v0003_waits"
down_revision = "v0002_programs"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("signals", sa.Column("taken", sa.Text()))
    op.add_column("runs", sa.Column("waits", sa.Text()))
    op.add_column("runs", sa.Column("caller", sa.String(length=32)))
    op.create_index(
        "ix_runs_caller",
        "runs",
        ["caller"],
        postgresql_where=sa.text("caller IS NOT NULL"),
        sqlite_where=sa.text("caller IS NOT NULL"),
    )
    op.add_column("schedules", sa.Column("entry", sa.Text()))
    op.add_column("schedules", sa.Column("limits", sa.Text()))
    op.add_column("schedules", sa.Column("timezone", sa.Text(), nullable=False, server_default="UTC"))
    op.add_column("schedules", sa.Column("missed", sa.String(length=16), nullable=False, server_default="latest"))
    op.add_column("schedules", sa.Column("last_at", sa.Double()))
    op.add_column("schedules", sa.Column("last_run", sa.String(length=32)))
    op.add_column("schedules", sa.Column("last_error", sa.Text()))
