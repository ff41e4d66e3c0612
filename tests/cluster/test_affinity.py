"""Which replica a request goes to, decided without a cluster: like to like, unless too much waits there."""

from types import SimpleNamespace
from typing import Any

import pytest

from deployments.affinity import AffinityRouter, key_of, preferred

LONG = "You are a helpful assistant of the library, and answer in one sentence, politely. "


def _request(*args: Any, model: str = "") -> Any:
    return SimpleNamespace(args=args, metadata=SimpleNamespace(multiplexed_model_id=model))


def _chat(system: str, text: str) -> Any:
    return _request({"messages": [{"role": "system", "content": system}, {"role": "user", "content": text}]})


def test_keys_are_how_prompts_begin_or_which_model_is_meant() -> None:
    assert key_of(_chat(LONG * 9, "one")) == key_of(_chat(LONG * 9, "two")) != ""
    assert key_of(_chat(LONG, "one")) != key_of(_chat(LONG[::-1], "one"))
    call = ((LONG * 9 + "a",), {})
    assert key_of(_request([call])) == key_of(_request([((LONG * 9 + "b",), {})]))
    assert key_of(_request([call], model="twin-a")) == "twin-a"
    for short in (
        _chat("", "hi"),
        _request([(("hi",), {})]),
        _request(),
        _request([]),
        _request(5),
        _request([((), {})]),
    ):
        assert key_of(short) == ""


def test_each_key_has_its_replica_and_keeps_it_when_others_go() -> None:
    replicas = dict.fromkeys("abcd", 0)
    homes = {f"key {number}": preferred(f"key {number}", replicas) for number in range(400)}
    shares = [list(homes.values()).count(name) for name in replicas]
    assert min(shares) > 50
    del replicas["d"]
    moved = [key for key, home in homes.items() if preferred(key, replicas) != home]
    assert {homes[key] for key in moved} == {"d"}


def test_replica_with_too_much_waiting_is_not_preferred() -> None:
    home = preferred("k", {"a": 0, "b": 0})
    assert home is not None
    other = "b" if home == "a" else "a"
    assert preferred("k", {home: 4, other: 0}) == home
    assert preferred("k", {home: 5, other: 0}) is None


@pytest.mark.parametrize(("busy", "ranks"), [(0, 2), (9, 1)])
async def test_router_ranks_the_preferred_replica_first(busy: int, ranks: int) -> None:
    candidates = [SimpleNamespace(replica_id=SimpleNamespace(unique_id=name)) for name in "abc"]
    request = _chat(LONG * 9, "x")
    home = preferred(key_of(request), dict.fromkeys("abc", 0))
    queues = {name: busy if name == home else 0 for name in "abc"}
    router: Any = SimpleNamespace(replica_queue_len_cache=SimpleNamespace(get=lambda one: queues[one.unique_id]))
    found = await AffinityRouter.choose_replicas(router, candidates, request)  # type: ignore[arg-type]
    assert len(found) == ranks
    if ranks == 2:
        assert [one.replica_id.unique_id for one in found[0]] == [home]
    assert len(found[-1]) == 2
    assert await AffinityRouter.choose_replicas(router, [], request) == []
