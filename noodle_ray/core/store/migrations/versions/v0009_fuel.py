"""Fuel: what tenants' runs have used in a window of time, and what those that execute may use yet."""

import sqlalchemy as sa
from alembic import op

revision = "v0009_fuel"
down_revision = "v0008_batches"


def upgrade() -> None:
    """Add the columns."""
    for name in ("fuel", "lent"):
        op.add_column("spending", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
