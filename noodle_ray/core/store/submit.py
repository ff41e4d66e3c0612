"""SQL that stores runs: all that are submitted at the same time at once."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, insert

from noodle_ray.core.store import journal as journal_sql
from noodle_ray.core.store import runs as run_sql
from noodle_ray.core.store import sql
from noodle_ray.core.store.errors import Conflict
from noodle_ray.core.store.records import STRIDE, NewRun, Run
from noodle_ray.core.store.status import Status
from noodle_ray.core.store.tables import events, modules, runs

_SAME: Final = (
    "id", "tenant", "digest", "program", "version", "entry", "tier", "seed", "created", "deadline", "idempotency",
    "fingerprint", "parent", "fork_key",
)  # fmt: skip


class Submit(NamedTuple):
    """An operation for `writer.Writer`: store a run, owned by ``owner`` until then or else queued, with a journal that
    it has from the start. The answer is the run, and whether it is new; or Conflict if its idempotency key belongs to
    another request."""

    new: NewRun
    arguments: run_sql.Columns
    owner: str | None
    until: float
    with_module: bool
    entries: list[dict[str, Any]]
    readings: list[tuple[int, bytes]]

    def together(
        self, connection: Connection, operations: Sequence["Submit"]
    ) -> list[tuple[run_sql.Stored, bool] | Conflict]:
        """Store all. One that is there already, under its id or its idempotency key, is left as it is."""
        fresh = {each.new.digest: each for each in operations if each.with_module}
        if fresh:
            rows = [{"digest": name, "nbc": each.new.nbc, "created": each.new.created} for name, each in fresh.items()]
            connection.execute(sql.insert(connection, modules).on_conflict_do_nothing(), rows)
        values = [_row(each) for each in operations]
        adding = sql.insert(connection, runs).on_conflict_do_nothing().returning(runs.c.id)
        added = set(connection.scalars(adding, values))
        created = {each.new.id: each for each in operations if each.new.id in added}
        if created:
            connection.execute(insert(events), [_event(_row(each)) for each in created.values()])
        journal_sql.add(connection, [row for each in created.values() for row in each.entries])
        for each in created.values():
            for position, data in each.readings:
                run_sql.put_readings(connection, each.new.id, position, data)
        answers: list[tuple[run_sql.Stored, bool] | Conflict] = []
        for each, row in zip(operations, values, strict=True):
            if each.new.id in added:
                added.discard(each.new.id)
                answers.append(((_run(each.new, row), row["arguments_ref"], None), True))
            else:
                answers.append(_known(connection, each.new))
        return answers


def _row(asked: Submit) -> dict[str, Any]:
    new, owner = asked.new, asked.owner
    return {name: getattr(new, name) for name in _SAME} | {
        "arguments": asked.arguments[0],
        "arguments_ref": asked.arguments[1],
        "limits": sql.to_json(new.limits),
        "status": Status.RUNNING if owner else Status.QUEUED,
        "updated": new.created,
        "due": asked.until if owner else new.created,
        "attempt": 1 if owner else 0,
        "owner": owner,
        "epoch": 1 if owner else 0,
    }


def _event(row: dict[str, Any]) -> dict[str, Any]:
    data = sql.to_json({"node": row["owner"]} if row["owner"] else {})
    at, position = row["created"], row["epoch"] * STRIDE
    return {"run": row["id"], "position": position, "type": row["status"], "data": data, "at": at}


def _run(new: NewRun, row: dict[str, Any]) -> Run:
    fields = {name: row[name] for name in Run._fields if name in row}
    return Run(**fields | {"limits": new.limits, "failures": 0, "result": None, "error": None, "usage": None})


def _known(connection: Connection, new: NewRun) -> tuple[run_sql.Stored, bool] | Conflict:
    found = run_sql.find(connection, new)
    if found[0].fingerprint != new.fingerprint:
        return Conflict(new.idempotency or "", found[0].id)
    return found, found[0].id == new.id
