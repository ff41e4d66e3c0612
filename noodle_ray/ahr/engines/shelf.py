"""Loaded engines that several references share: each version is in memory once."""

import threading
from collections.abc import Sequence
from typing import Any

from noodle_ray.ahr.engines.base import Call, Engine
from noodle_ray.ahr.engines.load import load_engine
from noodle_ray.ahr.spec import ModelSpec


class Shelf:
    """Loads engines, and gives the same one to all who ask for a version while somebody holds it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engines: dict[tuple[str, str], tuple[Engine, int]] = {}

    def load(self, spec: ModelSpec) -> Engine:
        """The engine of a version; its ``close`` frees it when all who hold it have called it. Raises ModelError."""
        key = (spec.name, spec.label)
        with self._lock:
            found = self._engines.get(key)
            engine, holders = found or (load_engine(spec), 0)
            self._engines[key] = engine, holders + 1
        return Held(engine, self, key)

    def release(self, key: tuple[str, str]) -> None:
        """Count one holder less, and close the engine when it was the last."""
        with self._lock:
            engine, holders = self._engines.pop(key)
            if holders > 1:
                self._engines[key] = engine, holders - 1
                return
        engine.close()


class Held:
    """One holder's view of a shared engine."""

    def __init__(self, engine: Engine, shelf: Shelf, key: tuple[str, str]) -> None:
        self._engine, self._shelf, self._key = engine, shelf, key
        self._open = True
        self.name, self.parallel, self.max_batch = engine.name, engine.parallel, engine.max_batch

    def smoke(self) -> None:
        """Run one small inference."""
        self._engine.smoke()

    def infer(self, calls: Sequence[Call]) -> list[Any]:
        """One answer per call."""
        return self._engine.infer(calls)

    def __getattr__(self, name: str) -> Any:
        """What only some engines can, such as `Interruptible.answer`."""
        return getattr(self._engine, name)

    def info(self) -> dict[str, Any]:
        """What the engine says."""
        return self._engine.info()

    def close(self) -> None:
        """Let go of the engine."""
        if self._open:
            self._open = False
            self._shelf.release(self._key)
