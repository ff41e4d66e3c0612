"""Tools of servers that speak the Model Context Protocol, by its transport "streamable HTTP" (revision 2025-06-18)."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx

from noodle_ray.core.runs.tools import signatures
from noodle_ray.core.runs.tools.kinds import FAILED, PASSING, REFUSED, UNUSABLE, Passing, expanded, without
from noodle_ray.core.runs.tools.spec import ToolSpec
from noodle_ray.errors import RunError

REVISION: Final = "2025-06-18"
_SESSION: Final = "Mcp-Session-Id"
_HEADERS: Final = {"Accept": "application/json, text/event-stream", "Accept-Encoding": "identity"}


class McpTool:
    """One tool of a server. The idempotency key is a header, and `noodle/idempotencyKey` of the call's ``_meta``."""

    def __init__(self, name: str, spec: ToolSpec, client: httpx.AsyncClient) -> None:
        self._name = name
        self._spec = spec
        self._client = client
        self._secrets: set[bytes] = set()
        self._headers = {header: expanded(name, text, self._secrets) for header, text in spec.headers.items()}
        self._session: str | None = None
        self._greeting = asyncio.Lock()
        self._greeted = False
        self._ids = 0

    async def call(self, args: list[Any], kwargs: dict[str, Any], key: str) -> Any:
        """Call it: what is structured in the answer is the result, or its texts."""
        self.bind(args, kwargs)
        asked = {"name": self._spec.tool or self._name, "arguments": kwargs, "_meta": {"noodle/idempotencyKey": key}}
        for again in (True, False):
            await self._greet()
            try:
                return self._result(await self._ask("tools/call", asked, key))
            except _SessionOver:
                self._greeted = False
                if not again:
                    raise
        raise AssertionError("not reached")

    def bind(self, args: list[Any], kwargs: dict[str, Any]) -> None:
        """The server alone knows what it takes."""
        if args:
            raise RunError(f"the tool {self._name!r} takes named arguments only", code=REFUSED)

    def signature(self) -> str:
        """What its schema says."""
        return signatures.of_schema(self._name, self._spec.parameters)

    async def _greet(self) -> None:
        """Begin a session, if there is none."""
        async with self._greeting:
            if self._greeted:
                return
            self._session = None
            client = {"name": "noodle", "version": "1"}
            await self._ask("initialize", {"protocolVersion": REVISION, "capabilities": {}, "clientInfo": client})
            await self._ask("notifications/initialized", None)
            self._greeted = True

    async def _ask(self, method: str, params: dict[str, Any] | None, key: str = "") -> dict[str, Any]:
        """One message; what answers a request is returned. Raises RunError."""
        self._ids += 1
        number = None if params is None else self._ids
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        if number is not None:
            message |= {"id": number, "params": params}
        content = json.dumps(message).encode()
        if len(content) > self._spec.max_bytes:
            raise RunError(f"the arguments of {self._name!r} take more than {self._spec.max_bytes} bytes", code=REFUSED)
        headers = {**self._headers, **_HEADERS, "Content-Type": "application/json"}
        if key:
            headers[self._spec.idempotency_header] = key
        if self._session is not None:
            headers |= {_SESSION: self._session, "MCP-Protocol-Version": REVISION}
        try:
            async with self._client.stream(
                "POST", self._spec.mcp or "", content=content, headers=headers, timeout=self._spec.timeout
            ) as response:
                return await self._answered(response, number)
        except httpx.HTTPError as error:
            raise Passing(f"the tool {self._name!r} cannot be reached: {type(error).__name__}") from error

    async def _answered(self, response: httpx.Response, number: int | None) -> dict[str, Any]:
        status = response.status_code
        if status == 404 and self._session is not None:
            raise _SessionOver(f"the session of the tool {self._name!r} is over", code=FAILED)
        if not response.is_success:
            kind = Passing if status in PASSING else RunError
            raise kind(f"the tool {self._name!r} answered with status {status}", code=FAILED)
        if response.headers.get("content-encoding", "identity") != "identity":
            raise RunError(f"the tool {self._name!r} gave something compressed", code=UNUSABLE)
        self._session = response.headers.get(_SESSION, self._session)
        if number is None:
            return {}
        async for found in self._messages(response):
            if found.get("id") == number and ("result" in found or "error" in found):
                if "error" in found:
                    raise RunError(f"the tool {self._name!r} failed: {_told(found['error'])}"[:500], code=FAILED)
                result = found["result"]
                return result if isinstance(result, dict) else {}
        raise RunError(f"the tool {self._name!r} gave no answer", code=UNUSABLE)

    async def _messages(self, response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
        """The messages of a JSON body, or of a stream of events as they come."""
        events = response.headers.get("content-type", "").startswith("text/event-stream")
        size, data, line = 0, bytearray(), bytearray()
        async for chunk in response.aiter_raw():
            size += len(chunk)
            if size > self._spec.max_bytes:
                raise RunError(f"the tool {self._name!r} gave more than {self._spec.max_bytes} bytes", code=UNUSABLE)
            if not events:
                data += chunk
                continue
            line += chunk
            *whole, rest = bytes(line).replace(b"\r\n", b"\n").split(b"\n")
            line = bytearray(rest)
            for one in whole:
                if one.startswith(b"data:"):
                    data += one[5:].strip()
                elif not one and data:
                    yield self._message(without(self._secrets, bytes(data)))
                    data.clear()
        if data:
            yield self._message(without(self._secrets, bytes(data)))

    def _message(self, data: bytes) -> dict[str, Any]:
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            raise RunError(f"the tool {self._name!r} gave JSON that cannot be read", code=UNUSABLE) from None
        return found if isinstance(found, dict) else {}

    def _result(self, result: dict[str, Any]) -> Any:
        content = result.get("content")
        parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
        text = "\n".join(str(part.get("text", "")) for part in parts if part.get("type") == "text")
        if result.get("isError"):
            raise RunError(f"the tool {self._name!r} failed: {text}"[:500], code=FAILED)
        return result.get("structuredContent", text)


class _SessionOver(RunError):
    """The server has forgotten the session."""


def _told(error: Any) -> str:
    return str(error.get("message", "")) if isinstance(error, dict) else ""
