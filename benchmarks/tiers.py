"""The Python tier against CPython on the twelve programs in benchmarks/programs, metering on."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measure import Row, alternate, seconds, show_time
from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.limits import Limits

PROGRAMS = Path(__file__).resolve().parent / "programs"
LIMITS = Limits(fuel=1 << 50, deadline=120.0)
ROUNDS = 7


def noodle(source: str, name: str) -> Callable[[], Any]:
    """The program's ``main`` on the Python tier, compiled beforehand, as a function."""
    module = compile_source(source, name)

    def run() -> Any:
        outcome = execute(module, entry="main", args=[], kwargs={}, limits=LIMITS, host=None, tier="python", key=name)
        if outcome.error is not None:
            raise RuntimeError(f"{name}: {outcome.error}")
        return outcome.result

    return run


def _cpython(source: str, name: str) -> Callable[[], Any]:
    code = compile(source, name, "exec")

    def run() -> Any:
        names: dict[str, Any] = {"__name__": "program"}
        exec(code, names)
        return names["main"]()

    return run


def rows() -> list[Row]:
    """A row per program, and their geometric mean. Both sides are compiled beforehand."""
    found, ratios = [], []
    for path in sorted(PROGRAMS.glob("*.py")):
        ours, theirs = (make(path.read_text(), path.name) for make in (noodle, _cpython))
        if ours() != theirs():
            raise RuntimeError(f"{path.name}: the tier's result is not CPython's")
        pair = alternate(partial(seconds, ours), partial(seconds, theirs), ROUNDS)
        ratios.append(pair.ratio)
        name = f"Python tier, {path.stem}, against CPython"
        found.append(Row(name, show_time(pair.first), show_time(pair.second), pair.ratio))
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    return [
        *found,
        Row("Python tier, geometric mean of the twelve", "", "", mean, "≤ 1.1"),
        Row("Python tier, the slowest of them", "", "", max(ratios), "≤ 1.5"),
    ]
