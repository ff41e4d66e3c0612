"""What a file of tools may hold, and reading one."""

import json
import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from noodle_ray.errors import UsageError

BAD_TOOLS: Final = "NOODLE-E0934"
"""Error code: the file of tools is malformed, or names what is not there."""
PLACE: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""A place in an address that an argument takes."""
_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/@:-]{0,194}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Calling(_Strict):
    """How calls are made, and by whose programs. Times are in seconds, sizes in bytes."""

    timeout: Annotated[float, Field(gt=0, le=3600)] = 30.0
    """The longest that one try may take."""
    retries: Annotated[int, Field(ge=0, le=10)] = 0
    """Further tries after a failure that may pass, under the same idempotency key."""
    max_bytes: Annotated[int, Field(gt=0, le=8 << 20)] = 1 << 20
    """The largest answer, and the most that the arguments of a call take as JSON."""
    tenants: list[str] | None = None
    """Whose programs may call it; None: everybody's."""


class ToolSpec(_Calling):
    """One tool: exactly one of ``python``, ``http`` and ``mcp``."""

    python: Annotated[str | None, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")] = None
    """An import path, ``module:function``."""
    http: str | None = None
    """An address, whose path may have places for arguments: ``https://host/users/{id}``."""
    mcp: str | None = None
    """The address of a server that speaks the Model Context Protocol."""
    tool: str | None = None
    """What that server calls it; by default as programs do."""
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    headers: dict[str, str] = {}
    """Headers of each request; ``${NAME}`` is taken from the environment."""
    query: list[str] | None = None
    """Arguments that go into the query; the others are the body, as an object. Without it all do of a method without
    a body, and none of another."""
    body: str | None = None
    """The argument that is the body as it is."""
    idempotency_header: str = "Idempotency-Key"
    description: str = ""
    parameters: dict[str, Any] | None = None
    """A JSON schema of the named arguments, an object."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(given is not None for given in (self.python, self.http, self.mcp)) != 1:
            raise ValueError("give exactly one of python, http and mcp")
        if (self.http or self.mcp) is not None:
            parts = urlsplit(self.http or self.mcp or "")
            if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
                raise ValueError("http and mcp are addresses such as https://host/path, without a user")
            if parts.query or parts.fragment or PLACE.search(parts.netloc if self.http else self.mcp or ""):
                raise ValueError("arguments have places in the path only; query says which go into the query")
        return self

    def allows(self, tenant: str) -> bool:
        """Whether programs of this tenant may call it."""
        return self.tenants is None or tenant in self.tenants


class OpenApiSpec(_Calling):
    """Operations of an OpenAPI document as tools, called by their ``operationId`` after a ``prefix``."""

    file: str
    server: str
    """Where the API is: what the document itself says is not trusted."""
    prefix: str = ""
    operations: list[str] | None = None
    """Which; None: all."""
    headers: dict[str, str] = {}
    idempotency_header: str = "Idempotency-Key"


class ToolsFile(_Strict):
    """The file."""

    tools: dict[_Name, ToolSpec] = {}
    openapi: list[OpenApiSpec] = []


def read_tools(file: Path) -> dict[str, ToolSpec]:
    """The tools of a YAML or JSON file, by name. Raises UsageError E0934."""
    from noodle_ray.core.runs.tools.openapi import operations_of

    found = ToolsFile.model_validate(document_of(file)) if file.exists() else None
    if found is None:
        raise UsageError(f"there is no file of tools {file}", code=BAD_TOOLS)
    tools = dict(found.tools)
    for api in found.openapi:
        for name, spec in operations_of(api, document_of(file.parent / api.file)).items():
            if name in tools:
                raise UsageError(f"two tools are called {name!r}; give one a prefix", code=BAD_TOOLS)
            tools[name] = spec
    return tools


def load_tools(file: str) -> dict[str, ToolSpec]:
    """`read_tools`, where '' means none, and what is wrong with the file is one sentence."""
    if not file:
        return {}
    try:
        return read_tools(Path(file))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{file}: {where}: {first['msg']}", code=BAD_TOOLS) from None


def document_of(file: Path) -> Any:
    """A YAML or JSON document. Raises UsageError E0934."""
    import yaml

    try:
        data = file.read_bytes()
        return json.loads(data) if file.suffix == ".json" else yaml.safe_load(data)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise UsageError(f"{file} cannot be read: {error}", code=BAD_TOOLS) from None
