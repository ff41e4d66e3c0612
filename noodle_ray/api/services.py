"""What the API's handlers work with."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from noodle_ray.ahr.generation.answers import Chunk
from noodle_ray.api.schemas import ModelInfo
from noodle_ray.api.settings import Settings
from noodle_ray.core.runs.durable import DurableRuns
from noodle_ray.core.runs.executor import Executor
from noodle_ray.core.runs.quotas import Quotas
from noodle_ray.core.store.location import ELSEWHERE
from noodle_ray.errors import PlatformError
from noodle_ray.observability.metrics import Metrics

if TYPE_CHECKING:
    from noodle_ray.core.store.store import Store


async def _no_store() -> NoReturn:
    raise PlatformError("this platform has no store for durable runs", code=ELSEWHERE)


async def _nothing_kept() -> None:
    return None


class Services(NamedTuple):
    """``models`` lists what is registered, in another list after every change. ``ready`` returns '' or says in a
    sentence what is not ready yet. ``note_pool`` puts the state of the worker pool into the metrics. ``generate``
    runs one generation of a model and tells what `ModelReplica.generate` does; closing it ends the generation.
    ``created`` is when the platform was started, in Unix time. ``stats`` is `ModelReplica.stats` of a replica of the
    model; it raises ModelError. ``durable`` opens the store of durable runs, if it is not open yet, and ``store``
    gives it; ``kept`` gives it only if there may be something in it. ``quotas`` bound what tenants have.
    """

    executor: Executor
    settings: Settings
    metrics: Metrics
    models: Callable[[], list[ModelInfo]]
    ready: Callable[[], Awaitable[str]]
    note_pool: Callable[[], None]
    generate: Callable[[str, dict[str, Any]], AsyncGenerator[list[Chunk]]]
    created: int
    stats: Callable[[str], Awaitable[dict[str, Any]]]
    durable: Callable[[], Awaitable[DurableRuns]] = _no_store
    store: "Callable[[], Awaitable[Store]]" = _no_store
    kept: "Callable[[], Awaitable[Store | None]]" = _nothing_kept
    quotas: Quotas = Quotas()
