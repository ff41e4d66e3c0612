"""Answers that call tools in our own form, read while they are written."""

import json
import random

import pytest

from noodle_ray.ahr.engines.generating import ToolReader
from noodle_ray.ahr.generation.answers import Answer, Chunk
from noodle_ray.ahr.generation.form import FormReader

ARGUMENTS = (
    {"a": "}"}, {}, {"b": [1, {"c": "\\"}], "d": "{\"[\\u00e9"}, {"text": 'say "no"\n' * 3, "empty": ""},
)  # fmt: skip
TEXTS = ("", "a", 'a"😀 b', "\\", "tabs\tand\\nbreaks", "é" * 20, "}]}")


def _read(pieces: list[str]) -> tuple[Answer, FormReader]:
    """What the pieces say together."""
    form, answer = FormReader(), Answer()
    for piece in pieces:
        text, calls = form.feed(piece)
        answer.add({"text": text, "tool_calls": list(calls)})
    return answer, form


def _cut(text: str, seed: int) -> list[str]:
    source, pieces = random.Random(seed), []
    while text:
        size = source.randint(1, 7)
        pieces.append(text[:size])
        text = text[size:]
    return pieces


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("escaped", [True, False])
def test_answer_is_the_same_however_it_comes(indent: int | None, escaped: bool) -> None:
    calls = [{"name": f"tool-{place}", "arguments": arguments} for place, arguments in enumerate(ARGUMENTS)]
    written = json.dumps({"tool_calls": calls}, indent=indent, ensure_ascii=escaped)
    for seed in range(50):
        answer, form = _read(_cut(written, seed))
        assert (answer.text, form.whole, form.calls) == ("", True, len(calls))
        told = [(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in answer.tool_calls]
        assert told == [(call["name"], call["arguments"]) for call in calls]
        assert len({call["id"] for call in answer.tool_calls}) == len(calls)
        for text in TEXTS:
            answer, form = _read(_cut(json.dumps({"answer": text}, indent=indent, ensure_ascii=escaped), seed))
            assert (answer.text, answer.tool_calls) == (text, [])


def test_text_is_told_as_far_as_it_goes() -> None:
    written = '{"answer": "a\\"\\ud83d\\ude00 b"}'
    told = [_read([written[:end]])[0].text for end in range(len(written) + 1)]
    assert told[:15] == [""] * 13 + ["a"] * 2
    assert set(told) == {"", "a", 'a"', 'a"😀', 'a"😀 ', 'a"😀 b'}
    assert [_read(list(written[:end]))[0].text for end in range(len(written) + 1)] == told


def test_calls_are_told_as_far_as_they_go_when_they_are_cut() -> None:
    written = '{"tool_calls": [{"name": "x", "arguments": {"a": "}"}}, {"name": "y", "arguments": {"b": [1'
    answer, form = _read([written])
    assert (answer.text, form.whole) == ("", False)
    assert [call["function"] for call in answer.tool_calls] == [
        {"name": "x", "arguments": '{"a": "}"}'},
        {"name": "y", "arguments": '{"b": [1'},
    ]
    for end in range(len(written)):
        assert _read([written[:end]])[0].text == ""


def test_name_and_arguments_are_told_as_soon_as_they_are_there() -> None:
    told: list[Chunk] = []
    reader = ToolReader(lambda chunk: bool(told.append(chunk)))
    for piece in ('{"tool_calls": [{"name": "x", "argu', 'ments": {"a": ', '"b', '"}', "}]}"):
        reader({"text": piece})
    reader({"finish": "stop"})
    assert told[0] == {}
    begun, *more = [call for chunk in told for call in chunk.get("tool_calls", ())]
    assert (begun["index"], begun["function"], begun["type"]) == (0, {"name": "x", "arguments": ""}, "function")
    assert [call["function"] for call in more] == [{"arguments": text} for text in ('{"a": ', '"b', '"}')]
    assert told[-1] == {"finish": "tool_calls"}


def test_what_has_another_form_says_nothing() -> None:
    for text in ("", "{", "[1]", '{"else": 1}', "plain", '{"tool_calls": []}', '{"tool_calls": [{"name": "\\"'):
        answer, form = _read(list(text))
        assert (answer.text, answer.tool_calls, form.calls) == ("", [], 0)
