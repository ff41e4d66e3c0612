"""SQL about programs: named, versioned modules, and aliases for their versions."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select, update

from noodle_ray.core.store import sql
from noodle_ray.core.store.errors import PUBLISHED_MEANWHILE, TOO_MANY_VERSIONS, UnknownProgram
from noodle_ray.core.store.records import Meant, Program
from noodle_ray.core.store.runs import put_module
from noodle_ray.core.store.tables import aliases, programs
from noodle_ray.errors import RequestError

Version = tuple[str, str, int]
"""A version of a program: tenant, name and number."""

LATEST: Final = "latest"
"""The alias that every program has: its highest version."""


def publish(
    connection: Connection,
    tenant: str,
    name: str,
    digest: str,
    nbc: bytes,
    source: str | None,
    at: float,
    most: int | None = None,
    alias: str | None = None,
    seen: Meant | None = None,
) -> Program:
    """Store a program's next version; if its latest has the same module, that one is returned. An ``alias`` means it
    from then on. Raises RequestError E0760 if the tenant has ``most`` versions, of all programs together, and E0748 if
    name and alias do not mean what was ``seen`` of them any more."""
    if most is not None or seen is not None:
        sql.in_turn(connection, f"programs {tenant}")
    made: Program | None = None
    while made is None:
        last = _one(connection, tenant, name, None)
        if seen is not None and seen != _seen(connection, tenant, name, last, alias):
            message = f"{name!r} was published by somebody else while this version was checked; publish it again"
            raise RequestError(message, code=PUBLISHED_MEANWHILE)
        if last is not None and last.digest == digest:
            made = last
            break
        if most is not None:
            _check_count(connection, tenant, most)
        put_module(connection, digest, nbc, at)
        fresh = Program(tenant, name, last.version + 1 if last else 1, digest, source, at)
        adding = sql.insert(connection, programs).on_conflict_do_nothing().values(fresh._asdict())
        if connection.execute(adding).rowcount == 1:  # else another node took the number; its version is the last then
            made = fresh
    if alias is not None:
        point(connection, tenant, name, alias, made.version)
    return made


def _seen(connection: Connection, tenant: str, name: str, last: Program | None, alias: str | None) -> Meant:
    if last is None:
        return Meant()
    number = _meant(connection, tenant, name, alias)
    meant = _one(connection, tenant, name, number) if number is not None else None
    latest = Meant(last.version, latest_digest=last.digest)
    return latest if meant is None else latest._replace(alias=meant.version, alias_digest=meant.digest)


def check_room(connection: Connection, tenant: str, name: str, digest: str, most: int) -> None:
    """Raise RequestError E0760 if `publish` would, as things are now."""
    last = _one(connection, tenant, name, None)
    if last is None or last.digest != digest:
        _check_count(connection, tenant, most)


def _check_count(connection: Connection, tenant: str, most: int) -> None:
    counting = select(func.count()).select_from(programs).where(programs.c.tenant == tenant)
    if (connection.scalar(counting) or 0) >= most:
        message = f"a tenant may have {most:,} published versions of programs; delete a program that is not needed"
        raise RequestError(message, code=TOO_MANY_VERSIONS)


def find(connection: Connection, tenant: str, name: str, which: int | str | None) -> Program:
    """A version by its number or alias, or the latest. Raises UnknownProgram."""
    version: int | None
    if isinstance(which, str) and which != LATEST:
        version = _meant(connection, tenant, name, which)
        if version is None:
            raise UnknownProgram(name, which)
    else:
        version = which if isinstance(which, int) else None
    found = _one(connection, tenant, name, version)
    if found is None:
        raise UnknownProgram(name, which)
    return found


def _meant(connection: Connection, tenant: str, name: str, alias: str | None) -> int | None:
    same = (aliases.c.tenant == tenant) & (aliases.c.program == name) & (aliases.c.alias == alias)
    return connection.scalar(select(aliases.c.version).where(same)) if alias is not None else None


def point(connection: Connection, tenant: str, name: str, alias: str, version: int) -> None:
    """Make an alias mean this version. Raises UnknownProgram if there is no such version."""
    sql.in_turn(connection, f"programs {tenant}")
    if _one(connection, tenant, name, version) is None:
        raise UnknownProgram(name, version)
    row = {"tenant": tenant, "program": name, "alias": alias, "version": version}
    adding = sql.insert(connection, aliases).values(row)
    keys = ["tenant", "program", "alias"]
    connection.execute(adding.on_conflict_do_update(index_elements=keys, set_={"version": version}))


def names(connection: Connection, tenant: str, after: str, limit: int) -> list[Program]:
    """The latest version of each program, by name."""
    top = (
        select(programs.c.name, func.max(programs.c.version).label("version"))
        .where(programs.c.tenant == tenant, programs.c.name > after)
        .group_by(programs.c.name)
        .order_by(programs.c.name)
        .limit(limit)
        .subquery()
    )
    joined = (programs.c.name == top.c.name) & (programs.c.version == top.c.version)
    query = select(programs).join(top, joined).where(programs.c.tenant == tenant).order_by(programs.c.name)
    return [Program(**row._mapping) for row in connection.execute(query)]


def versions(connection: Connection, tenant: str, name: str) -> list[Program]:
    """All versions of a program, the latest first."""
    same = (programs.c.tenant == tenant) & (programs.c.name == name)
    query = select(programs).where(same).order_by(programs.c.version.desc())
    return [Program(**row._mapping) for row in connection.execute(query)]


def aliases_of(connection: Connection, tenant: str, name: str) -> dict[str, int]:
    """What a program's aliases mean."""
    query = select(aliases.c.alias, aliases.c.version).where(aliases.c.tenant == tenant, aliases.c.program == name)
    return {row.alias: row.version for row in connection.execute(query.order_by(aliases.c.alias))}


def all_aliases(connection: Connection, tenant: str) -> dict[str, dict[str, int]]:
    """What all aliases of a tenant mean, by program."""
    query = select(aliases).where(aliases.c.tenant == tenant).order_by(aliases.c.program, aliases.c.alias)
    found: dict[str, dict[str, int]] = {}
    for row in connection.execute(query):
        found.setdefault(row.program, {})[row.alias] = row.version
    return found


def unpoint(connection: Connection, tenant: str, name: str, alias: str) -> bool:
    """Delete an alias; False if there is none."""
    same = (aliases.c.tenant == tenant) & (aliases.c.program == name) & (aliases.c.alias == alias)
    return connection.execute(delete(aliases).where(same)).rowcount == 1


def add_counts(connection: Connection, sums: Mapping[Version, Mapping[str, int]]) -> None:
    """Add to the statistics of versions: sums of their columns ``started``, ``runs``, ``failures``, ``fuel`` and
    ``model_calls``. One whose program was deleted counts nowhere."""
    for (tenant, name, version), counted in sorted(sums.items()):
        same = (programs.c.tenant == tenant) & (programs.c.name == name) & (programs.c.version == version)
        added = {column: programs.c[column] + amount for column, amount in counted.items()}
        connection.execute(update(programs).where(same).values(added))


def drop(connection: Connection, tenant: str, name: str) -> int:
    """Delete a program with its versions and aliases; returns how many versions it had. Its runs keep their module."""
    connection.execute(delete(aliases).where(aliases.c.tenant == tenant, aliases.c.program == name))
    gone = connection.execute(delete(programs).where(programs.c.tenant == tenant, programs.c.name == name))
    return gone.rowcount


def _one(connection: Connection, tenant: str, name: str, version: int | None) -> Program | None:
    conditions: list[Any] = [programs.c.tenant == tenant, programs.c.name == name]
    if version is not None:
        conditions.append(programs.c.version == version)
    row = connection.execute(
        select(programs).where(*conditions).order_by(programs.c.version.desc()).limit(1)
    ).one_or_none()
    return None if row is None else Program(**row._mapping)
