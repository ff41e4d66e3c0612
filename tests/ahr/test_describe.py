"""What files say about a model, and which files are refused."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from noodle_ray.ahr.describe import describe
from noodle_ray.errors import ModelError


def _folder(path: Path, architecture: str = "BertModel") -> Path:
    (path / "config.json").write_text(json.dumps({"architectures": [architecture]}))
    (path / "tokenizer.json").write_text("{}")
    save_file({"w": np.zeros(8, dtype=np.float32)}, path / "model.safetensors")
    return path


def _code(path: Path, task: str = "", engine: str = "") -> str:
    with pytest.raises(ModelError) as caught:
        describe(path, task, engine)
    return caught.value.code


@pytest.mark.parametrize(
    ("architecture", "task"),
    [
        ("BertModel", "embedding"),
        ("XLMRobertaModel", "embedding"),
        ("BertForMaskedLM", "embedding"),
        ("DistilBertForSequenceClassification", "classification"),
        ("BertForTokenClassification", "token-classification"),
    ],
)
def test_task_is_inferred_from_the_architecture(tmp_path: Path, architecture: str, task: str) -> None:
    found = describe(_folder(tmp_path, architecture))
    assert found == ("safetensors", task, "onnxruntime", architecture)


def test_task_is_embedding_when_sentence_transformers_made_the_folder(tmp_path: Path) -> None:
    (_folder(tmp_path, "SomethingNew") / "modules.json").write_text("[]")
    assert describe(tmp_path).task == "embedding"


def test_task_must_be_said_when_the_files_do_not(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "SomethingNew")
    assert _code(folder) == "NOODLE-E0604"
    assert describe(folder, "embedding").task == "embedding"


def test_generation_from_safetensors_goes_to_transformers(tmp_path: Path) -> None:
    assert describe(_folder(tmp_path, "LlamaForCausalLM"))[1:3] == ("generation", "transformers")
    assert _code(tmp_path, engine="onnxruntime") == "NOODLE-E0604"


def test_precision_other_than_fp32_goes_to_transformers(tmp_path: Path) -> None:
    assert describe(_folder(tmp_path), options={"dtype": "bf16"}).engine == "transformers"
    for dtype in ("fp32", "int8"):
        assert describe(tmp_path, options={"dtype": dtype}).engine == "onnxruntime"
    for engine, task, dtype in (("onnxruntime", "embedding", "bf16"), ("vllm", "generation", "int8")):
        with pytest.raises(ModelError, match=f"does not compute safetensors files in {dtype}"):
            describe(tmp_path, task, engine, {"dtype": dtype})


def test_classifier_with_one_label_is_a_reranker(tmp_path: Path) -> None:
    config = {"architectures": ["BertForSequenceClassification"], "id2label": {"0": "LABEL_0"}}
    (_folder(tmp_path) / "config.json").write_text(json.dumps(config))
    assert describe(tmp_path).task == "reranking"


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert _code(folder) == "NOODLE-E0607"
    assert _code(folder / "pytorch_model.bin") == "NOODLE-E0607"
    assert describe(folder, options={"allow_pickle": True}).file_format == "pickle"


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_incomplete_folder_is_refused_and_the_file_named(tmp_path: Path, name: str) -> None:
    folder = _folder(tmp_path)
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name) as caught:
        describe(folder)
    assert caught.value.code == "NOODLE-E0602"


def test_truncated_weights_are_refused(tmp_path: Path) -> None:
    weights = _folder(tmp_path) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert _code(tmp_path) == "NOODLE-E0604"


def test_shards_are_all_needed(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (folder / "model.safetensors").rename(folder / "part-1.safetensors")
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"w": "part-1.safetensors"}}))
    assert describe(folder).task == "embedding"
    index.write_text(json.dumps({"weight_map": {"w": "part-1.safetensors", "v": "part-2.safetensors"}}))
    assert _code(folder) == "NOODLE-E0602"
    index.write_text(json.dumps({"weight_map": {"w": "../part-1.safetensors"}}))
    assert _code(folder) == "NOODLE-E0604"
    index.write_text(json.dumps({"weight_map": [1]}))
    assert _code(folder) == "NOODLE-E0604"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_malformed_config_is_refused(tmp_path: Path, content: bytes) -> None:
    (_folder(tmp_path) / "config.json").write_bytes(content)
    assert _code(tmp_path) == "NOODLE-E0604"


def _gguf(path: Path, *pairs: bytes, magic: bytes = b"GGUF", version: int = 3) -> Path:
    path.write_bytes(struct.pack("<4sIQQ", magic, version, 0, len(pairs)) + b"".join(pairs))
    return path


def _text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def _pair(key: bytes, kind: int, value: bytes) -> bytes:
    return _text(key) + struct.pack("<I", kind) + value


def test_gguf_says_its_architecture_after_values_of_other_types(tmp_path: Path) -> None:
    path = _gguf(
        tmp_path / "m.gguf",
        _pair(b"a", 4, struct.pack("<I", 7)),
        _pair(b"b", 9, struct.pack("<IQ", 8, 2) + _text(b"x") + _text(b"y")),
        _pair(b"c", 9, struct.pack("<IQ", 5, 3) + bytes(12)),
        _pair(b"d", 8, _text(b"z")),
        _pair(b"general.architecture", 8, _text(b"llama")),
    )
    assert describe(path) == ("gguf", "generation", "llama.cpp", "llama")


def test_gguf_encoder_is_refused(tmp_path: Path) -> None:
    path = _gguf(tmp_path / "m.gguf", _pair(b"general.architecture", 8, _text(b"nomic-bert")))
    assert _code(path) == "NOODLE-E0604"


def test_gguf_header_is_refused_when_damaged(tmp_path: Path) -> None:
    good = _gguf(tmp_path / "m.gguf", _pair(b"general.architecture", 8, _text(b"llama"))).read_bytes()
    damaged = tmp_path / "damaged.gguf"
    for length in range(len(good)):
        damaged.write_bytes(good[:length])
        if length < len(good) - 5:
            assert _code(damaged) == "NOODLE-E0604"
    _gguf(damaged, magic=b"GGML")
    assert _code(damaged) == "NOODLE-E0604"
    _gguf(damaged, version=1)
    assert _code(damaged) == "NOODLE-E0604"
    _gguf(damaged, _pair(b"k", 99, b""))
    assert _code(damaged) == "NOODLE-E0604"


@pytest.mark.parametrize(
    "pair",
    [
        struct.pack("<Q", 1 << 62),
        _pair(b"k", 8, struct.pack("<Q", 1 << 40)),
        _pair(b"k", 9, struct.pack("<IQ", 8, 1 << 60)),
        _pair(b"k", 9, struct.pack("<IQ", 5, 1 << 60)),
        _pair(b"k", 9, struct.pack("<IQ", 9, 1)),
        _pair(b"general.architecture", 8, _text(b"\xff\xfe")),
    ],
)
def test_gguf_header_is_refused_when_its_sizes_are_absurd(tmp_path: Path, pair: bytes) -> None:
    assert _code(_gguf(tmp_path / "m.gguf", pair)) == "NOODLE-E0604"
    (tmp_path / "n.gguf").write_bytes(struct.pack("<4sIQQ", b"GGUF", 3, 0, 1 << 60) + pair)
    assert _code(tmp_path / "n.gguf") == "NOODLE-E0604"


@pytest.mark.parametrize("size", [0, 7, 1 << 31, 1 << 62])
def test_safetensors_header_is_refused_when_its_size_is_absurd(tmp_path: Path, size: int) -> None:
    (_folder(tmp_path) / "model.safetensors").write_bytes(struct.pack("<Q", size) + b"{}")
    assert _code(tmp_path) == "NOODLE-E0604"


def test_engine_must_fit_the_files(tmp_path: Path) -> None:
    assert _code(_folder(tmp_path), engine="llama.cpp") == "NOODLE-E0604"
    (tmp_path / "m.onnx").touch()
    assert describe(tmp_path / "m.onnx").task == "tensors"
    assert _code(tmp_path / "m.onnx", task="generation") == "NOODLE-E0604"


def test_task_when_only_optimum_knows_the_architecture_is_named_in_the_refusal(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="question-answering") as caught:
        describe(_folder(tmp_path, "BertForQuestionAnswering"))
    assert caught.value.code == "NOODLE-E0604"
