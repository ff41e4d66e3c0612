"""HTTP clients for a platform: `AsyncClient` for coroutines, `Client` for everything else.

Errors of the platform arrive as the exceptions of `noodle_ray.errors`. A busy platform (429, 503) is asked again
after the time it names, until ``patience`` seconds have passed.
"""

import base64
import uuid
from types import TracebackType
from typing import Any, Self

from noodle_ray.client import loop
from noodle_ray.client.asking import AsyncModels, Models
from noodle_ray.client.durable import AsyncRuns, Runs
from noodle_ray.client.programs import AsyncPrograms, Programs, Published
from noodle_ray.client.schedules import AsyncSchedules, Schedules
from noodle_ray.client.tools import AsyncTools, Tools
from noodle_ray.client.transport import GRACE, PATIENCE, checked_url, find_token
from noodle_ray.core.vm.limits import Limits
from noodle_ray.errors import ModuleError

__all__ = ["GRACE", "PATIENCE", "AsyncClient", "Client", "checked_url", "find_token", "run_module"]

_DEFAULTS = Limits()


class AsyncClient(AsyncModels):
    """Speaks to the platform at ``url``. Belongs to the event loop that first uses it.

    Without ``token``, ``$NOODLE_TOKEN`` is used, and for a platform on this machine the token file. Outcomes are
    dicts with result, stdout, error, usage, tier, events, module and trace_id. Raises the exceptions of
    `noodle_ray.errors`: PlatformError E0810 if nothing answers. What it asks waits for models on these terms:
    ``priority`` (``interactive``, ``normal``, ``batch``), ``tenant``, and ``deadline`` in seconds per request.
    """

    async def run(
        self,
        *,
        source: str | None = None,
        module: str | None = None,
        nbc: bytes | None = None,
        program: str | None = None,
        entry: str | None = None,
        args: list[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        limits: Limits | None = None,
        budget: dict[str, float] | None = None,
        tier: str = "auto",
        seed: int | None = None,
    ) -> dict[str, Any]:
        """Run a program, given as exactly one of source, a module's hash, NBC, and the reference of a published
        one; return its outcome. ``budget`` has the most ``model_calls``, ``tool_calls``, ``tokens`` and ``cost``,
        and how many calls to ``speculate`` with."""
        from noodle_ray.core.vm.values import from_json

        reply = await self.ask_json(
            "POST",
            "/v1/run",
            _order(source, module, nbc, program, entry, args, kwargs, limits, tier, seed, budget),
            timeout=(limits or _DEFAULTS).deadline + GRACE,
            source=source or "",
        )
        return {**reply, "result": from_json(reply["result"]), "events": reply["timeline"]}

    async def start(
        self,
        *,
        source: str | None = None,
        module: str | None = None,
        nbc: bytes | None = None,
        program: str | None = None,
        entry: str | None = None,
        args: list[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        limits: Limits | None = None,
        budget: dict[str, float] | None = None,
        tier: str = "auto",
        seed: int | None = None,
        idempotency_key: str | None = None,
        within: float | None = None,
    ) -> dict[str, Any]:
        """Start a durable run, given as `run` takes it; return it once it is stored. `runs` has what comes next.

        Equal requests under one ``idempotency_key`` are one run. Without one each call makes a run, but only one, also
        if the platform has to be asked again. ``within`` so many seconds it ends, or fails.
        """
        order = _order(source, module, nbc, program, entry, args, kwargs, limits, tier, seed, budget)
        order["idempotency_key"] = uuid.uuid4().hex if idempotency_key is None else idempotency_key
        if within is not None:
            order["within"] = within
        return await self.ask_json("POST", "/v1/runs", order, source=source or "")

    @property
    def runs(self) -> AsyncRuns:
        """The platform's durable runs."""
        return AsyncRuns(self)

    @property
    def programs(self) -> AsyncPrograms:
        """The platform's published programs."""
        return AsyncPrograms(self)

    @property
    def schedules(self) -> AsyncSchedules:
        """When the platform starts runs."""
        return AsyncSchedules(self)

    async def resume(self, continuation: str, *, fuel: int | None = None) -> dict[str, Any]:
        """Go on with a run that fuel ended, whose outcome had the ``continuation``; return its outcome.

        ``fuel`` comes on top of what it had; by default it gets as much again. Raises RunError E0505 if the
        continuation is none.
        """
        from noodle_ray.core.vm.values import from_json

        body = {"continuation": continuation, **({} if fuel is None else {"fuel": fuel})}
        reply = await self.ask_json("POST", "/v1/resume", body, timeout=600.0)
        return {**reply, "result": from_json(reply["result"]), "events": reply["timeline"]}

    async def compile(self, source: str, *, text: bool = False) -> dict[str, Any]:
        """Compile a source; return module (its hash), models, size, nbc (bytes), and text if asked for."""
        reply = await self.ask_json("POST", "/v1/compile", {"source": source, "text": text}, source=source)
        return {**reply, "nbc": base64.b64decode(reply["nbc"])}

    async def usage(self) -> dict[str, Any]:
        """What this client's programs may spend in a window of time, and have spent: window, since, budget, spent."""
        return await self.ask_json("GET", "/v1/usage")

    @property
    def toolbox(self) -> AsyncTools:
        """The platform's tools, one by one."""
        return AsyncTools(self)

    async def tools(self) -> list[dict[str, Any]]:
        """The tools that this client's programs may call: name, description, signature, parameters."""
        return await self.toolbox.list()


class Client(Models):
    """`AsyncClient` for code without a loop: the same methods, blocking."""

    def __init__(self, url: str, token: str | None = None, *, patience: float = PATIENCE, **terms: Any) -> None:
        self.asynchronous = AsyncClient(url, token, patience=patience, **terms)
        super().__init__(self.asynchronous)
        self.url = self.asynchronous.url

    def run(
        self,
        *,
        source: str | None = None,
        module: str | None = None,
        nbc: bytes | None = None,
        program: str | None = None,
        entry: str | None = None,
        args: list[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        limits: Limits | None = None,
        budget: dict[str, float] | None = None,
        tier: str = "auto",
        seed: int | None = None,
    ) -> dict[str, Any]:
        """Run a program; see `AsyncClient.run`."""
        return loop.wait(
            self.asynchronous.run(
                source=source,
                module=module,
                nbc=nbc,
                program=program,
                entry=entry,
                args=args,
                kwargs=kwargs,
                limits=limits,
                budget=budget,
                tier=tier,
                seed=seed,
            )
        )

    def start(
        self,
        *,
        source: str | None = None,
        module: str | None = None,
        nbc: bytes | None = None,
        program: str | None = None,
        entry: str | None = None,
        args: list[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        limits: Limits | None = None,
        budget: dict[str, float] | None = None,
        tier: str = "auto",
        seed: int | None = None,
        idempotency_key: str | None = None,
        within: float | None = None,
    ) -> dict[str, Any]:
        """Start a durable run; see `AsyncClient.start`."""
        return loop.wait(
            self.asynchronous.start(
                source=source,
                module=module,
                nbc=nbc,
                program=program,
                entry=entry,
                args=args,
                kwargs=kwargs,
                limits=limits,
                budget=budget,
                tier=tier,
                seed=seed,
                idempotency_key=idempotency_key,
                within=within,
            )
        )

    @property
    def runs(self) -> Runs:
        """The platform's durable runs."""
        return Runs(self.asynchronous.runs)

    @property
    def programs(self) -> Programs:
        """The platform's published programs."""
        return Programs(self.asynchronous.programs)

    @property
    def schedules(self) -> Schedules:
        """When the platform starts runs."""
        return Schedules(self.asynchronous.schedules)

    def publish(self, name: str, **version: Any) -> dict[str, Any]:
        """Store a program's next version; see `AsyncPrograms.publish`."""
        return self.programs.publish(name, **version)

    def program(self, reference: str) -> Published:
        """A published program: ``NAME``, ``NAME@3`` or ``NAME@ALIAS``."""
        return Published(self.asynchronous, reference)

    def resume(self, continuation: str, *, fuel: int | None = None) -> dict[str, Any]:
        """Go on with a run that fuel ended; see `AsyncClient.resume`."""
        return loop.wait(self.asynchronous.resume(continuation, fuel=fuel))

    def compile(self, source: str, *, text: bool = False) -> dict[str, Any]:
        """Compile a source; see `AsyncClient.compile`."""
        return loop.wait(self.asynchronous.compile(source, text=text))

    def usage(self) -> dict[str, Any]:
        """What this client's programs may spend, and have spent; see `AsyncClient.usage`."""
        return loop.wait(self.asynchronous.usage())

    @property
    def toolbox(self) -> Tools:
        """The platform's tools, one by one."""
        return Tools(self.asynchronous.toolbox)

    def tools(self) -> list[dict[str, Any]]:
        """The tools that this client's programs may call; see `AsyncClient.tools`."""
        return loop.wait(self.asynchronous.tools())

    def ready(self) -> bool:
        """Return whether the platform answers and is ready."""
        return loop.wait(self.asynchronous.ready())

    def close(self) -> None:
        """Close the connections."""
        loop.wait(self.asynchronous.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _order(
    source: str | None,
    module: str | None,
    nbc: bytes | None,
    program: str | None,
    entry: str | None,
    args: list[Any] | None,
    kwargs: dict[str, Any] | None,
    limits: Limits | None,
    tier: str,
    seed: int | None,
    budget: dict[str, float] | None = None,
) -> dict[str, Any]:
    """The body of a request to run a program; limits that are the defaults are left out."""
    from noodle_ray.core.vm.values import to_json

    body: dict[str, Any] = {
        "source": source,
        "module": module,
        "nbc": None if nbc is None else base64.b64encode(nbc).decode(),
        "program": program,
        "entry": entry,
        "seed": seed,
        "budget": budget,
    }
    bounds = limits or _DEFAULTS
    changed = {name: value for name, value in bounds._asdict().items() if value != getattr(_DEFAULTS, name)}
    return {
        **{name: value for name, value in body.items() if value is not None},
        "args": [to_json(value) for value in args or []],
        "kwargs": {name: to_json(value) for name, value in (kwargs or {}).items()},
        "tier": tier,
        **({"limits": changed} if changed else {}),
    }


async def run_module(client: AsyncClient, module: str, nbc: bytes, **call: Any) -> dict[str, Any]:
    """Run a module by its hash, which is short; send the module itself only if the platform does not know it."""
    try:
        return await client.run(module=module, **call)
    except ModuleError as error:
        if error.code != "NOODLE-E0309":
            raise
    return await client.run(nbc=nbc, **call)
