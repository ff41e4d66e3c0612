"""Published programs as models, through OpenAI's own client over real connections."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from websockets.asyncio.client import connect

from noodle_ray.client.http import Client
from tests.client.conftest import Served

STREAMED = """
from noodle_ray import model
length = model("length")

def main(messages: list, temperature: float = 1.0):
    words = messages[-1]["content"].split()
    for word in words:
        yield f"{word}:{length(word)} "
    if "fail" in words:
        raise ValueError("no more")
    yield str(temperature)
"""
PROGRAMS = {
    "streamed": STREAMED,
    "counted": "from noodle_ray import model\ndef main(messages):\n    return str(len(model('vector')('abcde')))",
    "plain": "async def main(messages, /, **options):\n    return messages[0]['role'] + str(sorted(options))",
    "numbers": "def main(messages):\n    yield 'one'\n    yield 2",
    "none": "def main(messages):\n    return 7",
    "endless": "def main(messages):\n    while True:\n        yield 'x' * 1000",
    "needs": "def main(messages, place):\n    return ''",
    "other": "def main(text):\n    return text",
}


@pytest.fixture(scope="module")
def served(platform: Served) -> Iterator[Served]:
    """The platform, with programs."""
    with Client(platform.url, platform.token) as client:
        for name, source in PROGRAMS.items():
            client.publish(name, source=source, alias="prod")
        yield platform
        for name in PROGRAMS:
            client.programs.remove(name)


@pytest.fixture
def client(served: Served) -> Iterator[openai.OpenAI]:
    """OpenAI's client."""
    with openai.OpenAI(base_url=f"{served.url}/v1", api_key=served.token, max_retries=0) as client:
        yield client


def _user(text: str) -> Any:
    return [{"role": "user", "content": text}]


def test_program_answers(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(model="noodle:streamed", messages=_user("a bc"), temperature=0.5)
    assert (reply.model, reply.choices[0].finish_reason) == ("noodle:streamed", "stop")
    assert reply.choices[0].message.content == "a:1 bc:2 0.5"
    assert reply.usage is not None
    several = client.chat.completions.create(model="noodle:streamed@prod", messages=_user("a"), n=2)
    assert [choice.message.content for choice in several.choices] == ["a:1 1.0"] * 2
    plain = client.chat.completions.create(
        model="noodle:plain@1", messages=[{"role": "system", "content": [{"type": "text", "text": ""}]}], top_p=1
    )
    assert plain.choices[0].message.content == "system['top_p']"


def test_program_answers_in_the_newer_form(client: openai.OpenAI) -> None:
    reply = client.responses.create(model="noodle:streamed@prod", input="a bc", temperature=0.5)
    assert (reply.model, reply.status, reply.output_text) == ("noodle:streamed@prod", "completed", "a:1 bc:2 0.5")
    everything: Any = {
        "instructions": "Be brief.",
        "max_output_tokens": 9,
        "tools": [{"type": "function", "name": "find", "parameters": {}}],
        "tool_choice": "auto",
        "text": {"format": {"type": "json_schema", "name": "x", "schema": {}}},
        "top_logprobs": 2,
        "metadata": {"a": "b"},
    }
    given = client.responses.create(model="noodle:plain", input="a", **everything).output_text
    taken = ["logprobs", "max_tokens", "response_format", "tool_choice", "tools", "top_logprobs"]
    assert given == f"system{taken}"
    counted = client.responses.create(model="noodle:counted", input="a").usage
    assert counted is not None
    assert (counted.input_tokens, counted.output_tokens) == (5, 0)


def test_program_streams_in_the_newer_form(client: openai.OpenAI) -> None:
    with client.responses.stream(model="noodle:streamed", input="a bc") as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        assert stream.get_final_response().output_text == "a:1 bc:2 1.0"
    assert len(deltas) >= 2
    with client.responses.create(model="noodle:streamed", input="fail", stream=True) as events:
        kinds = [event.type for event in events]
    assert kinds[-2:] == ["error", "response.failed"]


@pytest.mark.parametrize(
    ("model", "more", "code"),
    [
        ("streamed", {"input": "fail"}, "NOODLE-E0501"),
        ("streamed", {"max_output_tokens": 5}, "NOODLE-E0742"),
        ("streamed", {"text": {"format": {"type": "json_object"}}}, "NOODLE-E0742"),
        ("streamed", {"previous_response_id": "resp_1"}, "NOODLE-E0755"),
        ("streamed", {"input": []}, "NOODLE-E0603"),
        ("streamed", {"input": [{"type": "message", "role": "user", "content": [{}]}]}, "NOODLE-E0603"),
        ("other", {}, "NOODLE-E0742"),
        ("nothing", {}, "NOODLE-E0733"),
        ("../a", {}, "NOODLE-E0741"),
        ("endless", {}, "NOODLE-E0405"),
    ],
)
def test_newer_form_refuses_what_cannot_be_answered(
    client: openai.OpenAI, model: str, more: dict[str, Any], code: str
) -> None:
    with pytest.raises((openai.BadRequestError, openai.NotFoundError)) as failed:
        client.responses.create(**{"model": f"noodle:{model}", "input": "a", **more})
    assert failed.value.code == code


async def test_program_answers_over_a_websocket(served: Served) -> None:
    headers = {"Authorization": f"Bearer {served.token}"}
    async with connect(f"ws{served.url.removeprefix('http')}/v1/ws", additional_headers=headers) as ws:

        async def frames(name: str, **body: Any) -> list[Any]:
            asked = {"model": "noodle:streamed@prod", "messages": _user("a bc"), **body}
            await ws.send(json.dumps({"id": name, "type": "chat", "body": asked}))
            found = [json.loads(await asyncio.wait_for(ws.recv(), 30))]
            while found[-1]["type"] == "chunk":
                found.append(json.loads(await asyncio.wait_for(ws.recv(), 30)))
            return found

        def text(found: list[Any], place: int) -> str:
            choices = [choice for frame in found[:-1] for choice in frame["body"]["choices"]]
            return "".join(one["delta"].get("content", "") for one in choices if one["index"] == place)

        told = await frames("a", n=2)
        assert [text(told, place) for place in (0, 1)] == ["a:1 bc:2 1.0"] * 2
        assert (told[-1]["type"], told[0]["body"]["model"]) == ("done", "noodle:streamed@prod")
        assert (await frames("b", model="noodle:counted"))[-1]["usage"]["prompt_tokens"] == 5
        for model, more, code in (
            ("noodle:nothing", {}, "NOODLE-E0733"),
            ("noodle:../a", {}, "NOODLE-E0741"),
            ("noodle:other", {}, "NOODLE-E0742"),
            ("noodle:streamed", {"top_p": 1}, "NOODLE-E0742"),
            ("noodle:streamed", {"messages": _user("fail")}, "NOODLE-E0501"),
            ("noodle:numbers", {}, "NOODLE-E0517"),
        ):
            assert (await frames("c", model=model, **more))[-1]["error"]["code"] == code
        for number in range(4):  # more than there are workers
            asked = {"model": "noodle:endless", "messages": _user("a")}
            await ws.send(json.dumps({"id": f"e{number}", "type": "chat", "body": asked}))
            assert json.loads(await ws.recv())["type"] == "chunk"
            await ws.send(json.dumps({"id": f"e{number}", "type": "cancel"}))
            while json.loads(await asyncio.wait_for(ws.recv(), 30))["type"] == "chunk":
                pass
        assert text(await frames("d", model="noodle:plain"), 0) == "user[]"


def test_usage_has_the_tokens_of_the_models_that_it_called(client: openai.OpenAI) -> None:
    usage = client.chat.completions.create(model="noodle:counted", messages=_user("a")).usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (5, 0, 5)


def test_program_streams_what_it_yields(client: openai.OpenAI, served: Served) -> None:
    before = len(served.models.batches)
    options: Any = {"stream": True, "stream_options": {"include_usage": True}}
    with client.chat.completions.create(model="noodle:streamed@prod", messages=_user("a bc"), **options) as stream:
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == "a:1 bc:2 1.0"
    assert len([chunk for chunk in chunks[:-1] if chunk.choices[0].delta.content]) >= 2  # each waits for the model
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None
    assert len(served.models.batches) == before + 2


def test_error_after_the_first_piece_is_told_in_the_stream(client: openai.OpenAI) -> None:
    with client.chat.completions.create(model="noodle:streamed", messages=_user("fail"), stream=True) as stream:
        texts = []
        with pytest.raises(openai.APIError) as failed:
            texts += [chunk.choices[0].delta.content for chunk in stream]
    assert failed.value.code == "NOODLE-E0501"
    assert "the program streamed@1 failed: ValueError: no more" in failed.value.message


@pytest.mark.parametrize(
    ("model", "more", "code"),
    [
        ("streamed", {"messages": [{"role": "user", "content": "fail"}]}, "NOODLE-E0501"),
        ("streamed", {"top_p": 1}, "NOODLE-E0742"),
        ("streamed", {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "NOODLE-E0603"),
        ("numbers", {}, "NOODLE-E0517"),
        ("none", {}, "NOODLE-E0517"),
        ("endless", {}, "NOODLE-E0405"),
        ("needs", {}, "NOODLE-E0742"),
        ("other", {}, "NOODLE-E0742"),
        ("streamed@2", {}, "NOODLE-E0733"),
        ("nothing", {}, "NOODLE-E0733"),
        ("", {}, "NOODLE-E0741"),
        ("../a", {}, "NOODLE-E0741"),
    ],
)
def test_what_cannot_be_answered_is_an_error_of_openais_shape(
    client: openai.OpenAI, model: str, more: dict[str, Any], code: str
) -> None:
    with pytest.raises((openai.BadRequestError, openai.NotFoundError)) as failed:
        client.chat.completions.create(**{"model": f"noodle:{model}", "messages": _user("a"), **more})
    assert failed.value.code == code


def test_programs_that_answer_chats_are_listed(client: openai.OpenAI) -> None:
    listed = [model.id for model in client.models.list() if model.id.startswith("noodle:")]
    chats = ["counted", "endless", "none", "numbers", "plain", "streamed"]
    assert listed == [f"noodle:{name}{alias}" for name in chats for alias in ("", "@prod")]
    assert client.models.retrieve("noodle:streamed@prod").id == "noodle:streamed@prod"
    with pytest.raises(openai.BadRequestError):
        client.models.retrieve("noodle:other")


def test_client_that_goes_away_ends_the_program(client: openai.OpenAI, served: Served) -> None:
    for _ in range(4):  # more than there are workers
        with client.chat.completions.create(model="noodle:endless", messages=_user("a"), stream=True) as stream:
            next(iter(stream))
    assert client.chat.completions.create(model="noodle:plain", messages=_user("a")).choices[0].message.content
    with Client(served.url, served.token) as platform:
        assert platform.programs.get("streamed")["statistics"]["started"] >= 1
