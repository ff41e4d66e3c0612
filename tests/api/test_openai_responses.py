"""What `/v1/responses` makes of requests, hostile ones included."""

from typing import Any

from tests.api.conftest import AUTHORIZATION, Api
from tests.api.test_openai import BAD_BODIES

PATH = "/v1/responses"
USER = [{"role": "user", "content": "one two"}]

BAD: list[tuple[dict[str, Any], str]] = [
    ({"model": None}, "model"),
    ({"input": None}, "input"),
    ({"input": []}, "input"),
    ({"input": USER * 1001}, "input"),
    ({"input": [5]}, "input"),
    ({"input": [{"role": "wizard", "content": "x"}]}, "input.0.role"),
    ({"input": [{"role": ["user"], "content": "x"}]}, "input.0.role"),
    ({"input": [{"role": "user"}]}, "input.0.content"),
    ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]}, "images"),
    ({"input": [{"role": "user", "content": [{"type": ["input_text"], "text": "x"}]}]}, "images"),
    ({"input": [{"type": "web_search_call", "id": "x"}]}, "input.0 must have the type"),
    ({"input": [{"type": {}}]}, "input.0 must have the type"),
    ({"input": [{"type": "item_reference", "id": "x"}]}, "keeps no responses"),
    ({"input": [{"type": "function_call", "name": "f", "arguments": "{}"}]}, "call_id"),
    ({"input": [{"type": "function_call", "call_id": "c", "name": 5, "arguments": "{}"}]}, "tool_calls"),
    ({"input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{"}]}, "JSON"),
    ({"input": [{"type": "function_call", "call_id": "c", "name": "f"}]}, "arguments"),
    ({"input": [{"type": "function_call_output", "call_id": "c", "output": 5}]}, "output"),
    ({"input": [{"type": "function_call_output", "output": "x"}]}, "call_id"),
    ({"surprise": 1}, "surprise"),
    ({"max_tokens": 5}, "max_tokens"),
    ({"max_output_tokens": 0}, "max_tokens"),
    ({"temperature": 3}, "temperature"),
    ({"top_logprobs": 21}, "top_logprobs"),
    ({"include": ["web_search_call.results"]}, "include"),
    ({"tools": [{"type": "web_search"}]}, "tools.0"),
    ({"tools": [5]}, "tools.0"),
    ({"tools": [{"type": "function", "name": "f", "parameters": {"type": "wat"}}]}, "type"),
    ({"tools": [{"type": "function", "name": "f", "defer_loading": True}]}, "tool 0"),
    ({"tool_choice": "required"}, "needs tools"),
    ({"tool_choice": {"type": "web_search"}}, "tool_choice"),
    ({"tool_choice": {"type": "function", "name": {}}}, "tool_choice"),
    ({"text": {"format": {"type": "xml"}}}, "text.format"),
    ({"text": {"format": "json"}}, "text.format"),
    ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format"),
    ({"text": {"format": {"type": "json_schema", "name": "x", "schema": {"type": "wat"}}}}, "type"),
    ({"text": {"verbosity": "low"}}, "verbosity"),
    ({"truncation": "auto"}, "truncation"),
    ({"reasoning": {"effort": "high"}}, "reasoning"),
    ({"store": True}, "keeps no responses"),
    ({"background": True}, "keeps no responses"),
    ({"conversation": "conv_1"}, "keeps no responses"),
    ({"prompt": {"id": "x"}}, "keeps no responses"),
    ({"metadata": {"a": "x" * 513}}, "metadata"),
    ({"metadata": {str(n): "x" for n in range(17)}}, "metadata"),
]


async def test_bad_request_is_refused_in_openais_words(api: Api) -> None:
    for change, said in BAD:
        response = await api.post(PATH, {"model": "talk", "input": "one two", **change})
        assert response.status_code == 400, (change, response.text)
        error = response.json()["error"]
        assert error["code"] in ("NOODLE-E0603", "NOODLE-E0703", "NOODLE-E0755"), change
        assert error["type"] == "invalid_request_error"
        assert said in error["message"], change
    assert (await api.post(PATH, {"model": "talk", "input": "one two"})).status_code == 200


async def test_body_that_is_none_is_refused(api: Api) -> None:
    for content, status, code in BAD_BODIES:
        response = await api.client.post(PATH, content=content, headers=AUTHORIZATION)
        assert response.status_code == status, response.text
        assert response.json()["error"]["code"].startswith(code or "NOODLE-E0")


async def test_response_needs_the_token_and_tells_in_openais_words(api: Api) -> None:
    for path in (PATH, f"{PATH}/resp_1", f"{PATH}/resp_1/cancel"):
        response = await api.client.post(path, json={"model": "talk", "input": "x"})
        assert (response.status_code, response.json()["error"]["code"]) == (401, "NOODLE-E0701")


async def test_fields_without_effect_are_taken(api: Api) -> None:
    taken = {
        "store": False, "truncation": "disabled", "user": "u", "service_tier": "auto", "max_tool_calls": 1,
        "include": ["reasoning.encrypted_content"], "stream_options": {"include_obfuscation": False}, "tools": [],
    }  # fmt: skip
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": []}
    response = await api.post(PATH, {"model": "talk", "input": [*USER, reasoning], **taken})
    assert response.status_code == 200, response.text
    order = api.models.orders[-1]
    assert order["messages"] == USER
    assert "logprobs" not in order
