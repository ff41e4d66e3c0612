"""Schedules of a platform: `AsyncSchedules` for coroutines, `Schedules` for everything else.

A schedule is a dict as `GET /v1/schedules/{name}` has it: name, program, module, cron, next_at, last_run and more.
"""

from base64 import b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from noodle_ray.client import loop

if TYPE_CHECKING:
    from noodle_ray.client.http import AsyncClient


class AsyncSchedules:
    """The schedules of the platform that a client speaks to. Raises RequestError E0737 for what no schedule can have,
    E0738 for one that is not there, and what `AsyncClient` raises."""

    def __init__(self, client: "AsyncClient") -> None:
        self._client = client

    async def put(
        self,
        name: str,
        *,
        program: str | None = None,
        source: str | None = None,
        module: str | None = None,
        nbc: bytes | None = None,
        cron: str | None = None,
        topic: str | None = None,
        timezone: str = "UTC",
        entry: str | None = None,
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
        limits: dict[str, float] | None = None,
        enabled: bool = True,
        missed: str = "latest",
    ) -> dict[str, Any]:
        """Store a schedule, in place of one of the same name: of times (``cron``), or of a ``topic``'s events. It
        starts a published ``program``, or what is given as source, a module's hash or NBC: verified now, and kept.
        """
        from noodle_ray.core.vm.values import to_json

        body = {
            **_code(program, source, module, nbc),
            "cron": cron,
            "topic": topic,
            "timezone": timezone,
            "entry": entry,
            "args": [to_json(value) for value in args],
            "kwargs": {key: to_json(value) for key, value in (kwargs or {}).items()},
            "limits": limits,
            "enabled": enabled,
            "missed": missed,
        }
        return await self._client.ask_json("PUT", _path(name), body, source=source or "")

    async def tell(self, topic: str, value: Any = None, *, id: str | None = None) -> dict[str, Any]:
        """Tell an event: each schedule of the topic starts a run, whose last argument is the value, and which is stored
        when this returns. Returns ``id`` and ``started``. An event told again under its ``id`` starts nothing twice.
        """
        from noodle_ray.core.vm.values import to_json

        body = {"value": to_json(value)} | ({} if id is None else {"id": id})
        return await self._client.ask_json("POST", f"/v1/events/{quote(topic, safe='')}", body)

    async def get(self, name: str) -> dict[str, Any]:
        """A schedule."""
        return await self._client.ask_json("GET", _path(name))

    async def list(self, *, after: str = "", limit: int = 100) -> tuple[list[dict[str, Any]], str | None]:
        """Schedules, by name; and where the next page begins (``after``)."""
        page = await self._client.ask_json("GET", f"/v1/schedules?{urlencode({'after': after, 'limit': limit})}")
        return page["data"], page["next"]

    async def remove(self, name: str) -> None:
        """Delete a schedule; the runs that it started stay."""
        await self._client.ask_json("DELETE", _path(name))


class Schedules:
    """`AsyncSchedules` for code without a loop: the same methods, blocking."""

    def __init__(self, schedules: AsyncSchedules) -> None:
        self._schedules = schedules

    def put(self, name: str, **schedule: Any) -> dict[str, Any]:
        """Store a schedule; see `AsyncSchedules.put`."""
        return loop.wait(self._schedules.put(name, **schedule))

    def tell(self, topic: str, value: Any = None, *, id: str | None = None) -> dict[str, Any]:
        """Tell an event; see `AsyncSchedules.tell`."""
        return loop.wait(self._schedules.tell(topic, value, id=id))

    def get(self, name: str) -> dict[str, Any]:
        """A schedule."""
        return loop.wait(self._schedules.get(name))

    def list(self, *, after: str = "", limit: int = 100) -> tuple[list[dict[str, Any]], str | None]:
        """Schedules, by name, and where the next page begins."""
        return loop.wait(self._schedules.list(after=after, limit=limit))

    def remove(self, name: str) -> None:
        """Delete a schedule."""
        loop.wait(self._schedules.remove(name))


def _code(program: str | None, source: str | None, module: str | None, nbc: bytes | None) -> dict[str, str | None]:
    encoded = None if nbc is None else b64encode(nbc).decode()
    return {"program": program, "source": source, "module": module, "nbc": encoded}


def _path(name: str) -> str:
    return f"/v1/schedules/{quote(name, safe='')}"
