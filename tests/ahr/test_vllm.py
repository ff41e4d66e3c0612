"""Text generation on vLLM. vLLM itself needs a GPU, so here stands `tests.fakes.vllm`, with its names and signatures;
`tests.gpu` has it for real.
"""

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from noodle_ray.ahr.describe import describe
from noodle_ray.ahr.engines.load import load_engine, slots_of
from noodle_ray.ahr.generation.answers import Answer
from noodle_ray.ahr.registration import make_spec
from noodle_ray.ahr.replica import ModelReplica
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError
from tests.ahr import tiny

pytestmark = pytest.mark.models

FAKES = Path(__file__).parents[1] / "fakes"
TEMPLATE = "{% for m in messages %}{{ m.role }} {{ m.content }} {% endfor %}says"
WEATHER = {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, minilm_folder: Path) -> Path:
    return tiny.llama(tmp_path_factory.mktemp("vllm") / "m", minilm_folder, TEMPLATE)


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[Any]:
    sys.path.insert(0, str(FAKES))
    engine = load_engine(_spec(folder))
    yield engine
    engine.close()
    sys.path.remove(str(FAKES))
    for name in [name for name in sys.modules if name.partition(".")[0] == "vllm"]:
        del sys.modules[name]


def _spec(folder: Path, **options: Any) -> ModelSpec:
    return ModelSpec("m", f"path:{folder}", engine="vllm", options={"context": 256, "slots": 4, **options})


def _one(engine: Any, prompt: Any = "the office", **kwargs: Any) -> Any:
    (answer,) = engine.infer([((prompt,), kwargs)])
    return answer


def _fake() -> Any:
    return sys.modules["vllm.v1.engine.async_llm"].AsyncLLM  # type: ignore[attr-defined]


def test_text_is_what_transformers_says(engine: Any, folder: Path) -> None:
    reference = load_engine(make_spec("m", f"path:{folder}", engine="transformers"))
    for prompt in ("the office opens", [{"role": "user", "content": "hello"}]):
        assert _one(engine, prompt, max_tokens=12) == _one(reference, prompt, max_tokens=12) != ""
    reference.close()


def test_stream_tells_token_by_token_with_usage_and_logprobs(engine: Any) -> None:
    answer, texts = Answer(), []

    def emit(chunk: dict[str, Any]) -> bool:
        texts.extend([chunk["text"]] if "text" in chunk else [])
        return answer.add(chunk)

    engine.generate({"prompt": "the office", "temperature": 0, "max_tokens": 6, "logprobs": 2}, emit)
    assert (len(texts), answer.finish) == (6, "length")
    assert answer.usage == {"prompt_tokens": 4, "completion_tokens": 6, "cached_tokens": 0}
    assert len(answer.logprobs) == 6
    first = answer.logprobs[0]
    assert first["logprob"] == first["top_logprobs"][0]["logprob"] > first["top_logprobs"][1]["logprob"]


def test_options_arrive_as_vllm_names_them(engine: Any) -> None:
    _one(engine, temperature=0.5, top_p=0, min_p=0.1, repetition_penalty=1.2, stop="x", seed=3, cache_prompt=False)
    asked = _fake().last.asked[-1]
    assert (asked.temperature, asked.top_p, asked.top_k, asked.min_p, asked.seed) == (0.5, 1.0, 1, 0.1, 3)
    assert (asked.repetition_penalty, asked.stop, asked.skip_reading_prefix_cache) == (1.2, ["x"], True)


def test_grammar_is_written_so_that_no_character_runs_into_the_next(engine: Any) -> None:
    _fake().forced = '{"a": 1}'
    try:
        schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
        assert _one(engine, schema=schema) == {"a": 1}
    finally:
        _fake().forced = None
    grammar = _fake().last.asked[-1].structured_outputs.grammar
    assert r'"\u0022a\u0022" ":"' in grammar
    assert "\\x" not in grammar


def test_tools_are_told_and_their_calls_are_read(engine: Any) -> None:
    _fake().forced = '{"tool_calls": [{"name": "weather", "arguments": {"city": "Oslo"}}]}'
    try:
        answer = _one(engine, "w?", tools=[WEATHER])
    finally:
        _fake().forced = None
    assert answer == {"text": "", "tool_calls": [{"name": "weather", "arguments": {"city": "Oslo"}}]}
    assert "weather" in _fake().last.asked[-1].structured_outputs.grammar


def test_answer_ends_where_the_context_does_and_a_longer_prompt_is_refused(engine: Any) -> None:
    answer = Answer()
    engine.generate({"prompt": "the " * 250, "temperature": 0}, answer.add)
    assert answer.usage["prompt_tokens"] + answer.usage["completion_tokens"] <= 256
    assert "has room for 255" in _one(engine, "the " * 300).message
    assert _one(engine, "x", max_tokens=257).code == "NOODLE-E0603"


def test_generation_is_aborted_when_nobody_listens(engine: Any) -> None:
    texts: list[str] = []

    def emit(chunk: dict[str, Any]) -> bool:
        texts.extend([chunk["text"]] if "text" in chunk else [])
        return len(texts) >= 2

    before = len(_fake().last.aborted)
    engine.generate({"prompt": "the office", "max_tokens": 50}, emit)
    _wait_for(lambda: len(_fake().last.aborted) > before and not _fake().last.running)
    assert len(texts) == 2


def test_generation_that_gets_nothing_is_ended_while_others_get_on(engine: Any) -> None:
    """Others' tokens are a sign that the engine lives; without one, nobody is asked, and a watchdog sees it hang."""
    asked = threading.Event()
    gate = _fake().last.gate
    gate.clear()
    with ThreadPoolExecutor(1) as pool:
        generation = pool.submit(engine.generate, {"prompt": "a", "max_tokens": 3}, lambda _: asked.set() or True)
        try:
            assert not asked.wait(0.6)
            engine._told += 1
            assert asked.wait(10)
        finally:
            gate.set()
        generation.result(10)


def test_calls_at_once_run_together(engine: Any) -> None:
    alone = [_one(engine, prompt, max_tokens=5) for prompt in ("a", "b", "c")]
    assert engine.infer([((prompt,), {"max_tokens": 5}) for prompt in ("a", "b", "c")]) == alone


def test_files_and_gpus_choose_the_engine_where_vllm_is_installed(engine: Any, folder: Path) -> None:
    assert describe(folder).engine == "transformers"
    assert describe(folder, options={"gpus": 1}).engine == "vllm"
    with pytest.raises(ModelError, match="does not compute"):
        describe(folder, engine="vllm", options={"dtype": "int8"})
    spec = _spec(folder, slots=7)
    assert (spec.generates, slots_of(spec)) == (True, 7)
    other: Any = load_engine(_spec(folder, gpus=0.5, dtype="bf16", cache_prompt=False, max_batch=1))
    arguments = _fake().last.arguments
    other.close()
    assert (arguments.dtype, arguments.tensor_parallel_size, arguments.gpu_memory_utilization) == ("bfloat16", 1, 0.45)
    assert (arguments.enable_prefix_caching, arguments.trust_remote_code) == (False, False)
    assert _one(other).code == "NOODLE-E0605"


async def test_replica_is_replaced_when_vllms_process_has_ended(engine: Any, folder: Path) -> None:
    replica = ModelReplica(_spec(folder).to_dict())
    try:
        replica.check_health()
        _fake().last.errored = True
        (outcome,) = await replica.infer([(("x",), {})])
        assert (outcome[0], outcome[1][0]) == (False, "NOODLE-E0605")
        with pytest.raises(ModelError, match="stopped working"):
            replica.check_health()
    finally:
        replica.close()


def test_model_that_vllm_refuses_is_a_clear_error(folder: Path, engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(arguments: Any) -> Any:
        raise RuntimeError("no such architecture")

    monkeypatch.setattr(_fake(), "from_engine_args", refuse)
    before = threading.active_count()
    with pytest.raises(ModelError, match="no such architecture") as raised:
        load_engine(_spec(folder))
    assert raised.value.code == "NOODLE-E0604"
    assert threading.active_count() == before


def _wait_for(reached: Any) -> None:
    tries = threading.Event()
    for _ in range(1000):
        if reached():
            return
        tries.wait(0.01)
    raise AssertionError("it did not come to that")
