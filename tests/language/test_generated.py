"""Programs made at random give the same on CPython and on every tier, and stop at the same point of fuel."""

import contextlib
import io
import random
import warnings

import pytest

from noodle_ray.core import nbc
from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc.module import Module
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.limits import Limits
from tests.language.generator import Generator

PROGRAMS = 240
BATCH = 40
ONCE_WRONG = (88, 209, 405, 5155, 5969, 7158, 7380)
Seen = tuple[str, tuple[str, str, list[tuple[int, str]]] | None]


def on_cpython(source: str) -> Seen:
    """Output, and the exception with its traceback through the program."""
    output = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = compile(source, "<program>", "exec")
    try:
        with contextlib.redirect_stdout(output):
            exec(code, {"__name__": "__main__"})
    except Exception as error:
        frames, trace = [], error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == "<program>" and not trace.tb_frame.f_code.co_name.endswith("comp>"):
                frames.append((trace.tb_lineno, trace.tb_frame.f_code.co_name))
            trace = trace.tb_next
        return output.getvalue(), (type(error).__name__, str(error), frames)
    return output.getvalue(), None


def on_tier(module: Module, tier: str, fuel: int = 10**8) -> tuple[Seen, int]:
    """The same from a tier, and the fuel it took."""
    outcome = execute(module, tier=tier, limits=Limits(fuel=fuel))
    error = outcome.error and (
        outcome.error["type"],
        outcome.error["message"],
        [(f["line"], f["function"]) for f in outcome.error["traceback"] if not f["function"].endswith("comp>")],
    )
    return (outcome.stdout, error), outcome.usage["fuel"]


@pytest.mark.parametrize("first", range(0, PROGRAMS, BATCH))
def test_generated_program_when_run_on_each_tier_agrees_with_cpython(first: int) -> None:
    for seed in range(first, first + BATCH):
        agree(seed)


@pytest.mark.parametrize("seed", ONCE_WRONG)
def test_generated_program_that_went_wrong_once_agrees_with_cpython(seed: int) -> None:
    agree(seed)


def agree(seed: int) -> None:
    """The program of a seed is the same everywhere, with all its fuel and with too little."""
    source = Generator(seed).program()
    try:
        expected = on_cpython(source)
    except SyntaxError:
        return
    module = nbc.load(nbc.encode(compile_source(source)))
    interpreted, fuel = on_tier(module, "interpreter")
    assert interpreted == expected, f"seed {seed}:\n{source}"
    assert on_tier(module, "python") == (expected, fuel), f"seed {seed}:\n{source}"
    point = random.Random(seed).randrange(1, fuel + 1)
    assert on_tier(module, "python", point) == on_tier(module, "interpreter", point), f"seed {seed}, fuel {point}"
