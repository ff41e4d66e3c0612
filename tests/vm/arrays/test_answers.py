"""Models' answers as arrays: in a worker, in a resumed run, in CPython, and over HTTP's JSON."""

import json
import pickle
import struct
from typing import Any

import numpy as np
import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc import digest, encode
from noodle_ray.core.runs.continuation import Journal, JournaledHost, of, read
from noodle_ray.core.sandbox.local import LocalWorker
from noodle_ray.core.sandbox.pool import WorkerPool
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.sandbox.wire import Codec
from noodle_ray.core.vm.arrays import array
from noodle_ray.core.vm.arrays.array import from_array_json, wrap
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.host import EffectAnswer, EffectRequest
from noodle_ray.core.vm.limits import Limits
from noodle_ray.core.vm.packed import Packed, array_json
from noodle_ray.core.vm.values import from_json, to_json
from tests.sandbox.programs import request

MODEL = 'from noodle_ray import model\nembed = model("embed")\n'


class Embedding:
    """Answers views of one matrix, as an engine does: the numbers 0.1, 0.2, 0.3 for a text, times its length."""

    def __init__(self) -> None:
        self.asked: list[EffectRequest] = []
        self._answers: list[EffectAnswer] = []

    def send(self, requests: list[EffectRequest]) -> None:
        self.asked += requests
        matrix = np.array([[0.1, 0.2, 0.3]] * len(requests), "f4")
        for one, row in zip(requests, matrix, strict=True):
            row *= len(one.args[0]) if isinstance(one.args[0], str) else 1
            self._answers.append(EffectAnswer(one.key, True, wrap(row)))

    def receive(self, timeout: float | None = None) -> list[EffectAnswer]:
        answers, self._answers = self._answers, []
        return answers


def answered(source: str, **limits: Any) -> Any:
    with LocalWorker(fork_server=True) as worker:
        outcome = worker.run(request(MODEL + source)._replace(limits=Limits(**limits)), Embedding())
    assert outcome["error"] is None, outcome["error"]
    return outcome["result"]


def test_answer_is_an_array_of_float32_that_the_program_may_change() -> None:
    source = """
a, b = [embed(t) for t in ("x", "xx")]
before = [a.dtype, a.shape, round(b[2], 3), type(a[0]) is float, isinstance(a, list)]
a[0] = 5.0
a += 1
[*before, [round(x, 3) for x in a], [round(x, 3) for x in b]]
"""
    assert answered(source) == ["float32", (3,), 0.6, True, False, [6.0, 1.2, 1.3], [0.2, 0.4, 0.6]]


def test_what_programs_did_with_lists_goes_on_working() -> None:
    source = """
a, b = embed("x"), embed("xx")
def similarity(a: list[float], b: list[float]) -> float:
    return sum([x * y for x, y in zip(a, b)])
[len(a), [*a] == list(a), a[-1] == a[2], len(a[1:]), round(similarity(a, b), 2), max(a) == a[2], sorted(a) == [*a],
 round(sum(a), 2), a[0] in a, [i for i, x in enumerate(a)], round(a @ b, 2) == round(similarity(a, b), 2)]
"""
    assert answered(source) == [3, True, True, 2, 0.28, True, True, 0.6, True, [0, 1, 2], True]


def test_answer_goes_on_to_a_model_before_the_program_sees_it() -> None:
    host = Embedding()
    with LocalWorker(fork_server=True) as worker:
        outcome = worker.run(request(f'{MODEL}a = embed("x")\nb = embed(a)\na += 1\nround(a[0] + b[0], 3)'), host)
    assert outcome["result"] == 1.2
    assert host.asked[1].args[0] == Packed("float32", (3,), struct.pack("fff", 0.1, 0.2, 0.3))


def test_array_changed_by_a_number_is_changed_in_order() -> None:
    source = """
from noodle_ray import array
seen = array([0.0])
def ask(text):
    def step(a):
        a += 1
        return [embed(text)[0] > 0, a[0]]
    return step(seen)
[ask(text) for text in ("a", "b", "c")]
"""
    assert answered(source) == [[True, 1.0], [True, 2.0], [True, 3.0]]


@pytest.mark.parametrize("source", ["json.dumps(embed('x'))", "json.dumps([embed('x')])"])
def test_array_is_no_json_until_it_is_a_list(source: str) -> None:
    with LocalWorker(fork_server=True) as worker:
        outcome = worker.run(request(f"{MODEL}import json\n{source}"), Embedding())
    with pytest.raises(TypeError) as caught:
        json.dumps(array([1.0]))
    assert outcome["error"]["message"] == str(caught.value)  # type: ignore[index]
    assert answered("import json\nround(json.loads(json.dumps(embed('x').tolist()))[0], 3)") == 0.1


async def test_pool_delivers_answers_longer_than_its_buffers() -> None:
    rows = np.arange(400_000, dtype="f4").reshape(4, 100_000)

    async def answer(requests: list[EffectRequest]) -> list[EffectAnswer]:
        return [EffectAnswer(one.key, True, [wrap(row) for row in rows]) for one in requests]

    async with WorkerPool(min_size=1, max_size=1) as pool:
        outcome = await pool.run(request(f'{MODEL}[(v.sum(), v[-1]) for v in embed("x")]'), answer)
        assert outcome["result"] == [(float(row.sum()), float(row[-1])) for row in rows]
        again = await pool.run(request(f'{MODEL}embed("x")[2][5:7]'), answer)
        assert again["result"] == [200005.0, 200006.0]


@pytest.mark.parametrize("fuel", [40, 1200])
def test_resumed_run_has_its_arrays_to_the_bit(fuel: int) -> None:
    source = f"""{MODEL}
v = embed("xyz")
n = 0
for i in range(1000):
    n += 1
[v.dtype, v[0], v.tolist()]
"""
    nbc = encode(compile_source(source))
    run = RunRequest(nbc, digest(nbc), None, [], {}, Limits(fuel=fuel))
    with LocalWorker(fork_server=True) as worker:
        whole = worker.run(run._replace(limits=Limits()), Embedding())
        models, journal = Embedding(), Journal()
        stopped = worker.run(run, JournaledHost(models, journal))
        text = of(run, stopped, journal)
        assert text is not None
        going_on = read(text).with_fuel(100_000)
        resumed = worker.run(going_on.request, JournaledHost(models, Journal(going_on.answers)))
    assert len(models.asked) == 1
    assert resumed["result"] == whole["result"]
    assert whole["result"][0] == "float32"  # type: ignore[index]


def test_run_in_this_process_gets_what_the_host_gives() -> None:
    outcome = execute(compile_source(f'{MODEL}v = embed("xx")\nv.norm() > 0.7'), host=Embedding())
    assert outcome.result is True


def test_array_survives_json_to_the_bit() -> None:
    for data in (np.array([0.1, np.nan], "f4"), np.array([[1, 2**62]]), np.zeros((0,)), np.array([True, False])):
        back = from_json(
            json.loads(json.dumps(to_json({"a": [wrap(data)]}, packed=array_json))), unpacked=from_array_json
        )
        assert back["a"][0].dtype == wrap(data).dtype
        assert back["a"][0]._data.tobytes() == data.tobytes()
    assert to_json({"$array": 1}, packed=array_json) == {"$dict": [["$array", 1]]}


@pytest.mark.parametrize("size", [3, 100_000])
def test_array_goes_between_processes_without_its_elements_if_they_are_many(size: int) -> None:
    rows = [wrap(row) for row in np.arange(2.0 * size, dtype="f4").reshape(2, size)]
    rows.append(wrap(np.arange(2.0 * size).reshape(size, 2).T))
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(rows, protocol=5, buffer_callback=buffers.append)
    assert len(buffers) == (3 if size > 1000 else 0)
    assert len(data) < 2000
    back = pickle.loads(data, buffers=[bytes(buffer.raw()) for buffer in buffers])  # as Ray gives them: read only
    assert [(one.dtype, one.shape, one.tolist()) for one in back] == [
        (one.dtype, one.shape, one.tolist()) for one in rows
    ]
    assert Codec().pack(back) == Codec().pack(rows)


@pytest.mark.parametrize(
    "found", [{}, 5, {"dtype": "object", "shape": [1], "data": ""}, {"dtype": "int64", "shape": [2], "data": "AAAA"}]
)
def test_json_that_is_no_array_is_refused(found: Any) -> None:
    with pytest.raises(ValueError):
        from_array_json(found)
