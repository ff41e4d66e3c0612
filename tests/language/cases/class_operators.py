# --- arithmetic on both sides
class V:
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __repr__(self):
        return f"V({self.x}, {self.y})"
    def __add__(self, o):
        return V(self.x + o.x, self.y + o.y) if isinstance(o, V) else NotImplemented
    def __sub__(self, o):
        return V(self.x - o.x, self.y - o.y)
    def __mul__(self, k):
        return V(self.x * k, self.y * k)
    __rmul__ = __mul__
    def __neg__(self):
        return V(-self.x, -self.y)
    def __abs__(self):
        return (self.x ** 2 + self.y ** 2) ** 0.5
    def __matmul__(self, o):
        return self.x * o.x + self.y * o.y
    def __truediv__(self, k):
        return V(self.x / k, self.y / k)
    def __pow__(self, k):
        return ("pow", k)
    def __radd__(self, o):
        return self if o == 0 else NotImplemented
a, b = V(1, 2), V(3, 4)
print(a + b, a - b, a * 3, 3 * a, -a, abs(b), a @ b, b / 2, a ** 5, sum([a, b, a]))
a + 5

# --- in place
class Bag:
    def __init__(self):
        self.items = []
    def __iadd__(self, x):
        self.items.append(x)
        return self
    def __isub__(self, x):
        return ("gone", x)
b = c = Bag()
b += 1
b += 2
print(b is c, c.items)
b -= 3
b

# --- comparisons
class Version:
    def __init__(self, text):
        self.parts = tuple(map(int, text.split(".")))
    def __eq__(self, o):
        return self.parts == o.parts
    def __lt__(self, o):
        return self.parts < o.parts
    def __le__(self, o):
        return self.parts <= o.parts
    def __repr__(self):
        return ".".join(map(str, self.parts))
vs = [Version(t) for t in ("1.10", "1.2", "0.9")]
print(sorted(vs), max(vs), min(vs), vs[0] > vs[1], vs[0] >= vs[0], vs[1] != vs[0], vs[0] == Version("1.10"))
print(Version("1") < 3)

# --- comparison that is not defined
class A:
    pass
A() < A()

# --- containers
class Grid:
    def __init__(self, w):
        self.cells = list(range(w))
    def __getitem__(self, i):
        return self.cells[i]
    def __setitem__(self, i, v):
        self.cells[i] = v
    def __delitem__(self, i):
        del self.cells[i]
    def __len__(self):
        return len(self.cells)
    def __contains__(self, x):
        return x == "magic" or x in self.cells
    def __reversed__(self):
        return iter(["r"])
g = Grid(4)
g[1] = 10
del g[0]
print(list(g), len(g), g[-1], g[0:2], "magic" in g, 99 in g, list(reversed(g)), bool(Grid(0)), [*g], tuple(g), sum(g))
g[9]

# --- iteration by index only
class Seq:
    def __getitem__(self, i):
        if i > 2:
            raise IndexError
        return i * i
print(list(Seq()), 4 in Seq(), [x for x in Seq()], max(Seq()))
a, b, c = Seq()
a + b + c

# --- iterators
class Countdown:
    def __init__(self, n):
        self.n = n
    def __iter__(self):
        return self
    def __next__(self):
        if self.n <= 0:
            raise StopIteration
        self.n -= 1
        return self.n
print(list(Countdown(3)), next(Countdown(9)), sum(Countdown(4)), [a + b for a, b in zip(Countdown(3), "ab" and [1, 2])], 2 in Countdown(5))
for x in Countdown(2):
    print(x)
else:
    print("end")

# --- not iterable and not subscriptable
class A:
    pass
for f in (lambda: list(A()), lambda: A()[0], lambda: len(A()), lambda: 1 in A(), lambda: -A(), lambda: A() + 1, lambda: 1 + A(), lambda: next(A()), lambda: A().x.y, lambda: int(A()), lambda: round(A())):
    try:
        f()
    except (TypeError, AttributeError) as error:
        print(type(error).__name__, error)

# --- truth
class T:
    def __init__(self, b):
        self.b = b
    def __bool__(self):
        return self.b
class L:
    def __len__(self):
        return 0
class Bad:
    def __bool__(self):
        return 3
print([bool(T(True)), bool(T(False)), not L(), "y" if T(False) else "n", T(False) or 5, len([x for x in (T(True), L()) if x]), any([T(False)]), all([T(True)])])
if Bad():
    pass

# --- conversions
class N:
    def __int__(self):
        return 7
    def __float__(self):
        return 2.5
    def __index__(self):
        return 3
    def __round__(self, n=None):
        return ("round", n)
    def __trunc__(self):
        return 9
    def __complex__(self):
        return 1j
n = N()
str([int(n), float(n), [10, 20, 30, 40][n], round(n), round(n, 2), hex(n), range(n), "ab" * n, bin(n), list(range(10))[n:], complex(n)])

# --- text forms
class F:
    def __format__(self, spec):
        return f"<{spec}>"
    def __str__(self):
        return "str"
    def __repr__(self):
        return "repr"
    def __bytes__(self):
        return b"by"
f = F()
[f"{f:abc}", f"{f}", f"{f!s:>5}", f"{f!r}", "{:x} {!r}".format(f, f), format(f, "q"), bytes(f), str([f]), "%s" % f, ascii(f)]

# --- text form that is no text
class F:
    def __str__(self):
        return 5
str(F())

# --- reflected operators and subclasses
class A:
    def __add__(self, o):
        return "A.add"
    def __eq__(self, o):
        return "A.eq"
class B(A):
    def __radd__(self, o):
        return "B.radd"
    def __eq__(self, o):
        return "B.eq"
class C:
    def __radd__(self, o):
        return f"C.radd {o}"
    def __rsub__(self, o):
        return NotImplemented
print(A() + B(), A() == B(), 5 + C(), [1] + C())
5 - C()

# --- divmod floor and shifts
class M:
    def __divmod__(self, o):
        return ("dm", o)
    def __rdivmod__(self, o):
        return ("rdm", o)
    def __floordiv__(self, o):
        return "fd"
    def __mod__(self, o):
        return "mod"
    def __lshift__(self, o):
        return "ls"
    def __rrshift__(self, o):
        return "rrs"
    def __and__(self, o):
        return "and"
    def __or__(self, o):
        return "or"
    def __xor__(self, o):
        return "xor"
    def __invert__(self):
        return "inv"
    def __pos__(self):
        return "pos"
    def __floor__(self):
        return "floor"
    def __ceil__(self):
        return "ceil"
import math
m = M()
[divmod(m, 3), divmod(3, m), m // 1, m % 2, m << 1, 1 >> m, m & 1, m | 1, m ^ 1, ~m, +m, math.floor(m), math.ceil(m)]

# --- subclass of list
class Stack(list):
    def push(self, x):
        self.append(x)
        return self
    def append(self, x):
        super().append(x * 2)
    @property
    def top(self):
        return self[-1]
s = Stack([1]).push(2).push(3)
s.extend([9])
print(s, s.top, len(s), s.index(4), s == [1, 4, 6, 9], sorted(s, reverse=True), isinstance(s, list), s + [0], s[1:], type(s[1:]).__name__)
s.sort(key=lambda x: -x)
print(s, s.pop(), s.count(4), list(map(str, s)), Stack(), repr(s.copy()))

# --- subclass of dict
class Default(dict):
    def __missing__(self, key):
        self[key] = key * 2
        return self[key]
    def first(self):
        return next(iter(self.items()))
class Upper(dict):
    def __setitem__(self, key, value):
        super().__setitem__(key.upper(), value)
    def __getitem__(self, key):
        return super().__getitem__(key.upper())
d = Default(a=1)
u = Upper()
u["x"] = 5
print(d["a"], d["zz"], d, d.first(), d.get("q"), "zz" in d, len(d), {**d}, dict(d) == d, isinstance(d, dict), list(d.keys()))
print(u, u["x"], u.get("x"), u.get("X"))
u["nope"]

# --- subclass of text and numbers
class Name(str):
    def shout(self):
        return self.upper() + "!"
    def __len__(self):
        return 99
class Celsius(float):
    def f(self):
        return self * 9 / 5 + 32
class Even(int):
    def __new__(cls, n):
        return super().__new__(cls, n - n % 2)
    def half(self):
        return self // 2
n = Name("bob")
repr([n.shout(), n + "x", len(n), n == "bob", {n: 1}["bob"], Celsius(100).f(), Celsius("1.5") + 1, Even(7), Even(7).half(), Even(7) + 1, type(n + "").__name__, f"{n:>5}|", isinstance(Even(2), int), [0, 1, 2][Even(3)]])

# --- subclass of tuple
class Pair(tuple):
    def __new__(cls, a, b):
        return tuple.__new__(cls, (a, b))
    @property
    def left(self):
        return self[0]
    def swap(self):
        return Pair(self[1], self[0])
p = Pair(1, 2)
a, b = p
repr([p, p.left, p.swap(), a, b, p == (1, 2), len(p), {p: 3}[(1, 2)], p + (5,), p.count(1), isinstance(p, tuple)])

# --- bases that are not allowed
class B(bool):
    pass

# --- special method looked up on the class
class A:
    pass
a = A()
a.size = lambda: 5
A.__len__ = lambda self: 3
[a.size(), len(a)]

# --- total ordering and cached property
import functools
@functools.total_ordering
class Grade:
    def __init__(self, n):
        self.n = n
    def __eq__(self, o):
        return self.n == o.n
    def __lt__(self, o):
        return self.n < o.n
class Data:
    loads = 0
    @functools.cached_property
    def rows(self):
        Data.loads += 1
        return [1, 2]
d = Data()
d.rows.append(3)
[Grade(1) <= Grade(2), Grade(3) > Grade(2), Grade(2) >= Grade(2), d.rows, Data.loads, vars(d)]
