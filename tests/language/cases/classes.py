# --- attributes and methods
class Dog:
    kind = "dog"
    def __init__(self, name, age=1):
        self.name = name
        self.age = age
    def older(self, years):
        self.age += years
        return self
a, b = Dog("Rex"), Dog("Ada", age=4)
a.older(2).older(1)
a.kind = "wolf"
[a.name, a.age, b.age, a.kind, b.kind, Dog.kind, type(a).__name__]

# --- default repr and str
class Empty:
    pass
class Named:
    def __repr__(self):
        return "Named()"
class Both:
    def __repr__(self):
        return "R"
    def __str__(self):
        return "S"
print(isinstance(Empty(), Empty), [Named()], str(Named()), f"{Both()} {Both()!r}", [Both()], "%s %r" % (Both(), Both()), Empty, Named.__init__ is object.__init__)

# --- inheritance and super
class A:
    def __init__(self, x):
        self.x = x
    def who(self):
        return "A"
    def show(self):
        return f"{self.who()}:{self.x}"
class B(A):
    def __init__(self, x, y):
        super().__init__(x)
        self.y = y
    def who(self):
        return "B" + super().who()
class C(B):
    def who(self):
        return "C" + super(C, self).who()
[C(1, 2).show(), B(3, 4).y, isinstance(C(1, 2), A), issubclass(C, B), issubclass(A, C)]

# --- diamond and method resolution order
class Base:
    def go(self):
        return ["Base"]
class Left(Base):
    def go(self):
        return ["Left", *super().go()]
class Right(Base):
    def go(self):
        return ["Right", *super().go()]
class Both(Left, Right):
    def go(self):
        return ["Both", *super().go()]
Both().go()

# --- inconsistent bases
class X:
    pass
class Y(X):
    pass
class Z(X, Y):
    pass

# --- class and static methods
class Date:
    made = 0
    def __init__(self, y, m):
        self.y, self.m = y, m
        Date.made += 1
    @classmethod
    def parse(cls, text):
        return cls(*map(int, text.split("-")))
    @staticmethod
    def leap(y):
        return y % 4 == 0
class Sub(Date):
    pass
d = Sub.parse("2024-05")
[type(d).__name__, d.y, Date.leap(2024), d.leap(2023), Date.made, Date.parse("1-2").m]

# --- properties with setter and deleter
class Temp:
    def __init__(self, c):
        self._c = c
    @property
    def f(self):
        """Fahrenheit."""
        return self._c * 9 / 5 + 32
    @f.setter
    def f(self, value):
        if value < -459:
            raise ValueError("too cold")
        self._c = (value - 32) * 5 / 9
    @f.deleter
    def f(self):
        self._c = None
t = Temp(100)
print(t.f)
t.f = 32
print(t._c)
del t.f
print(t._c)
t.f = -500

# --- property without setter
class P:
    @property
    def v(self):
        return 1
p = P()
try:
    p.v = 2
except AttributeError as error:
    print(error)
try:
    del p.v
except AttributeError as error:
    print(error)

# --- missing attribute of an object
class Thing:
    pass
Thing().colour

# --- missing attribute of a class
class Thing:
    pass
Thing.colour

# --- missing method with arguments
class Thing:
    pass
def use(t):
    return t.paint("red", coat=2)
use(Thing())

# --- wrong number of arguments
class Box:
    def __init__(self, w, h):
        self.w = w
    def grow(self, by):
        return by
for call in (lambda: Box(), lambda: Box(1), lambda: Box(1, 2, 3), lambda: Box(1, 2).grow(), lambda: Box(1, h=2, k=3)):
    try:
        call()
    except TypeError as error:
        print(error)
class Nothing:
    pass
try:
    Nothing(1)
except TypeError as error:
    print(error)

# --- counters on the class
class Counter:
    total = 0
    items = []
    def __init__(self):
        Counter.total += 1
        self.items.append(Counter.total)
        type(self).last = self
c = [Counter(), Counter(), Counter()]
[Counter.total, c[0].items, Counter.last is c[2], "items" in vars(c[0])]

# --- deleting attributes
class O:
    a = 1
o = O()
o.a = 2
del o.a
print(o.a)
try:
    del o.a
except AttributeError as error:
    print(error)
del O.a
print(hasattr(o, "a"))

# --- getattr and friends
class O:
    x = 5
    def f(self):
        return 6
o = O()
setattr(o, "y", 7)
print(getattr(o, "x"), getattr(o, "zz", None), getattr(o, "f")(), hasattr(o, "y"), hasattr(o, "z"), o.y)
delattr(o, "y")
print(hasattr(o, "y"), getattr("abc", "upper")(), getattr([], "nope", 3))
try:
    getattr(o, "nope")
except AttributeError as error:
    print(error)
try:
    getattr(o, 3)
except TypeError as error:
    print(error)

# --- vars and the dictionary of an object
class O:
    def __init__(self, **kw):
        self.__dict__.update(kw)
        self.z = 0
o = O(a=1, b=2)
d = vars(o)
d["c"] = 3
print(o.c, sorted(vars(o)), o.__dict__ == {"a": 1, "b": 2, "z": 0, "c": 3}, {**vars(o)})
o.__dict__.pop("a")
print(hasattr(o, "a"))

# --- private names
class Safe:
    def __init__(self):
        self.__pin = 42
    def check(self, n):
        return n == self.__pin
    def __hidden(self):
        return 1
    def call(self):
        return self.__hidden()
s = Safe()
print(s.check(42), s._Safe__pin, s.call(), sorted(vars(s)))
s.__pin

# --- class body is code
class Table:
    size = 3
    squares = [i * i for i in range(4)]
    if size > 2:
        big = True
    else:
        big = False
    for name in ("a", "b"):
        last = name
    def area(self, k=size):
        return k * Table.size
[Table.squares, Table.big, Table.last, Table().area(), Table().area(5)]

# --- nested classes and closures
def make(n):
    class Inner:
        def get(self):
            return n
        class Deep:
            value = n * 2
    return Inner
I = make(3)
[I().get(), I.Deep.value, I.__name__, I.__qualname__, I.Deep.__qualname__, I.get.__qualname__, repr(I)]

# --- methods as values
class Acc:
    def __init__(self):
        self.seen = []
    def add(self, x):
        self.seen.append(x)
        return len(self.seen)
acc = Acc()
add = acc.add
print(list(map(add, "abc")), acc.seen, Acc.add(acc, "d"), add.__name__, callable(add), add == acc.add)
try:
    Acc.add()
except TypeError as error:
    print(error)

# --- calling an object
class Adder:
    def __init__(self, n):
        self.n = n
    def __call__(self, x, *more, k=0):
        return self.n + x + sum(more) + k
a = Adder(10)
print(a(1), a(1, 2, 3, k=4), list(map(a, [1, 2])), callable(a), sorted([3, 1, 2], key=Adder(0)))
class No:
    pass
No()()

# --- attribute hooks
class Dyn:
    def __init__(self):
        self.known = 1
    def __getattr__(self, name):
        if name.startswith("x"):
            return name * 2
        raise AttributeError(f"no {name}!")
d = Dyn()
print(d.known, d.xa, getattr(d, "xb"), hasattr(d, "q"), d.xappend)
d.append

# --- setting hooks
class Log:
    def __init__(self):
        object.__setattr__(self, "log", [])
        self.a = 1
    def __setattr__(self, name, value):
        self.log.append((name, value))
        super().__setattr__(name, value)
    def __delattr__(self, name):
        self.log.append(name)
        object.__delattr__(self, name)
x = Log()
x.b = 2
x.a += 5
del x.b
x.log, x.a, hasattr(x, "b")

# --- slots
class S:
    __slots__ = ("a", "b")
    def __init__(self):
        self.a = 1
s = S()
for action in ("s.c = 1", "s.b"):
    try:
        if action == "s.b":
            s.b
        else:
            s.c = 1
    except AttributeError as error:
        print(error)
class T(S):
    pass
t = T()
t.z = 4
print(t.z, t.a, hasattr(s, "__dict__"))

# --- own descriptors
class Positive:
    def __set_name__(self, owner, name):
        self.name = name
        self.owner = owner.__name__
    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return vars(instance).get(self.name, 0)
    def __set__(self, instance, value):
        if value < 0:
            raise ValueError(f"{self.name} must be positive")
        vars(instance)[self.name] = value
class Item:
    price = Positive()
    count = Positive()
i = Item()
i.price = 5
print(i.price, i.count, Item.price.name, Item.count.owner)
i.count = -1

# --- subclass hook with keywords
class Plugin:
    found = {}
    def __init_subclass__(cls, /, name=None, **rest):
        super().__init_subclass__(**rest)
        Plugin.found[name or cls.__name__] = cls
class One(Plugin, name="uno"):
    pass
class Two(Plugin):
    pass
print(sorted(Plugin.found), Plugin.found["uno"] is One)
class Three(Plugin, size=3):
    pass

# --- subclass of a class takes no keywords
class A:
    pass
class B(A, x=1):
    pass

# --- generic subscripts
class Box:
    def __class_getitem__(cls, item):
        return f"{cls.__name__}[{item}]"
print(Box[3], Box["a"])
class Plain:
    pass
Plain[3]

# --- singletons with new
class One:
    only = None
    def __new__(cls, *args):
        if cls.only is None:
            cls.only = super().__new__(cls)
        return cls.only
    def __init__(self, n):
        self.n = n
a, b = One(1), One(2)
[a is b, a.n]

# --- class decorators
def register(cls):
    cls.tag = cls.__name__.lower()
    return cls
def wrap(name):
    def deco(cls):
        cls.label = name
        return cls
    return deco
@register
@wrap("L")
class Thing:
    pass
[Thing.tag, Thing.label, Thing().tag]

# --- decorated methods
import functools
def twice(f):
    @functools.wraps(f)
    def inner(self, *args):
        return f(self, *args) * 2
    return inner
class M:
    @twice
    def get(self, x):
        """doc"""
        return x + self.k
    k = 1
[M().get(3), M.get.__name__]

# --- function attributes
def counted():
    counted.calls += 1
    return counted.calls
counted.calls = 0
counted()
counted()
print(counted.calls, counted.__name__, hasattr(counted, "other"), vars(counted))
del counted.calls
counted()

# --- attributes of builtin values cannot be set
for value in ([], 3, "a", {}, (1,), None, len, int):
    try:
        value.colour = 1
    except (AttributeError, TypeError) as error:
        print(error)

# --- names that builtin values have too
class Basket:
    def __init__(self):
        self.items = []
        self.count = 0
        self.index = {}
    def append(self, x):
        self.items.append(x)
        self.count += 1
    def pop(self):
        self.count -= 1
        return self.items.pop()
    def keys(self):
        return ["k"]
    def sort(self):
        self.items.sort(reverse=True)
        return self
    def __getitem__(self, key):
        return key * 2
b = Basket()
for n in (3, 1, 2):
    b.append(n)
both = [b, [5]]
for each in both:
    each.append(9)
[b.sort().items, b.count, b.pop(), b.index, both[1], dict(b), [b.keys(), list({1: 2}.keys())]]

# --- augmented attributes
class V:
    def __init__(self):
        self.n = 1
        self.s = "a"
        self.l = [1]
v = V()
same = v.l
v.n += 2
v.n **= 3
v.s *= 3
v.l += [2]
v.l[0] -= 5
V.n = 7
v.q = v.r = 4
v.a, (v.b, *v.c) = 1, (2, 3, 4)
[v.n, v.s, v.l, same is v.l, V.n, v.q, v.a, v.b, v.c]

# --- loops and comprehensions store into attributes
class V:
    pass
v = V()
for v.i in range(3):
    pass
with_items = [v.i for v.i in [7]]
v.i, [x for x in [1, 2] if x != v.i]

# --- objects as keys and in sets
class K:
    def __init__(self, n):
        self.n = n
    def __eq__(self, other):
        return isinstance(other, K) and self.n == other.n
    def __hash__(self):
        return hash(self.n)
class Unhashable:
    def __eq__(self, other):
        return True
d = {K(1): "a", K(1): "b", K(2): "c"}
print(len(d), d[K(1)], K(2) in {K(2)}, len({K(1), K(1), K(3)}), K(1) in [K(5), K(1)], [K(1), K(2)].index(K(2)))
{Unhashable()}

# --- identity equality and default hash
class O:
    pass
a, b = O(), O()
[a == a, a == b, a != b, len({a, b, a}), {a: 1}[a], a in [b], hash(a) == hash(a)]

# --- isinstance with tuples and unions
class A:
    pass
class B(A):
    pass
[isinstance(B(), (int, A)), isinstance(B(), int | A), isinstance(A(), B), issubclass(B, (int, A)), isinstance(A, type), type(B()) is B, type(B()) == A]

# --- super outside of what it needs
class A:
    def f(self):
        return super().missing
A().f()

# --- global class used before it is made
def build():
    return Later()
class Later:
    pass
print(type(build()).__name__)
Never()
class Never:
    pass

# --- exception in a method, with its lines
class Calc:
    def div(self, a, b):
        return a / b
    def run(self):
        return self.div(1, 0)
Calc().run()

# --- exception in a class body
class Bad:
    x = 1
    y = x / 0

# --- recursion of methods
class Node:
    def __init__(self, value, *children):
        self.value = value
        self.children = children
    def total(self):
        return self.value + sum(c.total() for c in self.children)
    def depth(self):
        return 1 + max([c.depth() for c in self.children], default=0)
tree = Node(1, Node(2, Node(3)), Node(4))
[tree.total(), tree.depth()]

# --- linked list with iteration
class Node:
    __slots__ = ("value", "next")
    def __init__(self, value, next=None):
        self.value = value
        self.next = next
class Linked:
    def __init__(self, items=()):
        self.head = None
        self.length = 0
        for item in items:
            self.push(item)
    def push(self, value):
        self.head = Node(value, self.head)
        self.length += 1
    def __iter__(self):
        node = self.head
        while node is not None:
            yield node.value
            node = node.next
    def __len__(self):
        return self.length
    def reverse(self):
        previous, node = None, self.head
        while node:
            node.next, previous, node = previous, node, node.next
        self.head = previous
l = Linked("abc")
first = list(l)
l.reverse()
[first, list(l), len(l), "b" in l, bool(Linked()), max(l)]
