"""Tools that a model may call: their descriptions checked, told to the model, and its calls read.

Models whose chat template knows tools get them through it, when they may choose. All others, and those that must call
one, are told in the system message, and a grammar keeps their answer in a form that can be read.
"""

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from noodle_ray.ahr.engines.base import checked_text, wrong
from noodle_ray.ahr.generation.regex import Budget
from noodle_ray.ahr.generation.schema import check_json, schema_grammar

MAX_TOOLS = 64
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_EMPTY = {"type": "object", "properties": {}, "additionalProperties": False}


def checked_tools(value: object) -> list[dict[str, Any]]:
    """Tools as ``{"name", "description", "parameters"}``; OpenAI's ``{"type": "function", "function": {...}}`` too.

    Raises ModelError E0603.
    """
    if not isinstance(value, list | tuple) or len(value) > MAX_TOOLS:
        raise wrong(f"tools must be a list of at most {MAX_TOOLS} tools")
    budget = Budget()
    tools = [_tool(entry, f"tool {place}", budget) for place, entry in enumerate(value)]
    names = [tool["name"] for tool in tools]
    if len(set(names)) < len(names):
        raise wrong("two tools have the same name")
    return tools


def _tool(entry: object, what: str, budget: Budget) -> dict[str, Any]:
    if isinstance(entry, dict) and "function" in entry:
        if entry.keys() - {"type", "function"} or entry.get("type", "function") != "function":
            raise wrong(f"{what} must have the type 'function' and nothing else beside function")
        entry = entry["function"]
    if not isinstance(entry, dict) or entry.keys() - {"name", "description", "parameters", "strict"}:
        raise wrong(f"{what} must be an object with name, description and parameters")
    name, parameters = entry.get("name"), entry.get("parameters")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise wrong(f"the name of {what} must be 1 to 64 letters, digits, _ and -")
    parameters = _EMPTY if parameters is None else parameters
    schema_grammar(parameters, f"parameters of {what}", budget=budget)
    if not isinstance(parameters, dict) or parameters.get("type", "object") != "object":
        raise wrong(f"parameters of {what} must describe an object")
    description = entry.get("description")
    text = "" if description is None else checked_text(description, f"the description of {what}")
    return {"name": name, "description": text, "parameters": parameters}


def checked_choice(value: object) -> Any:
    """``auto``, ``none``, ``required``, or ``{"name": ...}``, also in OpenAI's form. Raises ModelError E0603."""
    if value in ("auto", "none", "required"):
        return value
    named = value.get("function", value) if isinstance(value, dict) else None
    if not isinstance(named, dict) or not isinstance(named.get("name"), str):
        raise wrong("tool_choice must be 'auto', 'none', 'required', or name a function")
    return {"name": named["name"]}


class ToolCalls:
    """How a model without tools of its own is asked, in one request, to call some."""

    def __init__(self, tools: Sequence[Mapping[str, Any]], choice: Any, parallel: bool) -> None:
        self.tools = [tool for tool in tools if not isinstance(choice, dict) or tool["name"] == choice["name"]]
        self.must = choice == "required" or isinstance(choice, dict)
        self.parallel = parallel and not isinstance(choice, dict)

    def native(self) -> dict[str, Any]:
        """What llama.cpp is told when the chat template knows tools."""
        for tool in self.tools:
            # Its own conversion of patterns makes grammars that can read a text in very many ways.
            if _has_key(tool["parameters"], "pattern"):
                raise wrong(f"the parameters of the tool {tool['name']!r} have a pattern, which this model cannot take")
        return {
            "tools": [{"type": "function", "function": tool} for tool in self.tools],
            "tool_choice": "auto",
            "parallel_tool_calls": self.parallel,
        }

    def instruction(self) -> str:
        """What the system message says about the tools."""
        listed = "\n".join(
            json.dumps({k: v for k, v in tool.items() if v}, ensure_ascii=False) for tool in self.tools
        )  # fmt: skip
        either = "" if self.must else ' If no tool helps, answer with {"answer": "..."} instead.'
        return (
            f"You can call these tools:\n{listed}\n"
            f'Call them with {{"tool_calls": [{{"name": "...", "arguments": {{...}}}}]}}.{either}'
        )

    def grammar(self) -> str:
        """The grammar of the answer."""
        defs: dict[str, Any] = {}
        calls = []
        for place, tool in enumerate(self.tools):
            call = {"name": {"const": tool["name"]}, "arguments": _moved(tool["parameters"], place, defs)}
            calls.append({"type": "object", "properties": call, "required": ["name", "arguments"]})
        most = 16 if self.parallel else 1
        answer = {"type": "array", "items": {"anyOf": calls}, "minItems": 1, "maxItems": most}
        forms: list[Any] = [_record("tool_calls", answer)]
        if not self.must:
            forms.append(_record("answer", {"type": "string"}))
        return schema_grammar({"anyOf": forms, "$defs": defs}, "tools", readings=4 * MAX_TOOLS)


def _has_key(value: Any, key: str) -> bool:
    if isinstance(value, dict):
        return key in value or any(_has_key(part, key) for part in value.values())
    return isinstance(value, list | tuple) and any(_has_key(part, key) for part in value)


def _record(name: str, schema: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {name: schema}, "required": [name]}


def _moved(schema: Any, place: int, defs: dict[str, Any]) -> Any:
    """A tool's schema inside a larger one: its references lead to where it is now."""

    def inside(part: Any) -> Any:
        if isinstance(part, dict):
            return {
                key: f"#/$defs/{place}{value[1:]}" if key == "$ref" and isinstance(value, str) else inside(value)
                for key, value in part.items()
            }
        return [inside(entry) for entry in part] if isinstance(part, list | tuple) else part

    defs[str(place)] = inside(schema)
    return {"$ref": f"#/$defs/{place}"}


def called(name: str, arguments: str) -> dict[str, Any]:
    """A call in OpenAI's form."""
    return {
        "id": f"call_{secrets.token_hex(12)}",
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def checked_calls(value: object, what: str) -> list[dict[str, Any]]:
    """The calls in an assistant's message. Raises ModelError E0603."""
    if not isinstance(value, list | tuple) or not 0 < len(value) <= MAX_TOOLS:
        raise wrong(f"tool_calls of {what} must be a list of 1 to {MAX_TOOLS} calls")
    calls = []
    for call in value:
        function = call.get("function") if isinstance(call, dict) else None
        if (
            not isinstance(function, dict)
            or call.keys() - {"id", "type", "function", "index"}
            or not isinstance(function.get("name"), str)
            or not _NAME.fullmatch(function["name"])
        ):
            raise wrong(f"tool_calls of {what} must have id, type and function with name and arguments")
        arguments = checked_text(function.get("arguments", "{}"), f"the arguments in {what}")
        try:
            check_json(json.loads(arguments), f"the arguments in {what}")
        except (ValueError, RecursionError):
            raise wrong(f"the arguments in {what} must be JSON") from None
        calls.append(
            {
                "id": checked_text(call.get("id", ""), f"the id of a call in {what}")[:200],
                "type": "function",
                "function": {"name": function["name"], "arguments": arguments},
            }
        )
    return calls
