"""The driver's clients for models against a real server: the same methods with and without a loop."""

import asyncio
import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from noodle_ray import connect
from noodle_ray.client.asking import AsyncModels, Models
from noodle_ray.client.durable import AsyncRuns, Runs
from noodle_ray.client.http import AsyncClient, Client
from noodle_ray.client.talk import AsyncTalk, Talk
from noodle_ray.errors import ModelError, NoodleError, PlatformError, RequestError, UsageError
from tests.client.conftest import Served


@pytest.fixture
def client(platform: Served) -> Iterator[Client]:
    """A client with the right token."""
    with Client(platform.url, platform.token) as made:
        yield made


def _methods(kind: type) -> dict[str, list[str]]:
    found = inspect.getmembers(kind, lambda member: inspect.isfunction(member) or isinstance(member, property))
    return {
        name: list(inspect.signature(member).parameters) if inspect.isfunction(member) else []
        for name, member in found
        if not name.startswith("_") and name not in ("aclose", "close", "ask_json", "stream", "ready")
    }


@pytest.mark.parametrize(("blocking", "asynchronous"), [(Models, AsyncModels), (Talk, AsyncTalk)])
def test_both_clients_have_the_same_methods(blocking: type, asynchronous: type) -> None:
    assert _methods(blocking) == _methods(asynchronous)
    assert _methods(Runs).keys() == _methods(AsyncRuns).keys()
    assert _methods(AsyncClient).keys() <= _methods(Client).keys()


def test_models_answer_with_what_a_program_gets(client: Client) -> None:
    vector = client.embed("vector", "abc")
    assert [float(number) for number in vector] == pytest.approx([3.0, 0.3])
    assert [float(one[0]) for one in client.embed("vector", ["a", "bb"])] == [1.0, 2.0]
    assert client.embed("vector", []) == []
    assert client.classify("mood", "a long text")["label"] == "good"
    assert [one["label"] for one in client.classify("mood", ["a long text", "x"])] == ["good", "bad"]
    assert client.rerank("rank", "red apples", "red pears") == 0.5
    scores = client.rerank("rank", "red apples", ["apples", "red apples", "x"])
    assert [float(score) for score in scores] == [0.5, 1.0, 0.0]
    assert client.infer("length", ["four", "x"]) == [4, 1]


def test_chat_streams_its_pieces(client: Client, platform: Served) -> None:
    assert list(client.chat_stream("talk", "one two three", max_tokens=5, system="Be kind.")) == ["one", "two", "three"]
    order = platform.models.orders[-1]
    assert order["messages"][0] == {"role": "system", "content": "Be kind."}
    assert (order["max_tokens"], order["temperature"], order["seed"]) == (5, 0.0, 0)
    assert list(client.chat_stream("talk", [{"role": "user", "content": "x"}], choice=["x", "y"])) == ["x"]
    assert platform.models.orders[-1]["choice"] == ["x", "y"]


def test_closing_a_stream_ends_the_generation(client: Client, platform: Served) -> None:
    before = len(platform.models.ended)
    for text in client.chat_stream("talk", "one hold"):
        assert text == "one"
        break

    async def ended() -> None:
        async with asyncio.timeout(30):
            while len(platform.models.ended) == before:
                await asyncio.sleep(0.01)

    asyncio.run(ended())
    assert platform.models.ended[before:] == ["ended early"]


async def test_async_client_answers_and_streams(platform: Served) -> None:
    async with AsyncClient(platform.url, platform.token) as client:
        vectors, told = await asyncio.gather(client.embed("vector", ["abc"]), _texts(client.chat_stream("talk", "a b")))
        assert (float(vectors[0][0]), told) == (3.0, ["a", "b"])
        async with client.talk() as talk:
            vector, told, lengths = await asyncio.gather(
                talk.embed("vector", "ab"), _texts(talk.chat_stream("talk", "x y")), talk.infer("length", ["four"])
            )
            assert (float(vector[0]), told, lengths) == (2.0, ["x", "y"], [4])


async def _texts(told: Any) -> list[str]:
    return [text async for text in told]


def test_talk_carries_many_requests_and_cancels_the_one_that_is_closed(client: Client, platform: Served) -> None:
    before = len(platform.models.ended)
    with client.talk() as talk:
        held = talk.chat_stream("talk", "one hold")
        assert next(held) == "one"  # type: ignore[call-overload]
        assert talk.chat("talk", "a b") == "ab"
        assert [float(one[0]) for one in talk.embed("vector", ["a", "bb"])] == [1.0, 2.0]
        held.close()  # type: ignore[attr-defined]
        assert talk.chat("talk", "c") == "c"
        assert sorted(platform.models.ended[before:]) == ["ended early", "told", "told"]


ERRORS: list[tuple[type[NoodleError], str, Any]] = [
    (ModelError, "NOODLE-E0601", lambda client: client.embed("nope", "x")),
    (ModelError, "NOODLE-E0603", lambda client: client.infer("length", [5])),
    (ModelError, "NOODLE-E0601", lambda client: list(client.chat_stream("nope", "x"))),
    (ModelError, "NOODLE-E0603", lambda client: list(client.chat_stream("talk", "x", temperature=9))),
    (ModelError, "NOODLE-E0605", lambda client: list(client.chat_stream("talk", "one break"))),
    (UsageError, "NOODLE-E0935", lambda client: list(client.chat_stream("talk", "x", tools=[]))),
    (UsageError, "NOODLE-E0915", lambda client: list(client.chat_stream("talk", "x", stop=object()))),
]


def test_errors_are_the_drivers(client: Client, platform: Served) -> None:
    client.asynchronous.patience = 0.1
    with client.talk() as talk:
        for kind, code, ask in ERRORS:
            for asked in (client, talk):
                with pytest.raises(kind) as caught:
                    ask(asked)
                assert caught.value.code == code, code
    for code, ask in (
        ("NOODLE-E0601", lambda: client.rerank("nope", "x", ["y"])),
        ("NOODLE-E0703", lambda: client.rerank("rank", "x", [])),
        ("NOODLE-E0608", lambda: list(client.chat_stream("talk", "busy"))),
    ):
        with pytest.raises(NoodleError) as caught:
            ask()
        assert caught.value.code == code


def test_talk_that_cannot_be_had_or_is_over_is_an_error(platform: Served) -> None:
    with Client("http://127.0.0.1:9", "x") as nobody, pytest.raises(PlatformError) as caught, nobody.talk():
        pass
    assert caught.value.code == "NOODLE-E0810"
    with Client(platform.url, "wrong") as wrong, pytest.raises(RequestError) as refused, wrong.talk():
        pass
    assert refused.value.code == "NOODLE-E0701"
    with Client(platform.url, platform.token) as client:
        talk = client.talk()
        with talk:
            pass
        with pytest.raises(PlatformError):
            talk.chat("talk", "x")


def test_connection_has_the_methods_for_models(platform: Served) -> None:
    with connect(platform.url, platform.token) as connection:
        assert float(connection.embed("vector", "abc")[0]) == 3.0
        assert list(connection.chat_stream("talk", "a b")) == ["a", "b"]
        assert float(connection.infer("rank", "red apples", ["apples"])[0]) == 0.5
        with connection.talk() as talk:
            assert talk.chat("talk", "a b") == "ab"
