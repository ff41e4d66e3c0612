"""SQL that stores runs: all that are submitted at the same time at once."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, insert, select

from noodle_ray.core.store import journal as journal_sql
from noodle_ray.core.store import programs as program_sql
from noodle_ray.core.store import runs as run_sql
from noodle_ray.core.store import sql
from noodle_ray.core.store.errors import Conflict, LeaseLost
from noodle_ray.core.store.records import STRIDE, NewRun, Run
from noodle_ray.core.store.status import TERMINAL, Status
from noodle_ray.core.store.tables import events, modules, runs

_SAME: Final = (
    "id", "tenant", "digest", "program", "version", "entry", "tier", "seed", "created", "deadline", "idempotency",
    "fingerprint", "parent", "fork_key", "caller", "priority", "turn",
)  # fmt: skip


class Submit(NamedTuple):
    """An operation for `writer.Writer`: store a run, owned by ``owner`` until then or else queued, with a journal that
    it has from the start. The answer is the run, and whether it is new; or Conflict if its idempotency key belongs to
    another request; or LeaseLost if the run that starts it has ended, as nobody would wait for it or cancel it."""

    new: NewRun
    arguments: run_sql.Columns
    owner: str | None
    until: float
    with_module: bool
    entries: list[dict[str, Any]]
    readings: list[tuple[int, bytes]]

    def together(
        self, connection: Connection, operations: Sequence["Submit"]
    ) -> list[tuple[run_sql.Stored, bool] | Conflict | LeaseLost]:
        """Store all. One that is there already, under its id or its idempotency key, is left as it is."""
        over = _ended_callers(connection, operations)
        if over:
            rest = [each for each in operations if each.new.caller not in over]
            stored = iter(self.together(connection, rest) if rest else ())
            return [
                LeaseLost(each.new.caller or "") if each.new.caller in over else next(stored) for each in operations
            ]
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
            program_sql.add_counts(connection, _started(each.new for each in created.values()))
        journal_sql.add(connection, [row for each in created.values() for row in each.entries])
        for each in created.values():
            for position, data in each.readings:
                run_sql.put_readings(connection, each.new.id, position, data)
        answers: list[tuple[run_sql.Stored, bool] | Conflict | LeaseLost] = []
        for each, row in zip(operations, values, strict=True):
            if each.new.id in added:
                added.discard(each.new.id)
                answers.append(((_run(each.new, row), row["arguments_ref"], None), True))
            else:
                answers.append(_known(connection, each.new))
        return answers


def _ended_callers(connection: Connection, operations: Sequence[Submit]) -> set[str]:
    """Callers that have ended, or are gone; the others cannot end before this transaction does."""
    callers = sorted({each.new.caller for each in operations if each.new.caller})
    if not callers:
        return set()
    found = select(runs.c.id, runs.c.status).where(runs.c.id.in_(callers)).order_by(runs.c.id)
    rows = connection.execute(found.with_for_update(read=True))
    return set(callers) - {row.id for row in rows if row.status not in TERMINAL}


def _started(stored: Iterable[NewRun]) -> dict[program_sql.Version, dict[str, int]]:
    counted = Counter((new.tenant, new.program, new.version) for new in stored if new.program and new.version)
    return {version: {"started": count} for version, count in counted.items()}


def _row(asked: Submit) -> dict[str, Any]:
    new, owner = asked.new, asked.owner
    return {name: getattr(new, name) for name in _SAME} | {
        "arguments": asked.arguments[0],
        "arguments_ref": asked.arguments[1],
        "limits": sql.to_json(new.limits),
        "budget": sql.to_json(new.budget),
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
    return Run(
        **fields
        | {"limits": new.limits, "budget": new.budget, "failures": 0, "result": None, "error": None, "usage": None}
    )


def _known(connection: Connection, new: NewRun) -> tuple[run_sql.Stored, bool] | Conflict:
    found = run_sql.find(connection, new)
    if found[0].fingerprint != new.fingerprint:
        return Conflict(new.idempotency or "", found[0].id)
    return found, found[0].id == new.id
