"""Text generation from GGUF files on llama.cpp, with continuous batching."""

import math
import os
import secrets
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.base import Call, checked_text, failed, guarded, wrong
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

# OpenMP's threads spin at each barrier, and a token has hundreds. Where another process wants a core, that costs a
# factor of ten: 5 tokens/s against 53 on two busy cores. OpenMP reads this when it is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
import xllamacpp

_SLOTS = 4
_CONTEXT = 2048
_ROLES = ("system", "user", "assistant")
_MAX_MESSAGES = 1000


class GenerationEngine:
    """A language model: ``model("prompt", max_tokens=128, temperature=0.0, seed=0, stop=None, system=None)`` answers
    the text (str). Instead of a prompt, a list of ``{"role": ..., "content": ...}`` messages.

    ``slots`` generations run at once, decoded together; each has ``context`` tokens for prompt and answer. At
    temperature 0 the answer is the likeliest token at each step. Raises ModelError E0604 when it cannot be loaded.
    """

    max_batch = 1

    def __init__(self, spec: ModelSpec, file: Path) -> None:
        self.name = spec.name
        self._options = spec.options
        self.parallel = spec.options.get("slots", _SLOTS)
        self.context = spec.options.get("context", _CONTEXT)
        self.threads = spec.options.get("threads") or len(os.sched_getaffinity(0))
        # The library's server also listens for HTTP. It gets a socket in a private folder, which goes as soon as it is
        # bound, so that nobody can connect and nothing is left behind when the process is killed.
        with tempfile.TemporaryDirectory(prefix="noodle-llama-", ignore_cleanup_errors=True) as folder:
            try:
                self._server: Any = xllamacpp.Server(self._parameters(file, folder))
            except RuntimeError as error:
                raise ModelError(
                    f"the model {spec.name!r} cannot be loaded: llama.cpp refused {file} ({error})",
                    code=codes.LOAD_FAILED,
                ) from error
        self._pool = ThreadPoolExecutor(self.parallel, thread_name_prefix=f"llama-{spec.name}")

    def _parameters(self, file: Path, folder: str) -> Any:
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(file)
        parameters.n_parallel = self.parallel
        parameters.n_ctx = self.parallel * self.context
        parameters.n_gpu_layers = self._options.get("gpu_layers", -1) if self._options.get("gpus") else 0
        for threads in (parameters.cpuparams, parameters.cpuparams_batch):
            threads.n_threads = self.threads
            threads.poll = 0  # waiting threads would spin on cores that sandbox workers need
        parameters.warmup = False  # `smoke` does it
        parameters.verbosity = -1
        parameters.ui = False
        parameters.endpoint_slots = False
        parameters.cache_ram_mib = 0
        parameters.hostnames = [str(Path(folder) / "server.sock")]
        parameters.api_keys = [secrets.token_hex(32)]
        return parameters

    def infer(self, calls: Sequence[Call]) -> list[Any]:
        """One text per call; up to ``parallel`` of them are decoded together."""
        if len(calls) == 1:
            return [guarded(self._answer, calls[0], self.name)]
        return list(self._pool.map(lambda call: guarded(self._answer, call, self.name), calls))

    def _answer(self, call: Call) -> str:
        request = self._request(call)
        if self._server is None:
            raise failed(self.name, "it was closed")
        answer = self._server.handle_chat_completions(request)
        if "error" in answer:
            problem = answer["error"]
            if problem.get("code") == 400:
                raise wrong(f"the model {self.name!r} refused its input: {str(problem.get('message'))[:300]}")
            raise failed(self.name, problem.get("message"))
        return str(answer["choices"][0]["message"].get("content") or "")

    def _request(self, call: Call) -> dict[str, Any]:
        args, kwargs = call
        if unknown := sorted(map(repr, kwargs.keys() - _KEYWORDS.keys())):
            raise wrong(f"this model takes {', '.join(_KEYWORDS)}, but got {', '.join(unknown)[:200]}")
        if len(args) != 1:
            raise wrong(f"this model takes one prompt or one list of messages, but got {len(args)} arguments")
        settings = {"max_tokens": 128, "temperature": 0.0, "seed": 0} | {
            name: _KEYWORDS[name](value) for name, value in kwargs.items() if value is not None
        }
        if settings["max_tokens"] > self.context:
            raise wrong(f"max_tokens must be at most {self.context}, the model's context")
        system = settings.pop("system", None)
        settings["messages"] = self._messages(args[0], system)
        # Without reuse of a slot's last prompt: it changes the shape of the computation, and so the last bits.
        settings["cache_prompt"] = self._options.get("cache_prompt", False)
        return settings

    def _messages(self, prompt: object, system: str | None) -> list[dict[str, str]]:
        if isinstance(prompt, str):
            messages = [{"role": "user", "content": checked_text(prompt, "the prompt")}]
        elif isinstance(prompt, list | tuple) and 0 < len(prompt) <= _MAX_MESSAGES:
            messages = [_message(entry, place) for place, entry in enumerate(prompt)]
        else:
            raise wrong("the prompt must be a text or a list of messages with role and content")
        if messages[0]["role"] == "system":
            if system is not None:
                raise wrong("the messages begin with a system message, so system= cannot be given too")
            return messages
        system = self._options.get("system") if system is None else system
        return [{"role": "system", "content": system}, *messages] if system else messages

    def smoke(self) -> None:
        """Generate one token; raises ModelError E0604 if that fails."""
        answer = self.infer([(("Hi",), {"max_tokens": 1})])[0]
        if isinstance(answer, ModelError):
            raise ModelError(f"the model {self.name!r} cannot generate: {answer.message}", code=codes.LOAD_FAILED)

    def info(self) -> dict[str, Any]:
        """Engine, device, threads, slots and context in tokens."""
        return {
            "engine": "llama.cpp",
            "version": xllamacpp.__version__,
            "device": "gpu" if self._options.get("gpus") else "cpu",
            "threads": self.threads,
            "slots": self.parallel,
            "context": self.context,
        }

    def close(self) -> None:
        """Stop the server and free the model."""
        self._pool.shutdown(wait=True)
        self._server = None


def _message(entry: object, place: int) -> dict[str, str]:
    if not isinstance(entry, dict) or entry.keys() != {"role", "content"}:
        raise wrong(f"message {place} must be an object with exactly role and content")
    if entry["role"] not in _ROLES:
        raise wrong(f"message {place} must have the role system, user or assistant, not {entry['role']!r:.80}")
    return {"role": entry["role"], "content": checked_text(entry["content"], f"the content of message {place}")}


def _max_tokens(value: object) -> int:
    if type(value) is not int or value < 1:
        raise wrong(f"max_tokens must be a whole number from 1, not {value!r:.80}")
    return value


def _temperature(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value) or not 0 <= value <= 2:
        raise wrong(f"temperature must be a number from 0 to 2, not {value!r:.80}")
    return float(value)


def _seed(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**32 - 1:
        raise wrong(f"seed must be a whole number from 0 to 4294967294, not {value!r:.80}")
    return value


def _stop(value: object) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or len(texts) > 16:
        raise wrong("stop must be a text or a list of at most 16 texts")
    return [checked_text(text, "stop") for text in texts]


def _system(value: object) -> str:
    return checked_text(value, "system")


_KEYWORDS: dict[str, Callable[[object], Any]] = {
    "max_tokens": _max_tokens,
    "temperature": _temperature,
    "seed": _seed,
    "stop": _stop,
    "system": _system,
}
