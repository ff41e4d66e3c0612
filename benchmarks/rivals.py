"""Noodle against Monty and starlark-rust, on the programs that they can run.

Monty runs what it can of benchmarks/programs; Starlark has neither classes, while, generators nor import, so
benchmarks/common holds programs in the part of the language that all three share.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pydantic_monty
import starlark

from benchmarks.measure import Row, alternate, seconds, show_time
from benchmarks.tiers import PROGRAMS, noodle

COMMON = Path(__file__).resolve().parent / "common"
ROUNDS = 5


@contextmanager
def _monty(source: str) -> Iterator[Callable[[], Any]]:
    """A worker of Monty that has the program's functions; the call is one message to it and back."""
    with pydantic_monty.Monty() as pool, pool.checkout() as session:
        session.feed_run(source)
        yield lambda: session.feed_run("main()")


@contextmanager
def _starlark(source: str) -> Iterator[Callable[[], Any]]:
    dialect = starlark.Dialect.extended()
    parsed = starlark.parse("program.star", f"{source}\nmain()\n", dialect)
    names = starlark.Globals.standard()
    yield lambda: starlark.eval(starlark.Module(), parsed, names)


def _against(rival: str, make: Any, paths: list[Path], goal: str) -> list[Row]:
    rows: list[Row] = []
    refused: list[str] = []
    for path in paths:
        source = path.read_text()
        ours = noodle(source, str(path))
        try:
            with make(source) as theirs:
                expected = theirs()
                pair = alternate(partial(seconds, theirs), partial(seconds, ours), ROUNDS)
        except (pydantic_monty.MontyError, starlark.StarlarkError):
            refused.append(path.stem)
            continue
        if ours() != expected:
            raise RuntimeError(f"{path.name}: Noodle and {rival} disagree")
        name = f"{rival} against Noodle, {path.stem}"
        rows.append(Row(name, show_time(pair.second), show_time(pair.first), pair.ratio))
    mean = math.exp(sum(math.log(row.ratio) for row in rows) / len(rows))
    note = f"; it cannot run {', '.join(refused)}" if refused else ""
    return [*rows, Row(f"Times faster than {rival}, geometric mean of {len(rows)}{note}", "", "", mean, goal)]


def rows() -> list[Row]:
    """A row per program and rival, and each rival's geometric mean: how many times faster Noodle is."""
    programs, common = sorted(PROGRAMS.glob("*.py")), sorted(COMMON.glob("*.py"))
    return [*_against("Monty", _monty, programs, "≥ 3"), *_against("Starlark", _starlark, common, "≥ 1.2")]
