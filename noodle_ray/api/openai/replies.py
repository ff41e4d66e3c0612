"""Chunks of generations as the objects that OpenAI's clients read."""

import secrets
import time
from typing import Any

from noodle_ray.ahr.generation.answers import Answer, Chunk


def usage_of(usages: list[dict[str, int]]) -> dict[str, Any]:
    """The sum over all choices. The prompt of several choices is counted for each: each read it."""
    prompt = sum(usage.get("prompt_tokens", 0) for usage in usages)
    completion = sum(usage.get("completion_tokens", 0) for usage in usages)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": sum(usage.get("cached_tokens", 0) for usage in usages)},
    }


class ChatReply:
    """A reply of `/v1/chat/completions`, whole or in pieces."""

    def __init__(self, model: str) -> None:
        self._head = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": model}

    def whole(self, answers: list[Answer]) -> dict[str, Any]:
        """The reply that is not streamed."""
        choices = [self._choice(place, answer) for place, answer in enumerate(answers)]
        usage = usage_of([answer.usage for answer in answers])
        return {**self._head, "object": "chat.completion", "choices": choices, "usage": usage}

    def _choice(self, place: int, answer: Answer) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": answer.text, "refusal": None}
        if answer.reasoning:
            message["reasoning_content"] = "".join(answer.reasoning)
        if answer.tool_calls:
            message["tool_calls"] = answer.tool_calls
            message["content"] = answer.text or None
        logprobs = {"content": answer.logprobs, "refusal": None} if answer.logprobs else None
        return {"index": place, "message": message, "logprobs": logprobs, "finish_reason": answer.finish or "stop"}

    def begin(self, place: int) -> dict[str, Any]:
        """The first piece of a choice."""
        return self._piece(place, {"role": "assistant", "content": ""})

    def piece(self, place: int, chunk: Chunk) -> dict[str, Any] | None:
        """A chunk as a piece; None if it has nothing to show."""
        delta = {}
        for name, shown in (("text", "content"), ("reasoning", "reasoning_content"), ("tool_calls", "tool_calls")):
            if name in chunk:
                delta[shown] = chunk[name]
        if not delta and "logprobs" not in chunk and "finish" not in chunk:
            return None
        logprobs = {"content": chunk["logprobs"], "refusal": None} if "logprobs" in chunk else None
        return self._piece(place, delta, chunk.get("finish"), logprobs)

    def _piece(
        self, place: int, delta: dict[str, Any], finish: str | None = None, logprobs: Any = None
    ) -> dict[str, Any]:
        choice = {"index": place, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return {**self._head, "object": "chat.completion.chunk", "choices": [choice]}

    def end(self, usages: list[dict[str, int]]) -> dict[str, Any]:
        """The last piece: how much was used."""
        return {**self._head, "object": "chat.completion.chunk", "choices": [], "usage": usage_of(usages)}


class CompletionReply:
    """A reply of `/v1/completions`, whole or in pieces."""

    def __init__(self, model: str) -> None:
        head = {"id": f"cmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": model}
        self._head = {**head, "object": "text_completion"}
        self._offsets: dict[int, int] = {}

    def whole(self, answers: list[Answer]) -> dict[str, Any]:
        """The reply that is not streamed."""
        choices = [
            self._choice(place, answer.text, answer.logprobs, answer.finish or "stop")
            for place, answer in enumerate(answers)
        ]
        return {**self._head, "choices": choices, "usage": usage_of([answer.usage for answer in answers])}

    def begin(self, place: int) -> dict[str, Any] | None:
        """Nothing: a completion has no first piece."""
        return None

    def piece(self, place: int, chunk: Chunk) -> dict[str, Any] | None:
        """A chunk as a piece; None if it has nothing to show."""
        if not chunk.keys() & {"text", "logprobs", "finish"}:
            return None
        choice = self._choice(place, chunk.get("text", ""), chunk.get("logprobs", []), chunk.get("finish"))
        return {**self._head, "choices": [choice]}

    def end(self, usages: list[dict[str, int]]) -> dict[str, Any]:
        """The last piece: how much was used."""
        return {**self._head, "choices": [], "usage": usage_of(usages)}

    def _choice(self, place: int, text: str, logprobs: list[dict[str, Any]], finish: str | None) -> dict[str, Any]:
        shown = self._logprobs(place, logprobs) if logprobs else None
        return {"index": place, "text": text, "logprobs": shown, "finish_reason": finish}

    def _logprobs(self, place: int, entries: list[dict[str, Any]]) -> dict[str, Any]:
        offsets = []
        for entry in entries:
            offsets.append(self._offsets.get(place, 0))
            self._offsets[place] = offsets[-1] + len(entry["token"])
        return {
            "tokens": [entry["token"] for entry in entries],
            "token_logprobs": [entry["logprob"] for entry in entries],
            "top_logprobs": [
                {other["token"]: other["logprob"] for other in entry["top_logprobs"]} for entry in entries
            ],
            "text_offset": offsets,
        }
