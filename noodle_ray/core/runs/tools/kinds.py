"""Functions and endpoints as tools: each makes one try of a call, with arguments that are JSON data."""

import asyncio
import importlib
import inspect
import json
import os
import re
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Final, Protocol
from urllib.parse import quote

import httpx

from noodle_ray.core.runs.tools import signatures
from noodle_ray.core.runs.tools.spec import BAD_TOOLS, PLACE, ToolSpec
from noodle_ray.errors import RunError, UsageError

FAILED: Final = "NOODLE-E0518"
"""Error code: a tool failed."""
REFUSED: Final = "NOODLE-E0519"
"""Error code: a tool does not take these arguments."""
UNUSABLE: Final = "NOODLE-E0521"
"""Error code: what a tool gave is too large, or no JSON data."""
_ACCEPTED: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}
PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that may be none a moment later."""
_SECRET: Final = 8
"""Characters from which on the value of a variable is looked for in answers."""
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Passing(RunError):
    """A failure that may be none a moment later."""

    default_code = FAILED


class Tool(Protocol):
    """Something to call. Raises RunError, and Passing for what may be tried again."""

    async def call(self, args: list[Any], kwargs: dict[str, Any], key: str) -> Any:
        """Make one try; ``key`` is the same for all tries of a call, after crashes too."""

    def bind(self, args: list[Any], kwargs: dict[str, Any]) -> object:
        """Raise RunError E0519 for arguments that it does not take, as far as is known without a call."""

    def signature(self) -> str:
        """What it takes, as one line."""


class PythonTool:
    """A function. A plain one runs in a thread, which goes on after a timeout: Python can stop none."""

    def __init__(self, name: str, spec: ToolSpec, threads: Executor) -> None:
        self._name = name
        self._limit = spec.max_bytes
        self._threads = threads
        self._function = _imported(spec.python or "")
        try:
            self._signature: inspect.Signature | None = inspect.signature(self._function)
        except ValueError:  # one of those that are written in C and do not tell
            self._signature = None
        self._with_key = self._signature is not None and signatures.HIDDEN in self._signature.parameters
        self._parameters = spec.parameters

    async def call(self, args: list[Any], kwargs: dict[str, Any], key: str) -> Any:
        """Call the function. ConnectionError and TimeoutError may pass."""
        if self._with_key:
            kwargs = {**kwargs, signatures.HIDDEN: key}
        self._bind(args, kwargs)
        try:
            if inspect.iscoroutinefunction(self._function):
                result = await self._function(*args, **kwargs)
            else:
                loop = asyncio.get_running_loop()
                result = await loop.run_in_executor(self._threads, lambda: self._function(*args, **kwargs))
        except asyncio.CancelledError:
            raise
        except Exception as error:
            kind = Passing if isinstance(error, ConnectionError | TimeoutError) else RunError
            message = f"the tool {self._name!r} failed: {type(error).__name__}: {error}"[:500]
            raise kind(message, code=FAILED) from error
        return _data(self._name, result, self._limit)

    def bind(self, args: list[Any], kwargs: dict[str, Any]) -> None:
        """Hold the arguments against the function's parameters."""
        self._bind(args, {**kwargs, signatures.HIDDEN: ""} if self._with_key else kwargs)

    def signature(self) -> str:
        """The function's own, or what its schema says where it tells none."""
        if self._signature is None or self._parameters is not None:
            return signatures.of_schema(self._name, self._parameters)
        return signatures.of_function(self._name, self._signature)

    def _bind(self, args: list[Any], kwargs: dict[str, Any]) -> None:
        try:
            if self._signature is not None:
                self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise RunError(f"the tool {self._name!r} takes other arguments: {error}", code=REFUSED) from None


class HttpTool:
    """An endpoint. Where it is, is the operator's word: arguments are quoted into its path, and redirects failures."""

    def __init__(self, name: str, spec: ToolSpec, client: httpx.AsyncClient) -> None:
        self._name = name
        self._spec = spec
        self._client = client
        self._places = PLACE.findall(spec.http or "")
        self._secrets: set[bytes] = set()
        self._headers = {header: expanded(name, text, self._secrets) for header, text in spec.headers.items()}

    async def call(self, args: list[Any], kwargs: dict[str, Any], key: str) -> Any:
        """Make the request. What JSON there is in the answer is the result, or its text."""
        spec = self._spec
        url, query, content = self.bind(args, kwargs)
        headers = {
            **self._headers,
            spec.idempotency_header: key,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        if content is not None:
            headers["Content-Type"] = "application/json"
        try:
            async with self._client.stream(
                spec.method, url, params=query or None, content=content, headers=headers, timeout=spec.timeout
            ) as response:
                return self._answer(response, await self._read(response))
        except httpx.InvalidURL:
            raise RunError(f"the arguments of {self._name!r} are too long for an address", code=REFUSED) from None
        except httpx.HTTPError as error:
            raise Passing(f"the tool {self._name!r} cannot be reached: {type(error).__name__}") from error

    def bind(self, args: list[Any], kwargs: dict[str, Any]) -> tuple[str, dict[str, Any], bytes | None]:
        """Where the arguments go: address, query and body."""
        spec = self._spec
        if args:
            raise RunError(f"the tool {self._name!r} takes named arguments only", code=REFUSED)
        rest = dict(kwargs)
        url = PLACE.sub(lambda place: self._segment(place[1], rest.pop(place[1], "")), spec.http or "")
        body = rest.pop(spec.body, None) if spec.body else None
        in_query = spec.query if spec.query is not None else [*rest] if spec.method in ("GET", "DELETE") else []
        query = {name: self._parameter(name, rest.pop(name)) for name in in_query if name in rest}
        if rest and spec.body:
            raise RunError(f"the tool {self._name!r} takes no {min(rest)!r}", code=REFUSED)
        content = json.dumps(body if spec.body else rest).encode() if body is not None or rest else None
        return url, query, content

    def signature(self) -> str:
        """What its schema says."""
        return signatures.of_schema(self._name, self._spec.parameters)

    def _segment(self, name: str, value: Any) -> str:
        text = _text(value)
        if text is None or text in ("", ".", ".."):
            raise RunError(f"{name!r} of the tool {self._name!r} cannot stand in an address", code=REFUSED)
        return quote(text, safe="")

    def _parameter(self, name: str, value: Any) -> Any:
        texts = [_text(item) for item in (value if isinstance(value, list) else [value])]
        if None in texts:
            raise RunError(f"{name!r} of the tool {self._name!r} cannot stand in a query", code=REFUSED)
        return texts

    async def _read(self, response: httpx.Response) -> bytes:
        data = bytearray()
        if response.headers.get("content-encoding", "identity") != "identity":
            raise RunError(f"the tool {self._name!r} gave something compressed", code=UNUSABLE)
        async for chunk in response.aiter_raw():
            data += chunk
            if len(data) > self._spec.max_bytes:
                message = f"the tool {self._name!r} gave more than {self._spec.max_bytes} bytes"
                raise RunError(message, code=UNUSABLE)
        return bytes(data)

    def _answer(self, response: httpx.Response, data: bytes) -> Any:
        status = response.status_code
        data = without(self._secrets, data)
        if not response.is_success:
            told = data[:300].decode("utf-8", "replace")
            kind = Passing if status in PASSING else RunError
            raise kind(f"the tool {self._name!r} answered with status {status}: {told}", code=FAILED)
        if not data:
            return None
        kind_of = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind_of != "application/json" and not kind_of.endswith("+json"):
            return data.decode("utf-8", "replace")
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            raise RunError(f"the tool {self._name!r} gave JSON that cannot be read", code=UNUSABLE) from None


def _imported(path: str) -> Callable[..., Any]:
    module, _, name = path.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except Exception as error:  # whatever importing somebody's module raises
        message = f"the tool {path} cannot be imported: {type(error).__name__}: {error}"
        raise UsageError(message, code=BAD_TOOLS) from error
    if not callable(found):
        raise UsageError(f"the tool {path} is no function", code=BAD_TOOLS)
    made: Callable[..., Any] = found
    return made


def expanded(name: str, text: str, secrets: set[bytes]) -> str:
    """A header's text with ``${NAME}`` from the environment, whose values are added to ``secrets`` if they have some
    length. Raises UsageError E0934 if it is not set."""

    def value(variable: re.Match[str]) -> str:
        found = os.environ.get(variable[1])
        if found is None:
            raise UsageError(f"the tool {name!r} needs the variable {variable[1]}, which is not set", code=BAD_TOOLS)
        if len(found) >= _SECRET:
            secrets.add(found.encode("utf-8", "surrogateescape"))
        return found

    return _VARIABLE.sub(value, text)


def without(secrets: set[bytes], data: bytes) -> bytes:
    """Data of an endpoint without what it was sent in secret: one that fails may well say it."""
    for secret in secrets:
        data = data.replace(secret, b"***")
    return data


def _data(name: str, value: Any, limit: int) -> Any:
    try:
        text = json.dumps(value)
        if len(text) > limit:
            raise RunError(f"the tool {name!r} gave more than {limit} bytes", code=UNUSABLE)
        return json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise RunError(f"what the tool {name!r} gave is no JSON data: {error}", code=UNUSABLE) from None


def _text(value: Any) -> str | None:
    """A plain value as it stands in an address; None for what cannot stand there."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
