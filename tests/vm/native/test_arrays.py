"""Arrays in native code: what it takes, what it leaves to the Python tier, and that nobody can tell the difference."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noodle_ray.core.lang import compile_source
from noodle_ray.core.sandbox.local import LocalWorker
from noodle_ray.core.vm.arrays import array
from noodle_ray.core.vm.execute import Outcome, execute
from noodle_ray.core.vm.limits import Limits
from noodle_ray.core.vm.native import may_run_native, sites
from tests.language.harness import observed
from tests.sandbox.programs import request

pytestmark = pytest.mark.skipif(not may_run_native(), reason="there is no native tier on this machine")
IMPORT = "from noodle_ray import array\n"
Entered = list[tuple[int, bool]]
Results = list[bool]


@pytest.fixture
def entered(monkeypatch: pytest.MonkeyPatch) -> Entered:
    """Each time native code was made for a function: the function's index, and whether there was some."""
    made: Entered = []
    make = sites.Sites._make

    def counted(self: sites.Sites, site: sites.Site, kinds: str) -> Any:
        entry = make(self, site, kinds)
        made.append((site.index, entry is not None))
        return entry

    monkeypatch.setattr(sites.Sites, "_make", counted)
    return made


@pytest.fixture
def failed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kinds of each entry that started over for arguments of these kinds."""
    kinds: list[str] = []
    note = sites.Sites._failed

    def noted(self: sites.Sites, site: sites.Site, entry: sites.Entry, args: tuple[object, ...]) -> Any:
        if sites.kinds_of(args) == entry.kinds:
            kinds.append(entry.kinds)
        return note(self, site, entry, args)

    monkeypatch.setattr(sites.Sites, "_failed", noted)
    return kinds


def agree(source: str, **limits: int) -> Outcome:
    """The outcome on the native tier, which is that of the others."""
    module = compile_source(IMPORT + source)
    outcomes = [execute(module, tier=tier, limits=Limits(**limits)) for tier in ("interpreter", "python", "native")]
    shown = [(observed(outcome), outcome.usage["fuel"]) for outcome in outcomes]
    assert shown[0] == shown[1] == shown[2]
    return outcomes[2]


NATIVE = {
    "reading": "def f(a):\n    s = 0.0\n    for i in range(len(a)):\n        s += a[i] * a[-1]\n    return s\n"
    "f(array([1.5, 2.5, 4.0]))",
    "every dtype": "def f(a, s):\n    for i in range(len(a)):\n        s = s + a[i]\n    return s\n"
    "[f(array([1, 0, 3], t), s) for t, s in (('float64', 0.0), ('float32', 0.0), ('int64', 0), ('bool', 0))]",
    "writing": "def f(a, b):\n    for i in range(len(a)):\n        b[i] = a[i] * 2 + i\n"
    "b = array.zeros(4)\nf(array([1, 2, 3, 4]), b)\nb",
    "writing every dtype": "def f(a, x):\n    for i in range(len(a)):\n        a[i] = x\n    return a\n"
    "[f(array([1, 0], t), x) for t, x in "
    "(('float64', 0.1), ('float32', 0.1), ('float64', 7), ('float32', 16777217), ('float64', True), ('float32', True), "
    "('int64', -3), ('int64', True), ('bool', True))]",
    "float32 rounds at each store": "def f(a):\n    for i in range(1, len(a)):\n"
    "        a[i] += a[i - 1] / 3\n    return a\n"
    "f(array([0.1, 0.2, 0.3, 1e30], 'float32'))",
    "float32 beyond its range": "def f(a):\n    for i in range(2):\n        a[i] = 1e300 * (1 - 2 * i)\n    return a\n"
    "f(array([0.5, 0.5], 'float32'))",
    "matrices": "def f(m):\n    for i in range(m.shape[0]):\n        for j in range(m.shape[1]):\n"
    "            m[i, j] = m[i, j] * 10 + m[j][i]\n    return m.size, m.ndim, len(m.shape)\n"
    "m = array([[1.0, 2.0], [3.0, 4.0]])\n(f(m), m)",
    "rows": "def g(r, k):\n    for j in range(len(r)):\n        r[j] += k\n"
    "def f(m):\n    for i in range(len(m)):\n        g(m[i], i)\n    return m[-1][-1]\n"
    "m = array([[1, 2], [3, 4], [5, 6]])\n(f(m), m)",
    "iteration": "def f(a):\n    s = 0.0\n    for x in a:\n        s = s * 0.5 + x\n    return s\n"
    "[f(array.arange(n)) for n in (0, 1, 255, 256, 1000)]",
    "iteration over what changes": "def f(a):\n    i = 0\n    for x in a:\n"
    "        a[len(a) - 1 - i] = x + 1\n        i += 1\n"
    "a = array([1, 2, 3, 4])\nf(a)\na",
    "iteration over rows that change": "def f(m):\n    s = 0\n    for r in m:\n        m[1, 0] += r[0]\n"
    "        s += r[1]\n"
    "    return s\nm = array([[1, 2], [3, 4], [5, 6]])\n(f(m), m)",
    "one memory twice": "def f(a, b):\n    for i in range(len(b)):\n        a[i] = b[i] + a[i]\n"
    "x = array([1, 2, 3, 4])\nf(x, x[1:])\nx",
    "made inside": "def f(n):\n    a = array.zeros(n)\n    for i in range(n):\n        a[i] = i / 2\n    return a\n"
    "[f(n).sum() for n in (0, 3, 255, 256, 1000)]",
    "a matrix made inside": "def f(n, m):\n    a = array.zeros((n, m))\n    for i in range(n):\n"
    "        a[i, i % m] = i\n"
    "    return a, a.shape\nf(3, 2)",
    "arrays of every dtype made inside": "def f(n):\n"
    "    a, b = array.zeros(n, 'float32'), array.zeros((n, 2), dtype='int64')\n"
    "    c, d = array.ones(n, 'bool'), array.ones(n)\n    for i in range(n):\n        a[i] = i / 3\n"
    "        b[i, 1] = i\n        c[i] = i > 1\n        d[i] += i\n    return a, b, c, d\nf(3)",
    "a name of a dtype that is not used": "def f(n):\n    t = 'bool'\n    s = 0\n    for i in range(n):\n"
    "        s += i\n    return s\nf(3)",
    "many made inside": "def f(n):\n    s = 0.0\n    for i in range(n):\n        a = array.zeros(3)\n        a[0] = s\n"
    "        s = a[0] + a[1] + 1\n    return s\nf(100)",
    "arrays and lists made inside": "def f(n):\n    keep = array.zeros(2)\n    s = 0.0\n    for i in range(n):\n"
    "        xs = [i] * 50\n        a = array.zeros(3)\n        a[0] = xs[1]\n"
    "        if i == 5:\n            keep = a\n"
    "        s += a[0] + keep[0]\n    return s, keep\nf(3000)",
    "one or the other": "def f(a, b, n):\n    for i in range(n):\n        c = a if i % 2 else b\n"
    "        c[i] = i\n    return c\n"
    "a, b = array.zeros(5), array.zeros(5)\n(f(a, b, 4) is a, a, b)",
    "the same object comes back": "def f(a):\n    for i in range(2):\n        a[i] = i\n    return a, a\n"
    "a = array([5, 5])\nb, c = f(a)\n(b is a, c is a, a)",
    "with lists": "def f(a, xs):\n    for i in range(len(a)):\n        xs[i] = a[i]\n        a[i] = 1.0\n"
    "    return xs\n"
    "a = array([0.5, 2.0])\n(f(a, [0.0, 0.0]), a)",
    "nothing in it": "def f(a, m):\n    s = 0\n    for x in a:\n        s += 1\n    for r in m:\n"
    "        s += len(r) + 10\n    return s\n"
    "f(array([]), array.zeros((2, 0)))",
    "an optional array": "def f(a, b):\n    s = 0.0\n    for i in range(len(a)):\n"
    "        s += a[i] if b is None else b[i]\n    return s\n"
    "f(array([1.5]), array([2.5]))",
}


@pytest.mark.parametrize("name", NATIVE)
def test_function_over_arrays_runs_natively(name: str, entered: Entered, failed: list[str]) -> None:
    outcome = agree(NATIVE[name])
    assert outcome.error is None
    assert entered
    assert all(made for _, made in entered)
    assert not failed


DOUBTS = {
    "bounds": "def f(a):\n    for i in range(9):\n        a[i] = i\nf(x)",
    "bounds below": "def f(a):\n    for i in range(9):\n        a[-i - 1] = i\nf(x)",
    "bounds of a column": "def f(a):\n    for i in range(9):\n        m[0, i] = i\nf(x)",
    "division by zero": "def f(a):\n    for i in range(3):\n        a[i] = 10 // a[2 - i]\nf(x)",
    "overflow": "def f(a):\n    for i in range(3):\n        a[i] = (a[i] + 1) * 2 ** 62\nf(x)",
    "a float in an array of ints": "def f(a):\n    for i in range(3):\n        a[i] = i / 2\nf(x)",
    "a large int": "def f(a, n):\n    for i in range(3):\n        a[i] = n\nf(x, 2 ** 63)",
    "an int in an array of bools": "def f(a):\n    for i in range(3):\n        a[i] = i\nf(b)",
    "a truth value as index": "def f(a):\n    for i in range(3):\n        a[i > 1] = 7\nf(x)",
    "one index of two": "def f(a):\n    for i in range(2):\n        a[i, 0] = 7\nf(x)",
    "a slice": "def f(a):\n    for i in range(3):\n        a[i:] = i\nf(x)",
    "arithmetic": "def f(a):\n    for i in range(3):\n        a = a + i\n    return a\nf(x)",
    "truth": "def f(a):\n    for i in range(3):\n        if a:\n            return i\nf(x)",
    "a row that is returned": "def f(a):\n    for i in range(2):\n        a[i, i] = 9\n    return a[1]\nf(m)",
    "a column": "def f(a):\n    for i in range(2):\n        a[i] = a[i] + 9\n    return a\nf(m[:, 1])",
    "backwards": "def f(a):\n    for i in range(2):\n        a[i] = 9\n    return a\nf(x[::-1])",
    "transposed": "def f(a):\n    for i in range(2):\n        a[i, 0] = 9\n    return a\nf(m.T)",
    "a negative size": "def f(n):\n    for i in range(3):\n        a = array.zeros(n - i)\n    return a\nf(1)",
    "a size that is no int": "def f(n):\n    for i in range(3):\n        a = array.zeros(n)\n    return a\nf(1.5)",
    "another dtype": "def f(n):\n    for i in range(3):\n        a = array.zeros(n, 'int8')\n    return a\nf(1)",
    "a dtype that is a value": "def f(n, t='bool'):\n    for i in range(3):\n        a = array.zeros(n, t)\n"
    "    return a\nf(2)",
    "a dtype that varies": "def f(n):\n    t = 'bool'\n    for i in range(3):\n        a = array.zeros(n, t)\n"
    "        t = 'int64'\n    return a\nf(2)",
    "a dtype that is returned": "def f(n):\n    for i in range(n):\n        pass\n    return 'bool', n\nf(2)",
    "a dtype that is tested": "def f(n):\n    t = 'bool'\n    for i in range(n):\n        n += 1 if t else 2\n"
    "    return t == 'bool', n\nf(2)",
    "the class in a tuple": "def f(n):\n    for i in range(n):\n        pass\n    return (array, n)[1]\nf(2)",
    "the class returned in a tuple": "def f(n):\n    for i in range(n):\n        pass\n    return array, n\n"
    "f(2)[0] is array",
    "too many arguments": "def f(n):\n    for i in range(3):\n        a = array.zeros(n, 'bool', 1)\n"
    "    return a\nf(2)",
    "another keyword": "def f(n):\n    for i in range(3):\n        a = array.zeros(n, kind='bool')\n    return a\nf(2)",
    "a list of arrays": "def f(rows):\n    s = 0\n    for r in rows:\n        s += r[0]\n    return s\nf([x, x])",
    "two types": "def f(a):\n    for i in range(2):\n        a[i] += 1\n    return a\n"
    "(f(x), f([1, 2]), f(m[0]), f(b * 1.5))",
    "an unknown attribute": "def f(a):\n    for i in range(2):\n        a.size\n    return a.T\nf(m)",
}


@pytest.mark.parametrize("name", DOUBTS)
def test_function_that_meets_a_doubt_starts_over_with_arrays_as_they_were(name: str) -> None:
    before = "x, m, b = array([1, 2, 0]), array([[1, 2], [3, 4]]), array([True, False, True])\nresult = None\n"
    body, call = DOUBTS[name].rsplit("\n", 1)
    agree(f"{before}{DOUBTS[name]}")
    agree(f"{before}{body}\ntry:\n    result = {call}\nexcept Exception as error:\n    print(error)\n(result, x, m, b)")


@pytest.mark.parametrize("fuel", [*range(20, 140, 7), 900, 2000])
def test_fuel_ends_at_the_same_point_with_arrays(fuel: int) -> None:
    source = """
def f(a, b):
    s = 0.0
    for x in b:
        s += x
    for i in range(len(a)):
        a[i] += s
        if i == 5:
            c = array.zeros(300)
            for r in c:
                s += r
    return s
print(1)
a = array.zeros(8)
print(f(a, array.arange(300.0)))
a
"""
    agree(source, fuel=fuel)


def test_array_of_an_abandoned_call_is_as_it_was_when_memory_is_shared() -> None:
    source = """
def f(a, b, c):
    for i in range(len(b)):
        a[i] = 100
        b[i] += c[0, i]
        c[1, i] = 10 // (2 - i)
x = array([1, 2, 3, 4])
m = array([[1, 2, 3], [4, 5, 6]])
try:
    f(x[:3], x[1:], m)
except ZeroDivisionError as error:
    print(error)
(x, m)
"""
    assert agree(source).result[0].tolist() != [1, 2, 3, 4]


def test_array_that_no_run_may_write_is_left_to_python(failed: list[str]) -> None:
    data = array([1.0, 2.0, 3.0])
    data._data.flags.writeable = False

    class Host:
        def send(self, requests: list[Any]) -> None:
            self.key = requests[0].key

        def receive(self, timeout: float | None = None) -> list[Any]:
            from noodle_ray.core.vm.host import EffectAnswer

            return [EffectAnswer(self.key, True, data)]

    write = "def f(a):\n    for i in range(3):\n        a[i] = 7.0\n"
    read = "def g(a):\n    s = 0.0\n    for i in range(3):\n        s += a[i]\n    return s\n"
    source = f"from noodle_ray import model\nm = model('m')\n{write}{read}v = m('x')\nprint(g(v))\nf(v)"
    outcome = execute(compile_source(source), tier="native", host=Host())
    assert outcome.stdout == "6.0\n"
    assert outcome.error is not None
    assert failed == ["Ad1"]
    assert data.tolist() == [1.0, 2.0, 3.0]


def test_memory_limit_trips_where_the_python_tier_does_when_arrays_are_made(failed: list[str]) -> None:
    source = "def f(n):\n    for i in range(3):\n        a = array.zeros(n)\n    return len(a)\nf(2_000_000)"
    outcome = agree(source, memory=8_000_000)
    assert outcome.error is not None
    assert outcome.error["code"] == "NOODLE-E0402"


def test_site_whose_calls_copy_much_and_do_little_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    source = """
def swap(a, i, j):
    for k in range(1):
        a[i], a[j] = a[j], a[i]
a = array.zeros(100_000)
for i in range(20_000):
    swap(a, i, i + 1)
"""
    closed: list[int] = []
    give_up = sites.Sites.give_up

    def noted(self: sites.Sites, site: sites.Site) -> None:
        closed.append(site.calls)
        give_up(self, site)

    monkeypatch.setattr(sites.Sites, "give_up", noted)
    execute(compile_source(IMPORT + source), tier="auto")
    assert closed
    assert max(closed) <= sites._TRIED


def test_sandboxed_worker_computes_with_arrays_natively() -> None:
    source = f"""{IMPORT}
def f(a, b):
    for i in range(len(a)):
        b[i] = a[i] * 2
    return b
f(array([1.0, 2.0], "float32"), array.zeros(2))
"""
    with LocalWorker(fork_server=True) as worker:
        outcome = worker.run(request(source)._replace(tier="native"))
    assert outcome["error"] is None
    assert outcome["result"] == [2.0, 4.0]
    assert outcome["tier"] == "native"


KERNEL = """
def f(a, b, n, k):
    t = 0.0
    for i in range(n):
        j = (i * k) % len(a)
        b[j - 1] = {expression}
        t += b[i % len(b)]
        a[i % len(a)] = b[j - 1]
    for x in a:
        t = t * 0.5 + x
    return t
"""
NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=32) | st.integers(-100, 100)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(NUMBERS, min_size=1, max_size=6),
    st.lists(NUMBERS, min_size=0, max_size=6),
    st.sampled_from(
        ["a[j] + b[j - 1]", "a[i] * 2", "b[j] - a[j]", "a[j] if a[j] > b[0] else b[-1]", "a[j] / b[j - 1]"]
    ),
    st.sampled_from(["float64", "float32"]),
    st.sampled_from(["float64", "float32"]),
    st.booleans(),
    st.integers(0, 2000),
)
def test_random_kernel_agrees_on_every_tier_at_any_fuel(
    first: list[float], second: list[float], expression: str, one: str, two: str, shared: bool, fuel: int
) -> None:
    numbers = [f"float({number!r})" if number != number or abs(number) == float("inf") else repr(float(number))
               for number in first + second]  # fmt: skip
    numbers = [number.replace("(nan)", "('nan')").replace("(inf)", "('inf')").replace("(-inf)", "('-inf')")
               for number in numbers]  # fmt: skip
    a, b = numbers[: len(first)], numbers[len(first) :]
    other = "a[1:]" if shared else f"array([{', '.join(b)}], '{two}')"
    source = f"""{KERNEL.format(expression=expression)}
a = array([{", ".join(a)}], '{one}')
b = {other}
try:
    print(f(a, b, 9, 3))
except Exception as error:
    print(type(error), error)
[str(a), str(b)]
"""
    agree(source)
    agree(source, fuel=fuel)


def test_random_integer_matrices_agree_on_every_tier() -> None:
    rng = random.Random(5)
    for _ in range(12):
        rows, width = rng.randrange(1, 5), rng.randrange(1, 5)
        m = [[rng.choice([0, 1, -7, 2**40, -(2**62)]) for _ in range(width)] for _ in range(rows)]
        agree(f"""
def f(m, t):
    s = 0
    for i in range(len(m)):
        for j in range(m.shape[1]):
            m[i, j] = m[i, j] * {rng.randrange(1, 4)} + t[j, i]
            s ^= m[i][j]
    for r in t:
        for x in r:
            s ^= x
    return s
m, t = array({m}), array({[list(c) for c in zip(*m, strict=True)]})
try:
    print(f(m, t))
except Exception as error:
    print(error)
(m, t)
""")
