"""A model loaded in an actor. A plain class: the deployments turn it into a Serve deployment."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from noodle_ray.ahr import codes
from noodle_ray.ahr.batching import Batcher
from noodle_ray.ahr.engines.base import Call, wrong
from noodle_ray.ahr.generation.answers import Chunk
from noodle_ray.ahr.served import load_serving
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

QUEUE = 1024
"""Calls that may wait for a replica, unless the model's option ``max_queue`` says otherwise."""


class ModelReplica:
    """One loaded copy of a model. ``spec`` is ``ModelSpec.to_dict()``, or a list of them: the version meant, then those
    that serve if it cannot be loaded. Loading happens here, so that a replica that cannot load never takes traffic;
    raises ModelError.
    """

    def __init__(self, spec: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
        specs = [spec] if isinstance(spec, Mapping) else spec
        self.spec, engine = load_serving([ModelSpec.from_dict(dict(one)) for one in specs])
        # Executors send whole batches already; while the model is busy, those of several executors join.
        self._batcher = Batcher(
            engine,
            max_wait=self.spec.options.get("max_wait", 0.0),
            max_queue=self.spec.options.get("max_queue", QUEUE),
        )

    async def infer(self, calls: Sequence[Call]) -> list[tuple[bool, Any]]:
        """Per call ``(True, answer)`` or ``(False, (code, message))``. Calls of all callers share batches."""
        futures = [asyncio.wrap_future(future) for future in self._batcher.submit(calls)]
        return [_outcome(answer) for answer in await asyncio.gather(*futures, return_exceptions=True)]

    def refusal(self, version: str) -> ModelError | None:
        """Why a reference that names this version cannot be answered; None if it can, or names none."""
        if not version or self.spec.label == version:
            return None
        why = f"the version {version!r} of {self.spec.name!r} could not be loaded, and {self.spec.label!r} serves"
        return ModelError(why, code=codes.LOAD_FAILED)

    async def generate(
        self, order: Mapping[str, Any], patience: float = float("inf"), version: str = ""
    ) -> AsyncIterator[list[Chunk]]:
        """Generate one text, told in lists of chunks as they come; the first has ``queued``: the seconds it waited.

        ``order`` is what `Generative.generate` takes. A generation that waits ``patience`` seconds for a slot is
        dropped (E0609). Who stops listening ends it within one token. Raises ModelError.
        """
        if error := self.refusal(version):
            raise error
        if not hasattr(self._batcher.engine, "generate"):
            raise wrong(f"the model {self.spec.name!r} does not generate texts")
        telling = _Telling()
        done = self._batcher.stream(order, telling.tell, patience)
        done.add_done_callback(lambda _: telling.wake())
        try:
            while chunks := await telling.listen(done):
                yield chunks
            done.result()
        finally:
            telling.stopped = True
            done.cancel()

    async def stats(self) -> dict[str, Any]:
        """``Batcher.stats`` and ``Engine.info`` of this replica."""
        return (
            {"model": self.spec.name, "version": self.spec.label}
            | self._batcher.stats()
            | {"engine": self._batcher.engine.info()}
        )

    def check_health(self) -> None:
        """Raise when the batcher's threads are gone; Serve then replaces the replica."""
        if not self._batcher.alive():
            raise ModelError(f"the model {self.spec.name!r} stopped working", code=codes.ENGINE_FAILED)

    def close(self) -> None:
        """Finish what is in flight and free the model."""
        self._batcher.close()
        self._batcher.engine.close()


class _Telling:
    """Chunks on their way from an engine's thread to an event loop."""

    def __init__(self) -> None:
        self.stopped = False
        self._chunks: list[Chunk] = []
        self._lock = threading.Lock()
        self._loop = asyncio.get_running_loop()
        self._more = asyncio.Event()

    def tell(self, chunk: Chunk) -> bool:
        """Pass a chunk on, from the engine's thread; true when nobody listens any more."""
        if chunk and not self.stopped:
            with self._lock:
                self._chunks.append(chunk)
            self.wake()
        return self.stopped

    def wake(self) -> None:
        """Look at what is new; may be called from any thread, also when the loop is gone."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._more.set)

    async def listen(self, done: "Future[None]") -> list[Chunk]:
        """All chunks that are there, once there are some; none at the end."""
        while True:
            self._more.clear()
            ended = done.done()
            with self._lock:
                chunks, self._chunks = self._chunks, []
            if chunks or ended:
                return chunks
            await self._more.wait()


def _outcome(answer: Any) -> tuple[bool, Any]:
    if isinstance(answer, ModelError):
        return False, (answer.code, answer.message)
    if isinstance(answer, BaseException):
        return False, (codes.ENGINE_FAILED, str(answer))
    return True, answer


def gpu_share(spec: ModelSpec, cluster_gpus: float) -> float:
    """``num_gpus`` for a model's replicas: what its option ``gpus`` asks for, or 0 on a cluster that has less."""
    wanted = float(spec.options.get("gpus", 0))
    return wanted if wanted <= cluster_gpus else 0.0
