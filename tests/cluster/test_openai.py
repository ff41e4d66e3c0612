"""OpenAI's own client against the whole platform on Ray, with real models."""

import json
import re
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import httpx
import openai
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import BaseModel, Field

from examples import chat_client
from noodle_ray.cluster import PlatformState

pytestmark = [pytest.mark.cluster, pytest.mark.models]

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "maxLength": 20}},
            "required": ["city"],
        },
    },
}


@pytest.fixture
def talker(platform_on_ray: PlatformState) -> Iterator[openai.OpenAI]:
    """OpenAI's client. Where slots are not freed, it gives up before they are."""
    token = Path(platform_on_ray.token_file).read_text().strip()
    with openai.OpenAI(base_url=f"{platform_on_ray.url}/v1", api_key=token, max_retries=0, timeout=60) as client:
        yield client


@pytest.fixture
async def asynchronous(talker: openai.OpenAI) -> AsyncIterator[openai.AsyncOpenAI]:
    """OpenAI's client for coroutines."""
    async with openai.AsyncOpenAI(
        base_url=str(talker.base_url), api_key=talker.api_key, max_retries=0, timeout=60
    ) as client:
        yield client


def _chat(client: openai.OpenAI, text: str, **more: Any) -> Any:
    messages = [{"role": "user", "content": text}]
    options = {"temperature": 0, "max_tokens": 16, **more}
    return client.chat.completions.create(model="smollm2", messages=messages, **options)  # type: ignore[call-overload]


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _running(client: httpx.Client) -> float:
    """Generations that have a slot, as the metrics tell."""
    families = {family.name: family for family in text_string_to_metric_families(client.get("/metrics").text)}
    return sum(sample.value for sample in families["noodle_generations_running"].samples)


def test_chat_answers_the_same_whole_and_in_pieces(talker: openai.OpenAI) -> None:
    whole = _chat(talker, "Describe the sea.")
    assert whole.choices[0].finish_reason == "length"
    assert whole.usage.completion_tokens == 16
    chunks = list(_chat(talker, "Describe the sea.", stream=True, stream_options={"include_usage": True}))
    texts = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert "".join(text or "" for text in texts) == whole.choices[0].message.content
    assert sum(bool(text) for text in texts) > 10
    assert chunks[-1].usage.completion_tokens == 16
    assert chunks[-1].usage.prompt_tokens == whole.usage.prompt_tokens > 20
    assert chunks[-1].usage.prompt_tokens_details.cached_tokens > 0


async def test_async_client_streams_and_completes(asynchronous: openai.AsyncOpenAI) -> None:
    stream = await asynchronous.completions.create(
        model="smollm2", prompt="The capital of France is", max_tokens=3, temperature=0, stream=True, logprobs=1
    )
    chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].text for chunk in chunks)
    assert text.startswith(" Paris")
    tokens = [
        token for chunk in chunks if chunk.choices[0].logprobs for token in chunk.choices[0].logprobs.tokens or []
    ]
    assert "".join(tokens) == text
    reply = await asynchronous.completions.create(
        model="smollm2", prompt="The capital of France is", max_tokens=3, temperature=0
    )
    assert reply.choices[0].text == text


def test_forms_tools_and_stops(talker: openai.OpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 10},
            "age": {"type": "integer", "minimum": 1, "maximum": 99},
        },
        "required": ["name", "age"],
    }
    form = {"type": "json_schema", "json_schema": {"name": "person", "schema": schema, "strict": True}}
    person = json.loads(
        _chat(talker, "Invent a person.", response_format=form, max_tokens=80).choices[0].message.content
    )
    assert (list(person), person["age"] in range(1, 100)) == (["name", "age"], True)
    regex = {"structured_outputs": {"regex": r"\d{3}-[a-f]{2}"}}
    assert re.fullmatch(r"\d{3}-[a-f]{2}", _chat(talker, "A code.", extra_body=regex).choices[0].message.content)
    options = {"tools": [WEATHER], "tool_choice": "required", "max_tokens": 120, "parallel_tool_calls": False}
    (choice,) = _chat(talker, "What is the weather in Paris?", **options).choices
    assert choice.finish_reason == "tool_calls"
    (call,) = choice.message.tool_calls
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments)["city"]
    chunks = list(_chat(talker, "What is the weather in Paris?", stream=True, **options))
    told = [each for chunk in chunks if chunk.choices for each in chunk.choices[0].delta.tool_calls or ()]
    assert (told[0].function.name, len(told) > 1) == ("get_weather", True)
    assert "".join(each.function.arguments for each in told) == call.function.arguments
    (cut,) = _chat(talker, "What is the weather in Paris?", **(options | {"max_tokens": 14})).choices
    assert (cut.finish_reason, "tool_calls" in (cut.message.content or "")) == ("length", False)
    whole = _chat(talker, "Describe the sea.").choices[0].message.content
    stop = whole.split()[3]
    assert _chat(talker, "Describe the sea.", stop=stop).choices[0].message.content == whole.partition(stop)[0]


class Person(BaseModel):
    """What a text is parsed into."""

    name: Annotated[str, Field(max_length=10)]
    age: Annotated[int, Field(ge=1, le=99)]


def test_responses_answer_stream_parse_and_call(talker: openai.OpenAI) -> None:
    asked: Any = {"model": "smollm2", "input": "Describe the sea.", "temperature": 0, "max_output_tokens": 16}
    whole = talker.responses.create(**asked)
    assert (whole.status, whole.output_text) == (
        "incomplete",
        _chat(talker, "Describe the sea.").choices[0].message.content,
    )
    events = list(talker.responses.create(**asked, stream=True))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == whole.output_text
    assert events[-1].response.usage.output_tokens == 16  # type: ignore[union-attr]
    parsed = talker.responses.parse(**{**asked, "max_output_tokens": 80}, text_format=Person).output_parsed
    assert isinstance(parsed, Person)
    tool: Any = {"type": "function", **WEATHER["function"]}  # type: ignore[dict-item]
    asked |= {"input": "What is the weather in Paris?", "max_output_tokens": 120, "parallel_tool_calls": False}
    cut = talker.responses.create(**asked | {"max_output_tokens": 14}, tools=[tool], tool_choice="required")
    assert cut.incomplete_details is not None
    assert (cut.status, cut.incomplete_details.reason, cut.output_text) == ("incomplete", "max_output_tokens", "")
    (call,) = talker.responses.create(**asked, tools=[tool], tool_choice="required").output
    assert call.type == "function_call"
    assert json.loads(call.arguments)["city"]


def test_embeddings_are_what_infer_gives(talker: openai.OpenAI, client: httpx.Client) -> None:
    texts = ["good morning", "a rather longer text about nothing in particular"]
    reply = talker.embeddings.create(model="minilm", input=texts)
    outputs = client.post("/v1/models/minilm/infer", json={"inputs": texts}).json()["outputs"]
    assert [entry.embedding for entry in reply.data] == [pytest.approx(output, abs=1e-6) for output in outputs]
    assert reply.usage.prompt_tokens == 4 + 10
    assert talker.models.retrieve("minilm").id == "minilm"


def test_refusals_raise_what_the_client_has_for_them(talker: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        talker.chat.completions.create(model="nope", messages=[{"role": "user", "content": "x"}])
    for bad in ({"temperature": 5}, {"max_tokens": 10**6}, {"stop": [""]}):
        with pytest.raises(openai.BadRequestError):
            _chat(talker, "x", **bad)
    with pytest.raises(openai.BadRequestError, match="context size") as caught:
        _chat(talker, "word " * 5000, stream=True)
    assert caught.value.code == "NOODLE-E0603"
    with pytest.raises(openai.AuthenticationError):
        talker.with_options(api_key="wrong").models.list()
    assert _chat(talker, "x", max_tokens=1).usage.completion_tokens == 1


def test_chats_at_once_get_their_own_answers(talker: openai.OpenAI) -> None:
    alone = [_chat(talker, f"What is {n} + 1?", extra_body={"cache_prompt": False}) for n in range(3)]
    with ThreadPoolExecutor(9) as threads:
        together = list(
            threads.map(lambda n: _chat(talker, f"What is {n % 3} + 1?", extra_body={"cache_prompt": False}), range(9))
        )
    for n, reply in enumerate(together):
        assert reply.choices[0].message.content == alone[n % 3].choices[0].message.content


def test_slots_are_freed_when_clients_go_away(talker: openai.OpenAI, client: httpx.Client) -> None:
    streams = [_chat(talker, "Tell a very long story.", stream=True, max_tokens=1900) for _ in range(4)]
    for stream in streams:
        assert any(chunk.choices[0].delta.content for chunk in stream)
    _until(lambda: _running(client) == 4)
    with pytest.raises(openai.APITimeoutError):  # waits for a slot, and leaves
        _chat(talker, "x", timeout=0.5)
    for stream in streams:
        stream.close()
    # Were the slots still busy with those, this would wait for minutes.
    assert _chat(talker, "Say hello.", max_tokens=2).usage.completion_tokens == 2
    _until(lambda: _running(client) == 0)

    def leave(_: int) -> None:  # not streamed: nothing was sent when the client goes
        with pytest.raises(openai.APITimeoutError):
            _chat(talker, "Tell a very long story.", max_tokens=1900, timeout=1.0)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(leave, range(4)))
    assert _chat(talker, "Say hello.", max_tokens=2).usage.completion_tokens == 2
    _until(lambda: _running(client) == 0)


def test_client_that_reads_nothing_holds_no_slot(talker: openai.OpenAI, client: httpx.Client) -> None:
    body = json.dumps(
        {
            "model": "smollm2",
            "messages": [{"role": "user", "content": "Tell a story."}],
            "max_tokens": 100,
            "stream": True,
        }
    )
    host, _, port = str(talker.base_url.host), None, talker.base_url.port
    with socket.create_connection((host, port or 80)) as connection:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {talker.api_key}\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        _until(lambda: _running(client) == 1)
        assert _chat(talker, "Say hello.", max_tokens=2).usage.completion_tokens == 2
        _until(lambda: _running(client) == 0)
        connection.settimeout(30)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")


def test_program_and_chat_share_a_model(talker: openai.OpenAI, client: httpx.Client) -> None:
    source = (
        "from noodle_ray import model\n\nchat = model('smollm2')\n\n"
        "def main():\n    mood = chat('Is the sun bright?', choice=['yes', 'no'])\n"
        "    age = chat('An age.', schema={'type': 'integer', 'minimum': 1, 'maximum': 99})\n"
        "    told = chat('Hi', logprobs=1, max_tokens=2)\n"
        "    return [mood in ('yes', 'no'), 1 <= age <= 99, sorted(told), len(told['logprobs'])]\n"
    )
    with ThreadPoolExecutor(2) as threads:
        run = threads.submit(client.post, "/v1/run", json={"source": source})
        assert _chat(talker, "Hi", max_tokens=2).usage.completion_tokens == 2
        reply = run.result().json()
    assert reply["error"] is None
    assert reply["result"] == [True, True, ["logprobs", "text"], 2]


def test_example_of_a_client_runs(talker: openai.OpenAI, capsys: pytest.CaptureFixture[str]) -> None:
    chat_client.main(str(talker.base_url).removesuffix("/v1/"))
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines[-3:]] == ["person", "tool", "likeness"]
