"""What an idle sandbox worker weighs, beside Monty's; and what the profiler costs."""

import asyncio
import os
import statistics
import time
from pathlib import Path

import pydantic_monty
import uvloop

from benchmarks.measure import Row, alternate, show_time
from benchmarks.tiers import PROGRAMS
from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc import digest, encode
from noodle_ray.core.sandbox.local import LocalWorker
from noodle_ray.core.sandbox.pool import WorkerPool
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.vm.limits import Limits

WORKERS = 4
PROFILED = "sorting"
ROUNDS = 7


def _children(parent: int) -> set[int]:
    """All processes below one."""
    found: set[int] = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found |= {int(entry.parent.name)} | _children(int(entry.parent.name))
    return found


def _own_bytes(pid: int) -> int:
    """Memory that a process shares with no other."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return (sizes["Private_Clean"] + sizes["Private_Dirty"]) * 1024


async def _noodle() -> float:
    """Bytes of its own that an idle worker of a pool of four has, after a run on each."""
    before = _children(os.getpid())
    nbc = encode(compile_source("sum(range(10))"))
    async with WorkerPool(min_size=WORKERS, max_size=WORKERS) as pool:
        await asyncio.gather(*(pool.run(RunRequest(nbc, digest(nbc))) for _ in range(4 * WORKERS)))
        started = sorted(_children(os.getpid()) - before)
        parents = {int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) for pid in started}
        return statistics.median(_own_bytes(pid) for pid in started if pid not in parents)


def _monty() -> float:
    before = _children(os.getpid())
    with pydantic_monty.Monty(min_processes=1, max_processes=1) as pool:
        with pool.checkout() as session:
            session.feed_run("1 + 1")
        return statistics.median(_own_bytes(pid) for pid in _children(os.getpid()) - before)


def _profiled() -> tuple[Row, ...]:
    nbc = encode(compile_source((PROGRAMS / f"{PROFILED}.py").read_text()))
    plain = RunRequest(nbc, digest(nbc), None, [], {}, Limits(fuel=1 << 50, deadline=120.0), "python")
    with LocalWorker() as one, LocalWorker() as other:

        def seconds(worker: LocalWorker, request: RunRequest) -> float:
            started = time.perf_counter()
            worker.run(request)
            return time.perf_counter() - started

        pair = alternate(lambda: seconds(one, plain._replace(profile="time")), lambda: seconds(other, plain), ROUNDS)
    name = f"Profiler, {PROFILED} with it against without"
    return (Row(name, show_time(pair.first), show_time(pair.second), pair.ratio, "≤ 1.1"),)


def rows() -> list[Row]:
    """Memory is what a worker has for itself: what all share with their fork server counts once."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        ours = runner.run(_noodle())
    theirs = _monty()
    gib = 1 << 30
    return [
        Row("Idle worker, memory of its own", _mib(ours), _mib(theirs), ours / theirs),
        Row("Idle workers per GiB", f"{gib / ours:.0f}", f"{gib / theirs:.0f}", theirs / ours),
        *_profiled(),
    ]


def _mib(size: float) -> str:
    return f"{size / (1 << 20):.1f} MiB"
