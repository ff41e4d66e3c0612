"""Models inside this process, for ``noodle run`` and for programs under plain CPython."""

import contextlib
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from noodle_ray.ahr.batching import Batcher
from noodle_ray.ahr.engines.base import Call
from noodle_ray.ahr.engines.load import LazyEngine, slots_of
from noodle_ray.ahr.engines.shelf import Shelf
from noodle_ray.ahr.registry import Registry
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.ahr.tickets import Ticket
from noodle_ray.core.runs.terms import Terms
from noodle_ray.core.vm.host import EffectAnswer, EffectRequest
from noodle_ray.errors import ModelError

_Versions = tuple[tuple[str, str], ...]
"""Names and labels: the version that is meant, then those to fall back on."""


class LocalModels:
    """The registry's models, each loaded at its first call.

    A reference follows the registry: when its file changes, an alias may come to mean another version. Where that one
    cannot be loaded, it is marked as failed, and the one before it answers.

    It is an effect host (``send``, ``receive``) for one run; ``host`` gives one for each further run, over the same
    loaded models. Calls of one model that wait together go to it as one batch. May be used from several threads.
    """

    def __init__(self, registry: Registry | None = None, *, max_wait: float = 0.0) -> None:
        self._registry = registry or Registry()
        self._max_wait = max_wait
        self._batchers: dict[_Versions, Batcher] = {}
        self._resolved: dict[str, tuple[_Versions, list[ModelSpec]]] = {}
        self._stamp: object = None
        self._shelf = Shelf()
        self._lock = threading.Lock()
        self._host = LocalHost(self)

    def __enter__(self) -> "LocalModels":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def host(self) -> "LocalHost":
        """A fresh effect host for one run."""
        return LocalHost(self)

    def send(self, requests: list[EffectRequest]) -> None:
        """Take a run's requests; does not block on answers or on loading."""
        self._host.send(requests)

    def receive(self, timeout: float | None = None) -> list[EffectAnswer]:
        """Block until at least one answer is there, and return those that are; none after ``timeout`` seconds."""
        return self._host.receive(timeout)

    def submit(self, name: str, calls: Sequence[Call], terms: Sequence[Terms] | None = None) -> list[Ticket]:
        """Queue calls of one model. Raises ModelError E0601 for an unknown name; all else is in the futures."""
        return self._batcher(name).submit(calls, terms)

    def slots(self, name: str) -> int:
        """How many calls of a model whose calls go out one by one it takes at once; 0 for others. Raises ModelError
        E0601."""
        with self._lock:
            spec = self._meant(name)[1][0]
        return slots_of(spec) if spec.apart else 0

    def free(self, name: str) -> bool:
        """Whether a model is marked as free of side effects."""
        try:
            with self._lock:
                return self._meant(name)[1][0].free
        except ModelError:
            return False

    def infer(self, name: str, calls: Sequence[Call]) -> list[Any]:
        """The answers to calls of one model, in order; a call that failed has a ModelError as its answer."""
        futures = self.submit(name, calls)
        return [future.exception() or future.result() for future in futures]

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """One call; raises ModelError when it fails."""
        return self.submit(name, [(args, kwargs)])[0].result()

    def warm(self, names: Iterable[str]) -> None:
        """Load these models now, one after another, so that no run's deadline pays for it.

        A model that is unknown or cannot be loaded is passed over: its calls say what is wrong.
        """
        for name in names:
            with contextlib.suppress(ModelError):
                self._batcher(name).engine.smoke()

    def stats(self) -> dict[str, dict[str, Any]]:
        """``Batcher.stats`` of each model that was called, by the reference it was called by."""
        with self._lock:
            return {
                reference: self._batchers[key].stats()
                for reference, (key, _) in self._resolved.items()
                if key in self._batchers
            }

    def close(self) -> None:
        """Free all models. A later call loads its model again."""
        with self._lock:
            batchers, self._batchers = list(self._batchers.values()), {}
        for batcher in batchers:
            batcher.close()
            batcher.engine.close()

    def _batcher(self, reference: str) -> Batcher:
        with self._lock:
            key, specs = self._meant(reference)
            batcher = self._batchers.get(key)
            if batcher is None:
                wait = specs[0].options.get("max_wait", self._max_wait)
                engine = LazyEngine(specs, self._shelf.load, self._registry.mark_failed)
                batcher = self._batchers[key] = Batcher(engine, max_wait=wait)
            return batcher

    def _meant(self, reference: str) -> tuple["_Versions", list[ModelSpec]]:
        stamp = self._registry.stamp()
        if stamp != self._stamp:
            self._resolved.clear()
            self._stamp = stamp
        if reference not in self._resolved:
            specs = self._registry.candidates(reference)
            failures = self._registry.failures()
            specs = [spec for spec in specs if (spec.name, spec.label) not in failures] or specs
            self._resolved[reference] = (tuple((spec.name, spec.label) for spec in specs), specs)
        return self._resolved[reference]


class LocalHost:
    """Answers one run's effects from LocalModels; see EffectHost in core/vm/host.py."""

    def __init__(self, models: LocalModels) -> None:
        self._models = models
        self._answers: SimpleQueue[EffectAnswer] = SimpleQueue()

    def send(self, requests: list[EffectRequest]) -> None:
        """Queue the requests, those of one model together."""
        groups: dict[str, list[EffectRequest]] = {}
        for request in requests:
            groups.setdefault(request.model, []).append(request)
        for name, group in groups.items():
            try:
                futures = self._models.submit(name, [(request.args, request.kwargs) for request in group])
            except ModelError as error:
                for request in group:
                    self._answers.put(_answer(request.key, error))
                continue
            for request, future in zip(group, futures, strict=True):
                future.add_done_callback(partial(self._settle, request.key))

    def _settle(self, key: str, future: "Future[Any]") -> None:
        error = future.exception()
        self._answers.put(EffectAnswer(key, True, future.result()) if error is None else _answer(key, error))

    def receive(self, timeout: float | None = None) -> list[EffectAnswer]:
        """Block until at least one answer is there, and return those that are; none after ``timeout`` seconds."""
        try:
            answers = [self._answers.get(timeout=timeout)]
        except Empty:
            return []
        while True:
            try:
                answers.append(self._answers.get_nowait())
            except Empty:
                return answers


def _answer(key: str, error: BaseException) -> EffectAnswer:
    code = error.code if isinstance(error, ModelError) else ModelError.default_code
    return EffectAnswer(key, False, (code, str(error)))
