"""How many runs of a program's version were started."""

import sqlalchemy as sa
from alembic import op

revision = "v0002_programs"
down_revision = "v0001"


def upgrade() -> None:
    """Count them; those that were stored before count as started once they have ended."""
    op.add_column("programs", sa.Column("started", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE programs SET started = runs")
