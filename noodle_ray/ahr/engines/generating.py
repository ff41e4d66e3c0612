"""What engines that generate with all options have in common: checks, chats, prompts, tools, answers."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.base import Call, Emit, checked_text, failed, flags_of, guarded, wrong
from noodle_ray.ahr.generation.answers import Answer, Chunk
from noodle_ray.ahr.generation.form import FormReader
from noodle_ray.ahr.generation.messages import Message, checked_messages
from noodle_ray.ahr.generation.options import checked_options
from noodle_ray.ahr.generation.tools import ToolCalls
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.core.runs.lengths import length_of
from noodle_ray.errors import ModelError

LEAST_LOGPROB = -9999.0
"""Stands for the logarithm of zero, which JSON lacks; OpenAI's servers say the same."""
_MOST = 128
"""Tokens of an answer to a program that does not say how many it wants."""
_PROGRAM_DEFAULTS: dict[str, Any] = {"temperature": 0.0, "seed": 0}


class GeneratingEngine(ABC):
    """A language model: ``model("prompt", max_tokens=128, temperature=0.0, seed=0, ...)`` answers the text (str).
    Instead of a prompt, a list of ``{"role": ..., "content": ...}`` messages. With ``usage=True`` the answer is an
    object of ``answer``, ``prompt_tokens`` and ``completion_tokens``.

    ``parallel`` generations run at once; each has ``context`` tokens for prompt and answer. At temperature 0 the
    answer is the likeliest token at each step.
    """

    max_batch = 1

    def __init__(self, spec: ModelSpec, parallel: int, context: int) -> None:
        self.name = spec.name
        self.parallel = parallel
        self.context = context
        self._options = spec.options
        self._closing = False
        self._pool = ThreadPoolExecutor(parallel, thread_name_prefix=f"generate-{spec.name}")

    @abstractmethod
    def _complete(self, prompt: str, options: dict[str, Any], emit: Emit) -> None:
        """Go on with a text. ``options`` are checked, and have neither a system prompt nor tools."""

    @abstractmethod
    def _chat(self, messages: list[Message], options: dict[str, Any], emit: Emit) -> None:
        """Answer a chat; its system prompt is among the messages already."""

    def infer(self, calls: Sequence[Call]) -> list[Any]:
        """One answer per call; up to ``parallel`` of them are decoded together."""
        if len(calls) == 1:
            return [guarded(self._answer, calls[0], self.name)]
        return list(self._pool.map(lambda call: guarded(self._answer, call, self.name), calls))

    def _answer(self, call: Call) -> Any:
        return self.answer(call, lambda: False, {})

    def cost(self, call: Call) -> int:
        """About how many tokens are read and, twice as dear, written."""
        args, kwargs = call
        most = kwargs.get("max_tokens")
        wanted = most if type(most) is int and 0 < most < self.context else _MOST
        return length_of(args, self.context) + 2 * wanted

    def answer(self, call: Call, stopped: Callable[[], bool], told: dict[str, Any]) -> Any:
        """Answer one call; see `Interruptible`."""
        (args, kwargs), flags = flags_of(call, usage=False)
        options = _PROGRAM_DEFAULTS | {"max_tokens": min(_MOST, self.context)} | checked_options(dict(kwargs))
        if len(args) != 1:
            raise wrong(f"this model takes one prompt or one list of messages, but got {len(args)} arguments")
        answer = Answer()
        self.generate({"messages": args[0], **options}, lambda chunk: answer.add(chunk) or stopped())
        if answer.usage:
            told["usage"] = answer.usage
        return answer.told(self.name, options, flags["usage"])

    def generate(self, order: Mapping[str, Any], emit: Emit) -> None:
        """Generate one text; see `Generative`."""
        options = checked_options({name: value for name, value in order.items() if name not in ("messages", "prompt")})
        if options.setdefault("max_tokens", self.context) > self.context:
            raise wrong(f"max_tokens must be at most {self.context}, the model's context")
        if "prompt" in order:
            prompt = checked_text(order["prompt"], "the prompt")
            if misplaced := options.keys() & {"system", "tools"}:
                raise wrong(f"a prompt without a chat takes no {', '.join(sorted(misplaced))}")
            if not prompt:
                raise wrong("the prompt must not be empty")
            self._complete(prompt, options, emit)
        else:
            self._chat(self._with_system(checked_messages(order.get("messages")), options), options, emit)

    def _with_system(self, messages: list[Message], options: dict[str, Any]) -> list[Message]:
        system = options.get("system")
        if messages[0]["role"] == "system":
            if system is not None:
                raise wrong("the messages begin with a system message, so system= cannot be given too")
            return messages
        system = self._options.get("system") if system is None else system
        return [{"role": "system", "content": system}, *messages] if system else messages

    def _closed(self) -> ModelError:
        return failed(self.name, "it was closed")

    def close(self) -> None:
        """End what runs. An engine frees its model after this."""
        self._closing = True
        self._pool.shutdown(wait=True)

    def smoke(self) -> None:
        """Generate one token; raises ModelError E0604 if that fails."""
        answer = self.infer([(("Hi",), {"max_tokens": 1})])[0]
        if isinstance(answer, ModelError):
            raise ModelError(f"the model {self.name!r} cannot generate: {answer.message}", code=codes.LOAD_FAILED)


def calls_of(options: Mapping[str, Any]) -> ToolCalls | None:
    """The tools that an answer may call; None where there are none."""
    choice = options.get("tool_choice", "auto")
    if not options.get("tools") or choice == "none":
        return None
    return ToolCalls(options["tools"], choice, options.get("parallel_tool_calls", True))


class ToolReader:
    """An `Emit` in front of another, which is told what the text means instead of the text."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._form = FormReader()

    def __call__(self, chunk: Chunk) -> bool:
        """Hand on what the chunk says, as soon as it means something."""
        told = {name: value for name, value in chunk.items() if name != "text"}
        piece = self._form.feed(chunk.get("text", ""))
        if piece.text:
            told["text"] = piece.text
        if piece.calls:
            told["tool_calls"] = list(piece.calls)
        if "finish" in chunk and self._form.calls and self._form.whole:
            told["finish"] = "tool_calls"
        return self._emit(told)
