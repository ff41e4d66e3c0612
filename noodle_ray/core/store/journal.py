"""SQL about what happened in a run: answered effects and events.

Appends of all runs that write at the same time are one check of their leases and one INSERT.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, select

from noodle_ray.core.store import runs as run_sql
from noodle_ray.core.store import sql
from noodle_ray.core.store.errors import LeaseLost
from noodle_ray.core.store.records import Entry, Event, Lease
from noodle_ray.core.store.tables import events, journal, readings

_SELECT: Final = select(*[column for column in journal.c if column.name != "run"])


class Append(NamedTuple):
    """An operation for `writer.Writer`: add entries to a run's journal, if its lease holds. An answer that is there is
    never replaced, unless it is inherited."""

    lease: Lease
    rows: list[dict[str, Any]]
    readings: bytes | None

    def together(self, connection: Connection, operations: Sequence["Append"]) -> list[Exception | None]:
        """Append all; the answer of each is None, or LeaseLost."""
        held = run_sql.holders(connection, [operation.lease for operation in operations])
        rows = [row for operation in operations if operation.lease in held for row in operation.rows]
        if rows:
            adding = sql.insert(connection, journal)
            fresh = {
                name: adding.excluded[name]
                for name in ("position", "model", "call", "asked", "ok", "value", "value_ref", "at", "inherited")
            }
            adding = adding.on_conflict_do_update(
                index_elements=["run", "key"], set_=fresh, where=journal.c.inherited.is_(True)
            )
            connection.execute(adding, rows)
        for operation in operations:
            if operation.readings is not None and operation.lease in held:
                position = operation.rows[0]["position"]
                run_sql.put_readings(connection, operation.lease.run, position, operation.readings)
        return [None if operation.lease in held else LeaseLost(operation.lease.run) for operation in operations]


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
    effects = select(journal.c.position, journal.c.key, journal.c.model, journal.c.ok, journal.c.at)
    effects = effects.where(journal.c.run == run, journal.c.position > after, journal.c.inherited.is_(False))
    effects = effects.order_by(journal.c.position).limit(limit)
    found = [Event(each.position, each.type, sql.from_json(each.data), each.at) for each in connection.execute(own)]
    found += [
        Event(each.position, "effect", {"key": each.key, "model": each.model, "ok": each.ok}, each.at)
        for each in connection.execute(effects)
    ]
    return sorted(found)[:limit]


def _entry(found: Row[Any]) -> tuple[Entry, str | None]:
    values = dict(found._mapping)
    ref = values.pop("value_ref")
    values["value"] = bytes(values["value"] or b"")
    values["call"] = bytes(values["call"])
    return Entry(**values), ref
