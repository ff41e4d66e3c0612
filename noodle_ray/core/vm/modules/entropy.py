"""Where a run's random numbers come from: its seed, so that a run with the same seed can be repeated."""

import random
from typing import Any, Final

from noodle_ray.core.vm.modules import on_start
from noodle_ray.core.vm.modules.vetting import charge_value
from noodle_ray.core.vm.state import S


class Random(random.Random):
    """random.Random; without a seed of its own it takes one from the run's."""

    def seed(self, a: Any = None, version: int = 2) -> None:
        """Seed with a value, or with what the run's seed gives next."""
        charge_value(a)
        if isinstance(a, int) and a.bit_length() > 4096:
            S.charge(a.bit_length() >> 6)
        super().seed(_source.getrandbits(64) if a is None else a, version)


Random.__module__ = "random"
Random.__qualname__ = "Random"

_source: Final = random.Random(0)
GENERATOR: Final = Random(0)
"""What the functions of the random module draw from."""


def fresh_bits(count: int) -> int:
    """So many random bits that no call of ``random.seed`` can repeat."""
    return _source.getrandbits(count)


def _start() -> None:
    """Begin as after ``random.seed(seed)``; what that cannot repeat comes from a sequence of its own."""
    GENERATOR.seed(S.seed)
    _source.seed(f"the run's {S.seed}")


on_start(_start, "random", "secrets", "statistics", "uuid")
