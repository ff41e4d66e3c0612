"""Models under load and faults: slots that are freed, replicas that are killed, tokens that are counted."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from noodle_ray.cluster import PlatformState
from tests.cluster.processes import replicas

pytestmark = [pytest.mark.cluster, pytest.mark.models]

STORIES = """
from noodle_ray import model
chat = model("smollm2")

def main(count: int, tokens: int) -> list[str]:
    return [chat(f"Tell story number {number}.", max_tokens=tokens) for number in range(count)]
"""


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _total(client: httpx.Client, name: str, **labels: str) -> float:
    """The sum of a metric's samples with these labels."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


def test_run_that_ends_stops_its_generations_and_tokens_are_counted(client: httpx.Client) -> None:
    labels = {"model": "smollm2", "kind": "completion"}
    before = _total(client, "noodle_generation_tokens_total", **labels)
    body = {"source": STORIES, "args": [8, 1900], "limits": {"deadline": 2.0}}
    assert client.post("/v1/run", json=body).json()["error"]["code"] == "NOODLE-E0403"
    # Were the slots still busy with those, this would wait for minutes.
    reply = client.post("/v1/run", json={"source": STORIES, "args": [6, 4], "limits": {"deadline": 60}}).json()
    assert (reply["error"], len(reply["result"])) == (None, 6)
    _until(lambda: _total(client, "noodle_generation_tokens_total", **labels) - before >= 6)
    # Each went out alone: none waited for the answers of others.
    assert {event["batch_size"] for event in reply["timeline"] if "batch_size" in event} == {1}


def test_no_call_is_lost_when_a_replica_is_killed_under_load(
    client: httpx.Client, platform_on_ray: PlatformState
) -> None:
    texts = [f"sentence {number} of many that are embedded" for number in range(24)]
    body = {"inputs": texts}
    (wanted,) = client.post("/v1/models/minilm/infer", json={"inputs": texts[:1]}).json()["outputs"]
    before = _total(client, "noodle_model_retries_total", model="minilm")

    def ask(_: int) -> httpx.Response:
        return client.post("/v1/models/minilm/infer", json=body)

    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(ask, number) for number in range(40)]
        asked[4].result()
        for replica in replicas(platform_on_ray, "Model-minilm"):
            replica.kill()
        replies = [one.result() for one in asked]
    assert {reply.status_code for reply in replies} == {200}
    assert all(reply.json()["outputs"][0] == pytest.approx(wanted, abs=1e-5) for reply in replies)
    assert _total(client, "noodle_model_retries_total", model="minilm") > before


def test_terms_reach_the_replica(client: httpx.Client) -> None:
    headers = {"Noodle-Priority": "batch", "Noodle-Tenant": "night-shift", "Noodle-Deadline": "0.000001"}
    reply = client.post("/v1/models/minilm/infer", json={"inputs": ["x"]}, headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (429, "NOODLE-E0609")
    headers["Noodle-Deadline"] = "60"
    assert client.post("/v1/models/minilm/infer", json={"inputs": ["x"]}, headers=headers).status_code == 200
