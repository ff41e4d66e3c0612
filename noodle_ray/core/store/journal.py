"""SQL about what happened in a run: answered effects and events.

Appends of all runs that write at the same time are one check of their leases and one INSERT; on PostgreSQL both are one
statement, without a transaction around it if nothing else is to be written.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, select

from noodle_ray.core.store import postgres, sql, waits
from noodle_ray.core.store import runs as run_sql
from noodle_ray.core.store.errors import LeaseLost
from noodle_ray.core.store.records import Entry, Event, Lease, effect_event
from noodle_ray.core.store.tables import events, journal, readings

_SELECT: Final = select(*[column for column in journal.c if column.name != "run"])

_REPLACED: Final = (
    "position", "model", "call", "asked", "ok", "value", "value_ref", "at", "inherited", "prompt_tokens",
    "completion_tokens", "batch", "batch_size",
)  # fmt: skip
_OF_EVENTS: Final = ("position", "key", "model", "ok", "asked", "at", "batch", "batch_size")
"""What `effect_event` takes."""


class Append(NamedTuple):
    """An operation for `writer.Writer`: add entries to a run's journal, if its lease holds. An answer that is there is
    never replaced, unless it is inherited. ``takes`` has the ids of signals, and the keys of what they answer."""

    lease: Lease
    rows: list[dict[str, Any]]
    readings: bytes | None
    takes: Sequence[tuple[str, str]] = ()

    def atomic(self, dialect: str, operations: Sequence["Append"]) -> bool:
        """Whether `together` is one statement."""
        return _is_one_statement(dialect, operations) and not any(
            operation.readings is not None or operation.takes for operation in operations
        )

    def together(self, connection: Connection, operations: Sequence["Append"]) -> list[Exception | None]:
        """Append all; the answer of each is None, or LeaseLost."""
        leases = [operation.lease for operation in operations]
        if _is_one_statement(connection.dialect.name, operations):
            held = postgres.append(connection, leases, [row for operation in operations for row in operation.rows])
        else:
            held = run_sql.holders(connection, leases)
            _add_or_replace(connection, [row for each in operations if each.lease in held for row in each.rows])
        for operation in operations:
            if operation.readings is not None and operation.lease in held:
                position = operation.rows[0]["position"]
                run_sql.put_readings(connection, operation.lease.run, position, operation.readings)
            if operation.takes and operation.lease in held:
                waits.take_signals(connection, operation.lease.run, operation.takes)
        return [None if operation.lease in held else LeaseLost(operation.lease.run) for operation in operations]


def _is_one_statement(dialect: str, operations: Sequence[Append]) -> bool:
    """Whether rows may be added by `postgres.append`: it takes one lease per run, and no key twice."""
    if dialect != "postgresql" or len({operation.lease.run for operation in operations}) < len(operations):
        return False
    return all(len({row["key"] for row in operation.rows}) == len(operation.rows) for operation in operations)


def _add_or_replace(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(_adding_or_replacing(connection.dialect.name), rows)


@cache
def _adding_or_replacing(dialect: str) -> Any:
    """The statement, made once: that takes longer than to execute it."""
    adding = sql.insert_on(dialect, journal)
    fresh = {name: adding.excluded[name] for name in _REPLACED}
    return adding.on_conflict_do_update(index_elements=["run", "key"], set_=fresh, where=journal.c.inherited.is_(True))


def row(run: str, entry: Entry, ref: str | None) -> dict[str, Any]:
    """An entry as a row; ``ref`` names the object that has its value, if it is not in the row."""
    values = entry._asdict()
    values |= {"run": run, "asked": sql.printable(entry.asked), "model": sql.printable(entry.model), "value_ref": ref}
    if ref is not None:
        values["value"] = None
    return values


def add(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Add rows to the journal of a run that nobody owns yet."""
    if rows:
        connection.execute(sql.insert(connection, journal).on_conflict_do_nothing(), rows)


def entries(connection: Connection, run: str) -> list[tuple[Entry, str | None]]:
    """A run's journal by position, with the names of objects."""
    found = connection.execute(_SELECT.where(journal.c.run == run).order_by(journal.c.position))
    return [_entry(row) for row in found]


def read_readings(connection: Connection, run: str) -> list[tuple[int, bytes]]:
    """What the run read off its clock, by position."""
    found = connection.execute(
        select(readings.c.position, readings.c.data).where(readings.c.run == run).order_by(readings.c.position)
    )
    return [(each.position, bytes(each.data)) for each in found]


def history(connection: Connection, run: str, after: int, limit: int) -> list[Event]:
    """What happened to a run after this position: its events, and an event for each answered effect."""
    own = select(events.c.position, events.c.type, events.c.data, events.c.at)
    own = own.where(events.c.run == run, events.c.position > after).order_by(events.c.position).limit(limit)
    effects = select(*[journal.c[name] for name in _OF_EVENTS])
    effects = effects.where(journal.c.run == run, journal.c.position > after, journal.c.inherited.is_(False))
    effects = effects.order_by(journal.c.position).limit(limit)
    found = [Event(each.position, each.type, sql.from_json(each.data), each.at) for each in connection.execute(own)]
    found += [effect_event(*each) for each in connection.execute(effects)]
    return sorted(found)[:limit]


def _entry(found: Row[Any]) -> tuple[Entry, str | None]:
    values = dict(found._mapping)
    ref = values.pop("value_ref")
    values["value"] = bytes(values["value"] or b"")
    values["call"] = bytes(values["call"])
    return Entry(**values), ref
