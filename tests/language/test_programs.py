"""Programs that Hypothesis makes, and shrinks when one differs, give the same on CPython and on every tier.

``NOODLE_PROGRAMS`` sets how many; a failure prints the program and a decorator that makes it again. `campaign` compares
many more, and `make fuzz` runs that, and stops each case of the corpus at 25 points of its fuel (``NOODLE_POINTS``).
"""

import os
import random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from noodle_ray.core import nbc
from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.limits import Limits
from noodle_ray.core.vm.native import may_run_native
from tests.language.agreement import agree
from tests.language.harness import Case, load, observed
from tests.language.numeric import Numeric
from tests.language.wider import Wider

PROGRAMS = int(os.environ.get("NOODLE_PROGRAMS", "40"))
POINTS = int(os.environ.get("NOODLE_POINTS", "1"))
ROTATION = 1 if POINTS > 1 else 8
"""Of the corpus, one case in so many has its turn in an ordinary run."""
TURN = int(os.environ.get("NOODLE_TURN", "0"))
CASES = [case for number, case in enumerate(load()) if number % ROTATION == TURN % ROTATION]
made = settings(
    max_examples=PROGRAMS,
    derandomize=True,
    deadline=None,
    print_blob=True,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


@made
@given(source=st.randoms(use_true_random=False))
def test_program_agrees_with_cpython_and_stops_where_the_other_tier_does(source: random.Random) -> None:
    agree(Wider(source).program())


@made
@given(source=st.randoms(use_true_random=False))
def test_numeric_program_agrees_with_cpython_on_every_tier(source: random.Random) -> None:
    agree(Numeric(source).program(), native=True)


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_case_stops_at_the_same_point_of_fuel_on_every_tier(case: Case) -> None:
    module = nbc.load(nbc.encode(compile_source(case.source)))
    fuel = execute(module, tier="interpreter", seed=1).usage["fuel"]
    draw = random.Random(case.name)
    tiers = ["python", *(["native"] if may_run_native() else [])]
    for point in [draw.randrange(1, max(fuel, 1) + 1) for _ in range(POINTS)]:
        stops = [
            (tier, observed(outcome), outcome.usage["fuel"])
            for tier in ("interpreter", *tiers)
            for outcome in [execute(module, tier=tier, seed=1, limits=Limits(fuel=point))]
        ]
        for tier, shown, used in stops:
            assert (shown, used) == stops[0][1:], f"{tier}, fuel {point}"
