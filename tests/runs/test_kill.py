"""Real processes that execute durable runs are killed again and again: no run is lost, no journaled effect repeated."""

import asyncio
import contextlib
import hashlib
import random
import sys
from pathlib import Path

import pytest

from noodle_ray.core.runs.durable import DurableRuns, Settings, Submission
from noodle_ray.core.sandbox.messages import CODEC
from noodle_ray.core.store.records import Filter
from noodle_ray.core.store.status import Status
from noodle_ray.core.store.store import Store
from tests.runs.node import EFFECTS, Asking, expected
from tests.store.postgres import Postgres, find

RUNS = 30
KILLS = 2
NBC = b"stands for a module"


class Nodes:
    """Two node processes, replaced when they are killed."""

    def __init__(self, arguments: list[str], log: Path) -> None:
        self._arguments = arguments
        self._log = log
        self._made = 0
        self._running: list[asyncio.subprocess.Process] = []
        self._starting: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._made += 1
        arguments = [*self._arguments, f"node{self._made}", str(self._log)]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.runs.node", *arguments, stdout=asyncio.subprocess.PIPE
        )
        self._running.append(process)
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"

    async def kill(self, process: asyncio.subprocess.Process) -> None:
        self._running.remove(process)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    async def replace_one(self, source: random.Random) -> None:
        await self.kill(source.choice(self._running))
        self._starting.append(asyncio.ensure_future(self.start()))

    async def end(self) -> None:
        await asyncio.gather(*self._starting, return_exceptions=True)
        for process in list(self._running):
            await self.kill(process)


async def asked(log: Path, more: int) -> None:
    """Wait until so many more effects were asked, or none is asked any more."""
    before = log.read_bytes().count(b"\n") if log.exists() else 0
    for _ in range(200):
        if log.exists() and log.read_bytes().count(b"\n") >= before + more:
            return
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_runs_survive_their_processes(database: str, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        url = f"sqlite:///{tmp_path}/noodle.db"
        if database == "postgresql":
            programs, why = find()
            if programs is None:
                pytest.skip(why)
            url = stack.enter_context(Postgres(programs, durable=False)).create()
        log, objects = tmp_path / "asked", str(tmp_path / "objects")
        async with Store(url, objects) as store:
            user = DurableRuns(store, Asking(-1), Settings("user", poll_seconds=0.05))  # executes nothing
            nodes = Nodes([url, objects], log)
            source = random.Random(1)
            digest = hashlib.sha256(NBC).hexdigest()
            try:
                await asyncio.gather(nodes.start(), nodes.start())
                submitted = await asyncio.gather(
                    *[user.submit(Submission(digest, NBC, args=[number])) for number in range(RUNS)]
                )
                for _ in range(KILLS):
                    await asked(log, source.randint(10, 30))
                    await nodes.replace_one(source)
                ended = [await user.wait(run.id, 60) for run, _ in submitted]
            finally:
                await nodes.end()
            assert {run.status for run in ended} == {Status.SUCCEEDED}
            assert [CODEC.unpack(run.result or b"") for run in ended] == [[expected(n), ""] for n in range(RUNS)]
            assert max(run.epoch for run in ended) > 1  # some were taken over
            times = {}
            for number, run in enumerate(ended):
                journal = await store.journal(run.id)
                assert len(journal) == EFFECTS
                times |= {(str(number), entry.key): entry.at for entry in journal}
            late = [
                line for line in log.read_text().splitlines() if float(line.split()[2]) > times[(*line.split()[:2],)]
            ]
            assert late == []  # nothing was asked after its answer was in the journal
            assert len(await store.page(Filter(), limit=1000)) == RUNS
