"""Engines that hang or run out of memory: what becomes of their calls, and of those that wait."""

import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from noodle_ray.ahr import replica
from noodle_ray.ahr.batching import Batcher
from noodle_ray.ahr.engines.base import Call
from noodle_ray.ahr.engines.memory import in_halves, is_out_of_memory
from noodle_ray.ahr.engines.texts import TextEngine
from noodle_ray.ahr.heartbeat import beat
from noodle_ray.ahr.replica import ModelReplica
from noodle_ray.errors import ModelError


class Sticky:
    """Hangs at the value "hang", works long at "slow", and has room for two calls at a time."""

    name = "sticky"
    parallel = 1
    max_batch = 8

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.sizes: list[int] = []

    def infer(self, calls: Sequence[Call]) -> list[Any]:
        self.sizes.append(len(calls))
        values = [args[0] for args, _ in calls]
        if len(calls) > 2 or "huge" in values:
            raise MemoryError
        if "hang" in values:
            self.let_go.wait(30)
        if "slow" in values:
            for _ in range(8):
                self.let_go.wait(0.1)
                beat()
        return values

    def smoke(self) -> None: ...

    def info(self) -> dict[str, Any]:
        return {}

    def close(self) -> None: ...


def _calls(*values: Any) -> list[Call]:
    return [((value,), {}) for value in values]


def test_batch_that_does_not_fit_is_halved_until_it_does() -> None:
    engine = Sticky()
    batcher = Batcher(engine, max_wait=0)
    tickets = batcher.submit(_calls(*range(5)))
    assert [ticket.result(30) for ticket in tickets] == [0, 1, 2, 3, 4]
    assert engine.sizes == [5, 2, 3, 1, 2]
    huge, small = batcher.submit(_calls("huge", 1))
    error = huge.exception(30)
    assert isinstance(error, ModelError)
    assert (error.code, small.result(30)) == ("NOODLE-E0617", 1)
    batcher.close()


@pytest.mark.parametrize(
    "text",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB",
        "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : bfc_arena.cc:376 Failed to allocate memory for requested buffer",
        "std::bad_alloc",
        "DefaultCPUAllocator: can't allocate memory: you tried to allocate 549755813888 bytes",
    ],
)
def test_engines_words_for_lack_of_memory_are_known(text: str) -> None:
    assert is_out_of_memory(RuntimeError(text))
    assert not is_out_of_memory(RuntimeError("the graph is broken"))


def test_other_errors_are_not_tried_again() -> None:
    tried = []

    def run(items: Sequence[int]) -> list[int]:
        tried.append(len(items))
        raise ValueError("no")

    found = in_halves("m", run, [1, 2, 3])
    assert [error.code for error in found] == ["NOODLE-E0605"] * 3
    assert tried == [3]


def test_encoder_halves_the_texts_of_one_run(minilm: TextEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"sentence number {number} of a few" for number in range(20)]
    (whole,) = minilm.infer([((texts,), {})])
    runner = minilm._encoder._runner
    real, rows = runner.run, []

    def run(feeds: Any) -> Any:
        rows.append(len(feeds["input_ids"]))
        if rows[-1] > 6:
            raise RuntimeError("Failed to allocate memory for requested buffer")
        return real(feeds)

    monkeypatch.setattr(runner, "run", run)
    (halved,) = minilm.infer([((texts,), {})])
    assert rows == [20, 10, 5, 5, 10, 5, 5]
    for one, other in zip(whole, halved, strict=True):
        assert np.allclose(one._data, other._data, atol=1e-6)


def test_engine_that_hangs_is_given_up_and_its_queue_goes_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Sticky()
    monkeypatch.setattr(replica, "load_serving", lambda specs: (specs[0], engine))
    model = ModelReplica({"name": "sticky", "source": "python:x:Y", "options": {"time_limit": 0.4}})
    batcher = model._batcher
    model.check_health()
    (slow,) = batcher.submit(_calls("slow"))
    assert slow.result(30) == "slow"  # twice as long as the limit, but it shows signs of life
    (hung,) = batcher.submit(_calls("hang"))
    while len(engine.sizes) < 2:
        time.sleep(0.002)
    waiting = batcher.submit(_calls(1))[0]
    codes = [ticket.exception(30).code for ticket in (hung, waiting)]  # type: ignore[union-attr]
    assert codes == ["NOODLE-E0614", "NOODLE-E0615"]
    assert batcher.submit(_calls(2))[0].exception(30).code == "NOODLE-E0615"  # type: ignore[union-attr]
    with pytest.raises(ModelError, match="stopped working"):
        model.check_health()
    model.close()  # does not wait for the thread that hangs
    engine.let_go.set()
