"""Sources made to keep the checker busy: it ends soon, with or without findings."""

import time

import pytest

from noodle_ray.core.types import check


def _nested(line: str, depth: int) -> str:
    """So many blocks in each other, all opened by this line."""
    opened = "".join("    " * level + line.replace("N", str(level)) + "\n" for level in range(depth))
    return "x = [1]\n" + opened + "    " * depth + "x = [x]\n"


DEEP = {
    "or and and": "x = 1\nif " + "(" * 90 + "x" + " or x) and x)" * 45 + ":\n  pass",
    "formats": "x = " + '"%s" % (' * 90 + "1" + ")" * 90,
    "loops": _nested("for iN in x:", 18),
    "branches": _nested("if x[N]:", 90),
    "tries": "".join("    " * i + "try:\n" for i in range(18)) + "    " * 18 + "x = 1\n"
    + "".join("    " * i + "finally:\n" + "    " * (i + 1) + "y = 1\n" for i in reversed(range(18))),
    "lambdas": "f = " + "lambda a=(" * 60 + "1" + "): 1" * 60,
    "conditional expressions": "x = " + "(1 if y else " * 90 + "2" + ")" * 90 + "\ny = 1",
    "comprehensions": "x = " + "[y for y in " * 60 + "[1]" + "]" * 60,
    "a long sum": "x = " + " + ".join(["1"] * 5000),
    "a long or": "y = 0\nx = 1\nif " + " or ".join(["x"] * 3000) + ":\n  y = 1",
    "calls of calls": "def f(x): return x\ny = " + "f(" * 90 + "1" + ")" * 90,
    "functions that call each other": "\n".join(
        f"def f{i}(x): return [f{(i * 7 + 1) % 60}(x), f{(i * 11 + 3) % 60}((x, {i}))]" for i in range(60)
    ) + "\nf0(1)",
    "a chain of functions": "\n".join(f"def f{i}(x): return f{i + 1}(x + 1)" for i in range(600))
    + "\ndef f600(x): return x\nf0(1)",
}  # fmt: skip


@pytest.mark.parametrize("what", DEEP)
def test_checker_ends_soon_when_a_source_is_made_to_keep_it_busy(what: str) -> None:
    started = time.perf_counter()
    check(DEEP[what])
    assert time.perf_counter() - started < 5
