"""The patterns of orchestration: each gives the same whether its node crashes after any effect or not."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from noodle_ray.core.runs.batcher import Call, EffectBatcher
from noodle_ray.core.runs.compiler import CompilerService
from noodle_ray.core.runs.durable import DurableRuns
from noodle_ray.core.runs.executor import Executor
from noodle_ray.core.runs.modules import ModuleStore
from noodle_ray.core.sandbox.pool import WorkerPool
from noodle_ray.core.store.records import Run
from noodle_ray.core.store.status import Status
from noodle_ray.core.store.store import Store
from noodle_ray.core.vm.arrays import array
from tests.runs.places import Place, asked, crash, journaled, result
from tests.runs.test_waits import Clock, becomes, node
from tests.sandbox.programs import compiled

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATTERNS = Path(__file__).resolve().parents[2] / "examples" / "patterns"
CHILDREN = {
    "reserve-hotel": "def main(trip): return {'hotel': trip['to']}",
    "reserve-flight": "def main(trip): return {'flight': trip['to']}",
    "charge-card": "def main(trip):\n    assert trip['to'] != 'Atlantis', 'no such place'\n    return {'paid': 1}",
    "cancel-hotel": "def main(receipt): print('hotel', receipt['hotel'])",
    "cancel-flight": "def main(receipt): print('flight', receipt['flight'])",
    "refund-card": "def main(receipt): print('card')",
    "summarize": "def main(text):\n    if text == 'x': raise ValueError('too short')\n    return text.upper()",
}


class Models:
    """A chat that says what it was asked, and vectors of two topics. It remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.free = asyncio.Event()
        self.free.set()

    async def infer(self, model: str, calls: list[Call]) -> list[tuple[bool, object]]:
        self.asked += [str(args[0]) for args, _ in calls]
        await self.free.wait()
        return [(True, self.vector(str(args[0])) if model == "minilm" else f"<{args[0]}>") for args, _ in calls]

    @staticmethod
    def vector(text: str) -> object:
        return array(
            [float(text.count("parcel") + text.count("deliver")), float(text.count("charg") + text.count("bill"))]
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool() -> AsyncIterator[WorkerPool]:
    async with WorkerPool(min_size=2, max_size=2) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def place(tmp_path: Path, pool: WorkerPool) -> AsyncIterator[Place]:
    async with Store(f"sqlite:///{tmp_path}/noodle.db", str(tmp_path / "objects")) as store:
        made = Place(store, pool, tmp_path / "modules")
        made.models = models = Models()  # type: ignore[assignment]
        made.executor = Executor(pool, CompilerService(ModuleStore(tmp_path / "modules")), models)
        for name, source in CHILDREN.items():
            nbc = compiled(source)
            await store.publish("t", name, hashlib.sha256(nbc).hexdigest(), nbc, 1.0)
        yield made


async def start(runs: DurableRuns, pattern: str, *args: Any) -> str:
    return (await runs.submit(asked((PATTERNS / f"{pattern}.noodle").read_text(), *args)))[0].id


async def ended(place: Place, pattern: str, *args: Any) -> Run:
    """A run of a pattern, whose node crashes after the first answer."""
    first, clock = node(place), Clock()
    first.start()
    run = await start(first, pattern, *args)
    await journaled(place, run, 1)
    crash(first)
    clock.ahead = 2000.0
    async with node(place, clock) as second:
        return await second.wait(run, 20)


async def test_sequential(place: Place) -> None:
    found = result(await ended(place, "sequential", "tides"))[0]
    assert found == "<Shorten it: <Write it: <Outline a text on tides.>>>"
    assert place.models.asked.count("Outline a text on tides.") == 1


async def test_parallel(place: Place) -> None:
    async with node(place) as runs:
        place.models.free.clear()  # type: ignore[attr-defined]
        run = await start(runs, "parallel", "We open.", ["a", "b", "c"])
        async with asyncio.timeout(20):
            while len(place.models.asked) + place.executor.batcher.waiting().get("smollm2", 0) < 3:
                await asyncio.sleep(0.005)  # all at once, before any is answered
        place.models.free.set()  # type: ignore[attr-defined]
        found = result(await runs.wait(run, 20))[0]
    assert found.count("review this: We open.") == 3


async def test_pipeline(place: Place) -> None:
    found = result(await ended(place, "pipeline"))[0]
    assert [one["topic"] for one in found] == ["delivery", "billing"]
    assert len(place.models.asked) <= 8


class Stages(Models):
    """Models of a pipeline: ``lead`` is how many tickets the first stage is ahead of the second, now and at most.

    The second stage answers when the first has come so far ahead as ``until`` says, and is the slower one.
    """

    def __init__(self, until: int) -> None:
        super().__init__()
        self.until, self.lead, self.most = until, 0, 0
        self.far = asyncio.Event()

    async def infer(self, model: str, calls: list[Call]) -> list[tuple[bool, object]]:
        if model == "smollm2":
            self.lead += len(calls)
            self.most = max(self.most, self.lead)
            if self.lead == self.until:
                self.far.set()
        elif any(str(args[0]).startswith("<") for args, _ in calls):
            async with asyncio.timeout(20):
                await self.far.wait()
            await asyncio.sleep(0.01)
            self.lead -= len(calls)
        return await super().infer(model, calls)


@pytest.mark.parametrize("ahead", [1, 3])
async def test_stages_of_a_pipeline_overlap_and_a_full_queue_holds_the_first_back(place: Place, ahead: int) -> None:
    # One ticket is in the second stage, `ahead` are between the stages, and the first stage holds one.
    models = place.models = Stages(until=1 + ahead + 1)  # type: ignore[assignment]
    place.executor.batcher = EffectBatcher(models)
    async with node(place) as runs:
        run = await start(runs, "pipeline", [f"parcel {n}" for n in range(20)], ["delivery", "billing"], ahead)
        found = result(await runs.wait(run, 20))[0]
    assert [one["summary"] for one in found] == [f"<In one sentence: parcel {n}>" for n in range(20)]
    assert models.most == models.until


async def test_event_driven(place: Place) -> None:
    clock = Clock()
    async with node(place, clock) as runs:
        run = await start(runs, "event_driven")
        await runs.signal(run, "stock", {"kind": "stock", "item": "anchor", "count": 3})
        await becomes(place, run, Status.WAITING)
        await runs.signal(run, "stock", {"kind": "stock", "item": "anchor", "count": -4})
        await runs.signal(run, "stock", {"kind": "close"})
        found = result(await runs.wait(run, 20))[0]
        assert found == {"stock": {"anchor": -1}, "log": ["too few of anchor"]}
        run = await start(runs, "event_driven")
        await becomes(place, run, Status.WAITING)
        clock.ahead = 90_000.0
        assert result(await runs.wait(run, 20))[0]["log"] == ["nothing happened for a day"]


async def test_saga(place: Place) -> None:
    booked = result(await ended(place, "saga", {"to": "Oslo"}))[0]
    assert booked == {"booked": True, "receipts": [{"hotel": "Oslo"}, {"flight": "Oslo"}, {"paid": 1}]}
    run = await ended(place, "saga", {"to": "Atlantis"})
    undone = result(run)[0]
    assert undone["booked"] is False
    assert "no such place" in undone["why"]
    journal = await place.store.journal(run.id)
    assert [entry.asked.split("'")[1] for entry in journal if entry.model == "@run"] == [
        *("reserve-hotel", "reserve-flight", "charge-card", "cancel-flight", "cancel-hotel"),
    ]


async def test_children(place: Place) -> None:
    run = await ended(place, "children", ["one", "x", "two"])
    found = result(run)[0]
    assert (found["one"], found["two"]) == ("ONE", "TWO")
    assert "too short" in found["x"]


async def test_approval(place: Place) -> None:
    clock = Clock()
    async with node(place, clock) as runs:
        run = await start(runs, "approval", "Buy a boat.")
        waiting = await becomes(place, run, Status.WAITING)
        clock.ahead = 86_401.0
        async with asyncio.timeout(20):
            while (await place.store.get(run)).epoch == waiting.epoch:
                await asyncio.sleep(0.005)
        await becomes(place, run, Status.WAITING)
        await runs.signal(run, "decision", {"approved": True, "by": "Ann"})
        found = result(await runs.wait(run, 20))
    assert found[0] == {"approved": True, "by": "Ann", "reminders": 1}
    assert found[1].count("<In one sentence: Buy a boat.>") == 2
    assert place.models.asked == ["In one sentence: Buy a boat."]


async def test_readme_names_them() -> None:
    readme = (PATTERNS.parent / "README.md").read_text()
    assert [path.name for path in sorted(PATTERNS.glob("*.noodle")) if f"`{path.name}`" not in readme] == []
