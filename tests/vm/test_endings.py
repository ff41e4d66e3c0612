"""How a program ends that ends itself, and numbers that must be the same in every run."""

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm.execute import Outcome, execute

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
