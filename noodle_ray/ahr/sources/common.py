"""What all sources share: the error for what is missing, the names that are fetched, and progress."""

from collections.abc import Callable
from pathlib import PurePosixPath

from noodle_ray.ahr import codes
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

Progress = Callable[[str], None]
"""Is told what a long operation is doing, in a sentence."""

SAFE_SUFFIXES = (".json", ".txt", ".model", ".safetensors")
WEIGHT_SUFFIXES = (*SAFE_SUFFIXES, ".md", ".gguf", ".onnx", ".onnx_data", ".data")
PICKLES = (".bin",)
_MAX_PARTS = 16


def quiet(message: str) -> None:
    """Progress that nobody reads."""


def missing(spec: ModelSpec, why: str, hint: str = "") -> ModelError:
    """The error for a source that does not give the model (E0602)."""
    return ModelError(f"the model {spec.name!r} cannot be found: {why}", code=codes.MISSING_FILE, hint=hint)


def safe_name(name: str) -> bool:
    """Whether a relative file name from elsewhere stays in the folder that it is put in."""
    parts = name.split("/")
    return (
        0 < len(name.encode(errors="replace")) <= 1000
        and len(parts) <= _MAX_PARTS
        and all(part not in ("", ".", "..") and part.isprintable() and "\\" not in part for part in parts)
    )


def wanted(spec: ModelSpec, name: str) -> bool:
    """Whether a file of this name is fetched: model files, never code; pickles only if the operator allows them."""
    suffixes = (*WEIGHT_SUFFIXES, *PICKLES) if spec.options.get("allow_pickle") else WEIGHT_SUFFIXES
    return PurePosixPath(name).suffix.lower() in suffixes


def shown_size(size: float) -> str:
    """A number of bytes for people."""
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
