"""What analyses tell a tier: ranges of integers, indexes within bounds, receivers of methods."""

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc import from_text, to_text, verify
from noodle_ray.core.nbc.module import Instr
from noodle_ray.core.nbc.passes import facts
from noodle_ray.core.nbc.passes.methods import method_facts
from noodle_ray.core.nbc.passes.ranges import range_facts
from noodle_ray.core.nbc.walk import flatten


def ranges(source: str, params: dict[int, str] | None = None) -> tuple[list[str], list[str]]:
    """The source texts of operations in function 1 that fit 64 bits, and of indexes that are within bounds."""
    function = compile_source(source).functions[1]
    found = range_facts(function, params)
    instructions = list(flatten(function.body))
    lines = source.split("\n")

    def text(instr: Instr) -> str:
        line, start, _, end = instr.span
        return lines[line - 1][start:end]

    return [text(instructions[at]) for at in sorted(found.fits)], [
        text(instructions[at]) for at in sorted(found.within)
    ]


def test_a_counter_and_what_is_added_to_it_fit() -> None:
    fits, _ = ranges(
        "def f(n):\n    for i in range(n):\n        a = i + 1\n        b = i * 2\n        c = i * i + 1\n    return 0\n"
    )
    assert fits == ["i + 1"]  # i * 2 can be 2**64 - 2, as far as is known


def test_a_counter_with_a_constant_bound_has_narrow_products() -> None:
    fits, _ = ranges("def f():\n    for i in range(1000):\n        b = i * i * i + 7\n    return 0\n")
    assert fits == ["i * i", "i * i * i", "i * i * i + 7"]


def test_a_sum_that_grows_in_a_loop_does_not_fit() -> None:
    fits, _ = ranges("def f():\n    s = 0\n    for i in range(1000):\n        s += i\n    return s\n")
    assert fits == []


def test_a_while_loop_s_condition_bounds_its_counter() -> None:
    source = "def f(n, a):\n    i = 0\n    while i < n:\n        i += 1\n    return i\n"
    assert ranges(source, {0: "int"})[0] == ["i += 1"]
    assert ranges(source)[0] == []  # n may be a float, or anything


def test_remainders_and_shifts() -> None:
    source = "def f(n):\n    a = n % 10\n    b = a << 3\n    c = n // 2\n    d = n & 255\n    return a - b + c\n"
    fits, _ = ranges(source, {0: "int"})
    assert fits == ["n % 10", "a << 3", "n // 2", "n & 255", "a - b", "a - b + c"]


def test_indexes_of_a_counter_over_a_list_s_length_are_within_bounds() -> None:
    source = "def f(a):\n    s = 0.0\n    for i in range(len(a)):\n        s += a[i]\n        a[i] = s\n    return s\n"
    assert ranges(source)[1] == ["a[i]", "a[i]"]
    assert ranges(source.replace("range(len(a))", "range(1, len(a))"))[1] == ["a[i]", "a[i]"]


def test_a_while_loop_over_a_list_s_length() -> None:
    source = (
        "def f(a):\n    i = 0\n    n = len(a)\n    while i < n:\n        a[i] = 0\n        i += 1\n    return a[i]\n"
    )
    assert ranges(source)[1] == ["a[i]"]


def test_what_may_change_the_length_or_the_index_ends_the_fact() -> None:
    source = "def f(a, g):\n    for i in range(len(a)):\n        {}\n        x = a[i]\n    return 0\n"
    assert ranges(source.format("pass"))[1] == ["a[i]"]
    for change in ("a.append(1)", "g()", "a = [1]", "i += 1", "a[1:2] = []", "a += [1]", "del a[0]"):
        assert ranges(source.format(change))[1] == []


def test_a_length_taken_before_the_list_changed_says_nothing() -> None:
    source = "def f(a):\n    r = range(len(a))\n    a.pop()\n    for i in r:\n        x = a[i]\n    return 0\n"
    assert ranges(source)[1] == []


def test_a_branch_bounds_what_it_tests() -> None:
    source = "def f(i, a):\n    if i >= 0:\n        if i < len(a):\n            return a[i]\n    return a[i]\n"
    assert ranges(source, {0: "int"})[1] == ["a[i]"]


def test_a_number_times_a_list_is_no_number() -> None:
    source = (
        "def f(short):\n    a = [0] * 9\n    m = [a, a]\n    x = 1\n    x = x * short\n    m[0] = x\n    r = m[0]\n"
        "    return r[8]\n"
    )
    assert "r[8]" in ranges(source.replace("m[0] = x", "m[0] = 1"), {0: "list"})[1]
    assert "r[8]" not in ranges(source, {0: "list"})[1]


def test_a_comprehension_over_a_list_that_grows_has_no_known_length() -> None:
    source = (
        "def f(xs):\n    zs = [0] * len(xs)\n    ys = [x for x in xs if {}]\n    for i in range(len(ys)):\n"
        "        zs[i]\n    return 0\n"
    )
    assert ranges(source.replace(" if {}", ""), {0: "list"})[1] == ["zs[i]"]
    assert ranges(source.replace("[x for x in xs if {}]", "[xs.append(x) for x in xs]"), {0: "list"})[1] == []


def test_a_call_that_resizes_nothing_may_put_another_list_into_a_list() -> None:
    source = "def f(g):\n    a = [0] * 9\n    m = [a, a]\n    {}\n    r = m[0]\n    return r[8] + a[8]\n"
    for statement, proved in (("g", ["m[0]", "r[8]", "a[8]"]), ("g(m)", ["m[0]", "a[8]"])):
        text = source.format(statement)
        function = compile_source(text).functions[1]
        found = range_facts(function, calm=lambda instr: True).within
        lines = text.split("\n")
        spans = [instr.span for at, instr in enumerate(flatten(function.body)) if at in found]
        assert [lines[line - 1][start:end] for line, start, _, end in spans] == proved


NO_COMPILER_MAKES = """\
nbc 2

function 0 <module>  @1:0-9:0
  registers 1
  code
    r0 = func f1 ()  @1:0-9:0
    return r0  @1:0-1

function 1 f  @1:0-9:0
  param pos xs
  registers 16
  locals xs
  code
    r1 = const 0  @1:0-1
    r2 = callb len (r0) ()  @1:0-1
    r3 = callb range (r2) ()  @1:0-1
    r4 = list (r1)  @1:0-1
    r5 = binop * r4 r2  @1:0-1
    r6 = comp list  @1:0-1
{}    r10 = callb len (r6) ()  @1:0-1
    r11 = callb range (r10) ()  @1:0-1
    r12 = for r11  @1:0-1
      r13 = index r5 r12  @1:0-1
    r14 = for r3  @1:0-1
      r15 = index r6 r14  @1:0-1
    return r1  @1:0-1
"""
"""A list as long as another, and a comprehension that is said to be: both are read with the other's indexes."""


@pytest.mark.parametrize(
    ("comprehension", "proved"),
    [
        ("      r7 = for r3\n        emit r7\n", 2),
        ("      r7 = for r3\n        emit r7\n        break\n", 0),
        ("      emit r1\n      r7 = for r3\n        emit r7\n", 0),
        ("      r7 = for r3\n        emit r7\n        emit r7\n", 0),
        ("      r7 = for r3\n        if r7\n          emit r7\n", 0),
    ],
)
def test_a_comprehension_s_length_is_known_only_if_it_emits_once_in_each_round(comprehension: str, proved: int) -> None:
    block = comprehension.replace("\n", "  @1:0-1\n")
    module = from_text(NO_COMPILER_MAKES.format(block))
    verify(module)
    assert len(range_facts(module.functions[1], {0: "list"}).within) == proved


def test_rows_that_a_comprehension_made_shorter_have_no_known_length() -> None:
    source = "def f(n):\n    m = [[0, 0] for _ in range(3)]\n    r = m[1]\n    return r[1]\n"
    assert ranges(source)[1] == ["m[1]", "r[1]"]
    module = compile_source(source)
    function = module.functions[1]
    text = to_text(module)
    row = next(line for line in text.splitlines() if "emit" in line)
    name = row.split()[1]
    shorter = f"{row}\n{row.replace(f'emit {name}', f'r99 = callm {name} pop () ()')}"
    changed = from_text(text.replace(row, shorter).replace(f"registers {function.registers}", "registers 100"))
    verify(changed)
    assert len(range_facts(changed.functions[1]).within) == 1


def test_receivers_of_methods() -> None:
    source = (
        "def f(x):\n    xs = []\n    xs.append(1)\n    ' '.join(xs).upper().split()\n    x.append(2)\n"
        "    y = {}\n    y = [] if x else y\n    y.copy()\n    return xs\n"
    )
    function = compile_source(source).functions[1]
    instructions = list(flatten(function.body))
    found = [(instructions[at].args[2], kind) for at, kind in sorted(method_facts(function).items())]
    assert found == [("append", "list"), ("join", "str"), ("upper", "str"), ("split", "str")]


def test_facts_as_noodle_compile_shows_them() -> None:
    source = (
        "def f(a, x):\n    xs = []\n    for i in range(len(a)):\n        xs.append(a[i] + i % 7)\n"
        "    x.append(0)\n    return ' '.join(xs)\n"
    )
    module = compile_source(source)
    assert dict(facts(module)) == {
        "ranges": "f1 f 4:18 index: within bounds\nf1 f 4:25 binop: fits 64 bits\n",
        "methods": "f1 f 4:8 callm: list.append\nf1 f 6:11 callm: str.join\n",
    }
