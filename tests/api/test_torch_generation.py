"""OpenAI's routes in front of a model that torch generates with, loaded in a replica as the platform loads it."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from noodle_ray.ahr.replica import ModelReplica
from tests.ahr import tiny
from tests.api.conftest import AUTHORIZATION, Api, TinyModels

pytestmark = pytest.mark.models

CHAT = "/v1/chat/completions"
USER = [{"role": "user", "content": "the sea"}]
EMPTY = {"type": "object", "properties": {}, "additionalProperties": False}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": EMPTY}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("torch")
    tokenizer = tiny.byte_tokenizer(made / "tokenizer", "the sea, the sun and the city")
    sizes = {"vocab_size": 270, "max_position_embeddings": 1024, "eos_token_id": 1, "bos_token_id": 0}
    return tiny.llama(made / "m", tokenizer, "{% for m in messages %}{{ m.content }}\n{% endfor %}", **sizes)


@pytest.fixture(autouse=True)
def replica(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelReplica]:
    """The model that the routes find, whatever its name."""
    spec = {"name": "talk", "source": f"path:{folder}", "task": "generation", "engine": "transformers"}
    loaded = ModelReplica(spec)

    async def generate(models: TinyModels, name: str, order: dict[str, Any]) -> AsyncIterator[list[dict[str, Any]]]:
        async with aclosing(loaded.generate(order)) as told:  # type: ignore[type-var]
            async for chunks in told:
                yield chunks

    monkeypatch.setattr(TinyModels, "generate", generate)
    yield loaded
    loaded.close()


async def _events(api: Api, path: str, body: dict[str, Any]) -> list[Any]:
    async with api.client.stream("POST", path, json={**body, "stream": True}, headers=AUTHORIZATION) as response:
        assert response.status_code == 200, await response.aread()
        lines = [line.removeprefix("data: ") async for line in response.aiter_lines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


async def test_chat_is_answered_and_streamed_alike(api: Api) -> None:
    body = {"model": "talk", "messages": USER, "max_tokens": 12, "temperature": 0, "logprobs": True}
    response = await api.post(CHAT, body)
    assert response.status_code == 200, response.text
    choice = response.json()["choices"][0]
    assert (choice["finish_reason"], len(choice["logprobs"]["content"])) == ("length", 12)
    events = await _events(api, CHAT, {**body, "stream_options": {"include_usage": True}})
    deltas = [event["choices"][0]["delta"].get("content") or "" for event in events if event["choices"]]
    assert "".join(deltas) == choice["message"]["content"] != ""
    assert events[-1]["usage"] == response.json()["usage"] | {
        "prompt_tokens_details": events[-1]["usage"]["prompt_tokens_details"]
    }
    assert response.json()["usage"]["completion_tokens"] == 12


async def test_completions_and_responses_are_answered(api: Api) -> None:
    body = {"model": "talk", "prompt": "the sea", "max_tokens": 5, "temperature": 0}
    completion = (await api.post("/v1/completions", body)).json()
    assert completion["usage"]["completion_tokens"] == 5
    events = await _events(api, "/v1/completions", body)
    assert "".join(event["choices"][0]["text"] for event in events) == completion["choices"][0]["text"]
    asked = {"model": "talk", "input": "the sea", "max_output_tokens": 5, "temperature": 0}
    response = await api.post("/v1/responses", asked)
    assert response.status_code == 200, response.text
    events = await _events(api, "/v1/responses", asked)
    (text,) = (event["text"] for event in events if event["type"] == "response.output_text.done")
    assert text == response.json()["output"][0]["content"][0]["text"] != ""


async def test_forms_and_tools_hold(api: Api) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer", "maximum": 9}}, "required": ["a"]}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    body = {"model": "talk", "messages": USER, "max_tokens": 400, "seed": 3}
    answer = await api.post(CHAT, {**body, "response_format": form})
    assert json.loads(answer.json()["choices"][0]["message"]["content"])["a"] <= 9
    answer = await api.post(CHAT, {**body, "tools": [TOOL], "tool_choice": "required", "parallel_tool_calls": False})
    choice = answer.json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["tool_calls"][0]["function"]["name"] == "weather"
    wrong = await api.post(CHAT, {**body, "max_tokens": 5000})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "NOODLE-E0603")
