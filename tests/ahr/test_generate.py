"""Generation with all its options, and told piece by piece, on llama.cpp."""

import json
import math
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from noodle_ray.ahr.engines.llama import GenerationEngine
from noodle_ray.ahr.engines.llama_chunks import Reader
from noodle_ray.ahr.engines.load import load_engine
from noodle_ray.ahr.generation.answers import Answer
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

pytestmark = pytest.mark.models

SEA = "Write one sentence about the sea."
WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string", "maxLength": 20}}, "required": ["city"]},
}
HERMES = (
    "{% if tools %}<|im_start|>system\nTools: {% for tool in tools %}{{ tool | tojson }}{% endfor %}\n"
    'Call one with <tool_call>\n{"name": "...", "arguments": {...}}\n</tool_call><|im_end|>\n{% endif %}'
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{% if message.tool_calls %}"
    "{% for call in message.tool_calls %}<tool_call>\n"
    '{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}\n</tool_call>'
    "{% endfor %}{% else %}{{ message.content }}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def _one(engine: GenerationEngine, prompt: Any = SEA, **kwargs: Any) -> Any:
    (answer,) = engine.infer([((prompt,), kwargs)])
    return answer


def _told(engine: GenerationEngine, prompt: Any = SEA, **options: Any) -> tuple[Answer, list[dict[str, Any]]]:
    answer, chunks = Answer(), []

    def emit(chunk: dict[str, Any]) -> bool:
        chunks.append(chunk)
        return answer.add(chunk)

    engine.generate({"messages": prompt, "temperature": 0, **options}, emit)
    return answer, [chunk for chunk in chunks if chunk]


def test_streamed_text_is_the_whole_text_in_pieces(smollm2: GenerationEngine) -> None:
    answer, chunks = _told(smollm2, max_tokens=16, seed=0)
    assert answer.text == _one(smollm2, max_tokens=16)
    assert sum("text" in chunk for chunk in chunks) > 10
    assert answer.finish == "length"
    assert answer.usage["completion_tokens"] == 16


def test_generation_ends_within_a_token_when_nobody_listens(smollm2: GenerationEngine) -> None:
    texts: list[str] = []

    def emit(chunk: dict[str, Any]) -> bool:
        texts.extend(chunk.get("text", ()) and [chunk["text"]])
        return len(texts) >= 3

    smollm2.generate({"messages": SEA, "temperature": 0, "max_tokens": 2000}, emit)
    assert len(texts) == 3
    assert _one(smollm2, max_tokens=2)


def test_reading_a_long_prompt_is_stopped_when_nobody_listens(smollm2: GenerationEngine) -> None:
    asked = 0

    def emit(chunk: dict[str, Any]) -> bool:
        nonlocal asked
        asked += 1
        assert not chunk
        return True

    smollm2.generate({"messages": "word " * 1500, "max_tokens": 1}, emit)
    assert asked == 1


def test_what_emit_raises_ends_the_generation_and_comes_out(smollm2: GenerationEngine) -> None:
    def emit(chunk: dict[str, Any]) -> bool:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        smollm2.generate({"messages": SEA}, emit)
    assert _one(smollm2, max_tokens=1)


def test_prompt_without_a_chat_is_gone_on_with(smollm2: GenerationEngine) -> None:
    answer = Answer()
    smollm2.generate({"prompt": "The capital of France is", "temperature": 0, "max_tokens": 3}, answer.add)
    assert answer.text.startswith(" Paris")
    assert answer.usage["prompt_tokens"] == 5


def test_usage_counts_prompt_answer_and_what_was_cached(smollm2: GenerationEngine) -> None:
    options = {"max_tokens": 4, "cache_prompt": True}
    first, again = (_told(smollm2, "Name three birds that swim.", **options)[0].usage for _ in range(2))
    assert first["prompt_tokens"] == again["prompt_tokens"] > again["cached_tokens"] > first["prompt_tokens"] / 2
    assert _told(smollm2, "Name three birds that swim.", max_tokens=4)[0].usage["cached_tokens"] == 0


def test_stop_text_ends_the_answer_and_is_not_in_it(smollm2: GenerationEngine) -> None:
    whole = _one(smollm2)
    word = whole.split()[4]
    answer, _ = _told(smollm2, stop=[word], max_tokens=128)
    assert answer.text == whole.partition(word)[0]
    assert answer.finish == "stop"


def test_seed_decides_and_another_gives_another_text(smollm2: GenerationEngine) -> None:
    texts = [_told(smollm2, temperature=1.2, top_k=0, top_p=1, seed=seed, max_tokens=16)[0].text for seed in (5, 5, 6)]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize("narrow", [{"top_k": 1}, {"top_p": 0.0}, {"min_p": 1.0}])
def test_narrow_sampling_is_greedy(smollm2: GenerationEngine, narrow: dict[str, Any]) -> None:
    assert _one(smollm2, temperature=1.5, max_tokens=12, seed=3, **narrow) == _one(smollm2, max_tokens=12)


@pytest.mark.parametrize(
    "penalty", [{"frequency_penalty": 2.0}, {"presence_penalty": 2.0}, {"repetition_penalty": 2.0}]
)
def test_penalty_changes_a_repetitive_text(smollm2: GenerationEngine, penalty: dict[str, Any]) -> None:
    prompt = "Repeat after me: yes yes yes yes yes yes yes yes"
    assert _one(smollm2, prompt, max_tokens=24, **penalty) != _one(smollm2, prompt, max_tokens=24)


def test_logprobs_are_of_the_chosen_tokens(smollm2: GenerationEngine) -> None:
    answer = _one(smollm2, logprobs=3, max_tokens=6)
    assert "".join(entry["token"] for entry in answer["logprobs"]) == answer["text"]
    for entry in answer["logprobs"]:
        assert len(entry["top"]) == 3
        assert entry["logprob"] == entry["top"][entry["token"]] == max(entry["top"].values()) <= 0
        assert sum(map(math.exp, entry["top"].values())) <= 1.001
    assert [entry["top"] for entry in _one(smollm2, logprobs=0, max_tokens=2)["logprobs"]] == [{}, {}]


def test_schema_gives_a_value(smollm2: GenerationEngine) -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 12},
            "age": {"type": "integer", "minimum": 1, "maximum": 99},
            "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 3},
        },
        "required": ["name", "age", "tags"],
    }
    for seed in range(3):
        value = _one(smollm2, "Invent a person.", schema=schema, max_tokens=120, temperature=1.5, seed=seed)
        assert list(value) == ["name", "age", "tags"]
        assert len(value["name"]) <= 12
        assert value["age"] in range(1, 100)
        assert set(value["tags"]) <= {"a", "b"}


def test_choice_and_regex_give_texts_of_their_form(smollm2: GenerationEngine) -> None:
    choice = ["grün", 'a "b"\n', "c\\d"]
    for seed in range(3):
        assert _one(smollm2, choice=choice, temperature=2.0, seed=seed) in choice
        text = _one(smollm2, regex=r"[a-z]{3,5}-\d\d!", temperature=2.0, seed=seed)
        assert re.fullmatch(r"[a-z]{3,5}-\d\d!", text)


def test_answer_that_is_cut_before_its_form_is_an_error(smollm2: GenerationEngine) -> None:
    for form in ({"schema": {"type": "string", "minLength": 500}}, {"choice": ["a long text of many words, it is"]}):
        error = _one(smollm2, max_tokens=3, **form)
        assert isinstance(error, ModelError)
        assert (error.code, "in 3 tokens" in error.message) == ("NOODLE-E0610", True)


def test_tools_are_called(smollm2: GenerationEngine) -> None:
    other = {"name": "other", "parameters": None}
    question = "What is the weather in Paris?"
    for choice in ("required", {"name": "get_weather"}):
        answer = _one(smollm2, question, tools=[WEATHER, other], tool_choice=choice, max_tokens=200)
        assert {"get_weather", "other"} >= {call["name"] for call in answer["tool_calls"]} != set()
    assert [call["name"] for call in answer["tool_calls"]] == ["get_weather"]
    assert isinstance(answer["tool_calls"][0]["arguments"]["city"], str)
    told, _ = _told(
        smollm2, question, tools=[WEATHER], tool_choice="required", max_tokens=200, parallel_tool_calls=False
    )
    assert (told.finish, told.text, len(told.tool_calls)) == ("tool_calls", "", 1)
    assert json.loads(told.tool_calls[0]["function"]["arguments"])["city"]


def test_call_that_is_cut_shows_nothing_of_its_form(smollm2: GenerationEngine) -> None:
    question, options = "What is the weather in Paris?", {"tools": [WEATHER], "tool_choice": "required"}
    whole, _ = _told(smollm2, question, **options, max_tokens=200)
    (name, arguments), seen = whole.tool_calls[0]["function"].values(), set()
    for most in range(2, whole.usage["completion_tokens"] - 1, 6):
        told, chunks = _told(smollm2, question, **options, max_tokens=most)
        assert (told.text, told.finish) == ("", "length"), most
        assert not any("text" in chunk for chunk in chunks)
        seen |= {(call["function"]["name"], call["function"]["arguments"]) for call in told.tool_calls[:1]}
    assert {called for called, _ in seen} == {name}
    assert all(re.sub(r"\s", "", arguments).startswith(re.sub(r"\s", "", part)) for _, part in seen)
    assert len(seen) > 2
    for most in (4, 14):
        assert _one(smollm2, question, **options, max_tokens=most).code == "NOODLE-E0610"


def test_tool_answers_go_back_to_the_model(smollm2: GenerationEngine) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}}
    messages = [
        {"role": "user", "content": "What is the weather in Paris?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "Sunny, 31 degrees."},
    ]
    told, _ = _told(smollm2, messages, tools=[WEATHER], tool_choice="none", max_tokens=1)
    before, _ = _told(smollm2, messages[:2], tools=[WEATHER], tool_choice="none", max_tokens=1)
    assert told.tool_calls == []
    assert told.usage["prompt_tokens"] >= before.usage["prompt_tokens"] + 8


@pytest.fixture(scope="module")
def hermes(gguf_file: Path) -> Iterator[GenerationEngine]:
    """The language model with a chat template that knows tools."""
    options = {"chat_template": HERMES, "slots": 1, "context": 512}
    engine = load_engine(ModelSpec("hermes", f"gguf:{gguf_file}", options=options))
    assert isinstance(engine, GenerationEngine)
    yield engine
    engine.close()


def test_tools_are_told_through_a_template_that_knows_them(hermes: GenerationEngine) -> None:
    told, _ = _told(hermes, "Weather in Paris?", tools=[WEATHER], max_tokens=1)
    plain, _ = _told(hermes, "Weather in Paris?", max_tokens=1)
    assert told.usage["prompt_tokens"] > plain.usage["prompt_tokens"] + 50
    must, _ = _told(hermes, "Weather in Paris?", tools=[WEATHER], tool_choice="required", max_tokens=200)
    assert (must.finish, must.tool_calls[0]["function"]["name"]) == ("tool_calls", "get_weather")
    pattern = {**WEATHER, "parameters": {"properties": {"x": {"type": "string", "pattern": "^a*a*$"}}}}
    assert "have a pattern" in _one(hermes, "x", tools=[pattern]).message


def test_pieces_of_calls_are_put_together() -> None:
    answer = Answer()
    reader = Reader(answer.add, {})
    pieces: list[dict[str, Any]] = [
        {"index": 0, "id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": "{"}},
        {"index": 0, "function": {"arguments": '"city": "Rome"}'}},
        {"index": 1, "id": "c2", "type": "function", "function": {"name": "other", "arguments": "{}"}},
    ]
    for piece in pieces:
        assert not reader.take({"choices": [{"delta": {"tool_calls": [piece]}, "finish_reason": None}]})
    reader.take({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]})
    assert answer.value("x", {"tools": [WEATHER]})["tool_calls"] == [
        {"name": "get_weather", "arguments": {"city": "Rome"}},
        {"name": "other", "arguments": {}},
    ]


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"top_p": 2}, "top_p must be"),
        ({"top_k": -1}, "top_k must be"),
        ({"min_p": "x"}, "min_p must be"),
        ({"frequency_penalty": 3}, "frequency_penalty must be"),
        ({"presence_penalty": True}, "presence_penalty must be"),
        ({"repetition_penalty": 0}, "repetition_penalty must be"),
        ({"logprobs": 21}, "logprobs must be"),
        ({"logprobs": True}, "logprobs must be"),
        ({"stop": [""]}, "empty text"),
        ({"choice": []}, "choice must be"),
        ({"choice": [""]}, "not empty"),
        ({"choice": ["x" * 20_001]}, "20,000"),
        ({"choice": ["a"], "regex": "a"}, "only one of"),
        ({"regex": "("}, "no regular expression"),
        ({"schema": {"type": "wat"}}, "schema at #"),
        ({"schema": {}, "tools": [WEATHER]}, "only one of"),
        ({"tools": {}}, "tools must be"),
        ({"tools": [5]}, "tool 0 must be"),
        ({"tools": [{"name": "a b"}]}, "the name of tool 0"),
        ({"tools": [WEATHER, WEATHER]}, "the same name"),
        ({"tools": [{"name": "a", "parameters": {"type": "string"}}]}, "must describe an object"),
        ({"tools": [{"name": "a", "parameters": {"type": "wat"}}]}, "parameters of tool 0 at #"),
        ({"tools": [{"type": "function", "function": {"name": "a"}, "x": 1}]}, "nothing else"),
        ({"tools": [WEATHER], "tool_choice": "always"}, "tool_choice must be"),
        ({"tools": [WEATHER], "tool_choice": {"name": "x"}}, "none of the tools"),
        ({"tool_choice": "required"}, "needs tools"),
        ({"cache_prompt": 1}, "cache_prompt must be"),
        ({"grammar": "root ::= root"}, "but got 'grammar'"),
    ],
)
def test_wrong_option_is_refused(smollm2: GenerationEngine, kwargs: dict[str, Any], message: str) -> None:
    error = _one(smollm2, **kwargs)
    assert isinstance(error, ModelError)
    assert error.code == "NOODLE-E0603"
    assert message in error.message


@pytest.mark.parametrize(
    "form",
    [
        {"regex": "[a-z]*" * 300},
        {"schema": {"type": "string", "pattern": "^" + "[a-z]*" * 250 + "$"}},
        {"schema": {"type": "array", "items": {"anyOf": [{"type": "string"}] * 16}, "minItems": 1}},
        {"schema": {"properties": {f"p{n}": {"type": "string", "maxLength": 1000} for n in range(200)}}},
        {"choice": [f"choice {n}" for n in range(500)]},
    ],
)
def test_hardest_forms_that_are_taken_cost_little(smollm2: GenerationEngine, form: dict[str, Any]) -> None:
    def seconds(**options: Any) -> float:
        started = time.process_time()
        _told(smollm2, max_tokens=4, **options)
        return time.process_time() - started

    # A grammar that can be read in very many ways takes minutes for these four tokens.
    assert seconds(**form) < 20 * max(seconds(), 0.2)
