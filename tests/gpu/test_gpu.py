"""Engines on a GPU: what they answer, in which precision, and what they do when its memory runs out."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from noodle_ray.ahr.engines.load import load_engine
from noodle_ray.ahr.registration import make_spec
from noodle_ray.ahr.spec import ModelSpec
from tests.ahr import tiny

pytestmark = pytest.mark.models

TEXTS = ["Staff may carry over five days.", "hi", "Ünïcode – naïve café 🙂, and a good deal more of it."]


def _vectors(folder: Path, **options: Any) -> tuple[Any, dict[str, Any]]:
    engine = load_engine(ModelSpec("m", f"path:{folder}", engine="transformers", options=options))
    try:
        return np.array(engine.infer([((TEXTS,), {})])[0]), engine.info()
    finally:
        engine.close()


@pytest.mark.parametrize(("dtype", "least"), [("fp32", 0.99999), ("bf16", 0.999), ("fp16", 0.9999)])
def test_vectors_on_the_gpu_are_those_of_the_cpu(minilm_folder: Path, dtype: str, least: float) -> None:
    reference, _ = _vectors(minilm_folder, dtype="fp32")
    vectors, info = _vectors(minilm_folder, dtype=dtype, gpus=1)
    assert info["device"] == "cuda"
    assert (vectors * reference).sum(axis=1).min() > least


def test_generation_on_the_gpu_says_what_the_cpu_says(tmp_path: Path, minilm_folder: Path) -> None:
    folder = tiny.llama(tmp_path / "m", minilm_folder)
    said = []
    for options in ({}, {"gpus": 1}):
        engine = load_engine(make_spec("m", f"path:{folder}", engine="transformers", options=options))
        said.append(engine.infer([(("the office opens",), {"max_tokens": 12})])[0])
        engine.close()
    assert said[0] == said[1]


def test_batch_that_does_not_fit_on_the_gpu_is_halved(minilm_folder: Path) -> None:
    import torch

    engine: Any = load_engine(ModelSpec("m", f"path:{minilm_folder}", engine="transformers", options={"gpus": 1}))
    texts = ["word " * 200 for _ in range(32)]
    (whole,) = engine.infer([((texts,), {})])
    torch.cuda.empty_cache()
    held, free = torch.cuda.memory_allocated(), torch.cuda.get_device_properties(0).total_memory
    try:
        torch.cuda.set_per_process_memory_fraction(min(1.0, (held + (64 << 20)) / free))
        (halved,) = engine.infer([((texts,), {})])
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        engine.close()
    assert np.allclose(np.array(whole), np.array(halved), atol=1e-4)
