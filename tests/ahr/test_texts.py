"""Texts to vectors and labels."""

import json
import random
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from noodle_ray.ahr import export
from noodle_ray.ahr.engines.base import Engine
from noodle_ray.ahr.engines.encoder import RUN_COST, Encoder, length_groups
from noodle_ray.ahr.engines.load import load_engine
from noodle_ray.ahr.engines.onnx_session import open_session
from noodle_ray.ahr.engines.runner import OnnxRunner
from noodle_ray.ahr.export import ExportRequest, exported
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

SENTENCES = [
    "Staff may carry over five days of holiday.",
    "hi",
    "",
    "Ünïcode – naïve café, 日本語 and 🙂.",
    "The quick brown fox jumps over the lazy dog. " * 12,
    "Expenses over 500 euros need the approval of a manager before they are made.",
]


def _reference(folder: Path, texts: list[str]) -> Any:
    """The model card's recipe: transformers in fp32, mean of the token vectors, unit length."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    batch = tokenizer(texts, padding=True, truncation=True, max_length=256, return_tensors="pt")
    with torch.inference_mode():
        vectors = model(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1)
    pooled = (vectors * mask).sum(1) / mask.sum(1)
    return torch.nn.functional.normalize(pooled).numpy()


def _one(engine: Engine, *args: Any, **kwargs: Any) -> Any:
    (answer,) = engine.infer([(args, kwargs)])
    return answer


@pytest.mark.models
def test_vectors_agree_with_transformers(minilm: Engine, minilm_folder: Path) -> None:
    vectors = np.array(_one(minilm, SENTENCES))
    cosines = (vectors * _reference(minilm_folder, SENTENCES)).sum(axis=1)
    assert cosines.min() > 0.9999
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


@pytest.mark.models
def test_vectors_in_int8_are_close_to_fp32(minilm: Engine, minilm_folder: Path) -> None:
    engine = load_engine(ModelSpec("small", f"path:{minilm_folder}", options={"dtype": "int8"}))
    assert (engine.info()["engine"], engine.info()["dtype"]) == ("onnxruntime", "int8")
    cosines = (np.array(_one(engine, SENTENCES)) * np.array(_one(minilm, SENTENCES))).sum(axis=1)
    assert cosines.min() > 0.97
    assert cosines.mean() > 0.985
    assert np.allclose(np.linalg.norm(np.array(_one(engine, SENTENCES)), axis=1), 1.0, atol=1e-5)


@pytest.mark.models
def test_vector_does_not_depend_on_its_batch(minilm: Engine) -> None:
    together = minilm.infer([((text,), {}) for text in SENTENCES])
    alone = [_one(minilm, text) for text in SENTENCES]
    assert np.allclose(together, alone, atol=1e-6)


@pytest.mark.models
def test_answers_have_the_shape_of_the_call(minilm: Engine) -> None:
    single, listed, empty, tuple_ = minilm.infer([(("a",), {}), ((["a", "b"],), {}), (([],), {}), ((("b",),), {})])
    assert len(single) == 384
    assert all(type(number) is float for number in single)
    assert [len(vector) for vector in listed] == [384, 384]
    assert np.allclose(listed[0], single, atol=1e-6)
    assert empty == []
    assert len(tuple_) == 1


@pytest.mark.models
@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, "takes one text or one list of texts, but got 0"),
        (("a", "b"), {}, "but got 2 arguments"),
        ((1,), {}, "not int"),
        ((None,), {}, "not NoneType"),
        ((b"bytes",), {}, "not bytes"),
        (({"a": 1},), {}, "not dict"),
        ((["a", 2],), {}, "text 1 of the list must be a text (str), not int"),
        ((["a", ["b"]],), {}, "not list"),
        (("\ud800",), {}, "lone surrogate at position 0"),
        (("x" * 1_000_001,), {}, "1,000,001 characters"),
        ((["x"] * 4097,), {}, "4,096 texts, not 4,097"),
        (("a",), {"temperature": 1}, "takes no keyword arguments, but got 'temperature'"),
    ],
)
def test_wrong_input_is_refused_and_its_neighbours_are_answered(
    minilm: Engine, args: tuple[Any, ...], kwargs: dict[str, Any], message: str
) -> None:
    before, error, after = minilm.infer([(("a",), {}), (args, kwargs), (("b",), {})])
    assert isinstance(error, ModelError)
    assert error.code == "NOODLE-E0603"
    assert message in error.message
    assert len(before) == len(after) == 384


@pytest.mark.models
def test_long_text_is_cut_at_the_maximum_length(minilm: Engine) -> None:
    assert minilm.info()["max_length"] == 256
    base = "word " * 300
    assert _one(minilm, base) == pytest.approx(_one(minilm, base + "and something else"), abs=1e-6)


@pytest.mark.models
def test_long_text_is_refused_where_it_may_not_be_cut(minilm: Engine) -> None:
    long = "word " * 600
    refused, answered, both = minilm.infer(
        [((long,), {"truncate": False}), ((long,), {"truncate": True}), ((["short", long],), {"truncate": False})]
    )
    assert (refused.code, "more than" in refused.message) == ("NOODLE-E0603", True)
    assert len(answered) == 384
    assert both.code == "NOODLE-E0603"
    told = _one(minilm, "short", truncate=False, usage=True)
    assert (len(told["answer"]), told["tokens"]) == (384, 3)
    assert "truncate must be True or False" in _one(minilm, "short", truncate=1).message


def test_groups_hold_texts_of_similar_length() -> None:
    lengths = [5, 200, 6, 5, 7, 210, 6] + [20] * 70
    groups = list(length_groups(lengths))
    assert sorted(index for group in groups for index in group) == list(range(len(lengths)))
    assert max(map(len, groups)) == 32
    for group in groups:
        sizes = [lengths[index] for index in group]
        assert max(sizes) <= 1.3 * min(sizes) + 4


def test_groups_cost_least_of_all_there_are() -> None:
    def cost(groups: list[list[int]]) -> int:
        return sum(RUN_COST + len(group) * max(lengths[index] for index in group) for group in groups)

    def cut(order: list[int]) -> Iterator[list[list[int]]]:
        if not order:
            yield []
        for size in range(1, len(order) + 1):
            if lengths[order[size - 1]] <= 1.3 * lengths[order[0]] + 4:
                for rest in cut(order[size:]):
                    yield [order[:size], *rest]

    source = random.Random(5)
    for _ in range(40):
        lengths = [source.randint(3, 60) for _ in range(source.randint(0, 9))]
        order = sorted(range(len(lengths)), key=lengths.__getitem__)
        assert cost(length_groups(lengths)) == min(map(cost, cut(order)))


def test_groups_are_few_where_a_run_costs_more_than_its_tokens() -> None:
    lengths = [*range(20, 30)] * 3
    assert len(length_groups(lengths)) > len(length_groups(lengths, 1 << 20)) == 1


@pytest.fixture(scope="module")
def classifier(tiny_classifier: Path) -> Engine:
    return load_engine(ModelSpec("tiny", f"path:{tiny_classifier}"))


@pytest.mark.models
def test_classifier_answers_labels_that_agree_with_transformers(classifier: Engine, tiny_classifier: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification

    answer = _one(classifier, "What a day.")
    model = AutoModelForSequenceClassification.from_pretrained(tiny_classifier).eval()
    tokenizer = Tokenizer.from_file(str(tiny_classifier / "tokenizer.json"))
    tokenizer.no_padding()
    with torch.inference_mode():
        expected = model(torch.tensor([tokenizer.encode("What a day.").ids])).logits.softmax(-1)[0].numpy()
    assert list(answer["scores"]) == ["bad", "good", "mixed"]
    assert list(answer["scores"].values()) == pytest.approx(expected.tolist(), abs=1e-5)
    assert answer["label"] == ["bad", "good", "mixed"][int(expected.argmax())]
    assert answer["score"] == pytest.approx(float(expected.max()), abs=1e-5)


@pytest.mark.models
def test_export_is_made_once_when_callers_come_at_once(
    tiny_classifier: Path, noodle_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[Path] = []
    real = export._run_export

    def counted(request: ExportRequest, target: Path) -> None:
        runs.append(target)
        real(request, target)

    monkeypatch.setattr(export, "_run_export", counted)
    request = ExportRequest(tiny_classifier, "classification", "mean", True)
    results: list[Path] = []
    callers = [threading.Thread(target=lambda: results.append(exported(request))) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(120)
    assert len(runs) == 1
    assert results == [runs[0]] * 3
    assert noodle_home in runs[0].parents
    assert [path.name for path in runs[0].parent.iterdir() if path.suffix == ".tmp"] == []


@pytest.mark.models
def test_damaged_cache_entry_is_made_again(tiny_classifier: Path, classifier: Engine) -> None:
    cached = exported(ExportRequest(tiny_classifier, "classification", "mean", True))
    cached.write_bytes(cached.read_bytes()[:1000])
    engine = load_engine(ModelSpec("tiny", f"path:{tiny_classifier}"))
    assert _one(engine, "x") == _one(classifier, "x")


@pytest.mark.models
def test_weights_that_give_nan_are_refused(tiny_classifier: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = tmp_path / "nan"
    shutil.copytree(tiny_classifier, folder)
    weights = load_file(folder / "model.safetensors")
    weights["classifier.bias"][0] = np.nan
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="NaN or infinity") as caught:
        load_engine(ModelSpec("tiny", f"path:{folder}"))
    assert caught.value.code == "NOODLE-E0604"


@pytest.mark.models
def test_architecture_that_transformers_does_not_know_is_refused(tiny_classifier: Path, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    shutil.copytree(tiny_classifier, folder)
    config = json.loads((folder / "config.json").read_text()) | {"model_type": "no-such-type"}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="could not be exported") as caught:
        load_engine(ModelSpec("tiny", f"path:{folder}"))
    assert caught.value.code == "NOODLE-E0604"


@pytest.mark.models
def test_broken_tokenizer_is_refused(tiny_classifier: Path, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(tiny_classifier, folder)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match="tokenizer") as caught:
        load_engine(ModelSpec("tiny", f"path:{folder}"))
    assert caught.value.code == "NOODLE-E0604"


@pytest.mark.models
def test_tokens_are_counted_where_asked(minilm: Engine) -> None:
    plain, one, many, bad = minilm.infer(
        [
            (("good morning",), {}),
            (("good morning",), {"usage": True}),
            ((["good morning", "a"],), {"usage": True}),
            (("x",), {"usage": 1}),
        ]
    )
    assert (one["answer"].tolist(), one["tokens"]) == (plain.tolist(), 4)
    assert (len(many["answer"]), many["tokens"]) == (2, 7)
    assert "usage must be" in bad.message


@pytest.mark.parametrize(
    ("cores", "options", "engine", "batches"),
    [
        (2, {}, "onnxruntime", 2),
        (1, {}, "onnxruntime", 1),
        (2, {"threads": 2}, "onnxruntime", 1),  # more than were given to it
        (2, {"gpus": 1}, "onnxruntime", 1),
        (2, {}, "transformers", 1),
    ],
)
def test_two_batches_are_computed_at_once_where_all_cores_may_be_used(
    cores: int, options: dict[str, Any], engine: str, batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("tokenizer_of", (None, 8)), ("pooling_of", ("mean", True)), ("runner_for", None)):
        monkeypatch.setattr(f"noodle_ray.ahr.engines.encoder.{name}", lambda *_, value=value: value)
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    spec = ModelSpec("m", "path:/m", "embedding", engine, "1", options)
    assert Encoder(spec, Path("/m"), "embedding", engine, False).parallel == batches


@pytest.mark.models
def test_vectors_are_the_same_when_two_batches_are_computed_at_once(minilm: Engine) -> None:
    expected = np.array(_one(minilm, SENTENCES * 8))
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(_one(minilm, SENTENCES * 8))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(np.allclose(np.array(vectors), expected, atol=1e-6) for vectors in found)


@pytest.mark.parametrize("gpu", [False, True])
def test_session_leaves_out_what_is_slow_on_a_cpu(gpu: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr("onnxruntime.InferenceSession", lambda *_, **options: given.update(options))
    known = ["CUDAExecutionProvider", "CPUExecutionProvider"] if gpu else ["CPUExecutionProvider"]
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: known)
    open_session(Path("/m.onnx"), ModelSpec("m", "path:/m", "embedding", "onnxruntime", "1", {"gpus": 1}))
    assert given["disabled_optimizers"] == ([] if gpu else ["SkipLayerNormFusion"])


@pytest.mark.models
@pytest.mark.parametrize(("options", "shape"), [({}, (32, 62)), ({"max_batch_tokens": 200}, (3, 62))])
def test_model_with_a_bound_of_memory_computes_its_largest_batches_at_once_when_loaded(
    tiny_classifier: Path, options: dict[str, int], shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(self: OnnxRunner, feeds: dict[str, Any]) -> Any:
        shapes.append(feeds["input_ids"].shape)
        if len(shapes) > 1:
            together.wait(20)  # breaks if no other batch comes meanwhile
        return real(self, feeds)

    real, shapes, together = OnnxRunner.run, [], threading.Barrier(2)
    monkeypatch.setattr(OnnxRunner, "run", run)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    source = f"path:{tiny_classifier}"
    bound = {"memory": 4000, "max_length": 62, **options}
    load_engine(ModelSpec("tiny", source, options=bound)).close()
    assert shapes[1:] == [shape, shape]
    shapes.clear()
    load_engine(ModelSpec("tiny", source, options=options)).close()
    assert len(shapes) == 1


@pytest.mark.models
def test_memory_of_the_largest_batches_counts_against_the_bound(minilm: Engine, minilm_folder: Path) -> None:
    load = (
        "import sys; from noodle_ray.ahr.engines.load import load_engine; from noodle_ray.ahr.spec import ModelSpec;"
        "options = {'memory': 1, 'max_batch_tokens': int(sys.argv[2])};"
        "load_engine(ModelSpec('m', 'path:' + sys.argv[1], options=options))"
    )
    taken = []
    for tokens in ("64", "2048"):
        end = subprocess.run([sys.executable, "-c", load, minilm_folder, tokens], capture_output=True, check=False)
        found = re.search(rb"took ([0-9,]+) MiB, and its budget is 1", end.stderr)
        assert found, end.stderr
        taken.append(int(found[1].replace(b",", b"")))
    assert taken[1] > taken[0] + 2 * 2048 * 4 * 1536 / (1 << 20)  # the widest layer's numbers of two batches
