"""``noodle runs backup``, ``restore`` and ``vacuum``: the store of durable runs. They open the store themselves."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from noodle_ray import paths
from noodle_ray.cli.output import report, write, write_json
from noodle_ray.core.store.location import Location, locate
from noodle_ray.errors import NoodleError, UsageError

if TYPE_CHECKING:
    from noodle_ray.core.store.store import Store


def backup_command(file: str, *, database: str | None, objects: str | None, as_json: bool) -> int:
    """Write a back-up; runs go on meanwhile."""
    try:
        place = _with_runs(database, objects)
        count = asyncio.run(_backed_up(place, Path(file)))
    except NoodleError as error:
        return report(error, as_json=as_json)
    except OSError as error:
        return report(_unusable(file, error), as_json=as_json)
    return _told("backed up", count, file, as_json)


def restore_command(file: str, *, database: str | None, objects: str | None, as_json: bool) -> int:
    """Fill an empty store from a back-up."""
    try:
        if not os.path.isfile(file):
            raise UsageError(f"cannot read {file}: it is no file", code="NOODLE-E0902")
        count = asyncio.run(_restored(_place(database, objects), Path(file)))
    except NoodleError as error:
        return report(error, as_json=as_json)
    except OSError as error:
        return report(_unusable(file, error), as_json=as_json)
    return _told("restored", count, file, as_json)


def vacuum_command(*, database: str | None, as_json: bool) -> int:
    """Give space that deleted runs took back to the file system."""
    try:
        freed = asyncio.run(_vacuumed(_with_runs(database, None)))
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json({"freed_bytes": freed})
    else:
        write(f"{freed / 2**20:.1f} MiB given back\n")
    return 0


_HINT = "say which store: --database sqlite:////FILE or postgresql://…, or set NOODLE_DATABASE"


async def _backed_up(place: Location, file: Path) -> int:
    from noodle_ray.core.store.upkeep import back_up

    store = _store(place)
    try:
        await store.open()
        return await asyncio.to_thread(back_up, store, file)
    finally:
        await store.close()


async def _restored(place: Location, file: Path) -> int:
    from noodle_ray.core.store.upkeep import restore

    store = _store(place)
    try:
        return await asyncio.to_thread(restore, store, file)
    finally:
        await store.close()


async def _vacuumed(place: Location) -> int:
    from noodle_ray.core.store.upkeep import vacuum

    store = _store(place)
    try:
        await store.open()
        return await asyncio.to_thread(vacuum, store)
    finally:
        await store.close()


def _store(place: Location) -> "Store":
    from sqlalchemy.exc import ArgumentError

    from noodle_ray.core.store.store import Store

    try:
        return Store(place.url, place.objects)
    except ArgumentError:
        raise UsageError("--database is not the URL of a database", code="NOODLE-E0931", hint=_HINT) from None
    except (ImportError, ValueError) as error:
        raise UsageError(f"the store cannot be opened: {error}", code="NOODLE-E0931", hint=_HINT) from None


def _place(database: str | None, objects: str | None) -> Location:
    """The store that is named, or that of the platform of this machine."""
    from deployments.config import load_config

    settings = load_config().args.resolved_settings()
    return locate(database or settings.database, objects or settings.objects, paths.home())


def _with_runs(database: str | None, objects: str | None) -> Location:
    place = _place(database, objects)
    if not place.may_hold_runs():
        raise UsageError("there are no durable runs here", code="NOODLE-E0930", hint=_HINT)
    return place


def _unusable(file: str, error: OSError) -> UsageError:
    return UsageError(f"cannot use {file}: {error.strerror or error}", code="NOODLE-E0902")


def _told(what: str, count: int, file: str, as_json: bool) -> int:
    if as_json:
        write_json({"runs": count, "file": file})
    else:
        write(f"{what} {count} run{'' if count == 1 else 's'}: {file}\n")
    return 0
