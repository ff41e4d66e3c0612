"""Batches: in which an effect went to its model, and how many calls that held."""

import sqlalchemy as sa
from alembic import op

revision = "v0008_batches"
down_revision = "v0007_terms"


def upgrade() -> None:
    """Add the columns."""
    for name in ("batch", "batch_size"):
        op.add_column("journal", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
