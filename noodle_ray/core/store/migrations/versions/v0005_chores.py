"""Chores: what one node does for all, and until when nobody else does."""

import sqlalchemy as sa
from alembic import op

revision = "v0005_chores"
down_revision = "v0004_budgets"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "chores",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_chores")),
    )
