"""What a program does on Noodle, whatever the order of its answers, and in CPython with one call after the other."""

import contextlib
import io
import sys
import traceback
from random import Random
from typing import Any, NamedTuple

from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.host import EffectAnswer, EffectRequest
from tests.language.harness import free
from tests.overlap.programs import HEADER, TOOL_HEADER

INLINE = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")


class Seen(NamedTuple):
    """What can be seen of a run."""

    result: str
    stdout: str
    error: tuple[str, str] | None
    lines: list[tuple[int, str]]
    done: list[str] = []  # noqa: RUF012  # never mutated: what the tool did, in order


def answer(text: str) -> str | None:
    """The stub's answer; None for a call that fails."""
    value = sum(ord(c) * (i + 7) for i, c in enumerate(text)) + 13 * len(text)
    if value % 23 == 0:
        return None
    return "abcdefgh"[value % 8] + text[-3:]


def use(text: str, done: list[str]) -> str | None:
    """What the tool gives, which depends on what it did before; None for a call that fails, after it did something."""
    done.append(text)
    return None if len(done) * len(text) % 11 == 10 else f"{len(done)}{text[-2:]}"


class ShufflingHost:
    """Answers some of what waits, in an order of its own, as if each call took a time of its own."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.waiting: list[EffectRequest] = []
        self.trips = 0
        self.calls = 0
        self.done: list[str] = []

    def send(self, requests: list[EffectRequest]) -> None:
        self.trips += 1
        self.calls += len(requests)
        self.waiting += requests

    def receive(self, timeout: float | None = None) -> list[EffectAnswer]:
        self.random.shuffle(self.waiting)
        count = self.random.randint(1, len(self.waiting))
        chosen, self.waiting = self.waiting[:count], self.waiting[count:]
        return [self._answered(request) for request in chosen]

    def _answered(self, request: EffectRequest) -> EffectAnswer:
        text = str(request.args[0])
        found = use(text, self.done) if request.model == "tool:t" else answer(text)
        if found is None:
            return EffectAnswer(request.key, False, ("NOODLE-E0603", f"refused {request.args[0]}"))
        return EffectAnswer(request.key, True, found)


class ModelError(RuntimeError):
    """What the oracle raises."""


def sequential(source: str) -> Seen:
    """What CPython does."""

    def ask(text: Any) -> str:
        found = answer(str(text))
        if found is None:
            raise ModelError(f"refused {text}")
        return found

    def act(text: Any) -> str:
        found = use(str(text), done)
        if found is None:
            raise ModelError(f"refused {text}")
        return found

    done: list[str] = []
    header = TOOL_HEADER if source.startswith(TOOL_HEADER) else HEADER
    body, _, last = source.removeprefix(header).rstrip("\n").rpartition("\n")
    names: dict[str, Any] = {"m": ask, "t": act, "ModelError": ModelError, "__name__": "__main__"}
    shift = "\n" * header.count("\n")
    out = io.StringIO()
    result, error, lines = "None", None, []
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(shift + body, "<program>", "exec"), names)
            code = compile("\n" * (shift + body).count("\n") + "\n" + last, "<program>", "eval")
            result = repr(eval(code, names))
        except Exception as raised:
            error = (type(raised).__name__, str(raised))
            lines = [
                (frame.lineno or 0, frame.name)
                for frame in traceback.extract_tb(sys.exc_info()[2])
                if frame.filename == "<program>" and frame.name not in INLINE
            ]
        free(names)
    return Seen(result, out.getvalue(), error, lines, done)


def overlapped(source: str, tier: str, seed: int) -> tuple[Seen, ShufflingHost, int]:
    """What Noodle does, the host it did it with, and the fuel it took."""
    host = ShufflingHost(seed)
    outcome = execute(compile_source(source), tier=tier, host=host)
    error, lines = None, []
    if outcome.error is not None:
        error = (outcome.error["type"], outcome.error["message"])
        lines = [
            (frame["line"], frame["function"])
            for frame in outcome.error["traceback"]
            if frame["function"] not in INLINE
        ]
    result = repr(outcome.result) if error is None else "None"
    return Seen(result, outcome.stdout, error, lines, host.done), host, int(outcome.usage["fuel"])
