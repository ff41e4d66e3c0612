"""What a model takes and gives in the protocol's terms, and calls of it with tensors.

Tensor models have the inputs and outputs of their graph. Models of texts have one call per text, so that those of all
requests and programs share batches.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.arrays import answer_of, plain, tensor_of
from noodle_ray.ahr.engines.base import wrong
from noodle_ray.ahr.signatures import signature_of
from noodle_ray.api.oip.errors import bad
from noodle_ray.api.oip.schemas import TensorPort
from noodle_ray.api.oip.tensors import DTYPES, Tensor
from noodle_ray.api.schemas import ModelInfo
from noodle_ray.core.runs.batcher import Call
from noodle_ray.core.vm.values import to_json
from noodle_ray.errors import ModelError

_DATATYPES: Final = {
    "str": "BYTES", "bool": "BOOL", "float16": "FP16", "float32": "FP32", "float64": "FP64",
    **{f"{sign}int{bits}": f"{sign.upper()}INT{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}  # fmt: skip


class Signature(NamedTuple):
    """The ports of a model, and the version that has them."""

    task: str
    engine: str
    version: str
    inputs: list[TensorPort]
    outputs: list[TensorPort]


def signature(model: ModelInfo, stats: Mapping[str, Any]) -> Signature:
    """The signature of a model whose replica says this of itself. Raises ModelError E0603 for tasks without tensors."""
    if model.task not in _CALLS:
        raise wrong(
            f"the model {model.name!r} has the task {model.task or 'unknown'}, which takes no tensors; "
            "call it over /v1/models/NAME/infer, or generate over OpenAI's routes"
        )
    ports = signature_of(model.task, stats["engine"])
    inputs, outputs = ([_port(model.name, port) for port in ports[side]] for side in ("inputs", "outputs"))
    return Signature(model.task, model.engine, stats["version"], inputs, outputs)


def _port(model: str, port: Mapping[str, Any]) -> TensorPort:
    datatype = _DATATYPES.get(port["dtype"])
    if datatype is None:
        raise wrong(f"the model {model!r} has {port['name']!r} of the type {port['dtype']}, which the protocol lacks")
    sizes = [size if isinstance(size, int) and size >= 0 else -1 for size in port["shape"]]
    if not sizes and datatype == "BYTES":
        sizes = [1]  # a query
    return TensorPort.model_validate({"name": port["name"], "datatype": datatype, "shape": sizes})


def check(signature: Signature, inputs: Mapping[str, Tensor]) -> None:
    """Raise RequestError E0703 unless these tensors are what the model takes."""
    ports = {port.name: port for port in signature.inputs}
    odd = sorted(ports.keys() ^ inputs.keys())
    if odd:
        raise bad(f"the model takes the inputs {', '.join(ports)}; check {', '.join(odd)[:200]}")
    for name, port in ports.items():
        tensor = inputs[name]
        if tensor.datatype != port.datatype:
            raise bad(f"the input {name!r} must be {port.datatype}, not {tensor.datatype}")
        shape = list(tensor.data.shape)
        if len(shape) != len(port.shape) or any(
            want not in (-1, have) for want, have in zip(port.shape, shape, strict=True)
        ):
            raise bad(f"the input {name!r} must have the shape {port.shape}, not {shape}")


def calls(signature: Signature, inputs: Mapping[str, Tensor], most: int) -> list[Call]:
    """The calls of the model for these tensors, at most so many."""
    made = _CALLS[signature.task](inputs)
    if not 0 < len(made) <= most:
        raise bad(f"a request may have 1 to {most} texts, not {len(made)}")
    return made


def outputs(signature: Signature, answers: list[Any]) -> dict[str, Tensor]:
    """The tensors of the model's answers. Raises ModelError E0605 for answers that are not what it says it gives."""
    values = _VALUES[signature.task](answers)
    try:
        return {port.name: Tensor(port.datatype, _array(values[port.name], port)) for port in signature.outputs}
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        raise ModelError(
            f"the model's answer is not what its signature says: {str(error)[:200]}", code=codes.ENGINE_FAILED
        ) from error


def _array(value: Any, port: TensorPort) -> "np.ndarray[Any, np.dtype[Any]]":
    found = tensor_of(value)
    data = np.asarray(plain(value) if found is None else found, DTYPES[port.datatype])
    if not data.size and len(port.shape) > 2:  # engines answer these with lists, which do not say how long none is
        raise ValueError(f"{port.name!r} has no elements, and more than two axes")
    return data


def _texts(inputs: Mapping[str, Tensor]) -> list[Call]:
    return [((text,), {}) for text in inputs["texts"].data.tolist()]


def _pairs(inputs: Mapping[str, Tensor]) -> list[Call]:
    (query,) = inputs["query"].data.tolist()
    return [((query, text), {}) for text in inputs["documents"].data.tolist()]


def _tensors(inputs: Mapping[str, Tensor]) -> list[Call]:
    return [((), {name: answer_of(tensor.data) for name, tensor in inputs.items()})]


_CALLS: Final[dict[str, Callable[[Mapping[str, Tensor]], list[Call]]]] = {
    "embedding": _texts,
    "classification": _texts,
    "reranking": _pairs,
    "tensors": _tensors,
}
_VALUES: Final[dict[str, Callable[[list[Any]], Mapping[str, Any]]]] = {
    "embedding": lambda answers: {"vectors": answers},
    "classification": lambda answers: {
        "label": [answer["label"] for answer in answers],
        "score": [answer["score"] for answer in answers],
        "scores": [list(answer["scores"].values()) for answer in answers],
    },
    "reranking": lambda answers: {"scores": to_json(answers)},
    "tensors": lambda answers: answers[0],
}
