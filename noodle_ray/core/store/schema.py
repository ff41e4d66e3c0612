"""Bringing a database's tables up to date with Alembic."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

from noodle_ray.core.store.engine import WRITES
from noodle_ray.core.store.writer import translated

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x4E6F6F646C65  # "Noodle": processes that start together migrate one after the other


def migrate(engine: Engine) -> None:
    """Upgrade to this version's tables, in one transaction. Raises StoreUnavailable if the database fails."""
    try:
        with engine.execution_options(**{WRITES: True}).begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            command.upgrade(config(connection), "head")
    except Exception as error:
        raise translated(error) from error


def config(connection: Connection) -> Config:
    """Alembic's settings for this connection."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made
