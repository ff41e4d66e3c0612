"""Durable runs through the HTTP clients and a connection, against a real server."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from noodle_ray.client.connection import Connection
from noodle_ray.client.http import AsyncClient, Client
from noodle_ray.core.vm.limits import Limits
from noodle_ray.errors import PlatformError, RequestError
from tests.client.conftest import Served

LENGTHS = """
from noodle_ray import model
length = model("length")

def main(words):
    return [length(word) for word in words]
"""
ENDLESS = "while True:\n    pass"


@pytest.fixture
def client(platform: Served) -> Iterator[Client]:
    """A client with the right token."""
    with Client(platform.url, platform.token) as made:
        yield made


def test_run_is_started_and_waited_for(client: Client) -> None:
    run = client.start(source=LENGTHS, args=[["a", "bc"]], limits=Limits(fuel=10**6), idempotency_key="once")
    assert (
        client.start(source=LENGTHS, args=[["a", "bc"]], limits=Limits(fuel=10**6), idempotency_key="once")["id"]
        == (run["id"])
    )
    found = client.runs.wait(run["id"])
    assert (found["status"], found["result"], found["limits"]["fuel"]) == ("succeeded", [1, 2], 10**6)
    assert client.runs.get(run["id"]) == found
    assert client.start(source=LENGTHS, args=[["a"]])["id"] != client.start(source=LENGTHS, args=[["a"]])["id"]


def test_result_has_values_that_json_lacks(client: Client) -> None:
    run = client.start(source="{1: float('inf')}")
    assert client.runs.wait(run["id"])["result"] == {1: float("inf")}


def test_events_are_told_to_the_end_and_from_a_position(client: Client) -> None:
    run = client.start(source=LENGTHS, args=[["a", "bc"]])["id"]
    events = list(client.runs.events(run))
    assert [event["type"] for event in events][-3:] == ["effect", "effect", "succeeded"]
    assert list(client.runs.events(run, after=events[-2]["position"])) == events[-1:]
    assert list(client.runs.events(run, after=events[-1]["position"])) == []
    first = next(client.runs.events(run))  # the rest is not read
    assert first == events[0]


def test_events_go_on_where_they_were_when_the_connection_breaks(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = client.start(source=LENGTHS, args=[["a", "bc"]])["id"]
    client.runs.wait(run)
    whole = list(client.runs.events(run))
    original, broken = httpx.Response.aiter_lines, []

    async def breaks(response: httpx.Response) -> AsyncIterator[str]:
        told = 0
        async for line in original(response):
            yield line
            told += line.startswith("data")
            if told == 1 and len(broken) < 2 and not line:
                broken.append(line)
                raise httpx.ReadError("cut")

    monkeypatch.setattr(httpx.Response, "aiter_lines", breaks)
    assert list(client.runs.events(run)) == whole
    assert len(broken) == 2


def test_run_is_paused_resumed_cancelled_retried_listed_and_deleted(client: Client) -> None:
    run = client.start(source=ENDLESS, limits=Limits(deadline=60))["id"]
    assert client.runs.pause(run)["status"] == "paused"
    paused, _ = client.runs.list(status="paused")
    assert [each["id"] for each in paused] == [run]
    client.runs.resume(run)
    assert client.runs.wait(run, timeout=0)["status"] in ("queued", "running")
    assert client.runs.cancel(run)["status"] == "cancelled"
    client.runs.retry(run, {"fuel": 1000})
    assert client.runs.wait(run)["error"]["code"] == "NOODLE-E0401"
    client.runs.delete(run)
    for call in (client.runs.get, client.runs.delete, client.runs.cancel, lambda run: list(client.runs.events(run))):
        with pytest.raises(RequestError) as caught:
            call(run)
        assert caught.value.code == "NOODLE-E0731"


def test_fork_has_another_answer(client: Client) -> None:
    run = client.start(source=LENGTHS, args=[["a"]])["id"]
    key = next(event["key"] for event in client.runs.events(run) if event["type"] == "effect")
    fork = client.runs.fork(run, key, {"any": "value"})
    assert client.runs.wait(fork["id"])["result"] == [{"any": "value"}]


def test_pages_follow_each_other(client: Client) -> None:
    ids = {client.start(source="1")["id"] for _ in range(3)}
    first, before = client.runs.list(limit=2)
    assert before == first[-1]["id"]
    second, _ = client.runs.list(limit=1, before=before)
    assert {run["id"] for run in first + second} == ids


def test_coroutines_use_them_too(platform: Served) -> None:
    async def main() -> list[object]:
        async with AsyncClient(platform.url, platform.token) as client:
            started = await asyncio.gather(*[client.start(source=f"{n} * {n}") for n in range(5)])
            return [(await client.runs.wait(run["id"]))["result"] for run in started]

    assert asyncio.run(main()) == [0, 1, 4, 9, 16]


def test_connection_starts_runs(connected: Connection) -> None:
    run = connected.start("def main(a, b=0): return a - b", 3, b=1, idempotency_key="minus")
    assert connected.runs.wait(run["id"])["result"] == 2


def test_events_of_a_platform_that_is_gone_end_with_an_error() -> None:
    with Client("http://127.0.0.1:9", "x", patience=0) as client, pytest.raises(PlatformError) as caught:
        list(client.runs.events("0" * 32))
    assert caught.value.code == "NOODLE-E0810"


def test_run_gets_signals_in_order(client: Client) -> None:
    source = "from noodle_ray import wait_for_signal\n[wait_for_signal('go/on') for _ in range(2)]"
    run = client.start(source=source)["id"]
    for value in (1, {"two": [2]}):
        assert client.runs.signal(run, "go/on", value)["id"] == run
    assert client.runs.wait(run)["result"] == [1, {"two": [2]}]
    with pytest.raises(RequestError):
        client.runs.signal(run, "go/on")


def test_schedule_is_put_and_removed(client: Client) -> None:
    client.publish("shown", source="def main(words):\n    return words")
    made = client.schedules.put("weekly", program="shown", cron="0 9 * * MON", args=[["a", 1]], missed="none")
    assert client.schedules.get("weekly") == made
    assert client.schedules.list()[0] == [made]
    client.schedules.put("event", program="shown", topic="said")
    ((started),) = client.schedules.tell("said", ["a", 2])["started"]
    assert client.runs.wait(started["run"])["result"] == ["a", 2]
    client.schedules.remove("event")
    client.schedules.remove("weekly")
    with pytest.raises(RequestError) as caught:
        client.schedules.remove("weekly")
    assert caught.value.code == "NOODLE-E0738"
