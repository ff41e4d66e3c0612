"""SQL about fuel that tenants use. A sandbox asks nobody while it burns fuel, so a run that begins is lent what it may
use, and tells what it has used when it is over. Of each window of time there is a row with the sums, and one for each
run that executes, or has left its node to wait: what its attempts used at most, and what is lent to it beyond that.

All that is done here locks the row with the sums first, so nobody waits for another who waits for him.
"""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, select, update

from noodle_ray.core.store import sql
from noodle_ray.core.store.tables import spending


class FuelSums(NamedTuple):
    """Fuel that was used, and that is lent beyond it."""

    fuel: int = 0
    lent: int = 0


def lend(
    connection: Connection,
    tenant: str,
    since: str,
    run: str,
    caller: str | None,
    wanted: int,
    most: int,
    whole: bool = False,
) -> int | None:
    """How much fuel a run may use in this attempt, what it used in earlier ones included: what it wants, or what is
    left of ``most``. If it is to be the ``whole``, None while others may give back what is missing. What its ``caller``
    gave it is lent to that already. To do this twice is to do it once."""
    total = _locked(connection, tenant, since)
    mine = _found(connection, tenant, _key(run, since)) or FuelSums()
    giver = _found(connection, tenant, _key(caller, since)) if caller is not None else None
    given = min(max(wanted - sum(mine), 0), giver.lent) if giver is not None else 0
    granted = min(wanted, most - (sum(total) - sum(mine) - given))
    if whole and granted < wanted and total.lent > mine.lent + given:
        return None
    if granted <= 0:
        return 0
    more = max(granted - mine.fuel, 0) - mine.lent
    given = min(given, max(more, 0))
    _locked(connection, tenant, _key(run, since))
    _put(connection, tenant, _key(run, since), mine._replace(lent=mine.lent + more))
    if giver is not None and given:
        _put(connection, tenant, _key(caller or "", since), giver._replace(lent=giver.lent - given))
    _put(connection, tenant, since, total._replace(lent=total.lent + more - given))
    return granted


def settle(
    connection: Connection, tenant: str, since: str, run: str, caller: str | None, used: int, over: bool
) -> None:
    """An attempt of a run has ended, and used so much; ``over``: there is none after it. A caller that executes gets
    back what was not used. To do this twice is to do it once."""
    total = _locked(connection, tenant, since)
    mine = _found(connection, tenant, _key(run, since))
    if mine is None:
        return
    fuel = max(mine.fuel, used)
    back = 0
    giver = _found(connection, tenant, _key(caller, since)) if caller is not None else None
    if giver is not None and giver.lent:
        back = max(sum(mine) - fuel, 0) if mine.lent else 0
        _put(connection, tenant, _key(caller or "", since), giver._replace(lent=giver.lent + back))
    if over:
        forget(connection, tenant, run, since)
    else:
        _put(connection, tenant, _key(run, since), FuelSums(fuel))
    _put(connection, tenant, since, FuelSums(total.fuel + fuel - mine.fuel, total.lent - mine.lent + back))


def sums(connection: Connection, tenant: str, since: str) -> FuelSums:
    """What was used in a window, and what is lent."""
    return _found(connection, tenant, since) or FuelSums()


def forget(connection: Connection, tenant: str, run: str, since: str) -> None:
    """Delete the row of a run."""
    connection.execute(delete(spending).where(_same(tenant, _key(run, since))))


def _key(run: str | None, since: str) -> str:
    return f"fuel {run} {since}"


def _same(tenant: str, since: str) -> ColumnElement[bool]:
    return (spending.c.tenant == tenant) & (spending.c.since == since)


def _found(connection: Connection, tenant: str, since: str) -> FuelSums | None:
    asked = select(spending.c.fuel, spending.c.lent).where(_same(tenant, since))
    row = connection.execute(asked.with_for_update()).one_or_none()
    return None if row is None else FuelSums(*row)


def _locked(connection: Connection, tenant: str, since: str) -> FuelSums:
    row = {"tenant": tenant, "since": since}
    connection.execute(sql.insert(connection, spending).on_conflict_do_nothing().values(row))
    return _found(connection, tenant, since) or FuelSums()


def _put(connection: Connection, tenant: str, since: str, found: FuelSums) -> None:
    connection.execute(update(spending).where(_same(tenant, since)).values(found._asdict()))
