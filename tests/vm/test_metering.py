"""Fuel where loops are paid for ahead: what runs inside one after all, and what changes the loop's own length."""

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc import verify
from noodle_ray.core.nbc.module import Function, Instr, Module
from noodle_ray.core.vm.execute import Outcome, execute
from noodle_ray.core.vm.limits import Limits

AT = (1, 0, 1, 1)
PROGRAMS = {
    "a callback in for": "def f(x):\n    return x\nm = map(f, [1, 2, 3])\nz = 0\nfor y in m:\n    z += y\nz",
    "a callback in a comprehension": "def f(x):\n    return x\nm = map(f, [1, 2, 3])\n[y + 1 for y in m]",
    "a callback under enumerate": "def f(x):\n    return x\nm = enumerate(map(f, [1, 2]))\n[i + y for i, y in m]",
    "a callback in filter": "def f(x):\n    return x > 1\nm = filter(f, [1, 2, 3])\n[y for y in m]",
    "a callback in iter": "def f():\n    return x.pop()\nx = [0, 1, 2]\nm = iter(f, 0)\n[y for y in m]",
    "a callback in unpacking": (
        "def f(x):\n    return x\ni = 0\nms = [map(f, 'ab')] * 3\nwhile i < 1:\n    a, b = ms[i]\n    i += 1\n[a, b]"
    ),
    "a callback in a display": "def f(x):\n    return x\nm = map(f, [1, 2])\nfor i in zip([1, 2]):\n    q = [*m, i]\nq",
    "a callback in membership": "def f(x):\n    return x\nm = map(f, [1, 2])\nfor i in zip([1, 2]):\n    q = 2 in m\nq",
    "a callback with a loop of its own": (
        "def f(x):\n    i = 0\n    while i < x:\n        i += 1\n    return i\nm = map(f, [5, 6])\n[y for y in m]"
    ),
    "a callback that leaves two loops": (
        "def f(x):\n    for y in zip([x, x, x]):\n        if x:\n            raise ValueError\nm = map(f, [0, 1, 2])\n"
        "try:\n    for y in m:\n        z = y\nexcept ValueError:\n    z = 9\nz"
    ),
    "a method that charges": "s = set(range(500))\ni = 0\nwhile i < 3:\n    t = s | s\n    i += 1\nlen(t)",
    "a dict that grows": "d = {1: 1, 2: 2, 3: 3}\nfor k in d:\n    d['a'] = 1\n    break\nlen(d)",
    "a dict that grows under its loop": (
        "d = {1: 1, 2: 2, 3: 3}\ntry:\n    for k in d:\n        d['a'] = 1\nexcept RuntimeError:\n    k = 0\nk"
    ),
    "a range longer than a word": "for i in range(10**20):\n    if i > 3:\n        break\ni",
    "a range longer than a word, backwards": (
        "r = 0\nfor i in range(10**30, -(10**30), -7):\n    r += 1\n    if r > 4:\n        break\nr"
    ),
    "a conversion in an f-string": "x = ['a' * 1000]\nlen(f'{x!r} {x} {x!s} {x!a}')",
    "a function in a field with a width": "def f():\n    return 1\n[f'{f!r:>30}', f'{f!s:>30}|{f}', f'{[f]!a:<30}|']",
    "a small power of a large integer": "x = 10**4299\ny = 2\nx**2 == x**y and x**3 > 0",
}


def run(source: str, tier: str, fuel: int = 1_000_000) -> Outcome:
    return execute(compile_source(source), tier=tier, limits=Limits(fuel=fuel))


@pytest.mark.parametrize("name", PROGRAMS)
def test_fuel_is_equal_in_both_tiers_when_a_leaf_loop_has(name: str) -> None:
    one, two = run(PROGRAMS[name], "interpreter"), run(PROGRAMS[name], "python")
    assert one.error is None, one.error
    assert two.tier == "python"
    assert (two.result, two.error, two.usage["fuel"]) == (one.result, one.error, one.usage["fuel"])


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name.startswith("a callback")])
def test_fuel_trips_at_the_same_amount_when_a_leaf_loop_has(name: str) -> None:
    used = run(PROGRAMS[name], "interpreter").usage["fuel"]
    for tier in ("interpreter", "python"):
        assert run(PROGRAMS[name], tier, used).error is None
        for missing in (1, 2, 5, 9):
            error = run(PROGRAMS[name], tier, used - missing).error
            assert error is not None, (tier, missing)
            assert error["code"] == "NOODLE-E0401"


HAND_MADE = {
    "a handler whose types are a register": (
        Instr("bget", (0, "ValueError"), AT),
        Instr("try", ((Instr("callb", (1, "int", (0,), ()), AT),), (((), 0, None, ()),), (), ()), AT),
    ),
    "a comprehension whose variable is read after it": (
        Instr("const", (0, 5), AT), Instr("const", (1, "ab"), AT),
        Instr("comp", (2, "list", (Instr("for", (0, 1, (Instr("emit", (0,), AT),), ()), AT),)), AT),
        Instr("return", (0,), AT),
    ),
    "a comprehension whose variables are read after it": (
        Instr("const", (0, 5), AT), Instr("const", (1, (("a", "b"),)), AT),
        Instr("comp", (3, "list", (
            Instr("for", (2, 1, (Instr("unpack", (2, (0, 4)), AT), Instr("emit", (4,), AT)), ()), AT),
        )), AT),
        Instr("return", (0,), AT),
    ),
    "the name of the module": (Instr("gget", (0, "__name__"), AT), Instr("return", (0,), AT)),
    "a list added to itself": (Instr("list", (0, ()), AT), Instr("extend", (0, 0), AT)),
    "parts of a text that are no text": (
        Instr("bget", (0, "len"), AT), Instr("const", (1, 5), AT), Instr("concat", (2, (0, 1)), AT),
        Instr("return", (2,), AT),
    ),
    "a format's layout that is no text": (
        Instr("const", (0, 5), AT), Instr("format", (1, "", 0, 0), AT), Instr("return", (1,), AT),
    ),
    "a layout that would show an address": (
        Instr("bget", (0, "sorted"), AT), Instr("const", (1, ""), AT), Instr("format", (2, "", 1, 0), AT),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HAND_MADE)
def test_tiers_agree_when_a_hand_made_module_has(name: str) -> None:
    module = Module((Function("<module>", (), 5, (), (), (), HAND_MADE[name], AT),), (), ())
    verify(module)
    outcomes = [execute(module, tier=tier, limits=Limits(fuel=1000)) for tier in ("interpreter", "python")]
    seen = [(each.result, each.error, each.usage["fuel"]) for each in outcomes]
    assert seen[0] == seen[1]
    assert outcomes[1].tier == "python"
    assert "0x" not in str(seen)


@pytest.mark.parametrize("tier", ["interpreter", "python"])
@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1.5\nx <<= 1", "unsupported operand type(s) for <<=: 'float' and 'int'"),
        ("x = 5\nx %= []", "unsupported operand type(s) for %=: 'int' and 'list'"),
        ("x = []\nx %= []", "unsupported operand type(s) for %=: 'list' and 'list'"),
        ("def f(a, b):\n    a %= b\nf(1, None)", "unsupported operand type(s) for %=: 'int' and 'NoneType'"),
        ("def f(a, b):\n    a **= b\nf(1, '')", "unsupported operand type(s) for **=: 'int' and 'str'"),
        ("x = 2\nx **= ''", "unsupported operand type(s) for **=: 'int' and 'str'"),
    ],
)
def test_message_names_the_operator_in_place_when_it_fails(source: str, message: str, tier: str) -> None:
    error = run(source, tier).error
    assert error is not None
    assert error["message"] == message


@pytest.mark.parametrize("tier", ["interpreter", "python"])
@pytest.mark.parametrize("call", ["sum(X)", "any(X)", "max(X)", "min(X, key=abs)", "all(zip(X))", "sum(map(abs, X))"])
def test_fuel_trips_when_an_iterator_never_ends(call: str, tier: str) -> None:
    error = run(call.replace("X", "iter(int, 1)"), tier, 50_000).error
    assert error is not None
    assert error["code"] == "NOODLE-E0401"


@pytest.mark.parametrize("tier", ["interpreter", "python"])
def test_any_when_it_stops_early_leaves_the_rest_of_an_iterator(tier: str) -> None:
    source = "it = iter(range(5000))\n[any(x > 2 for x in it), any(it), next(it), sum(it), min([], default=7)]"
    assert run(source, tier).result == [True, True, 5, sum(range(6, 5000)), 7]
