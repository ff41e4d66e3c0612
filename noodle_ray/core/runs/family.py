"""What a run and the runs that it starts, directly or not, spend together: the budget of the first bounds them all.

Each run tells the store its own sums, never differences, before a call begins and when it is answered. So a sum that is
told twice counts once, a call whose answer a crash lost is made again on what was granted for it, and calls are exact
whatever the nodes that the runs are on. Tokens and money can be exceeded by what was under way in all of the runs.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from noodle_ray.core.runs.budgets import Budget, Meter, bounds_of, persistently
from noodle_ray.core.store.errors import StoreUnavailable
from noodle_ray.core.store.records import Bounds, Granted, Spent
from noodle_ray.core.vm.names import TOOL

Share = Callable[[Spent, tuple[int, int], Bounds], Awaitable[Granted]]
"""Tells what a run has spent, and asks for so many calls of models and tools."""
COUNTED: Final = ("fuel", "model_calls", "tool_calls", "prompt_tokens", "completion_tokens", "cost")
"""What the usage of a run has of those that it started."""


class Family:
    """A run's part of its family's budget, which is that of the first of them. Belongs to one event loop.

    A run that has started none, and that none has started, need not ask: ``shared`` says whether it must.
    """

    def __init__(self, budget: Budget, shared: bool, share: Share) -> None:
        self.budget = budget
        self.shared = shared
        self._share = share
        self._meter: Meter | None = None
        self._calls = [0, 0]
        self._asking: list[tuple[int | None, asyncio.Future[bool]]] = []
        self._lock = asyncio.Lock()

    def begin(self, meter: Meter) -> None:
        """An attempt begins, which counts with this meter."""
        self._meter = meter
        self._calls = [0, 0]

    def count(self, model: str) -> None:
        """Count a call that needs no leave: a journal answered it, or there was nobody to share with."""
        self._calls[model.startswith(TOOL)] += 1

    async def admit(self, model: str) -> bool:
        """Count a call that is to begin; False if the family may not. Raises StoreUnavailable after a while."""
        if not (self.shared and self.budget.bounded):
            self.count(model)
            return True
        return await self._turn(int(model.startswith(TOOL)))

    async def tell(self) -> None:
        """Tell what was spent. What cannot be told now is told with what comes next."""
        if self.shared and self.budget.bounded and self._meter is not None:
            with contextlib.suppress(StoreUnavailable):
                await self._turn(None)

    async def share(self) -> None:
        """The run is to start another one: what it has spent until now must be known first."""
        self.shared = True
        if self.budget.bounded:
            await self._turn(None)

    async def _turn(self, kind: int | None) -> bool:
        """Ask for a call of this kind, or just tell; those that come meanwhile are asked for together."""
        mine: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._asking.append((kind, mine))
        try:
            async with self._lock:
                if not mine.done():
                    await self._ask()
        finally:
            if not mine.done():
                mine.cancel()
        return mine.result()

    async def _ask(self) -> None:
        assert self._meter is not None
        asking = [each for each in self._asking if not each[1].cancelled()]
        wanted = sum(kind == 0 for kind, _ in asking), sum(kind == 1 for kind, _ in asking)
        own = Spent(self._calls[0], self._calls[1], sum(self._meter.tokens), self._meter.nanos)
        found = await persistently(lambda: self._share(own, wanted, bounds_of(self.budget)))
        self._meter.elsewhere = found.total.tokens - own.tokens, found.total.nanos - own.nanos
        left = [found.model_calls, found.tool_calls]
        self._asking = [each for each in self._asking if each not in asking]
        for kind, future in asking:
            granted = kind is None or left[kind] > 0
            if kind is not None and granted:
                left[kind] -= 1
                self._calls[kind] += 1
            if not future.done():
                future.set_result(granted)


def fuel_of(usage: Mapping[str, Any] | None, lent: int) -> int:
    """The fuel that a run used, with those that it started: all that it had, where its usage is not known."""
    if not usage:
        return lent
    return int(usage.get("fuel", 0)) + int((usage.get("children") or {}).get("fuel", 0))


def keyed(run: str, called: list[tuple[str, dict[str, Any] | None]]) -> dict[str, dict[str, Any] | None]:
    """The usage of runs that a run has called, by the keys of the effects that asked for them."""
    return {key.removeprefix(called_as(run, "")): usage for key, usage in called}


def called_as(run: str, effect: str) -> str:
    """The idempotency key of the run that an effect of a run asks for."""
    return f"@run {run} {effect}"


def summed(usages: list[Mapping[str, Any] | None]) -> dict[str, Any]:
    """What runs used, and those that they started: ``runs`` of which it is known, and sums of `COUNTED`."""
    known = [part for usage in usages if usage for part in (usage, usage.get("children") or {})]
    sums: dict[str, Any] = {"runs": sum(usage.get("runs", 1) for usage in known if usage)}
    for name in COUNTED:
        total = sum(usage.get(name, 0) for usage in known)
        if total:
            sums[name] = round(total, 9) if name == "cost" else total
    return sums
