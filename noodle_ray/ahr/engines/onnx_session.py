"""An onnxruntime session with Noodle's settings."""

from pathlib import Path
from typing import Any

import onnxruntime

from noodle_ray.ahr import codes
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

_SLOW_ON_CPU = ["SkipLayerNormFusion"]
"""Optimizers that are left out on a CPU. There the fused operator computes number by number, where addition and
normalization apart use vectors: MiniLM takes 0.88 of the time without it, in int8 0.75 (onnxruntime 1.32; texts of 8 to
48 tokens in runs of 32, on two cores)."""


def open_session(path: Path, spec: ModelSpec) -> Any:
    """Load an ONNX file; on the GPU when the spec asks for one and this onnxruntime can. Raises ModelError E0604.

    Threads do not spin while they wait: cores are shared with sandbox workers, and spinning gained nothing
    (320 against 330 sentences/s on two cores).
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = spec.options.get("threads", 0)  # 0: one per core
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = _providers(spec)
    slow = _SLOW_ON_CPU if providers == ["CPUExecutionProvider"] else []
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers, disabled_optimizers=slow)
    except Exception as error:  # onnxruntime's exceptions share no base class
        raise ModelError(
            f"the model {spec.name!r} cannot be loaded from {path}: {str(error)[:300]}", code=codes.LOAD_FAILED
        ) from error


def _providers(spec: ModelSpec) -> list[str]:
    wanted = ["CPUExecutionProvider"]
    if spec.options.get("gpus", 0) and "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        wanted.insert(0, "CUDAExecutionProvider")
    return wanted


def session_info(session: Any, spec: ModelSpec) -> dict[str, Any]:
    """What ``Engine.info`` says of a session."""
    return {
        "engine": "onnxruntime",
        "version": onnxruntime.__version__,
        "device": "cuda" if "CUDAExecutionProvider" in session.get_providers() else "cpu",
        "threads": spec.options.get("threads", 0),
    }


class _Closed:
    """What stands in for a session that was closed."""

    def run(self, *_: object) -> Any:
        raise RuntimeError("the model was closed")

    def get_providers(self) -> list[str]:
        return []


CLOSED = _Closed()
