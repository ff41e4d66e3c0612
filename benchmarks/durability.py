"""What durability costs and gives: an effect in the journal, whole durable runs against DBOS's, and replay."""

import asyncio
import contextlib
import io
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.durable import Effects, disk, effects
from benchmarks.measure import Row, alternate, show_time, summarize
from noodle_ray.core import nbc
from noodle_ray.core.lang import compile_source
from noodle_ray.core.runs.compiler import CompilerService
from noodle_ray.core.runs.durable import DurableRuns, Settings, Submission
from noodle_ray.core.runs.executor import Executor
from noodle_ray.core.runs.modules import ModuleStore
from noodle_ray.core.runs.replay import replay
from noodle_ray.core.sandbox.pool import WorkerPool
from noodle_ray.core.store.store import Store
from tests.store.postgres import Postgres, find

EFFECTS = 5
AT_ONCE = 32
RUNS = 160
ROUNDS = 3
EFFECT_ROUNDS = 5
COMMITS = 100
LATENCY = 0.02
CHAIN = 30
GOAL = 0.5e-3

STEPS = """
from noodle_ray import model
ask = model("stub")

def main(steps: int) -> str:
    text = "begin"
    for _ in range(steps):
        text = ask(text)
    return text
"""


class Stub:
    """A model that answers after so many seconds, or at once."""

    def __init__(self, latency: float = 0.0) -> None:
        self._latency = latency

    async def infer(self, model: str, calls: list[Any]) -> list[tuple[bool, object]]:
        if self._latency:
            await asyncio.sleep(self._latency)
        return [(True, "y" * 100) for _ in calls]


async def _runs(store: Store, folder: Path) -> float:
    """Durable runs a second, each in a sandbox, with five effects."""
    code = nbc.encode(compile_source(STEPS))
    digest = nbc.digest(code)
    async with WorkerPool(min_size=2, max_size=4) as pool:
        executor = Executor(pool, CompilerService(ModuleStore(folder / "modules")), Stub())
        async with DurableRuns(store, executor, Settings("bench", slots=AT_ONCE)) as runs:
            turn = asyncio.Semaphore(AT_ONCE)

            async def one() -> None:
                async with turn:
                    run, _ = await runs.submit(Submission(digest, code, args=[EFFECTS]))
                    ended = await runs.wait(run.id)
                    assert ended.status.value == "succeeded", ended

            await one()
            began = time.perf_counter()
            await asyncio.gather(*[one() for _ in range(RUNS)])
            return RUNS / (time.perf_counter() - began)


async def _replayed(folder: Path) -> tuple[list[float], list[float]]:
    """Seconds of live runs that wait for a model of 20 ms thirty times, and of their replays."""
    code = nbc.encode(compile_source(STEPS))
    digest = nbc.digest(code)
    live, again = [], []
    async with Store(f"sqlite:///{folder}/replay.db", str(folder / "objects")) as store, WorkerPool(max_size=1) as pool:
        executor = Executor(pool, CompilerService(ModuleStore(folder / "modules")), Stub(LATENCY))
        async with DurableRuns(store, executor, Settings("bench")) as runs:
            for _ in range(ROUNDS):
                began = time.perf_counter()
                run, _ = await runs.submit(Submission(digest, code, args=[CHAIN]))
                await runs.wait(run.id)
                live.append(time.perf_counter() - began)
                began = time.perf_counter()
                found = await replay(store, executor, run.id)
                again.append(time.perf_counter() - began)
                assert found.same, found
    return live, again


@contextlib.contextmanager
def _dbos(url: str) -> Iterator[Callable[[], float]]:
    """A function that gives the workflows a second that DBOS executes, with five steps each, as many at once."""
    from dbos import DBOS

    config: Any = {
        "name": "noodle-benchmark",
        "system_database_url": url.replace("postgresql://", "postgresql+psycopg://"),
        "run_admin_server": False,
        "log_level": "CRITICAL",
    }
    with contextlib.redirect_stdout(io.StringIO()):
        DBOS(config=config)

        @DBOS.step()
        def step(number: int) -> str:
            return "y" * 100

        @DBOS.workflow()
        def flow() -> str:
            found = ""
            for number in range(EFFECTS):
                found = step(number)
            return found

        DBOS.launch()
        flow()

    def measure() -> float:
        with ThreadPoolExecutor(AT_ONCE) as threads:
            began = time.perf_counter()
            list(threads.map(lambda _: flow(), range(RUNS)))
            return RUNS / (time.perf_counter() - began)

    try:
        yield measure
    finally:
        DBOS.destroy()


async def _on(url: str, folder: Path) -> float:
    async with Store(url, str(folder / "objects")) as store:
        return await _runs(store, folder)


async def _journal(url: str, folder: Path, at_once: int, pause: float = 0.0) -> Effects:
    """How long it takes from asking for an effect to be written to its being on disk, of so many runs at once."""
    async with Store(url, str(folder / "objects")) as store:
        return await effects(store, at_once, pause=pause)


def _bare(url: str) -> float:
    """Seconds of a commit of one such row, at the median: psycopg alone, one prepared statement after the other."""
    import psycopg

    taken = []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bare (id BIGSERIAL PRIMARY KEY, value BYTEA)")
        for _ in range(COMMITS):
            began = time.perf_counter()
            connection.execute("INSERT INTO bare (value) VALUES (%s)", (bytes(200),), prepare=True)
            taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _on_sqlite(folder: Path) -> Row:
    """An effect in the journal on SQLite, against a synced write of 4 KiB, which it cannot be faster than."""

    def journal() -> float:
        return uvloop.run(_journal(f"sqlite:///{folder}/effects.db", folder, 1)).p50 / 1e3

    pair = alternate(journal, lambda: disk(str(folder)) / 1e3, EFFECT_ROUNDS)
    name = "An effect in the journal on SQLite, one run, median, against a synced write of 4 KiB"
    return Row(name, show_time(pair.first), show_time(pair.second), pair.ratio)


def _effects(server: Postgres, folder: Path) -> list[Row]:
    """An effect in the journal against its goal, and against the bare commit that it cannot be faster than: of one run,
    of many that wait for a model each time, and of as many that never wait, there the time of all by their number.
    """
    kept, bare = server.create(), server.create()

    def journal(at_once: int, pause: float = 0.0) -> Effects:
        return uvloop.run(_journal(kept, folder, at_once, pause))

    found = []
    alone = alternate(lambda: journal(1).p50 / 1e3, lambda: _bare(bare), EFFECT_ROUNDS)
    many = alternate(lambda: journal(AT_ONCE, LATENCY).p50 / 1e3, lambda: _bare(bare), EFFECT_ROUNDS)
    for which, pair in (("one run", alone), (f"{AT_ONCE} runs on models of 20 ms", many)):
        title = f"An effect in the journal on PostgreSQL, {which}, median"
        ratio = pair.first / GOAL
        found.append(Row(f"{title}, against 0.5 ms", show_time(pair.first), show_time(GOAL), ratio, "≤ 1.0"))
        bare_name = f"{title}, against a bare commit of one row"
        found.append(Row(bare_name, show_time(pair.first), show_time(pair.second), pair.ratio))
    full = alternate(lambda: journal(AT_ONCE).each / 1e3, lambda: _bare(bare), EFFECT_ROUNDS)
    title = (
        f"Effects in the journal on PostgreSQL, {AT_ONCE} runs that never wait, time by number, against a bare commit"
    )
    found.append(Row(title, show_time(full.first), show_time(full.second), full.ratio))
    return found


def rows() -> list[Row]:
    """Rows of PostgreSQL only where the machine has it."""
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        live, again = uvloop.run(_replayed(folder))
        pair = summarize(live, again)
        title = "A run that waits 30 times for a model of 20 ms, against its replay from the journal"
        found.append(Row(title, show_time(pair.first), show_time(pair.second), pair.ratio, "≥ 50"))
        found.append(_on_sqlite(folder))
        programs, _ = find()
        if programs is None:
            return found
        with Postgres(programs) as server:
            found += _effects(server, folder)
            ours, theirs = [], []
            url = server.create()
            with _dbos(server.create()) as measure:
                measure(), uvloop.run(_on(url, folder))
                for _ in range(ROUNDS):
                    ours.append(uvloop.run(_on(url, folder)))
                    theirs.append(measure())
        pair = summarize(ours, theirs)
        title = "Durable runs of five effects a second, each in a sandbox, against DBOS on the same PostgreSQL"
        found.append(Row(title, f"{pair.first:.0f}/s", f"{pair.second:.0f}/s", pair.ratio, "≥ 1.0"))
    return found
