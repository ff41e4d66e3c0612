"""Generation on torch with all its options, told piece by piece; text against transformers' own."""

import asyncio
import json
import math
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from noodle_ray.ahr.engines.load import load_engine, slots_of
from noodle_ray.ahr.engines.pieces import Pieces
from noodle_ray.ahr.generation.answers import Answer
from noodle_ray.ahr.replica import ModelReplica
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError
from tests.ahr import tiny

pytestmark = pytest.mark.models

SEA = "Write one sentence about the sea."
TEMPLATE = "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}<assistant>"
WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string", "maxLength": 8}}, "required": ["city"]},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A language model that says nothing sensible, in bytes."""
    made = tmp_path_factory.mktemp("torch")
    tokenizer = tiny.byte_tokenizer(made / "tokenizer", SEA, TEMPLATE, "the sea, the sun and the city")
    sizes = {"vocab_size": 290, "max_position_embeddings": 4096, "eos_token_id": 1, "bos_token_id": 0}
    return tiny.llama(made / "m", tokenizer, TEMPLATE, **sizes)


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[Any]:
    engine = load_engine(_spec(folder))
    yield engine
    engine.close()


def _spec(folder: Path, **options: Any) -> ModelSpec:
    return ModelSpec("m", f"path:{folder}", task="generation", engine="transformers", options=options)


def _one(engine: Any, prompt: Any = SEA, **kwargs: Any) -> Any:
    (answer,) = engine.infer([((prompt,), kwargs)])
    return answer


def _told(engine: Any, prompt: Any = SEA, **options: Any) -> tuple[Answer, list[dict[str, Any]]]:
    answer, chunks = Answer(), []

    def emit(chunk: dict[str, Any]) -> bool:
        chunks.append(chunk)
        return answer.add(chunk)

    engine.generate({"messages": prompt, "temperature": 0, **options}, emit)
    return answer, [chunk for chunk in chunks if chunk]


def test_text_is_what_transformers_generates(engine: Any, folder: Path) -> None:
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    # More than one batch of prompt, and less than one.
    for prompt in (SEA, "the sea and the city, " * 60):
        tokens = tokenizer(prompt, return_tensors="pt")
        made = model.generate(**tokens, max_new_tokens=40, do_sample=False)[0, tokens["input_ids"].shape[1] :]
        answer = Answer()
        engine.generate({"prompt": prompt, "temperature": 0, "max_tokens": 40}, answer.add)
        assert answer.text == tokenizer.decode(made, skip_special_tokens=True) != ""
        assert answer.usage == {
            "prompt_tokens": tokens["input_ids"].shape[1], "completion_tokens": len(made), "cached_tokens": 0,
        }  # fmt: skip


def test_streamed_text_is_the_whole_text_in_pieces(engine: Any) -> None:
    answer, chunks = _told(engine, max_tokens=16, seed=0)
    assert answer.text == _one(engine, max_tokens=16)
    assert sum("text" in chunk for chunk in chunks) > 8
    assert (answer.finish, answer.usage["completion_tokens"]) == ("length", 16)
    assert all("finish" not in chunk for chunk in chunks[:-1])


def test_answer_ends_at_the_end_token(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, _ = _told(engine, max_tokens=6, logprobs=0)
    letters = [entry["bytes"] for entry in answer.logprobs]
    third = next(token for token in range(290) if list(engine._pieces.after(token)) == letters[3])
    monkeypatch.setattr(engine, "_ends", frozenset([third]))
    ended, _ = _told(engine, max_tokens=6, logprobs=0)
    first = letters.index(letters[3])
    assert [entry["bytes"] for entry in ended.logprobs] == letters[:first]
    assert (ended.finish, ended.usage["completion_tokens"]) == ("stop", first + 1)


def test_generation_ends_within_a_token_when_nobody_listens(engine: Any) -> None:
    asked = 0

    def emit(chunk: dict[str, Any]) -> bool:
        nonlocal asked
        asked += 1
        assert "finish" not in chunk
        return asked >= 3

    engine.generate({"messages": SEA, "temperature": 0, "max_tokens": 500}, emit)
    assert asked == 3


def test_reading_a_long_prompt_is_stopped_when_nobody_listens(engine: Any) -> None:
    chunks: list[Any] = []
    engine.generate({"messages": "sea, " * 400, "max_tokens": 1}, lambda chunk: chunks.append(chunk) or True)
    assert chunks == [{}]


def test_what_emit_raises_ends_the_generation_and_comes_out(engine: Any) -> None:
    def emit(chunk: dict[str, Any]) -> bool:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        engine.generate({"messages": SEA}, emit)


def test_generations_at_once_each_say_what_they_say_alone(engine: Any) -> None:
    prompts = [SEA, "the sun", "the city and the sea", "a", "b", "c"]
    alone = [_one(engine, prompt, max_tokens=20) for prompt in prompts]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda prompt: _one(engine, prompt, max_tokens=20), prompts)) == alone
    assert engine.infer([((prompt,), {"max_tokens": 20}) for prompt in prompts]) == alone
    assert engine.parallel == slots_of(_spec(Path("x"))) == 4


def test_start_of_a_prompt_is_read_once_where_that_is_wanted(engine: Any) -> None:
    options = {"max_tokens": 4, "cache_prompt": True, "messages": "the sun over the city " * 8}
    first, again = (_told(engine, options["messages"], **{**options}) for _ in range(2))
    assert first[0].text == again[0].text
    usage = again[0].usage
    assert usage["cached_tokens"] == usage["prompt_tokens"] - 1
    longer, _ = _told(engine, "the sun over the city " * 6 + "and over the sea", max_tokens=4, cache_prompt=True)
    fresh, _ = _told(engine, "the sun over the city " * 6 + "and over the sea", max_tokens=4)
    assert longer.usage["prompt_tokens"] > longer.usage["cached_tokens"] > 30
    assert fresh.usage["cached_tokens"] == 0
    assert longer.text == fresh.text


def test_stop_text_ends_the_answer_and_is_not_in_it(engine: Any) -> None:
    whole = _one(engine, max_tokens=30)
    for length in (1, 3, 5):
        stop = whole[6 : 6 + length]
        answer, chunks = _told(engine, stop=["never", stop], max_tokens=30, logprobs=0)
        assert answer.text == whole.partition(stop)[0]
        assert answer.finish == "stop"
        assert "".join(chunk.get("text", "") for chunk in chunks) == answer.text
        assert len(answer.logprobs) <= answer.usage["completion_tokens"] < 30


def test_seed_decides_and_another_gives_another_text(engine: Any) -> None:
    texts = [_told(engine, temperature=1.2, seed=seed, max_tokens=16)[0].text for seed in (5, 5, 6)]
    assert texts[0] == texts[1] != texts[2]
    unseeded = {_told(engine, temperature=1.2, max_tokens=16)[0].text for _ in range(3)}
    assert len(unseeded) > 1


@pytest.mark.parametrize("narrow", [{"top_k": 1}, {"top_p": 0.0}, {"min_p": 1.0}])
def test_narrow_sampling_is_greedy(engine: Any, narrow: dict[str, Any]) -> None:
    assert _one(engine, temperature=1.5, max_tokens=12, seed=3, **narrow) == _one(engine, max_tokens=12)


@pytest.mark.parametrize(
    "penalty", [{"frequency_penalty": 2.0}, {"presence_penalty": 2.0}, {"repetition_penalty": 2.0}]
)
def test_penalty_changes_the_text(engine: Any, penalty: dict[str, Any]) -> None:
    assert _one(engine, "the " * 20, max_tokens=40, **penalty) != _one(engine, "the " * 20, max_tokens=40)


def test_logprobs_are_of_the_chosen_tokens(engine: Any) -> None:
    answer, _ = _told(engine, logprobs=3, max_tokens=6)
    assert b"".join(bytes(entry["bytes"]) for entry in answer.logprobs).decode(errors="replace") == answer.text
    assert len(answer.logprobs) == 6
    for entry in answer.logprobs:
        top = [other["logprob"] for other in entry["top_logprobs"]]
        assert len(top) == 3
        assert entry["logprob"] == top[0] == max(top) <= 0
        assert sum(map(math.exp, top)) <= 1.001
    assert [entry["top"] for entry in _one(engine, logprobs=0, max_tokens=2)["logprobs"]] == [{}, {}]


@pytest.mark.parametrize("tokenizer", ["bytes", "words", "spaces"])
def test_pieces_of_tokens_make_the_text_that_the_tokenizer_decodes(
    tokenizer: str, tmp_path: Path, minilm_folder: Path
) -> None:
    import tokenizers
    import transformers

    texts = ["The sea, the city: it's 31 degrees!", "日本 naïve 🙂\tx  y"]
    if tokenizer == "spaces":  # as SentencePiece writes them
        names = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "a", "T", "h", "e", "▁T", "he", "▁The"]
        made = tokenizers.Tokenizer(
            tokenizers.models.BPE(
                {name: place for place, name in enumerate(names)},
                [("▁", "T"), ("h", "e"), ("▁T", "he")],
                byte_fallback=True,
                unk_token="<unk>",
            )
        )
        made.normalizer = tokenizers.normalizers.Sequence(
            [tokenizers.normalizers.Prepend("▁"), tokenizers.normalizers.Replace(" ", "▁")]
        )
        decoders = tokenizers.decoders
        made.decoder = decoders.Sequence(
            [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
        )
        made.save(str(tmp_path / "tokenizer.json"))
        folder = tmp_path
    else:
        folder = minilm_folder if tokenizer == "words" else tiny.byte_tokenizer(tmp_path, SEA)
    read = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    pieces = Pieces(read)
    for text in texts:
        tokens = read(text, add_special_tokens=False)["input_ids"]
        joined = pieces.first(tokens[0]) + b"".join(pieces.after(token) for token in tokens[1:])
        decoded = read.decode(tokens, skip_special_tokens=True)
        assert joined.decode() == (f" {decoded}" if tokenizer == "spaces" else decoded)
    assert pieces.after(10**6) == b""
    assert all(pieces.after(token) == b"" for token in read.all_special_ids)


def test_draws_have_the_probabilities_of_the_tokens_that_may_come() -> None:
    import torch

    from noodle_ray.ahr.engines.sampling import Sampler

    logits = torch.tensor([2.0, 1.0, 0.0, -1.0, 3.0])
    weights = (logits[[0, 1, 3]] / 1.5).softmax(0).tolist()
    for options, wanted in (
        ({}, weights),
        ({"top_k": 2}, [weights[0] / (weights[0] + weights[1]), weights[1] / (weights[0] + weights[1]), 0]),
        ({"top_p": 0.5}, [1, 0, 0]),
        ({"min_p": 0.2}, [weights[0] / (weights[0] + weights[1]), weights[1] / (weights[0] + weights[1]), 0]),
    ):
        sampler = Sampler({"temperature": 1.5, "seed": 7, **options}, [])
        drawn = [sampler.pick(logits, lambda token: token in (0, 1, 3)) for _ in range(4000)]
        assert [drawn.count(token) / 4000 for token in (0, 1, 3)] == pytest.approx(wanted, abs=0.03)
    assert Sampler({"temperature": 0}, []).pick(logits, lambda token: False) is None


@pytest.mark.parametrize(
    "options", [{"top_k": 1_000_000}, {"top_k": 20_000}, {"top_p": 0.9999999}, {"top_p": 0.999}, {"temperature": 1e-7}]
)
def test_tokens_that_cannot_matter_are_not_looked_at(options: dict[str, Any]) -> None:
    import torch

    from noodle_ray.ahr.engines.sampling import Sampler

    logits = torch.linspace(0, 1, 30_000)
    logits[7] = 40.0
    asked: list[int] = []

    def takes(token: int) -> bool:
        asked.append(token)
        return True

    assert Sampler({"seed": 1, **options}, []).pick(logits, takes) == 7
    assert len(asked) <= 2


def test_tokens_that_a_temperature_makes_likely_are_looked_at() -> None:
    import torch

    from noodle_ray.ahr.engines.sampling import Sampler

    logits = torch.zeros(1000)
    logits[7] = 24.0  # the others have 4e-8 of the probability together, and at temperature 2 a share of 0.6 %
    sampler = Sampler({"temperature": 2.0, "top_k": 999, "seed": 1}, [])
    drawn = [sampler.pick(logits, lambda token: True) for _ in range(2000)]
    assert 2 < sum(token != 7 for token in drawn) < 30


@pytest.mark.parametrize("temperature", [1e-320, 1e-40, 9e-7])
def test_smallest_temperatures_count_as_zero(temperature: float) -> None:
    import torch

    from noodle_ray.ahr.engines.sampling import Sampler

    for narrow in ({}, {"top_k": 3}):
        sampler = Sampler({"temperature": temperature, "seed": 1, **narrow}, [])
        assert sampler.pick(torch.tensor([1.0, 3.0, 2.9999999]), lambda token: True) == 1


def test_search_for_a_token_is_a_sign_of_life_and_ends_when_nobody_listens(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from noodle_ray.ahr.engines import torch_generation

    beats: list[None] = []
    monkeypatch.setattr(torch_generation, "_LOOKS", 8)
    monkeypatch.setattr(torch_generation, "beat", lambda: beats.append(None))
    chunks: list[dict[str, Any]] = []
    order = {"messages": SEA, "schema": {"enum": ["a", "b"]}, "temperature": 0, "max_tokens": 8}
    engine.generate(order, lambda chunk: chunks.append(chunk) or not chunk)
    assert chunks[-1] == {}
    assert len(beats) == 1


def test_logits_that_are_not_numbers_are_an_error(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from noodle_ray.ahr.engines import torch_generation

    read = torch_generation.read_jointly
    for value in (math.nan, math.inf):

        def broken(model: Any, work: Any, value: float = value) -> Any:
            logits = [mine.clone() for mine in read(model, work)]
            for (past, tokens), mine in zip(work, logits, strict=True):
                if len(past.tokens) > len(tokens):  # from the second token on
                    mine[5] = value
            return logits

        monkeypatch.setattr(torch_generation, "read_jointly", broken)
        for options in ({}, {"top_k": 5, "temperature": 1.0}, {"logprobs": 2}):
            error = _one(engine, max_tokens=4, **options)
            assert isinstance(error, ModelError)
            assert (error.code, "computes NaN" in error.message) == ("NOODLE-E0605", True)
    monkeypatch.undo()
    assert isinstance(_one(engine, max_tokens=2), str)


def test_pasts_are_let_go_when_memory_is_out(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from noodle_ray.ahr.engines import torch_generation

    _told(engine, max_tokens=2, cache_prompt=True)
    assert engine._pasts._kept

    def full(model: Any, work: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch_generation, "read_jointly", full)
    assert _one(engine, max_tokens=2).code == "NOODLE-E0605"
    assert not engine._pasts._kept


def test_past_of_a_window_that_has_slid_is_not_cropped(folder: Path, tmp_path: Path) -> None:
    import torch
    import transformers

    torch.manual_seed(7)
    config = transformers.MistralConfig(
        vocab_size=290, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2,
        intermediate_size=32, max_position_embeddings=512, sliding_window=32, eos_token_id=1, bos_token_id=0,
        initializer_range=0.4,
    )  # fmt: skip
    transformers.MistralForCausalLM(config).save_pretrained(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    engine: Any = load_engine(_spec(tmp_path))
    try:
        start, other = "the sun over the city " * 4, "the sun over the city " * 3 + "and over the sea"
        first = _one(engine, start, max_tokens=4, cache_prompt=True)
        assert isinstance(first, str)
        for prompt in (other, start):
            told, _ = _told(engine, prompt, max_tokens=4, cache_prompt=True)
            assert told.usage["cached_tokens"] == 0
            assert told.text == _one(engine, prompt, max_tokens=4)
        short, _ = _told(engine, "a", max_tokens=2, cache_prompt=True)
        again, _ = _told(engine, "a", max_tokens=2, cache_prompt=True)
        assert again.usage["cached_tokens"] == again.usage["prompt_tokens"] - 1
        assert again.text == short.text
    finally:
        engine.close()


def test_past_that_cannot_be_cropped_is_dropped(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from noodle_ray.ahr.engines.pasts import JointPast

    def crop(past: Any, length: int) -> None:
        raise RuntimeError("`crop` was called")

    first, _ = _told(engine, "the city", max_tokens=3, cache_prompt=True)
    monkeypatch.setattr(JointPast, "crop", crop)
    again, _ = _told(engine, "the city", max_tokens=3, cache_prompt=True)
    assert (again.text, again.usage["cached_tokens"]) == (first.text, 0)


def test_longrope_has_the_context_of_its_short_factors(folder: Path, tmp_path: Path) -> None:
    import torch
    import transformers

    torch.manual_seed(7)
    config = transformers.Phi3Config(
        vocab_size=290, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2,
        intermediate_size=32, max_position_embeddings=512, original_max_position_embeddings=80, eos_token_id=1,
        bos_token_id=0, pad_token_id=0, initializer_range=0.4,
        rope_parameters={"rope_type": "longrope", "short_factor": [1.0] * 4, "long_factor": [4.0] * 4},
    )  # fmt: skip
    transformers.Phi3ForCausalLM(config).save_pretrained(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    engine: Any = load_engine(_spec(tmp_path))
    assert engine.info()["context"] == 80
    engine.close()
    engine = load_engine(_spec(tmp_path, context=64))
    assert engine.info()["context"] == 64
    engine.close()
    with pytest.raises(ModelError, match="at most 80 tokens") as caught:
        load_engine(_spec(tmp_path, context=81))
    assert caught.value.code == "NOODLE-E0604"


def test_int8_takes_no_rows() -> None:
    import torch

    from noodle_ray.ahr.engines.int8 import Int8Linear

    linear = Int8Linear(torch.nn.Linear(16, 8))
    for shape in ((0, 16), (1, 0, 16), (0, 3, 16)):
        assert linear(torch.zeros(shape)).shape == (*shape[:-1], 8)


def test_penalties_look_back_64_tokens() -> None:
    import torch

    from noodle_ray.ahr.engines.sampling import Sampler

    logits = torch.tensor([1.0, -1.0, 0.5])
    options = {"temperature": 0, "repetition_penalty": 2.0, "frequency_penalty": 0.1, "presence_penalty": 0.25}
    sampler = Sampler(options, [0] + [1] * 63 + [0])
    scores = sampler._penalized(logits)
    assert scores.tolist() == pytest.approx([1 / 2 - 0.1 - 0.25, -1 * 2 - 6.3 - 0.25, 0.5])


@pytest.mark.parametrize(
    "form",
    [
        {"schema": {"type": "array", "items": {"anyOf": [{"type": "string"}] * 16}, "minItems": 1}},
        {"schema": {"properties": {f"p{n}": {"type": "string", "maxLength": 1000} for n in range(200)}}},
        {"schema": {}},
        {"regex": "[a-z]*" * 300},
        {"choice": [f"choice {n}" for n in range(500)]},
    ],
)
def test_hardest_forms_that_are_taken_cost_little(engine: Any, form: dict[str, Any]) -> None:
    began = time.process_time()
    _told(engine, max_tokens=50, **form, temperature=1.0, seed=1)
    assert time.process_time() - began < 10


def test_schema_gives_a_value(engine: Any) -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 12},
            "age": {"type": "integer", "minimum": 1, "maximum": 99},
            "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 3},
        },
        "required": ["name", "age", "tags"],
    }
    for seed, narrow in enumerate([{}, {"top_p": 0.9}, {"top_k": 5, "min_p": 0.01}]):
        value = _one(engine, schema=schema, max_tokens=400, temperature=1.5, seed=seed, **narrow)
        assert list(value) == ["name", "age", "tags"]
        assert len(value["name"]) <= 12
        assert value["age"] in range(1, 100)
        assert set(value["tags"]) <= {"a", "b"}


def test_choice_and_regex_give_texts_of_their_form(engine: Any) -> None:
    choice = ["grün", 'a "b"\n', "c\\d", "日本"]
    said = set()
    for seed in range(8):
        said.add(_one(engine, choice=choice, temperature=2.0, seed=seed))
        text = _one(engine, regex=r"[a-zäöü日本🙂]{3,5}-\d\d!", temperature=2.0, seed=seed)
        assert re.fullmatch(r"[a-zäöü日本🙂]{3,5}-\d\d!", text)
    assert said <= set(choice)
    assert len(said) > 1
    told, chunks = _told(engine, choice=["grün"])
    assert (told.text, told.finish) == ("grün", "stop")
    assert all("\ufffd" not in chunk.get("text", "") for chunk in chunks)


def test_answer_that_is_cut_before_its_form_is_an_error(engine: Any) -> None:
    for form in ({"schema": {"type": "string", "minLength": 500}}, {"choice": ["a long text of many words, it is"]}):
        error = _one(engine, max_tokens=3, **form)
        assert isinstance(error, ModelError)
        assert (error.code, "in 3 tokens" in error.message) == ("NOODLE-E0610", True)


def test_tools_are_called(engine: Any) -> None:
    other = {"name": "other", "parameters": None}
    told, _ = _told(engine, tools=[WEATHER], tool_choice="required", max_tokens=400, parallel_tool_calls=False)
    assert (told.finish, told.text, len(told.tool_calls)) == ("tool_calls", "", 1)
    assert len(json.loads(told.tool_calls[0]["function"]["arguments"])["city"]) <= 8
    named = _one(engine, tools=[WEATHER, other], tool_choice={"name": "get_weather"}, max_tokens=400)
    assert [call["name"] for call in named["tool_calls"]] == ["get_weather"]
    free, _ = _told(engine, tools=[WEATHER], tool_choice="none", max_tokens=3)
    asked, _ = _told(engine, tools=[WEATHER], max_tokens=3)
    assert asked.usage["prompt_tokens"] > free.usage["prompt_tokens"] + 50


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"top_p": 2}, "top_p must be"),
        ({"logprobs": 21}, "logprobs must be"),
        ({"stop": [""]}, "empty text"),
        ({"choice": ["a"], "regex": "a"}, "only one of"),
        ({"schema": {"type": "wat"}}, "schema at #"),
        ({"tools": [WEATHER], "tool_choice": {"name": "x"}}, "none of the tools"),
        ({"max_tokens": 5000}, "max_tokens must be at most 2048"),
        ({"grammar": "root ::= root"}, "but got 'grammar'"),
    ],
)
def test_wrong_option_is_refused(engine: Any, kwargs: dict[str, Any], message: str) -> None:
    error = _one(engine, **kwargs)
    assert error.code == "NOODLE-E0603"
    assert message in error.message
    with pytest.raises(ModelError, match=re.escape(message)):
        engine.generate({"messages": SEA, **kwargs}, lambda _: False)


def test_answer_ends_where_the_context_does_and_a_longer_prompt_is_refused(folder: Path) -> None:
    engine: Any = load_engine(_spec(folder, context=64, slots=1, chat_template="{{ messages[0].content }}"))
    answer, _ = _told(engine, "the sea", max_tokens=64)
    assert answer.usage["prompt_tokens"] + answer.usage["completion_tokens"] == 64
    assert answer.finish == "length"
    assert "has room for 63" in _one(engine, "the city " * 40).message
    engine.close()
    assert _one(engine).code == "NOODLE-E0605"


def test_model_in_int8_generates(engine: Any, folder: Path) -> None:
    small: Any = load_engine(_spec(folder, dtype="int8"))
    text, same = _one(small, max_tokens=20), _one(engine, max_tokens=20)
    assert (small.info()["dtype"], text[:4]) == ("int8", same[:4])
    small.close()


def test_int8_on_a_gpu_is_refused() -> None:
    from noodle_ray.ahr.engines.torch_runner import prepared

    with pytest.raises(ModelError, match="on CPUs only") as caught:
        prepared(None, "int8", "cuda")
    assert caught.value.code == "NOODLE-E0604"


def test_model_without_a_cache_reads_all_anew(engine: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from noodle_ray.ahr.engines import pasts, torch_generation

    expected = _one(engine, max_tokens=12)
    monkeypatch.setattr(torch_generation, "made_joint", lambda *_: False)
    alone: Any = load_engine(_spec(folder))
    try:
        assert not alone.info()["together"]
        assert _one(alone, max_tokens=12) == expected
        monkeypatch.setattr(pasts.transformers, "DynamicCache", lambda config: None)
        assert _one(alone, max_tokens=12) == expected
    finally:
        alone.close()


async def test_replica_streams_and_stops_when_nobody_listens(folder: Path) -> None:
    replica = ModelReplica(_spec(folder, stream_interval=0).to_dict())
    try:
        answer = Answer()
        async for chunks in replica.generate({"messages": SEA, "max_tokens": 5, "temperature": 0}):
            for chunk in chunks:
                answer.add(chunk)
        assert (answer.finish, answer.usage["completion_tokens"]) == ("length", 5)
        listening = replica.generate({"messages": SEA, "max_tokens": 1900, "temperature": 0})
        while not any("text" in chunk for chunk in await anext(listening)):
            pass
        await listening.aclose()
        async with asyncio.timeout(10):
            while (await replica.stats())["streaming"]:
                await asyncio.sleep(0.01)
        ((ok, text),) = await replica.infer([((SEA,), {"max_tokens": 5})])
        assert (ok, text) == (True, answer.text)
    finally:
        replica.close()
