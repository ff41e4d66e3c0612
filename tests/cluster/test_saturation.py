"""More than the platform can take, of every kind at once: refusals, and nothing that stays behind."""

import asyncio
from pathlib import Path

import pytest

from benchmarks.saturation import GROWTH, Saturation, register, saturate, unregister
from noodle_ray.cluster import PlatformState

pytestmark = [pytest.mark.cluster, pytest.mark.models]

SECONDS = 6.0


@pytest.fixture(scope="module")
def found(platform_on_ray: PlatformState) -> Saturation:
    """What came of it: `benchmarks.saturation`, in short."""
    token = Path(platform_on_ray.token_file).read_text().strip()
    try:
        register()
        return asyncio.run(saturate(platform_on_ray, token, SECONDS, SECONDS, "smollm2"))
    finally:
        unregister()


def test_saturated_platform_answers_or_refuses_with_a_code(found: Saturation) -> None:
    assert not found.wrong
    refused = {status for status in found.statuses if status.startswith("429")}
    assert found.statuses["200"] > 0
    assert refused  # the queues were full indeed
    assert set(found.statuses) - refused == {"200"}
    assert all(" NOODLE-E" in status for status in refused)
    assert min(found.answers.values()) > 0
    assert len(found.answers) == 8


def test_nothing_waits_and_nothing_is_under_way_afterwards(found: Saturation) -> None:
    assert found.busy == {}


def test_replicas_hold_no_more_memory_than_after_the_warm_up(found: Saturation) -> None:
    assert {name.split("-")[0].split()[0] for name in found.memory} >= {"Executor", "Model"}
    # An executor's heap settles in two minutes only; the long form waits for that, and holds it to 5 %.
    grown = {name: rate for name, rate in found.grown.items() if not name.startswith("Executor")}
    assert grown == {}, f"more than {GROWTH} times as much"
    assert all(rate < 1.25 for rate in found.grown.values()), found.grown


def test_verdict_sees_each_thing_that_must_not_be(found: Saturation) -> None:
    found = found._replace(memory={})
    assert found.sound
    assert not found._replace(wrong=["embedding: 500"]).sound
    assert not found._replace(busy={"noodle_runs_waiting": 1.0}).sound
    leaking = found._replace(memory={"Model-m 1": (100 << 20, 106 << 20), "Model-n 2": (100 << 20, 104 << 20)})
    assert leaking.grown == {"Model-m 1": 1.06}
    assert not leaking.sound
