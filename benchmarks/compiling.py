"""Compiling: a hundred lines cold and cached, an edit of a thousand lines, and what optimizer passes cost and gain.

Times are processor time of this process: compiling waits for nothing.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.measure import Row, show_time
from noodle_ray.core import nbc
from noodle_ray.core.lang import compile_source
from noodle_ray.core.lang.incremental import IncrementalCompiler
from noodle_ray.core.nbc.module import Module
from noodle_ray.core.nbc.passes import optimize
from noodle_ray.core.nbc.verifier import known, verify_decoded
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.pytier import fragments
from noodle_ray.core.vm.pytier.compile import compile_module

ROUNDS = 15
COLD_GOAL = 0.010
CACHED_GOAL = 50e-6

_FUNCTION = '''
def work_{0}(items, limit={0}):
    """Adds up what is above the limit."""
    total = {1}
    for position, item in enumerate(items):
        if item > limit:
            total += math.sqrt(item) * position
        elif item == {0}:
            continue
        total -= helper(item, position)
    return [total, f"{{total:.2f}} {0}"]
'''


def program(functions: int, edited: int = -1) -> str:
    """A program of eleven lines per function; one of them may be edited."""
    parts = [_FUNCTION.format(number, 5 if number == edited else 3) for number in range(functions)]
    return (
        "import math\n"
        + "".join(parts)
        + "\ndef helper(a, b):\n    return a - b if a > b else b - a\n\nwork_0([1, 2])\n"
    )


def rows() -> list[Row]:
    """Ten rows."""
    return [_cold(), _cached(), *_edit(), *_passes()]


def _best(work: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    """The median of rounds, each after what ``before`` does unmeasured."""
    taken = []
    for _ in range(ROUNDS):
        before()
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return statistics.median(taken)


def _cold() -> Row:
    source = program(9)

    def work() -> None:
        module = compile_source(source)
        nbc.verify(module)
        nbc.encode(module)
        compile_module(module, "")

    taken = _best(work, fragments._kept.clear)
    name = "compile 100 lines, cold: source to verified NBC and code"
    return Row(name, show_time(taken), show_time(COLD_GOAL), taken / COLD_GOAL, "≤ 1.0")


def _cached() -> Row:
    from noodle_ray.core.runs.compiler import CompilerService
    from noodle_ray.core.runs.executor import Executor, Program
    from noodle_ray.core.runs.modules import ModuleStore

    async def measure(folder: str) -> float:
        nothing: Any = SimpleNamespace()  # no program is run
        executor = Executor(nothing, CompilerService(ModuleStore(Path(folder))), nothing)
        asked = Program(source=program(9))
        await executor.module(asked)
        taken = []
        for _ in range(200):
            started = time.perf_counter()
            await executor.module(asked)
            taken.append(time.perf_counter() - started)
        return statistics.median(taken)

    with tempfile.TemporaryDirectory() as folder:
        taken = asyncio.run(measure(folder))
    name = "compile 100 lines, cached: source to module"
    return Row(name, show_time(taken), show_time(CACHED_GOAL), taken / CACHED_GOAL, "≤ 1.0")


def _edit() -> list[Row]:
    """An edit of one function in 1,000 lines against a cold compilation: each stage, and all of them."""
    before, after = program(92), program(92, 40)
    old, new = compile_source(before), compile_source(after)
    encoded = nbc.encode(new)
    stages: list[tuple[str, Callable[[], object], Callable[[], object], Callable[[], object]]] = [
        ("source to module", lambda: _compiler().compile(after), lambda: compile_source(after), lambda: _knows(before)),
        ("module to NBC", lambda: nbc.encode(new), lambda: nbc.encode(new), lambda: None),
        ("NBC to module", lambda: nbc.decode(encoded), lambda: nbc.decode(encoded), lambda: None),
        ("verifying", lambda: verify_decoded(new), lambda: nbc.verify(new), lambda: _verified(old)),
        ("module to code", lambda: compile_module(new, ""), lambda: compile_module(new, ""), lambda: _coded(old)),
    ]
    rows = []
    ours = theirs = 0.0
    for name, edited, cold, first in stages:
        edit, whole = _best(edited, first), _best(cold, fragments._kept.clear)
        ours, theirs = ours + edit, theirs + whole
        rows.append(
            Row(
                f"1,000 lines after an edit of one function, against cold: {name}",
                show_time(edit),
                show_time(whole),
                edit / whole,
            )
        )
    name = "1,000 lines after an edit of one function, against cold: all of it"
    return [*rows, Row(name, show_time(ours), show_time(theirs), ours / theirs)]


_kept: list[IncrementalCompiler] = []


def _compiler() -> IncrementalCompiler:
    return _kept[-1]


def _knows(source: str) -> None:
    _kept[:] = [IncrementalCompiler()]
    _compiler().compile(source)


def _verified(module: Module) -> None:
    known._store.clear()
    verify_decoded(module)


def _coded(module: Module) -> None:
    fragments._kept.clear()
    compile_module(module, "")


def _passes() -> list[Row]:
    module = compile_source(program(9))
    plain = _best(lambda: compile_source(program(9)))
    passes = _best(lambda: optimize(module))
    gains = []
    for path in sorted((Path(__file__).parent / "programs").rglob("*.py")):
        try:
            source = compile_source(path.read_text())
        except Exception:  # one that is not written for Noodle
            continue
        gains.append(_gain(source))
    name = "all optimizer passes over 100 lines, against compiling them"
    run = f"programs of the benchmarks on the Python tier after all passes ({len(gains)}), against without"
    gain = statistics.geometric_mean(gains) if gains else 1.0
    return [Row(name, show_time(passes), show_time(plain), passes / plain), Row(run, "", "", gain)]


def _gain(module: Module) -> float:
    """Run time after all passes to run time without, the least of three alternating runs each."""
    optimized = optimize(module)
    pairs = []
    for _ in range(3):
        pairs.append([_seconds(which) for which in (module, optimized)])
    return min(after for _, after in pairs) / min(before for before, _ in pairs)


def _seconds(module: Module) -> float:
    outcome = execute(module, tier="python", seed=1)
    return float(outcome.usage["computing_seconds"])


if __name__ == "__main__":
    for row in rows():
        print(f"{row.name}: {row.ours} | {row.yardstick} | {row.ratio:.2f} {row.goal} {row.verdict}")
