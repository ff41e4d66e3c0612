"""SQL about what runs wait for or start by, signals and schedules, and about what one node does for all."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update

from noodle_ray.core.store import sql
from noodle_ray.core.store.errors import TOO_MANY_SCHEDULES
from noodle_ray.core.store.records import Schedule, Signal
from noodle_ray.core.store.tables import chores, schedules, signals
from noodle_ray.errors import RequestError


def add_signal(connection: Connection, signal: Signal) -> None:
    """Keep a signal for a run."""
    connection.execute(sql.insert(connection, signals).on_conflict_do_nothing().values(signal._asdict()))


def find_signal(connection: Connection, run: str, id: str) -> Signal | None:
    """A signal by the id that its sender gave it."""
    row = connection.execute(select(signals).where(signals.c.run == run, signals.c.id == id)).one_or_none()
    return None if row is None else _signal(row)


def count_signals(connection: Connection, run: str) -> int:
    """How many signals of a run nobody has taken."""
    counting = select(func.count()).select_from(signals).where(signals.c.run == run, signals.c.taken.is_(None))
    return connection.scalar(counting) or 0


def signals_of(connection: Connection, run: str) -> list[Signal]:
    """What was signalled to a run, the earliest first."""
    found = connection.execute(select(signals).where(signals.c.run == run).order_by(signals.c.at, signals.c.id))
    return [_signal(row) for row in found]


def untaken_signals(connection: Connection, runs: Iterable[str]) -> list[Signal]:
    """The signals of these runs that nobody has taken, the earliest first."""
    found = select(signals).where(signals.c.run.in_(sorted(runs)), signals.c.taken.is_(None))
    return [_signal(row) for row in connection.execute(found.order_by(signals.c.at, signals.c.id))]


def take_signals(connection: Connection, run: str, takes: Sequence[tuple[str, str]]) -> None:
    """Note which effects signals have answered; one that was taken stays with the first."""
    taking = update(signals).where(
        signals.c.run == run, signals.c.id == bindparam("signal"), signals.c.taken.is_(None)
    ).values(taken=bindparam("key"))  # fmt: skip
    connection.execute(taking, [{"signal": id, "key": key} for id, key in takes])


def take_chore(connection: Connection, name: str, owner: str, now: float, until: float) -> bool:
    """Have a chore until then, if nobody has it now. Whoever has it gets no second turn."""
    taking = sql.insert(connection, chores).values(name=name, owner=owner, until=until)
    taking = taking.on_conflict_do_update(
        index_elements=["name"], set_={"owner": owner, "until": until}, where=chores.c.until <= now
    )
    return connection.scalar(taking.returning(chores.c.name)) is not None


def _schedule_row(schedule: Schedule) -> dict[str, Any]:
    return schedule._asdict() | {"limits": sql.to_json(schedule.limits)}


def _schedule(row: Any) -> Schedule:
    values = {**row._mapping, "arguments": bytes(row.arguments), "limits": sql.from_json(row.limits)}
    return Schedule(**values)


def _signal(row: Any) -> Signal:
    return Signal(**{**row._mapping, "value": bytes(row.value)})


def put_schedule(connection: Connection, schedule: Schedule, most: int | None = None) -> None:
    """Store a schedule, in place of one of the same name. Raises RequestError E0761 for a new one if the tenant has
    ``most``."""
    if most is not None:
        sql.in_turn(connection, f"schedules {schedule.tenant}")
        if find_schedule(connection, schedule.tenant, schedule.name) is None:
            counting = select(func.count()).select_from(schedules).where(schedules.c.tenant == schedule.tenant)
            if (connection.scalar(counting) or 0) >= most:
                message = f"a tenant may have {most:,} schedules; delete one that is not needed"
                raise RequestError(message, code=TOO_MANY_SCHEDULES)
    values = _schedule_row(schedule)
    adding = sql.insert(connection, schedules).values(values)
    changed = {name: value for name, value in values.items() if name not in ("tenant", "name", "created")}
    connection.execute(adding.on_conflict_do_update(index_elements=["tenant", "name"], set_=changed))


def schedules_of(connection: Connection, tenant: str, after: str, limit: int) -> list[Schedule]:
    """Schedules of a tenant whose names come after this one, by name."""
    found = select(schedules).where(schedules.c.tenant == tenant, schedules.c.name > after)
    return [_schedule(row) for row in connection.execute(found.order_by(schedules.c.name).limit(limit))]


def find_schedule(connection: Connection, tenant: str, name: str) -> Schedule | None:
    """A schedule by its name."""
    found = select(schedules).where(schedules.c.tenant == tenant, schedules.c.name == name)
    row = connection.execute(found).one_or_none()
    return None if row is None else _schedule(row)


def due_schedules(connection: Connection, now: float, limit: int) -> list[Schedule]:
    """Enabled schedules whose time has come, the longest due first."""
    due = select(schedules).where(schedules.c.enabled.is_(True), schedules.c.next_at <= now)
    return [_schedule(row) for row in connection.execute(due.order_by(schedules.c.next_at).limit(limit))]


def schedules_on(connection: Connection, tenant: str, topic: str, limit: int) -> list[Schedule]:
    """Enabled schedules of a tenant that start runs at events of this topic, by name."""
    found = select(schedules).where(
        schedules.c.tenant == tenant, schedules.c.topic == topic, schedules.c.enabled.is_(True)
    )
    return [_schedule(row) for row in connection.execute(found.order_by(schedules.c.name).limit(limit))]


def note_start(connection: Connection, schedule: Schedule) -> None:
    """Note what a schedule started last, unless it was deleted meanwhile."""
    same = (
        (schedules.c.tenant == schedule.tenant)
        & (schedules.c.name == schedule.name)
        & (schedules.c.created == schedule.created)
    )
    changed = {name: getattr(schedule, name) for name in ("last_at", "last_run", "last_error")}
    connection.execute(update(schedules).where(same).values(changed))


def advance_schedule(connection: Connection, seen: Schedule, moved: Schedule) -> bool:
    """Move a schedule on from where it was seen; False if somebody else did already, or it was changed."""
    same = (
        (schedules.c.tenant == seen.tenant)
        & (schedules.c.name == seen.name)
        & (schedules.c.next_at == seen.next_at)
        & (schedules.c.created == seen.created)
    )
    changed = {name: getattr(moved, name) for name in ("next_at", "last_at", "last_run", "last_error")}
    return connection.execute(update(schedules).where(same).values(changed)).rowcount == 1


def drop_schedule(connection: Connection, tenant: str, name: str) -> bool:
    """Delete a schedule; False if there is none."""
    same = (schedules.c.tenant == tenant) & (schedules.c.name == name)
    return connection.execute(delete(schedules).where(same)).rowcount == 1
