"""A user's own class as a model: ``load`` once, ``predict`` per call.

It runs in the process that holds models, never in a sandbox: who registers it vouches for it.
"""

import asyncio
import importlib
import inspect
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, get_origin, get_type_hints

import numpy as np
from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter, ValidationError

from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.arrays import answer_of, plain, tensor_of
from noodle_ray.ahr.engines.base import Call, each, failed, wrong
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.core.vm.arrays.array import array
from noodle_ray.core.vm.packed import Packed
from noodle_ray.errors import ModelError

_PLAIN = (type(None), bool, int, float, str, bytes)
_DEPTH = 64


class PythonEngine:
    """The class that ``python:MODULE:CLASS`` names, with ``load(self)`` and ``predict(self, ...)``.

    The parameters of ``predict`` and its result are annotated. Arguments are validated by pydantic; for an annotation
    with numpy's ndarray arrays come as they are. If the class has an ``example``, a tuple of arguments, it is tried
    when the model is loaded. Up to ``slots`` calls are answered at a time, each in a thread; what the
    class defines with ``async def`` runs on one event loop. Raises ModelError E0604 when it cannot be loaded.
    """

    def __init__(self, spec: ModelSpec) -> None:
        self.name = spec.name
        self.parallel = spec.options.get("slots", 1)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = threading.Lock()
        self._place = spec.place
        module, _, kind = spec.place.partition(":")
        try:
            found = getattr(importlib.import_module(module), kind)
            self._signature, self._parameters, self._result = _typed(found)
            self._model: Any = found()
            self._call(self._model.load)
        except ModelError:
            raise
        except (Exception, SystemExit) as error:
            raise _broken(self._place, f"{type(error).__name__}: {error}") from error
        self.max_batch = spec.options.get("max_batch", 1 if spec.apart else 8)

    def infer(self, calls: Sequence[Call]) -> list[Any]:
        """One answer per call; calls run one by one."""
        return each(calls, self._answer, self.name)

    def _answer(self, call: Call) -> Any:
        arguments = self._bound(call)
        if self._model is None:
            raise failed(self.name, "it was closed")
        try:
            result = self._call(self._model.predict, *arguments.args, **arguments.kwargs)
        except SystemExit as error:
            raise failed(self.name, f"it exits with {error.code}") from error
        return _value(self._result.dump(result))

    def _call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """What a method gives, also one that is asynchronous."""
        result = method(*args, **kwargs)
        if not inspect.iscoroutine(result):
            return result
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, daemon=True, name=f"loop-{self.name}").start()
        return asyncio.run_coroutine_threadsafe(_contained(result), self._loop).result()

    def _bound(self, call: Call) -> inspect.BoundArguments:
        args, kwargs = call
        try:
            arguments = self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise wrong(f"the model {self.name!r} takes {self._signature}: {error}") from None
        for name, value in arguments.arguments.items():
            arguments.arguments[name] = self._parameters[name].load(name, value)
        return arguments

    def smoke(self) -> None:
        """Try the class's ``example``, if it has one; raises ModelError E0604 unless its answer is sound."""
        example = getattr(self._model, "example", None)
        if example is None:
            return
        if not isinstance(example, tuple):
            raise _broken(self._place, "its example is no tuple of arguments")
        (answer,) = self.infer([(example, {})])
        if isinstance(answer, ModelError):
            raise _broken(self._place, f"its example fails: {answer.message}")
        if not _finite(answer):
            raise ModelError(f"the model {self.name!r} computes NaN or infinity", code=codes.LOAD_FAILED)

    def info(self) -> dict[str, Any]:
        """Engine, and types of ``inputs`` and of the result."""
        return {
            "engine": "python",
            "version": self._place,
            "device": "cpu",
            "inputs": {name: {"type": str(port), "shape": []} for name, port in self._parameters.items()},
            "output_types": {"result": {"type": str(self._result), "shape": []}},
        }

    def close(self) -> None:
        """Call the class's ``close``, if it has one, and let go of it."""
        model, self._model = self._model, None
        if hasattr(model, "close"):
            self._call(model.close)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)


async def _contained(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What it gives; an exit would end the loop."""
    try:
        return await coroutine
    except SystemExit as error:
        raise RuntimeError(f"it exits with {error.code}") from error


class _Port:
    """An annotation: what comes in through it, and what goes out."""

    def __init__(self, place: str, name: str, annotation: Any) -> None:
        self._tensor = annotation is np.ndarray or get_origin(annotation) is np.ndarray
        self._shown = annotation.__name__ if isinstance(annotation, type) else str(annotation)
        try:
            self._adapter: Any = None if self._tensor else TypeAdapter(annotation)
        except (PydanticSchemaGenerationError, PydanticUserError) as error:
            raise _broken(place, f"the annotation of {name} cannot be validated: {str(error)[:200]}") from error

    def __str__(self) -> str:
        return "ndarray" if self._tensor else self._shown.replace("typing.", "")

    def load(self, name: str, value: Any) -> Any:
        """An argument for the class. Raises ModelError E0603."""
        if self._tensor:
            data = tensor_of(value)
            try:
                made = np.asarray(plain(value)) if data is None else data
            except ValueError as error:
                raise wrong(f"the input {name!r} has no shape: {str(error)[:200]}") from error
            if made.dtype.kind not in "fiub":
                raise wrong(f"the input {name!r} must hold numbers")
            return made
        try:
            return self._adapter.validate_python(_lists(value, _DEPTH))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, (name, *first["loc"])))
            raise wrong(f"the input {where}: {first['msg']}") from None

    def dump(self, value: Any) -> Any:
        """A result as plain data. Raises ValueError or TypeError when it is not what the annotation says."""
        if self._tensor:
            return np.asarray(value)
        return self._adapter.dump_python(self._adapter.validate_python(value))


def _typed(found: Any) -> tuple[inspect.Signature, dict[str, _Port], _Port]:
    place = f"{getattr(found, '__module__', '')}:{getattr(found, '__qualname__', found)}"
    if not isinstance(found, type) or not all(callable(getattr(found, name, None)) for name in ("load", "predict")):
        raise _broken(place, "it is no class with load and predict")
    predict: Any = found.predict  # type: ignore[attr-defined]
    signature = inspect.signature(predict)
    mine = [parameter for name, parameter in signature.parameters.items() if name != "self"]
    hints = get_type_hints(predict, include_extras=True)
    for parameter in mine:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) or parameter.name not in hints:
            raise _broken(place, f"the parameter {parameter.name} of predict needs an annotation, and may not have a *")
    if "return" not in hints:
        raise _broken(place, "the result of predict needs an annotation")
    ports = {parameter.name: _Port(place, parameter.name, hints[parameter.name]) for parameter in mine}
    return signature.replace(parameters=mine), ports, _Port(place, "the result", hints["return"])


def _broken(place: str, why: str) -> ModelError:
    return ModelError(f"the class {place} cannot be loaded: {why[:300]}", code=codes.LOAD_FAILED)


def _lists(value: Any, depth: int) -> Any:
    """A value with lists in place of arrays, anywhere in it."""
    if isinstance(value, array | Packed):
        return value.tolist()
    if not depth:
        return value
    if isinstance(value, dict):
        return {key: _lists(item, depth - 1) for key, item in value.items()}
    return [_lists(item, depth - 1) for item in value] if isinstance(value, list | tuple) else value


def _value(data: Any, depth: int = _DEPTH) -> Any:
    """A result as values of programs. Raises TypeError for what programs do not have."""
    if isinstance(data, np.ndarray):
        return answer_of(data)
    if isinstance(data, np.generic):
        return data.item()
    if type(data) in _PLAIN:
        return data
    if depth and isinstance(data, list | tuple):
        return [_value(item, depth - 1) for item in data]
    if depth and isinstance(data, dict):
        return {_value(key, 0): _value(item, depth - 1) for key, item in data.items()}
    raise TypeError(f"it answers a {type(data).__name__}, which programs do not have")


def _finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_finite, value.values()))
    if isinstance(value, array):
        return bool(np.isfinite(value._data).all())
    if isinstance(value, list):
        return all(map(_finite, value))
    return not isinstance(value, float) or bool(np.isfinite(value))
