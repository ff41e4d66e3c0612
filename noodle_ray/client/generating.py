"""Chats in pieces: what `noodle_ray.client` sends for them, and what comes back."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import httpx

from noodle_ray.client.failures import error_for, error_of, unreachable
from noodle_ray.client.transport import AsyncTransport, retry_after
from noodle_ray.errors import PlatformError, UsageError

Prompt = str | Sequence[Mapping[str, Any]]
"""A text, or the messages of a chat with role and content."""

PIECE_SECONDS = 300.0
"""How long the next piece may take: the first may wait for a slot."""
UNSTREAMABLE = "NOODLE-E0935"

_FORMS = {"schema": "json", "choice": "choice", "regex": "regex"}
_DEFAULTS = {"max_tokens": 128, "temperature": 0.0, "seed": 0, "cache_prompt": False}
"""Those of a program's call, where OpenAI's routes have others."""


def chat_body(model: str, prompt: Prompt, options: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a chat that is told in pieces. Raises UsageError E0935 for what has no pieces of text."""
    given = {name: value for name, value in options.items() if value is not None}
    if odd := sorted(given.keys() & {"tools", "tool_choice", "parallel_tool_calls", "logprobs"}):
        raise UsageError(f"chat_stream gives text alone, and takes no {odd[0]}; use chat", code=UNSTREAMABLE)
    messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else [dict(m) for m in prompt]
    if (system := given.pop("system", None)) is not None:
        messages.insert(0, {"role": "system", "content": system})
    forms = {_FORMS[name]: given.pop(name) for name in _FORMS if name in given}
    body = {**_DEFAULTS, **given, "model": model, "messages": messages, "stream": True}
    return {**body, "structured_outputs": forms} if forms else body


async def pieces(transport: AsyncTransport, body: dict[str, Any]) -> AsyncGenerator[str]:
    """The pieces of text that answer ``body``. Raises what `AsyncTransport.ask_json` does."""
    until = time.monotonic() + transport.patience
    while True:
        try:
            async with transport.stream("POST", "/v1/chat/completions", PIECE_SECONDS, body) as response:
                if response.is_success:
                    async for text in _texts(response):
                        yield text
                    return
                await response.aread()
        except httpx.TimeoutException as error:
            message = f"the platform at {transport.url} did not answer in time ({type(error).__name__})"
            raise PlatformError(message, code="NOODLE-E0811") from None
        except httpx.HTTPError as error:
            raise unreachable(transport.url, error) from None
        except (TypeError, ValueError, RecursionError) as error:
            raise UsageError(f"the arguments are not JSON data: {error}", code="NOODLE-E0915") from None
        wait = retry_after(response)
        if wait is None or time.monotonic() + wait > until:
            raise error_of(response, transport.url)
        await asyncio.sleep(wait)


async def _texts(response: httpx.Response) -> AsyncGenerator[str]:
    async for line in response.aiter_lines():
        if line == "data: [DONE]":
            return
        if line.startswith("data: "):
            event = json.loads(line.removeprefix("data: "))
            if "error" in event:
                raise error_for(str(event["error"]["code"]), str(event["error"]["message"]))
            for text in texts_of(event):
                yield text
    raise PlatformError("the text ended before it was whole", code="NOODLE-E0811")


def texts_of(chunk: Mapping[str, Any]) -> list[str]:
    """The pieces of text in a chunk of a chat."""
    found = [choice["delta"].get("content") for choice in chunk["choices"]]
    return [text for text in found if text]
