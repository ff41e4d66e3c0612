"""Greenlets of fibers are used again: what that saves, and that nothing of a run is in them."""

from collections.abc import AsyncIterator

import pytest

from noodle_ray.core.sandbox.pool import WorkerPool
from noodle_ray.core.vm.host import EffectAnswer, EffectRequest
from tests.sandbox.programs import code, request
from tests.sandbox.test_pool import worker_pids

HEADER = "from noodle_ray import model\necho = model('echo')\n"
FAN_OUT = HEADER + "[echo(n) for n in range(30)]\n"
CUT_SHORT = {
    "an exception": (HEADER + "[1 // (echo(n) - 7) for n in range(30)]\n", "E0501"),
    "a limit of all": (
        HEADER + "def f(n):\n    echo(n)\n    while True:\n        pass\n[f(n) for n in range(30)]\n",
        "E0403",
    ),
    "recursion": (HEADER + "def f(n):\n    echo(n)\n    return f(n) + 1\n[f(n) for n in range(3)]\n", "E0404"),
}


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    async with WorkerPool(min_size=1, max_size=1) as pool:
        yield pool


async def echo(requests: list[EffectRequest]) -> list[EffectAnswer]:
    return [EffectAnswer(asked.key, True, asked.args[0]) for asked in requests]


def faults(pid: int) -> int:
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rsplit(")", 1)[1].split()[7])


async def test_fibers_of_a_later_run_map_no_memory_of_their_own(pool: WorkerPool) -> None:
    for _ in range(3):
        assert (await pool.run(request(FAN_OUT), echo))["result"] == list(range(30))
    (pid,) = worker_pids(pool)
    before = faults(pid)
    for _ in range(3):
        await pool.run(request(FAN_OUT), echo)
    assert worker_pids(pool) == [pid]
    assert faults(pid) - before < 3 * 25  # more than 30 in each when each fiber has a greenlet of its own


@pytest.mark.parametrize("how", CUT_SHORT)
async def test_fibers_run_as_ever_after_a_run_that_was_cut_short(pool: WorkerPool, how: str) -> None:
    source, ending = CUT_SHORT[how]
    for _ in range(3):
        assert (await pool.run(request(FAN_OUT), echo))["result"] == list(range(30))
        assert code(await pool.run(request(source, deadline=0.3, fuel=10**15), echo)) == ending
    assert (await pool.run(request(FAN_OUT), echo))["result"] == list(range(30))


async def test_context_is_that_of_the_run(pool: WorkerPool) -> None:
    precise = "import decimal\ndecimal.getcontext().prec = 3\n"
    ask = HEADER + "import decimal\n{}[str(decimal.Decimal(1) / decimal.Decimal(echo(3))) for n in range(3)]\n"
    assert (await pool.run(request(ask.format(precise)), echo))["result"] == ["0.333"] * 3
    assert (await pool.run(request(ask.format("")), echo))["result"] == ["0." + "3" * 28] * 3


async def test_recursion_of_fibers_ends_where_it_does_in_a_new_worker(pool: WorkerPool) -> None:
    """A greenlet keeps the depth at which it began, which must not be that of another run."""
    deep = HEADER + "def down(n):\n    return down(n - 1) if n else [echo(k) for k in range(40)]\nlen(down({}))\n"
    nested = HEADER + "def sink(n):\n    return sink(n - 1) if n else 0\n[echo(k) + sink({}) for k in range(9)]\n"
    before = [code(await pool.run(request(nested.format(depth), recursion=1000), echo)) for depth in (100, 980, 1100)]
    assert before == ["", "", "E0404"]
    for depth, recursion in ((990, 1000), (4800, 5000), (300, 1000), (700, 1000)):
        outcome = await pool.run(request(deep.format(depth), recursion=recursion), echo)
        assert outcome["result"] == 40, outcome
        after = [
            code(await pool.run(request(nested.format(depth), recursion=1000), echo)) for depth in (100, 980, 1100)
        ]
        assert after == before
