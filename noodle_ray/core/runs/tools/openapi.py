"""Operations of an OpenAPI document (version 3) as tools."""

from typing import Any, Final

from noodle_ray.core.runs.tools.spec import BAD_TOOLS, PLACE, OpenApiSpec, ToolSpec
from noodle_ray.errors import UsageError

BODY: Final = "body"
"""The argument that is an operation's body."""
_METHODS: Final = ("get", "post", "put", "patch", "delete")


def operations_of(api: OpenApiSpec, document: Any) -> dict[str, ToolSpec]:
    """The tools of a document, by name. Raises UsageError E0934 for what no tool can be made of."""
    if not isinstance(document, dict) or not str(document.get("openapi", "")).startswith("3"):
        raise _wrong(api, "it is no OpenAPI document of version 3")
    found: dict[str, ToolSpec] = {}
    for path, item in _object(document.get("paths")).items():
        shared = _object(item).get("parameters", [])
        for method in _METHODS:
            operation = _object(item).get(method)
            name = _object(operation).get("operationId")
            if operation is None or (api.operations is not None and name not in api.operations):
                continue
            if not isinstance(name, str):
                raise _wrong(api, f"{method} {path} has no operationId")
            found[api.prefix + name] = _tool(api, document, path, method, operation, shared)
    missing = set(api.operations or ()) - {name.removeprefix(api.prefix) for name in found}
    if missing:
        raise _wrong(api, f"it has no operation {min(missing)!r}")
    return found


def _tool(
    api: OpenApiSpec, document: dict[str, Any], path: str, method: str, operation: dict[str, Any], shared: Any
) -> ToolSpec:
    where = f"{method} {path}"
    properties: dict[str, Any] = {}
    required: list[str] = []
    query: list[str] = []
    for given in [*_list(shared), *_list(operation.get("parameters"))]:
        parameter = _followed(document, given)
        name, place = parameter.get("name"), parameter.get("in")
        if place in ("header", "cookie"):
            if parameter.get("required"):
                raise _wrong(api, f"{where} needs a {place}, {name!r}: leave it out of `operations`")
            continue
        if not isinstance(name, str) or name == BODY or place not in ("path", "query"):
            raise _wrong(api, f"{where} has a parameter that cannot be an argument: {name!r}")
        properties[name] = parameter.get("schema", {})
        if place == "query":
            query.append(name)
        if parameter.get("required") or place == "path":
            required.append(name)
    if set(PLACE.findall(path)) - properties.keys():
        raise _wrong(api, f"{where} has a place in its path that is no parameter")
    body = _followed(document, operation.get("requestBody") or {})
    content = _object(body.get("content"))
    if content and "application/json" not in content:
        raise _wrong(api, f"{where} takes no JSON: leave it out of `operations`")
    if content:
        properties[BODY] = _object(content["application/json"]).get("schema", {})
        if body.get("required"):
            required.append(BODY)
    schema = {"type": "object", "properties": properties, "required": sorted(required), "additionalProperties": False}
    if "components" in document:
        schema["components"] = document["components"]  # which the schemas of parameters point into
    return ToolSpec.model_validate(
        {
            "http": api.server.rstrip("/") + path,
            "method": method.upper(),
            "headers": api.headers,
            "query": query,
            "body": BODY if content else None,
            "idempotency_header": api.idempotency_header,
            "description": str(operation.get("summary") or operation.get("description") or ""),
            "parameters": schema,
            "timeout": api.timeout,
            "retries": api.retries,
            "max_bytes": api.max_bytes,
            "tenants": api.tenants,
        }
    )


def _followed(document: dict[str, Any], given: Any) -> dict[str, Any]:
    """An object, or what its ``$ref`` points to inside the document."""
    for _ in range(10):
        found = _object(given)
        if "$ref" not in found:
            return found
        given = document
        for part in str(found["$ref"]).removeprefix("#/").split("/"):
            given = _object(given).get(part.replace("~1", "/").replace("~0", "~"))
    return {}


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _wrong(api: OpenApiSpec, why: str) -> UsageError:
    return UsageError(f"{api.file}: {why}", code=BAD_TOOLS)
