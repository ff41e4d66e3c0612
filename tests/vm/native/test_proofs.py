"""Checks that range facts make superfluous: native code has them no longer, and none would ever have failed."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc.module import Instr
from noodle_ray.core.nbc.walk import flatten
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.native import may_run_native, memory
from noodle_ray.core.vm.native.emitter import HANDLERS, Emitter
from noodle_ray.core.vm.native.kinds import Callee, Kind, List
from noodle_ray.core.vm.native.proofs import Proofs
from noodle_ray.core.vm.native.support import AT, WORDS
from noodle_ray.core.vm.native.unit import Unit
from tests.vm.native.edges import Edges
from tests.vm.native.test_generated import seen

pytestmark = pytest.mark.skipif(not may_run_native(), reason="there is no native tier on this machine")
WRONG = -12345
BATCH = 8
FUEL = 10**6


def text(source: str, *kinds: Kind) -> str:
    """The LLVM text of a module's first function, without its entry."""
    module = compile_source(source)
    unit = Unit(module, lambda name: Callee(2) if name == "g" else 0, recursive=False)
    return unit.compile(module.functions[1], kinds).text.split("define ptr @entry")[0]


def bounds_checks(source: str, *kinds: Kind) -> int:
    """How many indexes native code compares with a length."""
    return text(source, *kinds).count("icmp ult")


def overflow_checks(source: str, *kinds: Kind) -> int:
    """How many operations native code watches for overflow."""
    return text(source, *kinds).count(".with.overflow.i64(i64 %")


INTEGERS = List("i")


def test_no_bounds_check_is_left_when_an_index_counts_through_the_list() -> None:
    source = "def f(xs):\n    s = 0.0\n    for i in range(len(xs)):\n        s += xs[i]\n    return s\n"
    assert bounds_checks(source, List("f")) == 0
    assert bounds_checks(source.replace("xs[i]", "xs[i + 1]"), List("f")) == 1


@pytest.mark.parametrize(
    ("loop", "index"),
    [
        ("range(n)", "i"),
        ("range(n)", "i + 1"),
        ("range(n + 1)", "i"),
        ("range(1, n + 1)", "i - 1"),
        ("range(n, 0, -1)", "i"),
        ("range(0, n, 3)", "i"),
        ("range(n)", "i // 2"),
        ("range(n)", "min(i, 7)"),
    ],
)
def test_no_bounds_check_is_left_when_the_list_was_made_that_long(loop: str, index: str) -> None:
    source = f"def f(n):\n    xs = [0] * (n + 1)\n    for i in {loop}:\n        xs[{index}] = 5\n    return xs\n"
    assert bounds_checks(source, "i") == 0
    assert bounds_checks(source.replace("(n + 1)\n", "(n - 1)\n"), "i") == 1


def test_no_bounds_check_is_left_in_a_matrix_that_was_made_with_its_rows() -> None:
    source = (
        "def f(n):\n    m = [[0] * n for _ in range(n)]\n    for i in range(n):\n        for j in range(n):\n"
        "            m[i][j] = m[j][i]\n    return m\n"
    )
    assert bounds_checks(source, "i") == 0
    assert bounds_checks(source.replace("m[i][j] = m[j][i]", "m[i] = m[j]; m[i][j] = 0"), "i") == 1


def test_a_check_stays_when_the_list_may_have_become_shorter() -> None:
    source = "def f(xs):\n    for i in range(len(xs)):\n        xs[i] = 0\n        {}\n    return xs\n"
    assert bounds_checks(source.format("pass"), INTEGERS) == 0
    assert bounds_checks(source.format("xs.append(1)"), INTEGERS) == 0
    assert bounds_checks(source.format("xs.pop()"), INTEGERS) == 1


def test_no_bounds_check_is_left_where_every_list_that_a_variable_can_be_is_long_enough() -> None:
    source = (
        "def f(b):\n    before = [j for j in range(len(b) + 1)]\n    for i in range(9):\n"
        "        row = [0] * (len(b) + 1)\n"
        "        for j in range(len(b)):\n            row[j + 1] = before[j]\n        before = row\n    return before\n"
    )
    assert bounds_checks(source, INTEGERS) == 0
    assert bounds_checks(source.replace("before = row", "before = [0]"), INTEGERS) == 1


def test_no_overflow_check_is_left_where_operands_are_narrow() -> None:
    source = "def f(n):\n    s = 1\n    for i in range(n):\n        s = (s * 1103515245 + 12345) % {}\n    return s\n"
    assert overflow_checks(source.format("2147483648"), "i") == 0
    assert overflow_checks(source.format("(1 << 40)"), "i") == 2


def test_a_loop_s_counter_is_as_small_as_any_run_is_short() -> None:
    source = "def f(n):\n    s = 0.5\n    for i in range(n):\n        s += i * {} / 3\n    return s\n"
    assert overflow_checks(source.format("1000"), "i") == 0
    assert overflow_checks(source.format("i"), "i") == 1


def test_an_integer_that_is_a_double_needs_no_check_when_it_meets_one() -> None:
    source = (
        "def f(x, n):\n    s = 0\n    for i in range(n):\n        if {} / 7 > x:\n            s += 1\n    return s\n"
    )
    checks = "icmp ule i64"
    assert text(source.format("i"), "f", "i").count(checks) == 0
    assert text(source.format("(i * 3)"), "f", "i").count(checks) == 1
    assert text(source.format("i").replace("/ 7", "* 3"), "f", "i").count(checks) == 1


def test_counters_need_no_overflow_check() -> None:
    source = "def f(n):\n    c = 0\n    while n > 1:\n        n //= 2\n        c += {}\n    return c\n"
    assert overflow_checks(source.format("1"), "i") == 0
    assert overflow_checks(source.format("c"), "i") == 1


@pytest.fixture
def audited(monkeypatch: pytest.MonkeyPatch) -> Callable[[], tuple[int, bool]]:
    """Puts the checks that were proved superfluous back, leading to a mark. How many there were; whether one failed."""
    contexts: list[Any] = []
    claims = [0]
    for op in ("index", "setindex", "binop", "inplace", "cmp"):
        monkeypatch.setitem(HANDLERS, op, _checking(HANDLERS[op], claims))
    compose, make = Emitter.text, memory.Context.__init__

    def marked(emitter: Emitter, result: Kind) -> str:
        place = f"%w = getelementptr i8, ptr %ctx, i64 {AT['depth']}"
        mark = f"wrong:\n  {place}\n  store i64 {WRONG}, ptr %w\n  br label %bail"
        return compose(emitter, result).replace("\nbail:\n", f"\n{mark}\nbail:\n")

    def kept(context: memory.Context) -> None:
        make(context)
        contexts.append(context)

    monkeypatch.setattr(Emitter, "text", marked)
    monkeypatch.setattr(memory.Context, "__init__", kept)
    depth = WORDS.index("depth")
    return lambda: (claims[0], any(context.words[depth] == WRONG for context in contexts))


def _checking(handler: Callable[[Emitter, Instr], None], claims: list[int]) -> Callable[[Emitter, Instr], None]:
    def check(emitter: Emitter, instr: Instr) -> None:
        proofs, mark = emitter.proofs, len(emitter.lines)
        emitter.proofs = Proofs()
        handler(emitter, instr)
        emitter.proofs = proofs
        if id(instr) in proofs.fits | proofs.within or (instr.op == "cmp" and id(instr) in proofs.exact):
            claims[0] += 1
            emitter.lines[mark:] = [line.replace("label %bail", "label %wrong") for line in emitter.lines[mark:]]

    return check


@pytest.mark.parametrize("first", range(0, 48, BATCH))
def test_no_check_that_was_left_out_would_have_failed(first: int, audited: Callable[[], tuple[int, bool]]) -> None:
    claimed = agree(range(first, first + BATCH), audited)
    assert claimed > BATCH


@pytest.mark.parametrize("first", range(0, 48, BATCH))
def test_program_at_the_edges_agrees_with_the_python_tier(first: int) -> None:
    agree(range(first, first + BATCH), lambda: (0, False))


def agree(seeds: Sequence[int], audit: Callable[[], tuple[int, bool]]) -> int:
    """Programs give the same on both tiers; how many checks were left out in them."""
    for seed in seeds:
        source = Edges(seed).program()
        module = compile_source(source)
        assert seen(module, "native", "", FUEL) == seen(module, "python", source, FUEL), f"seed {seed}:\n{source}"
        assert not audit()[1], f"seed {seed}:\n{source}"
    return audit()[0]


def test_the_audit_notices_a_fact_that_does_not_hold(
    monkeypatch: pytest.MonkeyPatch, audited: Callable[[], tuple[int, bool]]
) -> None:
    from noodle_ray.core.vm.native import unit

    source = (
        "def f(xs, i):\n    for j in range(3):\n        i += xs[i]\n    return i\n"
        "try:\n    f([1, 2, 3], 7)\nexcept IndexError:\n    pass\n"
    )
    module = compile_source(source)
    everything = frozenset(map(id, flatten(module.functions[1].body)))
    monkeypatch.setattr(unit, "prove", lambda *_: Proofs(*[everything] * 6))
    assert execute(module, tier="native").error is None
    assert audited() == (2, True)


def test_a_loop_that_calls_a_leaf_is_paid_for_ahead_and_keeps_its_facts() -> None:
    source = (
        "def f(xs):\n    s = 0.0\n    for i in range(len(xs)):\n        s += g(xs[i])\n    return s\n"
        "def g(x):\n    return {}\n"
    )
    loop = text(source.format("x * x"), List("f"))
    assert (loop.count("icmp ult"), loop.count("@pay("), loop.count("@pay_some(")) == (0, 1, 1)
    loop = text(source.format("float(sum([x]))"), List("f"))
    assert (loop.count("icmp ult"), loop.count("@pay_some(")) == (1, 0)
