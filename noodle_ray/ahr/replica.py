"""A model loaded in an actor. A plain class: the deployments turn it into a Serve deployment."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from noodle_ray.ahr import codes
from noodle_ray.ahr.batching import Batcher
from noodle_ray.ahr.engines.base import Call
from noodle_ray.ahr.served import load_serving
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError


class ModelReplica:
    """One loaded copy of a model. ``spec`` is ``ModelSpec.to_dict()``, or a list of them: the version meant, then those
    that serve if it cannot be loaded. Loading happens here, so that a replica that cannot load never takes traffic;
    raises ModelError.
    """

    def __init__(self, spec: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
        specs = [spec] if isinstance(spec, Mapping) else spec
        self.spec, engine = load_serving([ModelSpec.from_dict(dict(one)) for one in specs])
        # Executors send whole batches already; while the model is busy, those of several executors join.
        self._batcher = Batcher(engine, max_wait=self.spec.options.get("max_wait", 0.0))

    async def infer(self, calls: Sequence[Call]) -> list[tuple[bool, Any]]:
        """Per call ``(True, answer)`` or ``(False, (code, message))``. Calls of all callers share batches."""
        futures = [asyncio.wrap_future(future) for future in self._batcher.submit(calls)]
        return [_outcome(answer) for answer in await asyncio.gather(*futures, return_exceptions=True)]

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
