"""Programs made at random give the same on CPython and on every tier, and stop at the same point of fuel."""

import random

import pytest

from noodle_ray.core import nbc
from noodle_ray.core.lang import compile_source
from tests.language.agreement import on_cpython, on_tier
from tests.language.generator import Generator

PROGRAMS = 240
BATCH = 40
ONCE_WRONG = (88, 209, 405, 5155, 5969, 7158, 7380)


@pytest.mark.parametrize("first", range(0, PROGRAMS, BATCH))
def test_generated_program_when_run_on_each_tier_agrees_with_cpython(first: int) -> None:
    for seed in range(first, first + BATCH):
        agree(seed)


@pytest.mark.parametrize("seed", ONCE_WRONG)
def test_generated_program_that_went_wrong_once_agrees_with_cpython(seed: int) -> None:
    agree(seed)


def agree(seed: int) -> None:
    """The program of a seed is the same everywhere, with all its fuel and with too little."""
    source = Generator(seed).program()
    try:
        expected = on_cpython(source)
    except SyntaxError:
        return
    module = nbc.load(nbc.encode(compile_source(source)))
    interpreted, fuel = on_tier(module, "interpreter")
    assert interpreted == expected, f"seed {seed}:\n{source}"
    assert on_tier(module, "python") == (expected, fuel), f"seed {seed}:\n{source}"
    point = random.Random(seed).randrange(1, fuel + 1)
    assert on_tier(module, "python", point) == on_tier(module, "interpreter", point), f"seed {seed}, fuel {point}"
