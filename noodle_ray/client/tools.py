"""Tools of a platform: `AsyncTools` for coroutines, `Tools` for everything else.

A tool is a dict as `GET /v1/tools` has it: name, description, signature and parameters.
"""

import builtins
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from noodle_ray.client import loop
from noodle_ray.client.failures import error_for
from noodle_ray.errors import RequestError

if TYPE_CHECKING:
    from noodle_ray.client.http import AsyncClient

_PROGRAM: Final = """
from noodle_ray import ModelError, tool
it = tool({name})
def main(args, kwargs):
    try:
        return it(*args, **kwargs), None
    except ModelError as error:
        return None, (error.code, str(error))
"""
UNKNOWN: Final = "NOODLE-E0743"
"""Error code: there is no such tool."""


class AsyncTools:
    """The tools that programs of a client may call. Raises RequestError E0743 for one that is not there, or
    that its tenant may not call, RunError E0518 to E0523 for a call that failed, and what `AsyncClient` raises."""

    def __init__(self, client: "AsyncClient") -> None:
        self._client = client

    async def list(self) -> list[dict[str, Any]]:
        """All of them, by name."""
        found: list[dict[str, Any]] = (await self._client.ask_json("GET", "/v1/tools"))["data"]
        return found

    async def get(self, name: str) -> dict[str, Any]:
        """One of them."""
        known = await self.list()
        for tool in known:
            if tool["name"] == name:
                return tool
        names = ", ".join(tool["name"] for tool in known) or "none"
        raise RequestError(f"there is no tool {name[:200]!r} here; there is {names}"[:500], code=UNKNOWN)

    async def call(self, name: str, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        """What the tool gives. It is called by a small program: budgets and allowances count it as any other."""
        outcome = await self._client.run(
            source=_PROGRAM.format(name=json.dumps(name)), args=[[*args], {**(kwargs or {})}]
        )
        if (error := outcome["error"]) is not None:
            raise error_for(error["code"], error["message"])
        result, failure = outcome["result"]
        if failure is not None:
            raise error_for(*failure)
        return result

    async def check(self, name: str, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> None:
        """Call nothing, and raise RunError E0519 if the tool would refuse these arguments."""
        from noodle_ray.core.vm.values import to_json

        body = {
            "args": [to_json(value) for value in args],
            "kwargs": {key: to_json(value) for key, value in (kwargs or {}).items()},
        }
        await self._client.ask_json("POST", f"/v1/tools/{quote(name, safe='')}/check", body)


class Tools:
    """`AsyncTools` for code without a loop: the same methods, blocking."""

    def __init__(self, tools: AsyncTools) -> None:
        self._tools = tools

    def list(self) -> builtins.list[dict[str, Any]]:
        """All tools, by name."""
        return loop.wait(self._tools.list())

    def get(self, name: str) -> dict[str, Any]:
        """A tool."""
        return loop.wait(self._tools.get(name))

    def call(self, name: str, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        """What a tool gives; see `AsyncTools.call`."""
        return loop.wait(self._tools.call(name, args, kwargs))

    def check(self, name: str, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> None:
        """Check arguments of a tool; see `AsyncTools.check`."""
        loop.wait(self._tools.check(name, args, kwargs))
