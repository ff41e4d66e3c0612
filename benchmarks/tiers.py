"""The Python tier against CPython on the six programs in benchmarks/programs, metering on."""

import math
from pathlib import Path
from typing import Any

from benchmarks.measure import Row, alternate, seconds, show_time
from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.limits import Limits

PROGRAMS = Path(__file__).resolve().parent / "programs"
LIMITS = Limits(fuel=1 << 50, deadline=120.0)
ROUNDS = 7


def _noodle(source: str, name: str, tier: str = "python") -> Any:
    module = compile_source(source, name)
    outcome = execute(module, entry="main", args=[], kwargs={}, limits=LIMITS, host=None, tier=tier, key=name)
    if outcome.error is not None:
        raise RuntimeError(f"{name}: {outcome.error}")
    return outcome.result


def _cpython(source: str, name: str) -> Any:
    names: dict[str, Any] = {"__name__": "program"}
    exec(compile(source, name, "exec"), names)
    return names["main"]()


def rows() -> list[Row]:
    """A row per program and their geometric mean."""
    found, ratios = [], []
    for path in sorted(PROGRAMS.glob("*.py")):
        source = path.read_text()
        if _noodle(source, path.name) != _cpython(source, path.name):
            raise RuntimeError(f"{path.name}: the tiers disagree")

        def ours(source: str = source, name: str = path.name) -> float:
            return seconds(lambda: _noodle(source, name))

        def theirs(source: str = source, name: str = path.name) -> float:
            return seconds(lambda: _cpython(source, name))

        pair = alternate(ours, theirs, ROUNDS)
        ratios.append(pair.ratio)
        found.append(
            Row(f"Python tier, {path.stem}, against CPython", show_time(pair.first), show_time(pair.second), pair.ratio)
        )
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    return [*found, Row("Python tier, geometric mean of the six", "", "", mean, "≤ 1.5")]
