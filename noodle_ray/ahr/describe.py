"""What a model's files say about it: format, task, engine; and whether they are complete and safe to read."""

import json
import struct
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from noodle_ray.ahr import codes
from noodle_ray.errors import ModelError

_PICKLES = {".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".h5", ".joblib"}
_ARCHITECTURES = {
    "ForSequenceClassification": "classification",
    "ForCausalLM": "generation",
    "LMHeadModel": "generation",
    "ForConditionalGeneration": "generation",
    "ForMaskedLM": "embedding",
    "Model": "embedding",
}
_OPTIMUM_TASKS = {
    "feature-extraction": "embedding",
    "sentence-similarity": "embedding",
    "text-classification": "classification",
    "text-generation": "generation",
}
_ENGINES = {"safetensors": "onnxruntime", "onnx": "onnxruntime", "gguf": "llama.cpp"}
_GGUF_ENCODERS = ("bert", "t5encoder", "clip")
_JSON_LIMIT = 64 << 20  # bytes


class Description(NamedTuple):
    """A model as its files describe it. ``file_format`` is ``safetensors``, ``gguf`` or ``onnx``."""

    file_format: str
    task: str
    engine: str
    architecture: str


def describe(path: Path, task: str = "", engine: str = "") -> Description:
    """Look at a model folder or file; ``task`` and ``engine``, when given, win over what is inferred.

    Raises ModelError: E0602 for missing files, E0604 for broken ones, or a task that no engine here can do,
    E0607 for weights that could run code.
    """
    if path.is_dir():
        found = _describe_folder(path, task)
    elif path.suffix == ".gguf":
        found = _describe_gguf(path)
    elif path.suffix == ".onnx":
        found = Description("onnx", "tensors", "onnxruntime", "")
    elif path.suffix in _PICKLES:
        raise _unsafe(path)
    else:
        raise _broken(path, "it is neither a GGUF nor an ONNX file")
    found = found._replace(task=task or found.task, engine=engine or found.engine)
    if found.engine != _ENGINES[found.file_format]:
        raise _broken(path, f"the engine {found.engine} cannot read {found.file_format} files")
    if (found.task == "generation") != (found.engine == "llama.cpp"):
        hint = "for generation register a GGUF version of the model" if found.task == "generation" else ""
        raise _broken(path, f"the engine {found.engine} has no task {found.task!r} for {found.file_format} files", hint)
    return found


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a model's folder; raises ModelError E0602 if absent, E0604 if malformed."""
    try:
        if path.stat().st_size > _JSON_LIMIT:
            raise _broken(path, "it is too large")
        data = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise ModelError(f"the model's file {path} is missing", code=codes.MISSING_FILE) from error
    except (OSError, ValueError, RecursionError) as error:
        raise _broken(path, str(error)) from error
    if not isinstance(data, dict):
        raise _broken(path, "it holds no JSON object")
    return data


def _describe_folder(folder: Path, task: str) -> Description:
    config = read_json(folder / "config.json")
    _check_weights(folder)
    if not (folder / "tokenizer.json").is_file():
        raise ModelError(f"the model's file {folder / 'tokenizer.json'} is missing", code=codes.MISSING_FILE)
    names = config.get("architectures")
    architecture = str(names[0]) if isinstance(names, list) and names else ""
    if not task:
        task = "embedding" if (folder / "modules.json").is_file() else _task_of(architecture)
    if not task and (known := _ask_optimum(architecture)):
        task = _OPTIMUM_TASKS.get(known, "")
        if not task:
            raise _broken(folder, f"no engine here does its task, {known}")
    if not task:
        raise _broken(folder, f"its task cannot be told from {architecture or 'its config.json'}", "say it with --task")
    return Description("safetensors", task, "onnxruntime", architecture)


def _task_of(architecture: str) -> str:
    return next((task for ending, task in _ARCHITECTURES.items() if architecture.endswith(ending)), "")


def _ask_optimum(architecture: str) -> str:
    """The task that optimum knows for an architecture of transformers, or ''. Slow to import, so asked last."""
    import transformers
    from optimum.exporters.tasks import TasksManager

    kind = getattr(transformers, architecture, None) if architecture.isidentifier() else None
    if not (isinstance(kind, type) and issubclass(kind, transformers.PreTrainedModel)):
        return ""
    try:
        return str(TasksManager.infer_task_from_model(kind))
    except (KeyError, ValueError, RuntimeError):
        return ""


def _check_weights(folder: Path) -> None:
    """Every safetensors shard is there and holds all bytes its header promises; no fallback to pickles."""
    from safetensors import SafetensorError, safe_open

    index = folder / "model.safetensors.index.json"
    if index.is_file():
        shards = read_json(index).get("weight_map")
        if not isinstance(shards, dict) or not all(isinstance(name, str) for name in shards.values()):
            raise _broken(index, "it holds no weight_map")
        files = [folder / name for name in sorted(set(shards.values()))]
        if any(file.parent != folder for file in files):
            raise _broken(index, "it names a file outside of its folder")
    else:
        files = [folder / "model.safetensors"]
    for file in files:
        if not file.is_file():
            if any(path.suffix in _PICKLES for path in folder.iterdir()):
                raise _unsafe(folder)
            raise ModelError(f"the model's file {file} is missing", code=codes.MISSING_FILE)
        try:
            with safe_open(file, framework="numpy"):
                pass
        except (SafetensorError, OSError) as error:
            raise _broken(file, str(error)) from error


def _describe_gguf(path: Path) -> Description:
    try:
        with path.open("rb") as file:
            architecture = _gguf_architecture(file)
    except (OSError, struct.error, UnicodeDecodeError, ValueError) as error:
        raise _broken(path, f"its GGUF header is damaged ({error})") from error
    task = "embedding" if any(mark in architecture for mark in _GGUF_ENCODERS) else "generation"
    return Description("gguf", task, "llama.cpp", architecture)


def gguf_chat_template(path: Path) -> str:
    """The chat template in a GGUF file that was described before; '' if it has none."""
    with path.open("rb") as file:
        return _gguf_find(file, "tokenizer.chat_template") or ""


_GGUF_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_GGUF_STRING, _GGUF_ARRAY = 8, 9


def _gguf_architecture(file: BinaryIO) -> str:
    found = _gguf_find(file, "general.architecture")
    if found is None:
        raise ValueError("no general.architecture")
    return found


def _gguf_find(file: BinaryIO, wanted: str) -> str | None:
    """A text from a GGUF header (version 2 or 3; the format is in ggml's docs/gguf.md)."""
    magic, version, _tensors, pairs = struct.unpack("<4sIQQ", file.read(24))
    if magic != b"GGUF" or version not in (2, 3) or pairs > 100_000:
        raise ValueError("no GGUF of version 2 or 3")
    for _ in range(pairs):
        key = _gguf_text(file)
        (kind,) = struct.unpack("<I", file.read(4))
        if key == wanted and kind == _GGUF_STRING:
            return _gguf_text(file)
        _gguf_skip(file, kind)
    return None


def _gguf_text(file: BinaryIO) -> str:
    (length,) = struct.unpack("<Q", file.read(8))
    if length > 1 << 24:
        raise ValueError("a text is too long")
    return file.read(length).decode()


def _gguf_skip(file: BinaryIO, kind: int) -> None:
    if kind == _GGUF_STRING:
        _gguf_text(file)
    elif kind == _GGUF_ARRAY:
        inner, count = struct.unpack("<IQ", file.read(12))
        if inner in _GGUF_SIZES:
            file.seek(_GGUF_SIZES[inner] * count, 1)
        elif inner == _GGUF_STRING:
            for _ in range(count):
                _gguf_text(file)
        else:
            raise ValueError("unknown array type")
    elif kind in _GGUF_SIZES:
        file.seek(_GGUF_SIZES[kind], 1)
    else:
        raise ValueError("unknown value type")


def _broken(path: Path, why: str, hint: str = "") -> ModelError:
    return ModelError(f"the model at {path} cannot be loaded: {why[:300]}", code=codes.LOAD_FAILED, hint=hint)


def _unsafe(path: Path) -> ModelError:
    return ModelError(
        f"the weights at {path} are pickled, and reading a pickle can run any code in it",
        code=codes.UNSAFE_FORMAT,
        hint="convert the model to safetensors, GGUF or ONNX",
    )
