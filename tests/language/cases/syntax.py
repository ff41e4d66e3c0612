# --- bytes literals
(b"abc", b"\x00\xff", rb"\n", b"a" b"b", b"abc"[0], b"abc"[1:])
# --- complex literals
repr((1j, 2.5j, 1 + 2j, -1j, (1 + 2j) * (3 - 1j), 1j == 1j, 3j.imag))
# --- ellipsis
repr((..., Ellipsis is ..., [...][0], {...: 1}[...]))
# --- attribute targets
class O:
    pass
o = O()
o.a = o.b = 1
o.c, (o.d, *o.e) = 2, (3, 4, 5)
for o.i in range(3):
    pass
o.a += 5
o.a -= 1
(o.a, o.b, o.c, o.d, o.e, o.i)
# --- attribute deletion
class O:
    pass
o = O()
o.x = 1
del o.x
hasattr(o, "x")
# --- deletion of several targets
class O:
    pass
o = O()
o.x = [1, 2, 3]
y = 5
z = {"a": 1, "b": 2}
del o.x[0], (y, [z["a"]]), o.x[1:]
(o.x, z, "y" in dir() if False else True)
# --- missing attribute deletion
class O:
    pass
o = O()
del o.nope
# --- augmented attribute evaluates its object once
class O:
    n = 0
calls = []
def get(o=O()):
    calls.append(1)
    return o
get().n += 5
get().n *= 2
(get().n, len(calls))
# --- augmented attribute of a list is in place
class O:
    pass
o = O()
o.items = shared = [1]
o.items += [2]
(shared, o.items is shared)
# --- star expressions everywhere
def f(*a, **k):
    return a, k
a, *b = range(4)
*c, d = "xyz"
[e, [*g]] = 1, "hi"
first, *middle, last = {1: 0, 2: 0, 3: 0}
t = *b, 1, *b
(a, b, c, d, e, g, middle, [*b, *c], {*b, *b}, {**{"x": 1}, "y": 2}, f(*b, *c, **{"k": 1}, z=2), t)
# --- star in index and return
def f():
    return 1, *[2, 3]
class T:
    def __getitem__(self, key):
        return key
repr((f(), T()[1, *f()], T()[1:2, ...], T()[::2]))
# --- star in a for loop
out = []
for x in *[1, 2], *"ab":
    out.append(x)
for a, *b in [(1, 2, 3), "xy"]:
    out.append((a, b))
out
# --- except with computed types
def kinds():
    print("asked")
    return (KeyError, ValueError)
for error in (ValueError(1), KeyError(2), TypeError(3)):
    try:
        raise error
    except kinds() as e:
        print(type(e).__name__, e)
    except [TypeError][0]:
        print("other")
    else:
        print("never")
    finally:
        print("done")
# --- except with a type that is no exception
try:
    raise ValueError(1)
except (1 + 1):
    pass
# --- except computed only when something is raised
def kinds():
    print("asked")
    return ValueError
try:
    pass
except kinds():
    pass
else:
    print("else")
# --- error while computing the types
try:
    raise ValueError("first")
except {}["missing"]:
    pass
# --- computed types then reraised
def f():
    try:
        raise IndexError("deep")
    except dict(a=KeyError)["a"]:
        return 1
f()
# --- bare except with others before
def f(x):
    try:
        if x == 1:
            raise KeyError
        if x == 2:
            raise ValueError
        return "none"
    except (lambda: KeyError)():
        return "key"
    except:
        return "bare"
[f(0), f(1), f(2)]
# --- chained imports
import urllib.parse
import urllib.parse as up
from urllib import parse
import collections.abc
import collections
(urllib.parse.quote("a b"), up.quote("ü"), parse.unquote("%20"), collections.Counter("aab")["a"])
# --- import in branches and functions
def f(kind):
    if kind:
        import math as m
    else:
        import string as m
    return m
(f(1).pi > 3, f(0).digits, f(0) is f(0))
# --- same import twice
import math
import math
from math import pi
def f():
    import math
    from math import pi
    return math.floor(pi)
from math import pi
(f(), math.ceil(pi))
# --- if name is main
ran = []
if __name__ == "__main__":
    ran.append(1)
ran
# --- lambda defaults and star
fs = [lambda x=i, *a, k=i * 2, **kw: (x, a, k, kw) for i in range(3)]
[fs[0](), fs[1](9), fs[2](1, 2, k=3, z=4)]
# --- conditional lambda and nested lambda
(lambda x: (lambda y: x + y))(3)(4) + (lambda: 1 if 0 else 2)()
# --- global and nonlocal together
n = 0
def outer():
    m = 0
    def inner():
        global n
        nonlocal m
        n += 1
        m += 10
        return n, m
    inner()
    return inner(), m
(outer(), n)
# --- chained assignment evaluates left to right
log = []
class D(dict):
    def __setitem__(self, k, v):
        log.append(k)
a = D()
a[1] = a[2] = a[3] = 0
log
# --- assert with class message
class Problem:
    def __str__(self):
        return "a problem"
assert [], Problem()
# --- f-string of objects
class P:
    def __init__(self, x):
        self.x = x
    def __repr__(self):
        return f"P({self.x!r})"
    def __str__(self):
        return f"<{self.x}>"
    def __format__(self, spec):
        return f"{spec}|{self.x}"
p = P("v")
f"{p} {p!r} {p!s} {p:abc} {p!r:>10} {p=} {p.x=!s:^5} {[p]}"
# --- f-string nested and quoted
width, name = 8, "x"
f"{f'{name:>{width}}'!r:_<{width + 4}}|{ {'a': 1}['a'] }|{(lambda: 5)()}|{name!a}|{{}}|{1,}|{3.14159:.{1 + 1}f}"
# --- annotations everywhere are not evaluated at run time in functions
def f(a: "nope", *args: int, k: "1 / 0" = 3) -> "also_undefined":
    x: never_defined = a
    y: int
    return x, k
f(1)
# --- annotated attribute and subscript
class O:
    pass
o = O()
d = {}
o.x: int = 5
d["k"]: str = "v"
(o.x, d)
# --- walrus in conditions and comprehensions
data = [3, 1, 4, 1, 5, 9]
def f():
    if (n := len(data)) > 5 and (m := max(data)) == 9:
        return n, m, [y := x * 2 for x in data][-1], y, any((hit := v) > 4 for v in data), hit
f()
# --- while with walrus
items = [1, 2, 3, 0, 4]
it = iter(items)
total = 0
while (x := next(it)):
    total += x
total
# --- matrix multiplication and inplace operators of a class
class M:
    def __init__(self, v):
        self.v = v
    def __matmul__(self, o):
        return M(self.v * o.v)
    def __imatmul__(self, o):
        self.v += o.v
        return self
m = M(3)
n = m @ M(4)
m @= M(1)
(n.v, m.v)
# --- chained comparison with objects
class N:
    def __init__(self, n):
        self.n = n
    def __lt__(self, o):
        print("lt", self.n, o.n)
        return self.n < o.n
N(1) < N(2) < N(1) < N(5)
# --- conditional expression order
def t(x):
    print(x)
    return x
t(1) if t(0) else t(2)
# --- pass only class and function bodies
class A: pass
class B: ...
def f(): ...
def g(): pass
(A.__name__, B.__name__, f(), g())
# --- semicolons and one line bodies
class A: x = 1; y = 2
for i in range(2): a = i; b = a
(A.x, A.y, a, b)
# --- generator expression as only argument of a function
def total(xs, *rest):
    return list(xs), rest
(total(x for x in "ab"), total((x for x in "c"), 1), tuple(x for x in "d"))
# --- generator expression is lazy
def loud(x):
    print("see", x)
    return x
g = (loud(x) for x in range(3))
print("made")
print(next(g))
list(g)
# --- stop iteration in a generator expression
it = iter([1, 2])
list(next(it) for _ in range(5))
# --- sum over objects shows its order
class V:
    def __init__(self, v):
        print("make", v)
        self.v = v
    def __radd__(self, o):
        print("add", o, self.v)
        return o + self.v
sum(V(i) for i in range(3))
# --- set of a generator expression with an unhashable element
def loud(x):
    print(x)
    return x
set(loud(x) for x in [1, [], 2])
# --- max of a generator expression with a key
max((len(w), w) for w in "the longest of them".split())
# --- update method of a class gets a generator
class Log:
    def update(self, xs):
        print("first")
        for x in xs:
            print(x)
def loud(x):
    print("make", x)
    return x
Log().update(loud(x) for x in range(2))
# --- unpacking a generator expression
a, b, *c = (x * x for x in range(5))
(a, b, c)
# --- membership in a generator expression stops early
def loud(x):
    print(x)
    return x
2 in (loud(x) for x in range(10))
# --- metaclass abc
import abc
class Shape(metaclass=abc.ABCMeta):
    @abc.abstractmethod
    def area(self): ...
class Square(Shape):
    def area(self):
        return 4
print(Square().area())
Shape()
# --- type of a class through type
class A:
    pass
a = A()
(type(a) is A, type(a).__name__, isinstance(a, A), type(A) is type)
# --- keyword arguments of a class
class Base:
    def __init_subclass__(cls, tag="none", **kw):
        super().__init_subclass__(**kw)
        cls.tag = tag
class A(Base, tag="a"): pass
class B(Base): pass
(A.tag, B.tag)
# --- undefined base
def f():
    class A(Missing):
        pass
f()
Missing = object
# --- error inside a class body
def f():
    class A:
        x = 1
        y = x + "a"
f()
# --- error inside a method of a local class
def f():
    class A:
        def g(self):
            return self.missing
    return A().g()
f()
# --- function names in messages
class A:
    def f(self, x):
        return x
def outer():
    def inner(x):
        return x
    return inner
for call in (lambda: A().f(), lambda: outer()(), lambda: A.f(), lambda: A(1)):
    try:
        call()
    except TypeError as error:
        print(error)
# --- del in loops and try
def f():
    out = []
    for i in range(3):
        x = i
        try:
            del x
            out.append(x)
        except UnboundLocalError as e:
            out.append(str(e))
    return out
f()
# --- yield as expressions
def g():
    x = yield 1
    y = (yield x) or (yield "again")
    z = [i for i in (yield "iterable")] if y == "b" else (yield (yield y))
    return x, y, z
it = g()
out = [next(it), it.send("a"), it.send(0), it.send("b")]
try:
    it.send([1, 2])
except StopIteration as stop:
    out.append(stop.value)
out
