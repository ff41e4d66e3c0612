"""What llama.cpp's server says piece by piece, as chunks of a generation."""

from collections.abc import Mapping
from typing import Any

from noodle_ray.ahr.engines.base import Emit
from noodle_ray.ahr.engines.generating import LEAST_LOGPROB
from noodle_ray.ahr.generation.answers import Chunk


class Reader:
    """Hands chunks to ``emit``. After the last, ``problem`` is what llama.cpp complained about, and ``failure`` what
    ``emit`` raised.
    """

    def __init__(self, emit: Emit, options: Mapping[str, Any]) -> None:
        self.problem: dict[str, Any] | None = None
        self.failure: Exception | None = None
        self._emit = emit
        self._logprobs: int | None = options.get("logprobs")

    def take(self, raw: dict[str, Any]) -> bool:
        """Take what the server says; true when it shall stop."""
        if "error" in raw or "choices" not in raw:
            self.problem = raw.get("error", raw)
            return True
        try:
            return self._emit(self._chunk(raw))  # an empty one too: it asks whether anybody still listens
        except Exception as error:  # nothing may be raised through the library's own frames
            self.failure = error
            return True

    def _chunk(self, raw: dict[str, Any]) -> Chunk:
        chunk: Chunk = {}
        if raw["choices"]:
            choice = raw["choices"][0]
            delta = choice.get("delta") or {"content": choice.get("text")}
            for name, said in (("text", "content"), ("reasoning", "reasoning_content"), ("tool_calls", "tool_calls")):
                if delta.get(said):
                    chunk[name] = delta[said]
            if self._logprobs is not None and choice.get("logprobs"):
                chunk["logprobs"] = [_logprob(entry, self._logprobs) for entry in choice["logprobs"]["content"]]
            if choice.get("finish_reason"):
                chunk["finish"] = choice["finish_reason"]
        if usage := raw.get("usage"):
            chunk["usage"] = {
                "prompt_tokens": usage["prompt_tokens"],
                "completion_tokens": usage["completion_tokens"],
                "cached_tokens": usage.get("prompt_tokens_details", {}).get("cached_tokens", 0),
            }
        return chunk


def _logprob(entry: Mapping[str, Any], most: int) -> dict[str, Any]:
    return {**_token(entry), "top_logprobs": [_token(other) for other in entry["top_logprobs"][:most]]}


def _token(entry: Mapping[str, Any]) -> dict[str, Any]:
    logprob = entry["logprob"]
    return {
        "token": entry["token"],
        "logprob": LEAST_LOGPROB if logprob is None else max(logprob, LEAST_LOGPROB),
        "bytes": entry["bytes"],
    }
