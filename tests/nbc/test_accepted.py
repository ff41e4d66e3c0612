"""What the verifier accepts cannot make a tier go wrong: it runs, or fails as programs fail."""

import pytest

from noodle_ray.core.nbc import verify
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.limits import Limits
from tests.nbc.builders import random_module

LIMITS = Limits(fuel=200_000, recursion=100)


@pytest.mark.parametrize("tier", ["interpreter", "python"])
@pytest.mark.parametrize("seed", range(0, 400, 40))
def test_random_modules_end_with_an_outcome(seed: int, tier: str) -> None:
    for offset in range(12):
        module = random_module(seed + offset, 40)
        verify(module)
        outcome = execute(module, entry=None, args=[], kwargs={}, limits=LIMITS, host=None, tier=tier, key="")
        assert outcome.error is None or outcome.error["code"].startswith("NOODLE-E0")
        assert outcome.usage["fuel"] > 0
