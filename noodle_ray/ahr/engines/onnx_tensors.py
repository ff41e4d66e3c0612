"""Any ONNX model: named tensors in, named tensors out, as arrays."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.arrays import answer_of, plain, tensor_of
from noodle_ray.ahr.engines.base import Call, each, wrong
from noodle_ray.ahr.engines.onnx_session import CLOSED, open_session, session_info
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(int16)": np.int16,
    "tensor(int8)": np.int8,
    "tensor(uint64)": np.uint64,
    "tensor(uint32)": np.uint32,
    "tensor(uint16)": np.uint16,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.object_,
}
_MAX_ELEMENTS = 16_777_216
_MAX_AXES = 16


class TensorEngine:
    """A generic ONNX model: ``model(name=[[...]], ...)``, or positional in the graph's order.

    Answers an object with one tensor per output (see `arrays.answer_of`). Raises ModelError E0604 when it cannot be
    loaded.
    """

    parallel = 1

    def __init__(self, spec: ModelSpec, file: Path) -> None:
        self.name = spec.name
        self._spec = spec
        self._session = open_session(file, spec)
        self._inputs = {port.name: port for port in self._session.get_inputs()}
        self._results = {port.name: port for port in self._session.get_outputs()}
        self._outputs = list(self._results)
        strange = [port.type for port in self._inputs.values() if port.type not in _TYPES]
        if strange:
            raise ModelError(f"the model {spec.name!r} wants inputs of type {strange[0]}", code=codes.LOAD_FAILED)
        self.max_batch = spec.options.get("max_batch", 8)

    def infer(self, calls: Sequence[Call]) -> list[Any]:
        """One answer per call. Calls run one by one: nothing says which axis of a foreign graph is a batch."""
        return each(calls, self._answer, self.name)

    def _answer(self, call: Call) -> dict[str, Any]:
        tensors = {name: self._tensor(name, value) for name, value in self._bound(call).items()}
        try:
            results = self._session.run(None, tensors)
        except Exception as error:  # onnxruntime's exceptions share no base class
            if type(error).__name__ == "InvalidArgument":
                raise wrong(f"the model {self.name!r} refused its tensors: {str(error)[:300]}") from error
            if odd := self._disagreeing(tensors):
                raise wrong(f"the model {self.name!r} refused its tensors: {odd}") from error
            raise
        return {
            name: answer_of(result) if isinstance(result, np.ndarray) else result
            for name, result in zip(self._outputs, results, strict=True)
        }

    def _disagreeing(self, tensors: Mapping[str, NDArray[Any]]) -> str:
        """Which inputs have different sizes where their shapes have the same name; '' if none."""
        sizes: dict[str, tuple[str, int]] = {}
        for name, tensor in tensors.items():
            for axis, size in zip(self._inputs[name].shape, tensor.shape, strict=True):
                if isinstance(axis, str):
                    other, its = sizes.setdefault(axis, (name, size))
                    if its != size:
                        return f"{other!r} and {name!r} must agree in {axis!r}, but have {its} and {size}"
        return ""

    def _bound(self, call: Call) -> dict[str, Any]:
        args, kwargs = call
        names = list(self._inputs)
        expected = f"the model {self.name!r} takes the inputs {', '.join(names)}"
        if len(args) > len(names):
            raise wrong(f"{expected}, but got {len(args)} arguments")
        bound = dict(zip(names, args, strict=False))
        if twice := bound.keys() & kwargs.keys():
            raise wrong(f"{expected}, but got {min(twice)!r} twice")
        bound |= kwargs
        if bound.keys() != self._inputs.keys():
            odd = sorted(map(str, bound.keys() ^ self._inputs.keys()))
            raise wrong(f"{expected}; check {', '.join(odd)[:200]}")
        return bound

    def _tensor(self, name: str, value: Any) -> NDArray[Any]:
        port = self._inputs[name]
        kind = _TYPES[port.type]
        data = tensor_of(value)
        if data is None:
            value = plain(value)
            _check_items(name, value, kind)
        else:
            _check_dtype(name, data.dtype, kind)
        try:
            tensor: NDArray[Any] = np.asarray(value if data is None else data, dtype=kind)
        except (ValueError, TypeError, OverflowError) as error:
            raise wrong(f"the input {name!r} is no {port.type}: {str(error)[:200]}") from error
        if not _fits(tensor.shape, port.shape):
            raise wrong(f"the input {name!r} must have the shape {_shown(port.shape)}, not {_shown(tensor.shape)}")
        return tensor

    def smoke(self) -> None:
        """Nothing to run: inputs of a foreign graph cannot be made up."""

    def info(self) -> dict[str, Any]:
        """Engine, device, threads; types and shapes of ``inputs``, names of ``outputs``, and their ``output_types``."""
        inputs, results = (
            {name: {"type": port.type, "shape": list(port.shape)} for name, port in ports.items()}
            for ports in (self._inputs, self._results)
        )
        return session_info(self._session, self._spec) | {
            "inputs": inputs,
            "outputs": self._outputs,
            "output_types": results,
        }

    def close(self) -> None:
        """Drop the session."""
        self._session = CLOSED


def _check_items(name: str, value: Any, kind: type[Any]) -> None:
    """Numpy would read '1' as 1 and cut 1.5 to 1; a program that sends those has a bug."""
    expected, allowed = _expected(kind)
    for count, item in enumerate(_leaves(name, value, 0)):
        if not isinstance(item, allowed):
            raise wrong(f"the input {name!r} must hold {expected}, not {item!r:.80}")
        if count == _MAX_ELEMENTS:
            raise wrong(f"the input {name!r} has more than {_MAX_ELEMENTS:,} elements")


def _check_dtype(name: str, have: "np.dtype[Any]", kind: type[Any]) -> None:
    """What `_check_items` says of the numbers of an array."""
    expected, allowed = _expected(kind)
    if not issubclass({"f": float, "i": int, "b": bool}[have.kind], allowed):
        raise wrong(f"the input {name!r} must hold {expected}, not {have.name}")


def _expected(kind: type[Any]) -> tuple[str, tuple[type, ...]]:
    if kind is np.object_:
        return "texts", (str,)
    if kind is np.bool_:
        return "booleans", (bool,)
    return ("whole numbers", (int,)) if issubclass(kind, np.integer) else ("numbers", (int, float))


def _leaves(name: str, value: Any, depth: int) -> Iterator[Any]:
    if not isinstance(value, list | tuple):
        yield value
    elif depth == _MAX_AXES:
        raise wrong(f"the input {name!r} is nested deeper than {_MAX_AXES} lists")
    else:
        for item in value:
            yield from _leaves(name, item, depth + 1)


def _fits(shape: tuple[int, ...], wanted: Sequence[Any]) -> bool:
    return len(shape) == len(wanted) and all(
        not isinstance(size, int) or size == have for have, size in zip(shape, wanted, strict=True)
    )


def _shown(shape: Sequence[Any]) -> str:
    return f"[{', '.join(str(size) for size in shape)}]"
