"""One process's part in durable runs: it opens the store when there is something to do, and executes runs from then on.

Opening takes most of a second of imports, which a platform that stores no runs never pays: what is not there costs one
look at the file system every few seconds.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
from typing import TYPE_CHECKING, Final

from noodle_ray.core.runs.durable import DurableRuns, Settings
from noodle_ray.core.runs.ports import Runner
from noodle_ray.core.runs.retention import Retention
from noodle_ray.core.store.errors import UNAVAILABLE, failed
from noodle_ray.core.store.location import ELSEWHERE, Location
from noodle_ray.errors import NoodleError, PlatformError

if TYPE_CHECKING:
    from noodle_ray.core.store.store import Store

LOOK_SECONDS: Final = 5.0
"""How often to look for a store that others may have made, or that could not be opened."""

_log = logging.getLogger("noodle.runs")


class RunsNode:
    """Belongs to one event loop. `start` it, `close` it, and ask it for `runs` in between. Runs that have ended are
    deleted after ``retention_days``, or never if that is 0."""

    def __init__(
        self, location: Location, runner: Runner, *, slots: int, lease_seconds: float, retention_days: float = 0.0
    ) -> None:
        self._location = location
        self._runner = runner
        self._slots = slots
        self._lease_seconds = lease_seconds
        self._retention_days = retention_days
        self._sweeping: asyncio.Task[None] | None = None
        self._store: Store | None = None
        self._runs: DurableRuns | None = None
        self._opening: asyncio.Task[DurableRuns] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    def start(self) -> None:
        """Begin to look for runs to execute."""
        self._looking = asyncio.ensure_future(self._look())

    async def runs(self) -> DurableRuns:
        """The durable runs, opened by whoever asks first.

        Raises PlatformError: E0825 where this process cannot have the store, E0820 if it cannot be opened now.
        """
        if self._runs is not None:
            return self._runs
        if self._closed:
            raise PlatformError("this part of the platform stops; ask again", code=UNAVAILABLE)
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._open())
            self._opening.add_done_callback(self._opened)
        return await asyncio.shield(self._opening)

    async def store(self) -> "Store":
        """The store behind `runs`, opened and refused as they are."""
        await self.runs()
        if self._store is None:
            raise PlatformError("this part of the platform stops; ask again", code=UNAVAILABLE)
        return self._store

    async def kept(self) -> "Store | None":
        """The store, if there may be anything in it and it can be had; nothing is made for this."""
        if self._runs is None and not self._location.may_hold_runs():
            return None
        try:
            return await self.store()
        except PlatformError:
            return None

    async def close(self) -> None:
        """Give the runs that are executed here back to the others, and close the store."""
        self._closed = True
        for task in (self._looking, self._opening, self._sweeping):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        runs, self._runs = self._runs, None
        if runs is not None:
            await runs.stop()
        store, self._store = self._store, None
        if store is not None:
            await store.close()

    async def _look(self) -> None:
        """Wait until there may be runs, and open the store then."""
        told = ""
        while True:
            if self._location.may_hold_runs():
                try:
                    await self.runs()
                    return
                except NoodleError as error:
                    if error.message != told:
                        told = error.message
                        _log.warning("durable runs are not executed here: %s [%s]", error.message, error.code)
                    if error.code == ELSEWHERE:
                        return
            await asyncio.sleep(LOOK_SECONDS)

    def _opened(self, task: "asyncio.Task[DurableRuns]") -> None:
        self._opening = None
        if not task.cancelled():
            task.exception()  # whoever asked has it

    async def _open(self) -> DurableRuns:
        self._location.check()
        loop = asyncio.get_running_loop()
        store = await loop.run_in_executor(None, _make, self._location)
        try:
            await store.open()
        except BaseException:
            with contextlib.suppress(NoodleError):
                await store.close()
            raise
        name = _name()
        settings = Settings(node=name, slots=self._slots, lease_seconds=self._lease_seconds)
        self._store, self._runs = store, DurableRuns(store, self._runner, settings)
        self._runs.start()
        if self._retention_days:
            self._sweeping = asyncio.ensure_future(Retention(store, name, self._retention_days).forever())
        return self._runs


def _make(location: Location) -> "Store":
    from noodle_ray.core.store.store import Store

    try:
        return Store(location.url, location.objects)
    except NoodleError:
        raise
    except Exception as error:  # what the settings name is no URL, or needs a package that is not here
        raise failed("opening the store of durable runs", error) from error


def _name() -> str:
    """A name that no other process has, and that tells people which one it is."""
    return f"{socket.gethostname()[:100]}-{os.getpid()}-{secrets.token_hex(6)}"
