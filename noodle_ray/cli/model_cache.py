"""``noodle models pull``, ``warm`` and ``cache``: files that are fetched, loaded and kept on this machine."""

import time
from typing import Any

from noodle_ray.cli.console import console, steps, table
from noodle_ray.cli.models import refused
from noodle_ray.cli.output import PLATFORM, write, write_json
from noodle_ray.errors import ModelError, NoodleError, UsageError


def pull_command(references: list[str], *, as_json: bool = False) -> int:
    """Fetch the files of these models, or of all, and hold them against their digests."""
    from noodle_ray.ahr.checks import check_digest
    from noodle_ray.ahr.files import content_digest, content_size
    from noodle_ray.ahr.registry import Registry
    from noodle_ray.ahr.sources import resolve

    registry = Registry()
    found: list[dict[str, Any]] = []
    try:
        for reference in references or registry.names():
            spec = registry.version(reference).spec
            started = time.monotonic()
            with steps(quiet=as_json) as progress:
                path = resolve(spec, progress)
                progress(f"{spec.name}: checking its digest")
                check_digest(spec, path)
            found.append(
                {
                    "model": reference,
                    "version": spec.label,
                    "path": str(path),
                    "size": content_size(path),
                    "digest": content_digest(path),
                    "seconds": time.monotonic() - started,
                }
            )
            if not as_json:
                write(f"{reference}: {found[-1]['size'] / 1e6:.1f} MB, sha256 {found[-1]['digest'][:12]}…, {path}\n")
    except NoodleError as error:
        return refused(error, as_json)
    if as_json:
        write_json({"pulled": found})
    return 0


def warm_command(references: list[str], *, cold: bool = False, as_json: bool = False) -> int:
    """Load these models, or all, twice: first with whatever that takes, then from the cache. A version that was marked
    as failed and loads now is good again.
    """
    from noodle_ray.ahr.checks import BROKEN
    from noodle_ray.ahr.registration import forget_export, prepare
    from noodle_ray.ahr.registry import Registry

    registry = Registry()
    found: list[dict[str, Any]] = []
    failed = False
    try:
        for reference in references or registry.names():
            spec = registry.version(reference).spec
            try:
                with steps(quiet=as_json) as progress:
                    removed = forget_export(spec) if cold else 0
                    first = prepare(spec, progress)
                    again = prepare(spec, progress)
            except ModelError as error:
                failed = True
                if error.code in BROKEN:
                    registry.mark_failed(spec, error)
                found.append({"model": reference, "version": spec.label, "error": error.message, "code": error.code})
                if not as_json:
                    write(f"{reference}: failed: {error.message} [{error.code}]\n")
                continue
            registry.clear_failed(spec)
            found.append(
                {
                    "model": reference,
                    "version": spec.label,
                    "first_seconds": first["seconds"],
                    "cached_seconds": again["seconds"],
                    "exports_removed": removed,
                }
            )
            if not as_json:
                kind = "cold" if removed else "first"
                write(f"{reference}: {kind} load {first['seconds']:.2f} s, from the cache {again['seconds']:.2f} s\n")
    except NoodleError as error:
        return refused(error, as_json)
    if as_json:
        write_json({"warmed": found})
    return PLATFORM if failed else 0


def cache_command(*, prune: bool = False, keep: int | None = None, as_json: bool = False) -> int:
    """Show what the cache holds, or evict what was used longest ago until ``keep`` MiB are left."""
    from noodle_ray.ahr import cache

    gone: list[cache.CacheEntry] = []
    if keep is not None and not prune:
        return refused(UsageError("--keep goes with --prune", code="NOODLE-E0901"), as_json)
    if prune:
        gone = cache.prune(cache.bound() if keep is None else keep << 20)
    left = cache.cache_entries()
    total = sum(entry.size for entry in left)
    if as_json:
        write_json(
            {
                "bound": cache.bound(),
                "size": total,
                "entries": [_shown(entry) for entry in left],
                "pruned": [_shown(entry) for entry in gone],
            }
        )
        return 0
    if prune:
        write(f"removed {len(gone)} entries, {sum(entry.size for entry in gone) / 1e6:.1f} MB\n")
    rows = table("kind", "name", "MB", "last used")
    for entry in left:
        used = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.used))
        rows.add_row(entry.kind, entry.name, f"{entry.size / 1e6:.1f}", used)
    console().print(rows)
    write(f"{total / 1e6:.1f} MB of at most {cache.bound() / 1e6:.0f}\n")
    return 0


def _shown(entry: Any) -> dict[str, Any]:
    return {"kind": entry.kind, "name": entry.name, "size": entry.size, "used": entry.used}
