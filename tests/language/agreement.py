"""What a whole program shows on CPython and on each tier, and that it is the same."""

import builtins
import functools
import gc
import hashlib
import random
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest

from noodle_ray.core import nbc
from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc.module import Module
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.limits import MESSAGES, Limits
from noodle_ray.core.vm.native import may_run_native
from tests.language.harness import free

Seen = tuple[str, tuple[str, str, list[tuple[int, str]]] | None]
ADDRESS = re.compile(" at 0x[0-9a-f]+")


INLINE = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")
"""Frames that a traceback of Noodle's may lack: see docs/limitations.md."""
ENCODED = 0.25
"""How many of the programs are encoded, decoded and verified before they run: other tests do nothing else."""


class _Output(list[str]):
    """Where `print` writes. No file: the collector would close it before a generator that it frees prints its last."""

    write = list.append


class Differs(AssertionError):
    """A tier shows something else than CPython, or than another tier."""


def on_cpython(source: str) -> Seen:
    """Output, and the exception with its traceback through the program. Raises SyntaxError.

    What is freed when the run is over, because it is in a cycle, is not seen: `print` writes to this run's own output,
    however late that is.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = compile(source, "<program>", "exec")
    output = _Output()
    names = {"__name__": "__main__", "__builtins__": {**vars(builtins), "print": functools.partial(print, file=output)}}
    seen = None
    try:
        exec(code, names)
    except (Exception, GeneratorExit) as error:
        frames: list[tuple[int, str]] = []
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == "<program>" and trace.tb_frame.f_code.co_name not in INLINE:
                frames.append((trace.tb_lineno, trace.tb_frame.f_code.co_name))
            trace = trace.tb_next
        seen = (type(error).__name__, str(error), frames)
    free(names)
    return "".join(output), seen


def on_tier(module: Module, tier: str, fuel: int = 10**8, key: str = "") -> tuple[Seen, int]:
    """The same from a tier, and the fuel it took. Under ``key`` compiled code is kept."""
    outcome = execute(module, tier=tier, limits=Limits(fuel=fuel), key=key)
    error = outcome.error and (
        outcome.error["type"],
        outcome.error["message"],
        [(f["line"], f["function"]) for f in outcome.error["traceback"] if f["function"] not in INLINE],
    )
    return (outcome.stdout, error), outcome.usage["fuel"]


def agree(source: str, *, native: bool = False) -> bool:
    """The program is the same everywhere, with all its fuel and with too little; False if CPython does not take it.

    Raises Differs.
    """
    with _uncollected():
        try:
            expected = plain(on_cpython(source))
        except SyntaxError:
            return False
        module, key = compile_source(source), hashlib.sha256(source.encode()).hexdigest()
        draw = random.Random(source)
        if draw.random() < ENCODED:
            module = nbc.load(nbc.encode(module))
        interpreted, fuel = on_tier(module, "interpreter")
        if _takes_too_much(interpreted):  # CPython raises a MemoryError there, or takes the memory
            expected = interpreted
        _same("interpreter", interpreted, expected, source)
        point = draw.randrange(1, fuel + 1)
        stopped = on_tier(module, "interpreter", point)
        for tier in ("python", *(["native"] if native and may_run_native() else [])):
            seen, used = on_tier(module, tier, key=key)
            _same(tier, seen, expected, source)
            _same(f"{tier}, fuel", used, fuel, source)
            _same(f"{tier}, fuel {point}", on_tier(module, tier, point, key), stopped, source)
    return True


def _takes_too_much(seen: Seen) -> bool:
    """Whether a run ended at its limit of memory, which every tier has then to do."""
    return seen[1] is not None and seen[1][:2] == ("LimitExceeded", MESSAGES["memory"])


@contextmanager
def _uncollected() -> Iterator[None]:
    """When cycles are collected is the collector's to say, and a generator in one shows it: so none is meanwhile."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _same(where: str, seen: object, expected: object, source: str) -> None:
    if seen != expected:
        raise Differs(f"{where}: {first_difference(seen, expected)}\n{source}")


def first_difference(seen: object, expected: object) -> str:
    """Where two values that tuples hold differ first; texts by their lines."""
    if isinstance(seen, str) and isinstance(expected, str) and "\n" in seen + expected:
        seen, expected = tuple(seen.splitlines()), tuple(expected.splitlines())
    if isinstance(seen, tuple) and isinstance(expected, tuple):
        for one, other in zip_longest(seen, expected):
            if one != other:
                return first_difference(one, other)
    return f"{seen!r} for {expected!r}"


def plain(seen: Seen) -> Seen:
    """Without addresses, which programs of ours do not show."""
    output, error = seen
    return ADDRESS.sub("", output), error and (error[0], ADDRESS.sub("", error[1]), error[2])
