"""Numeric programs made at random give the same on the native tier as on the Python tier: result, output, exception,
lines and fuel, with all fuel and with too little."""

import random

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc.module import Module
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.limits import Limits
from noodle_ray.core.vm.native import may_run_native
from tests.vm.native.programs import Numeric

pytestmark = pytest.mark.skipif(not may_run_native(), reason="there is no native tier on this machine")
BATCH = 6
POINTS = 4


def seen(module: Module, tier: str, key: str, fuel: int = 10**7) -> tuple[object, ...]:
    outcome = execute(module, tier=tier, limits=Limits(fuel=fuel), key=key)
    error = outcome.error and (
        outcome.error["type"],
        outcome.error["message"],
        [(frame["line"], frame["function"]) for frame in outcome.error["traceback"]],
    )
    return repr(outcome.result), outcome.stdout, error, outcome.usage["fuel"]


@pytest.mark.parametrize("first", range(0, 48, BATCH))
def test_numeric_program_when_run_natively_agrees_with_the_python_tier(first: int) -> None:
    for seed in range(first, first + BATCH):
        source = Numeric(seed).program()
        module = compile_source(source)
        expected = seen(module, "python", source)
        assert seen(module, "native", source) == expected, f"seed {seed}:\n{source}"
        fuel = expected[-1]
        assert isinstance(fuel, int)
        points = random.Random(seed)
        for point in [points.randrange(1, fuel + 1) for _ in range(POINTS)]:
            assert seen(module, "native", source, point) == seen(module, "python", source, point), (
                f"seed {seed}, fuel {point}"
            )
