"""How many round trips a run takes for each shape of program, against the fewest that its data allow."""

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.host import EffectAnswer
from tests.vm.hosts import ScriptedHost, echo

HEAD = "from noodle_ray import model, ModelError\nm = model('m')\nXS = ['a', 'b', 'c', 'd']\n"

SHAPES = {
    "straight line": (1, 1, """
a = m('x')
b = m('y')
a + b
"""),
    "chain": (2, 2, """
m(m('x'))
"""),
    "both branches after each other": (1, 1, """
def f(c):
    a = m('x') if c else ''
    b = m('y')
    return a + b
f(1)
"""),
    "loop that appends": (1, 1, """
out = []
for x in XS:
    out.append(m(x))
out
"""),
    "loop in a function": (1, 1, """
def f(xs):
    out = []
    for x in xs:
        out.append(m(x))
    return out
f(XS)
"""),
    "loop that prints": (1, 1, """
for x in XS:
    print(x, m(x))
"""),
    "loop that sums": (1, 1, """
total = 0
for x in XS:
    total += len(m(x))
total
"""),
    "loop that counts": (1, 1, """
n = {}
for x in XS:
    y = m(x)
    n[y] = n.get(y, 0) + 1
n
"""),
    "loop that groups": (1, 1, """
n = {}
for x in XS:
    n.setdefault(m(x), []).append(x)
n
"""),
    "loop for the best": (1, 1, """
best = ''
for x in XS:
    y = m(x)
    if y > best:
        best = y
best
"""),
    "loop with a condition": (1, 1, """
out = []
for x in XS:
    if x != 'b':
        out.append(m(x))
out
"""),
    "loop with continue": (1, 1, """
out = []
for x in XS:
    if x == 'b':
        continue
    out.append(m(x))
out
"""),
    "loop with try": (1, 1, """
out = []
for x in XS:
    try:
        y = m(x)
    except ModelError as e:
        print(e)
        continue
    out.append(y)
out
"""),
    "loop in try": (1, 1, """
try:
    for x in XS:
        print(m(x))
except ModelError:
    print('at', x)
"""),
    "loop of two calls": (1, 1, """
out = []
for x in XS:
    a = m(x)
    b = m(x + '2')
    out.append(a + b)
out
"""),
    "loop of chains": (2, 2, """
out = []
for x in XS:
    a = m(x)
    b = m(a)
    out.append(b)
out
"""),
    "loop in a loop": (1, 1, """
out = []
for x in XS:
    for y in XS:
        out.append(m(x + y))
out
"""),
    "loop over parts": (1, 1, """
out = {}
for x in XS:
    parts = []
    for y in XS:
        parts.append(m(x + y))
    out[x] = parts
out
"""),
    "loop that waits for the last": (4, 4, """
y = ''
for x in XS:
    y = m(x + y)
y
"""),
    "loop that stops": (4, 4, """
for x in XS:
    if m(x) == 'd!':
        break
x
"""),
    "list comprehension": (1, 1, """
[m(x) for x in XS]
"""),
    "comprehension with two generators": (1, 1, """
[m(x + y) for x in XS for y in XS]
"""),
    "dict comprehension": (1, 1, """
{x: m(x) for x in XS}
"""),
    "set comprehension": (1, 1, """
sorted({m(x) for x in XS})
"""),
    "sum of a generator expression": (1, 1, """
sum(len(m(x)) for x in XS)
"""),
    "join of a generator expression": (1, 1, """
''.join(m(x) for x in XS)
"""),
    "any stops": (2, 2, """
any(m(x) == 'b!' for x in XS)
"""),
    "map of a model": (1, 1, """
list(map(m, XS))
"""),
    "map of a function": (1, 1, """
def f(x):
    return m(x)
list(map(f, XS))
"""),
    "sorted by a model": (1, 1, """
sorted(XS, key=lambda x: m(x))
"""),
    "max by a model": (1, 1, """
max(XS, key=lambda x: m(x))
"""),
    "filter by a model": (1, 1, """
list(filter(lambda x: m(x) != 'b!', XS))
"""),
    "helper in a loop": (2, 2, """
def f(x):
    return m(m(x))
out = []
for x in XS:
    out.append(f(x))
out
"""),
    "closure in a loop": (1, 1, """
def g(q):
    def f(x):
        return m(x + q)
    out = []
    for x in XS:
        out.append(f(x))
    return out
g('k')
"""),
    "helpers after each other": (1, 1, """
def f(x):
    y = m(x)
    return y + '.'
a = f('a')
b = f('b')
a + b
"""),
    "tree": (1, 1, """
def t(xs):
    if len(xs) == 1:
        return m(xs[0])
    h = len(xs) // 2
    return t(xs[:h]) + t(xs[h:])
t(XS)
"""),
    "asyncio.gather": (1, 1, """
import asyncio
async def f(x):
    return m(x)
async def g():
    return await asyncio.gather(*[f(x) for x in XS])
asyncio.run(g())
"""),
}  # fmt: skip
"""Of each shape: the fewest round trips, those it takes, and the program."""


class LockstepHost(ScriptedHost):
    """Answers all that waits at once."""

    def receive(self, timeout: float | None = None) -> list[EffectAnswer]:
        answers: list[EffectAnswer] = []
        while self.waiting:
            answers += super().receive(timeout)
        return answers


@pytest.mark.parametrize("name", SHAPES)
def test_round_trips_of_a_shape(name: str) -> None:
    fewest, taken, source = SHAPES[name]
    found = []
    for tier in ("interpreter", "python"):
        host = LockstepHost(echo)
        outcome = execute(compile_source(HEAD + source), tier=tier, host=host)
        assert outcome.error is None, outcome.error
        found.append(len(host.sent))
    assert found == [taken, taken]
    assert fewest <= taken
