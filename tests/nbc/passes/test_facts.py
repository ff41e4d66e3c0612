"""What analyses tell a tier: ranges of integers, indexes within bounds, receivers of methods."""

from noodle_ray.core.lang import compile_source
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
