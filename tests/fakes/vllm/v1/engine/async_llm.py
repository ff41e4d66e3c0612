"""The engine: asked from an event loop, it tells what is new of each generation."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
import transformers

from ...engine.arg_utils import AsyncEngineArgs
from ...sampling_params import RequestOutputKind, SamplingParams


class EngineDeadError(Exception):
    """The process that computes has ended."""


@dataclass
class Logprob:
    """One token that might have come."""

    logprob: float
    rank: int | None = None
    decoded_token: str | None = None


@dataclass
class CompletionOutput:
    """What is new of one answer."""

    index: int
    text: str
    token_ids: list[int]
    logprobs: list[dict[int, Logprob]] | None = None
    finish_reason: str | None = None


@dataclass
class RequestOutput:
    """What is new of one request."""

    request_id: str
    outputs: list[CompletionOutput] = field(default_factory=list)
    finished: bool = False
    num_cached_tokens: int | None = None


class AsyncLLM:
    """``asked`` are the parameters of all requests, ``running`` and ``aborted`` their ids. A ``gate`` that is not set
    keeps all generations from going on.
    """

    forced: ClassVar[str | None] = None
    last: ClassVar["AsyncLLM"]

    def __init__(self, arguments: AsyncEngineArgs) -> None:
        self.arguments = arguments
        self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(arguments.model)
        self._model: Any = transformers.AutoModelForCausalLM.from_pretrained(arguments.model).eval()
        self.asked: list[SamplingParams] = []
        self.running: set[str] = set()
        self.aborted: list[str] = []
        self.errored = self.shut = False
        self.gate = threading.Event()
        self.gate.set()
        AsyncLLM.last = self

    @classmethod
    def from_engine_args(cls, engine_args: AsyncEngineArgs) -> "AsyncLLM":
        """Load the model; within an event loop."""
        asyncio.get_running_loop()
        return cls(engine_args)

    async def generate(
        self, prompt: dict[str, list[int]], sampling_params: SamplingParams, request_id: str
    ) -> AsyncGenerator[RequestOutput, None]:
        """Tell one generation; who leaves early aborts it."""
        if self.errored:
            raise EngineDeadError
        assert sampling_params.output_kind == RequestOutputKind.DELTA
        assert sampling_params.max_tokens is not None
        assert self.arguments.max_model_len is not None
        tokens = prompt["prompt_token_ids"]
        if len(tokens) + sampling_params.max_tokens > self.arguments.max_model_len:
            raise ValueError("the prompt and max_tokens are longer than the model's context")
        self.asked.append(sampling_params)
        self.running.add(request_id)
        try:
            for output in self._outputs(request_id, tokens, sampling_params):
                await asyncio.sleep(0.001)
                while not self.gate.is_set():
                    await asyncio.sleep(0.01)
                if self.errored:
                    raise EngineDeadError
                yield output
        except (asyncio.CancelledError, GeneratorExit):
            self.aborted.append(request_id)
            raise
        finally:
            self.running.discard(request_id)

    def _outputs(self, request_id: str, tokens: list[int], asked: SamplingParams) -> Iterator[RequestOutput]:
        if self.forced is not None:
            for place, character in enumerate(self.forced, 1):
                last = place == len(self.forced)
                new = CompletionOutput(0, character, [ord(character)], None, "stop" if last else None)
                yield RequestOutput(request_id, [new], last)
            return
        stops = [asked.stop] if isinstance(asked.stop, str) else asked.stop or []
        made: list[int] = []
        said = ""
        for token, logprobs in self._next(tokens, made, asked):
            made.append(token)
            text, reason = self._tokenizer.decode(made, skip_special_tokens=True), None
            if token in (self._model.config.eos_token_id, self._tokenizer.eos_token_id):
                reason = "stop"
            elif cut := [text.index(stop) for stop in stops if stop in text]:
                text, reason = text[: min(cut)], "stop"
            elif len(made) == asked.max_tokens:
                reason = "length"
            new = CompletionOutput(0, text[len(said) :], [token], logprobs, reason)
            said = text
            yield RequestOutput(request_id, [new], reason is not None, num_cached_tokens=0)
            if reason:
                return

    def _next(
        self, tokens: list[int], made: list[int], asked: SamplingParams
    ) -> Iterator[tuple[int, list[dict[int, Logprob]] | None]]:
        while True:
            with torch.inference_mode():
                scores = self._model(torch.tensor([[*tokens, *made]])).logits[0, -1].log_softmax(-1)
            token = int(scores.argmax())
            if asked.logprobs is None:
                yield token, None
                continue
            likely = {int(i): scores for i in scores.topk(asked.logprobs).indices} | {token: scores}
            yield (
                token,
                [
                    {
                        i: Logprob(float(scores[i]), rank + 1, self._tokenizer.decode([i]))
                        for rank, i in enumerate(likely)
                    }
                ],
            )

    def shutdown(self) -> None:
        """End everything."""
        self.shut = self.errored = True
        self.gate.set()
