"""Looking after the database: what is old goes, files are packed, and back-ups are made and restored.

A back-up is one zip file with a manifest, the rows of every table, and all objects. It is the same for both databases,
so a back-up of one can be restored into the other.
"""

import asyncio
import json
import sqlite3
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgpack  # type: ignore[import-untyped]
from alembic import command
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, delete, exists, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from noodle_ray.core.store import runs as run_sql
from noodle_ray.core.store.engine import WRITES
from noodle_ray.core.store.errors import BACKUP, StoreUnavailable, failed
from noodle_ray.core.store.records import time_of
from noodle_ray.core.store.schema import config, migrate
from noodle_ray.core.store.status import TERMINAL
from noodle_ray.core.store.store import Store
from noodle_ray.core.store.tables import METADATA, modules, programs, runs
from noodle_ray.core.store.writer import translated
from noodle_ray.errors import PlatformError

FORMAT: Final = 1
ORPHAN_SECONDS: Final = 86_400.0
"""How long objects and modules that no row names are kept: their row may be on its way."""
_CHUNK: Final = 500


class Swept(NamedTuple):
    """How much a sweep has deleted."""

    runs: int
    modules: int
    orphans: int


async def sweep(store: Store, *, now: float, keep_seconds: float) -> Swept:
    """Delete runs that ended ``keep_seconds`` ago or earlier, modules that nothing uses, and objects of no run. A run
    that another one has started stays until that has ended, too: it may have to be asked again what it gave."""
    gone = 0
    while True:
        ids = await store.writer.write(lambda connection: _delete_ended(connection, now - keep_seconds))
        for run in ids:
            await store.objects.delete(run)
        gone += len(ids)
        if len(ids) < _CHUNK:
            break
    unused = 0
    for digest in await store.writer.write(lambda connection: _unused_modules(connection, now - ORPHAN_SECONDS)):
        unused += await _delete_module(store, digest)
    return Swept(gone, unused, await _delete_orphans(store, now))


def vacuum(store: Store) -> int:
    """Give space back to the file system, and renew what the planner knows; return how many bytes that were. Waits for
    writers; not for the hot hour. Raises StoreUnavailable, also when others hold the database for too long.
    """
    try:
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if connection.dialect.name == "sqlite":
                raw = connection.connection.driver_connection
                assert raw is not None
                before, *_, after = [
                    raw.execute(statement).fetchall()
                    for statement in (_PAGES, _CHECKPOINT, "VACUUM", _CHECKPOINT, "PRAGMA optimize", _PAGES)
                ]
                return max(0, int(before[0][0]) - int(after[0][0]))
            size = text("SELECT pg_database_size(current_database())")
            full = connection.scalar(size) or 0
            connection.execute(text("VACUUM (ANALYZE)"))
            return max(0, full - (connection.scalar(size) or 0))
    except sqlite3.Error as error:
        raise failed("the database", error) from error
    except Exception as error:
        raise translated(error) from error


_CHECKPOINT: Final = "PRAGMA wal_checkpoint(TRUNCATE)"
_PAGES: Final = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"


def back_up(store: Store, target: Path) -> int:
    """Write a back-up and return how many runs it has; runs go on meanwhile.

    Raises PlatformError E0823 if the file exists, or if an object disappeared because its run was deleted meanwhile.
    """
    if target.exists():
        raise PlatformError(f"{target} exists; a back-up overwrites nothing", code=BACKUP)
    draft = target.with_name(target.name + ".part")
    level = "REPEATABLE READ" if store.engine.dialect.name == "postgresql" else None
    engine = store.engine.execution_options(isolation_level=level) if level else store.engine
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive, engine.begin() as connection:
            revision = MigrationContext.configure(connection).get_current_revision()
            columns = {table.name: table.columns.keys() for table in METADATA.sorted_tables}
            manifest = {"format": FORMAT, "revision": revision, "columns": columns}
            archive.writestr("manifest.json", json.dumps(manifest))
            for table in METADATA.sorted_tables:
                with archive.open(f"tables/{table.name}", "w", force_zip64=True) as file:
                    for row in connection.execution_options(yield_per=_CHUNK).execute(select(table)):
                        file.write(msgpack.packb(tuple(row), unicode_errors="surrogatepass"))
            known = set(connection.scalars(select(runs.c.id)))
            for name in store.objects.names():
                if name.partition("/")[0] in known:
                    archive.writestr(f"objects/{name}", store.objects.read(name))
            missing = _named_objects(connection) - set(archive.namelist())
            if missing:
                message = f"object {min(missing)} disappeared during the back-up; make it again"
                raise PlatformError(message, code=BACKUP)
        draft.replace(target)
        return len(known)
    except PlatformError:
        raise
    except Exception as error:
        raise translated(error) from error
    finally:
        draft.unlink(missing_ok=True)


def restore(store: Store, source: Path) -> int:
    """Fill an empty database from a back-up, perhaps of an earlier version or of the other kind of database.

    Returns how many runs it has. Raises PlatformError E0823 if the database is not empty or the file is no back-up.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            manifest = json.loads(archive.read("manifest.json"))
            if manifest["format"] != FORMAT:
                raise PlatformError(f"{source} is a back-up of another format", code=BACKUP)
            with store.engine.execution_options(**{WRITES: True}).begin() as connection:
                count = _fill(connection, archive, manifest["revision"], manifest["columns"])
                for name in archive.namelist():
                    if name.startswith("objects/"):
                        store.objects.write(name.removeprefix("objects/"), archive.read(name))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise PlatformError(f"{source} cannot be restored: {error}", code=BACKUP) from error
    migrate(store.engine)
    return count


def _fill(connection: Connection, archive: zipfile.ZipFile, revision: str, columns: dict[str, list[str]]) -> int:
    command.upgrade(config(connection), revision)
    current = MigrationContext.configure(connection).get_current_revision()
    if current != revision:
        raise PlatformError("the database has newer tables than the back-up; restore into a new one", code=BACKUP)
    then = MetaData()
    then.reflect(connection)
    for table in then.sorted_tables:
        if table.name != "alembic_version" and connection.scalar(select(func.count()).select_from(table)):
            raise PlatformError("the database is not empty; restore into a new one", code=BACKUP)
    for table in then.sorted_tables:
        if table.name == "alembic_version":
            continue
        names = columns[table.name]
        rows: list[dict[str, Any]] = []
        for row in _rows(archive, table.name):
            rows.append(dict(zip(names, row, strict=True)))
            if len(rows) == _CHUNK:
                connection.execute(insert(table), rows)
                rows = []
        if rows:
            connection.execute(insert(table), rows)
    return connection.scalar(select(func.count()).select_from(then.tables["runs"])) or 0


def _rows(archive: zipfile.ZipFile, table: str) -> Iterator[list[Any]]:
    with archive.open(f"tables/{table}") as file:
        yield from msgpack.Unpacker(file, unicode_errors="surrogatepass", max_buffer_size=0)


def _named_objects(connection: Connection) -> set[str]:
    named: set[str] = set()
    for table in METADATA.sorted_tables:
        for column in table.columns:
            if column.name.endswith("_ref"):
                found = connection.scalars(select(column).where(column.is_not(None)))
                named.update(f"objects/{name}" for name in found)
    return named


def _known(connection: Connection, ids: list[str]) -> set[str]:
    return set(connection.scalars(select(runs.c.id).where(runs.c.id.in_(ids))))


def _delete_ended(connection: Connection, before: float) -> list[str]:
    callers = runs.alias("callers")
    waited_for = exists().where(callers.c.id == runs.c.caller, callers.c.status.not_in(sorted(TERMINAL)))
    old = select(runs.c.id).where(runs.c.status.in_(sorted(TERMINAL)), runs.c.updated <= before, ~waited_for)
    old = old.limit(_CHUNK).with_for_update(skip_locked=True, of=runs)  # one that is retried just now stays
    ids = list(connection.scalars(old))
    if ids:
        run_sql.remove_many(connection, ids)
    return ids


def _unused_modules(connection: Connection, before: float) -> list[str]:
    used = exists().where(runs.c.digest == modules.c.digest) | exists().where(programs.c.digest == modules.c.digest)
    return list(connection.scalars(select(modules.c.digest).where(modules.c.created <= before, ~used)))


async def _delete_module(store: Store, digest: str) -> bool:
    try:
        await store.writer.write(lambda c: c.execute(delete(modules).where(modules.c.digest == digest)).rowcount)
    except StoreUnavailable as error:
        if isinstance(error.__cause__, IntegrityError):  # a run that came meanwhile uses it
            return False
        raise
    return True


async def _delete_orphans(store: Store, now: float) -> int:
    folders = await asyncio.to_thread(lambda: {name.partition("/")[0] for name in store.objects.names()})
    old = sorted(run for run in folders if time_of(run) <= now - ORPHAN_SECONDS)
    count = 0
    for start in range(0, len(old), _CHUNK):
        part = old[start : start + _CHUNK]
        known = await store.writer.write(partial(_known, ids=part))
        for run in part:
            if run not in known:
                await store.objects.delete(run)
                count += 1
    return count
