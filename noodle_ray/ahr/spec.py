"""The description of one registered model."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from noodle_ray.ahr import codes
from noodle_ray.errors import ModelError

TASKS = (
    "embedding",
    "classification",
    "token-classification",
    "reranking",
    "image-classification",
    "voice-activity",
    "generation",
    "tensors",
    "custom",
)
ENGINES = ("onnxruntime", "llama.cpp", "transformers", "vllm", "python")
STORES = ("s3", "gs", "az", "http", "https", "file", "memory")
"""Schemes of URLs that fsspec opens."""
SCHEMES = ("wheel", "path", "hf", "gguf", "onnx", "python", *STORES)

UNVERSIONED = "unversioned"
"""What a version is called whose description names none."""

PROGRAMS = "noodle:"
"""What the name of a published program begins with, where it stands beside those of models."""
NAME = re.compile(r"[a-z0-9][a-z0-9._/@:-]{0,199}", re.IGNORECASE)
_DIGEST = re.compile(r"[0-9a-f]{64}")


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and low <= value <= high


def _number(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: type(value) in (int, float) and isfinite(value) and low <= value <= high


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _gpus(value: Any) -> bool:
    return _number(0, 64)(value) and (value <= 1 or value == int(value))


def _amounts(value: Any) -> bool:
    fits = _number(0, 1 << 20)
    return isinstance(value, Mapping) and len(value) <= 16 and all(_name(key) and fits(value[key]) for key in value)


def _labels(value: Any) -> bool:
    return isinstance(value, Mapping) and len(value) <= 16 and all(_name(key) and _name(value[key]) for key in value)


def _name(value: Any) -> bool:
    return isinstance(value, str) and NAME.fullmatch(value) is not None


OPTIONS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "threads": ("a whole number of CPU threads from 1 to 1024", _whole(1, 1024)),
    "max_batch": ("a whole number of calls from 1 to 4096", _whole(1, 4096)),
    "max_wait": ("seconds from 0 to 1", _number(0, 1)),
    "max_length": ("a whole number of tokens from 2 to 131072", _whole(2, 131_072)),
    "pooling": ("'mean' or 'cls'", lambda value: value in ("mean", "cls")),
    "normalize": ("true or false", _flag),
    "slots": ("a whole number of generations, or calls of a class, at a time, from 1 to 64", _whole(1, 64)),
    "context": ("a whole number of tokens per generation from 64 to 1048576", _whole(64, 1_048_576)),
    "cache_prompt": ("true or false", _flag),
    "max_queue": ("a whole number of calls from 1 to 65536", _whole(1, 65_536)),
    "max_tenant_queue": ("a whole number of calls from 1 to 65536", _whole(1, 65_536)),
    "max_batch_tokens": ("a whole number of tokens from 1 to 1048576", _whole(1, 1 << 20)),
    "start_timeout": ("seconds from 1 to 86400", _number(1, 86_400)),
    "time_limit": ("seconds from 0.1 to 86400", _number(0.1, 86_400)),
    "stream_interval": ("seconds from 0 to 1", _number(0, 1)),
    "system": ("a text", _text),
    "chat_template": ("a text", _text),
    "gpus": ("a number of GPUs from 0 to 64, whole or a fraction of one", _gpus),
    "cpus": ("a number of CPU cores from 0 to 1024", _number(0, 1024)),
    "resources": ("an object of Ray's custom resources and their amounts", _amounts),
    "labels": ("an object of node labels and their values", _labels),
    "min_replicas": ("a whole number of replicas from 0 to 64", _whole(0, 64)),
    "max_replicas": ("a whole number of replicas from 1 to 64", _whole(1, 64)),
    "target_queue": ("a number of calls from 0.1 to 4096", _number(0.1, 4096)),
    "target_latency": ("seconds from 0.001 to 86400", _number(0.001, 86_400)),
    "idle_timeout": ("seconds from 1 to 86400", _number(1, 86_400)),
    "share": ("the name of a replica that holds several models", _name),
    "gpu_layers": ("a whole number of layers from -1 (all) to 10000", _whole(-1, 10_000)),
    "dtype": ("'fp32', 'bf16', 'fp16' or 'int8'", lambda value: value in ("fp32", "bf16", "fp16", "int8")),
    "cache_results": ("true or false", _flag),
    "side_effects": ("true or false", _flag),
    "memory": ("a whole number of MiB from 1 to 16777216", _whole(1, 1 << 24)),
    "allow_pickle": ("true or false", _flag),
    "file": ("the name of one file in the source", _text),
    "revision": ("a branch, tag or commit", _text),
}
"""What ``options`` may hold: name -> (what is expected, test). docs/models.md explains each."""


_OF_ITS_OWN = {
    "gpus", "cpus", "resources", "labels", "min_replicas", "max_replicas", "target_queue", "target_latency",
    "idle_timeout",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model: its name, where it comes from, and what executes it.

    ``source`` is ``wheel:PACKAGE``, ``path:FOLDER``, ``hf:ORG/NAME``, ``gguf:FILE``, ``onnx:FILE``,
    ``python:MODULE:CLASS`` or the URL of a store. ``task`` and ``engine`` may be empty: then they are inferred from
    the files when the model is loaded. ``digest``, when given, is the SHA-256 (hex) that ``files.content_digest`` of
    the files must be. Raises ModelError E0606 when a field cannot be right.
    """

    name: str
    source: str
    task: str = ""
    engine: str = ""
    version: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""

    def __post_init__(self) -> None:
        for what in ("name", "source", "task", "engine", "version", "digest"):
            if not isinstance(getattr(self, what), str):
                raise _malformed(f"a model's {what} must be a text")
        if not NAME.fullmatch(self.name):
            raise _malformed(
                f"{self.name[:80]!r} is no model name: use 1 to 200 letters, digits and . _ / @ : -, "
                "and start with a letter or digit"
            )
        if self.name.startswith(PROGRAMS):
            raise _malformed(f"{self.name[:80]!r} is no model name: {PROGRAMS!r} begins those of published programs")
        scheme, _, place = self.source.partition(":")
        odd = scheme in STORES and (
            not place.startswith("//") or "::" in place
        )  # fsspec would open one through another
        if scheme not in SCHEMES or not place or "\0" in place or odd:
            raise _malformed(
                f"{self.source[:80]!r} is no model source: write wheel:PACKAGE, path:FOLDER, hf:ORG/NAME, "
                "gguf:FILE, onnx:FILE, python:MODULE:CLASS, or a URL such as s3://bucket/folder"
            )
        if self.digest and not _DIGEST.fullmatch(self.digest):
            raise _malformed("a model's digest must be 64 hex digits")
        _check_choice("task", self.task, TASKS)
        _check_choice("engine", self.engine, ENGINES)
        _check_options(self.options)

    @property
    def generates(self) -> bool:
        """Whether it generates texts, as far as that is known before it is loaded."""
        return self.task == "generation" or self.engine in ("llama.cpp", "vllm") or self.scheme == "gguf"

    @property
    def apart(self) -> bool:
        """Whether its calls go out one by one, so many at a time as it has slots: generations do, and calls of a class
        that says how many it takes at once."""
        return self.generates or (self.scheme == "python" and "slots" in self.options)

    @property
    def free(self) -> bool:
        """Whether it is marked as free of side effects: then a call may be made that nobody turns out to want."""
        return self.options.get("side_effects") is False

    @property
    def label(self) -> str:
        """What the version is called: ``NAME@LABEL`` means it."""
        return self.version or UNVERSIONED

    @property
    def scheme(self) -> str:
        """The part of the source before the colon."""
        return self.source.partition(":")[0]

    @property
    def place(self) -> str:
        """The part of the source after the colon."""
        return self.source.partition(":")[2]

    @property
    def kept_as(self) -> str:
        """What stands for this version and its options where its answers are kept; '' if they are not, as nobody asked
        for it or nothing says which files they are from."""
        if not (self.options.get("cache_results") and self.digest):
            return ""
        described = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(described.encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values."""
        return {
            "name": self.name,
            "source": self.source,
            "task": self.task,
            "engine": self.engine,
            "version": self.version,
            "options": dict(self.options),
            "digest": self.digest,
        }

    @classmethod
    def from_dict(cls, data: object) -> "ModelSpec":
        """The spec that ``to_dict`` gave; raises ModelError E0606 on anything else."""
        if not isinstance(data, dict):
            raise _malformed("a model's description must be an object with name and source")
        unknown = set(data) - set(cls.__slots__)
        if unknown or not {"name", "source"} <= set(data):
            extra = f", without {', '.join(sorted(map(repr, unknown)))}" if unknown else ""
            raise _malformed(f"a model's description must have name and source{extra}")
        return cls(**data)


def _malformed(message: str) -> ModelError:
    return ModelError(message, code=codes.BAD_REGISTRATION)


def _check_choice(what: str, value: str, choices: tuple[str, ...]) -> None:
    if value and value not in choices:
        raise _malformed(f"{value[:80]!r} is no {what} of a model: use one of {', '.join(choices)}")


def _check_options(options: object) -> None:
    if not isinstance(options, Mapping):
        raise _malformed("a model's options must be an object")
    for name, value in options.items():
        if name not in OPTIONS:
            raise _malformed(f"{str(name)[:80]!r} is no option of a model: use one of {', '.join(OPTIONS)}")
        expected, fits = OPTIONS[name]
        if not fits(value):
            raise _malformed(f"a model's option {name!r} must be {expected}")
    alone = sorted(options.keys() & _OF_ITS_OWN)
    if "share" in options and alone:
        raise _malformed(f"a model that shares a replica has no {', '.join(alone)} of its own")
    if options.get("min_replicas", 0) > options.get("max_replicas", 64):
        raise _malformed("a model's min_replicas must be at most its max_replicas")
