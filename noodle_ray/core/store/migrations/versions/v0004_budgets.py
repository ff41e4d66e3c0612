"""Budgets of runs, the tokens of answers, and what tenants spent."""

import sqlalchemy as sa
from alembic import op

revision = "v0004_budgets"
down_revision = "v0003_waits"


def upgrade() -> None:
    """Make them; what was answered before counts no tokens."""
    op.add_column("runs", sa.Column("budget", sa.Text(), nullable=True))
    for name in ("prompt_tokens", "completion_tokens"):
        op.add_column("journal", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "spending",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
            for name in ("model_calls", "tool_calls", "tokens", "nanos")
        ),
        sa.PrimaryKeyConstraint("tenant", "since", name=op.f("pk_spending")),
    )
