"""The ONNX export of a transformers encoder: made once per model, kept in the cache.

The export runs in a process of its own (``python -m noodle_ray.ahr.export``), so that torch and transformers, a
gigabyte and several seconds, never load into the process that serves.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from noodle_ray.ahr import codes
from noodle_ray.ahr.cache import make_room, touch
from noodle_ray.ahr.files import cache_folder, content_digest
from noodle_ray.errors import ModelError

VERSION = 1
"""Part of the cache's key: raise it when the exported graph changes."""

_PATIENCE = 1800.0  # seconds; a large encoder on a slow machine
_TOLERANCE = 1e-4  # of unit vectors and probabilities, onnxruntime against torch, both fp32


class ExportRequest(NamedTuple):
    """What to export: a model folder, ``embedding`` or ``classification``, and how token vectors become one."""

    folder: Path
    task: str
    pooling: str
    normalize: bool


def exported(request: ExportRequest) -> Path:
    """The ONNX file for a model: inputs ``input_ids`` and ``attention_mask`` (batch, sequence; int64), one output
    ``result`` (batch, width; float32).

    Made on first use, atomically and under a lock, so that concurrent processes export once. Raises ModelError E0604.
    """
    from filelock import FileLock

    folder = cache_folder("onnx")
    kind = f"{request.task}-{request.pooling}-{'unit' if request.normalize else 'raw'}-v{VERSION}"
    target = folder / f"{content_digest(request.folder)[:32]}-{kind}.onnx"
    if not target.exists():
        with FileLock(f"{target}.lock"):
            if not target.exists():
                _run_export(request, target)
                make_room()
    touch(target)
    return target


def _run_export(request: ExportRequest, target: Path) -> None:
    order = json.dumps([str(request.folder.resolve()), request.task, request.pooling, request.normalize, str(target)])
    try:
        done = subprocess.run(
            [sys.executable, "-m", "noodle_ray.ahr.export", order],
            capture_output=True, text=True, timeout=_PATIENCE, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        why = "" if done.returncode == 0 else (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
    except (OSError, subprocess.TimeoutExpired) as error:
        why = str(error)
    if why or not target.exists():
        raise ModelError(
            f"the model at {request.folder} could not be exported to ONNX: {why[:500]}", code=codes.LOAD_FAILED
        )


def _export(request: ExportRequest, target: Path) -> None:
    """Trace the model with torch.onnx, check the result against torch, and move it into place."""
    import torch

    model = _graph(request)
    tokens = torch.ones(3, 7, dtype=torch.long)
    mask = torch.ones_like(tokens)
    mask[1, 4:] = 0
    batch = torch.export.Dim("batch", min=1, max=65_536)
    length = torch.export.Dim("sequence", min=2, max=_length(request))
    program = torch.onnx.export(
        model,
        (tokens, mask),
        dynamo=True,
        input_names=["input_ids", "attention_mask"],
        output_names=["result"],
        dynamic_shapes={"input_ids": {0: batch, 1: length}, "attention_mask": {0: batch, 1: length}},
        opset_version=20,
        verbose=False,
    )
    if program is None:
        raise RuntimeError("torch.onnx gave no program")
    temporary = target.with_suffix(f".{time.time_ns()}.tmp")
    try:
        program.save(str(temporary), external_data=False)
        _compare(model, temporary)
        temporary.rename(target)
    finally:
        temporary.unlink(missing_ok=True)


def _length(request: ExportRequest) -> int:
    config = json.loads((request.folder / "config.json").read_bytes())
    return int(config.get("max_position_embeddings") or 512)


def _graph(request: ExportRequest) -> Any:
    """The torch module that is exported: encoder, pooling and normalization in one graph."""
    import torch
    import transformers

    kind = "AutoModel" if request.task == "embedding" else "AutoModelForSequenceClassification"
    encoder = getattr(transformers, kind).from_pretrained(
        str(request.folder), use_safetensors=True, local_files_only=True, trust_remote_code=False,
        dtype=torch.float32, attn_implementation="eager",
    ).eval()  # fmt: skip

    class Graph(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            answer = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
            if request.task == "classification":
                return torch.softmax(answer.logits, dim=-1)
            if request.pooling == "cls":
                vectors = answer.last_hidden_state[:, 0]
            else:
                weights = attention_mask.unsqueeze(-1).to(answer.last_hidden_state.dtype)
                vectors = (answer.last_hidden_state * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(vectors, p=2.0, dim=1) if request.normalize else vectors

    return Graph().eval()


def _compare(model: Any, path: Path) -> None:
    """Raise unless onnxruntime and torch agree on a batch of another shape than the one traced."""
    import onnxruntime
    import torch

    tokens = torch.arange(1, 1 + 2 * 11).reshape(2, 11)
    mask = torch.ones_like(tokens)
    mask[0, 5:] = 0
    with torch.inference_mode():
        expected = model(tokens, mask)
    if not bool(torch.isfinite(expected).all()):
        raise RuntimeError("it computes NaN or infinity")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (got,) = session.run(None, {"input_ids": tokens.numpy(), "attention_mask": mask.numpy()})
    difference = float((torch.from_numpy(got) - expected).abs().max())
    if not difference <= _TOLERANCE * max(1.0, float(expected.abs().max())):
        raise RuntimeError(f"the exported graph differs from torch by {difference:g}")


if __name__ == "__main__":
    import os

    os.environ["HF_HUB_OFFLINE"] = "1"
    path, task, pooling, normalize, out = json.loads(sys.argv[1])
    _export(ExportRequest(Path(path), task, pooling, normalize), Path(out))
