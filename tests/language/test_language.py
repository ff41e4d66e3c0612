"""Every case gives the same result, output and exception on CPython and each tier, and the same fuel on all tiers."""

import pytest

from noodle_ray.core.vm.native import may_run_native
from tests.language.harness import Case, load, on_cpython, on_tier

CASES = load()


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_case_agrees_with_cpython_on_every_tier(case: Case) -> None:
    expected = on_cpython(case.source)
    interpreted, fuel = on_tier(case.source, "interpreter")
    assert interpreted == expected
    compiled, compiled_fuel = on_tier(case.source, "python")
    assert compiled == expected
    assert compiled_fuel == fuel
    if may_run_native():
        assert on_tier(case.source, "native") == (compiled, fuel)


def test_corpus_is_large_enough() -> None:
    assert len(CASES) >= 150
    assert len({case.name for case in CASES}) == len(CASES)
