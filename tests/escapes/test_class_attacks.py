"""Attacks through classes end as they must, and leave nothing behind for the next run."""

from collections.abc import Iterator

import pytest

from noodle_ray.core.sandbox.local import LocalWorker
from tests.escapes.class_attacks import CLASS_ATTACKS
from tests.escapes.test_attacks import ending
from tests.sandbox.programs import request

LEFT = """
import json
from abc import ABC
from collections import Counter
from enum import Enum
from fractions import Fraction
shared = [int, set, ValueError, sorted, json.loads, Fraction, Counter, ABC, Enum, object, property, json]
[x for x in shared if hasattr(x, "evil") or hasattr(x, "worse")]
"""


@pytest.fixture(scope="module")
def worker() -> Iterator[LocalWorker]:
    with LocalWorker() as started:
        yield started


@pytest.mark.parametrize("name", CLASS_ATTACKS)
@pytest.mark.parametrize("tier", ["interpreter", "python"])
def test_attack_through_a_class_ends_harmlessly(worker: LocalWorker, name: str, tier: str) -> None:
    source, ends = CLASS_ATTACKS[name]
    assert ending(worker, source, tier, 120.0) in ends.split("|"), name
    assert worker.run(request("1 + 1"))["result"] == 2


def test_nothing_is_left_in_what_runs_share_after_all_of_them(worker: LocalWorker) -> None:
    for name, (source, _) in CLASS_ATTACKS.items():
        if name.startswith("state in"):
            ending(worker, source, "python", 120.0)
    outcome = worker.run(request(LEFT))
    assert outcome["error"] is None, outcome["error"]
    assert outcome["result"] == []
