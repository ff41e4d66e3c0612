"""A short run of the fuzzer; ``python -m tests.nbc.fuzz`` is the long one."""

import resource
import time
import warnings
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.nbc import fuzz

COUNT = 1_500


@pytest.fixture
def little_memory() -> Iterator[None]:
    """What a mutation repeats without end meets a limit as in a worker."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()  # noqa: SIM115
    resource.setrlimit(resource.RLIMIT_AS, (used + fuzz.MEMORY, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("seed", [1, int(time.time())], ids=["fixed", "new"])
def test_mutated_modules_are_refused_or_end_with_an_outcome(seed: int) -> None:
    print("seed", seed)
    reports: list[int] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: Counter[str] = fuzz.fuzz(COUNT, seed, lambda number, _: reports.append(number))
    assert found["refused"] > COUNT / 2
    assert found["agreed"] > COUNT / 10
    assert found["differed"] < COUNT / 100, "docs/nbc.md says where tiers may differ"


def test_equal_seeds_give_equal_mutations() -> None:
    modules = fuzz.seeds()[:40]
    one, two = fuzz.Mutator(modules, 3), fuzz.Mutator(modules, 3)
    assert [one.mutation() for _ in range(300)] == [two.mutation() for _ in range(300)]
