"""From a new process to the first embedding: cold, with the export to be made, and warm; against transformers."""

import os
import subprocess
import sys
import tempfile
import time

from benchmarks.measure import Row, alternate, show_time

ROUNDS = 3
OURS = """
from noodle_ray.ahr.engines.load import load_engine
from noodle_ray.ahr.registry import Registry
(answer,) = load_engine(Registry().get("minilm")).infer([(("good morning",), {})])
assert len(answer) == 384
"""
THEIRS = """
import torch, transformers
from noodle_ray.ahr.registry import Registry
from noodle_ray.ahr.sources import resolve
folder = str(resolve(Registry().get("minilm")))
tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
model = transformers.AutoModel.from_pretrained(folder).eval()
with torch.inference_mode():
    assert model(**tokenizer("good morning", return_tensors="pt")).last_hidden_state.shape[-1] == 384
"""


def _timed(program: str, home: str = "") -> float:
    environment = {**os.environ, **({"NOODLE_HOME": home} if home else {})}
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, env=environment)
    return time.perf_counter() - started


def rows() -> list[Row]:
    """Two rows; the cold one is measured once, since it takes long."""
    pair = alternate(lambda: _timed(OURS), lambda: _timed(THEIRS), ROUNDS)
    with tempfile.TemporaryDirectory() as home:
        cold = _timed(OURS, home)
    name = "From a new process to the first embedding, {}, against transformers' `from_pretrained`"
    return [
        Row(name.format("warm"), show_time(pair.first), show_time(pair.second), pair.ratio),
        Row(name.format("cold: once per model"), show_time(cold), show_time(pair.second), cold / pair.second),
    ]
