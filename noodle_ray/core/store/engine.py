"""Connections: SQLite in a file, or PostgreSQL through psycopg.

SQLite is in WAL mode with ``synchronous=FULL``. With NORMAL a commit is not yet on disk when it returns, so a power
failure could take back runs that were acknowledged; what FULL costs, one fsync per transaction, is shared by all
writers that are in it (`writer`). Transactions that write begin IMMEDIATE: they wait for the other writer at their
start, where nothing is lost, and never in their middle. PostgreSQL keeps its default, ``synchronous_commit=on``.
"""

from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url

from noodle_ray.core.store import postgres
from noodle_ray.core.store.errors import StoreUnavailable

BUSY_SECONDS: Final = 15.0
"""How long a writer waits for another process that writes to the same SQLite file."""
WRITES: Final = "noodle_writes"
"""The execution option of connections that write."""


def open_engine(url: str, *, pool_size: int = 6) -> Engine:
    """An engine for ``sqlite:///FILE`` or ``postgresql://…``, with a pool of its own. Connects to nothing yet.

    Raises StoreUnavailable for any other kind of database, or if the driver is not installed.
    """
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        return _open_sqlite(target, pool_size)
    if target.get_backend_name() == "postgresql":
        try:
            return _open_postgres(target, pool_size)
        except ImportError as error:
            raise StoreUnavailable(
                "PostgreSQL needs the extra 'postgres': pip install 'noodle-ray[postgres]'"
            ) from error
    raise StoreUnavailable(f"{target.get_backend_name()} is no database that Noodle knows; use sqlite or postgresql")


def _open_postgres(target: URL, pool_size: int) -> Engine:
    engine = create_engine(
        target.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=False,
        pool_use_lifo=True,
        pool_recycle=1800,
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        postgres.prepare(connection)

    return engine


def _open_sqlite(target: URL, pool_size: int) -> Engine:
    if not target.database or target.database == ":memory:":
        raise StoreUnavailable("SQLite needs a file, so that runs outlive the process")
    engine = create_engine(
        target,
        pool_size=pool_size,
        max_overflow=0,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # BEGIN is ours, below
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA temp_store=MEMORY")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
