"""A generation's chunks, put together."""

import json
from collections.abc import Mapping
from typing import Any

from noodle_ray.ahr import codes
from noodle_ray.errors import ModelError

Chunk = dict[str, Any]
"""A piece of a generation. Each key is there only when it has something to say:

- ``text`` and ``reasoning``: more text,
- ``tool_calls``: calls or pieces of them, in OpenAI's form of a delta,
- ``logprobs``: per token ``{"token", "logprob", "bytes", "top_logprobs"}``,
- ``finish``: ``stop``, ``length`` or ``tool_calls``,
- ``usage``: ``prompt_tokens``, ``completion_tokens`` and ``cached_tokens``, exactly.
"""


class Answer:
    """What a generation gave: ``add`` each chunk."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.reasoning: list[str] = []
        self.tool_calls: list[dict[str, Any]] = []
        self.logprobs: list[dict[str, Any]] = []
        self.finish = ""
        self.usage: dict[str, int] = {}

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.texts)

    def add(self, chunk: Chunk) -> bool:
        """Take one more chunk; false: go on."""
        if "text" in chunk:
            self.texts.append(chunk["text"])
        if "reasoning" in chunk:
            self.reasoning.append(chunk["reasoning"])
        for delta in chunk.get("tool_calls", ()):
            self._add_call(delta)
        self.logprobs += chunk.get("logprobs", ())
        self.finish = chunk.get("finish") or self.finish
        self.usage = chunk.get("usage") or self.usage
        return False

    def _add_call(self, delta: Mapping[str, Any]) -> None:
        place = delta.get("index", 0)
        while len(self.tool_calls) <= place:
            self.tool_calls.append({"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
        call = self.tool_calls[place]
        call["id"] = delta.get("id") or call["id"]
        for name, more in (delta.get("function") or {}).items():
            call["function"][name] += more or ""

    def told(self, name: str, options: Mapping[str, Any], usage: bool) -> Any:
        """`value`, with ``usage`` as the ``answer`` beside the tokens it took. Raises what `value` raises, with those
        as ``tokens``."""
        tokens = self.usage.get("prompt_tokens", 0), self.usage.get("completion_tokens", 0)
        try:
            value = self.value(name, options)
        except ModelError as error:
            error.tokens = tokens  # type: ignore[attr-defined]
            raise
        return {"answer": value, "prompt_tokens": tokens[0], "completion_tokens": tokens[1]} if usage else value

    def value(self, name: str, options: Mapping[str, Any]) -> Any:
        """What a program gets: the text; with ``schema`` the value; with ``tools`` or ``logprobs`` a dict.

        Raises ModelError E0610 when the text is not what the schema or the choice promised, or calls no tool though it
        must: then it was cut.
        """
        value: Any = self.text
        if "schema" in options:
            value = self._json(name)
        elif "choice" in options and value not in options["choice"]:
            raise self._cut(name)
        if "tools" not in options and "logprobs" not in options:
            return value
        answer: dict[str, Any] = {"text" if "schema" not in options else "value": value}
        if "tools" in options:
            if not self.tool_calls and options.get("tool_choice", "auto") not in ("auto", "none"):
                raise self._cut(name)
            answer["tool_calls"] = [
                {"name": call["function"]["name"], "arguments": self._arguments(call, name)} for call in self.tool_calls
            ]
        if "logprobs" in options:
            answer["logprobs"] = [
                {
                    "token": entry["token"],
                    "logprob": entry["logprob"],
                    "top": {other["token"]: other["logprob"] for other in entry["top_logprobs"]},
                }
                for entry in self.logprobs
            ]
        return answer

    def _json(self, name: str) -> Any:
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            raise self._cut(name) from None

    def _arguments(self, call: Mapping[str, Any], name: str) -> Any:
        try:
            return json.loads(call["function"]["arguments"] or "{}")
        except (ValueError, RecursionError):
            raise self._cut(name) from None

    def _cut(self, name: str) -> ModelError:
        return ModelError(
            f"the model {name!r} did not finish its answer in {self.usage.get('completion_tokens', 0)} tokens",
            code=codes.UNUSABLE,
            hint="give a larger max_tokens",
        )
