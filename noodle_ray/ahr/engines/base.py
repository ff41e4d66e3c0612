"""The interface of an engine, and the checks that all engines share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from noodle_ray.ahr import codes
from noodle_ray.errors import ModelError

Call = tuple[Sequence[Any], Mapping[str, Any]]
"""One call of a model as the program wrote it: positional and keyword arguments."""

Emit = Callable[[dict[str, Any]], bool]
"""Takes a chunk of a generation; true ends the generation."""

BATCH_TOKENS = 8192
"""Tokens of one batch, about, unless the model's option ``max_batch_tokens`` says otherwise."""
MAX_TEXTS = 4096
"""Texts in one call."""
MAX_CHARACTERS = 1_000_000
"""Characters in one text."""


class Engine(Protocol):
    """A loaded model. ``infer`` may be called from several threads.

    ``name`` is the model's, for messages. ``parallel`` is how many ``infer`` calls are worth having in flight at
    once, ``max_batch`` how many calls one ``infer`` should get at most.
    """

    name: str
    parallel: int
    max_batch: int

    def smoke(self) -> None:
        """Run one small inference; raises ModelError E0604 unless the answer is sound."""

    def infer(self, calls: Sequence[Call]) -> list[Any]:
        """One answer per call, in order. A call that fails has a ModelError as its answer, and harms no other."""

    def info(self) -> dict[str, Any]:
        """What runs where: engine, device, threads, sizes."""

    def close(self) -> None:
        """Free the model's memory. A second call does nothing."""


class Generative(Engine, Protocol):
    """An engine that generates texts and tells them piece by piece."""

    def generate(self, order: Mapping[str, Any], emit: Emit) -> None:
        """Generate one text, and return when it is told or ``emit`` returned true: then within one token.

        ``order`` has ``messages`` (a text, or a chat) or ``prompt`` (a text that the model goes on with, without a
        chat template), and options (`noodle_ray.ahr.generation.options`). ``emit`` gets chunks
        (`noodle_ray.ahr.generation.answers`), from this thread. Raises ModelError.
        """


class Interruptible(Engine, Protocol):
    """An engine that answers one call at a time, and can be stopped at it."""

    def answer(self, call: Call, stopped: Callable[[], bool], told: dict[str, Any]) -> Any:
        """Answer one call. ``stopped`` is asked at every token; once it is true, the answer is for nothing and comes
        soon. Puts the ``usage`` into ``told``: ``prompt_tokens`` and ``completion_tokens``. Raises ModelError.
        """


class Weighed(Engine, Protocol):
    """An engine that estimates what a call costs, before it computes it. It may have ``max_short``: how many calls one
    ``infer`` should get at most when they are short (`noodle_ray.core.runs.lengths`)."""

    def cost(self, call: Call) -> int:
        """About how many tokens a call has, 1 or more, whatever it holds; cheap, and never raises."""


def wrong(message: str) -> ModelError:
    """The error for arguments that a model does not take (E0603)."""
    return ModelError(message, code=codes.WRONG_INPUT)


def failed(name: str, error: object) -> ModelError:
    """The error for an engine that failed in a call (E0605)."""
    return ModelError(f"the model {name!r} failed: {str(error)[:300]}", code=codes.ENGINE_FAILED)


def shown(value: object) -> str:
    """The beginning of a value's repr, for a message."""
    try:
        return f"{value!r:.80}"
    except ValueError:  # an integer of thousands of digits
        return "so large a number"


def checked_text(value: object, what: str) -> str:
    """``value`` if it is a text a tokenizer can take, else raises ModelError E0603."""
    if not isinstance(value, str):
        raise wrong(f"{what} must be a text (str), not {type(value).__name__}")
    if len(value) > MAX_CHARACTERS:
        raise wrong(f"{what} has {len(value):,} characters, the limit is {MAX_CHARACTERS:,}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise wrong(f"{what} holds a lone surrogate at position {error.start}, which is no Unicode text") from None
    return value


def texts_of(call: Call) -> tuple[list[str], bool]:
    """The texts of ``model("text")`` or ``model(["text", ...])``, and whether it was a single one.

    Raises ModelError E0603 for anything else.
    """
    args, kwargs = call
    if kwargs:
        raise wrong(f"this model takes no keyword arguments, but got {', '.join(sorted(map(repr, kwargs)))[:200]}")
    if len(args) != 1:
        raise wrong(f"this model takes one text or one list of texts, but got {len(args)} arguments")
    (value,) = args
    if isinstance(value, str):
        return [checked_text(value, "the input")], True
    if not isinstance(value, list | tuple):
        raise wrong(f"the input must be a text or a list of texts, not {type(value).__name__}")
    if len(value) > MAX_TEXTS:
        raise wrong(f"a call may hold {MAX_TEXTS:,} texts, not {len(value):,}; make several calls")
    return [checked_text(text, f"text {place} of the list") for place, text in enumerate(value)], False


def flags_of(call: Call, **defaults: bool) -> tuple[Call, dict[str, bool]]:
    """A call without these keyword arguments, and what they are, each true or false. Raises ModelError E0603."""
    args, kwargs = call
    if kwargs.keys().isdisjoint(defaults):
        return call, defaults
    flags = {name: kwargs.get(name, default) for name, default in defaults.items()}
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise wrong(f"{name} must be True or False, not {value!r:.80}")
    return (args, {name: value for name, value in kwargs.items() if name not in defaults}), flags


def each(calls: Sequence[Call], answer: Callable[[Call], Any], name: str) -> list[Any]:
    """Answer calls one by one; errors become answers."""
    return [guarded(answer, call, name) for call in calls]


def guarded(answer: Callable[[Call], Any], call: Call, name: str) -> Any:
    """The answer to one call, or the ModelError that it ended in."""
    try:
        return answer(call)
    except ModelError as error:
        return error
    except Exception as error:
        return failed(name, error)
