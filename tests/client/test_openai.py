"""OpenAI's own client against the API over real connections; the models here are made up, the protocol is not."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import openai
import pytest

from tests.client.conftest import Served


@pytest.fixture
def client(platform: Served) -> Iterator[openai.OpenAI]:
    """OpenAI's client."""
    with openai.OpenAI(base_url=f"{platform.url}/v1", api_key=platform.token, max_retries=0) as client:
        yield client


@pytest.fixture
async def asynchronous(platform: Served) -> AsyncIterator[openai.AsyncOpenAI]:
    """OpenAI's client for coroutines."""
    async with openai.AsyncOpenAI(base_url=f"{platform.url}/v1", api_key=platform.token, max_retries=0) as client:
        yield client


def _user(text: str) -> Any:
    return [{"role": "user", "content": text}]


def test_chat_answers(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(model="talk", messages=_user("one two three"))
    assert reply.object == "chat.completion"
    assert reply.model == "talk"
    (choice,) = reply.choices
    assert (choice.index, choice.finish_reason, choice.logprobs) == (0, "stop", None)
    assert (choice.message.role, choice.message.content) == ("assistant", "onetwothree")
    assert reply.usage is not None
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.total_tokens) == (10, 3, 13)
    assert reply.usage.prompt_tokens_details is not None
    assert reply.usage.prompt_tokens_details.cached_tokens == 4


def test_chat_streams_pieces_and_usage(client: openai.OpenAI) -> None:
    with client.chat.completions.create(
        model="talk", messages=_user("one two three"), stream=True, stream_options={"include_usage": True}
    ) as stream:
        chunks = list(stream)
    assert chunks[0].choices[0].delta.role == "assistant"
    texts = [chunk.choices[0].delta.content for chunk in chunks[:-1]]
    assert [text for text in texts if text] == ["one", "two", "three"]
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 3
    assert len({chunk.id for chunk in chunks}) == 1


def test_stream_tells_no_usage_unless_asked(client: openai.OpenAI) -> None:
    chunks = list(client.chat.completions.create(model="talk", messages=_user("one"), stream=True))
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)


async def test_async_client_chats_and_streams(asynchronous: openai.AsyncOpenAI) -> None:
    reply = await asynchronous.chat.completions.create(model="talk", messages=_user("a b"))
    assert reply.choices[0].message.content == "ab"
    stream = await asynchronous.chat.completions.create(model="talk", messages=_user("a b"), stream=True)
    assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == "ab"


def test_several_choices_are_told_apart(client: openai.OpenAI, platform: Served) -> None:
    reply = client.chat.completions.create(model="talk", messages=_user("one two"), n=3, seed=5)
    assert [(choice.index, choice.message.content) for choice in reply.choices] == [(i, "onetwo") for i in range(3)]
    assert sorted(order["seed"] for order in platform.models.orders[-3:]) == [5, 6, 7]
    assert reply.usage is not None
    assert reply.usage.completion_tokens == 6
    texts = {0: "", 1: ""}
    for chunk in client.chat.completions.create(model="talk", messages=_user("one two"), n=2, stream=True):
        texts[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert texts == {0: "onetwo", 1: "onetwo"}


def test_completion_answers_each_prompt(client: openai.OpenAI) -> None:
    reply = client.completions.create(model="talk", prompt=["one two", "three"], logprobs=0)
    assert [choice.text for choice in reply.choices] == ["onetwo", "three"]
    logprobs = reply.choices[0].logprobs
    assert logprobs is not None
    assert (logprobs.tokens, logprobs.token_logprobs, logprobs.text_offset) == (["one", "two"], [-0.5, -0.5], [0, 3])
    stream = client.completions.create(model="talk", prompt="one two", stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream) == "onetwo"


def test_logprobs_of_a_chat(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(model="talk", messages=_user("é"), logprobs=True, top_logprobs=2)
    assert reply.choices[0].logprobs is not None
    assert reply.choices[0].logprobs.content is not None
    (entry,) = reply.choices[0].logprobs.content
    assert (entry.token, entry.logprob, entry.bytes) == ("é", -0.5, [195, 169])


def test_embeddings_come_as_floats_and_in_base64(client: openai.OpenAI) -> None:
    reply = client.embeddings.create(model="vector", input=["abc", "abcde"])  # asks for base64 by itself
    assert [entry.embedding for entry in reply.data] == [pytest.approx([3.0, 0.3]), pytest.approx([5.0, 0.5])]
    assert reply.usage.prompt_tokens == reply.usage.total_tokens == 8
    plain = client.embeddings.create(model="vector", input="abc", encoding_format="float", dimensions=2)
    assert plain.data[0].embedding == reply.data[0].embedding


def test_models_are_listed_and_described(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["length", "vector", "talk", "mood", "rank"]
    found = client.models.retrieve("talk")
    assert (found.id, found.object, found.owned_by, found.created) == ("talk", "model", "noodle", 1_700_000_000)


@pytest.mark.parametrize(
    ("kind", "code", "call"),
    [
        (openai.NotFoundError, "NOODLE-E0601", {"model": "nope", "messages": _user("x")}),
        (openai.BadRequestError, "NOODLE-E0603", {"model": "vector", "messages": _user("x")}),
        (openai.BadRequestError, "NOODLE-E0703", {"model": "talk", "messages": []}),
        (openai.BadRequestError, "NOODLE-E0603", {"model": "talk", "messages": _user("x"), "temperature": 9}),
        (openai.RateLimitError, "NOODLE-E0608", {"model": "talk", "messages": _user("busy")}),
        (openai.InternalServerError, "NOODLE-E0605", {"model": "talk", "messages": _user("break")}),
        (openai.InternalServerError, "NOODLE-E0800", {"model": "talk", "messages": _user("bug")}),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_refusal_raises_what_the_client_has_for_it(
    client: openai.OpenAI, kind: type[openai.APIStatusError], code: str, call: Any, stream: bool
) -> None:
    with pytest.raises(kind) as caught:
        client.chat.completions.create(**call, stream=stream)
    assert caught.value.code == code
    assert client.models.retrieve("talk").id == "talk"


def test_wrong_token_and_unknown_model_raise(platform: Served, client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nope")
    with (
        openai.OpenAI(base_url=f"{platform.url}/v1", api_key="wrong", max_retries=0) as other,
        pytest.raises(openai.AuthenticationError) as caught,
    ):
        other.models.list()
    assert caught.value.code == "NOODLE-E0701"


def test_stream_that_fails_midway_raises_after_what_came(client: openai.OpenAI) -> None:
    for n in (1, 2):
        texts = []
        stream = client.chat.completions.create(model="talk", messages=_user("one break"), stream=True, n=n)
        with pytest.raises(openai.APIError) as caught:
            texts.extend(chunk.choices[0].delta.content for chunk in stream)
        assert "one" in texts
        assert caught.value.code == "NOODLE-E0605"


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("stream", [False, True])
async def test_generation_ends_when_the_client_goes_away(
    asynchronous: openai.AsyncOpenAI, platform: Served, stream: bool, n: int
) -> None:
    before = len(platform.models.ended)
    if stream:
        async with await asynchronous.chat.completions.create(
            model="talk", messages=_user("one hold"), stream=True, n=n
        ) as chunks:
            async for chunk in chunks:
                if chunk.choices[0].delta.content == "one":
                    break
    else:
        with pytest.raises(openai.APITimeoutError):
            await asynchronous.chat.completions.create(model="talk", messages=_user("one hold"), n=n, timeout=0.5)
    deadline = time.monotonic() + 30
    while len(platform.models.ended) < before + n:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    assert platform.models.ended[before:] == ["ended early"] * n
