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
    "model as a parameter": (1, 1, """
def f(q, xs):
    return [q(x) for x in xs]
f(m, XS)
"""),
    "loop that calls a parameter": (1, 1, """
def h(x):
    return m(x) + '.'
def f(q, xs):
    out = []
    for x in xs:
        out.append(q(x))
    return out
f(h, XS)
"""),
    "several functions as a parameter": (2, 3, """
def h(x):
    return m(x) + '.'
def f(q, xs):
    return [q(x) for x in xs]
f(m, XS) + f(str, XS) + f(lambda x: h(x), f(h, XS))
"""),
    "parameter with a default": (1, 1, """
def f(xs, q=None):
    q = q or m
    return [q(x) for x in xs]
f(XS)
"""),
    "closure of a factory": (1, 1, """
def make(q):
    def f(x):
        return q(x)
    return f
f = make(m)
[f(x) for x in XS]
"""),
    "partial": (1, 1, """
from functools import partial
def h(p, x):
    return m(p + x)
f = partial(h, 'k')
[f(x) for x in XS]
"""),
    "another name of a model": (1, 1, """
def f(xs):
    q = m if len(xs) > 2 else str
    out = []
    for x in xs:
        out.append(q(x))
    return out
f(XS)
"""),
    "method": (1, 1, """
class A:
    def __init__(self, p):
        self.p = p
    def go(self, x):
        return m(self.p + x)
a = A('k')
[a.go(x) for x in XS]
"""),
    "method that calls others": (1, 1, """
class A:
    def __init__(self):
        self.ask = m
    def one(self, x):
        return self.ask(x)
    def all(self, xs):
        out = []
        for x in xs:
            out.append(self.one(x))
        return out
class B(A):
    def one(self, x):
        return super().one(x) + '.'
B().all(XS)
"""),
    "bound method as a key": (1, 1, """
class A:
    def go(self, x):
        return m(x)
sorted(XS, key=A().go)
"""),
    "method of a dataclass": (1, 1, """
from dataclasses import dataclass
@dataclass
class A:
    p: str
    def go(self, x):
        return m(self.p + x)
a = A('k')
[a.go(x) for x in XS]
"""),
    "methods after each other": (1, 1, """
class A:
    def go(self, x):
        return m(x) + '.'
a = A()
b = a.go('a')
c = a.go('b' + 'c')
b + c
"""),
    "helper between calls": (1, 1, """
def h():
    return m('b') + '.'
a = m('a')
b = h()
c = m('c')
a + b + c
"""),
    "recursion in an expression": (1, 1, """
def f(xs):
    if not xs:
        return []
    return [m(xs[0])] + f(xs[1:])
f(XS)
"""),
    "generator that a list is made of": (1, 1, """
def g(xs):
    for x in xs:
        yield m(x)
list(g(XS))
"""),
    "generator that is joined": (1, 2, """
def g(xs):
    print('begins')
    for x in xs:
        y = m(x)
        print(y)
        yield y + '.'
    yield m('end')
def f(xs):
    return '-'.join(g(xs))
f(XS)
"""),
    "loop over a generator": (1, 4, """
def g(xs):
    for x in xs:
        yield m(x)
out = []
for y in g(XS):
    out.append(y)
out
"""),
    "loop over a generator that computes": (1, 1, """
def g(xs):
    for x in xs:
        if x != 'c':
            yield x + '.'
def f(xs):
    for i, y in enumerate(g(xs)):
        print(i, m(y))
f(XS)
"""),
    "loop over a generator that asks, too": (1, 5, """
def g(xs):
    for x in xs:
        yield m(x)
for y in g(XS):
    print(m(y))
"""),
    "comprehension over a generator": (1, 1, """
def g(xs):
    for x in xs:
        yield x + '.'
def f(xs):
    return [m(y) for y in g(xs)]
f(XS)
"""),
    "sum over a generator": (1, 1, """
def g(xs):
    for i in range(0, len(xs), 2):
        yield xs[i] + str(i)
def f(xs):
    return sum(len(m(y)) for y in g(xs))
f(XS)
"""),
    "loop over a generator that counts, remembers and calls": (1, 1, """
def mark(x):
    return f'{x.strip()}.'
def g(xs):
    n = 0
    before = ''
    seen = set()
    for i, x in enumerate(xs):
        if x in seen or i % 7 == 6:
            continue
        seen.add(x)
        n += 1
        yield before + mark(x) + str(n)
        before = x
def f(xs):
    for y in g(xs):
        print(m(y))
f(XS)
"""),
    "loop over a generator that never ends": (4, 4, """
def g(xs):
    while True:
        yield xs[0]
def f(xs):
    for i, y in enumerate(g(xs)):
        print(m(y))
        xs[i + 1]
try:
    f(XS)
except IndexError:
    pass
"""),
    "loop over a generator that is ended by raise": (2, 2, """
def g(xs):
    for x in xs:
        yield x
def f(xs):
    for y in g(xs):
        if m(y) == 'b!':
            raise ValueError(y)
try:
    f(XS)
except ValueError:
    pass
"""),
    "generator that may stop": (2, 2, """
def g(xs):
    for x in xs:
        yield m(x)
def f(xs):
    for y in g(xs):
        if y == 'b!':
            return y
f(XS)
"""),
    "generator that is kept": (1, 4, """
def g(xs):
    for x in xs:
        yield m(x)
k = g(XS)
list(k)
"""),
    "method that counts": (4, 4, """
class A:
    n = 0
    def go(self, x):
        self.n += 1
        return m(x + str(self.n))
a = A()
[a.go(x) for x in XS]
"""),
    "method of a subclass that prints": (4, 4, """
class A:
    def go(self, x):
        return m(x)
class B(A):
    def go(self, x):
        print(x)
        return m(x)
a = B()
[a.go(x) for x in XS]
"""),
    "method that is set": (4, 4, """
class A:
    def go(self, x):
        return m(x)
def loud(x):
    print(x)
    return m(x)
a = A()
a.go = loud
[a.go(x) for x in XS]
"""),
    "method that is set by a name": (1, 4, """
class A:
    def go(self, x):
        return m(x)
a = A()
setattr(a, 'g' + 'o', m)
[a.go(x) for x in XS]
"""),
    "parameter that may print": (4, 4, """
def loud(x):
    print(x)
    return m(x)
def f(q, xs):
    return [q(x) for x in xs]
f(loud, XS)
"""),
    "parameter out of a list": (1, 4, """
def f(q, xs):
    return [q(x) for x in xs]
f([m][0], XS)
"""),
    "function that is set again in the loop": (4, 4, """
def loud(x):
    print(x)
    return m(x)
q = m
out = []
for x in XS:
    out.append(q(x))
    q = loud
out
"""),
    "closure that counts": (4, 4, """
def make():
    n = 0
    def f(x):
        nonlocal n
        n += 1
        return m(x + str(n))
    return f
f = make()
[f(x) for x in XS]
"""),
    "loop that appends to an attribute's list": (1, 4, """
class R:
    def __init__(self):
        self.out = []
def f(r, xs):
    for x in xs:
        r.out.append(m(x))
    return r.out
f(R(), XS)
"""),
    "loop with while": (1, 4, """
i = 0
out = []
while i < len(XS):
    out.append(m(XS[i]))
    i += 1
out
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
