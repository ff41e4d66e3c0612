"""Models for the tests: the real ones, loaded once, and a tiny real encoder made on the spot."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from noodle_ray.ahr.engines.base import Engine
from noodle_ray.ahr.engines.load import load_engine
from noodle_ray.ahr.registry import Registry
from noodle_ray.ahr.sources import resolve


@pytest.fixture(scope="session")
def minilm() -> Iterator[Engine]:
    """The built-in embedding model."""
    engine = load_engine(Registry().get("minilm"))
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def smollm2() -> Iterator[Engine]:
    """The built-in language model."""
    engine = load_engine(Registry().get("smollm2"))
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def minilm_folder() -> Path:
    """The files of the embedding model."""
    return resolve(Registry().get("minilm"))


@pytest.fixture(scope="session")
def gguf_file() -> Path:
    """The file of the language model."""
    return resolve(Registry().get("smollm2"))


@pytest.fixture(scope="session")
def tiny_classifier(tmp_path_factory: pytest.TempPathFactory, minilm_folder: Path) -> Path:
    """A folder with a classifier of two layers and random weights, and MiniLM's tokenizer."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=30522,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        id2label={0: "bad", 1: "good", 2: "mixed"},
        label2id={"bad": 0, "good": 1, "mixed": 2},
    )
    folder = tmp_path_factory.mktemp("tiny-classifier")
    BertForSequenceClassification(config).save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes((minilm_folder / "tokenizer.json").read_bytes())
    return folder


@pytest.fixture
def adder(tmp_path: Path) -> Path:
    """A generic ONNX graph: ``total = a + b`` (float, [n, 3]) and ``count = k + k`` (int64, [])."""
    import onnx
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("Add", ["a", "b"], ["total"]), helper.make_node("Add", ["k", "k"], ["count"])],
        "adder",
        [
            helper.make_tensor_value_info("a", TensorProto.FLOAT, ["n", 3]),
            helper.make_tensor_value_info("b", TensorProto.FLOAT, ["n", 3]),
            helper.make_tensor_value_info("k", TensorProto.INT64, []),
        ],
        [
            helper.make_tensor_value_info("total", TensorProto.FLOAT, ["n", 3]),
            helper.make_tensor_value_info("count", TensorProto.INT64, []),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    path = tmp_path / "adder.onnx"
    onnx.save(model, str(path))
    return path
