"""What the routes of OpenAI's clients make of requests, hostile ones included."""

import json
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api.conftest import AUTHORIZATION, Api

CHAT = "/v1/chat/completions"
USER = [{"role": "user", "content": "one two"}]


def _deep(depth: int) -> Any:
    return json.loads('{"type": "array", "items": ' * depth + "{}" + "}" * depth)


async def test_request_becomes_an_order_with_openais_defaults(api: Api) -> None:
    await api.post(CHAT, {"model": "talk", "messages": USER})
    order = api.models.orders[-1]
    assert 0 <= order.pop("seed") < 2**32 - 1
    defaults = {"temperature": 1.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "cache_prompt": True}
    assert order == {"messages": USER, **defaults}


async def test_every_option_arrives(api: Api) -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    options = {
        "temperature": 0.5, "top_p": 0.9, "top_k": 40, "min_p": 0.1, "frequency_penalty": 1, "presence_penalty": -1,
        "repetition_penalty": 1.1, "stop": ["x"], "cache_prompt": False, "seed": 7, "tools": [tool],
        "tool_choice": {"type": "function", "function": {"name": "f"}}, "parallel_tool_calls": False,
    }  # fmt: skip
    body = {
        "model": "talk",
        "messages": USER,
        "max_completion_tokens": 5,
        "logprobs": True,
        "top_logprobs": 3,
        **options,
    }
    ignored = {"user": "u", "store": True, "metadata": {"a": "b"}, "service_tier": "auto", "logit_bias": {}, "n": 1}
    response = await api.post(CHAT, {**body, **ignored, "response_format": {"type": "text"}})
    assert response.status_code == 200, response.text
    assert api.models.orders[-1] == {**options, "messages": USER, "max_tokens": 5, "logprobs": 3}


@pytest.mark.parametrize(
    ("given", "form"),
    [
        ({"response_format": {"type": "json_object"}}, {"schema": {"type": "object"}}),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}, "strict": True}}},
            {"schema": {}},
        ),
        ({"structured_outputs": {"choice": ["a"]}}, {"choice": ["a"]}),
        ({"structured_outputs": {"regex": "a+"}}, {"regex": "a+"}),
        ({"structured_outputs": {"json": {"type": "null"}}}, {"schema": {"type": "null"}}),
    ],
)
async def test_form_of_the_answer_arrives(api: Api, given: Any, form: Any) -> None:
    assert (await api.post(CHAT, {"model": "talk", "messages": USER, **given})).status_code == 200
    assert form.items() <= api.models.orders[-1].items()


async def test_messages_are_made_plain(api: Api) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [
        {"role": "developer", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "name": "Ann"},
        {"role": "assistant", "content": None, "tool_calls": [call], "refusal": None, "annotations": []},
        {"role": "tool", "tool_call_id": "c", "content": "3"},
        {"role": "assistant", "content": None},
    ]
    await api.post(CHAT, {"model": "talk", "messages": messages})
    assert api.models.orders[-1]["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "ab"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "3", "tool_call_id": "c"},
        {"role": "assistant", "content": ""},
    ]


BAD_CHATS: list[tuple[dict[str, Any], str]] = [
    ({"model": None}, "model"),
    ({"messages": "x"}, "messages"),
    ({"messages": [5]}, "messages.0"),
    ({"messages": [{"role": "wizard", "content": "x"}]}, "wizard"),
    ({"messages": [{"content": "x"}]}, "message 0"),
    ({"messages": [{"role": "user", "content": None}]}, "messages.0.content"),
    ({"messages": [{"role": "user", "content": "x", "audio": {}}]}, "'audio'"),
    ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}, "images"),
    ({"messages": [{"role": "assistant", "content": None, "tool_calls": [{"function": {}}]}]}, "tool_calls"),
    ({"messages": USER * 1001}, "messages"),
    ({"surprise": 1}, "surprise"),
    ({"functions": []}, "functions"),
    ({"chat_template": "{{ 1 }}"}, "chat_template"),
    ({"grammar": "root ::= root"}, "grammar"),
    ({"reasoning_effort": "high"}, "reasoning_effort"),
    ({"logit_bias": {"5": 1}}, "logit_bias"),
    ({"temperature": "hot"}, "temperature"),
    ({"temperature": 3}, "temperature"),
    ({"top_logprobs": 2}, "needs logprobs"),
    ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"max_tokens": 1, "max_completion_tokens": 1}, "only one of"),
    ({"n": 0}, "n"),
    ({"n": 17}, "n"),
    ({"stop": [""]}, "stop"),
    ({"stop": ["x"] * 17}, "stop"),
    ({"stream": False, "stream_options": {"include_usage": True}}, "needs stream"),
    ({"stream": True, "stream_options": {"x": 1}}, "stream_options"),
    ({"modalities": ["audio"]}, "modalities"),
    ({"tools": [{"type": "web_search"}]}, "tool 0"),
    ({"tool_choice": "required"}, "needs tools"),
    ({"response_format": {"type": "xml"}}, "response_format"),
    ({"response_format": {"type": "json_schema"}}, "response_format"),
    ({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "wat"}}}}, "type"),
    ({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": _deep(40)}}}, "deep"),
    ({"structured_outputs": {"grammar": "root ::= root"}}, "structured_outputs"),
    ({"structured_outputs": {"regex": "(" * 500}}, "regex"),
    ({"structured_outputs": {"regex": "a"}, "response_format": {"type": "json_object"}}, "only one of"),
    ({"structured_outputs": {"choice": ["x"] * 501}}, "choice"),
]


async def test_bad_chat_is_refused_in_openais_words(api: Api) -> None:
    for change, said in BAD_CHATS:
        response = await api.post(CHAT, {"model": "talk", "messages": USER, **change})
        assert response.status_code == 400, (change, response.text)
        error = response.json()["error"]
        assert error["code"] in ("NOODLE-E0603", "NOODLE-E0703")
        assert error["type"] == "invalid_request_error"
        assert said in error["message"]
    assert (await api.post(CHAT, {"model": "talk", "messages": USER})).status_code == 200


BAD_BODIES = [
    (b"{", 400, "NOODLE-E0702"),
    (b"[" * 100_000, 400, "NOODLE-E0702"),
    (b'{"model": "talk", "messages": [{"role": "user", "content": "\\ud800"}]}', 400, None),
    (b'{"model": "talk", "temperature": NaN, "messages": []}', 400, None),
    (b'{"model": "' + b"x" * 3_000_000 + b'"}', 413, "NOODLE-E0704"),
    (b"\xff\xfe", 400, "NOODLE-E0702"),
]


async def test_body_that_is_none_is_refused(api: Api) -> None:
    for path in (CHAT, "/v1/completions", "/v1/embeddings"):
        for content, status, code in BAD_BODIES:
            response = await api.client.post(path, content=content, headers=AUTHORIZATION)
            assert response.status_code == status, response.text
            assert response.json()["error"]["code"].startswith(code or "NOODLE-E0")


BAD_COMPLETIONS: list[tuple[dict[str, Any], str]] = [
    ({"prompt": [[1, 2]]}, "token ids"),
    ({"prompt": []}, "prompt"),
    ({"prompt": ["x"] * 9, "n": 2}, "16 texts"),
    ({"echo": True}, "echo"),
    ({"suffix": "x"}, "suffix"),
    ({"best_of": 2}, "best_of"),
    ({"logprobs": 6}, "logprobs"),
    ({"tools": []}, "tools"),
]


async def test_bad_completion_is_refused(api: Api) -> None:
    for change, said in BAD_COMPLETIONS:
        response = await api.post("/v1/completions", {"model": "talk", "prompt": "x", **change})
        assert response.status_code == 400, change
        assert said in response.json()["error"]["message"]


BAD_EMBEDDINGS: list[tuple[dict[str, Any], int, str]] = [
    ({"input": []}, 400, "1 to 1024"),
    ({"input": ["x"] * 1025}, 400, "1 to 1024"),
    ({"input": [1, 2, 3]}, 400, "token ids"),
    ({"input": [[1]]}, 400, "token ids"),
    ({"dimensions": 1}, 400, "cannot be made shorter"),
    ({"encoding_format": "int8"}, 400, "encoding_format"),
    ({"model": "talk"}, 400, "does not embed"),
    ({"model": "nope"}, 404, "nope"),
]


async def test_bad_embedding_is_refused(api: Api) -> None:
    for change, status, said in BAD_EMBEDDINGS:
        response = await api.post("/v1/embeddings", {"model": "vector", "input": "x", **change})
        assert response.status_code == status, change
        assert said in response.json()["error"]["message"]


async def test_embeddings_of_a_request_share_batches(api: Api) -> None:
    reply = (await api.post("/v1/embeddings", {"model": "vector", "input": ["a", "bb", "ccc"]})).json()
    assert [entry["embedding"][0] for entry in reply["data"]] == [1.0, 2.0, 3.0]
    assert api.models.batches[-1] == 3


async def test_stream_is_made_of_events(api: Api) -> None:
    response = await api.post(CHAT, {"model": "talk", "messages": USER, "stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    events = response.text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    assert all(event.startswith("data: {") for event in events[:-2])


async def test_failed_stream_tells_the_error_and_ends(api: Api) -> None:
    messages = [{"role": "user", "content": "one bug"}]
    response = await api.post(CHAT, {"model": "talk", "messages": messages, "stream": True})
    last, done = response.text.split("\n\n")[-3:-1]
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "NOODLE-E0800"
    assert "KeyError" not in last
    assert done == "data: [DONE]"


async def test_model_with_a_slash_is_described_and_infer_needs_post(api: Api) -> None:
    assert (await api.client.get("/v1/models/a/b", headers=AUTHORIZATION)).json()["id"] == "a/b"
    response = await api.client.get("/v1/models/length/infer", headers=AUTHORIZATION)
    assert (response.status_code, response.json()["code"]) == (405, "NOODLE-E0706")
    assert response.headers["allow"] == "POST"


async def test_metrics_count_generations(api: Api) -> None:
    await api.post(CHAT, {"model": "talk", "messages": USER, "n": 2})
    await api.post("/v1/embeddings", {"model": "vector", "input": "abc"})
    await api.post(CHAT, {"model": "made up", "messages": USER})
    text = (await api.client.get("/metrics", headers=AUTHORIZATION)).text
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["noodle_generation_tokens_total", "prompt", "talk"] == 20
    assert samples["noodle_generation_tokens_total", "completion", "talk"] == 4
    assert samples["noodle_generation_tokens_total", "prompt", "vector"] == 3
    assert samples["noodle_generation_queue_seconds_sum", "talk"] == 0.5
    assert samples["noodle_generation_first_token_seconds_count", "talk"] == 2
    assert samples["noodle_generations_running", "talk"] == 0
    assert "made up" not in text
