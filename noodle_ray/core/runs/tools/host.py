"""Calling tools: who may, with which arguments, how often it is tried, and what a program gets."""

import asyncio
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, Final

from noodle_ray.core.runs.batcher import Reply
from noodle_ray.core.runs.tools.spec import ToolSpec
from noodle_ray.core.sandbox.messages import digest_of
from noodle_ray.core.vm.host import EffectRequest
from noodle_ray.core.vm.names import TOOL
from noodle_ray.core.vm.values import to_json
from noodle_ray.errors import RequestError, RunError

UNKNOWN: Final = "NOODLE-E0743"
"""Error code: the program names a tool that this platform does not have, or its tenant may not call."""
REFUSED: Final = "NOODLE-E0519"
"""Error code: a tool does not take these arguments."""
SLOW: Final = "NOODLE-E0520"
"""Error code: a tool took longer than it may."""
NOT_HERE: Final = "NOODLE-E0523"
"""Error code: a tool cannot be called here."""
THREADS: Final = 32
"""Plain Python functions that run at the same time."""
_FIRST_PAUSE: Final = 0.2
_AT_ONCE: Final = 16 << 10
"""Bytes of arguments that are checked without giving others a turn."""
_FINDINGS: Final = 20
"""What is wrong with arguments is looked for until so much was found."""


class ToolHost:
    """The tools of one process. Belongs to one event loop. Raises UsageError E0934 if one cannot be made."""

    def __init__(self, specs: Mapping[str, ToolSpec] = {}) -> None:  # never mutated
        self.specs = dict(specs)
        self._tools: dict[str, Any] = {}
        self._validators: dict[str, Any] = {}
        self._threads: ThreadPoolExecutor | None = None
        self._checkers = ThreadPoolExecutor(1, thread_name_prefix="noodle-tool-arguments")
        self._client: Any = None
        for name, spec in self.specs.items():
            self._tools[name] = self._made(name, spec)
            if spec.parameters is not None:
                self._validators[name] = _validator(name, spec.parameters)

    def check(self, models: Iterable[str], tenant: str) -> None:
        """Raise RequestError E0743 for a module that names a tool which is unknown, or not the tenant's: that there is
        one is nobody else's business."""
        for model in models:
            if not model.startswith(TOOL):
                continue
            name = model.removeprefix(TOOL)
            spec = self.specs.get(name)
            if spec is None or not spec.allows(tenant):
                known = ", ".join(tool["name"] for tool in self.listed(tenant)) or "none"
                raise RequestError(f"there is no tool {name!r} here; there is {known}"[:500], code=UNKNOWN)

    def listed(self, tenant: str) -> list[dict[str, Any]]:
        """What a tenant may call: name, description, signature and parameters."""
        return [
            {
                "name": name,
                "description": spec.description,
                "signature": self._tools[name].signature(),
                "parameters": spec.parameters,
            }
            for name, spec in sorted(self.specs.items())
            if spec.allows(tenant)
        ]

    async def call(self, request: EffectRequest, tenant: str, run: str) -> Reply:
        """Call a tool for a run. The reply is a failure where the program gets an exception."""
        name = request.model.removeprefix(TOOL)
        try:
            try:
                self.check([request.model], tenant)
            except RequestError as error:  # the platform was started anew, without it
                raise RunError(error.message, code=NOT_HERE) from None
            args, kwargs = await self._checked(name, request.args, request.kwargs)
            return Reply(True, await self._tried(name, args, kwargs, idempotency_key(run, request)), None)
        except RunError as error:
            return Reply(False, (error.code, error.message), None)

    async def check_arguments(self, name: str, args: list[Any], kwargs: dict[str, Any], tenant: str) -> None:
        """Do all that precedes a call, and not the call. Raises what `check` raises, and RunError E0519 for arguments
        that the tool does not take, as far as that can be told without asking it."""
        self.check([TOOL + name], tenant)
        self._tools[name].bind(*await self._checked(name, args, kwargs))

    async def _checked(
        self, name: str, args: Iterable[object], kwargs: Mapping[str, object]
    ) -> tuple[list[Any], dict[str, Any]]:
        """Arguments as JSON data that fits the tool's bounds and schema. Raises RunError E0519."""
        plain, named, size = _plain(name, args, kwargs)
        if size > self.specs[name].max_bytes:
            message = f"the arguments of {name!r} take more than {self.specs[name].max_bytes} bytes"
            raise RunError(message, code=REFUSED)
        if size <= _AT_ONCE:
            self._validate(name, plain, named)
        else:
            await asyncio.get_running_loop().run_in_executor(self._checkers, self._validate, name, plain, named)
        return plain, named

    async def close(self) -> None:
        """Close connections; functions that run are not waited for."""
        if self._client is not None:
            await self._client.aclose()
        for threads in (self._threads, self._checkers):
            if threads is not None:
                threads.shutdown(wait=False, cancel_futures=True)

    async def _tried(self, name: str, args: list[Any], kwargs: dict[str, Any], key: str) -> Any:
        from noodle_ray.core.runs.tools.kinds import Passing

        spec, pause = self.specs[name], _FIRST_PAUSE
        for left in range(spec.retries, -1, -1):
            try:
                try:
                    async with asyncio.timeout(spec.timeout):
                        return await self._tools[name].call(args, kwargs, key)
                except TimeoutError:
                    raise Passing(f"the tool {name!r} took longer than {spec.timeout:g} seconds", code=SLOW) from None
            except Passing:
                if not left:
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)
        raise AssertionError("not reached")

    def _validate(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> None:
        validator = self._validators.get(name)
        if validator is None:
            return
        if args:
            raise RunError(f"the tool {name!r} takes named arguments only", code=REFUSED)
        from jsonschema.exceptions import best_match  # type: ignore[import-untyped]

        wrong = best_match(islice(validator.iter_errors(kwargs), _FINDINGS))
        if wrong is not None:
            where = ".".join(map(str, wrong.absolute_path)) or "arguments"
            raise RunError(f"the tool {name!r} refuses {where}: {wrong.message}"[:500], code=REFUSED)

    def _made(self, name: str, spec: ToolSpec) -> Any:
        from http.cookiejar import DefaultCookiePolicy

        import httpx

        from noodle_ray.core.runs.tools.kinds import HttpTool, PythonTool

        if spec.python is not None:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="noodle-tool")
            return PythonTool(name, spec, self._threads)
        if self._client is None:
            self._client = httpx.AsyncClient(follow_redirects=False, trust_env=False)
            # a cookie that an endpoint sets for one run would go with the calls of all others
            self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))
        if spec.mcp is not None:
            from noodle_ray.core.runs.tools.mcp import McpTool

            return McpTool(name, spec, self._client)
        return HttpTool(name, spec, self._client)


def idempotency_key(run: str, request: EffectRequest) -> str:
    """What tells this call of a tool from all others, and is the same when it is made again: of the run, the effect's
    key, and what is asked, as a retried run may come to ask something else there."""
    asked = hashlib.sha256(request.key.encode() + b"\0" + digest_of(request)).hexdigest()
    return f"{run}-{asked[:32]}"


def _plain(name: str, args: Iterable[object], kwargs: Mapping[str, object]) -> tuple[list[Any], dict[str, Any], int]:
    """Arguments as JSON data, and how many bytes they take."""
    try:
        plain = [to_json(value, binary=False) for value in args]
        named = {key: to_json(value, binary=False) for key, value in kwargs.items()}
        return plain, named, len(json.dumps([plain, named], ensure_ascii=False).encode())
    except (RunError, ValueError, RecursionError):  # half of a surrogate pair, integers of many digits, deep nesting
        raise RunError(f"the arguments of the tool {name!r} are no JSON data", code=REFUSED) from None


def _validator(name: str, schema: dict[str, Any]) -> Any:
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import extend  # type: ignore[import-untyped]
    from referencing import Registry

    from noodle_ray.core.runs.tools.spec import BAD_TOOLS
    from noodle_ray.errors import UsageError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise UsageError(
            f"the parameters of the tool {name!r} are no schema: {error.message}", code=BAD_TOOLS
        ) from None
    return extend(Draft202012Validator, {"uniqueItems": _unique})(schema, registry=Registry())  # which fetches nothing


def _unique(validator: Any, wanted: bool, items: Any, schema: Any) -> Iterator[Any]:
    """``uniqueItems`` in linear time; jsonschema compares all pairs of items that cannot be sorted."""
    from jsonschema.exceptions import ValidationError

    if wanted and isinstance(items, list) and len({_canonical(item) for item in items}) < len(items):
        yield ValidationError("its items are not unique")


def _canonical(item: Any) -> str:
    """Equal texts for what JSON schema says is equal: 1 and 1.0, and objects in whatever order."""

    def number(text: str) -> float:
        return int(float(text)) if float(text).is_integer() else float(text)

    return json.dumps(json.loads(json.dumps(item), parse_float=number), sort_keys=True)
