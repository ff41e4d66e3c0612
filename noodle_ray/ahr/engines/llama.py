"""Text generation from GGUF files on llama.cpp, with continuous batching."""

import os
import secrets
import tempfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.base import Emit, failed, wrong
from noodle_ray.ahr.engines.generating import GeneratingEngine, ToolReader, calls_of
from noodle_ray.ahr.engines.llama_chunks import Reader
from noodle_ray.ahr.engines.openmp import waits
from noodle_ray.ahr.generation.messages import Message, with_system, without_tools
from noodle_ray.ahr.generation.options import grammar_of
from noodle_ray.ahr.gguf import gguf_text
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

os.environ.update(waits())
import xllamacpp

_SLOTS = 4
_CONTEXT = 2048
_BATCH = 512
"""Tokens of prompts that are read between two looks at who still waits."""


class GenerationEngine(GeneratingEngine):
    """A language model on llama.cpp; raises ModelError E0604 when it cannot be loaded."""

    def __init__(self, spec: ModelSpec, file: Path) -> None:
        super().__init__(spec, spec.options.get("slots", _SLOTS), spec.options.get("context", _CONTEXT))
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
        self._file = file

    def _parameters(self, file: Path, folder: str) -> Any:
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(file)
        parameters.n_parallel = self.parallel
        parameters.n_ctx = self.parallel * self.context
        parameters.n_batch = parameters.n_ubatch = min(_BATCH, parameters.n_ctx)
        if "chat_template" in self._options:
            parameters.chat_template = self._options["chat_template"]
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

    def _complete(self, prompt: str, options: dict[str, Any], emit: Emit) -> None:
        request = {"prompt": prompt, **self._request(options)}
        if "logprobs" in options:
            request["logprobs"] = max(options["logprobs"], 1)
        self._run(lambda server: server.handle_completions, request, Reader(emit, options))

    def _chat(self, messages: list[Message], options: dict[str, Any], emit: Emit) -> None:
        request = self._request(options)
        if "logprobs" in options:
            request |= {"logprobs": True, "top_logprobs": max(options["logprobs"], 1)}
        if not self._knows_tools:
            messages = without_tools(messages)
        if calls := calls_of(options):
            # A call that must be made is made in our form: llama.cpp holds a model to it only if it can tell from the
            # template how that model writes calls.
            if self._knows_tools and not calls.must:
                request |= calls.native()
            else:
                messages = with_system(messages, calls.instruction())
                request["grammar"] = calls.grammar()
                emit = ToolReader(emit)
        request["messages"] = messages
        self._run(lambda server: server.handle_chat_completions, request, Reader(emit, options))

    def _run(self, handler: Callable[[Any], Any], request: dict[str, Any], reader: Reader) -> None:
        server = self._server
        if server is None or self._closing:
            raise self._closed()

        def take(raw: dict[str, Any]) -> bool:
            return self._closing or reader.take(raw)

        try:
            handler(server)(request, take)
        except (ValueError, RuntimeError) as error:  # what a chat template, or llama.cpp's own checks, refuse
            raise wrong(f"the model {self.name!r} refused its input: {str(error)[:300]}") from None
        if self._closing:
            raise self._closed()
        if reader.problem is not None:
            if reader.problem.get("code") == 400:
                raise wrong(f"the model {self.name!r} refused its input: {str(reader.problem.get('message'))[:300]}")
            raise failed(self.name, reader.problem.get("message"))
        if reader.failure is not None:
            raise reader.failure

    def _request(self, options: dict[str, Any]) -> dict[str, Any]:
        request = {_NAMES[name]: value for name, value in options.items() if name in _NAMES}
        grammar = grammar_of(options)
        if grammar is not None:
            request["grammar"] = grammar
        # Without reuse of a slot's last prompt: it changes the shape of the computation, and so the last bits.
        request.setdefault("cache_prompt", False)
        if "cache_prompt" in self._options:
            request["cache_prompt"] = self._options["cache_prompt"]
        # Progress with the prompt is told too, so that its reading can be stopped.
        return request | {"stream": True, "stream_options": {"include_usage": True}, "return_progress": True}

    @cached_property
    def _knows_tools(self) -> bool:
        """Whether the chat template says how tools are told to this model."""
        with self._file.open("rb") as file:
            return "tools" in (self._options.get("chat_template") or gguf_text(file, "tokenizer.chat_template"))

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
        super().close()
        self._server = None


_NAMES = {
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "seed": "seed",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "repetition_penalty": "repeat_penalty",
    "stop": "stop",
    "cache_prompt": "cache_prompt",
}
"""Options that llama.cpp takes as they are, and what it calls them."""
