"""Durable runs on the whole platform: the executor that executes one is killed, and the run ends as if nothing was."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from noodle_ray.client.http import Client
from noodle_ray.cluster import PlatformState
from noodle_ray.errors import NoodleError
from tests.cluster.processes import replicas

pytestmark = [pytest.mark.cluster, pytest.mark.models]

CALLS = 12
STEPS = """
import time
from noodle_ray import model
embed = model("minilm")

def main(calls: int) -> float:
    total, last = 0.0, 0.0
    for number in range(calls):  # each call needs the answer before, so that one is under way at a time
        last = embed(f"step {number} after {last > 0}, at {time.time()}")[0]
        total += number + 0 * last
        time.sleep(0.2)
    return total
"""


@pytest.fixture
def driver(platform_on_ray: PlatformState) -> Iterator[Client]:
    """The driver's client."""
    with Client(platform_on_ray.url, Path(platform_on_ray.token_file).read_text().strip()) as made:
        yield made


def patiently(ask: Callable[[], Any]) -> Any:
    """What it gives, once the platform answers again."""
    for _ in range(200):
        try:
            return ask()
        except (NoodleError, httpx.HTTPError):
            time.sleep(0.1)
    return ask()


def model_calls(client: httpx.Client) -> float:
    text = client.get("/metrics").raise_for_status().text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    return sum(
        sample.value
        for sample in families["noodle_model_calls"].samples
        if sample.name.endswith("_total") and sample.labels["model"] == "minilm"
    )


def test_run_outlives_its_executor(client: httpx.Client, driver: Client, platform_on_ray: PlatformState) -> None:
    client.post("/v1/models/minilm/infer", json={"inputs": ["warm"]}).raise_for_status()
    before = model_calls(client)
    order: dict[str, Any] = {"source": STEPS, "args": [CALLS], "idempotency_key": "killed", "seed": 1}
    run = driver.start(**order)["id"]
    seen = []
    for event in driver.runs.events(run):
        seen.append(event)
        if [each["type"] for each in seen].count("effect") == 3:
            break
    killed = replicas(platform_on_ray, "Executor")
    for process in killed:
        process.kill()
    assert killed
    again = patiently(lambda: driver.start(**order))
    assert again["id"] == run
    ended = patiently(lambda: driver.runs.wait(run, 60))
    assert (ended["status"], ended["result"]) == ("succeeded", sum(range(CALLS)))
    told = patiently(lambda: list(driver.runs.events(run)))
    assert told[: len(seen)] == seen  # what was in the journal is there as it was
    effects = [event for event in told if event["type"] == "effect"]
    assert len({event["key"] for event in effects}) == len(effects) == CALLS
    assert len({event["node"] for event in told if event["type"] == "running"}) == 2
    # Asked again was at most the one call whose answer was on its way when the process died.
    assert CALLS <= patiently(lambda: model_calls(client)) - before <= CALLS + 1


def test_example_tells_the_run_and_finds_it_again(
    driver: Client, platform_on_ray: PlatformState, capsys: pytest.CaptureFixture[str]
) -> None:
    from examples import durable_run

    for _ in range(2):
        durable_run.main(platform_on_ray.url, 0.0)
    first, second = capsys.readouterr().out.split("run ")[1:]
    assert first.splitlines() == second.splitlines()
    assert first.splitlines()[-1] == "succeeded ['Payment is overdue.', 'The invoice is late.'] "
    assert sum(line.startswith("effect") for line in first.splitlines()) == len(durable_run.TEXTS)
