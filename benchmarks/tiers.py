"""Twelve dynamic programs in benchmarks/programs against CPython, metering on."""

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


def noodle(source: str, name: str, tier: str = "auto") -> Callable[[], Any]:
    """The program's ``main``, compiled beforehand, as a function; on the tiers that a run chooses if none is named."""
    module = compile_source(source, name)

    def run() -> Any:
        outcome = execute(module, entry="main", args=[], kwargs={}, limits=LIMITS, host=None, tier=tier, key=name)
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
    """A row per program, and their geometric mean; and that of the Python tier alone. Both sides are compiled before,
    and what is hot in ours has gone native in the round that is not measured."""
    found, ratios, python = [], [], []
    for path in sorted(PROGRAMS.glob("*.py")):
        source = path.read_text()
        ours, theirs, tier = noodle(source, path.name), _cpython(source, path.name), noodle(source, path.name, "python")
        if not ours() == theirs() == tier():
            raise RuntimeError(f"{path.name}: the result is not CPython's")
        ours()
        pair = alternate(partial(seconds, ours), partial(seconds, theirs), ROUNDS)
        ratios.append(pair.ratio)
        alone = alternate(partial(seconds, tier), partial(seconds, theirs), ROUNDS)
        python.append(alone.ratio)
        found.append(Row(f"{path.stem}, against CPython", show_time(pair.first), show_time(pair.second), pair.ratio))
    return [
        *found,
        Row("Twelve dynamic programs against CPython, geometric mean", "", "", _mean(ratios), "≤ 1.1"),
        Row("The slowest of them", "", "", max(ratios), "≤ 1.5"),
        Row("The same twelve on the Python tier alone, geometric mean", "", "", _mean(python)),
    ]


def _mean(ratios: list[float]) -> float:
    return math.exp(sum(map(math.log, ratios)) / len(ratios))
