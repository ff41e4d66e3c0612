# --- list item
[T][0](3)
# --- variable
x = T
x(3)
# --- global function param
def make(kind, x):
    return kind(x)
make(T, 3)
# --- keyword param
def make(*, kind):
    return kind(3)
make(kind=T)
# --- default param
def make(kind=T):
    return kind(3)
make()
# --- closure
def outer(k):
    def g(x):
        return k(x)
    return g
outer(T)(3)
# --- nonlocal
def outer():
    k = None
    def s():
        nonlocal k
        k = T
    s()
    return k(3)
outer()
# --- global rebinding of a function
def f(x):
    return x
def s():
    global f
    f = T
s()
f(3)
# --- global rebinding of a class
class f:
    pass
def s():
    global f
    f = T
s()
f()
# --- for target
for f in [T]:
    f(3)
# --- for target over a def
def f(x):
    return x
for f in [T]:
    f(3)
# --- unpack over a def
def f(x):
    return x
f, y = T, 1
f(3)
# --- local def rebound
def g():
    def f(x):
        return x
    for f in [T]:
        pass
    return f(3)
g()
# --- local def rebound by with
from contextlib import nullcontext
def g():
    def f(x):
        return x
    with nullcontext(T) as f:
        return f(3)
g()
# --- local def rebound by match
def g():
    def f(x):
        return x
    match [T]:
        case [f]:
            return f(3)
g()
# --- local def rebound by walrus
def g():
    def f(x):
        return x
    (f := t)
    return f(3)
g()
# --- nested def rebound by nonlocal
def g():
    def f(x):
        return x
    def s():
        nonlocal f
        f = T
    s()
    return f(3)
g()
# --- recursive def rebound by nonlocal
def g():
    def f(x):
        nonlocal f
        if x:
            f = T
            return f(3)
    return f(1)
g()
# --- def in a branch
def g(c):
    if c:
        def f(x):
            return x
    else:
        f = T
    return f(3)
g(0)
# --- global def in a branch
if t is None:
    def f(x):
        return x
else:
    f = T
f(3)
# --- import over a def
def f(x):
    return x
try:
    from decimal import Context as f
except ImportError:
    pass
f(3)
# --- class over a def
class M(type):
    def __new__(m, n, b, d):
        return T
class X(metaclass=M):
    pass
X(3)
# --- class whose base has a metaclass
class M(type):
    def __new__(m, n, b, d):
        return T if n == 'Y' else type.__new__(m, n, b, d)
class X(metaclass=M):
    pass
class Y(X):
    pass
Y(3)
# --- class through mro_entries or a maker
from typing import NewType
X = NewType('X', T)
type(X)
T(X(3))
# --- decorated
def d(f):
    return T
@d
def f(x):
    return x
f(3)
# --- decorated class
def d(f):
    return T
@d
class f:
    pass
f(3)
# --- type as decorator
k = [T][0]
@k
def f(x):
    return x
# --- type as decorator, direct
@T
def f(x):
    return x
# --- type as decorator by subscript
ks = [T]
@ks[0]
def f(x):
    return x
# --- type as class decorator
k = [T][0]
@k
class A:
    pass
# --- conditional
(T if t else None)(3)
# --- and
(t and T)(3)
# --- or
(None or t)(3)
# --- walrus
(y := t)(3)
# --- lambda
(lambda: T)()(3)
# --- result of a call
def f():
    return T
f()(3)
# --- await
async def f():
    return T
async def g():
    return (await f())(3)
import asyncio
asyncio.run(g())
# --- yield
def g():
    k = yield
    yield k(3)
i = g()
next(i)
i.send(T)
# --- yield direct
def g():
    yield (yield)(3)
i = g()
next(i)
i.send(T)
# --- comprehension
[f(3) for f in [T]]
# --- nested comprehension
[[f(3) for _ in 'a'] for f in [T]]
# --- generator expression
list(f(3) for f in [T])
# --- starred
x = [3]
t(*x)
# --- double starred
x = {}
t(**x)
# --- starred direct
x = [3]
T(*x)
# --- keywords
t(prec=3)
# --- dict get
{'a': T}.get('a')(3)
# --- dict setdefault
d = {}
d.setdefault('a', T)(3)
# --- dict pop
d = {'a': T}
d.pop('a')(3)
# --- dict values
for k in {'a': T}.values():
    k(3)
# --- global of a loop
for i in range(3):
    t(i)
# --- type()
x = T(3)
type(x)(4)
# --- type held
x = T(3)
[type][0](x)(4)
# --- class
x = T(3)
x.__class__(4)
# --- class getattr
x = T(3)
getattr(x, '__class__')(4)
# --- class held
x = T(3)
k = x.__class__
k(4)
# --- attrgetter class
import operator
x = T(3)
operator.attrgetter('__class__')(x)(4)
# --- module held
import decimal
m = [decimal][0]
m.Context(3)
# --- module getattr
import decimal
getattr(decimal, 'Context')(3)
# --- module attr held
import decimal
m = [decimal][0]
f = m.Context
f(3)
# --- module under a method name
import decimal
class A:
    def Context(self, x):
        return x
for m in [A(), decimal]:
    m.Context(3)
# --- globals
globals()['T'](3)
# --- locals
def f():
    k = T
    return locals()['k'](3)
f()
# --- raise
try:
    raise t
except TypeError:
    t(3)
# --- match capture
match [T]:
    case [k]:
        k(3)
# --- match attribute
class A:
    k = T
    __match_args__ = ('k',)
match A():
    case A(k):
        k(3)
# --- exception args
try:
    raise ValueError(T)
except ValueError as e:
    e.args[0](3)
# --- exception attribute
e = ValueError()
e.k = T
e.k(3)
# --- StopIteration value
def g():
    return T
    yield
try:
    next(g())
except StopIteration as e:
    e.value(3)
# --- function attribute
def f():
    pass
f.k = T
f.k(3)
# --- alias of a builtin
import types
types.GenericAlias(T, int)(3)
# --- alias held
import types
a = [types.GenericAlias(T, int)][0]
a(3)
# --- alias of an alias
import types
a = types.GenericAlias(types.GenericAlias(T, int), str)
a(3)
# --- alias as a key
import types
a = types.GenericAlias(T, int)
sorted([3, 1], key=a)
# --- alias mapped
import types
a = types.GenericAlias(T, int)
list(map(a, [3, 1]))
# --- alias partial
import types, functools
a = types.GenericAlias(T, int)
functools.partial(a, 3)()
# --- alias in attribute
import types
class A:
    k = types.GenericAlias(T, int)
A().k(3)
# --- alias unhashable args
import types
a = types.GenericAlias(T, ([],))
list(map(a, [3, 1]))
a(3)
# --- alias special call
import types
a = types.GenericAlias(T, int)
a.__call__(3)
# --- alias made by held type
import types
a = [types.GenericAlias][0](T, int)
a(3)
# --- alias call method of class
class C:
    pass
import types
a = types.GenericAlias(T, int)
import operator
operator.call(a, 3)
