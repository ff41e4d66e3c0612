"""The native tier against CPython, Numba and C on the ten programs in benchmarks/numeric, metering on.

Each program's function ``run`` is called with ``SIZE``. Numba compiles the same text with ``njit``; C is the same
algorithm by hand, ``cc -O2``. A first call is everything from a program's text in memory to its first result.
"""

import ctypes
import math
import re
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FunctionType
from typing import Any

from benchmarks.measure import Row, alternate, seconds, show_time
from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.limits import Limits
from noodle_ray.core.vm.native import control
from noodle_ray.core.vm.native.emitter import Emitter

PROGRAMS = Path(__file__).resolve().parent / "numeric"
LIMITS = Limits(fuel=1 << 50, deadline=120.0)
ROUNDS = 5
FIRST_CALLS = 3
LABELS = {
    "CPython": "speed over CPython",
    "Numba": "against Numba",
    "cc -O2": "against cc -O2",
    "unmetered": "metered against not",
}


def _noodle(source: str, name: str, key: str) -> Callable[[], Any]:
    module = compile_source(source, name)

    def run() -> Any:
        size = _size(source)
        outcome = execute(module, entry="run", args=[size], limits=LIMITS, tier="native", key=key)
        if outcome.error is not None:
            raise RuntimeError(f"{name}: {outcome.error}")
        return outcome.result

    return run


def _size(source: str) -> int:
    found = re.search(r"^SIZE = ([\d_]+)$", source, re.MULTILINE)
    assert found
    return int(found[1])


def _cpython(source: str, name: str) -> Callable[[], Any]:
    names: dict[str, Any] = {"__name__": "program"}
    exec(compile(source, name, "exec"), names)
    return partial(names["run"], names["SIZE"])


def _numba(source: str, name: str) -> Callable[[], Any]:
    import numba

    names: dict[str, Any] = {"__name__": "program"}
    exec(compile(source, name, "exec"), names)
    for function in [value for value in names.values() if type(value) is FunctionType]:
        names[function.__name__] = numba.njit(function)
    return partial(names["run"], names["SIZE"])


def _c(path: Path, size: int, folder: str) -> Callable[[], Any]:
    library = Path(folder) / f"{path.stem}.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, path, "-lm"], check=True)
    function = ctypes.CDLL(str(library)).run
    function.argtypes = [ctypes.c_long]
    function.restype = ctypes.c_double if "double run(" in path.read_text() else ctypes.c_long
    return partial(function, size)


def _unpaid(made: Emitter, counts: tuple[str, str, str], cost: int, limit: str, start: str) -> None:
    made.line(f"store i64 {counts[2]}, ptr {limit}")
    made.jump(start)


def _unmetered(source: str, name: str) -> Callable[[], Any]:
    """The same without any charging; the product has no such mode, so the charges are taken out while it compiles."""
    kept = Emitter.charge, Emitter.refund, control._pay_ahead
    Emitter.charge = Emitter.refund = lambda made, cost: None  # type: ignore[method-assign, assignment]
    control._pay_ahead = _unpaid  # type: ignore[assignment]
    try:
        run = _noodle(source, name, f"{name}, not metered")
        run()
        return run
    finally:
        Emitter.charge, Emitter.refund, control._pay_ahead = kept  # type: ignore[method-assign]


def _first(make: Callable[[], Callable[[], Any]]) -> float:
    return seconds(lambda: make()())


def _mean(ratios: list[float]) -> float:
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def rows() -> list[Row]:
    """A row per program and yardstick, and the geometric means."""
    found: list[Row] = []
    ratios: dict[str, list[float]] = {"CPython": [], "Numba": [], "cc -O2": [], "first": [], "unmetered": []}
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(PROGRAMS.glob("*.py")):
            source, name = path.read_text(), path.stem
            ours = _noodle(source, path.name, path.name)
            yardsticks = {
                "CPython": _cpython(source, path.name),
                "Numba": _numba(source, path.name),
                "cc -O2": _c(path.with_suffix(".c"), _size(source), folder),
                "unmetered": _unmetered(source, path.name),
            }
            for yardstick, theirs in yardsticks.items():
                if not math.isclose(ours(), theirs(), rel_tol=1e-9):
                    raise RuntimeError(f"{path.name}: the result is not that of {yardstick}")
                rounds = 1 if yardstick == "CPython" else ROUNDS
                pair = alternate(partial(seconds, ours), partial(seconds, theirs), rounds)
                ratio = 1 / pair.ratio if yardstick == "CPython" else pair.ratio
                ratios[yardstick].append(ratio)
                label = f"Native tier, {name}, {LABELS[yardstick]}"
                found.append(Row(label, show_time(pair.first), show_time(pair.second), ratio))
            first = alternate(
                lambda s=source, n=path.name: _first(lambda: _noodle(s, n, "")),  # type: ignore[misc]
                lambda s=source, n=path.name: _first(lambda: _numba(s, n)),  # type: ignore[misc]
                FIRST_CALLS,
            )
            ratios["first"].append(first.ratio)
            found.append(
                Row(f"Native tier, {name}, first call against Numba's", *map(show_time, first[:2]), first.ratio)
            )
    return [
        *found,
        Row("Native tier, geometric mean of the ten, speed over CPython", "", "", _mean(ratios["CPython"]), "≥ 30"),
        Row("Native tier, the same against Numba's njit", "", "", _mean(ratios["Numba"]), "≤ 1.1"),
        Row("Native tier, the same, first call against Numba's", "", "", _mean(ratios["first"]), "≤ 0.2"),
        Row("Native tier, the same against cc -O2", "", "", _mean(ratios["cc -O2"]), "≤ 1.6"),
        Row("Native tier, the same, metered against not", "", "", _mean(ratios["unmetered"]), "≤ 1.1"),
    ]
