"""Embeddings ranked in a program, as arrays against lists of floats; and native loops over arrays against Numba."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.measure import Row, alternate, seconds, show_time
from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc import digest, encode
from noodle_ray.core.sandbox.local import LocalWorker
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.vm.arrays import array
from noodle_ray.core.vm.arrays.array import wrap
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.host import EffectAnswer, EffectRequest
from noodle_ray.core.vm.limits import Limits
from noodle_ray.core.vm.modules import require

EMBEDDINGS = 1000
WIDTH = 384
BATCH = 32
ROUNDS = 7
LIMITS = Limits(fuel=1 << 50, deadline=120.0)
ASK = f"""
from noodle_ray import array, model

embed = model("embed")
wanted = embed("wanted")
vectors = [embed("text") for _ in range({EMBEDDINGS})]
"""
AS_LISTS = f"""{ASK}
def cosine(a, b):
    norms = sum([x * x for x in a]) * sum([y * y for y in b])
    return sum([x * y for x, y in zip(a, b)]) / norms ** 0.5

scores = [cosine(wanted, vector) for vector in vectors]
sorted(range(len(scores)), key=lambda i: scores[i], reverse=True)[:10]
"""
AS_ARRAYS = f"""{ASK}
scores = [wanted.cosine(vector) for vector in vectors]
sorted(range(len(scores)), key=lambda i: scores[i], reverse=True)[:10]
"""
AS_MATRIX = f"""{ASK}
matrix = array(vectors)
scores = matrix @ wanted / (matrix.norm(axis=1) * wanted.norm())
scores.top_k(10)[1].tolist()
"""
KERNELS = {
    "a stencil": """
def run(a, b, times):
    for _ in range(times):
        for i in range(1, len(a) - 1):
            b[i] = (a[i - 1] + 2.0 * a[i] + a[i + 1]) / 4.0
        for i in range(1, len(a) - 1):
            a[i] = b[i]
    return a[len(a) // 2]
""",
    "distances of rows": """
def run(a, b, times):
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(i):
            d = 0.0
            for k in range(a.shape[1]):
                d += (a[i, k] - a[j, k]) * (a[i, k] - a[j, k])
            total += d ** 0.5
    return total + times * b[0, 0]
""",
    "a histogram": """
def run(a, b, times):
    for _ in range(times):
        for i in range(len(a)):
            b[int(a[i] * 63.99)] += 1
    return b[7]
""",
}


class _Embedding:
    """A model whose answers are there at once: rows of one matrix, as lists or as arrays."""

    def __init__(self, lists: bool) -> None:
        self._lists = lists
        self._keys: list[str] = []
        self._rows = np.random.default_rng(7).standard_normal((EMBEDDINGS + 1, WIDTH), "f4")
        self._at = 0

    def send(self, requests: list[EffectRequest]) -> None:
        self._keys += [request.key for request in requests]

    def receive(self, timeout: float | None = None) -> list[EffectAnswer]:
        keys, self._keys = self._keys[:BATCH], self._keys[BATCH:]
        rows, self._at = self._rows[self._at : self._at + len(keys)], self._at + len(keys)
        values: list[Any] = rows.tolist() if self._lists else list(map(wrap, rows))
        return [EffectAnswer(key, True, value) for key, value in zip(keys, values, strict=True)]


def _ranked(worker: LocalWorker, source: str, lists: bool) -> Callable[[], Any]:
    nbc = encode(compile_source(source))
    request = RunRequest(nbc, digest(nbc), None, [], {}, LIMITS)

    def run() -> Any:
        outcome = worker.run(request, _Embedding(lists))
        if outcome["error"] is not None:
            raise RuntimeError(outcome["error"])
        return outcome["result"]

    return run


def _rankings() -> list[Row]:
    with LocalWorker(fork_server=True) as worker:
        before = _ranked(worker, AS_LISTS, True)
        wanted, found = before(), []
        for name, source in (("one by one", AS_ARRAYS), ("as a matrix", AS_MATRIX)):
            now = _ranked(worker, source, False)
            if now() != wanted:
                raise RuntimeError(f"{name}: another ranking")
            pair = alternate(partial(seconds, before), partial(seconds, now), ROUNDS)
            label = f"{EMBEDDINGS:,} embeddings ranked by cosine, arrays {name}, speed over lists"
            found.append(Row(label, show_time(pair.second), show_time(pair.first), pair.ratio))
    return found


def _data(name: str) -> tuple[Any, Any, int]:
    rng = np.random.default_rng(3)
    if name == "a stencil":
        return rng.random(20_000), np.zeros(20_000), 100
    if name == "a histogram":
        return rng.random(200_000), np.zeros(64, "i8"), 10
    return rng.random((400, WIDTH), "f4"), np.ones((1, 1)), 1


def _natively(name: str, source: str) -> Callable[[], Any]:
    module = compile_source(source)
    require(["noodle_ray"])
    a, b, times = _data(name)
    args = [array(wrap(a)), array(wrap(b)), times]

    def run() -> Any:
        outcome = execute(module, entry="run", args=args, limits=LIMITS, tier="native", key=name)
        if outcome.error is not None:
            raise RuntimeError(outcome.error)
        return outcome.result

    return run


def _with_numba(name: str, source: str) -> Callable[[], Any]:
    import numba

    names: dict[str, Any] = {}
    exec(source, names)
    return partial(numba.njit(names["run"]), *_data(name))


def rows() -> list[Row]:
    """A row per way to rank, and per kernel."""
    found = _rankings()
    for name, source in KERNELS.items():
        ours, theirs = _natively(name, source), _with_numba(name, source)
        if not math.isclose(ours(), theirs(), rel_tol=1e-9):
            raise RuntimeError(f"{name}: the result is not Numba's")
        pair = alternate(partial(seconds, ours), partial(seconds, theirs), ROUNDS)
        found.append(
            Row(f"Native tier over arrays, {name}, against Numba", *map(show_time, pair[:2]), pair.ratio, "≤ 1.1")
        )
    return found
