"""From the body of this route to what `noodle_ray.ahr.engines.base.Generative` takes."""

from typing import Any

from noodle_ray.ahr.engines.base import wrong
from noodle_ray.api.openai.orders import Order, sampling
from noodle_ray.api.openai.responses.schemas import LOGPROBS, ResponseBody
from noodle_ray.api.openai.schemas import ChatBody
from noodle_ray.api.problems import NO_MEMORY
from noodle_ray.errors import ModelError, RequestError

_TEXTS = ("input_text", "output_text", "text")
_ROLES = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}
_UNKEPT = ("store", "previous_response_id", "conversation", "prompt", "background")

_AS_IN_CHATS = (
    "model", "seed", "temperature", "top_p", "top_k", "min_p", "frequency_penalty", "presence_penalty",
    "repetition_penalty", "stop", "cache_prompt", "parallel_tool_calls",
)  # fmt: skip

Message = dict[str, Any]


def response_order(body: ResponseBody) -> Order:
    """What is to be generated. Raises ModelError E0603; RequestError E0755 for what needs responses to be kept."""
    for name in _UNKEPT:
        if getattr(body, name):
            message = f"{name}: this platform keeps no responses; send the whole conversation as input, and no {name}"
            raise RequestError(message, code=NO_MEMORY)
    order = sampling(body)
    order["messages"] = _messages(body)
    if body.max_output_tokens is not None:
        order["max_tokens"] = body.max_output_tokens
    if body.top_logprobs is not None or LOGPROBS in (body.include or ()):
        order["logprobs"] = body.top_logprobs or 0
    if body.tools:
        order["tools"] = [_tool(tool, place) for place, tool in enumerate(body.tools)]
        if body.parallel_tool_calls is not None:
            order["parallel_tool_calls"] = body.parallel_tool_calls
    if body.tool_choice is not None:
        order["tool_choice"] = _choice(body.tool_choice)
    if (schema := _schema(body.text or {})) is not None:
        order["schema"] = schema
    return order


def chat_body(body: ResponseBody) -> ChatBody:
    """The same as a chat, which is what published programs answer. Raises what `response_order` raises."""
    order = response_order(body)
    given = {name: getattr(body, name) for name in _AS_IN_CHATS if getattr(body, name) is not None}
    given["messages"] = order["messages"]
    for name in ("max_tokens", "tools", "tool_choice"):
        if name in order:
            given[name] = order[name]
    if "logprobs" in order:
        given |= {"logprobs": True, "top_logprobs": order["logprobs"]}
    if "schema" in order:
        form = {"name": "answer", "schema": order["schema"]}
        given["response_format"] = {"type": "json_schema", "json_schema": form}
    return ChatBody(**given)


def _messages(body: ResponseBody) -> list[Message]:
    messages = [] if body.instructions is None else [{"role": "system", "content": body.instructions}]
    if isinstance(body.input, str):
        return [*messages, {"role": "user", "content": body.input}]
    for place, item in enumerate(body.input):
        _add(messages, item, f"input.{place}")
    if not messages:
        raise wrong("input must be a text or a list of at least one message")
    return messages


def _add(messages: list[Message], item: dict[str, Any], what: str) -> None:
    kind = item.get("type", "message")
    if kind == "message":
        role = item.get("role")
        if not isinstance(role, str) or role not in _ROLES:
            raise wrong(f"{what}.role must be user, assistant, system or developer")
        messages.append({"role": _ROLES[role], "content": _text(item.get("content"), f"{what}.content")})
    elif kind == "function_call":
        # Calls of one turn are one message of a chat, as is the text before them.
        if not messages or messages[-1]["role"] != "assistant":
            messages.append({"role": "assistant", "content": ""})
        function = {"name": item.get("name"), "arguments": item.get("arguments")}
        call = {"id": _id(item, what), "type": "function", "function": function}
        messages[-1].setdefault("tool_calls", []).append(call)
    elif kind == "function_call_output":
        output = _text(item.get("output"), f"{what}.output")
        messages.append({"role": "tool", "tool_call_id": _id(item, what), "content": output})
    elif kind == "item_reference":
        message = f"{what}: this platform keeps no responses; send the item itself instead of a reference to it"
        raise RequestError(message, code=NO_MEMORY)
    elif kind != "reasoning":  # what a model thought has no place in chat templates
        raise wrong(f"{what} must have the type message, function_call, function_call_output or reasoning")


def _id(item: dict[str, Any], what: str) -> str:
    found = item.get("call_id")
    if not isinstance(found, str):
        raise wrong(f"{what}.call_id must be a text")
    return found


def _text(content: Any, what: str) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise wrong(f"{what} must be a text or a list of parts")
    texts = []
    for place, part in enumerate(content):
        if not isinstance(part, dict) or part.get("type") not in _TEXTS or not isinstance(part.get("text"), str):
            raise _only_text(f"{what}.{place}")
        texts.append(part["text"])
    return "".join(texts)


def _only_text(what: str) -> ModelError:
    return wrong(f"{what} must be a part of the type input_text; images, sound and files are not supported")


def _tool(tool: Any, place: int) -> Any:
    if not isinstance(tool, dict) or tool.get("type") != "function":
        raise wrong(f"tools.{place} must have the type function; this platform has no tools of its own")
    return {name: value for name, value in tool.items() if name != "type" and value is not None}


def _choice(choice: str | dict[str, Any]) -> Any:
    if isinstance(choice, dict) and (choice.keys() != {"type", "name"} or choice["type"] != "function"):
        raise wrong("tool_choice must be auto, none, required, or have the type function and a name")
    return choice


def _schema(text: dict[str, Any]) -> Any:
    if text.keys() - {"format", "verbosity"} or text.get("verbosity") not in (None, "medium"):
        raise wrong("text may only have a format; its verbosity cannot be chosen")
    form = text.get("format")
    if form is None or form == {"type": "text"}:
        return None
    if form == {"type": "json_object"}:
        return {"type": "object"}
    known = {"type", "name", "schema", "strict", "description"}
    if not isinstance(form, dict) or form.get("type") != "json_schema" or form.keys() - known or "schema" not in form:
        raise wrong("text.format must have the type text, json_object, or json_schema with name and schema")
    return form["schema"]
