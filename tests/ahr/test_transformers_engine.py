"""The engine on torch: every task and precision, against transformers in fp32; and generation from safetensors."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from noodle_ray.ahr.engines.base import Engine
from noodle_ray.ahr.engines.load import load_engine
from noodle_ray.ahr.registration import make_spec
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError
from tests.ahr import tiny

pytestmark = pytest.mark.models

TEXTS = ["Staff may carry over five days.", "hi", "Ünïcode – naïve café 🙂, and a good deal more of it."]
COSINES = {"fp32": 0.999999, "bf16": 0.999, "fp16": 0.9999, "int8": 0.995}
"""The least cosine to fp32 of MiniLM's vectors, per precision."""


def _one(engine: Engine, *args: Any, **kwargs: Any) -> Any:
    return engine.infer([(args, kwargs)])[0]


@pytest.fixture(scope="module")
def reference(minilm: Engine) -> Any:
    """MiniLM's vectors by onnxruntime, which other tests hold against transformers."""
    return np.array(_one(minilm, TEXTS))


@pytest.mark.parametrize("dtype", COSINES)
def test_vectors_in_each_precision_are_close_to_fp32(dtype: str, minilm_folder: Path, reference: Any) -> None:
    spec = ModelSpec("m", f"path:{minilm_folder}", engine="transformers", options={"dtype": dtype})
    engine = load_engine(spec)
    vectors = np.array(_one(engine, TEXTS))
    assert (vectors * reference).sum(axis=1).min() > COSINES[dtype]
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    info = engine.info()
    assert (info["engine"], info["dtype"], info["device"], info["width"]) == ("transformers", dtype, "cpu", 384)
    engine.close()
    assert _one(engine, "x").code == "NOODLE-E0605"


@pytest.mark.parametrize("kind", ["BertForTokenClassification", "BertForSequenceClassification"])
def test_other_tasks_answer_as_on_onnxruntime(kind: str, tmp_path: Path, minilm_folder: Path) -> None:
    import torch

    one = kind == "BertForSequenceClassification"
    folder = tiny.bert(tmp_path / "m", kind, minilm_folder, **({"num_labels": 1} if one else tiny.labels("O", "X")))
    engine = load_engine(make_spec("m", f"path:{folder}", engine="transformers"))
    answer = _one(engine, TEXTS[0], TEXTS[1:]) if one else _one(engine, TEXTS)
    assert len(answer) == (2 if one else 3)
    import transformers

    model = getattr(transformers, kind).from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(minilm_folder)
    with torch.inference_mode():
        if one:
            logits = model(**tokenizer(TEXTS[0], TEXTS[1], return_tensors="pt")).logits
            assert float(answer[0]) == pytest.approx(float(torch.sigmoid(logits)), abs=1e-5)
        else:
            best = model(**tokenizer(TEXTS[0], return_tensors="pt")).logits.softmax(-1)[0, 1:-1].max(-1)
            marked = [float(score) for score, label in zip(best.values, best.indices, strict=True) if label == 1]
            assert sum(span["score"] for span in answer[0]) > 0
            assert min(marked) - 1e-5 <= answer[0][0]["score"] <= max(marked) + 1e-5


def test_image_model_answers_on_torch(tmp_path: Path) -> None:
    folder = tiny.vit(tmp_path / "vit")
    full, half = (
        load_engine(ModelSpec("see", f"path:{folder}", engine="transformers", options={"dtype": dtype}))
        for dtype in ("fp32", "bf16")
    )
    image = np.random.default_rng(7).random((3, 16, 16)).tolist()
    scores = [list(_one(engine, image)["scores"].values()) for engine in (full, half)]
    assert scores[1] == pytest.approx(scores[0], abs=0.05)


TEMPLATE = "{% for m in messages %}{{ m.role }} says {{ m.content }} {% endfor %}"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, minilm_folder: Path) -> tuple[Path, Path]:
    """A language model without a chat template, and one with."""
    made = tmp_path_factory.mktemp("llama")
    return tiny.llama(made / "plain", minilm_folder), tiny.llama(made / "chat", minilm_folder, TEMPLATE)


@pytest.fixture(scope="module")
def plain(folders: tuple[Path, Path]) -> Engine:
    spec = make_spec("gen", f"path:{folders[0]}")
    assert (spec.task, spec.engine) == ("generation", "transformers")
    return load_engine(spec)


def _greedy(folder: Path, prompt: str, count: int, special: bool = True) -> str:
    """The likeliest token at each step, by nothing but the forward pass."""
    import torch
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokens = tokenizer(prompt, return_tensors="pt", add_special_tokens=special)["input_ids"]
    start = tokens.shape[1]
    with torch.inference_mode():
        for _ in range(count):
            token = model(tokens).logits[0, -1].argmax()
            tokens = torch.cat([tokens, token[None, None]], dim=1)
            if int(token) == 102:
                break
    return str(tokenizer.decode(tokens[0, start:], skip_special_tokens=True))


def test_generation_at_temperature_0_takes_the_likeliest_tokens(plain: Engine, folders: tuple[Path, Path]) -> None:
    text = _one(plain, "The office opens", max_tokens=12)
    assert text == _greedy(folders[0], "The office opens", 12)
    assert text


def test_generation_above_temperature_0_depends_on_the_seed_alone(plain: Engine) -> None:
    import torch

    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    first, again, other = (_one(plain, "Hi", max_tokens=12, temperature=1.5, seed=seed) for seed in (1, 1, 2))
    assert first == again != other
    assert torch.equal(before, torch.random.get_rng_state())


def test_generation_ends_before_a_stop_text(plain: Engine) -> None:
    whole = _one(plain, "The office opens", max_tokens=12)
    stop = whole.split()[3]
    assert _one(plain, "The office opens", max_tokens=12, stop=stop) == whole[: whole.index(stop)]


@pytest.mark.parametrize(
    ("args", "kwargs", "said"),
    [
        ((), {}, "got 0 arguments"),
        ((7,), {}, "must be a text or a list of messages"),
        (("Hi",), {"max_tokens": 0}, "max_tokens"),
        (("Hi",), {"max_tokens": "5"}, "max_tokens"),
        (("Hi",), {"temperature": 3}, "temperature"),
        (("Hi",), {"seed": -1}, "seed"),
        (("Hi",), {"colour": 1}, "colour"),
        (("Hi",), {"system": "x"}, "no chat template"),
        (("word " * 100,), {}, "has room for 63"),
    ],
)
def test_generation_refuses(plain: Engine, args: Any, kwargs: Any, said: str) -> None:
    error = _one(plain, *args, **kwargs)
    assert error.code == "NOODLE-E0603"
    assert said in error.message


def test_chat_template_makes_the_prompt(folders: tuple[Path, Path]) -> None:
    chat = load_engine(ModelSpec("chat", f"path:{folders[1]}", options={"system": "be brief"}))
    text = _one(chat, "hello", max_tokens=6)
    assert text == _greedy(folders[1], "system says be brief user says hello ", 6, special=False)
    messages = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}]
    assert _one(chat, messages, max_tokens=6) == text
    assert _one(chat, "hello", max_tokens=6, system="be long") != text
    assert _one(chat, [{"role": "robot", "content": "x"}]).code == "NOODLE-E0603"
    assert _one(chat, []).code == "NOODLE-E0603"


def test_pickled_weights_load_only_when_allowed_and_only_as_tensors(tmp_path: Path, minilm_folder: Path) -> None:
    import pickle

    import torch
    from safetensors.torch import load_file

    folder = tiny.bert(tmp_path / "m", "BertModel", minilm_folder)
    safe = load_engine(ModelSpec("m", f"path:{folder}", engine="transformers"))
    expected = _one(safe, "hello")
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    source = f"path:{folder}"
    with pytest.raises(ModelError) as caught:
        load_engine(ModelSpec("m", source, engine="transformers"))
    assert caught.value.code == "NOODLE-E0607"
    allowed = {"allow_pickle": True}
    engine = load_engine(make_spec("m", source, engine="transformers", options=allowed))
    assert np.allclose(_one(engine, "hello"), expected, atol=1e-6)

    class Evil:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "ran",))

    for content in (pickle.dumps({"x": Evil()}), b"", b"\x80\x04junk"):
        (folder / "pytorch_model.bin").write_bytes(content)
        with pytest.raises(ModelError) as caught:
            load_engine(ModelSpec("m", source, engine="transformers", options=allowed))
        assert caught.value.code == "NOODLE-E0604"
    torch.save({"x": Evil()}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError):
        load_engine(ModelSpec("m", source, engine="transformers", options=allowed))
    assert not (tmp_path / "ran").exists()
