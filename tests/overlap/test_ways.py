"""Ways on which a function gets to where it is called, or a generator is gone through, that none may be overlooked."""

import pytest

from tests.overlap.programs import HEADER
from tests.overlap.test_differential import differs

LATE = """
def late(self, x):
    y = m(x)
    print(x)
    return y
def late1(x):
    y = m(x)
    print(x)
    return y
"""

WAYS = {
    "the namespace of a metaclass": LATE
    + """
class M(type):
    def __new__(c, n, b, ns):
        ns['go'] = late
        return type.__new__(c, n, b, ns)
class A(metaclass=M):
    def go(self, x):
        return m(x)
a = A()
[a.go(x) for x in 'abc']
""",
    "__dict__": LATE
    + """
class A:
    def go(self, x):
        return m(x)
a = A()
a.__dict__['go'] = late1
[a.go(x) for x in 'abc']
""",
    "vars": LATE
    + """
class A:
    def go(self, x):
        return m(x)
a = A()
vars(a)['go'] = late1
[a.go(x) for x in 'abc']
""",
    "setattr": LATE
    + """
class A:
    def go(self, x):
        return m(x)
for n in ['go']:
    setattr(A, n, late)
a = A()
[a.go(x) for x in 'abc']
""",
    "object.__setattr__": LATE
    + """
class A:
    def go(self, x):
        return m(x)
a = A()
object.__setattr__(a, 'go', late1)
[a.go(x) for x in 'abc']
""",
    "a field": LATE
    + """
from dataclasses import dataclass
@dataclass
class A:
    go: object = m
a = A(late1)
[a.go(x) for x in 'abc']
""",
    "__dict__.update": LATE
    + """
class A:
    def __init__(self, **kw):
        self.__dict__.update(kw)
    def go(self, x):
        return m(x)
a = A(go=late1)
[a.go(x) for x in 'abc']
""",
    "a decorator of a class": LATE
    + """
def deco(c):
    c.go = late
    return c
@deco
class A:
    def go(self, x):
        return m(x)
a = A()
[a.go(x) for x in 'abc']
""",
    "__getattr__": LATE
    + """
class A:
    def __getattr__(self, n):
        return late1
class B:
    def go(self, x):
        return m(x)
a = A()
[a.go(x) for x in 'abc']
""",
    "nonlocal": LATE
    + """
def f():
    q = m
    def g():
        nonlocal q
        q = late1
    g()
    return [q(x) for x in 'abc']
f()
""",
    "*args of a function": LATE
    + """
def f(*fs):
    q = m
    q, = fs
    return [q(x) for x in 'abc']
f(late1)
""",
    "*args of a call": LATE
    + """
def f(q):
    return [q(x) for x in 'abc']
f(m), f(*[late1])
""",
    "keywords": LATE
    + """
def f(q):
    return [q(x) for x in 'abc']
f(m), f(q=late1), f(**{'q': late1})
""",
    "map": LATE
    + """
def f(q):
    return [q(x) for x in 'abc']
f(m), list(map(f, [late1]))
""",
    "an argument of a method": LATE
    + """
class A:
    def f(self, q):
        return [q(x) for x in 'abc']
A().f(m), A().f(late1)
""",
    "one of two results": LATE
    + """
def pick(c):
    if c:
        return late1
    return m
def f(c):
    q = pick(c)
    return [q(x) for x in 'abc']
f(1)
""",
    "a dict": LATE
    + """
fs = {'a': m, 'b': late1}
def f(n):
    q = fs[n]
    return [q(x) for x in 'abc']
f('b')
""",
    "a decorator": LATE
    + """
def deco(f):
    return late1
@deco
def g(x):
    return m(x)
[g(x) for x in 'abc']
""",
    "__call__": LATE
    + """
class C:
    def __call__(self, x):
        return late1(x)
def f(q):
    return [q(x) for x in 'abc']
f(m), f(C())
""",
    "send": LATE
    + """
def g():
    q = m
    while 1:
        q = yield [q(x) for x in 'abc']
k = g()
next(k)
k.send(late1)
""",
    "a coroutine": LATE
    + """
import asyncio
async def f(q):
    return [q(x) for x in 'abc']
asyncio.run(f(late1))
""",
    "an exception": LATE
    + """
class E(Exception):
    pass
def f():
    q = m
    try:
        raise E(late1)
    except E as q:
        q = q.args[0]
        return [q(x) for x in 'abc']
f()
""",
    "a member of a subclass": LATE
    + """
class A:
    def go(self, x):
        return m(x)
class B(A):
    go = late
A = B
a = A()
[a.go(x) for x in 'abc']
""",
    "generators that print": LATE
    + """
def g(xs):
    for x in xs:
        yield late1(x)
(list(g('abc')), sorted(g('cb')), tuple(g('xy')), ''.join(g('pq')))
""",
    "a generator that fails": """
def g(xs):
    for x in xs:
        print('a', x)
        yield m(x)
        print('b', 1 // (x != 'b'))
def f():
    try:
        return list(g('abc'))
    except ZeroDivisionError as e:
        print(e)
f()
""",
    "a generator with handlers": """
def g(xs):
    try:
        for x in xs:
            try:
                yield m(x)
            except ModelError as e:
                yield str(e)
            finally:
                print('f', x)
    finally:
        print('end')
    return 5
list(g('abcdefghijklmnop'))
""",
    "a generator that changes a global's list": """
log = []
def g(xs):
    for x in xs:
        log.append(x)
        yield m(x + str(len(log)))
(list(g('abc')), log)
""",
    "what yield gives": """
def g(xs):
    for x in xs:
        y = yield m(x)
        print(y)
list(g('abc'))
""",
    "defaults of a generator": """
def g(a, b='z'):
    for x in a:
        yield m(x + b)
(list(g('ab')), list(g('ab', 'c')), list(g(b='k', a='ab')))
""",
    "an argument that is missing": """
def g(a, b):
    yield m(a)
list(g('ab'))
""",
    "a recursive generator": """
def g(t):
    yield m(t)
    if len(t) > 1:
        h = len(t) // 2
        for x in list(g(t[:h])) + list(g(t[h:])):
            yield x
list(g('abcdef'))
""",
    "a generator that is not there yet": """
def f():
    return list(g('a'))
try:
    f()
except NameError as e:
    print(e)
def g(x):
    yield m(x)
f()
""",
    "a key behind a helper": """
def h(x):
    return m(x)
def f(x):
    a = h(x)
    b = max(x, key=lambda w: m(w))
    return a + b
f('abc')
""",
    "an append behind a helper": """
def h(x):
    return m(x)
def f(x):
    more = []
    a = h(x)
    more.append((a, m(x + 'z')))
    return more
f('abc')
""",
    "a method's arguments behind another call": """
class A:
    def go(self, x):
        return m(x)
def f(a, x):
    return max(a.go(str(x)), max(str(x), key=a.go)) + a.go(a.go(x) + 'k')
f(A(), 'abc')
""",
    "two comprehensions for one variable": """
def h(x):
    return m(x) + m(x + 'p')
def f(xs):
    for x in xs:
        y = [h(c) for c in x]
        y = '-'.join(y)
        y = [h(c + 't') for c in x]
        y = '-'.join(y)
        print(y)
f(['f', 'wx', 'jk', 'pq', 'ghi', 'ab', 'cde', 'xyz', 'lmn', 'vwopqr'])
""",
    "a loop over what may be a generator": """
def g(xs):
    for x in xs:
        print(x)
        yield x
def f(xs):
    return [m(x) for x in xs]
f('abc'), f(g('abc'))
""",
    "an error of a loop within try, in a program with generators": """
def g(xs):
    yield m(str(xs))
    yield m('2')
def f(xs):
    try:
        for x in xs:
            y = m(f'{x}:') + ''.join(g(str(x)[:3]))
            print(y)
    except ModelError as e:
        print('caught', e, x)
f(['ab']), f(['a', 'r', 'b']), f(['c', 'vwopqr', 'lmn', 'wx'])
""",
    "a key that the generator binds": """
def up(x):
    return x
def down(x):
    return -ord(x[0])
key = up
def g(xs):
    global key
    key = down
    for x in xs:
        yield m(x)
def f():
    global key
    found = sorted(g('abcef'), key=key)
    key = up
    return found
(f(), f())
""",
    "an order that the generator binds": """
flag = False
def g(xs):
    global flag
    flag = True
    for x in xs:
        yield m(x)
def f():
    return sorted(g('abcef'), reverse=flag)
(f(), f())
""",
    "an order that the generator binds in a function around": """
def run(then):
    then()
def g(xs, then):
    run(then)
    for x in xs:
        yield m(x)
def f():
    flag = False
    def then():
        nonlocal flag
        flag = not flag
    return sorted(g('abcef', then), reverse=flag)
f()
""",
    "a key that is not there": """
def g(xs):
    print('begun')
    for x in xs:
        yield m(x)
def f():
    return sorted(g('abc'), key=key)
try:
    f()
except NameError as e:
    print(e)
key = len
f()
""",
    "an iterator that ends within a generator: send": """
def k():
    try:
        yield 1
    except ValueError:
        pass
def step(h):
    h.__next__()
def g(xs):
    h = k()
    for x in xs:
        yield m(x)
        h.send(None)
def f():
    return list(g('abc'))
f()
""",
    "an iterator that ends within a generator: __next__": """
def k():
    try:
        yield 1
    except ValueError:
        pass
def step(h):
    h.__next__()
def g(xs):
    h = [1].__iter__()
    for x in xs:
        yield m(x)
        h.__next__()
def f():
    return list(g('abc'))
f()
""",
    "an iterator that ends within a generator: send by getattr": """
def k():
    try:
        yield 1
    except ValueError:
        pass
def step(h):
    h.__next__()
def g(xs):
    h = k()
    for x in xs:
        yield m(x)
        getattr(h, 'se' + 'nd')(None)
def f():
    return list(g('abc'))
f()
""",
    "an iterator that ends within a generator: next in a helper": """
def k():
    try:
        yield 1
    except ValueError:
        pass
def step(h):
    h.__next__()
def g(xs):
    h = k()
    for x in xs:
        yield m(x)
        step(h)
def f():
    return list(g('abc'))
f()
""",
    "an iterator that ends within a generator: next as a value": """
def k():
    try:
        yield 1
    except ValueError:
        pass
def step(h):
    h.__next__()
take = next
def g(xs):
    h = k()
    for x in xs:
        yield m(x)
        take(h)
def f():
    return list(g('abc'))
f()
""",
    "an iterator that ends within a generator: throw": """
def k():
    try:
        yield 1
    except ValueError:
        pass
def step(h):
    h.__next__()
def g(xs):
    h = k()
    for _ in h:
        break
    for x in xs:
        yield m(x)
        h.throw(ValueError(x))
def f():
    return list(g('abc'))
f()
""",
    "methodcaller of send": """
import operator
def k():
    yield 1
def g(xs):
    h = k()
    for x in xs:
        yield m(x)
        operator.methodcaller('send', None)(h)
list(g('abc'))
""",
    "send by a pattern": """
def k():
    yield 1
def g(xs):
    h = k()
    for x in xs:
        yield m(x)
        match h:
            case object(send=s):
                s(None)
list(g('abc'))
""",
    "the line of a generator that fails: list": """
def g(xs):
    for x in xs:
        yield m(x)
    1 // 0
def f():
    return list(
        g('abc'))
f()
""",
    "the line of a generator that fails: sorted": """
def g(xs):
    for x in xs:
        yield m(x)
    1 // 0
def f():
    return sorted(
        g('abc'), reverse=True)
f()
""",
    "the line of a generator that fails: join": """
def g(xs):
    for x in xs:
        yield m(x)
    1 // 0
def f():
    return ''.join(
        g('abc'))
f()
""",
    "getattr of __dict__": LATE
    + """
class A:
    def go(self, x):
        return m(x)
a = A()
getattr(a, '__dict__')['go'] = late1
[a.go(x) for x in 'abc']
""",
    "getattr of a computed name": LATE
    + """
class A:
    def go(self, x):
        return m(x)
a = A()
getattr(a, '__di' + 'ct__')['go'] = late1
[a.go(x) for x in 'abc']
""",
    "getattr of __setattr__": LATE
    + """
class A:
    def go(self, x):
        return m(x)
a = A()
getattr(a, '__setattr__')('go', late1)
[a.go(x) for x in 'abc']
""",
    "getattr as a value": LATE
    + """
class A:
    def go(self, x):
        return m(x)
a = A()
get = getattr
get(a, '__di' + 'ct__')['go'] = late1
[a.go(x) for x in 'abc']
""",
    "attrgetter": LATE
    + """
class A:
    def go(self, x):
        return m(x)
a = A()
import operator
operator.attrgetter('__dict__')(a)['go'] = late1
[a.go(x) for x in 'abc']
""",
    "attrgetter of two": LATE
    + """
class A:
    def go(self, x):
        return m(x)
a = A()
import operator
operator.attrgetter('go', '__di' + 'ct__')(a)[1]['go'] = late1
[a.go(x) for x in 'abc']
""",
    "methodcaller": LATE
    + """
class A:
    def go(self, x):
        return m(x)
a = A()
import operator
operator.methodcaller('__setattr__', 'go', late1)(a)
[a.go(x) for x in 'abc']
""",
    "a pattern for __dict__": LATE
    + """
class A:
    def go(self, x):
        return m(x)
a = A()
match a:
    case A(__dict__=d):
        d['go'] = late1
[a.go(x) for x in 'abc']
""",
    "getattr of a name of the program's": LATE
    + """
class A:
    def go(self, x):
        return m(x)
a = A()
get = getattr(a, 'go')
[get(x) for x in 'abc']
""",
    "members of an enum": LATE
    + """
from enum import Enum
class E(Enum):
    go = 1
    def __call__(self, x):
        return late1(x)
class A:
    def go(self, x):
        return m(x)
a = E
[E.go(x) for x in 'abc']
""",
    "__neg__ of a class": LATE
    + """
class A:
    def __neg__(self):
        return late1
def f(q):
    return [q(x) for x in 'abc']
f(m), f(-A())
""",
    "__invert__ of a class": LATE
    + """
class A:
    def __invert__(self):
        return late1
def f(q):
    return [q(x) for x in 'abc']
f(m), f(~A())
""",
    "__pos__ of a class": LATE
    + """
class A:
    def __pos__(self):
        return late1
def f(q):
    return [q(x) for x in 'abc']
f(m), f(+A())
""",
    "| of flags": LATE
    + """
from enum import Flag
class F(Flag):
    A = 1
    B = 2
    def __call__(self, x):
        return late1(x)
def f(q):
    return [q(x) for x in 'abc']
f(m), f(F.A | F.B)
""",
    "+ of deques": LATE
    + """
from collections import deque
class D(deque):
    def __call__(self, x):
        return late1(x)
def f(q):
    return [q(x) for x in 'abc']
f(m), f(D([1]) + D([2]))
""",
    "lower of a UserString": LATE
    + """
from collections import UserString
class S(UserString):
    def __call__(self, x):
        return late1(x)
def f(q):
    return [q(x) for x in 'abc']
f(m), f(S('A').lower())
""",
    "+ of deques whose class comes in": LATE
    + """
from collections import deque
def make(base):
    if base is None:
        base = object
    class D(base):
        def __call__(self, x):
            return late1(x)
    return D
D = make(deque)
def f(q):
    return [q(x) for x in 'abc']
f(m), f(D([1]) + D([2]))
""",
    "+ of sets": LATE
    + """
class D(set):
    def __call__(self, x):
        return late1(x)
def f(q):
    return [q(x) for x in 'abc']
f(m), f(D([1]) | D([2]))
""",
    "an attribute of an OSError": LATE
    + """
class A:
    def filename(self, x):
        return m(x)
a = OSError(1, 'x', late1)
[a.filename(x) for x in 'abc']
""",
    "an attribute of a TextWrapper": LATE
    + """
import textwrap
class A:
    def width(self, x):
        return m(x)
a = textwrap.TextWrapper(width=late1)
[a.width(x) for x in 'abc']
""",
    "an attribute of a JSONEncoder": LATE
    + """
import json
class A:
    def sort_keys(self, x):
        return m(x)
a = json.JSONEncoder(sort_keys=late1)
[a.sort_keys(x) for x in 'abc']
""",
    "a generator in a slice": """
def g(xs):
    for x in xs:
        print(x)
        yield x
def f(s):
    return [m(x) for x in s.stop]
f(slice(g('abde')))
""",
    "a generator in an error": """
def g(xs):
    for x in xs:
        print(x)
        yield x
def f(e):
    return [m(x) for x in e.filename]
f(OSError(1, 'x', g('abde')))
""",
    "a generator in an attribute that nothing sets": """
import re
def g(xs):
    for x in xs:
        print(x)
        yield x
class S(str):
    def __iter__(self):
        return g('abde')
def f(e):
    return [m(x) for x in e.string]
f(re.match('a', S('a')))
""",
    "a generator that prints, gone through by a loop": """
log = []
def gen(xs):
    for x in xs:
        print('g', x)
        yield x
def f(xs):
    for y in gen(xs):
        print(m(y))
f('abc')
log
""",
    "a generator that fails, gone through by a loop": """
log = []
def gen(xs):
    for x in xs:
        yield x
    1 // 0
def f(xs):
    for y in gen(xs):
        print(y, m(y))
f('abc')
log
""",
    "a generator that fails behind a call that fails": """
log = []
def gen(xs):
    for x in xs:
        yield x
    1 // 0
def f(xs):
    for y in gen(xs):
        print(y, m(y))
f('abde')
log
""",
    "a generator that fails in a comprehension": """
log = []
def gen(xs):
    for x in xs:
        yield x
    1 // 0
def f(xs):
    print([m(y) for y in gen(xs)])
f('abde')
log
""",
    "a generator whose loop's variables are seen by a handler": """
log = []
def gen(xs):
    for x in xs:
        yield x
    1 // 0
def f(xs):
    y = z = ''
    try:
        for y in gen(xs):
            z = m(y)
    except ZeroDivisionError as e:
        print(y, z, e)
f('abc')
log
""",
    "a generator that changes what it has yielded": """
log = []
def gen(xs):
    row = []
    for x in xs:
        row.append(x)
        yield row
def f(xs):
    for y in gen(xs):
        print(m(str(y)))
f('abc')
log
""",
    "a generator that changes what is in what it has yielded": """
log = []
def gen(xs):
    row = []
    for x in xs:
        row.append(x)
        yield {'row': [row]}
def f(xs):
    print([m(str(y)) for y in gen(xs)])
f('abc')
log
""",
    "a generator that changes it by another name": """
log = []
def gen(xs):
    a = []
    b = [a]
    for x in xs:
        b[0].append(x)
        yield a
def f(xs):
    print([m(str(y)) for y in gen(xs)])
f('abc')
log
""",
    "a generator that adds to what it has yielded": """
log = []
def gen(xs):
    row = []
    for x in xs:
        row += [x]
        yield row
def f(xs):
    for y in gen(xs):
        print(m(str(y)))
f('abc')
log
""",
    "a generator of functions of its variable": """
log = []
def gen(xs):
    for x in xs:
        yield lambda: x
def f(xs):
    fs = [(f, m(f())) for f in gen(xs)]
    print([f() for f, _ in fs], [y for _, y in fs])
f('abc')
log
""",
    "a generator over a list that the loop changes": """
log = []
def gen(xs):
    for x in xs:
        yield x
def f(xs):
    xs = list(xs)
    for y in gen(xs):
        z = m(y)
        if len(xs) < 6:
            xs.append('k')
        print(z)
f('abc')
log
""",
    "a generator that sees what the loop makes": """
log = []
def gen(xs):
    for x in 'abc':
        yield x + str(len(xs[0]))
def f(xs):
    out = []
    for y in gen([out]):
        out.append(m(y))
    print(out)
f('')
log
""",
    "a generator that sees a global which the loop changes": """
log = []
def gen(xs):
    for x in xs:
        yield x + str(len(log))
def f(xs):
    for y in gen(xs):
        log.append(m(y))
f('abc')
log
""",
    "a generator in a zip that ends before it": """
log = []
def gen(xs):
    for x in xs:
        yield x
    1 // 0
def f(xs):
    for y, z in zip(gen(xs), 'ab'):
        print(m(y + z))
f('abc')
log
""",
    "a generator whose length is in the way of the window": """
log = []
def gen(xs):
    for i in range(600):
        yield xs[0] + str(i)
    1 // 0
def f(xs):
    n = 0
    for y in gen(xs):
        n += len(m(y))
        if n % 50 == 0:
            print(y, n)
f('abc')
log
""",
    "a generator with handlers, gone through by a loop": """
log = []
def gen(xs):
    try:
        for x in xs:
            yield m(x)
    except ModelError as e:
        yield str(e)
def f(xs):
    for y in gen(xs):
        print(m(y))
f('abde')
log
""",
    "a generator of the arguments of another": """
log = []
def gen(xs):
    for x in xs:
        yield x
def f(xs):
    for y in gen(gen(xs)):
        print(m(y))
f('abc')
log
""",
    "a generator that hangs where the loop would not get": """
def gen():
    for x in 'abc':
        yield x
    while True:
        pass
def f():
    n = 0
    for y in gen():
        z = m(y)
        n += 1
        1 // (3 - n)
try:
    f()
except ZeroDivisionError as e:
    print('found', e)
1
""",
    "a generator that scans a long range": """
def gen():
    for i in range(10**12):
        if i < 4:
            yield str(i)
def f():
    n = 0
    for y in gen():
        z = m(y)
        n += 1
        1 // (3 - n)
try:
    f()
except ZeroDivisionError as e:
    print('found', e)
1
""",
    "a generator that scans a long range it is given": """
def scan(xs):
    for i in xs:
        if i < 4:
            yield str(i)
def f():
    n = 0
    for y in scan(range(10**12)):
        z = m(y)
        n += 1
        1 // (3 - n)
try:
    f()
except ZeroDivisionError as e:
    print('found', e)
1
""",
    "a generator that calls what never ends": """
def spin(x):
    while x:
        pass
def gen():
    for x in 'abc':
        yield x
    spin(x)
def f():
    n = 0
    for y in gen():
        z = m(y)
        n += 1
        1 // (3 - n)
try:
    f()
except ZeroDivisionError as e:
    print('found', e)
1
""",
    "a generator that calls what recurs without end": """
def deep(n):
    return deep(n + 1) + 1
def gen():
    for x in 'abc':
        yield x
    yield str(deep(0))
def f():
    n = 0
    for y in gen():
        z = m(y)
        n += 1
        1 // (3 - n)
try:
    f()
except ZeroDivisionError as e:
    print('found', e)
1
""",
    "a generator whose text doubles": """
def gen():
    s = 'a'
    for i in range(100):
        yield s
        s = s + s
def f():
    n = 0
    for y in gen():
        z = m(y)
        n += 1
        1 // (3 - n)
try:
    f()
except ZeroDivisionError as e:
    print('found', e)
1
""",
    "a generator whose number squares": """
def gen():
    n = 3
    for i in range(100):
        yield str(i)
        n *= n
def f():
    n = 0
    for y in gen():
        z = m(y)
        n += 1
        1 // (3 - n)
try:
    f()
except ZeroDivisionError as e:
    print('found', e)
1
""",
    "a generator whose list doubles": """
def gen():
    s = ['a']
    for i in range(100):
        yield str(i)
        s.append(s[-1] + s[-1])
def f():
    n = 0
    for y in gen():
        z = m(y)
        n += 1
        1 // (3 - n)
try:
    f()
except ZeroDivisionError as e:
    print('found', e)
1
""",
    "a generator that grows what it goes through": """
def gen():
    row = ['a', 'b', 'c', 'd']
    for x in row:
        if len(row) < 8:
            yield x
        row.append(x)
def f():
    n = 0
    for y in gen():
        z = m(y)
        n += 1
        1 // (3 - n)
try:
    f()
except ZeroDivisionError as e:
    print('found', e)
1
""",
    "a generator of a large text": """
def gen():
    for i in range(6):
        yield str(i) * 10 ** (2 * i)
def f():
    n = 0
    for y in gen():
        z = m(y)
        n += 1
        1 // (3 - n)
try:
    f()
except ZeroDivisionError as e:
    print('found', e)
1
""",
    "a generator of a wide text": """
def gen():
    for i in range(6):
        yield f'{i:{10 ** (2 * i)}}'
def f():
    n = 0
    for y in gen():
        z = m(y)
        n += 1
        1 // (3 - n)
try:
    f()
except ZeroDivisionError as e:
    print('found', e)
1
""",
    "a generator of a large number": """
def gen():
    for i in range(6):
        yield str(len(str(2 ** 10 ** (2 * i) % 7)))
def f():
    n = 0
    for y in gen():
        z = m(y)
        n += 1
        1 // (3 - n)
try:
    f()
except ZeroDivisionError as e:
    print('found', e)
1
""",
    "a generator of nested loops that find nothing": """
def gen():
    for x in 'abc':
        yield x
    row = [*range(1000)]
    for a in row:
        for b in row:
            for c in row:
                if a + b + c < 0:
                    yield 'd'
def f():
    n = 0
    for y in gen():
        z = m(y)
        n += 1
        1 // (3 - n)
try:
    f()
except ZeroDivisionError as e:
    print('found', e)
1
""",
    "a generator that hangs where a comprehension would not get": """
def gen():
    for x in 'abc':
        yield x
    while True:
        pass
def f():
    return [m(y)[0] + y[1] for y in gen()]
try:
    f()
except IndexError as e:
    print('found', e)
1
""",
    "a generator that hangs where a handler raises anew": """
def gen():
    for x in 'abc':
        yield x
    while True:
        pass
def f():
    for y in gen():
        z = m(y)
        try:
            {}[y]
        except KeyError:
            raise
try:
    f()
except KeyError as e:
    print('found', e)
1
""",
    "a generator that hangs where a call fails": """
def gen():
    for x in 'abcdefghijklmnop':
        yield x
    while True:
        pass
def f():
    for y in gen():
        z = m(y)
try:
    f()
except ModelError as e:
    print('found', e)
1
""",
    "a variable without a value that inner functions share": """
def f(xs):
    for x in xs:
        if x == 'a':
            z = m(x)
        else:
            x = y
        print((lambda: y)())
    y = 1
f('b')
""",
}


@pytest.mark.parametrize("way", WAYS)
def test_way_is_not_overlooked(way: str) -> None:
    source = HEADER + WAYS[way].lstrip()
    for seed in range(8):
        assert differs(source, seed) == ""
