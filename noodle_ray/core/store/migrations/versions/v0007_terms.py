"""Terms: how urgent a run's calls of models are, and whose turn they share."""

import sqlalchemy as sa
from alembic import op

revision = "v0007_terms"
down_revision = "v0006_topics"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("runs", sa.Column("priority", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("runs", sa.Column("turn", sa.Text()))
