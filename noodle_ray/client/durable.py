"""Durable runs of a platform: `AsyncRuns` for coroutines, `Runs` for everything else.

A run is a dict as `GET /v1/runs/{id}` has it: id, status, result, stdout, error, usage and more. Asking again does no
harm: under an idempotency key, equal requests are one run.
"""

import asyncio
import base64
import json
import time
import uuid
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import httpx

from noodle_ray.client import loop
from noodle_ray.client.asking import blocking
from noodle_ray.client.failures import error_of, unreachable
from noodle_ray.errors import NoodleError, PlatformError

if TYPE_CHECKING:
    from noodle_ray.client.http import AsyncClient

ENDED = frozenset({"succeeded", "failed", "cancelled"})
WAIT_SECONDS = 30.0
"""How long one request waits; `wait` asks again until its own time is over."""
_PASSING = frozenset({429, 502, 503, 504})
"""Statuses of a platform, or of the proxy before it, that is there again soon."""
READ_SECONDS = 60.0
"""How long events may be silent: the platform says something every 15 seconds."""
RECONNECT_SECONDS = 0.2
"""How long to wait before events connect again."""
AT_ONCE = 4
"""Replays of many runs that are under way: they take workers from others."""
PAGE = 200
"""Runs that are listed at a time to be replayed."""
_OF_ONE_RUN = frozenset({"NOODLE-E0309", "NOODLE-E0731", "NOODLE-E0746", "NOODLE-E0824"})
"""What can be wrong with one run and not with the next."""


class AsyncRuns:
    """The durable runs of the platform that a client speaks to. Raises RequestError E0731 for an unknown run, E0732
    for what its status does not allow, and what `AsyncClient` raises."""

    def __init__(self, client: "AsyncClient") -> None:
        self._client = client

    async def get(self, run: str) -> dict[str, Any]:
        """A run."""
        return _run(await self._client.ask_json("GET", _path(run)))

    async def list(
        self,
        *,
        status: str | None = None,
        program: str | None = None,
        parent: str | None = None,
        since: float | None = None,
        before: str | None = None,
        limit: int = 100,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Runs, the latest first, without arguments and results; and where the next page begins (``before``)."""
        asked = {"status": status, "program": program, "parent": parent, "since": since, "before": before}
        query = urlencode({name: value for name, value in {**asked, "limit": limit}.items() if value is not None})
        page = await self._client.ask_json("GET", f"/v1/runs?{query}")
        return page["data"], page["next"]

    async def wait(self, run: str, timeout: float | None = None) -> dict[str, Any]:
        """A run, once it has ended or this many seconds are over."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = WAIT_SECONDS if end is None else max(0.0, min(WAIT_SECONDS, end - time.monotonic()))
            path = f"{_path(run)}/wait?timeout={left:.3f}"
            found = await self._client.ask_json("GET", path, timeout=left + WAIT_SECONDS)
            if found["status"] in ENDED or (end is not None and time.monotonic() >= end):
                return _run(found)

    async def cancel(self, run: str) -> dict[str, Any]:
        """End a run for good."""
        return await self._command(run, "cancel")

    async def pause(self, run: str) -> dict[str, Any]:
        """Take a run off its node, until it is resumed."""
        return await self._command(run, "pause")

    async def resume(self, run: str) -> dict[str, Any]:
        """Let a paused run go on."""
        return await self._command(run, "resume")

    async def retry(
        self, run: str, limits: dict[str, float] | None = None, budget: dict[str, float] | None = None
    ) -> dict[str, Any]:
        """Execute a failed or cancelled run again, perhaps with other limits, where those not named stay, or with
        another budget."""
        body = {"limits": limits or None, "budget": budget}
        return await self._command(run, "retry", {name: value for name, value in body.items() if value is not None})

    async def fork(self, run: str, key: str, value: Any, *, idempotency_key: str | None = None) -> dict[str, Any]:
        """Start a run that goes as this one did, but gets another answer to the effect ``key``."""
        from noodle_ray.core.vm.values import to_json

        body = {"key": key, "value": to_json(value), "idempotency_key": idempotency_key or uuid.uuid4().hex}
        return await self._command(run, "fork", body)

    async def replay(
        self,
        run: str,
        *,
        to_effect: int | None = None,
        source: str | None = None,
        nbc: bytes | None = None,
        program: str | None = None,
        ask: Iterable[str] | Mapping[str, str] = (),
        ask_all: bool = False,
        budget: dict[str, float] | None = None,
    ) -> dict[str, Any]:
        """Execute a run again from its journal, perhaps with another program, or asking some models anew; returns what
        differs. Nothing is stored.

        ``ask`` names models, or has whom to ask in place of each, as ``{"minilm": "minilm@2"}``; ``ask_all`` asks any
        other model, too, where the journal does not answer. ``budget``, in place of the run's own, is for what is asked
        anew. Raises RequestError E0746 for a name that the run does not ask, and ModelError E0601 for a model in its
        place that is not there.
        """
        body = {
            "ask": dict(ask) if isinstance(ask, Mapping) else list(ask),
            "ask_all": ask_all or None,
            "budget": budget,
            "program": program,
            "to_effect": to_effect,
            "source": source,
            "nbc": None if nbc is None else base64.b64encode(nbc).decode(),
        }
        given = {name: value for name, value in body.items() if value is not None}
        return await self._client.ask_json("POST", f"{_path(run)}/replay", given, timeout=600.0, source=source or "")

    async def replays(
        self,
        *,
        runs: Iterable[str] | None = None,
        of: str | None = None,
        status: str | None = None,
        since: float | None = None,
        limit: int | None = None,
        at_once: int = AT_ONCE,
        **how: Any,
    ) -> AsyncGenerator[dict[str, Any]]:
        """Replay many runs as `replay` does one: those named, or the latest ``limit`` (None: all) of the program, or
        version, ``of``, with a status, stored ``since`` a time; the latest first.

        Gives the reports in this order, with ``at_once`` replays under way, and holds no more of them. For a run that
        cannot be replayed so, as it was deleted meanwhile (E0731), its module is gone (E0309), what is stored of it is
        damaged (E0824) or it asks no such model (E0746), it gives a dict with ``run`` and the exception as ``problem``.
        """
        chosen = self._chosen(of, status, since, limit) if runs is None else _each(runs)
        under_way: deque[asyncio.Task[dict[str, Any]]] = deque()
        try:
            async for run in chosen:
                under_way.append(asyncio.ensure_future(self._replay_or_say(run, how)))
                if len(under_way) >= at_once:
                    yield await under_way.popleft()
            while under_way:
                yield await under_way.popleft()
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _chosen(
        self, program: str | None, status: str | None, since: float | None, limit: int | None
    ) -> AsyncIterator[str]:
        before, left = None, limit
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            page, before = await self.list(program=program, status=status, since=since, before=before, limit=size)
            for run in page:
                yield run["id"]
            if before is None:
                return
            left = None if left is None else left - len(page)

    async def _replay_or_say(self, run: str, how: dict[str, Any]) -> dict[str, Any]:
        try:
            return await self.replay(run, **how)
        except NoodleError as error:
            if error.code not in _OF_ONE_RUN:
                raise
            return {"run": run, "problem": error}

    async def signal(
        self, run: str, name: str, value: Any = None, *, idempotency_key: str | None = None
    ) -> dict[str, Any]:
        """Give a run a signal: the next ``wait_for_signal`` of this name gets the value. Returns the run."""
        from noodle_ray.core.vm.values import to_json

        body = {"value": to_json(value), "idempotency_key": idempotency_key or uuid.uuid4().hex}
        return await self._command(run, f"signals/{quote(name, safe='')}", body)

    async def delete(self, run: str) -> None:
        """Delete a run that has ended."""
        await self._client.ask_json("DELETE", _path(run))

    async def events(self, run: str, *, after: int = -1) -> AsyncIterator[dict[str, Any]]:
        """What happens to a run after a position, until it has ended: dicts with position, type, at and more.

        Connects again by itself, where it was, if the connection breaks or the platform is busy, for as long as the
        client has patience.
        """
        until, last = time.monotonic() + self._client.patience, ""
        while True:
            problem: Exception | None = None
            try:
                async with self._client.stream("GET", f"{_path(run)}/events?after={after}", READ_SECONDS) as response:
                    if response.status_code == 204:
                        return
                    if not response.is_success:
                        await response.aread()
                        problem = error_of(response, self._client.url)
                        if response.status_code not in _PASSING:
                            raise problem
                    else:
                        until = time.monotonic() + self._client.patience
                        async for event in _events(response):
                            after, last = event["position"], event["type"]
                            until = time.monotonic() + self._client.patience
                            yield event
                        if last in ENDED:
                            return
                        problem = PlatformError("the events ended before the run did", code="NOODLE-E0811")
            except httpx.HTTPError as error:
                problem = unreachable(self._client.url, error)
            if time.monotonic() > until:
                raise problem
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _command(self, run: str, name: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return _run(await self._client.ask_json("POST", f"{_path(run)}/{name}", body or {}))


class Runs:
    """`AsyncRuns` for code without a loop: the same methods, blocking."""

    def __init__(self, runs: AsyncRuns) -> None:
        self._runs = runs

    def get(self, run: str) -> dict[str, Any]:
        """A run."""
        return loop.wait(self._runs.get(run))

    def list(self, **wanted: Any) -> tuple[list[dict[str, Any]], str | None]:
        """Runs, and where the next page begins; see `AsyncRuns.list`."""
        return loop.wait(self._runs.list(**wanted))

    def wait(self, run: str, timeout: float | None = None) -> dict[str, Any]:
        """A run, once it has ended or this many seconds are over."""
        return loop.wait(self._runs.wait(run, timeout))

    def cancel(self, run: str) -> dict[str, Any]:
        """End a run for good."""
        return loop.wait(self._runs.cancel(run))

    def pause(self, run: str) -> dict[str, Any]:
        """Take a run off its node, until it is resumed."""
        return loop.wait(self._runs.pause(run))

    def resume(self, run: str) -> dict[str, Any]:
        """Let a paused run go on."""
        return loop.wait(self._runs.resume(run))

    def retry(
        self, run: str, limits: dict[str, float] | None = None, budget: dict[str, float] | None = None
    ) -> dict[str, Any]:
        """Execute a failed or cancelled run again; see `AsyncRuns.retry`."""
        return loop.wait(self._runs.retry(run, limits, budget))

    def fork(self, run: str, key: str, value: Any, *, idempotency_key: str | None = None) -> dict[str, Any]:
        """Start a run that gets another answer to an effect; see `AsyncRuns.fork`."""
        return loop.wait(self._runs.fork(run, key, value, idempotency_key=idempotency_key))

    def replay(self, run: str, **how: Any) -> dict[str, Any]:
        """Execute a run again from its journal, and say what differs; see `AsyncRuns.replay`."""
        return loop.wait(self._runs.replay(run, **how))

    def replays(self, **which: Any) -> Iterator[dict[str, Any]]:
        """Replay many runs; see `AsyncRuns.replays`."""
        return blocking(self._runs.replays(**which))

    def signal(self, run: str, name: str, value: Any = None, *, idempotency_key: str | None = None) -> dict[str, Any]:
        """Give a run a signal; see `AsyncRuns.signal`."""
        return loop.wait(self._runs.signal(run, name, value, idempotency_key=idempotency_key))

    def delete(self, run: str) -> None:
        """Delete a run that has ended."""
        loop.wait(self._runs.delete(run))

    def events(self, run: str, *, after: int = -1) -> Iterator[dict[str, Any]]:
        """What happens to a run, until it has ended; see `AsyncRuns.events`."""
        told = self._runs.events(run, after=after)
        try:
            while (event := loop.wait(_next(told))) is not None:
                yield event
        finally:
            loop.wait(told.aclose())  # type: ignore[attr-defined]


async def _each(runs: Iterable[str]) -> AsyncIterator[str]:
    for run in runs:
        yield run


async def _next(told: AsyncIterator[dict[str, Any]]) -> dict[str, Any] | None:
    return await anext(told, None)


async def _events(response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield {"position": int(fields["id"]), **json.loads(fields["data"])}
            fields = {}


def _path(run: str) -> str:
    return f"/v1/runs/{quote(run, safe='')}"


def _run(found: dict[str, Any]) -> dict[str, Any]:
    from noodle_ray.core.vm.values import from_json

    return {**found, "result": from_json(found["result"])}
