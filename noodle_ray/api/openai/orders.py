"""From the bodies of these routes to what `noodle_ray.ahr.engines.base.Generative` takes."""

import secrets
from typing import Any

from noodle_ray.ahr.engines.base import wrong
from noodle_ray.api.openai.schemas import ChatBody, CompletionBody, Sampling
from noodle_ray.errors import ModelError

MAX_CHOICES = 16
"""Texts that one request may ask for."""
_SEEDS = 2**32 - 1
_SAMPLING = ("temperature", "top_p", "top_k", "min_p", "frequency_penalty", "presence_penalty", "repetition_penalty")
_DEFAULTS = {"temperature": 1.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "cache_prompt": True}
"""OpenAI's defaults: tokens are chosen as the model has them, nothing is cut off."""

Order = dict[str, Any]


def chat_orders(body: ChatBody) -> list[Order]:
    """One order per choice. Raises ModelError E0603."""
    if body.max_tokens is not None and body.max_completion_tokens is not None:
        raise wrong("only one of max_tokens and max_completion_tokens can be given")
    if body.top_logprobs is not None and not body.logprobs:
        raise wrong("top_logprobs needs logprobs")
    order = _order(body, body.max_completion_tokens)
    order["messages"] = [_message(message, place) for place, message in enumerate(body.messages)]
    if body.logprobs:
        order["logprobs"] = body.top_logprobs or 0
    for name in ("tools", "tool_choice", "parallel_tool_calls"):
        value = getattr(body, name)
        if value is not None and not (name == "tools" and not value):
            order[name] = value
    if not order.get("tools"):
        order.pop("parallel_tool_calls", None)
    if body.response_format is not None:
        schema = _response_schema(body.response_format)
        if schema is not None:
            if "schema" in order or "choice" in order or "regex" in order:
                raise wrong("only one of response_format and structured_outputs can be given")
            order["schema"] = schema
    return _copies(order, body.n or 1)


def completion_orders(body: CompletionBody) -> list[Order]:
    """One order per prompt and choice. Raises ModelError E0603."""
    prompts = [body.prompt] if isinstance(body.prompt, str) else body.prompt
    if not prompts or not all(isinstance(prompt, str) for prompt in prompts):
        raise wrong("prompt must be a text or a list of texts; token ids are not supported")
    if len(prompts) * (body.n or 1) > MAX_CHOICES:
        raise wrong(f"a request may ask for {MAX_CHOICES} texts, prompts times n")
    order = _order(body, None)
    if body.logprobs is not None:
        order["logprobs"] = body.logprobs
    return [copy for prompt in prompts for copy in _copies({**order, "prompt": prompt}, body.n or 1)]


def _order(body: ChatBody | CompletionBody, max_tokens: int | None) -> Order:
    order = sampling(body)
    if (most := max_tokens if max_tokens is not None else body.max_tokens) is not None:
        order["max_tokens"] = most
    if body.structured_outputs:
        order |= _structured(body.structured_outputs)
    if body.stream_options is not None and not body.stream:
        raise wrong("stream_options needs stream")
    return order


def sampling(body: Sampling) -> Order:
    """How tokens are chosen, with OpenAI's defaults, and a seed where none is given."""
    order: Order = dict(_DEFAULTS)
    for name in (*_SAMPLING, "stop", "cache_prompt"):
        if (value := getattr(body, name)) is not None:
            order[name] = value
    order["seed"] = secrets.randbelow(_SEEDS) if body.seed is None else body.seed % _SEEDS
    return order


def _copies(order: Order, count: int) -> list[Order]:
    return [{**order, "seed": (order["seed"] + place) % _SEEDS} for place in range(count)]


def _structured(given: dict[str, Any]) -> Order:
    forms = {"json": "schema", "choice": "choice", "regex": "regex"}
    (name, value), *others = given.items()
    if others or name not in forms or value is None:
        raise wrong("structured_outputs must have exactly one of json, choice and regex")
    return {forms[name]: value}


def _response_schema(given: dict[str, Any]) -> Any:
    kind = given.get("type")
    if kind in ("text", "json_object") and given.keys() == {"type"}:
        return None if kind == "text" else {"type": "object"}
    inner = given.get("json_schema")
    if kind != "json_schema" or given.keys() != {"type", "json_schema"} or not isinstance(inner, dict):
        raise wrong("response_format must have the type text, json_object, or json_schema with json_schema")
    if inner.keys() - {"name", "schema", "strict", "description"} or "schema" not in inner:
        raise wrong("json_schema of response_format must have name and schema")
    return inner["schema"]


def _message(message: dict[str, Any], place: int) -> dict[str, Any]:
    what = f"messages.{place}"
    role = message.get("role")
    kept = {"role": "system" if role == "developer" else role, "content": _text(message.get("content"), what)}
    if role == "assistant" and message.get("tool_calls"):
        kept["tool_calls"] = message["tool_calls"]
    elif kept["content"] is None:
        if role != "assistant":
            raise wrong(f"{what}.content must be a text")
        kept["content"] = ""
    if role == "tool" and "tool_call_id" in message:
        kept["tool_call_id"] = message["tool_call_id"]
    # A name has no place in chat templates. The others are what replies have, which clients send back as they came.
    known = {"role", "content", "name", "tool_calls", "tool_call_id", "reasoning_content"}
    unknown = [name for name, value in message.items() if name not in known and value not in (None, [])]
    if unknown:
        raise wrong(f"{what}: {', '.join(map(repr, sorted(unknown)))[:200]} is not supported")
    return kept


def _text(content: Any, what: str) -> Any:
    if not isinstance(content, list):
        return content
    texts = []
    for place, part in enumerate(content):
        if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
            raise _only_text(f"{what}.content.{place}")
        texts.append(part["text"])
    return "".join(texts)


def _only_text(what: str) -> ModelError:
    return wrong(f"{what} must be a part of the type text; images, sound and files are not supported")
