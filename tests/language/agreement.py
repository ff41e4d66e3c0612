"""What a whole program shows on CPython and on each tier, and that it is the same."""

import builtins
import functools
import gc
import io
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
from noodle_ray.core.vm.limits import Limits
from noodle_ray.core.vm.native import may_run_native

Seen = tuple[str, tuple[str, str, list[tuple[int, str]]] | None]
ADDRESS = re.compile(" at 0x[0-9a-f]+")
ENCLOSED = re.compile(
    r"NameError(\W+)cannot access free variable ('\w+') where it is not associated with a value in .* scope"
)
INLINE = r"UnboundLocalError\1cannot access local variable \2 where it is not associated with a value"
"""To CPython 3.11 a comprehension is a function of its own, whose unbound variables are those of a scope around it."""


class Differs(AssertionError):
    """A tier shows something else than CPython, or than another tier."""


def on_cpython(source: str) -> Seen:
    """Output, and the exception with its traceback through the program. Raises SyntaxError.

    What the program leaves behind is freed when the run is over, so that what it prints then is not seen: `print` writes
    to this run's own output, however late that is.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = compile(source, "<program>", "exec")
    output = io.StringIO()
    names = {"__name__": "__main__", "__builtins__": {**vars(builtins), "print": functools.partial(print, file=output)}}
    try:
        exec(code, names)
    except (Exception, GeneratorExit) as error:
        frames, trace = [], error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == "<program>" and not trace.tb_frame.f_code.co_name.endswith("comp>"):
                frames.append((trace.tb_lineno, trace.tb_frame.f_code.co_name))
            trace = trace.tb_next
        return output.getvalue(), (type(error).__name__, str(error), frames)
    return output.getvalue(), None


def on_tier(module: Module, tier: str, fuel: int = 10**8, key: str = "") -> tuple[Seen, int]:
    """The same from a tier, and the fuel it took. Under ``key`` compiled code is kept."""
    outcome = execute(module, tier=tier, limits=Limits(fuel=fuel), key=key)
    error = outcome.error and (
        outcome.error["type"],
        outcome.error["message"],
        [(f["line"], f["function"]) for f in outcome.error["traceback"] if not f["function"].endswith("comp>")],
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
        encoded = nbc.encode(compile_source(source))
        module, key = nbc.load(encoded), nbc.digest(encoded)
        interpreted, fuel = on_tier(module, "interpreter")
        _same("interpreter", interpreted, expected, source)
        point = random.Random(source).randrange(1, fuel + 1)
        stopped = on_tier(module, "interpreter", point)
        for tier in ("python", *(["native"] if native and may_run_native() else [])):
            seen, used = on_tier(module, tier, key=key)
            _same(tier, seen, expected, source)
            _same(f"{tier}, fuel", used, fuel, source)
            _same(f"{tier}, fuel {point}", on_tier(module, tier, point, key), stopped, source)
    return True


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
        raise Differs(f"{where}: {_first_difference(repr(seen), repr(expected))}\n{source}")


def _first_difference(seen: str, expected: str) -> str:
    for one, other in zip_longest(seen.split("\\n"), expected.split("\\n")):
        if one != other:
            return f"{one} for {other}"
    return "nothing"


def plain(seen: Seen) -> Seen:
    """Without addresses, which programs of ours do not show, and with comprehensions as a part of their function."""
    output, error = seen
    output = ENCLOSED.sub(INLINE, ADDRESS.sub("", output))
    if error is None:
        return output, None
    kind, message = ENCLOSED.sub(INLINE, f"{error[0]}: {ADDRESS.sub('', error[1])}").split(": ", 1)
    return output, (kind, message, error[2])
