"""The models behind Serve's handles: how calls go out, and what is done when a replica is lost."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ray.exceptions import RayActorError
from ray.serve.handle import DeploymentHandle

from deployments.config import ModelScale
from deployments.placement import Nodes, scale_of
from deployments.wire.way import NotTakenError, Way
from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.load import slots_of
from noodle_ray.ahr.generation.answers import Chunk
from noodle_ray.ahr.served import Route, route
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.core.runs.batcher import DROPS, Answered, Call, Shape, model_failure
from noodle_ray.core.runs.lengths import SHORT_BATCH
from noodle_ray.core.runs.results import Kept
from noodle_ray.core.runs.terms import Packed, Terms, current
from noodle_ray.errors import ModelError

if TYPE_CHECKING:
    from noodle_ray.observability.metrics import Metrics

TRIES = 4
"""How often a call is made, at most, when replica after replica is lost with it."""
PAUSE = 0.2
"""Seconds before the second try; twice as many before each further one."""
STATS_SECONDS = 10.0
LEAVE_SECONDS = 2.0
"""How long letting go of a handle may take: the check of the executor's health waits for it."""
_OF_TEXTS = ("embedding", "classification", "token-classification")
LOOK_AGAIN = 5.0
"""Seconds after which a call that no replica took is made anew: Serve refuses a new call of a model that was removed
meanwhile, and lets one that waits go on waiting."""


class Plan(NamedTuple):
    """What callers know of a model: whether its calls go out ``apart``, one by one, and its slots in all replicas, or
    else the replicas it is said to have at most; whether a call may be made again, and how many seconds a replica may
    take to be there. ``sleeps``: it may not be loaded while nobody asks. ``shared``: its replica holds others too.
    ``kept_as``: see `ModelSpec.kept_as`. ``free``: see `ModelSpec.free`. ``max_short``: how many short texts make a
    batch, if there is a number of its own for them.
    """

    apart: bool = False
    slots: int = 1
    repeatable: bool = True
    start_timeout: float = 300.0
    sleeps: bool = False
    shared: bool = False
    kept_as: str = ""
    free: bool = False
    max_short: int = 0


def plan_of(spec: ModelSpec, default: ModelScale, cluster: Nodes) -> Plan:
    """The plan of a model. What code of others does when it is called twice is not known; all else can be repeated."""
    scale = scale_of(spec, default, cluster)
    return Plan(
        apart=spec.apart,
        slots=slots_of(spec) * scale.max_replicas if spec.apart else _together(spec, scale, cluster),
        repeatable=spec.scheme != "python",
        start_timeout=float(spec.options.get("start_timeout", Plan().start_timeout)),
        sleeps=not scale.min_replicas or "share" in spec.options,
        shared="share" in spec.options,
        kept_as=spec.kept_as,
        free=spec.free,
        max_short=SHORT_BATCH if _takes_many(spec) else 0,
    )


def _takes_many(spec: ModelSpec) -> bool:
    """Whether batches may have more calls than usual while these are short: not where a number is set that such batches
    could exceed."""
    bounded = {"max_batch", "max_queue", "max_tenant_queue"} & spec.options.keys()
    return spec.task in _OF_TEXTS and spec.scheme != "python" and not bounded


def _together(spec: ModelSpec, scale: ModelScale, cluster: Nodes) -> int:
    """How many replicas that do not generate are to be kept busy. One takes all cores of its machine: unless the model
    says more, a second one on the same machine would only slow it down.
    """
    if "max_replicas" in spec.options or scale.target_latency is not None:
        return scale.max_replicas
    return min(scale.max_replicas, max(1, len(cluster.resources)))


class _Handles(NamedTuple):
    given: DeploymentHandle
    shared: bool
    plain: DeploymentHandle
    streaming: DeploymentHandle
    way: Way


class RemoteModels:
    """A `ServingHost` over the deployments of models, and the source of streamed generations.

    ``patience`` is how many seconds a generation waits for a slot. ``metrics`` counts calls that are made again, and
    generations that never began.
    """

    def __init__(
        self,
        handles: Mapping[str, DeploymentHandle],
        routes: Mapping[str, Route],
        patience: float,
        plans: Mapping[str, Plan] | None = None,
        metrics: "Metrics | None" = None,
    ) -> None:
        self._patience = patience
        self._metrics = metrics
        self._under_way: Counter[int] = Counter()
        self._handles: dict[str, _Handles] = {}
        self._left: list[tuple[int, _Handles]] = []
        self.take(0, handles, routes, plans or {})

    def take(
        self,
        number: int,
        handles: Mapping[str, DeploymentHandle],
        routes: Mapping[str, Route],
        plans: Mapping[str, Plan],
    ) -> None:
        """Use these models from now on. Calls under way go on as they were begun; one that is made again goes here."""
        self._number = number
        self._plans = plans
        before = self._handles
        self._handles = {name: self._both(name, handle) for name, handle in handles.items()}
        self._routes = routes
        given = set(map(id, handles.values()))
        self._left += [(number, known) for known in before.values() if id(known.given) not in given]

    async def leave(self) -> None:
        """Let go of handles that no call needs any more; Serve's tasks for them would go on for ever."""
        oldest = self.oldest()
        gone = [known for number, known in self._left if number <= oldest]
        self._left = [(number, known) for number, known in self._left if number > oldest]
        for known in gone:
            for handle in (known.plain, known.streaming, known.way.handle):
                with contextlib.suppress(Exception):
                    async with asyncio.timeout(LEAVE_SECONDS):
                        await handle.shutdown_async()

    def _both(self, name: str, handle: DeploymentHandle) -> "_Handles":
        """For a handle that is known, what was made of it: a new one would know of no replica yet."""
        shared = self._plan(name).shared
        known = self._handles.get(name)
        if known is not None and (known.given, known.shared) == (handle, shared):
            return known
        plain = handle.options(multiplexed_model_id=name) if shared else handle
        # Not as calls of an actor but over a connection (`deployments.wire`), or by gRPC until there is one. A stream,
        # because only of that Serve tells at once that a replica has taken it.
        streaming = plain.options(stream=True, _by_reference=False)
        return _Handles(handle, shared, plain, streaming, Way(plain, "ask"))

    def oldest(self) -> int:
        """The number with which the models were taken by which the oldest call under way was begun."""
        return min(self._under_way, default=self._number)

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        number = self._number
        self._under_way[number] += 1
        try:
            yield
        finally:
            self._under_way[number] -= 1
            if not self._under_way[number]:
                del self._under_way[number]

    def shape(self, model: str) -> Shape:
        """Calls that go out one by one are twice as many as there are slots, so that one waits where another ends."""
        try:
            plan = self._plan(route(self._routes, model)[0])
        except ModelError:
            return Shape()
        most = 1 if plan.apart else Shape().max_batch
        return Shape(most, 2 * plan.slots, certain=plan.repeatable, free=plan.free, max_short=plan.max_short)

    def kept(self, model: str) -> Kept | None:
        """Which version's answers to calls of this reference are kept; None if none are."""
        try:
            name = route(self._routes, model)[0]
        except ModelError:
            return None
        version = self._plan(name).kept_as
        return Kept(name, version) if version else None

    async def infer(self, model: str, calls: list[Call]) -> list[tuple[bool, object]]:
        """`ask`, on the terms that are current."""
        return [(found.ok, found.value) for found in await self.ask(model, calls, [current()] * len(calls))]

    async def ask(self, model: str, calls: list[Call], terms: list[Terms]) -> list[Answered]:
        """One answer per call. Calls whose replica is lost are made again on another, where that is safe."""
        plan = self._plan(route(self._routes, model)[0])
        answers: list[Answered] = [_lost(model)] * len(calls)
        left = list(range(len(calls)))
        for attempt in range(TRIES if plan.repeatable else 1):
            if attempt:
                self._on_retry(model, len(left))
                await asyncio.sleep(PAUSE * 2 ** (attempt - 1))
            try:
                found = await self._once(model, [calls[at] for at in left], [terms[at] for at in left])
            except RayActorError:
                continue
            if len(found) != len(left):
                message = f"model {model!r} gave {len(found)} answers to {len(left)} calls"
                raise ModelError(message, code=codes.ENGINE_FAILED)
            for at, answered in zip(left, found, strict=True):
                answers[at] = answered
            left = [at for at in left if _is_lost(answers[at])]
            if not left:
                break
        return answers

    async def _once(self, model: str, calls: list[Call], terms: list[Terms]) -> list[Answered]:
        began = time.monotonic()
        while True:
            name, version = route(self._routes, model)
            plan = self._plan(name)
            left = began + plan.start_timeout - time.monotonic()
            with self._counted():
                asked, patience = (calls, [each.packed() for each in terms], version), left
                if plan.repeatable:
                    patience = min(LOOK_AGAIN, left)
                with contextlib.suppress(NotTakenError):
                    way = self._handles[name].way
                    answers = await way.call(patience, *asked, at_once=not plan.repeatable)
                    return [Answered(*found) for found in answers]
                response = self._handles[name].streaming.answers.remote(*asked)
                try:
                    if await _taken(response, patience):
                        return [Answered(*found) async for answers in response for found in answers]
                except asyncio.CancelledError:
                    response.cancel()
                    raise
                response.cancel()
            if left <= LOOK_AGAIN or not plan.repeatable:
                raise _not_started(name, plan)

    async def stats(self, model: str) -> dict[str, Any]:
        """`ModelReplica.stats` of a replica of the model. Raises ModelError."""
        name, version = route(self._routes, model)
        plan = self._plan(name)
        try:
            with self._counted():
                async with asyncio.timeout(plan.start_timeout if plan.sleeps else STATS_SECONDS):
                    found: dict[str, Any] = await self._handles[name].plain.stats.remote()
        except Exception as error:
            code, message = model_failure(model, error)
            raise ModelError(message, code=code) from error
        if version and found["version"] != version:
            raise ModelError(
                f"the version {version!r} of {model!r} is not what serves: {found['version']!r} does",
                code=codes.LOAD_FAILED,
            )
        return found

    async def generate(self, model: str, order: dict[str, Any]) -> AsyncGenerator[list[Chunk]]:
        """`ModelReplica.generate`. A generation whose replica is lost begins again, unless some of it was told."""
        packed = current()._replace(since=time.monotonic()).packed()
        route(self._routes, model)
        for attempt in range(TRIES):
            told = False
            try:
                generation = self._generation(model, order, packed)
                async with contextlib.aclosing(generation) as pieces:
                    async for chunks in pieces:
                        told = told or any("queued" not in chunk for chunk in chunks)
                        yield chunks
                return
            except Exception as error:
                code, message = model_failure(model, error)
                lost = code == codes.LOST or isinstance(error, RayActorError)
                if self._metrics is not None and code in DROPS:
                    self._metrics.on_drop(model, DROPS[code])
                if not lost:
                    raise ModelError(message, code=code) from error
                if told or attempt + 1 == TRIES:
                    raise ModelError(_words(model), code=codes.LOST) from error
            self._on_retry(model, 1)
            await asyncio.sleep(PAUSE * 2**attempt)

    async def _generation(self, model: str, order: dict[str, Any], packed: Packed) -> AsyncGenerator[list[Chunk]]:
        name, version = route(self._routes, model)
        plan = self._plan(name)
        with self._counted():
            response = self._handles[name].streaming.generate.remote(order, self._patience, version, packed)
            going = True
            try:
                try:
                    async with asyncio.timeout(plan.start_timeout + self._patience):
                        first = await anext(response, None)
                except TimeoutError:
                    raise _not_started(name, plan) from None
                if first is not None:
                    yield first
                async for chunks in response:
                    yield chunks
                going = False
            finally:
                if going:
                    response.cancel()

    def _on_retry(self, model: str, calls: int) -> None:
        if self._metrics is not None:
            self._metrics.on_retry(model, calls)

    def _plan(self, name: str) -> Plan:
        return self._plans.get(name, Plan())


async def _taken(response: Any, seconds: float) -> bool:
    """Whether a replica is there within this time, and has the call."""
    try:
        async with asyncio.timeout(seconds):
            await response._fetch_future_result_async()
    except TimeoutError:
        return False
    return True


def _words(model: str) -> str:
    return f"the replica of the model {model!r} that had the call is gone"


def _lost(model: str) -> Answered:
    return Answered(False, (codes.LOST, _words(model)))


def _is_lost(answered: Answered) -> bool:
    return not answered.ok and isinstance(answered.value, tuple) and answered.value[0] == codes.LOST


def _not_started(name: str, plan: Plan) -> ModelError:
    return ModelError(
        f"no replica of the model {name!r} was there within {plan.start_timeout:g} seconds", code=codes.NOT_STARTED
    )
