"""SQL about runs: stored, claimed, renewed, commanded, ended, listed and deleted. Each function is one operation of
`writer`, so it may be executed again, after a rollback or after a commit whose answer was lost."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select, update

from noodle_ray.core.store import spending, sql
from noodle_ray.core.store.errors import NeededRun, UnknownRun, WrongStatus
from noodle_ray.core.store.records import STRIDE, Filter, Lease, NewRun, Run
from noodle_ray.core.store.status import CANCEL, RETRY, TERMINAL, WAKE, Command, Status
from noodle_ray.core.store.tables import events, journal, loans, modules, readings, runs, signals

Columns = tuple[bytes | None, str | None]
"""A payload's two columns: its bytes, or the name of the object that has them."""

_FIELDS: Final = (
    runs.c.id, runs.c.tenant, runs.c.digest, runs.c.arguments, runs.c.arguments_ref, runs.c.limits, runs.c.budget,
    runs.c.seed,
    runs.c.created, runs.c.entry, runs.c.tier, runs.c.program, runs.c.version, runs.c.deadline, runs.c.idempotency,
    runs.c.fingerprint, runs.c.parent, runs.c.fork_key, runs.c.status, runs.c.updated, runs.c.due, runs.c.attempt,
    runs.c.failures, runs.c.owner, runs.c.epoch, runs.c.result, runs.c.result_ref, runs.c.error, runs.c.usage,
    runs.c.waits, runs.c.caller, runs.c.priority, runs.c.turn,
)  # fmt: skip
_SELECT: Final = select(*_FIELDS)
_STATE: Final = select(runs.c.id, runs.c.status, runs.c.epoch, runs.c.owner).with_for_update()
_STATES: Final = _STATE.where(runs.c.id.in_(bindparam("ids", expanding=True))).order_by(runs.c.id)

Stored = tuple[Run, str | None, str | None]
"""A run, and the objects that have its arguments and its result, if they are not in the row."""


def find(connection: Connection, new: NewRun) -> Stored:
    """The run that has this one's id or idempotency key."""
    same = runs.c.id == new.id
    if new.idempotency is not None:
        same |= (runs.c.tenant == new.tenant) & (runs.c.idempotency == new.idempotency)
    return _stored(connection.execute(_SELECT.where(same)).one())


def put_module(connection: Connection, digest: str, nbc: bytes, at: float) -> None:
    """Store a module, if it is not there."""
    row = {"digest": digest, "nbc": nbc, "created": at}
    connection.execute(sql.insert(connection, modules).on_conflict_do_nothing().values(row))


def module(connection: Connection, digest: str) -> bytes | None:
    """A module's bytes."""
    found: bytes | None = connection.scalar(select(modules.c.nbc).where(modules.c.digest == digest))
    return None if found is None else bytes(found)


def get(connection: Connection, run: str) -> Stored | None:
    """A run by its id."""
    row = connection.execute(_SELECT.where(runs.c.id == run)).one_or_none()
    return None if row is None else _stored(row)


def page(connection: Connection, wanted: Filter, before: str | None, limit: int) -> list[Stored]:
    """Runs, the latest first, that have an id below ``before``. Ids begin with the time, so this is by time."""
    query = _SELECT.where(*_conditions(wanted)).order_by(runs.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(runs.c.id < before)
    return [_stored(row) for row in connection.execute(query)]


def claim(connection: Connection, owner: str, now: float, until: float, limit: int) -> list[Stored]:
    """Take runs that are due: queued ones, those that waited long enough, and those whose owner is gone."""
    due = (
        select(runs.c.id)
        .where(runs.c.due <= now)
        .order_by(runs.c.due, runs.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(connection.scalars(due))
    if not ids:
        return []
    connection.execute(
        update(runs)
        .where(runs.c.id.in_(ids))
        .values(
            status=Status.RUNNING,
            owner=owner,
            epoch=runs.c.epoch + 1,
            attempt=runs.c.attempt + 1,
            due=until,
            updated=now,
            waits=None,
        )
    )
    claimed = [_stored(row) for row in connection.execute(_SELECT.where(runs.c.id.in_(ids)))]
    for run, _, _ in claimed:
        what = {"node": owner, "attempt": run.attempt}
        _event(connection, run.id, run.epoch * STRIDE, Status.RUNNING, what, now)
    return claimed


def renew(connection: Connection, leases: list[Lease], until: float) -> list[str]:
    """Put off the end of leases; return the runs that are lost."""
    held = holders(connection, leases)
    if held:
        ids = sorted(lease.run for lease in held)
        connection.execute(update(runs).where(runs.c.id.in_(ids)).values(due=until))
    return [lease.run for lease in leases if lease not in held]


def command(
    connection: Connection,
    run: str,
    wanted: Command,
    now: float,
    limits: dict[str, float] | None,
    budget: dict[str, float] | None = None,
) -> None:
    """Move a run as its user asked; its owner, if any, is fenced from here on.

    Asking twice does no harm. Raises UnknownRun, and WrongStatus where the status machine has no such arrow.
    """
    row = _state(connection, run)
    if row is None:
        raise UnknownRun(run)
    if row.status == wanted.target:
        return
    if row.status not in wanted.sources:
        raise WrongStatus(run, row.status, wanted.name)
    scale = 1.0
    values: dict[str, Any] = {
        "status": wanted.target,
        "updated": now,
        "due": now if wanted.target is Status.QUEUED else None,
        "owner": None,
        "epoch": row.epoch + 1,
        "attempt": 0,
        "waits": None,
    }
    if wanted is RETRY:
        if limits is not None and limits.get("fuel"):
            before = sql.from_json(connection.scalar(select(runs.c.limits).where(runs.c.id == run)))
            scale = limits["fuel"] / (before.get("fuel") or limits["fuel"])
        values |= {"failures": 0, "deadline": None, "result": None, "result_ref": None, "error": None, "usage": None}
        connection.execute(delete(loans).where(loans.c.run == run, loans.c.lent == 0))  # it counts again
        connection.execute(delete(journal).where(journal.c.run == run, journal.c.ok.is_(False)))
        connection.execute(update(journal).where(journal.c.run == run).values(inherited=True))
    if limits is not None:
        values["limits"] = sql.to_json(limits)
    if budget is not None:
        values["budget"] = sql.to_json(budget)
    connection.execute(update(runs).where(runs.c.id == run).values(values))
    _event(connection, run, (row.epoch + 1) * STRIDE, wanted.target, {"command": wanted.name}, now)
    if wanted in (CANCEL, RETRY):
        command_called(connection, [run], wanted, now, scale)
    if wanted is CANCEL:
        wake(connection, _callers(connection, [run]), now)


def command_called(connection: Connection, callers: list[str], wanted: Command, now: float, scale: float = 1.0) -> None:
    """Do the same to the runs that these have started, as far as their status allows it; they get so many times
    the fuel that they had."""
    found = select(runs.c.id, runs.c.limits).where(
        runs.c.caller.in_(callers), runs.c.status.in_(sorted(wanted.sources))
    )
    for row in list(connection.execute(found.order_by(runs.c.id))):
        limits = None if scale == 1.0 else scaled(sql.from_json(row.limits), scale)
        command(connection, row.id, wanted, now, limits)


def scaled(limits: dict[str, float], scale: float) -> dict[str, float]:
    """Limits with so many times the fuel."""
    return {**limits, "fuel": int(limits.get("fuel", 0) * scale)}


def wake(connection: Connection, ids: list[str], now: float) -> None:
    """Put those of these runs that wait into the queue."""
    if ids:
        waiting = select(runs.c.id).where(runs.c.id.in_(ids), runs.c.status == Status.WAITING).order_by(runs.c.id)
        for run in list(connection.scalars(waiting.with_for_update())):
            command(connection, run, WAKE, now, None)


def ended(connection: Connection, ids: list[str]) -> list[Stored]:
    """Those of these runs that have ended."""
    found = _SELECT.where(runs.c.id.in_(ids), runs.c.status.in_(sorted(TERMINAL))).order_by(runs.c.id)
    return [_stored(row) for row in connection.execute(found)]


def lineage(connection: Connection, run: str, key: str, most: int) -> tuple[str | None, int, int]:
    """The run that this one has called under an idempotency key, if it has; how many, up to so many, stand above it as
    callers; and how many it has called."""
    known = connection.scalar(select(runs.c.id).where(runs.c.caller == run, runs.c.idempotency == key))
    depth, above = 0, connection.scalar(select(runs.c.caller).where(runs.c.id == run))
    while above is not None and depth < most:
        depth, above = depth + 1, connection.scalar(select(runs.c.caller).where(runs.c.id == above))
    counting = select(func.count()).select_from(runs).where(runs.c.caller == run)
    return known, depth, connection.scalar(counting) or 0


def root(connection: Connection, run: str, most: int) -> tuple[str, dict[str, float] | None]:
    """The run that began the family of this one, which has so many callers at most; and its budget."""
    for _ in range(most + 1):
        row = connection.execute(select(runs.c.caller, runs.c.budget).where(runs.c.id == run)).one_or_none()
        if row is None or row.caller is None:
            break
        run = row.caller
    return run, sql.from_json(row.budget) if row is not None else None


def called(connection: Connection, run: str) -> list[tuple[str, dict[str, Any] | None]]:
    """The idempotency keys of the runs that this one has called, and their usage, of those that have one."""
    found = select(runs.c.idempotency, runs.c.usage).where(runs.c.caller == run)
    return [(row.idempotency or "", sql.from_json(row.usage)) for row in connection.execute(found)]


def _callers(connection: Connection, ids: list[str]) -> list[str]:
    found = select(runs.c.caller).where(runs.c.id.in_(ids), runs.c.caller.is_not(None))
    return sorted(caller for caller in connection.scalars(found) if caller)


def remove(connection: Connection, run: str) -> None:
    """Delete a run that has ended, with all that belongs to it but its objects. Raises UnknownRun and WrongStatus."""
    row = _state(connection, run)
    if row is None:
        raise UnknownRun(run)
    if row.status not in TERMINAL:
        raise WrongStatus(run, row.status, "delete")
    for caller in _callers(connection, [run]):
        above = _state(connection, caller)
        if above is not None and above.status not in TERMINAL:
            raise NeededRun(run, caller)
    remove_many(connection, [run])


def remove_many(connection: Connection, ids: list[str]) -> None:
    """Delete runs whatever their status, with all that belongs to them but their objects."""
    for table in (journal, readings, events, signals):
        connection.execute(delete(table).where(table.c.run.in_(ids)))
    connection.execute(delete(runs).where(runs.c.id.in_(ids)))
    spending.forget(connection, ids)


def put_readings(connection: Connection, run: str, position: int, data: bytes) -> None:
    """Store what a run read off its clock before this position, if it is not there."""
    row = {"run": run, "position": position, "data": data}
    connection.execute(sql.insert(connection, readings).on_conflict_do_nothing().values(row))


def _state(connection: Connection, run: str) -> Any:
    return connection.execute(_STATE.where(runs.c.id == run)).one_or_none()


def holds(lease: Lease, row: Any) -> bool:
    """Whether the lease is that of the owner in this row."""
    return bool(row.epoch == lease.epoch and row.owner == lease.owner and row.status == Status.RUNNING)


def holders(connection: Connection, leases: list[Lease]) -> set[Lease]:
    """Those of the leases that are held. Their rows stay locked until the transaction ends."""
    ids = sorted({lease.run for lease in leases})
    rows = {row.id: row for row in connection.execute(_STATES, {"ids": ids})}
    return {lease for lease in leases if lease.run in rows and holds(lease, rows[lease.run])}


def _event(connection: Connection, run: str, position: int, kind: str, data: dict[str, Any], at: float) -> None:
    row = {"run": run, "position": position, "type": kind, "data": sql.to_json(data), "at": at}
    connection.execute(insert(events).values(row))


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.tenant is not None:
        conditions.append(runs.c.tenant == wanted.tenant)
    if wanted.status is not None:
        conditions.append(runs.c.status == wanted.status)
    if wanted.program is not None:
        conditions.append(runs.c.program == wanted.program)
    if wanted.version is not None:
        conditions.append(runs.c.version == wanted.version)
    if wanted.from_id is not None:
        conditions.append(runs.c.id >= wanted.from_id)
    if wanted.parent is not None:
        conditions.append(runs.c.parent == wanted.parent)
    if wanted.created_from is not None:
        conditions.append(runs.c.created >= wanted.created_from)
    if wanted.created_before is not None:
        conditions.append(runs.c.created < wanted.created_before)
    return conditions


def _stored(row: Any) -> Stored:
    values = dict(row._mapping)
    arguments_ref, result_ref = values.pop("arguments_ref"), values.pop("result_ref")
    values["arguments"] = bytes(values["arguments"] or b"")
    values["limits"] = sql.from_json(values["limits"])
    values["budget"] = sql.from_json(values["budget"])
    values["error"] = sql.from_json(values["error"])
    values["usage"] = sql.from_json(values["usage"])
    values["waits"] = sql.from_json(values["waits"])
    values["status"] = Status(values["status"])
    return Run(**values), arguments_ref, result_ref
