"""Where a platform's store is, and whether this process may use it.

SQLite shares memory and locks between the processes of one machine. Two machines that open one file, over a network's
file system, destroy it; two that each open their own have two platforms that look like one. So what lies in files is
used only where the same kernel sees the same folder, and everybody else is told to take PostgreSQL.

Importing this loads no database: it says whether there is anything to open.
"""

import os
import platform
from pathlib import Path
from typing import Final, NamedTuple

from noodle_ray.errors import PlatformError

ELSEWHERE: Final = "NOODLE-E0825"
"""Error code: the store lies on another machine, or there is none."""
FILE: Final = "noodle.db"
OBJECTS: Final = "objects"
_SQLITE: Final = "sqlite:///"


class Location(NamedTuple):
    """``url`` is SQLAlchemy's, ``objects`` fsspec's. ``folder`` is the local folder that has any of it, and ``place``
    that folder as the machine that has it knows it; both are empty if every machine may use the store."""

    url: str
    objects: str
    folder: str = ""
    place: tuple[str, int, int] | None = None

    def check(self) -> None:
        """Raise PlatformError E0825 where this process must not open the store."""
        if self.place is not None and self.place != _place(Path(self.folder)):
            what = "database" if self.url.startswith(_SQLITE) else "objects"
            raise PlatformError(
                f"the store of durable runs lies in a folder of another machine, which this one cannot share ({what})",
                code=ELSEWHERE,
                hint="on several machines, set NOODLE_DATABASE to postgresql://… and NOODLE_OBJECTS to shared storage",
            )

    def may_hold_runs(self) -> bool:
        """Whether there may be runs: a file of SQLite that exists, or any other database."""
        return not self.url.startswith(_SQLITE) or os.path.exists(_file(self.url))


def locate(database: str, objects: str, home: Path) -> Location:
    """Where the store of these two settings is; empty ones mean SQLite, and a folder beside it. Call it on the machine
    that has the state folder ``home``."""
    url = database or f"{_SQLITE}{home / FILE}"
    local = url.startswith(_SQLITE)
    folder = _file(url).parent if local else home
    if not local and objects:
        return Location(url, objects)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Location(url, objects or str(folder / OBJECTS), str(folder), _place(folder))


def _file(url: str) -> Path:
    return Path(url.removeprefix(_SQLITE).partition("?")[0])


def _place(folder: Path) -> tuple[str, int, int]:
    """What two processes see equally if, and only if, one kernel shows both the same folder."""
    try:
        kernel = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        kernel = platform.node()
    try:
        found = folder.stat()
    except OSError:
        return kernel, 0, 0
    return kernel, found.st_dev, found.st_ino
