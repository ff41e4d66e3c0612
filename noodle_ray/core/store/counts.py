"""Statistics of runs that are not stored themselves: kept in memory, and added to the database once a second."""

import asyncio
import contextlib
from collections import Counter
from typing import Any, Final

from noodle_ray.core.store import programs
from noodle_ray.core.store.errors import StoreUnavailable
from noodle_ray.core.store.writer import Writer

SECONDS: Final = 1.0
"""How long counts stay in memory, where a crash loses them."""


class Counts:
    """What the runs of programs' versions did since the last write. Belongs to one event loop."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._sums: dict[programs.Version, Counter[str]] = {}
        self._writing: asyncio.Task[None] | None = None

    def add(self, version: programs.Version, failed: bool, usage: dict[str, Any]) -> None:
        """Count a run that was started and has ended."""
        added = {"fuel": int(usage.get("fuel", 0)), "model_calls": int(usage.get("model_calls", 0))}
        counter = self._sums.setdefault(version, Counter())
        counter.update({"started": 1, "runs": 1, "failures": int(failed), **added})
        if self._writing is None or self._writing.done():
            self._writing = asyncio.ensure_future(self._later())

    async def close(self) -> None:
        """Write what there is, and write no more. Raises StoreUnavailable."""
        if self._writing is not None:
            self._writing.cancel()
        await self.flush()

    async def flush(self) -> None:
        """Write what there is. Raises StoreUnavailable; then it is kept for the next time."""
        sums, self._sums = self._sums, {}
        if not sums:
            return
        try:
            await self._writer.write(lambda connection: programs.add_counts(connection, sums))
        except StoreUnavailable:
            for version, counter in sums.items():
                self._sums.setdefault(version, Counter()).update(counter)
            raise

    async def _later(self) -> None:
        while self._sums:
            await asyncio.sleep(SECONDS)
            with contextlib.suppress(StoreUnavailable):
                await self.flush()
