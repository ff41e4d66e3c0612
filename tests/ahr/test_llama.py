"""Text generation on llama.cpp."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from noodle_ray.ahr.engines.base import Engine
from noodle_ray.ahr.engines.load import load_engine
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

pytestmark = pytest.mark.models

PROMPTS = ["Name a colour.", "Write one sentence about the sea.", "What is 2 + 2?", "Say hello.", "Describe a cat."]


def _one(engine: Engine, *args: Any, **kwargs: Any) -> Any:
    (answer,) = engine.infer([(args, kwargs)])
    return answer


def test_answer_is_the_same_text_each_time(smollm2: Engine) -> None:
    question = "What is the capital of France?"
    answer = _one(smollm2, question)
    assert "Paris" in answer
    assert _one(smollm2, question, temperature=0, seed=3) == answer


def test_answers_do_not_depend_on_what_runs_beside_them(smollm2: Engine) -> None:
    alone = [_one(smollm2, prompt, max_tokens=24) for prompt in PROMPTS]
    assert smollm2.infer([((prompt,), {"max_tokens": 24}) for prompt in PROMPTS]) == alone
    with ThreadPoolExecutor(len(PROMPTS)) as pool:
        assert list(pool.map(lambda prompt: _one(smollm2, prompt, max_tokens=24), PROMPTS)) == alone


def test_seed_decides_when_temperature_is_above_zero(smollm2: Engine) -> None:
    first, again, other = (
        _one(smollm2, "Tell me a story.", temperature=1.5, seed=seed, max_tokens=24) for seed in (1, 1, 2)
    )
    assert first == again != other


def test_messages_and_system_prompt_are_followed(smollm2: Engine) -> None:
    system = "You are a helpful assistant."
    messages = [{"role": "system", "content": system}, {"role": "user", "content": PROMPTS[2]}]
    assert _one(smollm2, messages) == _one(smollm2, PROMPTS[2], system=system) == _one(smollm2, PROMPTS[2])
    assert _one(smollm2, PROMPTS[2], system="Answer in French.") != _one(smollm2, PROMPTS[2])


def test_generation_ends_at_a_stop_text_or_at_max_tokens(smollm2: Engine) -> None:
    whole = _one(smollm2, "What is the capital of France?")
    assert _one(smollm2, "What is the capital of France?", stop="France") == whole.partition("France")[0]
    assert len(_one(smollm2, "Count to one hundred.", max_tokens=3)) < 30


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, "but got 0 arguments"),
        (("a", "b"), {}, "but got 2 arguments"),
        ((1,), {}, "a text or a list of messages"),
        (([],), {}, "a text or a list of messages"),
        ((["hi"],), {}, "message 0 must be an object"),
        (([{"role": "user"}],), {}, "exactly role and content"),
        (([{"role": "wizard", "content": "x"}],), {}, "not 'wizard'"),
        (([{"role": ["user"], "content": "x"}],), {}, "must have the role"),
        (([{"role": "user", "content": 5}],), {}, "the content of message 0 must be a text"),
        (([{"role": "system", "content": "x"}],), {"system": "y"}, "system= cannot be given too"),
        (("\udfff",), {}, "lone surrogate"),
        (("x",), {"max_tokens": 0}, "max_tokens must be"),
        (("x",), {"max_tokens": True}, "max_tokens must be"),
        (("x",), {"max_tokens": 10**9}, "at most 2048"),
        (("x",), {"temperature": float("nan")}, "temperature must be"),
        (("x",), {"temperature": "hot"}, "temperature must be"),
        (("x",), {"temperature": -1}, "temperature must be"),
        (("x",), {"seed": -1}, "seed must be"),
        (("x",), {"stop": [1]}, "stop must be"),
        (("x",), {"stop": ["a"] * 17}, "at most 16"),
        (("x",), {"system": 1}, "system must be"),
        (("x",), {"grammar": "root"}, "but got 'grammar'"),
        (("word " * 4000,), {}, "context size"),
    ],
)
def test_wrong_input_is_refused_and_its_neighbour_is_answered(
    smollm2: Engine, args: tuple[Any, ...], kwargs: dict[str, Any], message: str
) -> None:
    error, answer = smollm2.infer([(args, kwargs), (("Say hello.",), {"max_tokens": 2})])
    assert isinstance(error, ModelError)
    assert error.code == "NOODLE-E0603"
    assert message in error.message
    assert isinstance(answer, str)
    assert answer


def test_no_endpoint_can_be_reached(smollm2: Engine) -> None:
    here = psutil.Process()
    assert smollm2.info()["engine"] == "llama.cpp"
    assert [c.laddr for c in here.net_connections("inet") if c.status == psutil.CONN_LISTEN] == []
    paths = [c.laddr for c in here.net_connections("unix") if "noodle-llama" in str(c.laddr)]
    assert paths
    assert not any(Path(path).exists() for path in paths)


def test_truncated_file_is_refused(gguf_file: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.gguf"
    with gguf_file.open("rb") as file:
        short.write_bytes(file.read(4 << 20))
    with pytest.raises(ModelError, match="refused") as caught:
        load_engine(ModelSpec("short", f"gguf:{short}"))
    assert caught.value.code == "NOODLE-E0604"


def test_closed_engine_answers_with_an_error(gguf_file: Path) -> None:
    engine = load_engine(ModelSpec("other", f"gguf:{gguf_file}", options={"slots": 1, "context": 128, "threads": 1}))
    assert engine.info()["context"] == 128
    engine.close()
    engine.close()
    assert _one(engine, "x").code == "NOODLE-E0605"
