"""What metering costs: the Python tier as it is, against the same code generated without any charging.

There is no such mode in the product, so this module takes the charges out of the generator while it compiles.
"""

import ast
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from benchmarks.measure import Row, alternate, seconds, show_time
from benchmarks.tiers import PROGRAMS, noodle
from noodle_ray.core.vm.pytier import emitter, loops, nodes

ROUNDS = 7


def _while(made: emitter.Emitter, instr: Any, at: Any) -> None:
    """As CPython compiles it, where the condition is an expression; else as the tier emits it, over endless tickets."""
    condition, test, body, orelse = instr.args
    made.flush()
    before, tested = made.expression(condition, test, at)
    if before:
        _KEPT_WHILE(made, instr, at)
        return
    inner = nodes.plain(at, *made.block(body))
    made.statements.append(ast.While(tested, inner, made.block(orelse), **at))


_KEPT_WHILE = emitter.HANDLERS["while"]


@contextmanager
def _without_charges() -> Iterator[None]:
    replaced = [
        (emitter, "charge", lambda *_: []),
        (loops, "charge", lambda *_: []),
        (loops, "_start", lambda made, items, *_: (items, ())),
        (loops, "paid", lambda made, items, *_: items),
    ]
    kept = [(module, name, getattr(module, name)) for module, name, _ in replaced]
    for module, name, value in replaced:
        setattr(module, name, value)
    emitter.HANDLERS["while"] = _while
    try:
        yield
    finally:
        emitter.HANDLERS["while"] = _KEPT_WHILE
        for module, name, value in kept:
            setattr(module, name, value)


def _unmetered(source: str, name: str) -> Callable[[], Any]:
    with _without_charges():
        run = noodle(source, f"{name}, not metered", "python")
        run()  # compiles, and is kept under its name
    return run


def rows() -> list[Row]:
    """A row per program and their geometric mean."""
    found = []
    for path in sorted(PROGRAMS.glob("*.py")):
        source = path.read_text()
        metered, unmetered = noodle(source, path.name, "python"), _unmetered(source, path.name)
        if metered() != unmetered():
            raise RuntimeError(f"{path.name}: metering changes the result")
        pair = alternate(partial(seconds, metered), partial(seconds, unmetered), ROUNDS)
        name = f"Python tier, {path.stem}, metered against not"
        found.append(Row(name, show_time(pair.first), show_time(pair.second), pair.ratio))
    mean = math.exp(sum(math.log(row.ratio) for row in found) / len(found))
    return [*found, Row("Metering on the Python tier, geometric mean", "", "", mean, "≤ 1.1")]
