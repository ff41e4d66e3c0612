"""Published programs of a platform: `AsyncPrograms` for coroutines, `Programs` and `Published` for everything else.

A version is a dict as `GET /v1/programs/{name}` has it: name, version, module, source, models, aliases, statistics.
"""

import base64
import contextlib
from collections.abc import AsyncGenerator, Iterator
from typing import TYPE_CHECKING, Any, TypedDict, Unpack
from urllib.parse import quote, urlencode

from noodle_ray.client import loop
from noodle_ray.client.asking import blocking
from noodle_ray.client.runs import Run
from noodle_ray.core.vm.limits import Limits

if TYPE_CHECKING:
    from noodle_ray.client.http import AsyncClient

CHECK_SECONDS = 600.0
"""How long checks and replays may take: they execute runs."""
PAGE = 50
"""Runs that one request checks."""
KEPT = 100
"""Reports that are kept of a check."""

Versions = list[dict[str, Any]]


class Checked(TypedDict, total=False):
    """What is checked: a version, on the journals of the latest ``runs`` (None: of all) stored ``since`` a time."""

    source: str | None
    nbc: bytes | None
    runs: int | None
    since: float | None


class AsyncPrograms:
    """The published programs of the platform that a client speaks to. Raises RequestError E0733 for what is not
    published, E0741 for names that cannot be, and what `AsyncClient` raises."""

    def __init__(self, client: "AsyncClient") -> None:
        self._client = client

    async def publish(
        self,
        name: str,
        *,
        source: str | None = None,
        nbc: bytes | None = None,
        alias: str | None = None,
        check: int | None = None,
        same: bool = False,
    ) -> dict[str, Any]:
        """Store the next version of a program; the latest one is returned if its module is the same.

        So many of the latest runs (``check``; None: 100, 0: none) of the version that it replaces are replayed first.
        Refused (E0740) is a version that does not fit them, or with ``same`` that has other results; the exception's
        ``differ`` has reports, its ``runs`` all ids.
        """
        body = {**_code(source, nbc), "same": same, **({"alias": alias} if alias else {})}
        if check is not None:
            body["check"] = check
        return await self._client.ask_json("PUT", _path(name), body, timeout=CHECK_SECONDS, source=source or "")

    async def get(self, reference: str) -> dict[str, Any]:
        """A version: ``NAME`` for the latest, ``NAME@3``, ``NAME@ALIAS``."""
        return await self._client.ask_json("GET", _path(reference))

    async def list(self, *, after: str = "", limit: int = 100) -> tuple[list[dict[str, Any]], str | None]:
        """The latest versions of programs, by name; and where the next page begins (``after``)."""
        page = await self._client.ask_json("GET", f"/v1/programs?{urlencode({'after': after, 'limit': limit})}")
        return page["data"], page["next"]

    async def versions(self, name: str) -> Versions:
        """All versions of a program, the latest first."""
        found: Versions = (await self._client.ask_json("GET", f"{_path(name)}/versions"))["data"]
        return found

    async def alias(self, name: str, alias: str, version: int) -> dict[str, Any]:
        """Let an alias mean a version."""
        return await self._client.ask_json("PUT", f"{_path(name)}/aliases/{_quoted(alias)}", {"version": version})

    async def drop_alias(self, name: str, alias: str) -> None:
        """Delete an alias."""
        await self._client.ask_json("DELETE", f"{_path(name)}/aliases/{_quoted(alias)}")

    async def remove(self, name: str) -> None:
        """Delete a program with its versions; its runs stay."""
        await self._client.ask_json("DELETE", _path(name))

    async def check(self, name: str, **asked: Unpack[Checked]) -> dict[str, Any]:
        """What another version would do on the journals of runs of a program, or of one version (``NAME@2``): module,
        checked, differing (how many), differ (reports of the first, at most 20 of 50 runs and 100 in all), unclear
        (runs that say nothing, as they do not go as they did with their own version either, or are damaged), unchecked
        (runs that the platform did not replay in time)."""
        found: dict[str, Any] = {"checked": 0, "differing": 0, "differ": [], "unclear": [], "unchecked": []}
        async with contextlib.aclosing(self.checks(name, **asked)) as pages:
            async for page in pages:
                found["module"] = page["module"]
                found["checked"] += page["checked"]
                found["differing"] += len(page["runs"])
                found["differ"] += page["differ"][: KEPT - len(found["differ"])]
                found["unclear"] += page["unclear"]
                found["unchecked"] += page["unchecked"]
        return found

    async def checks(self, name: str, **asked: Unpack[Checked]) -> AsyncGenerator[dict[str, Any]]:
        """What `check` finds, in pages as the platform gives them: module, checked, runs (that differ), differ,
        unclear, unchecked."""
        source, since, left = asked.get("source"), asked.get("since"), asked.get("runs")
        body: dict[str, Any] = {**_code(source, asked.get("nbc")), **({} if since is None else {"since": since})}
        while True:
            body["runs"] = PAGE if left is None else min(PAGE, left)
            page = await self._client.ask_json(
                "POST", f"{_path(name)}/check", body, timeout=CHECK_SECONDS, source=source or ""
            )
            yield page
            left = None if left is None else left - body["runs"]
            if page["next"] is None or left == 0:
                return
            body["before"] = page["next"]


class Programs:
    """`AsyncPrograms` for code without a loop: the same methods, blocking."""

    def __init__(self, programs: AsyncPrograms) -> None:
        self._programs = programs

    def publish(self, name: str, **version: Any) -> dict[str, Any]:
        """Store the next version of a program; see `AsyncPrograms.publish`."""
        return loop.wait(self._programs.publish(name, **version))

    def get(self, reference: str) -> dict[str, Any]:
        """A version."""
        return loop.wait(self._programs.get(reference))

    def list(self, *, after: str = "", limit: int = 100) -> tuple[list[dict[str, Any]], str | None]:
        """Programs, and where the next page begins; see `AsyncPrograms.list`."""
        return loop.wait(self._programs.list(after=after, limit=limit))

    def versions(self, name: str) -> Versions:
        """All versions of a program, the latest first."""
        return loop.wait(self._programs.versions(name))

    def alias(self, name: str, alias: str, version: int) -> dict[str, Any]:
        """Let an alias mean a version."""
        return loop.wait(self._programs.alias(name, alias, version))

    def drop_alias(self, name: str, alias: str) -> None:
        """Delete an alias."""
        loop.wait(self._programs.drop_alias(name, alias))

    def remove(self, name: str) -> None:
        """Delete a program with its versions; its runs stay."""
        loop.wait(self._programs.remove(name))

    def check(self, name: str, **asked: Unpack[Checked]) -> dict[str, Any]:
        """What another version would do on the journals of runs; see `AsyncPrograms.check`."""
        return loop.wait(self._programs.check(name, **asked))

    def checks(self, name: str, **asked: Unpack[Checked]) -> Iterator[dict[str, Any]]:
        """The same in pages; see `AsyncPrograms.checks`."""
        return blocking(self._programs.checks(name, **asked))


class Published:
    """A published program by its reference. Calling it runs it and returns its result, as a `program` does.

    What the reference means is looked up with each run: an alias that moves takes effect at once.
    """

    def __init__(self, client: "AsyncClient", reference: str) -> None:
        self._client = client
        self.reference = reference

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run it and return its result; raises what `client.runs.Run.value` raises."""
        return self.run(*args, **kwargs).value()

    def run(
        self, *args: Any, limits: Limits | None = None, budget: dict[str, float] | None = None, **kwargs: Any
    ) -> Run:
        """Run it and return the whole run, failed or not."""
        asked = self._client.run(program=self.reference, args=list(args), kwargs=kwargs, limits=limits, budget=budget)
        return Run.from_outcome(loop.wait(asked))

    def start(
        self,
        *args: Any,
        limits: Limits | None = None,
        budget: dict[str, float] | None = None,
        idempotency_key: str | None = None,
        within: float | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Start a durable run of it, and return it once it is stored."""
        return loop.wait(
            self._client.start(
                program=self.reference,
                args=list(args),
                kwargs=kwargs,
                limits=limits,
                budget=budget,
                idempotency_key=idempotency_key,
                within=within,
            )
        )

    def show(self) -> dict[str, Any]:
        """The version that the reference means now."""
        return loop.wait(AsyncPrograms(self._client).get(self.reference))

    def __repr__(self) -> str:
        return f"<published program {self.reference}>"


def _code(source: str | None, nbc: bytes | None) -> dict[str, Any]:
    return {
        **({} if source is None else {"source": source}),
        **({} if nbc is None else {"nbc": base64.b64encode(nbc).decode()}),
    }


def _path(reference: str) -> str:
    return f"/v1/programs/{_quoted(reference)}"


def _quoted(text: str) -> str:
    return quote(text, safe="@")
