"""Attacks on classes, generators and the library end as they must on both tiers, and leave nothing for the next run."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from noodle_ray.core.nbc import digest, encode, from_text, verify
from noodle_ray.core.sandbox.local import LocalWorker
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.vm.limits import Limits
from noodle_ray.errors import ModuleError
from tests.escapes.attacks import REFUSED
from tests.escapes.review_attacks import REVIEW
from tests.escapes.test_attacks import ending
from tests.sandbox.programs import code, request

_TEXT: Final = (Path(__file__).parent / "review_modules.nbc").read_text()
MODULES: Final = dict(re.findall(r"^=== (.*)\n((?:(?!===).*\n)+)", _TEXT, flags=re.MULTILINE))
"""Modules that no compiler makes; their titles have the name and how they must end."""
LIMITS: Final = Limits(fuel=3_000_000, deadline=120.0, memory=40_000_000, recursion=200)
LEFT: Final = """
import json
import sys
from collections.abc import Mapping
from decimal import getcontext
from enum import Enum
names = [name for name in ("evil", "_value_", "_name_") if hasattr(json.dumps, name) or hasattr(Enum, name)]
[names, isinstance(5, Mapping), getcontext().prec, sys.argv, type(json.dumps) is type(len)]
"""


@pytest.fixture(scope="module")
def worker() -> Iterator[LocalWorker]:
    with LocalWorker() as started:
        yield started


@pytest.mark.parametrize("name", REVIEW)
@pytest.mark.parametrize("tier", ["interpreter", "python"])
def test_attack_ends_harmlessly(worker: LocalWorker, name: str, tier: str) -> None:
    source, ends = REVIEW[name]
    assert ending(worker, source, tier, 120.0) in ends.split("|"), name
    assert worker.run(request("1 + 1"))["result"] == 2


@pytest.mark.parametrize("title", MODULES)
@pytest.mark.parametrize("tier", ["interpreter", "python"])
def test_module_that_no_compiler_makes_ends_harmlessly(worker: LocalWorker, title: str, tier: str) -> None:
    ends = title.partition(" | ")[2].split("|")
    try:
        module = from_text(MODULES[title])
        verify(module)
    except ModuleError:
        assert REFUSED in ends
        return
    data = encode(module)
    outcome = worker.run(RunRequest(data, digest(data), None, [], {}, LIMITS, tier))
    error = outcome["error"]
    if isinstance(error, dict):
        assert (error["type"] if code(outcome) == "E0501" else code(outcome)) in ends, error["message"]
    else:
        assert f"= {outcome['result']}" in ends


def test_nothing_is_left_for_the_next_run(worker: LocalWorker) -> None:
    before = worker.run(request(LEFT))
    for name in ("a member that is a function of the host", "attributes of a host's function through vars's class"):
        ending(worker, REVIEW[name][0], "python", 120.0)
    ending(worker, "import sys\nsys.argv.append('evil')", "python", 120.0)
    ending(worker, "from decimal import getcontext\ngetcontext().prec = 5", "python", 120.0)
    outcome = worker.run(request(LEFT))
    assert outcome["error"] is None
    result = outcome["result"]
    assert result == before["result"]
    assert isinstance(result, list)
    assert result[:3] == [[], False, 28]


@pytest.mark.parametrize("name", [name for name in REVIEW if name.startswith("calls without fuel")])
def test_chain_of_hidden_calls_uses_the_same_fuel_on_each_tier(worker: LocalWorker, name: str) -> None:
    source = REVIEW[name][0].replace("range(22)", "range(8)")
    usages = [worker.run(request(source, tier=tier))["usage"] for tier in ("interpreter", "python")]
    used = [usage["fuel"] for usage in usages if isinstance(usage, dict)]
    assert used[0] == used[1] > 512
