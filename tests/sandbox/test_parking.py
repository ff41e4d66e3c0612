"""Runs that leave their worker while they wait for models: nobody can tell, but those who get the worker."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest

from noodle_ray.core.sandbox import messages
from noodle_ray.core.sandbox.conversation import MAX_KEPT, Conversation
from noodle_ray.core.sandbox.messages import CODEC, write_answers
from noodle_ray.core.sandbox.pool import WorkerPool
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.sandbox.wire import WireError, frame
from noodle_ray.core.vm.clock import MAX_READINGS
from noodle_ray.core.vm.host import GUESSES, TELL, EffectAnswer, EffectRequest
from noodle_ray.errors import PlatformError
from tests.sandbox.programs import ASKING, FOREVER, code, request
from tests.sandbox.test_pool import echo, until, worker_pids


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    async with WorkerPool(min_size=1, max_size=1) as started:
        yield started


class Slow:
    """Models that answer when the test says so, one call after the other: a later one first if ``last``."""

    def __init__(self, last: bool = False) -> None:
        self.last = last
        self.asked: list[str] = []
        self.answered: list[str] = []
        self.given = 0
        self.closed = 0
        self.open: dict[str, tuple[EffectRequest, asyncio.Queue[EffectRequest]]] = {}

    async def __call__(self, requests: list[EffectRequest]) -> AsyncIterator[list[EffectAnswer]]:
        answers: asyncio.Queue[EffectRequest] = asyncio.Queue()
        for one in requests:
            self.asked.append(one.key)
            self.open[one.key] = one, answers
        try:
            for _ in requests:
                one = await answers.get()
                yield [EffectAnswer(one.key, True, one.args[0])]
                self.given += 1
        finally:
            self.closed += 1

    def answer(self, key: str = "") -> None:
        key = key or list(self.open)[-1 if self.last else 0]
        one, answers = self.open.pop(key)
        answers.put_nowait(one)
        self.answered.append(key)


async def disturbed(pool: WorkerPool, asked: RunRequest, models: Slow) -> dict[str, Any]:
    """The outcome of a run that leaves its worker each time it waits for models."""
    run = asyncio.create_task(pool.run(asked, models))
    while not run.done():
        await until(lambda: bool(models.open) or run.done())
        if models.open:
            assert (await pool.run(request("1 + 1")))["result"] == 2
            await until(lambda: pool.stats().parked == 1 or run.done())
            models.answer()
            await until(lambda: pool.stats().parked == 0)
    return await run


async def undisturbed(pool: WorkerPool, asked: RunRequest, order: list[str]) -> dict[str, Any]:
    """The outcome of a run that gets the answers in this order."""
    models = Slow()
    run = asyncio.create_task(pool.run(asked, models))
    for number, key in enumerate(order):
        await until(lambda key=key, number=number: key in models.open and models.given == number)  # type: ignore[misc]
        models.answer(key)
    return await run


SEQUENTIAL = """\
import random, time
from noodle_ray import model
ask = model("ask")
def main() -> list:
    seen = []
    for i in range(3):
        print(i, random.random())
        seen.append(ask(i))
        if seen[-1] == 2:
            raise ValueError(seen)
    return seen
"""
FIBERS = """\
from noodle_ray import model
ask = model("ask")
def twice(n: int) -> int:
    return ask(ask(n) + 10)
def main() -> list:
    found = [twice(n) for n in range(3)]
    for one in found:
        print(one)
    return found
"""
FIRST = """\
import asyncio
from noodle_ray import model
ask = model("ask")
order = []
async def call(n: int) -> None:
    order.append(ask(n) + 0)
async def main() -> list:
    tasks = [asyncio.create_task(call(n)) for n in range(3)]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    print(len(done), order)
    await asyncio.gather(*tasks)
    return order
"""
THREADS = """\
import queue, threading
from noodle_ray import model
ask = model("ask")
def main() -> list:
    found = queue.Queue()
    threads = [threading.Thread(target=lambda n=n: found.put(ask(n))) for n in range(3)]
    for thread in threads:
        thread.start()
    return [found.get() for _ in threads]
"""


@pytest.mark.parametrize(
    "source", [SEQUENTIAL, FIBERS, FIRST, THREADS], ids=["sequential", "fibers", "first", "threads"]
)
@pytest.mark.parametrize(("tier", "last"), [("interpreter", False), ("python", True)])
async def test_run_that_leaves_its_worker_ends_as_one_that_does_not(
    pool: WorkerPool, source: str, last: bool, tier: str
) -> None:
    asked = request(source, tier=tier)._replace(seed=7)
    models = Slow(last)
    found = await disturbed(pool, asked, models)
    assert pool.stats().parks >= 3
    before = pool.stats().parks
    expected = await undisturbed(pool, asked, models.answered)
    assert pool.stats().parks == before
    assert len(models.asked) == len(set(models.asked)) == expected["usage"]["model_calls"]
    for name in ("result", "stdout", "error", "tier"):
        assert found[name] == expected[name]
    for name in ("fuel", "model_calls", "seed"):
        assert found["usage"][name] == expected["usage"][name]
    assert [event["key"] for event in found["events"]] == [event["key"] for event in expected["events"]]
    ends = [event["end"] for event in found["events"]]
    assert ends == sorted(ends)
    assert all(event["start"] <= event["end"] <= found["usage"]["wall_seconds"] for event in found["events"])
    assert pool.stats().replaced == 0


async def test_clocks_of_a_run_go_on_while_it_waits_without_a_worker(pool: WorkerPool) -> None:
    source = """\
import time
from noodle_ray import model
ask = model("ask")
def main() -> list:
    told = [time.time(), time.monotonic()]
    ask(1)
    return [*told, time.time(), time.monotonic()]
"""
    models = Slow()
    run = asyncio.create_task(pool.run(request(source), models))
    await until(lambda: bool(models.open))
    assert (await pool.run(request("import time\ntime.sleep(0.05)\n2")))["result"] == 2
    models.answer()
    wall, steady, later_wall, later_steady = (await run)["result"]  # type: ignore[misc]
    assert pool.stats().parks == 1
    assert later_steady - steady >= 0.05
    assert later_wall - wall >= 0.05


async def test_deadline_counts_the_wait_without_a_worker(pool: WorkerPool) -> None:
    models = Slow()
    run = asyncio.create_task(pool.run(request("print('a')\n" + ASKING, "a", deadline=0.2), models))
    await until(lambda: bool(models.open))
    assert (await pool.run(request("1 + 1")))["result"] == 2
    outcome: dict[str, Any] = await run
    assert pool.stats().parks == 1
    assert (code(outcome), outcome["stdout"]) == ("E0403", "a\n")
    assert outcome["error"]["traceback"]
    assert outcome["usage"]["wall_seconds"] >= 0.2
    assert (await pool.run(request("1 + 1")))["result"] == 2


async def test_deadline_does_not_count_the_wait_for_a_worker(pool: WorkerPool) -> None:
    models = Slow()
    run = asyncio.create_task(pool.run(request(ASKING, "a", deadline=0.3), models))
    await until(lambda: bool(models.open))
    busy = asyncio.create_task(pool.run(request(FOREVER, deadline=0.5, fuel=10**15)))
    await until(lambda: pool.stats().parked == 1)
    models.answer()
    models.answer()
    assert (await run)["result"] == ["a", "a!"]
    assert code(await busy) == "E0403"


async def test_run_can_be_cancelled_while_it_has_no_worker(pool: WorkerPool) -> None:
    models = Slow()
    run = asyncio.create_task(pool.run(request(ASKING, "a"), models))
    await until(lambda: bool(models.open))
    await pool.run(request("1 + 1"))
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    await until(lambda: models.closed == 1)
    assert (pool.stats().parked, pool.stats().replaced) == (0, 0)


async def test_runs_without_a_worker_fail_when_the_pool_closes() -> None:
    async with WorkerPool(min_size=1, max_size=1) as pool:
        models = Slow()
        run = asyncio.create_task(pool.run(request(ASKING, "a"), models))
        await until(lambda: bool(models.open))
        await pool.run(request("1 + 1"))
    with pytest.raises(PlatformError):
        await run


async def test_run_that_waits_for_timers_keeps_its_worker(pool: WorkerPool) -> None:
    source = """\
import asyncio
from noodle_ray import model
ask = model("ask")
async def call() -> int:
    return ask(1)
async def main() -> int:
    return await asyncio.wait_for(call(), 20)
"""
    models = Slow()
    run = asyncio.create_task(pool.run(request(source), models))
    await until(lambda: bool(models.open))
    other = asyncio.create_task(pool.run(request("1 + 1")))
    await until(lambda: any(worker._talk is not None and worker._talk.keeps for worker in pool._workers.values()))
    assert not other.done()
    models.answer()
    assert (await run)["result"] == 1
    assert (await other)["result"] == 2
    assert pool.stats().parks == 0


async def test_run_with_much_to_repeat_keeps_its_worker(pool: WorkerPool) -> None:
    source = """\
from noodle_ray import model
ask = model("ask")
def main(text: str) -> int:
    size = len(ask(text)) + len(ask(text + "!"))
    ask("a")
    return size
"""
    models = Slow()
    run = asyncio.create_task(pool.run(request(source, "x" * (MAX_KEPT // 2)), models))
    for _ in range(2):
        await until(lambda: bool(models.open))
        models.answer()
    await until(lambda: bool(models.open))
    assert [worker.ripe() for worker in pool._workers.values()] == [None]
    models.answer()
    assert (await run)["result"] == MAX_KEPT + 1


async def test_many_runs_share_few_workers_while_they_wait() -> None:
    async with WorkerPool(min_size=2, max_size=2, queue_limit=100) as pool:
        models = [Slow() for _ in range(60)]
        runs = [asyncio.create_task(pool.run(request(ASKING, str(n)), each)) for n, each in enumerate(models)]
        await until(lambda: all(len(each.open) == 2 for each in models))
        assert pool.stats().parked >= 50
        for each in models * 2:
            each.answer()
        assert [(await run)["result"] for run in runs] == [[str(n), f"{n}!"] for n in range(60)]
        assert pool.stats().replaced == 0


@pytest.mark.parametrize("crowded", [False, True])
async def test_no_more_runs_begin_by_others_leaving_than_may(crowded: bool) -> None:
    async with WorkerPool(min_size=1, max_size=1, queue_limit=100, max_parked=8 if crowded else 3) as pool:
        pool.crowded = lambda: crowded and pool.stats().parked >= 3
        models = [Slow() for _ in range(8)]
        runs = [asyncio.create_task(pool.run(request(ASKING, str(n)), each)) for n, each in enumerate(models)]
        await until(lambda: pool.stats().parked == 3 and len(models[3].open) == 2)
        await asyncio.sleep(0.2)  # long enough for one more to leave
        assert (pool.stats().parked, pool.stats().queued) == (3, 4)
        for each in models:  # those that go on get the worker of one that waits, and end; so all come to begin
            await until(lambda each=each: len(each.open) == 2)  # type: ignore[misc]
            each.answer()
            each.answer()
        assert [(await run)["result"] for run in runs] == [[str(n), f"{n}!"] for n in range(8)]


async def test_run_that_goes_on_comes_before_new_ones(pool: WorkerPool) -> None:
    models, order = Slow(), []
    run = asyncio.create_task(pool.run(request(ASKING, "a"), models))
    run.add_done_callback(lambda _: order.append("old"))
    await until(lambda: bool(models.open))
    busy = asyncio.create_task(pool.run(request(FOREVER, deadline=0.3, fuel=10**15)))
    await until(lambda: pool.stats().parked == 1)
    fresh = [asyncio.create_task(pool.run(request("1 + 1"))) for _ in range(3)]
    for one in fresh:
        one.add_done_callback(lambda _: order.append("new"))
    await until(lambda: pool.stats().queued == 3)
    models.answer()
    models.answer()
    await asyncio.gather(busy, run, *fresh)
    assert order == ["old", "new", "new", "new"]


async def test_runs_of_the_background_leave_half_of_the_workers_to_others() -> None:
    async with WorkerPool(min_size=2, max_size=2) as pool:
        long = request(FOREVER, deadline=0.4, fuel=10**15)
        behind = [asyncio.create_task(pool.run(long, background=True)) for _ in range(2)]
        await until(lambda: pool.stats().busy == 1 and pool.stats().queued == 1)
        assert (await pool.run(request("1 + 1")))["result"] == 2
        assert not any(run.done() for run in behind)
        assert [code(await run) for run in behind] == ["E0403", "E0403"]


async def test_only_that_run_is_lost_when_its_worker_dies_while_it_is_repeated(pool: WorkerPool) -> None:
    models = Slow()
    run = asyncio.create_task(pool.run(request(ASKING, "a"), models))
    await until(lambda: bool(models.open))
    await pool.run(request("1 + 1"))
    [pid] = worker_pids(pool)
    os.kill(pid, signal.SIGSTOP)
    models.answer()
    models.answer()
    await until(lambda: pool.stats().busy == 1)
    os.kill(pid, signal.SIGKILL)
    assert code(await run) == "E0801"
    assert (await pool.run(request(ASKING, "a"), echo))["result"] == ["a", "a!"]


async def test_run_that_asks_something_else_when_repeated_ends(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = Slow()
    run = asyncio.create_task(pool.run(request(ASKING, "a"), models))
    await until(lambda: bool(models.open))
    await pool.run(request("1 + 1"))
    [talk] = pool._parked
    monkeypatch.setattr(talk, "request", talk.request._replace(args=["b"]))
    models.answer()
    outcome = await run
    assert code(outcome) == "E0512"
    assert (await pool.run(request("1 + 1")))["result"] == 2


@pytest.mark.parametrize("forgery", [["parked", 1, False], ["stays", 1], ["parked", 1, 0], ["stays", 2]])
async def test_worker_is_replaced_when_it_leaves_a_run_unasked(pool: WorkerPool, forgery: list[object]) -> None:
    import socket

    run = asyncio.create_task(pool.run(request(FOREVER, fuel=10**15)))
    await until(lambda: pool.stats().busy == 1)
    [busy] = pool._workers.values()
    forged, ours = socket.socketpair()
    ours.setblocking(False)
    os.dup2(ours.fileno(), busy._socket.fileno())
    loop = asyncio.get_running_loop()
    loop.remove_reader(busy._socket.fileno())
    loop.add_reader(busy._socket.fileno(), busy._on_readable)
    ours.close()
    forged.sendall(frame(CODEC.pack(forgery)))
    assert code(await run) == "E0801"
    forged.close()


@pytest.mark.parametrize("forged", [{"m/": [1.0]}, {f"w/{place}": [] for place in range(9)}])
async def test_worker_cannot_have_its_owner_remember_more_than_a_run_reads(forged: dict[str, list[float]]) -> None:
    seen: list[dict[str, list[float]]] = []
    talk = Conversation(asyncio.get_running_loop(), request("1"), None, seen.append)
    whole = {"w/": [1.0] * (MAX_READINGS - 8)}
    talk.ask([], whole)
    for _ in range(8 // len(forged)):
        talk.ask([], forged)
    with pytest.raises(WireError, match="readings"):
        talk.ask([], forged)
    assert sum(max(len(values), 1) for told in seen for values in told.values()) <= MAX_READINGS


async def test_worker_cannot_tell_more_than_a_run_may() -> None:
    told: list[int] = []

    async def take(requests: list[EffectRequest]) -> list[EffectAnswer]:
        told.append(len(requests))
        return [EffectAnswer(one.key, True, None) for one in requests]

    asked = request("1")
    talk = Conversation(asyncio.get_running_loop(), asked._replace(limits=asked.limits._replace(output=1000)), take)
    talk.ask([EffectRequest(f"/{number}", TELL, ("x" * 100,), {}) for number in range(10)], {})
    with pytest.raises(WireError, match="texts"):
        talk.ask([EffectRequest("/10", TELL, ("x",), {})], {})
    talk.close()


async def test_worker_cannot_tell_of_more_calls_than_a_run_guesses() -> None:
    heard: list[str] = []

    class Heard:
        async def guess(self, requests: list[EffectRequest]) -> None:
            heard.extend(one.key for one in requests)

        def drop(self, keys: list[str]) -> None:
            heard.extend(keys)

        async def __call__(self, requests: list[EffectRequest]) -> list[EffectAnswer]:
            return []

    talk = Conversation(asyncio.get_running_loop(), request("1")._replace(speculate=1), Heard())
    guesses = [EffectRequest(f"~1.{number}", "m", (), {}) for number in range(GUESSES)]
    talk.guess(guesses)
    with pytest.raises(WireError, match="guesses"):
        talk.guess([EffectRequest("~2.0", "m", (), {})])
    talk.drop(["~1.0", "~2.0"])
    talk.drop([f"~3.{number}" for number in range(1000)])
    await asyncio.sleep(0)
    for live in (False, True):  # it is repeated, and says again what it has said, also where it left
        talk.live = live
        talk.guess(guesses)
        await asyncio.sleep(0)
    assert heard == ["~1.0", *(f"~1.{number}" for number in range(GUESSES))]
    talk.close()


async def test_guess_is_sent_before_the_call_that_claims_it() -> None:
    heard: list[str] = []

    class Heard:
        async def guess(self, requests: list[EffectRequest]) -> None:
            heard.extend(one.key for one in requests)

        def begin(self, requests: list[EffectRequest], give: object) -> bool:
            heard.extend(one.key for one in requests)
            return True

        async def __call__(self, requests: list[EffectRequest]) -> list[EffectAnswer]:
            heard.extend(one.key for one in requests)
            return []

    talk = Conversation(asyncio.get_running_loop(), request("1")._replace(speculate=1), Heard())
    talk.guess([EffectRequest("~1.0", "m", (), {})])
    talk.ask([EffectRequest("/0", "m", (), {})], {})
    for _ in range(3):
        await asyncio.sleep(0)
    talk.ask([EffectRequest("/1", "m", (), {})], {})
    assert heard == ["~1.0", "/0", "/1"]
    talk.close()


async def test_answers_that_are_too_long_for_a_frame_together_come_in_several() -> None:
    sent: list[list[str]] = []

    class Heard:
        def send_answers(self, answers: list[EffectAnswer]) -> bytes:
            data = write_answers(0, answers)
            sent.append([answer.key for answer in answers])
            return data

        def go_live(self, left: float) -> None: ...

    async def take(requests: list[EffectRequest]) -> list[EffectAnswer]:
        return [EffectAnswer(one.key, True, "x" * (9 << 20)) for one in requests]

    talk = Conversation(asyncio.get_running_loop(), request("1"), take)
    talk.begin(Heard())
    talk.ask([EffectRequest(f"/{number}", "m", (), {}) for number in range(5)], {})
    await asyncio.sleep(0.01)
    assert sent == [["/0", "/1"], ["/2", "/3", "/4"]]
    talk.close()


async def test_run_that_leaves_its_worker_at_every_wait_tells_each_guess_once(pool: WorkerPool) -> None:
    source = """\
from noodle_ray import model
ask = model("ask")
def main() -> int:
    for i in range(12):
        if ask(str(i)) == "none":
            ask("a")
        else:
            ask("b")
    return 7
"""
    guessed: list[str] = []
    dropped: list[str] = []

    class Guessed(Slow):
        async def guess(self, requests: list[EffectRequest]) -> None:
            guessed.extend(one.key for one in requests)

        def drop(self, keys: list[str]) -> None:
            dropped.extend(keys)

    outcome = await disturbed(pool, request(source)._replace(seed=7, speculate=1), Guessed())
    assert (outcome["result"], outcome["error"]) == (7, None)
    assert pool.stats().parks > GUESSES
    assert len(guessed) == len(set(guessed)) == GUESSES
    assert set(dropped) < set(guessed)
    assert pool.stats().replaced == 0


def test_messages_about_guesses_are_read_as_they_are_written() -> None:
    told = messages.read(CODEC.pack(["guesses", 1, [["~1.0", "m", ["x"], {"k": 1}]]]), 1)
    assert told == messages.Guesses([EffectRequest("~1.0", "m", ("x",), {"k": 1})])
    assert messages.read(CODEC.pack(["dropped", 1, ["~1.0"]]), 1) == messages.Dropped(["~1.0"])
    for odd in (["guesses", 1, ["x"]], ["guesses", 2, []], ["dropped", 1, [1]], ["dropped", 1, "x"]):
        with pytest.raises(WireError):
            messages.read(CODEC.pack(odd), 1)


def test_messages_about_leaving_are_read_as_they_are_written() -> None:
    assert messages.read(CODEC.pack(["parked", 1, True]), 1) == messages.Parked(True)
    assert messages.read(CODEC.pack(["stays", 1]), 1) == messages.Stays()
    with pytest.raises(WireError):
        messages.read(CODEC.pack(["parked", 2, True]), 1)


def test_call_is_told_apart_alike_whether_it_came_from_a_worker_or_a_journal() -> None:
    body = CODEC.pack(["effects", 1, [["1/1", "m", ["a", (1,)], {"k": 2}], ["1/2", "m", ["a", [1]], {"k": 2}]]])
    read = messages.read(body, 1)
    assert isinstance(read, messages.Effects)
    first, other = read.requests
    assert first == EffectRequest("1/1", "m", ("a", (1,)), {"k": 2})
    assert messages.digest_of(first) == messages.digest_of(EffectRequest(*first)) == messages.digest_of(first)
    assert messages.digest_of(first) != messages.digest_of(other)
