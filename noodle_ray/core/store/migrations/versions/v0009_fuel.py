"""Fuel: what tenants' runs have used in a window of time, and what those that execute may use yet."""

import sqlalchemy as sa
from alembic import op

revision = "v0009_fuel"
down_revision = "v0008_batches"


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("spending", sa.Column("fuel", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "loans",
        sa.Column("run", sa.String(32), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("caller", sa.String(32)),
        sa.Column("fuel", sa.BigInteger(), nullable=False),
        sa.Column("lent", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("run", "epoch", name="pk_loans"),
    )
    op.create_index("ix_loans_tenant_since_until", "loans", ["tenant", "since", "until"])
