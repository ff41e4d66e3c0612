"""The tables. `migrations` makes them; a test holds both to be the same.

Runs and programs hold their modules by foreign keys, so that none is swept away under them. No foreign keys lead to
runs: a check per journal entry would lock the run's row once more, and deletion is one function (`runs.remove_many`).
A column ``x_ref`` names an object in `objects` that has what does not fit into the row.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

modules: Final = Table(
    "modules",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("nbc", LargeBinary, nullable=False),
    Column("created", Double, nullable=False),
)

programs: Final = Table(
    "programs",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("digest", String(64), ForeignKey("modules.digest"), nullable=False),
    Column("source", Text),
    Column("created", Double, nullable=False),
    Column("started", BigInteger, nullable=False, server_default="0"),
    Column("runs", BigInteger, nullable=False, server_default="0"),
    Column("failures", BigInteger, nullable=False, server_default="0"),
    Column("fuel", BigInteger, nullable=False, server_default="0"),
    Column("model_calls", BigInteger, nullable=False, server_default="0"),
)

aliases: Final = Table(
    "aliases",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("program", Text, primary_key=True),
    Column("alias", Text, primary_key=True),
    Column("version", Integer, nullable=False),
)

runs: Final = Table(
    "runs",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("digest", String(64), ForeignKey("modules.digest"), nullable=False),
    Column("program", Text),
    Column("version", Integer),
    Column("entry", Text),
    Column("arguments", LargeBinary),
    Column("arguments_ref", Text),
    Column("limits", Text, nullable=False),
    Column("budget", Text),
    Column("tier", String(16), nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),
    Column("created", Double, nullable=False),
    Column("updated", Double, nullable=False),
    Column("deadline", Double),
    Column("due", Double),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("owner", Text),
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    Column("idempotency", Text),
    Column("fingerprint", String(64), nullable=False, server_default=""),
    Column("parent", String(32)),
    Column("fork_key", Text),
    Column("result", LargeBinary),
    Column("result_ref", Text),
    Column("error", Text),
    Column("usage", Text),
    Column("waits", Text),
    Column("caller", String(32)),
    Column("priority", Integer, nullable=False, server_default="1"),
    Column("turn", Text),
    UniqueConstraint("tenant", "idempotency"),
    Index("ix_runs_due", "due", postgresql_where=text("due IS NOT NULL"), sqlite_where=text("due IS NOT NULL")),
    Index("ix_runs_tenant_id", "tenant", "id"),
    Index("ix_runs_digest", "digest"),
    Index("ix_runs_status_id", "status", "id"),
    Index(
        "ix_runs_caller",
        "caller",
        postgresql_where=text("caller IS NOT NULL"),
        sqlite_where=text("caller IS NOT NULL"),
    ),
)

journal: Final = Table(
    "journal",
    METADATA,
    Column("run", String(32), primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("key", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("call", LargeBinary, nullable=False),
    Column("asked", Text, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("value", LargeBinary),
    Column("value_ref", Text),
    Column("at", Double, nullable=False),
    Column("prompt_tokens", BigInteger, nullable=False, server_default="0"),
    Column("completion_tokens", BigInteger, nullable=False, server_default="0"),
    Column("batch", BigInteger, nullable=False, server_default="0"),
    Column("batch_size", BigInteger, nullable=False, server_default="0"),
    Column("inherited", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("run", "key"),
)

spending: Final = Table(
    "spending",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("since", Text, primary_key=True),
    Column("model_calls", BigInteger, nullable=False, server_default="0"),
    Column("tool_calls", BigInteger, nullable=False, server_default="0"),
    Column("tokens", BigInteger, nullable=False, server_default="0"),
    Column("nanos", BigInteger, nullable=False, server_default="0"),
    Column("fuel", BigInteger, nullable=False, server_default="0"),
)

loans: Final = Table(
    "loans",
    METADATA,
    Column("run", String(32), primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("caller", String(32)),
    Column("fuel", BigInteger, nullable=False),
    Column("lent", BigInteger, nullable=False),
    Column("until", Double, nullable=False),
    Index(None, "tenant", "since", "until"),
)

readings: Final = Table(
    "readings",
    METADATA,
    Column("run", String(32), primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

events: Final = Table(
    "events",
    METADATA,
    Column("run", String(32), primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("type", String(32), nullable=False),
    Column("data", Text, nullable=False),
    Column("at", Double, nullable=False),
)

signals: Final = Table(
    "signals",
    METADATA,
    Column("run", String(32), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("at", Double, nullable=False),
    Column("taken", Text),
)

schedules: Final = Table(
    "schedules",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("program", Text, nullable=False),
    Column("alias", Text),
    Column("cron", Text, nullable=False),
    Column("arguments", LargeBinary, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("next_at", Double),
    Column("created", Double, nullable=False),
    Column("entry", Text),
    Column("limits", Text),
    Column("timezone", Text, nullable=False, server_default="UTC"),
    Column("missed", String(16), nullable=False, server_default="latest"),
    Column("last_at", Double),
    Column("last_run", String(32)),
    Column("last_error", Text),
    Column("topic", Text),
    Index("ix_schedules_next_at", "next_at"),
    Index("ix_schedules_topic", "tenant", "topic"),
)

chores: Final = Table(
    "chores",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", Double, nullable=False),
)
