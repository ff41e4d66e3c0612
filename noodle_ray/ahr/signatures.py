"""What a model takes and gives, per task: names, dtypes and shapes, as the registry keeps them."""

from collections.abc import Mapping
from typing import Any

Port = dict[str, Any]
"""``name``, ``dtype`` and ``shape``; a size that varies is a text."""

_TYPES = {"float": "float32", "double": "float64", "string": "str"}


def signature_of(task: str, info: Mapping[str, Any]) -> dict[str, list[Port]]:
    """``inputs`` and ``outputs`` of a model whose ``Engine.info`` is ``info``."""
    if task in ("tensors", "custom"):
        return {"inputs": _ports(info.get("inputs", {})), "outputs": _ports(info.get("output_types", {}))}
    inputs, outputs = _TASKS.get(task, ([], []))
    width = info.get("width", "width")
    return {"inputs": [_sized(port, width) for port in inputs], "outputs": [_sized(port, width) for port in outputs]}


def _port(name: str, dtype: str, *shape: int | str) -> Port:
    return {"name": name, "dtype": dtype, "shape": list(shape)}


def _sized(port: Port, width: int | str) -> Port:
    return {**port, "shape": [width if size == "width" else size for size in port["shape"]]}


def _ports(ports: Mapping[str, Any]) -> list[Port]:
    return [
        _port(
            name,
            _TYPES.get(plain := str(port["type"]).removeprefix("tensor(").removesuffix(")"), plain),
            *port["shape"],
        )
        for name, port in ports.items()
    ]


_TASKS: dict[str, tuple[list[Port], list[Port]]] = {
    "embedding": ([_port("texts", "str", "n")], [_port("vectors", "float32", "n", "width")]),
    "classification": (
        [_port("texts", "str", "n")],
        [_port("label", "str", "n"), _port("score", "float64", "n"), _port("scores", "float64", "n", "width")],
    ),
    "token-classification": ([_port("texts", "str", "n")], [_port("spans", "object", "n", "spans")]),
    "reranking": ([_port("query", "str"), _port("documents", "str", "n")], [_port("scores", "float32", "n")]),
    "image-classification": (
        [_port("image", "uint8 or float32", "height", "width_px", 3)],
        [_port("label", "str"), _port("score", "float64"), _port("scores", "float64", "width")],
    ),
    "voice-activity": (
        [_port("samples", "float32", "n"), _port("rate", "int64")],
        [_port("speech", "object", "segments"), _port("probabilities", "float32", "windows")],
    ),
    "generation": ([_port("prompt", "str")], [_port("text", "str")]),
}
