"""Runs that have ended are kept for some days, and deleted then, by one node at a time."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from noodle_ray.errors import PlatformError

if TYPE_CHECKING:
    from noodle_ray.core.store.store import Store
    from noodle_ray.core.store.upkeep import Swept

DAY: Final = 86_400.0
EVERY: Final = 3600.0
"""Seconds between sweeps, of all nodes together."""
_CHORE: Final = "sweep"
_log = logging.getLogger("noodle.runs")


class Retention:
    """Sweeps the store. ``days`` is how long runs are kept that have ended, ``node`` this process's name."""

    def __init__(self, store: "Store", node: str, days: float, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._node = node
        self._days = days
        self._clock = clock

    async def forever(self) -> None:
        """Sweep again and again. What fails is tried again at the next turn."""
        while True:
            try:
                await self.turn()
            except PlatformError as error:
                _log.warning("old runs were not deleted: %s [%s]", error.message, error.code)
            await asyncio.sleep(EVERY / 6)

    async def turn(self) -> "Swept | None":
        """Sweep, if nobody has within `EVERY` seconds; None if it is not this node's turn."""
        from noodle_ray.core.store.upkeep import sweep

        now = self._clock()
        if not await self._store.take_chore(_CHORE, self._node, now, now + EVERY):
            return None
        swept = await sweep(self._store, now=now, keep_seconds=self._days * DAY)
        if any(swept):
            _log.info("deleted %d runs, %d modules and %d objects of no run", *swept)
        return swept
