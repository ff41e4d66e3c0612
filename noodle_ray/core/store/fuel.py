"""SQL about fuel that tenants use. A sandbox asks nobody while it burns fuel, so an attempt of a run is lent what it
may use, and what it has used is counted when it ends: for a durable run in the transaction that writes its end.

Of each window of time there is a row of `spending` with what was used, and of each attempt one of `loans`, whose
``fuel`` is what was counted of the run's earlier attempts: they do the same work, which counts once. Work that its user
stopped, by cancelling or pausing it, or has done again, counts each time. A loan that nobody renews is none after a
while, so what a process took with it that died is lent to others then.

Whoever changes sums locks the window's row first (`spending.lock`), so nobody waits for another who waits for him.
"""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from noodle_ray.core.store.errors import LeaseLost
from noodle_ray.core.store.records import STRIDE, Loan
from noodle_ray.core.store.spending import lock
from noodle_ray.core.store.status import Status
from noodle_ray.core.store.tables import events, loans, runs, spending


class FuelSums(NamedTuple):
    """Fuel that was used, and that is lent beyond it."""

    fuel: int = 0
    lent: int = 0


def lend(
    connection: Connection, loan: Loan, wanted: int, most: int, now: float, until: float, whole: bool = False
) -> int | None:
    """How much fuel an attempt may use, what was counted of earlier ones included: what it wants, or what is left of
    ``most``. If it is to be the ``whole``, None while others may give back what is missing. What its caller gave it is
    lent to that already. To do this twice is to do it once. Raises LeaseLost."""
    lock(connection, [loan.window])
    if loan.epoch and not _goes_on(connection, loan):
        raise LeaseLost(loan.run)
    before = 0
    for row in list(connection.execute(select(loans).where(loans.c.run == loan.run))):
        if row.epoch == loan.epoch and row.lent:
            return int(row.fuel + row.lent)
        if not _was_stopped(connection, row):
            before = max(before, row.fuel)
        elif row.lent and row.until > now:
            continue  # it has not heard of it
        connection.execute(delete(loans).where(_is(row)))
    lost = (loans.c.epoch == 0) & (loans.c.until <= now)
    connection.execute(delete(loans).where(_in_window(loan.tenant, loan.since), lost))
    total, giver = sums(connection, loan.tenant, loan.since, now), _giver(connection, loan, now)
    missing = max(wanted - before, 0)
    given = min(missing, giver.lent) if giver is not None else 0
    left = most - sum(total) + given
    later = whole and left < missing and total.lent > given
    more = 0 if later else max(min(missing, left), 0)
    if giver is not None:
        connection.execute(update(loans).where(_is(giver)).values(lent=giver.lent - min(given, more)))
    if before or more:
        values = loan._asdict() | {"fuel": before, "lent": more, "until": until if more else 0.0}
        connection.execute(insert(loans).values(values))
    if later:
        return None
    return min(wanted, before + more) if more or not missing else 0


def renew(connection: Connection, loan: Loan, until: float) -> None:
    """Put off the end of a loan."""
    connection.execute(update(loans).where(_is(loan), loans.c.lent > 0).values(until=until))


def settle(connection: Connection, loan: Loan, used: int, over: bool) -> None:
    """An attempt of a run has ended, and used so much; ``over``: no other does its work again. A caller that executes
    gets back what was not used. To do this twice is to do it once."""
    lock(connection, [loan.window])
    row = connection.execute(select(loans).where(_is(loan))).one_or_none()
    if row is not None:
        fuel = max(row.fuel, used)
        total = spending.c.fuel + fuel - row.fuel
        same = (spending.c.tenant == loan.tenant) & (spending.c.since == loan.since)
        connection.execute(update(spending).where(same).values(fuel=total))
        giver = _giver(connection, loan, 0.0) if row.lent else None
        if giver is not None:
            back = max(row.fuel + row.lent - fuel, 0)
            connection.execute(update(loans).where(_is(giver)).values(lent=giver.lent + back))
        connection.execute(update(loans).where(_is(loan)).values(fuel=fuel, lent=0, until=0.0))
    if over:
        connection.execute(delete(loans).where(loans.c.run == loan.run, loans.c.lent == 0))


def sums(connection: Connection, tenant: str, since: str, now: float) -> FuelSums:
    """What was used in a window, and what is lent."""
    used = select(spending.c.fuel).where(spending.c.tenant == tenant, spending.c.since == since)
    lent = select(func.sum(loans.c.lent)).where(_in_window(tenant, since), loans.c.until > now)
    return FuelSums(connection.scalar(used) or 0, int(connection.scalar(lent) or 0))


def _goes_on(connection: Connection, loan: Loan) -> bool:
    row = connection.execute(select(runs.c.epoch, runs.c.status).where(runs.c.id == loan.run)).one_or_none()
    return row is not None and row.epoch == loan.epoch and row.status == Status.RUNNING


def _was_stopped(connection: Connection, row: Row[tuple[object, ...]]) -> bool:
    """Whether the user ended this attempt, and not the platform."""
    stopped = (events.c.run == row.run) & (events.c.position == (row.epoch + 1) * STRIDE)
    kind = connection.scalar(select(events.c.type).where(stopped))
    return kind in (Status.CANCELLED, Status.PAUSED)


def _giver(connection: Connection, loan: Loan, now: float) -> Row[tuple[object, ...]] | None:
    """The loan of the caller that executes."""
    if loan.caller is None:
        return None
    executes = (loans.c.run == loan.caller) & (loans.c.lent > 0) & (loans.c.until > now)
    found = select(loans).where(_in_window(loan.tenant, loan.since), executes).order_by(loans.c.epoch.desc()).limit(1)
    return connection.execute(found).one_or_none()


def _in_window(tenant: str, since: str) -> ColumnElement[bool]:
    return (loans.c.tenant == tenant) & (loans.c.since == since)


def _is(loan: "Loan | Row[tuple[object, ...]]") -> ColumnElement[bool]:
    return (loans.c.run == loan.run) & (loans.c.epoch == loan.epoch)
