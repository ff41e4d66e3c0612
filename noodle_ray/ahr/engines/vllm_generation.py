"""Text generation on vLLM, from safetensors: for GPUs. An extra, as vLLM brings a torch of its own choice.

vLLM computes in processes of its own and is spoken to from an event loop, which a thread here runs. Options, chats,
tools and grammars mean what they mean on llama.cpp: the prompt is made here, and vLLM gets tokens.
"""

import asyncio
import re
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.base import Emit, failed, wrong
from noodle_ray.ahr.engines.generating import LEAST_LOGPROB
from noodle_ray.ahr.engines.tokenized import TokenizedEngine
from noodle_ray.ahr.generation.answers import Chunk
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

SLOTS = 32
"""Generations at once, where the spec does not say."""
_CONTEXT = 4096
_LOOK = 0.25
"""Seconds between two looks at whether a generation without news is still wanted."""
_DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}


class VllmEngine(TokenizedEngine):
    """A language model on vLLM, on as many GPUs as ``gpus`` says; a part of one is that part of its memory.

    Raises ModelError E0604 when it cannot be loaded. ``dead`` is true once vLLM's own process has ended.
    """

    def __init__(self, spec: ModelSpec, folder: Path) -> None:
        super().__init__(spec, spec.options.get("slots", SLOTS), spec.options.get("context", _CONTEXT))
        self._told = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name=f"vllm-{spec.name}")
        self._thread.start()
        try:
            self._read_tokenizer(folder)
            self._llm: Any = self._in_loop(_make(_arguments(spec, folder, self.parallel, self.context)))
        except Exception as error:
            self._end_loop()
            super().close()
            raise ModelError(
                f"the model {spec.name!r} cannot be loaded: vLLM refused {folder} ({str(error)[:300]})",
                code=codes.LOAD_FAILED,
            ) from error

    @property
    def dead(self) -> bool:
        """Whether vLLM's process has ended: this engine answers nothing any more."""
        return bool(self._llm is not None and self._llm.errored)

    def _run(self, tokens: list[int], options: dict[str, Any], grammar: str | None, emit: Emit) -> None:
        """Generate, and hand on what vLLM tells. Leaving early ends the generation there too."""
        if self._llm is None or self._closing:
            raise self._closed()
        reader = _Reader(len(tokens), options.get("logprobs"))
        try:
            parameters = _parameters(options, grammar, self.context - len(tokens))
        except ValueError as error:
            raise wrong(f"the model {self.name!r} refused its input: {str(error)[:300]}") from None
        news: SimpleQueue[Any] = SimpleQueue()
        generation = asyncio.run_coroutine_threadsafe(self._generate(tokens, parameters, news), self._loop)
        seen, chunk = self._told, Chunk()
        try:
            while "finish" not in chunk:
                try:
                    output = news.get(timeout=_LOOK)
                except Empty:
                    # A look counts as a sign of life, which the engine gives only by telling somebody something.
                    if self._told != seen:
                        seen = self._told
                        if emit({}):
                            return
                    continue
                if isinstance(output, BaseException):
                    raise self._error(output)
                chunk = reader.chunk(output)
                if emit(chunk):
                    return
        finally:
            if "finish" not in chunk:
                generation.cancel()

    async def _generate(self, tokens: list[int], parameters: Any, news: SimpleQueue[Any]) -> None:
        try:
            prompt = {"prompt_token_ids": tokens}
            async for output in self._llm.generate(prompt, parameters, uuid.uuid4().hex):
                self._told += 1
                news.put(output)
        except BaseException as error:
            news.put(error)
            raise

    def _error(self, error: BaseException) -> ModelError:
        if self._closing:
            return self._closed()
        if isinstance(error, ValueError):  # what vLLM's own checks refuse
            return wrong(f"the model {self.name!r} refused its input: {str(error)[:300]}")
        return failed(self.name, error.__cause__ or str(error) or type(error).__name__)

    def info(self) -> dict[str, Any]:
        """Engine, device, dtype, slots and context in tokens."""
        import vllm

        return {
            "engine": "vllm",
            "version": vllm.__version__,
            "device": "cuda",
            "dtype": self._options.get("dtype", "auto"),
            "slots": self.parallel,
            "context": self.context,
        }

    def close(self) -> None:
        """End vLLM's processes."""
        llm, self._llm = self._llm, None
        self._closing = True
        if llm is not None:
            llm.shutdown()
            super().close()
            self._end_loop()

    def _in_loop(self, coroutine: Any) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return future.result()

    def _end_loop(self) -> None:
        async def cancel() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self._in_loop(cancel())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _make(arguments: Any) -> Any:
    """Within the loop, so that vLLM's own tasks begin there."""
    from vllm.v1.engine.async_llm import AsyncLLM

    return AsyncLLM.from_engine_args(arguments)


def _arguments(spec: ModelSpec, folder: Path, slots: int, context: int) -> Any:
    from vllm.engine.arg_utils import AsyncEngineArgs

    gpus = spec.options.get("gpus", 1)
    return AsyncEngineArgs(
        model=str(folder),
        load_format="safetensors",
        trust_remote_code=False,
        dtype=_DTYPES.get(spec.options.get("dtype", ""), "auto"),
        max_model_len=context,
        max_num_seqs=slots,
        tensor_parallel_size=max(1, int(gpus)),
        gpu_memory_utilization=0.9 * min(1.0, gpus or 1.0),
        enable_prefix_caching=spec.options.get("cache_prompt", True),
        disable_log_stats=True,
    )


def _parameters(options: Mapping[str, Any], grammar: str | None, room: int) -> Any:
    """vLLM's form of the options. Raises ValueError for what it refuses."""
    from vllm.sampling_params import RequestOutputKind, SamplingParams, StructuredOutputsParams

    given = {name: options[name] for name in _SAME if name in options}
    if given.get("top_p") == 0:  # only the likeliest, which vLLM says so
        del given["top_p"]
        given["top_k"] = 1
    if options.get("cache_prompt") is False:
        given["skip_reading_prefix_cache"] = True
    if grammar is not None:
        given["structured_outputs"] = StructuredOutputsParams(grammar=_fixed_width(grammar))
    return SamplingParams(max_tokens=min(options["max_tokens"], room), output_kind=RequestOutputKind.DELTA, **given)


_SAME = (
    "temperature", "top_p", "top_k", "min_p", "seed", "frequency_penalty", "presence_penalty", "repetition_penalty",
    "stop", "logprobs",
)  # fmt: skip
"""Options that vLLM has under the same name."""


def _fixed_width(grammar: str) -> str:
    r"""A grammar as vLLM's readers take it: for them ``\x22a`` is one character, and ``\u0022a`` two."""
    return re.sub(r"\\x([0-9A-F]{2})", r"\\u00\1", grammar)


class _Reader:
    """What vLLM tells of one generation, as chunks."""

    def __init__(self, prompt_tokens: int, logprobs: int | None) -> None:
        self._usage = {"prompt_tokens": prompt_tokens, "completion_tokens": 0, "cached_tokens": 0}
        self._logprobs = logprobs

    def chunk(self, output: Any) -> Chunk:
        """The chunk for a RequestOutput that tells what is new. Raises RuntimeError if vLLM gave up."""
        (new,) = output.outputs
        self._usage["completion_tokens"] += len(new.token_ids)
        self._usage["cached_tokens"] = output.num_cached_tokens or self._usage["cached_tokens"]
        chunk: Chunk = {}
        if new.text:
            chunk["text"] = new.text
        if self._logprobs is not None and new.logprobs:
            pairs = zip(new.token_ids, new.logprobs, strict=True)
            chunk["logprobs"] = [_logprob(token, likely, self._logprobs) for token, likely in pairs]
        if output.finished:
            if new.finish_reason not in ("stop", "length"):
                raise RuntimeError(f"the generation ended with {new.finish_reason}")
            chunk |= {"finish": new.finish_reason, "usage": dict(self._usage)}
        return chunk


def _logprob(token: int, likely: Mapping[int, Any], most: int) -> dict[str, Any]:
    best = sorted(likely.values(), key=lambda entry: -entry.logprob)[:most]
    return {**_token(likely[token]), "top_logprobs": [_token(entry) for entry in best]}


def _token(entry: Any) -> dict[str, Any]:
    text = entry.decoded_token or ""
    return {"token": text, "logprob": max(entry.logprob, LEAST_LOGPROB), "bytes": list(text.encode())}
