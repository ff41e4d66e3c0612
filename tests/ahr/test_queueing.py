"""What reaches an engine, when, and with whom: budgets, company, deadlines, turns, and calls that are stopped."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from noodle_ray.ahr.batching import Batcher
from noodle_ray.ahr.engines.base import Call
from noodle_ray.ahr.tickets import Ticket
from noodle_ray.core.runs.lengths import SHORT_TOKENS
from noodle_ray.core.runs.terms import ORDINARY, Terms
from noodle_ray.errors import ModelError


class Worker:
    """Answers calls with their value while its gate is open. A call costs its value in tokens."""

    name = "worker"
    parallel = 1

    def __init__(self, max_batch: int = 8) -> None:
        self.max_batch = max_batch
        self.max_short = 0
        self.batches: list[list[int]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.running = threading.Semaphore(0)

    def infer(self, calls: Sequence[Call]) -> list[Any]:
        self.batches.append([args[0] for args, _ in calls])
        self.running.release()
        assert self.gate.wait(30)
        return [args[0] for args, _ in calls]

    def cost(self, call: Call) -> int:
        return int(call[0][0])

    def smoke(self) -> None: ...

    def info(self) -> dict[str, Any]:
        return {}

    def close(self) -> None: ...


class Speaker(Worker):
    """Writes tokens until it is stopped, or has as many as it was asked for."""

    def __init__(self) -> None:
        super().__init__(max_batch=1)
        self.tokens = 0
        self.turns = threading.Semaphore(0)

    def answer(self, call: Call, stopped: Callable[[], bool], told: dict[str, Any]) -> Any:
        self.running.release()
        for number in range(call[0][0]):
            assert self.turns.acquire(timeout=30)
            self.tokens += 1
            told["usage"] = {"prompt_tokens": 1, "completion_tokens": number + 1}
            if stopped():
                break
        return "done"


def _calls(*values: int) -> list[Call]:
    return [((value,), {}) for value in values]


def _held(batcher: Batcher, engine: Worker) -> Ticket:
    """Keep the engine busy."""
    engine.gate.clear()
    (ticket,) = batcher.submit(_calls(1))
    assert engine.running.acquire(timeout=30)
    return ticket


def _code(ticket: Ticket) -> str:
    error = ticket.exception(30)
    assert isinstance(error, ModelError)
    return error.code


def test_batches_are_bounded_by_tokens_and_by_count() -> None:
    engine = Worker(max_batch=4)
    batcher = Batcher(engine, max_wait=0, max_tokens=100)
    held = _held(batcher, engine)
    tickets = batcher.submit(_calls(60, 30, 20, 500, 1, 1, 1, 1, 1))
    engine.gate.set()
    assert [ticket.result(30) for ticket in [held, *tickets]] == [1, 60, 30, 20, 500, 1, 1, 1, 1, 1]
    assert engine.batches == [[1], [60, 30], [20], [500], [1, 1, 1, 1], [1]]
    batcher.close()


def test_batch_holds_more_calls_while_they_are_short() -> None:
    engine = Worker(max_batch=4)
    engine.max_short = 8
    batcher = Batcher(engine, max_wait=0)
    held = _held(batcher, engine)
    many = SHORT_TOKENS // 5
    tickets = batcher.submit(_calls(*[1] * 10, *[2] * 2, *[many] * 6, *[2 * many] * 4))
    engine.gate.set()
    assert all(ticket.result(30) for ticket in [held, *tickets])
    assert engine.batches[1:] == [
        [1] * 8,
        [1, 1, 2, 2, many, many, many, many],
        [many, many, 2 * many, 2 * many],
        [2 * many] * 2,
    ]
    batcher.close()


def test_single_call_waits_for_nobody_while_the_engine_is_idle() -> None:
    engine = Worker()
    batcher = Batcher(engine, max_wait=1.0)
    for value in range(3):
        (ticket,) = batcher.submit(_calls(value + 1))
        ticket.result(30)
        batcher._ended = -float("inf")  # a long time passes
    stats = batcher.stats()
    assert (stats["batch_sizes"], stats["queued"] < 1.0) == ({1: 3}, True)
    batcher.close()


def test_calls_wait_for_company_when_much_goes_on() -> None:
    engine = Worker(max_batch=3)
    batcher = Batcher(engine, max_wait=60.0)
    held = _held(batcher, engine)
    first = batcher.submit(_calls(1))
    engine.gate.set()
    held.result(30)
    others = batcher.submit(_calls(2)) + batcher.submit(_calls(3))
    assert [ticket.result(30) for ticket in first + others] == [1, 2, 3]
    assert engine.batches == [[1], [1, 2, 3]]
    batcher.close()


def test_histogram_grows_with_callers_at_once() -> None:
    engine = Worker(max_batch=32)
    batcher = Batcher(engine, max_wait=0)
    held = _held(batcher, engine)
    callers = [threading.Thread(target=lambda: batcher.submit(_calls(1))[0].result(30)) for _ in range(40)]
    for caller in callers:
        caller.start()
    while batcher.stats()["waiting"] < 40:
        time.sleep(0.002)
    engine.gate.set()
    for caller in callers:
        caller.join(30)
    held.result(30)
    assert batcher.stats()["batch_sizes"] == {1: 1, 8: 1, 32: 1}
    batcher.close()


def test_call_past_its_deadline_never_reaches_the_engine() -> None:
    engine = Worker()
    batcher = Batcher(engine, max_wait=0)
    held = _held(batcher, engine)
    (late,) = batcher.submit(_calls(2), [ORDINARY.within(0.0)])
    (kept,) = batcher.submit(_calls(3))
    assert _code(late) == "NOODLE-E0609"  # while the engine is still busy
    engine.gate.set()
    assert (held.result(30), kept.result(30), engine.batches) == (1, 3, [[1], [3]])
    assert batcher.stats()["dropped"] == {"deadline": 1}
    batcher.close()


def test_urgent_calls_overtake_and_tenants_take_turns() -> None:
    engine = Worker(max_batch=1)
    batcher = Batcher(engine, max_wait=0, max_of_tenant=3)
    held = _held(batcher, engine)
    bulk = batcher.submit(_calls(10, 11, 12, 13), [Terms(2, "bulk")] * 4)
    assert _code(bulk.pop()) == "NOODLE-E0613"
    others = batcher.submit(_calls(30, 20), [Terms(2, "other"), Terms(0, "person")])
    engine.gate.set()
    for ticket in [held, *bulk, *others]:
        ticket.result(30)
    assert engine.batches == [[1], [20], [10], [30], [11], [12]]
    assert batcher.stats()["dropped"] == {"tenant": 1}
    batcher.close()


def test_generation_stops_at_the_next_token_when_nobody_waits() -> None:
    engine = Speaker()
    batcher = Batcher(engine, max_wait=0)
    (gone,) = batcher.submit(_calls(1000))
    assert engine.running.acquire(timeout=30)
    engine.turns.release(3)
    while engine.tokens < 3:
        time.sleep(0.002)
    assert not gone.cancel()  # it runs
    engine.turns.release(1)
    (kept,) = batcher.submit(_calls(2))
    engine.turns.release(2)
    assert kept.result(30) == "done"
    assert engine.tokens == 4 + 2
    assert kept.told["usage"] == {"prompt_tokens": 1, "completion_tokens": 2}
    batcher.close()


def test_generation_past_its_deadline_ends_as_such() -> None:
    engine = Speaker()
    batcher = Batcher(engine, max_wait=0)
    (ticket,) = batcher.submit(_calls(1000), [ORDINARY.within(0.3)])
    assert engine.running.acquire(timeout=30)
    while not ticket.done():
        engine.turns.release()
        time.sleep(0.01)
    assert _code(ticket) == "NOODLE-E0609"
    assert engine.tokens < 1000
    batcher.close()


def test_tenant_pays_for_what_was_written() -> None:
    engine = Speaker()
    batcher = Batcher(engine, max_wait=0)
    engine.turns.release(10_000)
    (long,) = batcher.submit(_calls(500), [Terms(1, "writer")])
    long.result(30)
    assert batcher._waiting._given["writer"] == 1 + 2 * 500
    batcher.close()


@pytest.mark.models
def test_real_generation_stops_within_a_token(smollm2: Any) -> None:
    pieces = 0

    def stopped() -> bool:
        nonlocal pieces
        pieces += 1
        return pieces >= 12

    told: dict[str, Any] = {}
    text = smollm2.answer((("Tell a very long story.",), {"max_tokens": 1000}), stopped, told)
    assert pieces == 12
    assert 0 < len(text) < 200
    whole = smollm2.answer((("Say hello.",), {"max_tokens": 3}), lambda: False, told)
    assert (told["usage"]["completion_tokens"], len(whole) > 0) == (3, True)
