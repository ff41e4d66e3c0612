"""SQL that ends runs, or gives them back: all that end at the same time at once."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from noodle_ray.core.store import fuel, sql, waits
from noodle_ray.core.store import programs as program_sql
from noodle_ray.core.store import runs as run_sql
from noodle_ray.core.store.errors import LeaseLost
from noodle_ray.core.store.records import Ending, Lease, last_position, what_ended
from noodle_ray.core.store.status import CANCEL, OWNER_TARGETS, TERMINAL, Status
from noodle_ray.core.store.tables import events, readings, runs

_CHANGED: Final = (
    "status", "updated", "due", "owner", "attempt", "failures", "result", "result_ref", "error", "usage", "waits",
)  # fmt: skip
_UPDATE: Final = (
    update(runs).where(runs.c.id == bindparam("run")).values({name: bindparam(f"new_{name}") for name in _CHANGED})
)
_STATE: Final = (
    select(
        runs.c.id, runs.c.status, runs.c.epoch, runs.c.owner, runs.c.attempt, runs.c.failures,
        runs.c.tenant, runs.c.program, runs.c.version, runs.c.caller,
    )
    .order_by(runs.c.id)
    .with_for_update()
)  # fmt: skip


class Finish(NamedTuple):
    """An operation for `writer.Writer`: end an owner's hold of a run. The answer is None, or LeaseLost."""

    lease: Lease
    ending: Ending
    result: run_sql.Columns

    @property
    def sums(self) -> tuple[tuple[str, str], ...]:
        """Which sums this changes; see `writer.Counting`."""
        return (self.ending.burnt.loan.window,) if self.ending.burnt is not None else ()

    def together(self, connection: Connection, operations: Sequence["Finish"]) -> list[LeaseLost | None]:
        """End all."""
        ids = sorted({each.lease.run for each in operations})
        rows = {row.id: row for row in connection.execute(_STATE.where(runs.c.id.in_(ids)))}
        answers: list[LeaseLost | None] = []
        ended: dict[str, Finish] = {}
        for each in operations:
            assert each.ending.status in OWNER_TARGETS
            row = rows.get(each.lease.run)
            if row is not None and row.epoch == each.lease.epoch and row.status == each.ending.status:
                answers.append(None)  # done before, and the answer was lost
            elif row is None or not run_sql.holds(each.lease, row) or each.lease.run in ended:
                answers.append(LeaseLost(each.lease.run))
            else:
                ended[each.lease.run] = each
                answers.append(None)
        if ended:
            over = _waits_that_are_over(connection, [each for each in ended.values() if each.ending.waits])
            connection.execute(_UPDATE, [_values(each, rows[run], run in over) for run, each in ended.items()])
            connection.execute(insert(events), [_event(each) for each in ended.values()])
            _put_readings(connection, ended)
            _count(connection, [(each.ending, rows[run]) for run, each in ended.items()])
            for each in ended.values():
                if (burnt := each.ending.burnt) is not None:
                    fuel.settle(connection, burnt.loan, burnt.fuel, each.ending.status in TERMINAL)
            _tell(connection, [(each.ending, rows[run]) for run, each in ended.items()])
        return answers


def _waits_that_are_over(connection: Connection, waiting: list[Finish]) -> set[str]:
    """Runs that begin to wait for what has come already, and so go on at once."""
    if not waiting:
        return set()
    over = {
        signal.run
        for signal in waits.untaken_signals(connection, [each.lease.run for each in waiting])
        for each in waiting
        if each.lease.run == signal.run and signal.name in (each.ending.waits or {}).get("signals", ())
    }
    called = {run: each.lease.run for each in waiting for run in (each.ending.waits or {}).get("runs", ())}
    return over | {called[run.id] for run, _, _ in run_sql.ended(connection, sorted(called))}


def _tell(connection: Connection, ended: list[tuple[Ending, Any]]) -> None:
    """Wake the callers of runs that have ended for good, and cancel what those have started and not waited for."""
    final = [(ending.at, row) for ending, row in ended if ending.status in TERMINAL]
    if final:
        now = max(at for at, _ in final)
        run_sql.wake(connection, sorted({row.caller for _, row in final if row.caller}), now)
        run_sql.command_called(connection, [row.id for _, row in final], CANCEL, now)


def _values(each: Finish, row: Any, over: bool) -> dict[str, Any]:
    ending = each.ending
    unharmed = (ending.status is Status.QUEUED and not ending.failed) or ending.status is Status.WAITING
    return {
        "run": each.lease.run,
        "new_status": ending.status,
        "new_updated": ending.at,
        "new_due": ending.at if over else ending.due,
        "new_owner": None,
        "new_attempt": row.attempt - int(unharmed),
        "new_failures": row.failures + int(ending.failed),
        "new_result": each.result[0],
        "new_result_ref": each.result[1],
        "new_error": sql.to_json(ending.error),
        "new_usage": sql.to_json(ending.usage),
        "new_waits": sql.to_json(ending.waits),
    }


def _event(each: Finish) -> dict[str, Any]:
    ending = each.ending
    data = sql.to_json(what_ended(ending))
    position = last_position(each.lease)
    return {"run": each.lease.run, "position": position, "type": ending.status, "data": data, "at": ending.at}


def _put_readings(connection: Connection, ended: dict[str, Finish]) -> None:
    for run, each in ended.items():
        if each.ending.readings is not None:
            connection.execute(delete(readings).where(readings.c.run == run))
            run_sql.put_readings(connection, run, last_position(each.lease), each.ending.readings)


def _count(connection: Connection, ended: list[tuple[Ending, Any]]) -> None:
    """Add runs that have ended to the statistics of their programs' versions."""
    sums: dict[program_sql.Version, Counter[str]] = {}
    for ending, row in ended:
        if row.program is None or row.version is None or ending.status not in TERMINAL:
            continue
        usage = ending.usage or {}
        counter = sums.setdefault((row.tenant, row.program, row.version), Counter())
        counter["runs"] += 1
        counter["failures"] += ending.status is Status.FAILED
        counter["fuel"] += int(usage.get("fuel", 0))
        counter["model_calls"] += int(usage.get("model_calls", 0))
    program_sql.add_counts(connection, sums)
