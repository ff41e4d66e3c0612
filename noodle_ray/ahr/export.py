"""The ONNX export of a transformers encoder: made once per model, kept in the cache.

The export runs in a process of its own (``python -m noodle_ray.ahr.export``), so that torch and transformers, a
gigabyte and several seconds, never load into the process that serves.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from noodle_ray.ahr import codes
from noodle_ray.ahr.cache import make_room, touch
from noodle_ray.ahr.files import cache_folder, content_digest
from noodle_ray.ahr.graphs import GraphRequest as ExportRequest
from noodle_ray.ahr.graphs import build, sample
from noodle_ray.errors import ModelError

VERSION = 1
"""Part of the cache's key: raise it when the exported graph changes."""

_PATIENCE = 1800.0  # seconds; a large encoder on a slow machine
_TOLERANCE = 1e-4  # of unit vectors and probabilities, onnxruntime against torch, both fp32


def exported(request: ExportRequest) -> Path:
    """The ONNX file for a model: the inputs that `graphs.build` has, and one output ``result`` (float32).

    Made on first use, atomically and under a lock, so that concurrent processes export once. Raises ModelError E0604.
    """
    from filelock import FileLock

    folder = cache_folder("onnx")
    kind = f"{request.task}-{request.pooling}-{'unit' if request.normalize else 'raw'}-v{VERSION}"
    kind += "-int8" if request.int8 else ""
    target = folder / f"{content_digest(request.folder)[:32]}-{kind}.onnx"
    if not target.exists():
        with FileLock(f"{target}.lock"):
            if not target.exists():
                _run_export(request, target)
                make_room()
    touch(target)
    return target


def _run_export(request: ExportRequest, target: Path) -> None:
    order = json.dumps([str(request.folder.resolve()), *request[1:], str(target)])
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


def _quantize(request: ExportRequest, target: Path) -> None:
    """Make the matrices of the fp32 export whole numbers of 8 bits, a scale per column; what goes in is scaled as it
    comes.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    whole = onnx.load(str(exported(request._replace(int8=False))))
    temporary = target.with_suffix(f".{time.time_ns()}.tmp")
    try:
        quantize_dynamic(whole, str(temporary), per_channel=True, weight_type=QuantType.QInt8)
        temporary.rename(target)
    finally:
        temporary.unlink(missing_ok=True)


def _export(request: ExportRequest, target: Path) -> None:
    """Trace the model with torch.onnx, check the result against torch, and move it into place."""
    import torch

    model = build(request)
    batch = torch.export.Dim("batch", min=1, max=65_536)
    axes: dict[int, Any] = {0: batch}
    if request.task != "image-classification":
        axes[1] = torch.export.Dim("sequence", min=2, max=_length(request))
    program = torch.onnx.export(
        model,
        sample(request, 3, 7),
        dynamo=True,
        input_names=list(request.inputs),
        output_names=["result"],
        dynamic_shapes=(tuple(axes for _ in request.inputs),),
        opset_version=20,
        verbose=False,
    )
    if program is None:
        raise RuntimeError("torch.onnx gave no program")
    temporary = target.with_suffix(f".{time.time_ns()}.tmp")
    try:
        program.save(str(temporary), external_data=False)
        _compare(model, request, temporary)
        temporary.rename(target)
    finally:
        temporary.unlink(missing_ok=True)


def _length(request: ExportRequest) -> int:
    config = json.loads((request.folder / "config.json").read_bytes())
    return int(config.get("max_position_embeddings") or 512)


def _compare(model: Any, request: ExportRequest, path: Path) -> None:
    """Raise unless onnxruntime and torch agree on a batch of another shape than the one traced."""
    import onnxruntime
    import torch

    tensors = sample(request, 2, 11)
    with torch.inference_mode():
        expected = model(*tensors)
    if not bool(torch.isfinite(expected).all()):
        raise RuntimeError("it computes NaN or infinity")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    taken = {port.name for port in session.get_inputs()}
    feeds = {name: tensor.numpy() for name, tensor in zip(request.inputs, tensors, strict=True) if name in taken}
    (got,) = session.run(None, feeds)
    difference = float((torch.from_numpy(got) - expected).abs().max())
    if not difference <= _TOLERANCE * max(1.0, float(expected.abs().max())):
        raise RuntimeError(f"the exported graph differs from torch by {difference:g}")


if __name__ == "__main__":
    import os

    os.environ["HF_HUB_OFFLINE"] = "1"
    place, *rest, out = json.loads(sys.argv[1])
    wanted = ExportRequest(Path(place), *rest)
    (_quantize if wanted.int8 else _export)(wanted, Path(out))
