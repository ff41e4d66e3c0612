"""Programs, models, nodes and helpers for tests of durable runs."""

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from noodle_ray.core.runs.batcher import Call
from noodle_ray.core.runs.compiler import CompilerService
from noodle_ray.core.runs.durable import DurableRuns, Settings, Submission
from noodle_ray.core.runs.executor import Executor
from noodle_ray.core.runs.modules import ModuleStore
from noodle_ray.core.sandbox.messages import CODEC
from noodle_ray.core.sandbox.pool import WorkerPool
from noodle_ray.core.store.records import Run
from noodle_ray.core.store.status import Status
from noodle_ray.core.store.store import Store
from tests.sandbox.programs import compiled

STEPS = """\
from noodle_ray import model
step = model("step")

def main(count: int) -> list:
    told = []
    value = "0"
    for _ in range(count):
        value = step(value)
        told.append(value)
        print(value)
    return told
"""


class Models:
    """A model that counts on; each answer is given when the test lets it go. It remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.free = asyncio.Semaphore(1000)
        self.failures: list[Exception] = []

    async def infer(self, model: str, calls: list[Call]) -> list[tuple[bool, object]]:
        self.asked += [args[0] for args, _ in calls]
        await self.free.acquire()
        if self.failures:
            raise self.failures.pop(0)
        return [(True, str(int(str(args[0])) + 1)) for args, _ in calls]

    def hold_after(self, answers: int) -> None:
        """Give this many answers, and no more until `let_go`."""
        self.free = asyncio.Semaphore(answers)

    def let_go(self) -> None:
        for _ in range(1000):
            self.free.release()


class Place:
    """A store, a pool and models; and nodes on them."""

    def __init__(self, store: Store, pool: WorkerPool, folder: Path) -> None:
        self.store = store
        self.models = Models()
        self.executor = Executor(pool, CompilerService(ModuleStore(folder)), self.models)
        self._nodes = 0

    def node(self, **settings: Any) -> DurableRuns:
        self._nodes += 1
        chosen = {"lease_seconds": 0.6, "poll_seconds": 0.02, "patience": (), **settings}
        return DurableRuns(self.store, self.executor, Settings(f"node{self._nodes}", **chosen))


def asked(source: str = STEPS, *args: object, **fields: Any) -> Submission:
    nbc = compiled(source)
    return Submission(hashlib.sha256(nbc).hexdigest(), nbc, "t", args=list(args))._replace(**fields)


def result(run: Run) -> Any:
    assert run.status is Status.SUCCEEDED, run.error
    assert run.result is not None
    return CODEC.unpack(run.result)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def journaled(place: Place, run: str, count: int) -> None:
    async with asyncio.timeout(20):
        while len(await place.store.journal(run)) < count:
            await asyncio.sleep(0.005)


def crash(node: DurableRuns) -> None:
    """What the end of its process does to a node: it stops where it is and says nothing to anybody."""
    for task in [*node._tasks, *(active.task for active in node._active.values())]:
        task.cancel()


CLOCKS = """\
import time
from noodle_ray import model
step = model("step")

def main() -> list:
    told = []
    for _ in range(4):
        now = time.time()
        told.append([now, step(str(int(now * 1000000) % 1000000007))])
    return told
"""
