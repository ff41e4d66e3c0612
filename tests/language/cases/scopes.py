# --- class names are not seen by methods
x = "global"
class A:
    x = "class"
    def f(self):
        return x
(A().f(), A.x)
# --- class body reads what is around when it binds later
x = 1
class A:
    y = x
    x = 2
    z = x
(A.y, A.z, x)
# --- class body reads a global and not the function around when it binds the name
x = "global"
def f():
    x = "local"
    class A:
        y = x
        x = "class"
    return A.y
try:
    print(f())
except NameError as error:
    print(error)
# --- class body reads the function around
def f(value):
    class A:
        copy = value
        def get(self):
            return value
    return A.copy, A().get()
f(7)
# --- unbound name in a class body
class A:
    if False:
        x = 1
    y = x
# --- deleted name in a class body
x = "outer"
class A:
    x = "inner"
    del x
    y = x
(A.y, hasattr(A, "x"))
# --- deleting a missing name in a class body
class A:
    if False:
        x = 1
    del x
# --- builtin hidden in a class body
class A:
    len = len([1, 2])
    def size(self):
        return len("abc")
(A.len, A().size())
# --- global in a class body
class A:
    global made
    made = 5
    def f(self):
        return made
(made, A().f(), hasattr(A, "made"))
# --- nonlocal in a class body
def f():
    count = 1
    class A:
        nonlocal count
        count = 2
    return count, hasattr(A, "count")
f()
# --- first iterable of a comprehension sees the class
class A:
    n = 3
    squares = [i * i for i in range(n)]
A.squares
# --- element of a comprehension does not see the class
k = 10
class A:
    k = 3
    made = [i * k for i in range(3)]
A.made
# --- comprehension variable in a class body stays in it
class A:
    made = [i for i in range(3)]
hasattr(A, "i")
# --- loop variable in a class body is a member
class A:
    for i in range(3):
        last = i
(A.i, A.last)
# --- lambda in a class body sees no members
x = 1
class A:
    x = 2
    f = lambda self: x
A().f()
# --- nested classes
class Outer:
    kind = "outer"
    class Inner:
        kind = "inner"
        def where(self):
            return kind
    def make(self):
        return Outer.Inner()
kind = "global"
(Outer.Inner.kind, Outer().make().where(), Outer.Inner.__qualname__)
# --- private names
class A:
    __secret = 1
    def __init__(self):
        self.__value = 2
    def get(self):
        return self.__value, self.__secret, A.__secret
    def __hidden(self):
        return "hidden"
    def call(self):
        return self.__hidden()
a = A()
(a.get(), a.call(), a._A__value, A._A__secret)
# --- private names of two classes do not meet
class A:
    def __init__(self):
        self.__x = "a"
    def a(self):
        return self.__x
class B(A):
    def __init__(self):
        super().__init__()
        self.__x = "b"
    def b(self):
        return self.__x
(B().a(), B().b())
# --- private name from outside
class A:
    def __init__(self):
        self.__x = 1
A().__x
# --- private parameters and keywords
class A:
    def f(self, __x=1, *, __y=2):
        return __x, __y
    def g(self):
        return self.f(__y=5)
(A().f(), A().g())
# --- private names in a class with underscores only
class __:
    def f(self):
        self.__x = 1
        return self.__x
__().f()
# --- private names in a class that begins with underscores
class __A:
    def f(self):
        self.__x = 1
        return self._A__x
__A().f()
# --- private function name keeps its own in messages
class A:
    def __f(self, x):
        return x
    def g(self):
        return self.__f()
A().g()
# --- class cell
class A:
    def me(self):
        return __class__
    @staticmethod
    def you():
        return __class__.__name__
class B(A):
    pass
(B().me() is A, B.you())
# --- super in nested function takes the inner first parameter
class A:
    def f(self):
        return "A"
class B(A):
    def f(self):
        def inner(me):
            return super().f()
        return inner(self)
B().f()
# --- super without a first parameter
class A:
    def f():
        return super()
A.f()
# --- explicit super
class A:
    def f(self):
        return "A.f"
class B(A):
    def f(self):
        return "B" + super(B, self).f()
B().f()
# --- closure in a method
class Counter:
    def __init__(self):
        self.total = 0
    def adder(self, n):
        def add():
            self.total += n
            return self.total
        return add
c = Counter()
add = c.adder(5)
add()
(add(), c.total)
# --- class captured by a function that follows it
def make():
    class A:
        def again(self):
            return A()
    return A
type(make()().again()).__name__
# --- walrus in a class body
class A:
    if (n := 10) > 5:
        m = n
(A.n, A.m)
# --- except name in a class body
class A:
    try:
        1 / 0
    except ZeroDivisionError as e:
        text = str(e)
(A.text, hasattr(A, "e"))
# --- import in a class body
class A:
    import math
    from math import pi as tau_half
    def area(self, r):
        return self.math.floor(self.tau_half * r)
A().area(2)
# --- function defined in a branch of a class
class A:
    if True:
        def f(self):
            return 1
    else:
        def f(self):
            return 2
A().f()
# --- default arguments in a class see members
class A:
    n = 4
    def f(self, x=n):
        return x
A().f()
# --- generator expression is evaluated late but its first iterable at once
n = 2
items = [1, 2, 3]
g = (x * n for x in items)
n = 10
items = []
list(g)
# --- generator expression and walrus
def f():
    found = [last := x for x in range(5)]
    g = (best := y for y in range(3))
    list(g)
    return found, last, best
f()
# --- nonlocal through a class
def f():
    n = 0
    class A:
        def inc(self):
            nonlocal n
            n += 1
            return n
    a = A()
    a.inc()
    return a.inc(), n
f()
# --- module docstring is a name
"""The text."""
__doc__
# --- docstrings
def f():
    """What f is."""
class A:
    """What A is."""
    def m(self):
        "What m is."
def g():
    return 1
(f.__doc__, A.__doc__, A.m.__doc__, g.__doc__)
# --- a variable that is unbound in a comprehension is a free one
def show(f):
    try:
        print(f())
    except NameError as e:
        print(type(e).__name__, e, e.__context__, e.__suppress_context__)
def f1():
    r = [c for x in range(2)]
    c = 1
def f2():
    r = [c for x in c]
    c = 1
def f3():
    r = [lambda: c for x in range(2)]
    q = [x for x in (1,2) if c]
    c = 1
def f4():
    if any(c for x in range(3)):
        print(1)
    c = 1
def f5():
    c = 1
    g = lambda: c
    r = [c for x in range(2)]
    del c
    return [c for x in range(2)]
def f6():
    c = 1
    def g():
        nonlocal c
        del c
    r = [c for x in range(2)]
    g()
    return [x for x in range(2) if not c]
def f7():
    return next((c for x in range(3)), 4), (c := 3)
def f8():
    return [(y, x) for x in range(3) if (y if x else 0) or (y := x) ]
def f9():
    return {x: [c for y in range(2)] for x in range(2)}
    c = 1
def f10(p):
    h = lambda: p
    return [p for x in range(2)], h()
def f11():
    for i in range(2):
        if i:
            print([c for _ in range(2)], [w + c for w in range(3)])
            del c
        else:
            c = 5
    return sum(c for i in range(3))
def f12():
    try:
        c = 1 / 0
    except ZeroDivisionError as e:
        pass
    return max([e for i in range(3)])
for f in (f1,f2,f3,f4,f5,f6,f7,f8,f9,f11, f12):
    show(f)
print(f10(3))
# --- a variable that is unbound is found before what the rest of the statement does
def t(x):
    print('t', x)
    return x
def f():
    b *= sum([t(x) for x in [1, 2]])
def g():
    b += t(1) + sum([t(x) for x in [1, 2] if x or t(3)])
def h():
    return t(1), b, [t(x) for x in [1]]
    b = 1
def i():
    return t(t(1) + b + t(3))
    b = 1
def j(q):
    if q: b = 2
    x = [b, t(5), {t(1): b}, [y * b for y in range(2)]]
    print(x, b.real, b[0] if not q else 3)
    b -= 1 if t(0) else sum([z for z in [t(3)]])
    return f'{b}{t(1)}', b
def k(q):
    for z in range(2):
        if z: print(b, t(z), z + b)
        if q: b = z
    while b: b = b[t(0)]
    return b
def m():
    print(t(2)); b; print(t(3))
    b = 1
def n():
    b.x = t(1)
    b = 2
def o():
    b[t(1)] = t(2)
    b = 2
def p():
    try: b
    except UnboundLocalError: print('yes')
    t(b)
    b = 2
def q():
    t(b if t(0) else t(1)), t(0) and b, t(1) and b
    b = 2
for w in (f, g, h, i, lambda: j(0), lambda: j(1), lambda: k(0), lambda: k(1), m, n, o, p, q):
    try: print(w())
    except Exception as e: print(type(e).__name__, e)
