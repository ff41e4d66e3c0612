"""The journal's statement on PostgreSQL: one round trip checks the leases, adds the rows and commits.

Its parameters are a column's values each, as an array in PostgreSQL's binary form: psycopg's own conversion of lists
takes longer than the server takes for the rows (`benchmarks/durable.py`).
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from noodle_ray.core.store.records import Lease

_NULL: Final = b"\xff\xff\xff\xff"
_COLUMNS: Final = (
    ("run", "text"), ("position", "int8"), ("key", "text"), ("model", "text"), ("call", "bytea"), ("asked", "text"),
    ("ok", "bool"), ("value", "bytea"), ("value_ref", "text"), ("at", "float8"), ("inherited", "bool"),
    ("prompt_tokens", "int8"), ("completion_tokens", "int8"), ("batch", "int8"), ("batch_size", "int8"),
)  # fmt: skip
_NAMES: Final = ", ".join(name for name, _ in _COLUMNS)
_APPEND: Final = f"""
WITH locked AS MATERIALIZED (
    SELECT id, owner, epoch, status FROM runs WHERE id = ANY(%s::text[]) ORDER BY id FOR UPDATE
), held AS MATERIALIZED (
    SELECT locked.id, locked.owner, locked.epoch
    FROM locked JOIN unnest(%s::text[], %s::text[], %s::int8[]) AS lease (run, owner, epoch)
    ON locked.id = lease.run AND locked.owner = lease.owner AND locked.epoch = lease.epoch
    WHERE locked.status = 'running'
), added AS (
    INSERT INTO journal ({_NAMES})
    SELECT fresh.* FROM unnest({", ".join(f"%s::{kind}[]" for _, kind in _COLUMNS)}) AS fresh ({_NAMES})
    WHERE fresh.run IN (SELECT id FROM held)
    ON CONFLICT (run, key) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name, _ in _COLUMNS[1:])}
    WHERE journal.inherited
)
SELECT id, owner, epoch FROM held
"""


class Packed(bytes):
    """A parameter in PostgreSQL's binary form; the statement says its type."""


def prepare(connection: Any) -> None:
    """Let a new connection of psycopg take `Packed` parameters."""
    from psycopg.adapt import Dumper
    from psycopg.pq import Format

    class _AsItIs(Dumper):
        format = Format.BINARY

        def dump(self, obj: Any) -> bytes:
            return bytes(obj)

    connection.adapters.register_dumper(Packed, _AsItIs)


def append(connection: Connection, leases: Sequence[Lease], rows: Sequence[dict[str, Any]]) -> set[Lease]:
    """Add rows to the journals of those of these runs whose leases are held, and return those leases. There may be one
    lease per run, as a row goes with its run, and no two rows may have the same run and key. A statement of its own: it
    needs no transaction around it."""
    runs = _array("text", [lease.run for lease in leases])
    owners = _array("text", [lease.owner for lease in leases])
    epochs = _array("int8", [lease.epoch for lease in leases])
    columns = [_array(kind, [row[name] for row in rows]) for name, kind in _COLUMNS]
    return {Lease(*row) for row in _execute(connection, (runs, runs, owners, epochs, *columns))}


def _execute(connection: Connection, values: Sequence[Packed]) -> list[Any]:
    """The statement's rows, by psycopg itself: SQLAlchemy's part of an execution takes as long as the server's."""
    import psycopg

    driver: Any = connection.connection.driver_connection
    try:
        found: list[Any] = driver.execute(_APPEND, values, prepare=True).fetchall()
    except psycopg.Error as error:
        if driver.closed:
            connection.invalidate(error)
        raise DBAPIError("the journal", None, error, connection_invalidated=driver.closed) from error
    return found


def _array(kind: str, values: Sequence[Any]) -> Packed:
    """A one-dimensional array: dimensions, whether it has NULLs, its type, its length, its first index, then each
    element's length and bytes (array_recv in src/backend/utils/adt/arrayfuncs.c)."""
    oid, pack = _KINDS[kind]
    body = pack(values)
    return Packed(_HEAD.pack(1, int(None in values), oid, len(values), 1) + body)


def _fixed(code: str) -> Callable[[Sequence[Any]], bytes]:
    element = struct.Struct(f"!i{code}")
    size = element.size - 4

    def pack(values: Sequence[Any]) -> bytes:
        return b"".join([element.pack(size, value) for value in values])

    return pack


def _bytes(values: Sequence[bytes | None]) -> bytes:
    return b"".join([_NULL if value is None else _LENGTH.pack(len(value)) + value for value in values])


def _texts(values: Sequence[str | None]) -> bytes:
    return _bytes([None if value is None else value.encode() for value in values])


_HEAD: Final = struct.Struct("!iiIii")
_LENGTH: Final = struct.Struct("!i")
_KINDS: Final[dict[str, tuple[int, Callable[[Sequence[Any]], bytes]]]] = {
    "bool": (16, _fixed("?")),
    "bytea": (17, _bytes),
    "int8": (20, _fixed("q")),
    "text": (25, _texts),
    "float8": (701, _fixed("d")),
}
"""PostgreSQL's numbers of types (pg_type.dat), and how their elements are packed."""
