"""From a spec to a loaded, validated engine."""

import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from noodle_ray.ahr import codes
from noodle_ray.ahr.checks import BROKEN, Peak, check_budget, check_digest, resident
from noodle_ray.ahr.describe import Description, describe
from noodle_ray.ahr.engines.base import Call, Engine
from noodle_ray.ahr.sources import resolve
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError


def load_engine(spec: ModelSpec) -> Engine:
    """Resolve the model's files, check them, load them and run one inference; measure the memory that took.

    Raises ModelError: E0602 missing files, E0604 broken ones, E0607 unsafe ones, E0611 too much memory, E0612 other
    files than those registered.
    """
    path = resolve(spec)
    check_digest(spec, path)
    found = describe(path, spec.task, spec.engine, spec.options)
    before = resident()
    engine: Engine | None = None
    try:
        engine = _construct(spec, path, found)
        peak = Peak()  # without what an export took
        engine.smoke()
        check_budget(spec, peak.bytes() - before, getattr(engine, "reserve", 0))
    except Exception as error:
        if engine is not None:
            engine.close()
        if isinstance(error, ModelError):
            raise
        raise ModelError(
            f"the model {spec.name!r} cannot be loaded: {str(error)[:300]}", code=codes.LOAD_FAILED
        ) from error
    return engine


def load_first(
    specs: Iterable[ModelSpec],
    load: Callable[[ModelSpec], Engine] = load_engine,
    on_failure: Callable[[ModelSpec, ModelError], None] = lambda spec, error: None,
) -> tuple[ModelSpec, Engine]:
    """The first of these versions that can be loaded. Those that are at fault are told to ``on_failure``.

    Raises the first one's ModelError when none can be.
    """
    first: ModelError | None = None
    for spec in specs:
        try:
            return spec, load(spec)
        except ModelError as error:
            first = first or error
            if error.code in BROKEN:
                on_failure(spec, error)
    raise first or ModelError("there is no version to load", code=codes.UNKNOWN_MODEL)


def _construct(spec: ModelSpec, path: Path, found: Description) -> Engine:
    if found.engine == "llama.cpp":
        from noodle_ray.ahr.engines.llama import GenerationEngine

        return GenerationEngine(spec, path)
    pickled = found.file_format == "pickle"
    match found.task:
        case "tensors":
            from noodle_ray.ahr.engines.onnx_tensors import TensorEngine

            return TensorEngine(spec, path)
        case "token-classification":
            from noodle_ray.ahr.engines.token_labels import TokenLabelEngine

            return TokenLabelEngine(spec, path, found.engine, pickled)
        case "reranking":
            from noodle_ray.ahr.engines.rerank import RerankEngine

            return RerankEngine(spec, path, found.engine, pickled)
        case "image-classification":
            from noodle_ray.ahr.engines.images import ImageEngine

            return ImageEngine(spec, path, found.engine, pickled)
        case "voice-activity":
            from noodle_ray.ahr.engines.voice import VoiceEngine

            return VoiceEngine(spec, path)
        case "custom" if spec.scheme == "python":
            from noodle_ray.ahr.engines.python_class import PythonEngine

            return PythonEngine(spec)
        case "generation" if found.engine == "vllm":
            from noodle_ray.ahr.engines.vllm_generation import VllmEngine

            return VllmEngine(spec, path)
        case "generation":
            from noodle_ray.ahr.engines.torch_generation import TorchGenerationEngine

            return TorchGenerationEngine(spec, path, pickled)
        case _:
            from noodle_ray.ahr.engines.texts import TextEngine

            return TextEngine(spec, path, found.task, found.engine, pickled)


def slots_of(spec: ModelSpec) -> int:
    """How many batches, generations, or calls of a class, the spec's engine computes at once, as far as that is known
    before it loads."""
    if not spec.apart:
        return 1
    return int(spec.options.get("slots", 32 if spec.engine == "vllm" else 4))


class LazyEngine:
    """An engine that loads at its first call: the first of ``specs`` that can be. When none can, its calls are answered
    with the error, and the next call tries again.
    """

    def __init__(
        self,
        specs: Sequence[ModelSpec],
        load: Callable[[ModelSpec], Engine] = load_engine,
        on_failure: Callable[[ModelSpec, ModelError], None] = lambda spec, error: None,
    ) -> None:
        self.spec = spec = specs[0]
        self.name = spec.name
        self.parallel = slots_of(spec)
        self.max_batch = spec.options.get("max_batch", 1 if spec.apart else 32)
        self._specs, self._load, self._on_failure = specs, load, on_failure
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._closed = False

    def loaded(self) -> Engine:
        """The engine; loads it if need be. Raises ModelError."""
        with self._lock:
            if self._closed:
                raise ModelError(f"the model {self.spec.name!r} was closed", code=codes.ENGINE_FAILED)
            if self._engine is None:
                self.spec, self._engine = load_first(self._specs, self._load, self._on_failure)
            return self._engine

    def smoke(self) -> None:
        """Load the model, which includes one inference. Raises ModelError."""
        self.loaded()

    def infer(self, calls: Sequence[Call]) -> list[Any]:
        """One answer per call; the load error for each if the model cannot be loaded."""
        try:
            engine = self.loaded()
        except ModelError as error:
            return [error] * len(calls)
        return engine.infer(calls)

    def answer(self, call: Call, stopped: Callable[[], bool], told: dict[str, Any]) -> Any:
        """Answer one call, and stop at it if the engine can; see `Interruptible`."""
        engine = self.loaded()
        if hasattr(engine, "answer"):
            return engine.answer(call, stopped, told)
        (answer,) = engine.infer([call])
        return answer

    def info(self) -> dict[str, Any]:
        """What the engine says, or ``{"loaded": False}``."""
        return {"loaded": False} if self._engine is None else {"loaded": True} | self._engine.info()

    def close(self) -> None:
        """Free the model; later calls fail."""
        with self._lock:
            self._closed = True
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()
