"""SQL about what runs wait for or start by: signals and schedules."""

from sqlalchemy import Connection, delete, select, update

from noodle_ray.core.store import sql
from noodle_ray.core.store.records import Schedule, Signal
from noodle_ray.core.store.tables import schedules, signals


def add_signal(connection: Connection, signal: Signal) -> None:
    """Keep a signal for a run, if it is not there."""
    connection.execute(sql.insert(connection, signals).on_conflict_do_nothing().values(signal._asdict()))


def signals_of(connection: Connection, run: str) -> list[Signal]:
    """What was signalled to a run, the earliest first."""
    found = connection.execute(select(signals).where(signals.c.run == run).order_by(signals.c.at, signals.c.id))
    return [Signal(**{**row._mapping, "value": bytes(row.value)}) for row in found]


def put_schedule(connection: Connection, schedule: Schedule) -> None:
    """Store a schedule, in place of one of the same name."""
    values = schedule._asdict()
    adding = sql.insert(connection, schedules).values(values)
    changed = {name: value for name, value in values.items() if name not in ("tenant", "name", "created")}
    connection.execute(adding.on_conflict_do_update(index_elements=["tenant", "name"], set_=changed))


def schedules_of(connection: Connection, tenant: str) -> list[Schedule]:
    """All schedules of a tenant, by name."""
    found = connection.execute(select(schedules).where(schedules.c.tenant == tenant).order_by(schedules.c.name))
    return [Schedule(**{**row._mapping, "arguments": bytes(row.arguments)}) for row in found]


def due_schedules(connection: Connection, now: float, limit: int) -> list[Schedule]:
    """Enabled schedules whose time has come, the longest due first."""
    due = select(schedules).where(schedules.c.enabled.is_(True), schedules.c.next_at <= now)
    found = connection.execute(due.order_by(schedules.c.next_at).limit(limit))
    return [Schedule(**{**row._mapping, "arguments": bytes(row.arguments)}) for row in found]


def advance_schedule(connection: Connection, tenant: str, name: str, seen: float, next_at: float | None) -> bool:
    """Move a schedule on from the time that was seen; False if somebody else did already."""
    same = (schedules.c.tenant == tenant) & (schedules.c.name == name) & (schedules.c.next_at == seen)
    return connection.execute(update(schedules).where(same).values(next_at=next_at)).rowcount == 1


def drop_schedule(connection: Connection, tenant: str, name: str) -> bool:
    """Delete a schedule; False if there is none."""
    same = (schedules.c.tenant == tenant) & (schedules.c.name == name)
    return connection.execute(delete(schedules).where(same)).rowcount == 1
