"""What durability costs: journaled effects and whole durable runs, on SQLite and PostgreSQL.

``python -m benchmarks.durable``. No programs are executed: a stand-in asks five effects per run, so the figures are
those of the store and of the manager. PostgreSQL is started in a temporary folder, with its default durability.
"""

import asyncio
import hashlib
import os
import random
import tempfile
import time
from typing import Any, NamedTuple

from noodle_ray.core.runs.durable import DurableRuns, Settings, Submission
from noodle_ray.core.sandbox.outcome import USAGE
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.store.records import STRIDE, Entry, Lease, NewRun, run_id
from noodle_ray.core.store.store import Store
from noodle_ray.core.vm.host import EffectAnswer, EffectRequest
from tests.store.postgres import Postgres, find

NBC = bytes(3000)
DIGEST = hashlib.sha256(NBC).hexdigest()
EFFECTS = 5


class Effects(NamedTuple):
    """Milliseconds: from asking for an append to its being on disk, and of the whole time per append."""

    p50: float
    p99: float
    each: float


async def effects(store: Store, at_once: int, count: int = 40, pause: float = 0.0) -> Effects:
    """Append to the journals of so many runs at once, after pauses of about so many seconds."""
    draw = random.Random(7).uniform
    now = time.time()
    runs = [NewRun(run_id(now, os.urandom(10)), "", DIGEST, NBC, b"", {}, 1, now) for _ in range(at_once)]
    await asyncio.gather(*[store.submit(run, owner="n", until=now + 1e6) for run in runs])
    taken: list[float] = []

    async def one(run: NewRun) -> None:
        for number in range(1, count + 1):
            if pause:
                await asyncio.sleep(draw(0.5 * pause, 1.5 * pause))
            began = time.perf_counter()
            entry = Entry(f"/{number}", STRIDE + number, "m", bytes(32), "m('x')", True, bytes(100), now)
            await store.append(Lease(run.id, "n", 1), [entry])
            taken.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*[one(run) for run in runs])
    whole = time.perf_counter() - began
    taken.sort()
    return Effects(taken[len(taken) // 2] * 1e3, taken[len(taken) * 99 // 100] * 1e3, whole / len(taken) * 1e3)


class Stub:
    """A runner that asks five effects, one after the other, of a model that takes no time."""

    async def execute(self, request: RunRequest, journal: Any) -> dict[str, Any]:
        for number in range(1, EFFECTS + 1):
            asked = EffectRequest(f"/{number}", "m", ("x",), {})
            if journal.recall(asked) is None:
                await journal.keep([(asked, EffectAnswer(asked.key, True, "y" * 100))])
        return {"result": 1, "stdout": "", "error": None, "usage": dict(USAGE), "tier": "auto", "events": []}


async def runs_per_second(store: Store, at_once: int, count: int) -> float:
    """Submit, execute and end durable runs of five effects each, so many at once."""
    async with DurableRuns(store, Stub(), Settings("n", slots=at_once)) as runs:
        turn = asyncio.Semaphore(at_once)

        async def one() -> None:
            async with turn:
                run, _ = await runs.submit(Submission(DIGEST, NBC))
                await runs.wait(run.id)

        began = time.perf_counter()
        await asyncio.gather(*[one() for _ in range(count)])
        return count / (time.perf_counter() - began)


async def measure(url: str, folder: str) -> None:
    """Print the table's rows of one database."""
    async with Store(url, f"{folder}/objects") as store:
        name = store.engine.dialect.name
        for at_once in (1, 32, 256):
            found = await effects(store, at_once)
            print(f"| {name} | {at_once} runs | {found.p50:.2f} | {found.p99:.2f} | {found.each:.3f} |", flush=True)
        for at_once in (1, 64):
            rate = await runs_per_second(store, at_once, 50 * min(at_once, 20))
            print(f"{name}: {rate:.0f} durable runs/s of {EFFECTS} effects, {at_once} at once", flush=True)


def disk(folder: str, count: int = 100) -> float:
    """Milliseconds that the disk takes for one synced append, at p50: no single commit can be faster."""
    taken = []
    descriptor = os.open(f"{folder}/disk", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for _ in range(count):
        began = time.perf_counter()
        os.write(descriptor, bytes(4096))
        os.fdatasync(descriptor)
        taken.append(time.perf_counter() - began)
    os.close(descriptor)
    return sorted(taken)[count // 2] * 1e3


def main() -> None:
    """Measure both."""
    print("| database | at once | p50 ms | p99 ms | ms per effect |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        print(f"| the disk: 4 KiB, synced | | {disk(folder):.2f} | | |")
        asyncio.run(measure(f"sqlite:///{folder}/noodle.db", folder))
        programs, why = find()
        if programs is None:
            print(f"PostgreSQL is left out: {why}")
            return
        with Postgres(programs) as server:
            asyncio.run(measure(server.create(), folder))


if __name__ == "__main__":
    main()
