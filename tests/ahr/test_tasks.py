"""Engines of the tasks beyond vectors and labels, held against transformers in fp32 on the same inputs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from noodle_ray.ahr.engines.base import Engine
from noodle_ray.ahr.engines.images import image_of, resized
from noodle_ray.ahr.engines.load import load_engine
from noodle_ray.ahr.engines.token_labels import Token, spans
from noodle_ray.ahr.metering import metered, outcome_of
from noodle_ray.ahr.registration import make_spec
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.core.vm.arrays.array import array
from noodle_ray.errors import ModelError
from tests.ahr import tiny

TOLERANCE = 1e-5  # of probabilities and scores, onnxruntime against torch, both fp32
TEXTS = ["Ada Lovelace wrote to Charles Babbage in London.", "hi", "Ünïcode – naïve café 🙂, and more of it", ""]


def _one(engine: Engine, *args: Any, **kwargs: Any) -> Any:
    return engine.infer([(args, kwargs)])[0]


@pytest.fixture(scope="module")
def tagger_folder(tmp_path_factory: pytest.TempPathFactory, minilm_folder: Path) -> Path:
    names = tiny.labels("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
    return tiny.bert(tmp_path_factory.mktemp("tagger"), "BertForTokenClassification", minilm_folder, **names)


@pytest.fixture(scope="module")
def reranker_folder(tmp_path_factory: pytest.TempPathFactory, minilm_folder: Path) -> Path:
    folder = tmp_path_factory.mktemp("reranker")
    return tiny.bert(folder, "BertForSequenceClassification", minilm_folder, num_labels=1)


@pytest.fixture(scope="module")
def vit_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.vit(tmp_path_factory.mktemp("vit"))


@pytest.mark.models
def test_spans_are_those_of_transformers_pipeline(tagger_folder: Path) -> None:
    import transformers

    spec = make_spec("ner", f"path:{tagger_folder}")
    assert (spec.task, spec.engine) == ("token-classification", "onnxruntime")
    engine = load_engine(spec)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(tagger_folder / "tokenizer.json"), cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]"
    )
    model = transformers.AutoModelForTokenClassification.from_pretrained(tagger_folder)
    pipe = transformers.pipeline(
        "token-classification", model=model, tokenizer=tokenizer, aggregation_strategy="simple"
    )
    answers = _one(engine, TEXTS)
    assert sum(map(len, answers)) > 5
    for text, answer in zip(TEXTS, answers, strict=True):
        expected = pipe(text) if text else []
        assert [(span["label"], span["start"], span["end"]) for span in answer] == [
            (span["entity_group"], span["start"], span["end"]) for span in expected
        ]
        assert [span["score"] for span in answer] == pytest.approx(
            [float(span["score"]) for span in expected], abs=TOLERANCE
        )
        assert all(span["text"] == text[span["start"] : span["end"]] for span in answer)
    assert _one(engine, TEXTS[0]) == [pytest.approx(span, abs=TOLERANCE) for span in answers[0]]
    assert _one(engine, 7).code == "NOODLE-E0603"
    read = sum(len(ids) for ids in tokenizer(TEXTS, truncation=True, max_length=64)["input_ids"])
    assert _one(engine, TEXTS, usage=True) == {"answer": answers, "tokens": read}


def test_tokens_of_one_label_are_one_span_unless_one_begins() -> None:
    tokens = [
        Token("B-PER", 1.0, 0, 3), Token("I-PER", 0.5, 4, 8), Token("B-PER", 1.0, 9, 10), Token("O", 1.0, 11, 12),
        Token("I-PER", 1.0, 13, 14), Token("LOC", 1.0, 15, 16), Token("LOC", 1.0, 16, 17),
    ]  # fmt: skip
    found = [(span["label"], span["score"], span["start"], span["end"]) for span in spans(tokens, "x" * 20)]
    assert found == [("PER", 0.75, 0, 8), ("PER", 1.0, 9, 10), ("PER", 1.0, 13, 14), ("LOC", 1.0, 15, 17)]


@pytest.mark.models
def test_scores_of_a_reranker_are_those_of_transformers(reranker_folder: Path, minilm_folder: Path) -> None:
    import torch
    import transformers

    spec = make_spec("rank", f"path:{reranker_folder}")
    assert (spec.task, spec.engine) == ("reranking", "onnxruntime")
    engine = load_engine(spec)
    query, documents = "Where is the office?", [*TEXTS, "It is in Zurich, near the lake.", "word " * 100]
    answer = _one(engine, query, documents)
    assert isinstance(answer, array)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(reranker_folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(minilm_folder)
    batch = tokenizer(
        [query] * len(documents), documents, padding=True, truncation=True, max_length=64, return_tensors="pt"
    )
    with torch.inference_mode():
        expected = torch.sigmoid(model(**batch).logits[:, 0]).tolist()
    read = int(batch["attention_mask"].sum())
    assert _one(engine, query, documents, usage=True)["tokens"] == read
    assert outcome_of(engine, ((query, documents), {}), _one(engine, query, documents, usage=True))[2:] == ((read, 0),)
    assert answer.tolist() == pytest.approx(expected, abs=TOLERANCE)
    assert len(set(expected)) == len(expected)
    assert _one(engine, query, documents[4]) == pytest.approx(expected[4], abs=TOLERANCE)
    assert _one(engine, query, []).tolist() == []
    refused = [
        ((query,), {}),
        ((query, 7), {}),
        ((7, documents), {}),
        ((query, documents), {"k": 1}),
        ((query, [7]), {}),
    ]
    assert {error.code for error in engine.infer(refused)} == {"NOODLE-E0603"}
    long = "word " * 100
    assert _one(engine, "q", long, truncate=False).code == "NOODLE-E0603"
    assert _one(engine, "q", ["a", long], truncate=False).code == "NOODLE-E0603"
    assert _one(engine, "q", "a", truncate=False) == pytest.approx(_one(engine, "q", ["a"])[0], abs=TOLERANCE)


@pytest.mark.models
def test_call_that_wants_no_usage_told_is_counted_too(reranker_folder: Path) -> None:
    engine = load_engine(make_spec("rank", f"path:{reranker_folder}"))
    call = (("q", ["a", "b"]), {"usage": False})
    ok, answer, tokens = outcome_of(engine, call, engine.infer(metered(engine, [call]))[0])  # type: ignore[misc]
    assert (ok, len(answer), tokens) == (True, 2, (2 * 5, 0))  # [CLS] q [SEP] a [SEP]
    assert outcome_of(engine, call, ModelError("no", code="NOODLE-E0603")) == (False, ("NOODLE-E0603", "no"))


@pytest.mark.models
def test_labels_of_an_image_are_those_of_transformers(vit_folder: Path) -> None:
    import torch
    import transformers

    spec = make_spec("see", f"path:{vit_folder}")
    assert (spec.task, spec.engine) == ("image-classification", "onnxruntime")
    engine = load_engine(spec)
    pixels = np.random.default_rng(7).integers(0, 256, (3, 16, 16))
    image = [array(channel.tolist()) for channel in pixels]
    answer = _one(engine, image)
    model = transformers.AutoModelForImageClassification.from_pretrained(vit_folder).eval()
    mean, deviation = (torch.tensor(three)[:, None, None] for three in ([0.4, 0.5, 0.6], [0.2, 0.25, 0.3]))
    with torch.inference_mode():
        prepared = (torch.tensor(pixels) / 255 - mean) / deviation
        expected = model(prepared[None].float()).logits.softmax(-1)[0].tolist()
    assert list(answer["scores"].values()) == pytest.approx(expected, abs=TOLERANCE)
    assert answer["label"] == ["cat", "dog", "bird"][int(np.argmax(expected))]
    rows = pixels.transpose(1, 2, 0).tolist()  # rows of pixels of three numbers
    fractions = (pixels / 255).tolist()
    for same in engine.infer([((rows,), {}), ((fractions,), {})]):
        assert list(same["scores"].values()) == pytest.approx(expected, abs=TOLERANCE)


@pytest.mark.parametrize(
    "image",
    ["x", 7, [1, 2], [[256]], [[-1]], [[1.5]], [[float("nan")]], [[[1, 2]]], [[1], [1, 2]], [[[[1]]]], [[]], [["a"]]],
)
def test_image_is_refused_when_it_is_none(image: Any) -> None:
    with pytest.raises(ModelError) as caught:
        image_of(((image,), {}))
    assert caught.value.code == "NOODLE-E0603"


@pytest.mark.parametrize("size", [(16, 16), (7, 31), (64, 5), (40, 40)])
def test_image_is_scaled_as_torch_scales_it(size: tuple[int, int]) -> None:
    import torch

    image = np.random.default_rng(1).random((3, 20, 33), dtype=np.float32)
    expected = torch.nn.functional.interpolate(
        torch.tensor(image)[None], size=size, mode="bilinear", antialias=True, align_corners=False
    )[0].numpy()
    assert np.abs(resized(image, *size) - expected).max() < 1e-5


@pytest.mark.models
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", None),
        ("size", {"height": 16}),
        ("image_mean", [1]),
        ("resample", 3),
        ("do_center_crop", True),
        ("image_std", [0, 1, 1]),
    ],
)
def test_image_model_is_refused_when_it_wants_other_preparation(
    vit_folder: Path, tmp_path: Path, name: str, value: Any
) -> None:
    import json
    import shutil

    folder = tmp_path / "vit"
    shutil.copytree(vit_folder, folder)
    file = folder / "preprocessor_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {name: value}))
    with pytest.raises(ModelError, match="not supported") as caught:
        load_engine(ModelSpec("see", f"path:{folder}"))
    assert caught.value.code == "NOODLE-E0604"
