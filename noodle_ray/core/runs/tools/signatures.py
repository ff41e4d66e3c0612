"""What a tool takes, as one line: of a function its own parameters, of all else those of its schema."""

import inspect
from typing import Any, Final

HIDDEN: Final = "idempotency_key"
"""The parameter of a function that programs do not give."""


class _Default:
    """Stands for a default, which may be anything, a secret too."""

    def __repr__(self) -> str:
        return "..."


def of_function(name: str, signature: inspect.Signature) -> str:
    """As in ``send(to: str, body=...)``."""
    shown = [
        parameter if parameter.default is parameter.empty else parameter.replace(default=_Default())
        for parameter in signature.parameters.values()
        if parameter.name != HIDDEN
    ]
    return name + str(signature.replace(parameters=shown))


def of_schema(name: str, schema: dict[str, Any] | None) -> str:
    """As in ``find(*, id: string, fields: array = ...)``; ``find(**arguments)`` where no schema names any."""
    properties, required = (schema or {}).get("properties"), (schema or {}).get("required") or []
    if not isinstance(properties, dict) or not properties:
        return f"{name}(**arguments)"
    ordered = sorted(properties, key=lambda each: each not in required)
    return f"{name}(*, {', '.join(_parameter(each, properties[each], each in required) for each in ordered)})"


def _parameter(name: str, schema: Any, required: bool) -> str:
    kind = schema.get("type") if isinstance(schema, dict) else None
    kinds = kind if isinstance(kind, list) else [kind or "any"]
    return f"{name}: {' | '.join(map(str, kinds))}{'' if required else ' = ...'}"
