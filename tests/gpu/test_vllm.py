"""The engine on vLLM, where vLLM is installed and a GPU is there. `tests.ahr.test_vllm` has what needs neither."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from noodle_ray.ahr.engines.load import load_engine
from noodle_ray.ahr.generation.answers import Answer
from noodle_ray.ahr.spec import ModelSpec
from tests.ahr import tiny

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, minilm_folder: Path) -> Path:
    """A model whose heads are as wide as vLLM's kernels want them."""
    sizes = {"hidden_size": 256, "num_attention_heads": 4, "intermediate_size": 512, "max_position_embeddings": 512}
    return tiny.llama(tmp_path_factory.mktemp("vllm") / "m", minilm_folder, **sizes)


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[Any]:
    pytest.importorskip("vllm", reason="vLLM is not installed")
    options = {"gpus": 0.25, "context": 256, "slots": 4, "dtype": "fp32"}
    engine = load_engine(ModelSpec("m", f"path:{folder}", engine="vllm", options=options))
    yield engine
    engine.close()


def test_text_is_what_transformers_says(engine: Any, folder: Path) -> None:
    reference = load_engine(ModelSpec("m", f"path:{folder}", engine="transformers", options={"gpus": 0.25}))
    prompts = [("the office opens",), ("staff may carry over five days",), ("a",)]
    calls = [(prompt, {"max_tokens": 8}) for prompt in prompts]
    assert engine.infer(calls) == reference.infer(calls)
    reference.close()


def test_grammar_holds_the_answer_to_a_choice_and_to_a_schema(engine: Any) -> None:
    schema = {"type": "object", "properties": {"a": {"enum": ["bee", "cat"]}}, "required": ["a"]}
    calls = [(("x",), {"choice": ["yes", "no"]}), (("x",), {"schema": schema})]
    chosen, made = engine.infer(calls)
    assert chosen in ("yes", "no")
    assert made in ({"a": "bee"}, {"a": "cat"})


def test_generation_ends_when_nobody_listens_and_the_engine_serves_on(engine: Any) -> None:
    answer = Answer()

    def emit(chunk: dict[str, Any]) -> bool:
        answer.add(chunk)
        return bool(answer.text)

    engine.generate({"prompt": "the office", "max_tokens": 200, "temperature": 0}, emit)
    assert not answer.finish
    assert engine.infer([(("a",), {"max_tokens": 2})])[0] != ""
