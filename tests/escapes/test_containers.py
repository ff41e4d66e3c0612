"""Every attack through builtins and containers ends as it must, and the worker that met it serves the next run."""

from collections.abc import Iterator

import pytest

from noodle_ray.core.sandbox.local import LocalWorker
from tests.escapes.containers import CONTAINERS
from tests.escapes.test_attacks import ending
from tests.sandbox.programs import request


@pytest.fixture(scope="module")
def worker() -> Iterator[LocalWorker]:
    with LocalWorker() as started:
        yield started


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("tier", ["interpreter", "python"])
def test_attack_ends_harmlessly_when_it_is(worker: LocalWorker, name: str, tier: str) -> None:
    source, ends = CONTAINERS[name]
    deadline = 0.3 if "E0403" in ends else 120.0
    assert ending(worker, source, tier, deadline) in ends.split("|"), name
    assert worker.run(request("1 + 1"))["result"] == 2
