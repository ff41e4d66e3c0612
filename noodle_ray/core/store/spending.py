"""SQL about what tenants spent: sums per tenant and window of time, exact however many nodes add to them; and what the
runs of a family spent, a run and all that it started, as its budget bounds them together."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, func, select, tuple_, update

from noodle_ray.core.store import sql
from noodle_ray.core.store.records import Bounds, Granted, Spent
from noodle_ray.core.store.tables import loans, spending


def granted(had: Spent, total: Spent, own: Spent, wanted: tuple[int, int], bounds: Bounds) -> tuple[Spent, Granted]:
    """What a run has spent by then, that had told ``had`` of it and tells ``own`` now, and wants to begin so many calls
    of models and tools; and the answer, for a family that had spent ``total``. Calls that were granted before, and are
    not among its own, were lost with whoever executed it: they are there to be made again."""
    told = Spent._make(map(max, had, own))
    total = _moved(total, had, told)
    if any(bound is not None and spent >= bound for spent, bound in zip(total[2:], bounds[2:], strict=True)):
        return told, Granted(0, 0, total)
    models, tools = [
        min(want, told[kind] - own[kind] + (want if bound is None else max(bound - total[kind], 0)))
        for kind, (want, bound) in enumerate(zip(wanted, bounds[:2], strict=True))
    ]
    made = told._replace(
        model_calls=max(told.model_calls, own.model_calls + models),
        tool_calls=max(told.tool_calls, own.tool_calls + tools),
    )
    return made, Granted(models, tools, _moved(total, told, made))


def _moved(total: Spent, before: Spent, after: Spent) -> Spent:
    return Spent._make(spent + new - old for spent, new, old in zip(total, after, before, strict=True))


def share(
    connection: Connection, tenant: str, root: str, run: str, own: Spent, wanted: tuple[int, int], bounds: Bounds
) -> Granted:
    """Take what a run of a family has spent, all that it has, and grant calls; see `granted`. To do this twice is to do
    it once."""
    family, member = f"run {root}", f"run {root} {run}"
    total = _locked(connection, tenant, family)
    had = _locked(connection, tenant, member)
    made, found = granted(had, total, own, wanted, bounds)
    for since, before, after in ((family, total, found.total), (member, had, made)):
        if before != after:
            same = (spending.c.tenant == tenant) & (spending.c.since == since)
            connection.execute(update(spending).where(same).values(after._asdict()))
    return found


def forget(connection: Connection, ids: list[str]) -> None:
    """Delete what families spent whose first runs these were, and what these runs have on loan."""
    run = func.substr(spending.c.since, 5, 32)
    connection.execute(delete(spending).where(spending.c.since.like("run %"), run.in_(ids)))
    connection.execute(delete(loans).where(loans.c.run.in_(ids)))


def lock(connection: Connection, keys: Iterable[tuple[str, str]]) -> None:
    """Have others who change these sums, by tenant and window, wait until this transaction ends. All take them in the
    same order, so nobody waits for another who waits for him."""
    wanted = sorted(set(keys))
    rows = [{"tenant": tenant, "since": since} for tenant, since in wanted]
    connection.execute(sql.insert(connection, spending).on_conflict_do_nothing(), rows)
    if connection.dialect.name == "postgresql":  # in SQLite whoever writes is alone
        key = tuple_(spending.c.tenant, spending.c.since)
        found = select(spending.c.tenant).where(key.in_(wanted)).order_by(spending.c.tenant.collate("C"))
        connection.execute(found.order_by(spending.c.since.collate("C")).with_for_update())


def _locked(connection: Connection, tenant: str, since: str) -> Spent:
    row = {"tenant": tenant, "since": since}
    connection.execute(sql.insert(connection, spending).on_conflict_do_nothing().values(row))
    same = (spending.c.tenant == tenant) & (spending.c.since == since)
    columns = [spending.c[name] for name in Spent._fields]
    return Spent(*connection.execute(select(*columns).where(same).with_for_update()).one())


def spend(connection: Connection, tenant: str, since: str, amounts: Spent, bounds: Bounds | None) -> Spent | None:
    """Add amounts, and return the sums. With bounds, calls must fit into theirs, and of tokens and money something must
    be left, as a call's own are known when it has been answered; else None, and nothing is added."""
    same = (spending.c.tenant == tenant) & (spending.c.since == since)
    before = _locked(connection, tenant, since)
    after = Spent(*[had + more for had, more in zip(before, amounts, strict=True)])
    if bounds is not None and not _fits(before, after, bounds):
        return None
    connection.execute(update(spending).where(same).values(after._asdict()))
    return after


def spent(connection: Connection, tenant: str, since: str) -> Spent:
    """The sums."""
    columns = [spending.c[name] for name in Spent._fields]
    same = (spending.c.tenant == tenant) & (spending.c.since == since)
    row = connection.execute(select(*columns).where(same)).one_or_none()
    return Spent() if row is None else Spent(*row)


def _fits(before: Spent, after: Spent, bounds: Bounds) -> bool:
    for name in ("model_calls", "tool_calls"):
        bound = getattr(bounds, name)
        if bound is not None and getattr(after, name) > bound and getattr(after, name) > getattr(before, name):
            return False
    return all(
        bound is None or had < bound for had, bound in ((before.tokens, bounds.tokens), (before.nanos, bounds.nanos))
    )
