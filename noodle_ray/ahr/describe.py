"""What a model's files say about it: format, task, engine; and whether they are complete and safe to read."""

import json
import struct
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from noodle_ray.ahr import codes
from noodle_ray.ahr.gguf import gguf_text
from noodle_ray.errors import ModelError

_PICKLES = {".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".h5", ".joblib"}
_ARCHITECTURES = {
    "ForSequenceClassification": "classification",
    "ForTokenClassification": "token-classification",
    "ForImageClassification": "image-classification",
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
    "token-classification": "token-classification",
    "image-classification": "image-classification",
    "text-generation": "generation",
}
EXPORTED = frozenset({"embedding", "classification", "token-classification", "reranking", "image-classification"})
"""Tasks whose models are exported to ONNX."""
_FOLDERS = ("safetensors", "pickle")
_TORCH = EXPORTED | {"generation"}
_ABLE = {
    ("onnxruntime", "safetensors"): EXPORTED,
    ("onnxruntime", "pickle"): EXPORTED,
    ("onnxruntime", "onnx"): frozenset({"tensors", "voice-activity"}),
    ("llama.cpp", "gguf"): frozenset({"generation"}),
    ("transformers", "safetensors"): _TORCH,
    ("transformers", "pickle"): _TORCH,
    ("vllm", "safetensors"): frozenset({"generation"}),
    ("python", "python"): frozenset({"custom"}),
}
"""Which tasks an engine does with files of a format."""
_PRECISIONS = {
    "onnxruntime": frozenset({"fp32", "int8"}),
    "transformers": frozenset({"fp32", "bf16", "fp16", "int8"}),
    "vllm": frozenset({"fp32", "bf16", "fp16"}),
}
_GGUF_ENCODERS = ("bert", "t5encoder", "clip")
_JSON_LIMIT = 64 << 20  # bytes
_LOOK_INTO = 64 << 20  # bytes; a graph that is larger is no voice detector


class Description(NamedTuple):
    """A model as its files describe it. ``file_format`` is ``safetensors``, ``pickle``, ``gguf``, ``onnx`` or
    ``python``.
    """

    file_format: str
    task: str
    engine: str
    architecture: str


def describe(path: Path, task: str = "", engine: str = "", options: Mapping[str, Any] | None = None) -> Description:
    """Look at a model folder or file; ``task`` and ``engine``, when given, win over what is inferred. Pickled weights
    are described only if ``options`` has ``allow_pickle``.

    Raises ModelError: E0602 for missing files, E0604 for broken ones, or a task that no engine here can do,
    E0607 for weights that could run code.
    """
    options = options or {}
    if path.is_dir():
        found = _describe_folder(path, task, bool(options.get("allow_pickle")))
    elif path.suffix == ".gguf":
        found = _describe_gguf(path)
    elif path.suffix == ".onnx":
        found = Description("onnx", task or _onnx_task(path), "onnxruntime", "")
    elif path.suffix == ".py":
        found = Description("python", "custom", "python", "")
    elif path.suffix in _PICKLES:
        raise _unsafe(path)
    else:
        raise _broken(path, "it is neither a GGUF nor an ONNX file")
    found = found._replace(task=task or found.task)
    found = found._replace(engine=engine or _choose(found, options))
    tasks = _ABLE.get((found.engine, found.file_format))
    if tasks is None:
        raise _broken(path, f"the engine {found.engine} cannot read {found.file_format} files")
    if found.task not in tasks:
        hint = "for generation register a GGUF version of the model" if found.task == "generation" else ""
        raise _broken(path, f"the engine {found.engine} has no task {found.task!r} for {found.file_format} files", hint)
    dtype = options.get("dtype", "fp32")
    if dtype != "fp32" and (found.file_format not in _FOLDERS or dtype not in _PRECISIONS[found.engine]):
        raise _broken(path, f"the engine {found.engine} does not compute {found.file_format} files in {dtype}")
    return found


def _choose(found: Description, options: Mapping[str, Any]) -> str:
    """The engine for files of a format and their task, where the registration names none.

    Folders go to onnxruntime. What it cannot do goes to transformers: generation, half precision, and a GPU that only
    torch can use. Generation on GPUs goes to vLLM where that is installed.
    """
    if found.file_format not in _FOLDERS:
        return found.engine
    if found.task == "generation" and found.file_format == "safetensors" and options.get("gpus") and find_spec("vllm"):
        return "vllm"
    if found.task not in EXPORTED or options.get("dtype", "fp32") not in _PRECISIONS["onnxruntime"]:
        return "transformers"
    return "transformers" if options.get("gpus") and _only_torch_has_a_gpu() else "onnxruntime"


def _only_torch_has_a_gpu() -> bool:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        return False
    import torch

    return bool(torch.cuda.is_available())


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


def _describe_folder(folder: Path, task: str, allow_pickle: bool) -> Description:
    config = read_json(folder / "config.json")
    file_format = _check_weights(folder, allow_pickle)
    names = config.get("architectures")
    architecture = str(names[0]) if isinstance(names, list) and names else ""
    if not task:
        task = "embedding" if (folder / "modules.json").is_file() else _task_of(architecture, config)
    if not task and (known := _ask_optimum(architecture)):
        task = _OPTIMUM_TASKS.get(known, "")
        if not task:
            raise _broken(folder, f"no engine here does its task, {known}")
    if not task:
        raise _broken(folder, f"its task cannot be told from {architecture or 'its config.json'}", "say it with --task")
    needed = folder / ("preprocessor_config.json" if task == "image-classification" else "tokenizer.json")
    if not needed.is_file():
        raise ModelError(f"the model's file {needed} is missing", code=codes.MISSING_FILE)
    return Description(file_format, task, "", architecture)


def _task_of(architecture: str, config: Mapping[str, Any]) -> str:
    task = next((task for ending, task in _ARCHITECTURES.items() if architecture.endswith(ending)), "")
    labels = config.get("id2label")
    # A cross-encoder is a classifier with one output, the score.
    one = isinstance(labels, dict) and len(labels) == 1
    return "reranking" if task == "classification" and one else task


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


def _check_weights(folder: Path, allow_pickle: bool) -> str:
    """Every safetensors shard is there and holds all bytes its header promises. Returns the format: ``pickle`` only
    where there are no safetensors and pickles are allowed.
    """
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
        if allow_pickle and not files[0].is_file() and (folder / "pytorch_model.bin").is_file():
            return "pickle"
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
    return "safetensors"


def _onnx_task(path: Path) -> str:
    """``voice-activity`` for a graph with the inputs of silero's detector, else ``tensors``."""
    if path.stat().st_size > _LOOK_INTO:
        return "tensors"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception:  # what is wrong with it is said when it is loaded; the exceptions share no base class
        return "tensors"
    return "voice-activity" if {port.name for port in session.get_inputs()} == {"input", "state", "sr"} else "tensors"


def _describe_gguf(path: Path) -> Description:
    try:
        with path.open("rb") as file:
            architecture = gguf_text(file, "general.architecture")
        if not architecture:
            raise ValueError("no general.architecture")
    except (OSError, struct.error, UnicodeDecodeError, ValueError) as error:
        raise _broken(path, f"its GGUF header is damaged ({error})") from error
    task = "embedding" if any(mark in architecture for mark in _GGUF_ENCODERS) else "generation"
    return Description("gguf", task, "llama.cpp", architecture)


def _broken(path: Path, why: str, hint: str = "") -> ModelError:
    return ModelError(f"the model at {path} cannot be loaded: {why[:300]}", code=codes.LOAD_FAILED, hint=hint)


def _unsafe(path: Path) -> ModelError:
    return ModelError(
        f"the weights at {path} are pickled, and reading a pickle can run any code in it",
        code=codes.UNSAFE_FORMAT,
        hint="convert the model to safetensors, GGUF or ONNX, or allow it with the option allow_pickle=true",
    )
