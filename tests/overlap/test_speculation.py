"""Random programs that speculate show what they show without, and what is guessed is what may come."""

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc.costs import leaves
from noodle_ray.core.nbc.module import Module
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.fibers import Fibers, Future
from noodle_ray.core.vm.host import GUESSES, EffectRequest
from noodle_ray.core.vm.speculation import plan
from noodle_ray.core.vm.speculation.guesses import TRIES, Guesses
from noodle_ray.core.vm.speculation.plan import planned
from noodle_ray.core.vm.speculation.values import Candidate
from noodle_ray.errors import CompileError
from tests.overlap.compare import ShufflingHost
from tests.overlap.programs import HEADER, BranchPrograms, BranchToolPrograms, Programs

SEEDS = 240
GROUPS = 4
GUESSED = 1000


def asked(request: EffectRequest) -> tuple[str, str, str]:
    return request.model, repr(request.args), repr(request.kwargs)


class TellingHost(ShufflingHost):
    """Is told which calls may come, and notes how many of them did."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.guessed: dict[str, tuple[str, str, str]] = {}
        self.open: set[tuple[str, str, str]] = set()
        self.right = 0

    def send(self, requests: list[EffectRequest]) -> None:
        super().send(requests)
        for request in requests:
            self.right += asked(request) in self.open
            self.open.discard(asked(request))

    def guess(self, requests: list[EffectRequest]) -> None:
        for request in requests:
            assert not request.model.startswith("tool:")
            assert request.key not in self.guessed
            self.guessed[request.key] = asked(request)
            self.open.add(asked(request))

    def drop(self, keys: list[str]) -> None:
        for key in keys:
            self.open.discard(self.guessed[key])


def seen(module: Module, tier: str, seed: int, speculate: int) -> tuple[tuple[object, ...], TellingHost]:
    host = TellingHost(seed)
    outcome = execute(module, tier=tier, host=host, speculate=speculate)
    error = outcome.error and {
        **outcome.error,
        "traceback": [(frame["line"], frame["function"]) for frame in outcome.error["traceback"]],
    }
    counted = [outcome.usage[name] for name in ("fuel", "model_calls", "model_batches")]
    events = [(event["key"], event["model"]) for event in outcome.events]
    return (repr(outcome.result), outcome.stdout, error, counted, events, host.done, outcome.tier), host


@pytest.mark.parametrize("kind", [BranchPrograms, BranchToolPrograms])
@pytest.mark.parametrize("group", range(GROUPS))
def test_random_program_does_the_same_with_and_without(kind: type[Programs], group: int) -> None:
    guessed = right = 0
    for seed in range(group, SEEDS, GROUPS):
        source = kind(seed).program()
        try:
            module = compile_source(source)
        except CompileError:
            continue
        for tier in ("interpreter", "python"):
            without, _ = seen(module, tier, seed, 0)
            found, host = seen(module, tier, seed, GUESSED)
            assert found == without, source
            guessed += len(host.guessed)
            right += host.right
    assert guessed > 10
    assert right > 2


SHAPES = {
    "both branches": ("a1, b 1", """
def f(q):
    if m('c') == 'x':
        return m('a' + q)
    return m(f'b {q}')
f('1')
"""),
    "a conditional expression": ("1, 1.", """
def f(q):
    return m(q) if m('c') else m(q + '.')
f('1')
"""),
    "and, or": ("1, 1z", """
def f(q):
    return m('c') and m(q) or m(q + 'z')
f('1')
"""),
    "a loop's condition": ("2+", """
def f(q):
    while m('c') != 'no' and len(q) < 3:
        q = q + m(q + '+')
    return q
f('2')
"""),
    "nested branches": ("d1, e1, g", """
def f(q):
    if m('c') > 'x':
        if m('d' + q) > 'x':
            return m('e' + q)
    return m('g')
f('1')
"""),
    "texts of numbers": ("21", """
def f(n):
    if m('c'):
        return m(str(n + 1) + f'{n!r}')
f(1)
"""),
    "parts of data": ("xy", """
def f(row):
    if m('c'):
        return m(row['a'][0][:2])
f({'a': ['xyz']})
"""),
    "methods of texts": ("A-B", """
def f(row):
    if m('c'):
        return m('-'.join(row).strip().upper())
f(['a', 'b '])
"""),
    "globals": ("k", """
q = 'k'
def f():
    if m('c'):
        return m(q)
f()
"""),
    "inside try": ("1", """
def f(q):
    try:
        if m('c'):
            return m(q)
    except ModelError:
        return ''
f('1')
"""),
    "each of a list": ("1: a, 1: b", """
def f(q, docs):
    if m('c'):
        return [m(f'{q}: {d}') for d in docs]
f('1', ['a', 'b'])
"""),
    "a loop that overlaps": ("1a, 1b", """
def f(q, docs):
    out = []
    if m('c'):
        for d in docs:
            out.append(m(q + d))
    return out
f('1', ['a', 'b'])
"""),
    "a variable that functions share": ("1", """
def f(q):
    g = lambda: q
    if m('c'):
        return m(q)
    return g()
f('1')
"""),
    "one that is set again": ("", """
def f(q):
    def g():
        return q
    if m('c'):
        q = g() + g()
        return m(q)
f('1')
"""),
    "what depends on the condition": ("", """
def f():
    c = m('c')
    if c:
        return m(c)
f()
"""),
    "what is changed before": ("", """
def f(q):
    xs = [q]
    if m('c'):
        xs.append(q)
        return m(xs)
f('1')
"""),
    "a call of the program's own": ("", """
def g(q):
    return q
def f(q):
    if m('c'):
        return m(g(q))
f('1')
"""),
    "objects": ("", """
class C:
    def __str__(self):
        print('seen')
        return 'x'
def f(c):
    if m('c') == 'no':
        return m(str(c))
f(C())
"""),
    "a tool": ("", """
t = tool('t')
def f(q):
    if m('c'):
        return t(q)
f('1')
"""),
    "a variable that may be unbound": ("", """
def f(n):
    if n:
        q = '1'
    if m('c') == 'no':
        return m(q)
f(0)
"""),
    "what fails": ("", """
def f(q):
    if m('c') == 'no':
        return m(q[5] + str(1 // 0))
f('1')
"""),
    "a program that can tell when values are freed": ("", """
def f(q):
    if m('c'):
        return m(q)
def g():
    try:
        yield 1
    finally:
        print('freed')
f('1')
"""),
}  # fmt: skip
"""Programs, and the calls that are guessed while the first one waits."""


@pytest.mark.parametrize("tier", ["interpreter", "python"])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_guessed_of_a_shape(shape: str, tier: str) -> None:
    expected, source = SHAPES[shape]
    told: list[str] = []

    class First(TellingHost):
        def guess(self, requests: list[EffectRequest]) -> None:
            if not told:
                told.append(", ".join(str(request.args[0]) for request in requests))
            super().guess(requests)

    module = compile_source(HEADER.replace("ModelError", "ModelError, tool") + source)
    outcome = execute(module, tier=tier, host=First(1), speculate=GUESSED)
    assert outcome.error is None, outcome.error
    assert ("".join(told), outcome.stdout) == (expected, "")


def test_large_values_are_not_guessed() -> None:
    source = HEADER + "def f(q):\n    if m('c'):\n        return len(m(q))\nf('x' * 70_000)\n"
    host = TellingHost(1)
    assert execute(compile_source(source), host=host, speculate=GUESSED).error is None
    assert host.guessed == {}


@pytest.mark.parametrize("tier", ["interpreter", "python"])
@pytest.mark.parametrize(
    "source",
    [
        # a key of a class is compared with what is looked up
        "class K:\n    def __hash__(self):\n        return 7\n    def __eq__(self, other):\n"
        "        print(m('inside'))\n        return False\n"
        "def f(d, k):\n    if m('c') == 'no':\n        m(d[k])\nf({K(): 'z'}, 7)\n",
        # a large number among the arguments, and among their names' values, and made a text
        "def f(n):\n    if m('c') == 'no':\n        m('a', max_tokens=n)\n    m('b', [n])\nf(1 << 65)\n",
        "def f(n):\n    if m('c') == 'no':\n        m({n: 'a'})\n    m(str(n))\nf(1 << 65)\n",
    ],
)
def test_what_may_run_a_program_or_take_long_is_not_guessed(source: str, tier: str) -> None:
    module = compile_source(HEADER + source)
    found, host = seen(module, tier, 1, GUESSED)
    assert found == seen(module, tier, 1, 0)[0]
    assert host.guessed == {}


@pytest.mark.parametrize("tier", ["interpreter", "python"])
def test_guesses_of_classes_leave_fuel_as_it_is(tier: str) -> None:
    source = (
        "def one(a):\n    return a + 1\ndef f():\n    k = type(3)\n    s = 0\n    for i in range(9):\n"
        "        s = one(s)\n    if m('c') == 'no':\n        return m(str(k))\n    return s\nf()\n"
    )
    module = compile_source(HEADER + source)
    assert leaves(module)
    assert planned(module, "") is not module
    assert leaves(planned(module, "")) == leaves(module)
    assert seen(module, tier, 1, GUESSED)[0] == seen(module, tier, 1, 0)[0]


@pytest.mark.parametrize(
    "body",
    [
        "        n = n + n\n" * 60 + "        return m(str(n))\n",
        "        n = n + n if n < 5 else n - n\n" * 60 + "        return m(str(n))\n",
        "        n = (n, n)\n" * 60 + "        return [m(str(each)) for each in n]\n",
    ],
)
def test_expressions_that_share_parts_are_as_large_as_they_are_written_out(body: str) -> None:
    module = compile_source(HEADER + "def f(n):\n    if m('c') == 'no':\n" + body + "    return 0\nf(1)\n")
    assert planned(module, "") is module


def test_planning_a_module_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    part = "    if m('c') == 'no':\n        return m(q)\n"
    source = HEADER + "".join(f"def f{n}(q):\n{part * 3}    return 0\n" for n in range(20))
    module = compile_source(source)
    whole = sum(new is not old for new, old in zip(planned(module, "").functions, module.functions, strict=True))
    assert whole == 20
    monkeypatch.setattr(plan, "WORK", 300)
    some = sum(new is not old for new, old in zip(planned(module, "").functions, module.functions, strict=True))
    assert 0 < some < 20


def test_so_many_arguments_are_looked_at() -> None:
    host, most = TellingHost(1), GUESSES
    fibers = Fibers(host)
    fibers.current.outstanding[:] = [Future("k", "m")]
    known = Guesses(host, 1)
    unknown = Guesses(host, 1)
    call: Candidate = ("m", (("r", 0),), (), None)
    for _ in range(most * 2):
        known.guess(fibers, None, [call], ["a"])
    assert len(known._queue) == most
    for _ in range(most * TRIES):
        unknown.guess(fibers, None, [call], [object()])
    assert unknown.guess(fibers, None, [call], ["a"]) is None
    assert not unknown._queue


def test_guesses_are_bounded() -> None:
    source = HEADER + "def f():\n    for n in range(100):\n        if m('c') == 'no':\n            m(str(n))\nf()\n"
    host = TellingHost(1)
    assert execute(compile_source(source), host=host, speculate=2).error is None
    assert len(host.guessed) == 32
