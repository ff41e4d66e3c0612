"""What SQLite and PostgreSQL write differently, and the one place that knows it."""

import json
from typing import Any, Final

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from noodle_ray.core.store.errors import BAD_NAME
from noodle_ray.errors import RequestError

MAX_NAME: Final = 200
"""Characters of a tenant's, program's or function's name, or of an idempotency key."""


def insert(connection: Connection, table: Table) -> Any:
    """An INSERT that knows ``on_conflict_…``: both dialects have it, each with a class of its own."""
    return insert_on(connection.dialect.name, table)


def insert_on(dialect: str, table: Table) -> Any:
    """`insert` for a dialect of this name."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def in_turn(connection: Connection, what: str) -> None:
    """Let others who do the same wait until this transaction ends. In SQLite all who write wait for one another."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(what, 0))))


def check_names(**names: str | None) -> None:
    """Refuse what no text column can hold, or should: NUL, lone surrogates, more than `MAX_NAME` characters.

    Raises RequestError E0734.
    """
    for what, name in names.items():
        if name is None:
            continue
        if len(name) > MAX_NAME or "\0" in name or any("\ud800" <= letter <= "\udfff" for letter in name):
            message = f"{what} may have {MAX_NAME} characters, without NUL and lone surrogates"
            raise RequestError(message, code=BAD_NAME)


def to_json(value: Any) -> str | None:
    """ASCII only: a text column of PostgreSQL takes neither NUL nor lone surrogates."""
    return None if value is None else json.dumps(value, separators=(",", ":"))


def from_json(text: str | None) -> Any:
    """What `to_json` wrote."""
    return None if text is None else json.loads(text)


def printable(text: str) -> str:
    """The text, with what no text column can hold written as escapes."""
    if "\0" not in text and text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
