"""HTTP clients for a platform: `AsyncClient` for coroutines, `Client` for everything else.

Errors of the platform arrive as the exceptions of `noodle_ray.errors`. A busy platform (429, 503) is asked again
after the time it names, until ``patience`` seconds have passed.
"""

import base64
import time
import uuid
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from noodle_ray.client import loop
from noodle_ray.client.durable import AsyncRuns, Runs
from noodle_ray.client.failures import error_of, unreachable
from noodle_ray.core.vm.limits import Limits
from noodle_ray.errors import ModuleError, PlatformError, UsageError

GRACE = 30.0
"""Seconds that a reply may take beyond the run's deadline."""

PATIENCE = 60.0
"""Seconds to keep asking a busy platform, unless told otherwise."""

_DEFAULTS = Limits()


class AsyncClient:
    """Speaks to the platform at ``url``. Belongs to the event loop that first uses it.

    Without ``token``, ``$NOODLE_TOKEN`` is used, and for a platform on this machine the token file. Outcomes are
    dicts with result, stdout, error, usage, tier, events, module and trace_id. Raises the exceptions of
    `noodle_ray.errors`: PlatformError E0810 if nothing answers.
    """

    def __init__(self, url: str, token: str | None = None, *, patience: float = PATIENCE) -> None:
        self.url = checked_url(url)
        self.patience = patience
        token = token or find_token(self.url)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        limits = httpx.Limits(max_connections=256, max_keepalive_connections=64)
        self._http = httpx.AsyncClient(
            base_url=self.url, headers=headers, limits=limits, timeout=httpx.Timeout(GRACE, connect=5.0, pool=None)
        )

    async def run(
        self,
        *,
        source: str | None = None,
        module: str | None = None,
        nbc: bytes | None = None,
        entry: str | None = None,
        args: list[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        limits: Limits | None = None,
        tier: str = "auto",
        seed: int | None = None,
    ) -> dict[str, Any]:
        """Run a program, given as exactly one of source, a module's hash, and NBC; return its outcome."""
        from noodle_ray.core.vm.values import from_json

        reply = await self.ask_json(
            "POST",
            "/v1/run",
            _order(source, module, nbc, entry, args, kwargs, limits, tier, seed),
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
        entry: str | None = None,
        args: list[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        limits: Limits | None = None,
        tier: str = "auto",
        seed: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Start a durable run, given as `run` takes it; return it once it is stored. `runs` has what comes next.

        Equal requests under one ``idempotency_key`` are one run. Without one each call makes a run, but only one, also
        if the platform has to be asked again.
        """
        order = _order(source, module, nbc, entry, args, kwargs, limits, tier, seed)
        order["idempotency_key"] = uuid.uuid4().hex if idempotency_key is None else idempotency_key
        return await self.ask_json("POST", "/v1/runs", order, source=source or "")

    @property
    def runs(self) -> AsyncRuns:
        """The platform's durable runs."""
        return AsyncRuns(self)

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

    async def models(self) -> list[dict[str, Any]]:
        """Return what the platform tells about each of its models."""
        found: list[dict[str, Any]] = (await self.ask_json("GET", "/v1/models"))["data"]
        return found

    async def infer(self, model: str, inputs: list[Any], **options: Any) -> list[Any]:
        """Ask a model about each of the inputs, with the same options; return the answers in order."""
        body = {"inputs": inputs, "options": options}
        reply = await self.ask_json("POST", f"/v1/models/{quote(model, safe='')}/infer", body, timeout=600.0)
        outputs: list[Any] = reply["outputs"]
        return outputs

    async def ask(self, model: str, given: Any, options: dict[str, Any]) -> Any:
        """Ask a model once, and return what a program gets: arrays are arrays."""
        from noodle_ray.core.vm.values import from_json, to_json

        def array(found: Any) -> Any:
            from noodle_ray.core.vm.arrays.array import from_array_json

            return from_array_json(found)

        body = {
            "inputs": [to_json(given)],
            "options": {name: to_json(value) for name, value in options.items()},
            "arrays": "packed",
        }
        reply = await self.ask_json("POST", f"/v1/models/{quote(model, safe='')}/infer", body, timeout=600.0)
        return from_json(reply["outputs"][0], unpacked=array)

    def stream(self, method: str, path: str, timeout: float) -> AbstractAsyncContextManager[httpx.Response]:
        """Make one request whose answer is read while it comes; ``timeout`` is for each part of it."""
        return self._http.stream(method, path, timeout=httpx.Timeout(timeout, connect=5.0, pool=None))

    async def ready(self) -> bool:
        """Return whether the platform answers and is ready."""
        try:
            return (await self._http.get("/readyz", timeout=5.0)).status_code == 200
        except httpx.HTTPError:
            return False

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def ask_json(
        self, method: str, path: str, body: object = None, *, timeout: float = GRACE, source: str = ""
    ) -> dict[str, Any]:
        """Make one request and return the object that answers it; an answer without content gives an empty one."""
        import asyncio

        until = time.monotonic() + self.patience
        while True:
            try:
                response = await self._http.request(
                    method, path, json=body, timeout=httpx.Timeout(timeout, connect=5.0, pool=None)
                )
            except httpx.TimeoutException as error:
                raise PlatformError(
                    f"the platform at {self.url} did not answer in time ({type(error).__name__})", code="NOODLE-E0811"
                ) from None
            except httpx.HTTPError as error:
                raise unreachable(self.url, error) from None
            except (TypeError, ValueError, RecursionError) as error:
                raise UsageError(f"the arguments are not JSON data: {error}", code="NOODLE-E0915") from None
            if response.status_code == 204:
                return {}
            if response.is_success:
                return _object(response, self.url)
            wait = _retry_after(response)
            if wait is None or time.monotonic() + wait > until:
                raise error_of(response, self.url, source)
            await asyncio.sleep(wait)


class Client:
    """`AsyncClient` for code without a loop: the same methods, blocking."""

    def __init__(self, url: str, token: str | None = None, *, patience: float = PATIENCE) -> None:
        self.asynchronous = AsyncClient(url, token, patience=patience)
        self.url = self.asynchronous.url

    def run(
        self,
        *,
        source: str | None = None,
        module: str | None = None,
        nbc: bytes | None = None,
        entry: str | None = None,
        args: list[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        limits: Limits | None = None,
        tier: str = "auto",
        seed: int | None = None,
    ) -> dict[str, Any]:
        """Run a program; see `AsyncClient.run`."""
        return loop.wait(
            self.asynchronous.run(
                source=source,
                module=module,
                nbc=nbc,
                entry=entry,
                args=args,
                kwargs=kwargs,
                limits=limits,
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
        entry: str | None = None,
        args: list[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        limits: Limits | None = None,
        tier: str = "auto",
        seed: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Start a durable run; see `AsyncClient.start`."""
        return loop.wait(
            self.asynchronous.start(
                source=source,
                module=module,
                nbc=nbc,
                entry=entry,
                args=args,
                kwargs=kwargs,
                limits=limits,
                tier=tier,
                seed=seed,
                idempotency_key=idempotency_key,
            )
        )

    @property
    def runs(self) -> Runs:
        """The platform's durable runs."""
        return Runs(self.asynchronous.runs)

    def resume(self, continuation: str, *, fuel: int | None = None) -> dict[str, Any]:
        """Go on with a run that fuel ended; see `AsyncClient.resume`."""
        return loop.wait(self.asynchronous.resume(continuation, fuel=fuel))

    def compile(self, source: str, *, text: bool = False) -> dict[str, Any]:
        """Compile a source; see `AsyncClient.compile`."""
        return loop.wait(self.asynchronous.compile(source, text=text))

    def models(self) -> list[dict[str, Any]]:
        """Return the platform's models; see `AsyncClient.models`."""
        return loop.wait(self.asynchronous.models())

    def infer(self, model: str, inputs: list[Any], **options: Any) -> list[Any]:
        """Ask a model; see `AsyncClient.infer`."""
        return loop.wait(self.asynchronous.infer(model, inputs, **options))

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
    entry: str | None,
    args: list[Any] | None,
    kwargs: dict[str, Any] | None,
    limits: Limits | None,
    tier: str,
    seed: int | None,
) -> dict[str, Any]:
    """The body of a request to run a program; limits that are the defaults are left out."""
    from noodle_ray.core.vm.values import to_json

    body: dict[str, Any] = {
        "source": source,
        "module": module,
        "nbc": None if nbc is None else base64.b64encode(nbc).decode(),
        "entry": entry,
        "seed": seed,
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


def checked_url(url: str) -> str:
    """Return the URL without a path's final slash. Raises UsageError E0916 if it is not http or https."""
    text = url if "://" in url else f"http://{url}"
    try:
        parsed = httpx.URL(text)
    except (httpx.InvalidURL, TypeError):
        parsed = httpx.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise UsageError(
            f"{url!r} is not the address of a platform", code="NOODLE-E0916", hint="write it like http://127.0.0.1:8000"
        )
    return text.rstrip("/")


def find_token(url: str) -> str | None:
    """Return the token for a platform: from the environment, or for one on this machine from the token file."""
    import os

    from noodle_ray.security.tokens import read_token

    local = httpx.URL(url).host in ("127.0.0.1", "localhost", "::1")
    return read_token() if local or os.environ.get("NOODLE_TOKEN") else None


def _object(response: httpx.Response, url: str) -> dict[str, Any]:
    try:
        value = response.json()
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise PlatformError(f"what answers at {url} is not a Noodle platform", code="NOODLE-E0812")
    return value


def _retry_after(response: httpx.Response) -> float | None:
    if response.status_code not in (429, 503):
        return None
    try:
        return min(max(float(response.headers.get("Retry-After", "1")), 0.05), 30.0)
    except ValueError:
        return 1.0
