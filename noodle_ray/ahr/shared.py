"""Several small models in one process, each loaded at its first call, within a bound of memory."""

import asyncio
import contextlib
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from noodle_ray.ahr.checks import resident
from noodle_ray.ahr.files import content_size
from noodle_ray.ahr.registry import unknown_model
from noodle_ray.ahr.replica import ModelReplica
from noodle_ray.ahr.sources import resolve
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError


class _Loaded(NamedTuple):
    replica: ModelReplica
    size: int


class SharedModels:
    """Models by key, as `ModelReplica` takes them. Together those that are loaded take at most ``most`` bytes: what
    was used longest ago goes for the next, unless it is at work. A model counts for what the process grew by when it
    was loaded, and for no less than its files. ``on_hang`` is called when an engine hangs. Belongs to one event loop.
    """

    def __init__(
        self,
        models: Mapping[str, Sequence[Mapping[str, Any]]],
        most: int,
        on_hang: Callable[[], None] = lambda: None,
    ) -> None:
        self._models = models
        self._on_hang = on_hang
        self._most = most
        self._loaded: OrderedDict[str, _Loaded] = OrderedDict()
        self._users: Counter[str] = Counter()
        self._loading = asyncio.Lock()

    def loaded(self) -> list[str]:
        """Keys of those in memory, the one used longest ago first."""
        return list(self._loaded)

    @contextlib.asynccontextmanager
    async def using(self, key: str) -> AsyncIterator[ModelReplica]:
        """The model, loaded, for as long as this lasts. Raises ModelError E0601, and what loading it raises."""
        if key not in self._models:
            raise unknown_model(key, sorted(self._models))
        self._users[key] += 1
        try:
            yield await self._replica(key)
        finally:
            self._users[key] -= 1

    async def _replica(self, key: str) -> ModelReplica:
        if key not in self._loaded:
            async with self._loading:  # one after another: else the process's growth would say nothing
                if key not in self._loaded:
                    await self._make_room(_least(self._models[key]))
                    self._loaded[key] = await asyncio.to_thread(_load, self._models[key])
                    self._loaded[key].replica.on_hang(self._on_hang)
                    await self._make_room(0)
        self._loaded.move_to_end(key)
        return self._loaded[key].replica

    async def _make_room(self, size: int) -> None:
        while sum(model.size for model in self._loaded.values()) + size > self._most:
            idle = next((key for key in self._loaded if not self._users[key]), None)
            if idle is None:
                return
            await asyncio.to_thread(self._loaded.pop(idle).replica.close)

    def check_health(self) -> None:
        """Raise when an engine hangs or a thread is gone: the process has to be replaced."""
        for model in self._loaded.values():
            model.replica.check_health()

    def close(self) -> None:
        """Free all of them."""
        while self._loaded:
            self._loaded.popitem()[1].replica.close()


def _least(specs: Sequence[Mapping[str, Any]]) -> int:
    with contextlib.suppress(ModelError, OSError):  # loading will say what is wrong
        return content_size(resolve(ModelSpec.from_dict(dict(specs[0]))))
    return 0


def _load(specs: Sequence[Mapping[str, Any]]) -> _Loaded:
    before = resident()
    replica = ModelReplica(specs)
    return _Loaded(replica, max(resident() - before, _least(specs)))
