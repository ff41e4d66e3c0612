"""Calls of many callers in batches, on an engine that records what it is given."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from noodle_ray.ahr.batching import Batcher
from noodle_ray.ahr.engines.base import Call, wrong
from noodle_ray.errors import ModelError


class Recorder:
    """Doubles numbers and refuses texts. ``gate`` holds an inference back until it is set."""

    name = "doubler"

    def __init__(self, parallel: int = 1, max_batch: int = 4) -> None:
        self.parallel = parallel
        self.max_batch = max_batch
        self.sizes: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self.running = threading.Semaphore(0)

    def smoke(self) -> None: ...

    def infer(self, calls: Sequence[Call]) -> list[Any]:
        self.sizes.append(len(calls))
        self.running.release()
        assert self.gate.wait(30)
        if calls[0][0][0] == "crash":
            raise RuntimeError("the engine fell over")
        if calls[0][0][0] == "lose":
            return []
        return [wrong("no texts") if isinstance(args[0], str) else args[0] * 2 for args, _ in calls]

    def info(self) -> dict[str, Any]:
        return {}

    def close(self) -> None: ...


def _calls(*values: Any) -> list[Call]:
    return [((value,), {}) for value in values]


def _results(futures: "list[Future[Any]]") -> list[Any]:
    return [future.exception(30) or future.result(30) for future in futures]


def test_answers_come_in_the_order_of_calls() -> None:
    batcher = Batcher(Recorder())
    assert _results(batcher.submit(_calls(*range(1, 11)))) == [value * 2 for value in range(1, 11)]
    batcher.close()


def test_calls_that_wait_together_share_a_batch() -> None:
    engine = Recorder()
    batcher = Batcher(engine, max_wait=0)
    engine.gate.clear()
    first = batcher.submit(_calls(1))
    assert engine.running.acquire(timeout=30)
    others = [future for value in range(2, 8) for future in batcher.submit(_calls(value))]
    engine.gate.set()
    assert _results(first + others) == [2, 4, 6, 8, 10, 12, 14]
    assert engine.sizes == [1, 4, 2]
    stats = batcher.stats()
    assert (stats["calls"], stats["batches"], stats["batch_sizes"]) == (7, 3, {1: 1, 2: 1, 4: 1})
    batcher.close()


def test_error_of_one_call_leaves_the_batch_alone() -> None:
    batcher = Batcher(Recorder())
    first, second, third = _results(batcher.submit(_calls(1, "x", 3)))
    assert (first, third) == (2, 6)
    assert isinstance(second, ModelError)
    assert second.code == "NOODLE-E0603"
    batcher.close()


@pytest.mark.parametrize("fault", ["crash", "lose"])
def test_engine_that_breaks_answers_its_batch_and_the_next_succeeds(fault: str) -> None:
    batcher = Batcher(Recorder(max_batch=1))
    (error,) = _results(batcher.submit(_calls(fault)))
    assert isinstance(error, ModelError)
    assert error.code == "NOODLE-E0605"
    assert _results(batcher.submit(_calls(4))) == [8]
    assert batcher.alive()
    batcher.close()


def test_full_queue_refuses_and_recovers() -> None:
    engine = Recorder()
    batcher = Batcher(engine, max_wait=0, max_queue=2)
    engine.gate.clear()
    held = batcher.submit(_calls(1))
    assert engine.running.acquire(timeout=30)
    accepted = batcher.submit(_calls(2, 3, 4, 5))
    errors = [future.exception(30) for future in accepted[2:] + batcher.submit(_calls(6))]
    assert [error.code for error in errors if isinstance(error, ModelError)] == ["NOODLE-E0608"] * 3
    engine.gate.set()
    assert _results(held + accepted[:2]) == [2, 4, 6]
    assert _results(batcher.submit(_calls(7))) == [14]
    batcher.close()


def test_cancelled_call_never_reaches_the_engine() -> None:
    engine = Recorder()
    batcher = Batcher(engine, max_wait=0)
    engine.gate.clear()
    held = batcher.submit(_calls(1))
    assert engine.running.acquire(timeout=30)
    (gone,) = batcher.submit(_calls(2))
    assert gone.cancel()
    (kept,) = batcher.submit(_calls(3))
    engine.gate.set()
    assert _results([*held, kept]) == [2, 6]
    assert engine.sizes == [1, 1]
    batcher.close()


def test_as_many_batches_are_in_flight_as_the_engine_runs_in_parallel() -> None:
    engine = Recorder(parallel=3, max_batch=1)
    batcher = Batcher(engine)
    engine.gate.clear()
    futures = batcher.submit(_calls(1, 2, 3, 4))
    for _ in range(3):
        assert engine.running.acquire(timeout=30)
    assert not engine.running.acquire(blocking=False)
    engine.gate.set()
    assert _results(futures) == [2, 4, 6, 8]
    batcher.close()


def test_close_fails_what_waits_and_refuses_what_comes() -> None:
    engine = Recorder()
    batcher = Batcher(engine, max_wait=0)
    engine.gate.clear()
    held = batcher.submit(_calls(1))
    assert engine.running.acquire(timeout=30)
    waiting = batcher.submit(_calls(2))
    closer = threading.Thread(target=batcher.close)
    closer.start()
    error = waiting[0].exception(30)
    assert isinstance(error, ModelError)
    engine.gate.set()
    closer.join(30)
    assert _results(held) == [2]
    assert isinstance(batcher.submit(_calls(3))[0].exception(30), ModelError)
    assert not batcher.alive()


def test_threads_live_on_when_another_takes_what_they_wait_to_be_joined() -> None:
    batcher = Batcher(Recorder(parallel=2, max_batch=8), max_wait=0.005)
    for _ in range(60):
        assert _results(batcher.submit(_calls(1)) + batcher.submit(_calls(2))) == [2, 4]
    assert batcher.alive()
    batcher.close()


def test_close_ends_a_thread_that_waits_for_company() -> None:
    batcher = Batcher(Recorder(), max_wait=20)
    assert _results(batcher.submit(_calls(1))) == [2]
    waiting = batcher.submit(_calls(2))
    time.sleep(0.05)  # its thread now waits for another call to come
    closer = threading.Thread(target=batcher.close, daemon=True)
    closer.start()
    assert isinstance(waiting[0].exception(30), ModelError)
    closer.join(10)
    assert not closer.is_alive()
