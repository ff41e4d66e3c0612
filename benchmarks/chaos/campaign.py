"""One campaign: faults while runs are under way, and the audit at the end."""

import asyncio
import queue
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from benchmarks.chaos.audit import Verdict, Watch, audit
from benchmarks.chaos.load import Load
from benchmarks.chaos.world import FAULTS, Place
from noodle_ray.core.store.store import Store

T = TypeVar("T")
RECOVERY_SECONDS = 180.0


Inflict = Callable[[Callable[[], bool]], "Future[bool]"]


class Hands:
    """Does in the thread that made it what others ask for: Ray starts nodes in the main thread only."""

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[tuple[Callable[[], bool], Future[bool]] | None] = queue.SimpleQueue()

    def ask(self, deed: Callable[[], bool]) -> "Future[bool]":
        """Have something done; from any thread."""
        done: Future[bool] = Future()
        self._asked.put((deed, done))
        return done

    def serve(self, thread: "Future[T]") -> T:
        """Do what is asked until the other thread has ended, and return what it returned."""
        thread.add_done_callback(lambda _: self._asked.put(None))
        while (asked := self._asked.get()) is not None:
            deed, done = asked
            try:
                done.set_result(deed())
            except Exception as error:
                done.set_exception(error)
        return thread.result()


class Campaign:
    """Faults, each followed by a wait until runs that were under way at it have ended."""

    def __init__(self, world: Place, load: Load, seed: int, kinds: list[str], inflict: Inflict) -> None:
        self._world = world
        self._inflict = inflict
        self._load = load
        self._chance = random.Random(seed)
        self._kinds = kinds
        self.done: Counter[str] = Counter()
        self.first: dict[str, list[float]] = defaultdict(list)
        self.all: list[float] = []
        self.stuck = 0

    async def run(self, faults: int, seconds: float, at_once: int = 1) -> None:
        """Until so many faults were made, or the time is over. So many hands make one fault after the other."""
        end = time.monotonic() + seconds
        async with asyncio.TaskGroup() as hands:
            for _ in range(at_once):
                hands.create_task(self._one_after_the_other(faults, end))

    async def _one_after_the_other(self, faults: int, end: float) -> None:
        while self.done.total() < faults and time.monotonic() < end and not self._load.stopping:
            await asyncio.sleep(self._chance.uniform(0.0, 0.4))
            kind = self._chance.choices(self._kinds, [FAULTS[kind][1] for kind in self._kinds])[0]
            while not (under_way := self._load.under_way()) and not self._load.stopping:
                await asyncio.sleep(0.02)
            at = time.time()
            if not await asyncio.wrap_future(
                self._inflict(lambda kind=kind: FAULTS[kind][0](self._world, self._chance))
            ):
                continue
            self.done[kind] += 1
            await self._recovered(kind, at, under_way)
            if self.done.total() % 20 == 0:
                print(f"{self.done.total()} faults, {len(self._load.ended)} runs ended", flush=True)

    async def _recovered(self, kind: str, at: float, runs: list[str]) -> None:
        ended = self._load.ended
        end = time.time() + RECOVERY_SECONDS
        while runs and not any(run in ended for run in runs):
            if time.time() > end:
                self.stuck += 1
                return
            await asyncio.sleep(0.02)
        if runs:
            self.first[kind].append(min(ended[run] for run in runs if run in ended) - at)
            overlapping = self._chance.random() < 0.5  # the next fault may come before all have recovered
            while not overlapping and any(run not in ended for run in runs) and time.time() < end:
                await asyncio.sleep(0.02)
            if all(run in ended for run in runs):
                self.all.append(max(ended[run] for run in runs) - at)


async def campaign(
    world: Place,
    faults: int,
    seconds: float,
    seed: int,
    clients: int,
    kinds: list[str],
    inflict: Inflict,
    at_once: int = 1,
) -> tuple[Campaign, Verdict, list[str]]:
    """Break the world so often, then let all runs end, and look at them."""
    load = Load(world.url, world.token, clients)
    async with Store(world.database, world.objects) as store:
        watch = Watch(store, load)
        watching = asyncio.ensure_future(watch.run())
        loading = asyncio.ensure_future(load.run())
        made = Campaign(world, load, seed, kinds, inflict)
        breaking = asyncio.ensure_future(made.run(faults, seconds, at_once))
        await asyncio.wait({breaking, loading, watching}, return_when=asyncio.FIRST_COMPLETED)
        load.stop()
        findings: list[str] = []
        try:
            await breaking
        except Exception as error:  # what was done until then is told nevertheless
            findings.append(f"the campaign broke off: {type(error).__name__}: {error}")
        for task in (watching, loading):
            if task.done():  # it ended before its time: tell why
                task.result()
        try:
            await asyncio.wait_for(loading, RECOVERY_SECONDS)
        except TimeoutError:
            findings.append("runs are still under way, though nothing is broken any more")
        watching.cancel()
        return made, await audit(store, load, watch, world.notes, findings), findings
