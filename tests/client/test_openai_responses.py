"""`client.responses` of OpenAI's own client against the API over real connections, with a made up model."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import openai
import pytest
from pydantic import BaseModel

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


def test_response_answers(client: openai.OpenAI, platform: Served) -> None:
    reply = client.responses.create(
        model="talk",
        input="one two",
        instructions="Be kind.",
        max_output_tokens=9,
        temperature=0.5,
        metadata={"a": "b"},
    )
    assert (reply.output_text, reply.status, reply.model, reply.metadata) == ("onetwo", "completed", "talk", {"a": "b"})
    assert (reply.temperature, reply.top_p, reply.max_output_tokens) == (0.5, 1.0, 9)
    assert reply.usage is not None
    assert (reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.total_tokens) == (10, 2, 12)
    assert reply.usage.input_tokens_details.cached_tokens == 4
    order = platform.models.orders[-1]
    assert order["messages"] == [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "one two"}]
    assert (order["max_tokens"], order["temperature"]) == (9, 0.5)


def test_events_come_in_their_order_and_add_up(client: openai.OpenAI) -> None:
    events = list(client.responses.create(model="talk", input="one two", stream=True))
    assert [event.type.removeprefix("response.") for event in events] == [
        "created", "in_progress", "output_item.added", "content_part.added", "output_text.delta", "output_text.delta",
        "output_text.done", "content_part.done", "output_item.done", "completed",
    ]  # fmt: skip
    assert [event.sequence_number for event in events] == list(range(len(events)))
    with client.responses.stream(model="talk", input="one two three") as stream:
        told = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        final = stream.get_final_response()
    assert told == final.output_text == "onetwothree"
    assert final.usage is not None
    assert final.usage.output_tokens == 3


async def test_async_client_answers_and_streams(asynchronous: openai.AsyncOpenAI) -> None:
    assert (await asynchronous.responses.create(model="talk", input="a b")).output_text == "ab"
    async with asynchronous.responses.stream(model="talk", input="a b") as stream:
        assert (await stream.get_final_response()).output_text == "ab"


class Person(BaseModel):
    """What a text is parsed into."""

    name: str


def test_parse_asks_for_the_schema_and_parses(client: openai.OpenAI, platform: Served) -> None:
    reply = client.responses.parse(model="talk", input='{"name":"Ann"}', text_format=Person)
    assert reply.output_parsed == Person(name="Ann")
    assert platform.models.orders[-1]["schema"]["required"] == ["name"]
    with client.responses.stream(model="talk", input='{"name":"Bo"}', text_format=Person) as stream:
        assert stream.get_final_response().output_parsed == Person(name="Bo")


def test_call_of_a_function_and_its_output_go_round(client: openai.OpenAI, platform: Served) -> None:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tool: Any = {"type": "function", "name": "weather", "parameters": parameters, "strict": True}
    given: Any = [{"role": "user", "content": "call weather"}]
    reply = client.responses.create(model="talk", input=given, tools=[tool], tool_choice="required")
    said, call = reply.output
    assert said.type == "message"
    assert call.type == "function_call"
    assert (call.name, call.arguments) == ("weather", '{"city": "Paris"}')
    events = list(client.responses.create(model="talk", input=given, tools=[tool], stream=True))
    deltas = [event.delta for event in events if event.type == "response.function_call_arguments.delta"]
    assert "".join(deltas) == '{"city": "Paris"}'
    assert [e.item.status for e in events if e.type == "response.output_item.done"] == ["completed"] * 2  # type: ignore[union-attr]
    with client.responses.stream(model="talk", input=given, tools=[tool]) as stream:
        parsed = stream.get_final_response().output[1]
        assert parsed.type == "function_call"
        assert parsed.parsed_arguments == {"city": "Paris"}
    given += [item.model_dump() for item in reply.output]
    given.append({"type": "function_call_output", "call_id": call.call_id, "output": "sunny"})
    given.append({"role": "user", "content": [{"type": "input_text", "text": "thanks"}]})
    assert client.responses.create(model="talk", input=given, tools=[tool]).output_text == "thanks"
    function = {"name": "weather", "arguments": '{"city": "Paris"}'}
    assert platform.models.orders[-1]["messages"] == [
        {"role": "user", "content": "call weather"},
        {
            "role": "assistant",
            "content": "call",
            "tool_calls": [{"id": call.call_id, "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": call.call_id, "content": "sunny"},
        {"role": "user", "content": "thanks"},
    ]


def test_what_a_model_thinks_is_an_item_of_its_own(client: openai.OpenAI) -> None:
    events = list(client.responses.create(model="talk", input="think yes", stream=True, top_logprobs=1))
    final = events[-1]
    assert final.type == "response.completed"
    thought, said = final.response.output
    assert thought.type == "reasoning"
    assert thought.content is not None
    assert thought.content[0].text == "hm"
    assert said.type == "message"
    assert said.content[0].type == "output_text"
    assert (said.content[0].text, [entry.token for entry in said.content[0].logprobs or []]) == ("yes", ["yes"])
    with client.responses.stream(model="talk", input="think yes") as stream:
        assert [item.type for item in stream.get_final_response().output] == ["reasoning", "message"]


def test_text_that_was_cut_is_incomplete(client: openai.OpenAI) -> None:
    reply = client.responses.create(model="talk", input="one cut")
    assert reply.status == "incomplete"
    assert reply.incomplete_details is not None
    assert reply.incomplete_details.reason == "max_output_tokens"
    assert reply.output[-1].status == "incomplete"  # type: ignore[union-attr]
    assert list(client.responses.create(model="talk", input="one cut", stream=True))[-1].type == "response.incomplete"


@pytest.mark.parametrize("stream", [False, True])
def test_refusals_raise_what_the_client_has_for_them(client: openai.OpenAI, stream: bool) -> None:
    for kind, code, call in (
        (openai.NotFoundError, "NOODLE-E0601", {"model": "nope"}),
        (openai.BadRequestError, "NOODLE-E0603", {"model": "vector"}),
        (openai.BadRequestError, "NOODLE-E0755", {"previous_response_id": "resp_1"}),
        (openai.BadRequestError, "NOODLE-E0703", {"input": 5}),
        (openai.RateLimitError, "NOODLE-E0608", {"input": "busy"}),
        (openai.InternalServerError, "NOODLE-E0605", {"input": "break"}),
        (openai.InternalServerError, "NOODLE-E0800", {"input": "bug"}),
    ):
        with pytest.raises(kind) as caught:
            client.responses.create(**{"model": "talk", "input": "x", "stream": stream, **call})  # type: ignore[call-overload]
        assert caught.value.code == code


def test_nothing_is_kept_to_retrieve(client: openai.OpenAI) -> None:
    kept = client.responses.create(model="talk", input="x")
    for ask in (client.responses.retrieve, client.responses.delete, client.responses.cancel):
        with pytest.raises(openai.NotFoundError) as caught:
            ask(kept.id)
        assert caught.value.code == "NOODLE-E0755"


def test_stream_that_fails_midway_tells_what_came(client: openai.OpenAI) -> None:
    events = list(client.responses.create(model="talk", input="one break", stream=True))
    assert [event.type for event in events[-2:]] == ["error", "response.failed"]
    assert events[-2].code == "NOODLE-E0605"  # type: ignore[union-attr]
    assert events[-1].response.output_text == "one"  # type: ignore[union-attr]


@pytest.mark.parametrize("stream", [False, True])
async def test_generation_ends_when_the_client_goes_away(
    asynchronous: openai.AsyncOpenAI, platform: Served, stream: bool
) -> None:
    before = len(platform.models.ended)
    if stream:
        async with await asynchronous.responses.create(model="talk", input="one hold", stream=True) as events:
            async for event in events:
                if event.type == "response.output_text.delta":
                    break
    else:
        with pytest.raises(openai.APITimeoutError):
            await asynchronous.responses.create(model="talk", input="one hold", timeout=0.5)
    deadline = time.monotonic() + 30
    while len(platform.models.ended) == before:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    assert platform.models.ended[before:] == ["ended early"]
