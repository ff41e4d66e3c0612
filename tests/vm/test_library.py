"""The standard library's modules: complete, repeatable, without state that outlives a run, and bounded."""

import signal
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm.builtins import BUILTINS
from noodle_ray.core.vm.catalog import CHARGING_METHODS, MODULES
from noodle_ray.core.vm.clock import Clock
from noodle_ray.core.vm.execute import Outcome, execute
from noodle_ray.core.vm.limits import LimitExceeded, Limits
from noodle_ray.core.vm.methods import CHARGING, METHODS
from noodle_ray.core.vm.modules import members
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import held
from tests.sandbox.programs import Echo

TIERS = ["interpreter", "python"]
DRAW = "import random\nimport uuid\n(random.random(), str(uuid.uuid4()), random.Random().random())"


def run(source: str, tier: str = "auto", seed: int | None = None, limits: Limits = Limits()) -> Outcome:  # noqa: B008
    return execute(compile_source(source), tier=tier, seed=seed, limits=limits)


@pytest.mark.parametrize("module", MODULES)
def test_module_when_loaded_has_every_member_of_the_catalog(module: str) -> None:
    for name in MODULES[module]:
        assert held(members(module)[name]) is BUILTINS[f"{module}.{name}"]


def test_methods_when_they_charge_are_known_to_charge() -> None:
    assert CHARGING_METHODS <= CHARGING
    for name, table in METHODS.items():
        for kind, method in table.items():
            if getattr(method, "__name__", "") == "paying":
                assert name in CHARGING, (kind, name)


@pytest.mark.parametrize("tier", TIERS)
def test_random_numbers_when_the_seed_is_the_same_are_the_same(tier: str) -> None:
    first = run(DRAW, tier)
    assert run(DRAW, tier, seed=first.usage["seed"]).result == first.result
    assert run(DRAW, tier).result != first.result


def test_random_numbers_when_seeded_from_outside_are_those_of_a_seed_inside() -> None:
    inside = run("import random\nrandom.seed(42)\nrandom.random()").result
    assert run("import random\nrandom.random()", seed=42).result == inside == 0.6394267984578837


def test_random_numbers_when_a_run_before_drew_some_are_the_same() -> None:
    expected = run(DRAW, seed=7).result
    run("import random\nrandom.seed(1)\nrandom.gauss(0, 1)", seed=8)
    assert run(DRAW, seed=7).result == expected


@pytest.mark.parametrize("tier", TIERS)
def test_state_when_a_run_changes_it_is_gone_in_the_next(tier: str) -> None:
    state = (
        "import calendar, csv, decimal\n"
        "[calendar.firstweekday(), csv.field_size_limit(), csv.list_dialects(), repr(decimal.getcontext())]"
    )
    expected = run(state, tier).result
    change = (
        "import calendar, csv, decimal\ncalendar.setfirstweekday(2)\ncsv.field_size_limit(5)\n"
        "csv.unregister_dialect('excel')\ncsv.register_dialect('mine')\ndecimal.getcontext().prec = 2\n"
        "decimal.getcontext().traps[decimal.Inexact] = True"
    )
    assert run(change, tier).error is None
    assert run(state, tier).result == expected


class Stopped(Clock):
    """A clock that stands still on 2024-02-03 at 04:05:06 UTC."""

    __slots__ = ()

    def time(self) -> float:
        return 1706933106.0


def test_clock_when_programs_read_it_is_the_runs_own() -> None:
    S.clock = Stopped()
    try:
        source = (
            "from datetime import date, datetime, timezone\nimport uuid\n"
            "(str(datetime.now()), str(datetime.now(timezone.utc)), str(date.today()), str(datetime.utcnow()), "
            "uuid.uuid1().time == uuid.uuid1().time)"
        )
        local, aware, today, utc, stands = run(source).result
    finally:
        S.clock = Clock()
    assert (local, today, utc, stands) == ("2024-02-03 04:05:06", "2024-02-03", "2024-02-03 04:05:06", True)
    assert aware == "2024-02-03 04:05:06+00:00"


@pytest.fixture
def deadline() -> Iterator[Any]:
    def trip(number: int, at: FrameType | None) -> None:
        raise LimitExceeded("deadline")

    before = signal.signal(signal.SIGALRM, trip)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("tier", TIERS)
def test_pattern_when_it_backtracks_without_end_ends_at_the_deadline(tier: str, deadline: Any) -> None:
    module = compile_source("import re\nre.match('(a+)+b', 'a' * 40)")
    execute(compile_source("import re"), tier=tier)
    deadline(0.2)
    began = time.monotonic()
    outcome = execute(module, tier=tier)
    assert outcome.error is not None
    assert outcome.error["code"] == "NOODLE-E0403"
    assert time.monotonic() - began < 0.3


@pytest.mark.parametrize(
    "source",
    [
        "import re\ndef main():\n    for i in range(200):\n        re.sub('a', 'b', 'a' * 1000)",
        "import base64\ndef main():\n    for i in range(200):\n        base64.b64encode(b'a' * 9999)",
        "import hashlib\ndef main():\n    h = hashlib.md5()\n    for i in range(200):\n        h.update(b'a' * 9999)",
        "import io\ndef main():\n    f = io.StringIO()\n    for i in range(200):\n        f.write('a' * 1000)",
        "import statistics\ndef main():\n    for i in range(200):\n        statistics.mean([1] * 100)",
        "import random\ndef main():\n    x = [1] * 1000\n    for i in range(200):\n        random.shuffle(x)",
        "import json\ndef main():\n    for i in range(200):\n        json.loads('[' + '1,' * 500 + '1]')",
    ],
)
def test_fuel_when_the_library_works_runs_out_at_the_same_point_on_every_tier(source: str) -> None:
    whole = run(source, "interpreter").usage["fuel"]
    assert run(source, "python").usage["fuel"] == whole > 2000
    ends = [run(source, tier, limits=Limits(fuel=whole // 2)) for tier in TIERS]
    assert [end.error["code"] for end in ends if end.error] == ["NOODLE-E0401"] * 2
    assert ends[0].error == ends[1].error


@pytest.mark.parametrize("tier", TIERS)
def test_decimal_context_when_elements_run_as_fibers_is_the_programs(tier: str) -> None:
    source = (
        "from noodle_ray import model\nfrom decimal import Decimal, getcontext\necho = model('echo')\n"
        "getcontext().prec = 5\ndef main():\n    return [echo(str(Decimal(x) / 7)) for x in range(3)]"
    )
    outcome = execute(compile_source(source), tier=tier, host=Echo())
    assert outcome.result == ["0", "0.14286", "0.28571"]
