"""Whatever passes do to a program, it shows the same on every tier; and both tiers pay the same."""

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc import decode, encode, verify
from noodle_ray.core.nbc.passes import PASSES, facts, optimize, steps
from noodle_ray.core.vm.execute import execute
from noodle_ray.errors import CompileError
from tests.language.generator import Generator
from tests.language.harness import FILENAME, Case, load, observed
from tests.nbc.builders import random_module

TIERS = ("interpreter", "python")


@pytest.mark.parametrize("case", load(), ids=lambda case: case.name)
def test_optimized_programs_show_the_same(case: Case) -> None:
    try:
        module = compile_source(case.source, FILENAME)
    except CompileError:
        return
    twice = optimize(optimize(module))
    verify(twice)
    if twice == module:
        return
    before = [observed(execute(module, tier=tier, seed=1)) for tier in TIERS]
    outcomes = [execute(twice, tier=tier, seed=1) for tier in TIERS]
    assert [observed(outcome) for outcome in outcomes] == before
    assert outcomes[0].usage["fuel"] == outcomes[1].usage["fuel"]


@pytest.mark.parametrize("seed", range(0, 600, 60))
def test_every_pass_keeps_random_modules_sound(seed: int) -> None:
    for offset in range(20):
        module = random_module(seed + offset, 60)
        for name, after in steps(module, (*PASSES, *PASSES)):
            verify(after)
            assert encode(decode(encode(after))) == encode(after), name
            module = after
        assert len(list(facts(module))) == 2


def test_nothing_is_left_to_do_for_a_second_round_of_dead_code() -> None:
    module = optimize(random_module(7, 80))
    once = optimize(module, ["dead"])
    assert optimize(once, ["dead"]) == once


@pytest.mark.parametrize("first", [0, 5_000])
def test_generated_programs_show_the_same(first: int) -> None:
    for seed in range(first, first + 25):
        module = compile_source(Generator(seed).program())
        optimized = optimize(module)
        verify(optimized)
        for tier in TIERS:
            before, after = (observed(execute(which, tier=tier, seed=1)) for which in (module, optimized))
            assert after == before, f"seed {seed} on {tier}"
