"""Every attack ends as it must, and the worker that met it serves the next run."""

from collections.abc import Iterator

import pytest

from noodle_ray.core.sandbox.local import LocalWorker
from noodle_ray.errors import CompileError
from tests.escapes.attacks import ATTACKS, REFUSED
from tests.escapes.held_types import HELD_TYPES
from tests.escapes.library import LIBRARY
from tests.escapes.lying_sizes import SIZES
from tests.escapes.more_modules import MORE_MODULES
from tests.escapes.newer import NEWER
from tests.sandbox.programs import code, request


@pytest.fixture(scope="module")
def worker() -> Iterator[LocalWorker]:
    with LocalWorker() as started:
        yield started


def ending(worker: LocalWorker, source: str, tier: str, deadline: float) -> str:
    """How the program ends, in the words of `attacks`."""
    try:
        run = request(source, tier=tier, deadline=deadline, fuel=3_000_000, memory=40_000_000, recursion=200)
    except CompileError as refusal:
        found = refusal.diagnostics
        return REFUSED if found and all(each.code.startswith("NOODLE-E0") for each in found) else "uncoded"
    outcome = worker.run(run)
    error = outcome["error"]
    if not isinstance(error, dict):
        return f"= {outcome['result']}"
    assert "0x7f" not in error["message"]
    return str(error["type"]) if code(outcome) == "E0501" else code(outcome)


ALL = ATTACKS | LIBRARY | MORE_MODULES | NEWER | HELD_TYPES | SIZES


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("tier", ["interpreter", "python"])
def test_attack_ends_harmlessly_when_it_is(worker: LocalWorker, name: str, tier: str) -> None:
    source, ends = ALL[name]
    deadline = 0.3 if "E0403" in ends else 120.0
    assert ending(worker, source, tier, deadline) in ends.split("|"), name
    assert worker.run(request("1 + 1"))["result"] == 2


def test_fuel_is_all_used_on_each_tier_when_it_runs_out_below_a_loop_that_is_paid_ahead(worker: LocalWorker) -> None:
    source = SIZES["hook of a decoder that ends it late"][0]
    for tier in ("interpreter", "python"):
        outcome = worker.run(request(source, tier=tier, fuel=3_000_000))
        assert isinstance(outcome["usage"], dict)
        assert outcome["usage"]["fuel"] == 3_000_000
