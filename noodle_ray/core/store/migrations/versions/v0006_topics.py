"""Topics: schedules start runs at events, too."""

import sqlalchemy as sa
from alembic import op

revision = "v0006_topics"
down_revision = "v0005_chores"


def upgrade() -> None:
    """Add the column."""
    op.add_column("schedules", sa.Column("topic", sa.Text()))
    op.create_index("ix_schedules_topic", "schedules", ["tenant", "topic"])
