"""Chunks of a generation as a response: its items, and the events that tell how they grow."""

import secrets
import time
from collections.abc import Iterator
from typing import Any

from noodle_ray.ahr.generation.answers import Chunk
from noodle_ray.api.openai.responses.schemas import ResponseBody

Event = dict[str, Any]


class ResponseReply:
    """A response that grows: `add` each chunk, then `end` it. Each gives the events that tell of it.

    An item is a message, what the model thought, or a call of a function; when a chunk is of another, the last is done.
    """

    def __init__(self, body: ResponseBody) -> None:
        self._body = body
        self._id = _new("resp")
        self._created = int(time.time())
        self._output: list[dict[str, Any]] = []
        self._call: int | None = None
        self._open = False
        self._finish = ""
        self._usage: dict[str, int] | None = None
        self._sent = 0

    def begin(self) -> Iterator[Event]:
        """The first events."""
        yield self._event("response.created", response=self.whole("in_progress"))
        yield self._event("response.in_progress", response=self.whole("in_progress"))

    def add(self, chunk: Chunk) -> Iterator[Event]:
        """Take one more chunk."""
        if "reasoning" in chunk:
            yield from self._grow("reasoning", chunk["reasoning"], [])
        if "text" in chunk or "logprobs" in chunk:
            yield from self._grow("message", chunk.get("text", ""), chunk.get("logprobs", []))
        for delta in chunk.get("tool_calls", ()):
            yield from self._grow_call(delta)
        self._finish = chunk.get("finish") or self._finish
        self._usage = chunk.get("usage") or self._usage

    def end(self) -> Iterator[Event]:
        """The last events."""
        if not self._output:
            yield from self._grow("message", "", [])
        yield from self._done()
        status = self.status
        yield self._event(f"response.{status}", response=self.whole(status))

    def fail(self, code: str, message: str) -> Iterator[Event]:
        """The last events when the generation failed."""
        yield self._event("error", code=code, message=message, param=None)
        failed = {**self.whole("failed"), "error": {"code": code, "message": message}}
        yield self._event("response.failed", response=failed)

    @property
    def status(self) -> str:
        """How it ended."""
        return "incomplete" if self._finish == "length" else "completed"

    def whole(self, status: str) -> dict[str, Any]:
        """The response as it is now."""
        body = self._body
        return {
            "id": self._id,
            "object": "response",
            "created_at": self._created,
            "completed_at": int(time.time()) if status == "completed" else None,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
            "instructions": body.instructions,
            "max_output_tokens": body.max_output_tokens,
            "metadata": body.metadata or {},
            "model": body.model,
            "output": list(self._output),
            "parallel_tool_calls": body.parallel_tool_calls is not False,
            "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None},
            "store": False,
            "temperature": 1.0 if body.temperature is None else body.temperature,
            "text": {"format": {"type": "text"}, **{k: v for k, v in (body.text or {}).items() if v is not None}},
            "tool_choice": body.tool_choice or "auto",
            "tools": body.tools or [],
            "top_logprobs": body.top_logprobs or 0,
            "top_p": 1.0 if body.top_p is None else body.top_p,
            "truncation": "disabled",
            "usage": _usage(self._usage),
        }

    def _grow(self, kind: str, text: str, logprobs: list[Any]) -> Iterator[Event]:
        if not self._open or self._output[-1]["type"] != kind:
            yield from self._done()
            item = {"id": _new("msg" if kind == "message" else "rs"), "type": kind, "status": "in_progress"}
            yield from self._added({**item, **({"role": "assistant"} if kind == "message" else {"summary": []})})
            part: dict[str, Any] = {"type": "reasoning_text", "text": ""}
            if kind == "message":
                part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
            self._output[-1]["content"] = [part]
            yield self._event("response.content_part.added", **self._place(), content_index=0, part=dict(part))
        part = self._output[-1]["content"][0]
        part["text"] += text
        where = {**self._place(), "content_index": 0, "delta": text}
        if kind == "message":
            part["logprobs"] += logprobs
            yield self._event("response.output_text.delta", **where, logprobs=logprobs)
        else:
            yield self._event("response.reasoning_text.delta", **where)

    def _grow_call(self, delta: dict[str, Any]) -> Iterator[Event]:
        function, index = delta.get("function") or {}, delta.get("index", 0)
        if not self._open or self._call != index:
            yield from self._done()
            call = {"id": _new("fc"), "type": "function_call", "status": "in_progress", "name": "", "arguments": ""}
            call |= {"call_id": delta.get("id") or _new("call"), "name": function.get("name") or ""}
            yield from self._added(call)
            self._call = index
        if more := function.get("arguments"):
            self._output[-1]["arguments"] += more
            yield self._event("response.function_call_arguments.delta", **self._place(), delta=more)

    def _added(self, item: dict[str, Any]) -> Iterator[Event]:
        self._output.append(item)
        self._open = True
        shown = item if item["type"] == "function_call" else {**item, "content": []}
        yield self._event("response.output_item.added", output_index=len(self._output) - 1, item=dict(shown))

    def _done(self) -> Iterator[Event]:
        if not self._open:
            return
        self._open, self._call = False, None
        item = self._output[-1]
        # What ended at the limit of tokens is cut; what something followed is whole.
        item["status"] = "incomplete" if self._finish == "length" else "completed"
        if item["type"] == "function_call":
            arguments = {"name": item["name"], "arguments": item["arguments"]}
            yield self._event("response.function_call_arguments.done", **self._place(), **arguments)
        else:
            part = item["content"][0]
            where = {**self._place(), "content_index": 0}
            if item["type"] == "message":
                told = {"text": part["text"], "logprobs": part["logprobs"]}
                yield self._event("response.output_text.done", **where, **told)
            else:
                yield self._event("response.reasoning_text.done", **where, text=part["text"])
            yield self._event("response.content_part.done", **where, part=part)
        yield self._event("response.output_item.done", output_index=len(self._output) - 1, item=item)

    def _place(self) -> dict[str, Any]:
        return {"item_id": self._output[-1]["id"], "output_index": len(self._output) - 1}

    def _event(self, kind: str, **more: Any) -> Event:
        self._sent += 1
        return {"type": kind, "sequence_number": self._sent - 1, **more}


def _usage(usage: dict[str, int] | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    read, written = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
    return {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": usage.get("cached_tokens", 0), "cache_write_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": read + written,
    }


def _new(kind: str) -> str:
    return f"{kind}_{secrets.token_hex(16)}"
