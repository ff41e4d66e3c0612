"""Which models serve, and whose tokens are, as executors see it: an actor tells all of them at once, while they work.

An executor that had to be replaced for every change would take its connections with it. The actor is on no request's
path: without it executors go on with what they know.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # this file is all that the actor's process needs
    from noodle_ray.ahr.served import Route

NAME = "models"
NAMESPACE = "noodle"
SOON = 0.5
"""Seconds between two looks at calls that were begun by an older view."""
LATER = 20.0
"""Seconds after which an executor asks again when there was no news."""
PAUSE = 2.0
"""Seconds before an executor looks for an actor that was not there."""

_log = logging.getLogger("noodle.catalog")


class View(NamedTuple):
    """What an executor knows of the models; a later one has a higher ``number``. ``homes`` has the deployment of each
    model, ``routes`` who answers a reference, ``specs`` what is listed, and ``plans`` each model's `Plan`. ``tokens``
    says whose tokens are, by their SHA-256.
    """

    number: int
    homes: dict[str, str]
    routes: "dict[str, Route]"
    specs: list[dict[str, Any]]
    plans: dict[str, tuple[Any, ...]]
    tokens: dict[str, str] = {}  # noqa: RUF012  # never mutated


class Seen(NamedTuple):
    """What an executor said last: the number of its view, and that by which its oldest call under way was begun."""

    number: int
    oldest: int


NOTHING = Seen(-1, -1)
"""What one said that has said nothing yet."""


class Catalog:
    """Keeps the view, and who has it. An actor, where there is one."""

    def __init__(self) -> None:
        self._view: View | None = None
        self._news = asyncio.Event()
        self._seen: dict[str, Seen] = {}

    async def publish(self, view: View) -> None:
        """Tell a view to all who ask and those who wait."""
        self._view = view
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def after(self, executor: str, seen: Seen, patience: float) -> View | None:
        """The view if it is newer than what this executor has, else None when none comes within so many seconds."""
        if executor:
            self._seen[executor] = Seen(*seen)
        news = self._news
        if self._view is None or self._view.number <= seen[0]:
            try:
                async with asyncio.timeout(patience):
                    await news.wait()
            except TimeoutError:
                return None
        return self._view

    async def seen(self) -> tuple[int, dict[str, Seen]]:
        """The view's number, -1 without one, and what each executor said last, those that are gone included."""
        return self._view.number if self._view is not None else -1, self._seen


class Follower:
    """Keeps one executor up to date. ``take`` is given each new view; ``oldest`` says by which view the oldest call
    under way was begun.
    """

    def __init__(self, executor: str, take: Callable[[View], None], oldest: Callable[[], int]) -> None:
        self._executor = executor
        self._take = take
        self._oldest = oldest
        self._number = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self, view: View) -> None:
        """Take the actor's view, or this one if it has none, and follow from then on. Where there is an actor, only it
        says whose tokens are: those of this view may have been revoked since it was bound."""
        try:
            catalog = await _find()
            if catalog is not None:
                view = view._replace(tokens={})
                view = await catalog.after.remote("", Seen(view.number, 0), 0.0) or view
        except Exception:
            _log.warning("the models' actor does not answer", exc_info=True)
        self._follow(view)
        self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Follow no more."""
        if self._task is not None:
            self._task.cancel()

    def _follow(self, view: View) -> None:
        self._take(view)
        self._number = view.number

    async def _run(self) -> None:
        catalog = None
        while True:
            try:
                catalog = catalog or await _find()
                if catalog is None:
                    await asyncio.sleep(PAUSE)
                    continue
                seen = Seen(self._number, self._oldest())
                patience = LATER if seen.oldest == seen.number else SOON
                if view := await catalog.after.remote(self._executor, seen, patience):
                    self._follow(view)
            except Exception:
                _log.warning("the models' actor does not answer", exc_info=True)
                catalog = None
                await asyncio.sleep(PAUSE)


async def _find() -> Any:
    """The actor; None if there is none."""
    import ray

    try:
        return await asyncio.to_thread(ray.get_actor, NAME, NAMESPACE)
    except ValueError:
        return None


def make() -> Any:
    """The actor, in this node; it ends with the process that makes it."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    options = {"num_cpus": 0, "max_concurrency": 1000, "max_restarts": -1, "scheduling_strategy": here}
    return ray.remote(Catalog).options(name=NAME, namespace=NAMESPACE, **options).remote()


def next_number() -> int:
    """A number for a view, higher than all before."""
    return time.time_ns()
