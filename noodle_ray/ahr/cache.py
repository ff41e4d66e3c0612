"""The cache of a node: exports, and downloads of wheels and stores, with a bound on its size.

What was used longest ago goes first. An entry's time of last use is its access time, which is set here; its time of
change stays, because digests are remembered by it.
"""

import contextlib
import os
import shutil
import time
from pathlib import Path
from typing import NamedTuple

from noodle_ray import paths

KINDS = ("onnx", "wheels", "stores")
"""Folders of the cache whose entries are bounded. An entry is a file or a folder."""
DEFAULT_BOUND = 20 << 30  # bytes
_IN_USE = 3600.0  # seconds since its last use in which an entry is not evicted to make room


class CacheEntry(NamedTuple):
    """One export or download: ``size`` in bytes, ``used`` in seconds since the epoch."""

    kind: str
    name: str
    path: Path
    size: int
    used: float


def bound() -> int:
    """Bytes that the cache may hold: ``NOODLE_MODEL_CACHE`` in MiB, else 20 GiB."""
    said = os.environ.get("NOODLE_MODEL_CACHE", "")
    return int(said) << 20 if said.isdigit() else DEFAULT_BOUND


def cache_entries() -> list[CacheEntry]:
    """What the cache holds, used last first."""
    found = []
    for kind in KINDS:
        folder = paths.cache_dir() / kind
        with contextlib.suppress(FileNotFoundError):
            for path in folder.iterdir():
                if path.suffix not in (".lock", ".tmp"):
                    with contextlib.suppress(FileNotFoundError):  # another process evicted it
                        found.append(CacheEntry(kind, path.name, path, _size(path), path.stat().st_atime))
    return sorted(found, key=lambda entry: entry.used, reverse=True)


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(file.lstat().st_size for file in path.rglob("*") if not file.is_dir())


def touch(path: Path) -> None:
    """Note that an entry is used now."""
    with contextlib.suppress(OSError):
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))


def prune(keep: int, *, recent: float = 0.0) -> list[CacheEntry]:
    """Evict what was used longest ago until the cache holds at most ``keep`` bytes; what was used in the last
    ``recent`` seconds stays. Returns what went.
    """
    entries = cache_entries()
    total = sum(entry.size for entry in entries)
    gone: list[CacheEntry] = []
    oldest = time.time() - recent
    for entry in reversed(entries):
        if total <= keep:
            break
        if entry.used <= oldest:
            _remove(entry.path)
            total -= entry.size
            gone.append(entry)
    return gone


def make_room() -> None:
    """Bring the cache back under its bound after something was put in."""
    prune(bound(), recent=_IN_USE)


def _remove(path: Path) -> None:
    """Files that are open or mapped stay whole for who has them."""
    if path.is_dir():
        aside = path.with_name(f"{path.name}.{time.time_ns()}.tmp")
        with contextlib.suppress(OSError):
            path.rename(aside)  # at once, so that nobody finds half of it
            shutil.rmtree(aside, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
