"""How a program ends that ends itself, and numbers that must be the same in every run."""

import subprocess
import sys

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm.execute import Outcome, execute
from noodle_ray.core.vm.limits import Limits

TIERS = ["interpreter", "python"]


def run(source: str, tier: str) -> Outcome:
    return execute(compile_source(source), tier=tier)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("exit_", ["raise SystemExit", "raise SystemExit(0)", "raise SystemExit(None)"])
def test_run_succeeds_when_it_exits_with(exit_: str, tier: str) -> None:
    outcome = run(f"print('on')\n{exit_}\nprint('off')", tier)
    assert (outcome.error, outcome.result, outcome.stdout) == (None, None, "on\n")


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(("code", "message"), [("2", "2"), ("'no input'", "no input"), ("(1, 2)", "(1, 2)")])
def test_run_fails_when_it_exits_with(code: str, message: str, tier: str) -> None:
    error = run(f"def f():\n    raise SystemExit({code})\nf()", tier).error
    assert error is not None
    assert (error["type"], error["message"]) == ("SystemExit", message)
    assert [frame["line"] for frame in error["traceback"]] == [3, 2]


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("name", ["KeyboardInterrupt", "GeneratorExit", "BaseException"])
def test_run_fails_when_nobody_catches_a(name: str, tier: str) -> None:
    error = run(f"try:\n    raise {name}('x')\nexcept Exception:\n    pass", tier).error
    assert error is not None
    assert (error["type"], error["message"]) == (name, "x")


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(("name", "code"), [("MemoryError", "NOODLE-E0402"), ("RecursionError", "NOODLE-E0404")])
def test_run_ends_as_at_a_limit_when_it_raises(name: str, code: str, tier: str) -> None:
    error = run(f"try:\n    raise {name}\nexcept BaseException:\n    x = 1\nfinally:\n    print('on')", tier)
    assert error.error is not None
    assert error.error["code"] == code
    assert error.stdout == ""


@pytest.mark.parametrize(
    "source",
    ["a, b = [], []\n[id(a), id(b), id(a)]", "hash('text'), hash(b'text'), hash(('a', 1)), hash(frozenset(['a', 'b']))",
     "class A:\n    pass\na = A()\nhash(a) == hash(a), hash(A), id(a)",
     "def f():\n    return 1\nhash(f), id(f), hash(None)"],
)  # fmt: skip
def test_numbers_are_the_same_in_each_run_of(source: str) -> None:
    results = [run(source, tier).result for tier in (*TIERS, *TIERS)]
    assert all(result == results[0] for result in results), results


def test_identities_differ_when_objects_live_at_one_address() -> None:
    assert run("len({id([i]) for i in range(50)})", "python").result == 50


LEAVING = """
def f(n):
    try:
        yield n
        yield n
    finally:
        print("end", n, late is None)
late = 1
"""
LEFT = {
    "globals": """
c = f('c'); a = f('a'); b = f('b')
next(a); next(b); next(c)
keep = [f('l1'), f('l2')]
next(keep[1]); next(keep[0])
_u = f('u'); next(_u)
_v = f('v'); next(_v)
print("done")
""",
    "containers": """
a = b = None
b = f('b'); a = f('a'); next(b); next(a)
keep = {1: f('d1'), 2: f('d2')}
next(keep[2]); next(keep[1])
class A: pass
o = A(); o.g = f('o.g'); next(o.g); o.h = f('o.h'); next(o.h)
t = (f('t1'), f('t2')); next(t[0]); next(t[1])
z = f('z'); next(z)
keep2 = [f('l1'), f('l2')]
next(keep2[0]); next(keep2[1])
""",
    "generators in cycles and in generators": """
def g():
    with_ = f('in g'); next(with_)
    yield 1
    yield 2
x = g(); next(x)
y = f('y'); next(y)
x2 = g(); next(x2)
class A:
    pass
a = A(); a.me = a; a.g = f('cyc'); next(a.g)
""",
    "an error": """
g = f('global'); next(g)
def inner(h):
    x = f('inner x'); y = f('inner y'); next(y); next(x)
    for z in f('loop'):
        1/0
def main():
    p = f('main p'); next(p)
    inner(p)
h = f('global h'); next(h)
main()
""",
    "an error and globals": """
keep = [f('l1'), f('l2')]
next(keep[0]); next(keep[1])
x = f('x'); next(x)
1/0
""",
}


@pytest.mark.parametrize("name", LEFT)
def test_generators_that_are_left_are_closed_as_when_cpython_ends(name: str) -> None:
    source = LEAVING + LEFT[name].lstrip()
    expected = subprocess.run([sys.executable, "-I", "-c", source], capture_output=True, text=True, check=False)
    assert "end" in expected.stdout
    for tier in TIERS:
        assert run(source, tier).stdout == expected.stdout


ENDLESS = {
    "fuel": ("NOODLE-E0401", "while True:\n            pass"),
    "output": ("NOODLE-E0405", "while True:\n            print(n)"),
    "generators that make others": ("NOODLE-E0401", "g = f(n)\n        next(g)"),
}


@pytest.mark.parametrize("end", ["g = f(1)\nnext(g)\n", "def main():\n    g = f(1)\n    next(g)\n    1 / 0\nmain()\n"])
@pytest.mark.parametrize("name", ENDLESS)
def test_limit_ends_what_a_generator_does_when_the_run_has_ended(name: str, end: str) -> None:
    code, body = ENDLESS[name]
    module = compile_source(f"def f(n):\n    try:\n        yield n\n    finally:\n        {body}\n{end}")
    seen = []
    for tier in TIERS:
        outcome = execute(module, tier=tier, limits=Limits(fuel=5000, output=500))
        assert outcome.error is not None
        assert (outcome.error["code"], outcome.result) == (code, None)
        seen.append((outcome.stdout, outcome.usage["fuel"]))
    assert seen[0] == seen[1]
