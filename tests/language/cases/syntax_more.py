# --- lambda in a comprehension of a class body
class A:
    items = [1, 2, 3]
    fs = [lambda: x for x in items]
    gs = {x: (lambda y=x: y * 2) for x in items}
([f() for f in A.fs], [g() for g in A.gs.values()])
# --- generator expression in a class body
class A:
    items = [1, 2, 3]
    total = sum(x for x in items)
    lazy = (x * 2 for x in items)
(A.total, list(A.lazy))
# --- super in a local class in a method
class A:
    def f(self):
        return "A.f"
class B(A):
    def f(self):
        class C(A):
            def f(self):
                return "C" + super().f()
        return C().f() + super().f()
B().f()
# --- class cell in nested functions and lambdas
class A:
    name = "a"
    def f(self):
        g = lambda: __class__.name
        def h():
            return [__class__.name for _ in range(2)], g()
        return h()
A().f()
# --- lambda that yields
f = lambda n: (yield n)
g = f(3)
(next(g), list(f(4)))
# --- deleted captured variable
def f():
    x = 1
    def g():
        return x
    del x
    return g()
f()
# --- exception name captured by a closure
def f():
    try:
        raise ValueError("v")
    except ValueError as e:
        g = lambda: e
        kept = str(g())
    try:
        return kept, g()
    except NameError as error:
        return kept, str(error)
f()
# --- walrus in a comprehension in a method with a closure
class A:
    def f(self, xs):
        found = [y := x + 1 for x in xs if (z := x) > 1]
        return found, y, z, (lambda: y + z)()
A().f([1, 2, 3])
# --- star expressions in return and yield and subscript
def g():
    yield 1, *[2, 3]
    return *"ab", 4
def f():
    result = yield from g()
    yield result
d = {(1, 2, 3): "found"}
(list(f()), d[1, *[2, 3]])
# --- with targets
class M:
    def __init__(self, v):
        self.v = v
    def __enter__(self):
        return self.v
    def __exit__(self, *a):
        pass
class O:
    pass
o, d = O(), {}
with M(1) as o.x, M([2, 3]) as (a, b), M(4) as d["k"], (M([5, 6, 7])) as [c, *rest]:
    pass
with (M(8) as e, M(9) as f,):
    pass
(o.x, a, b, d, c, rest, e, f)
# --- variable of a with body that an exception left
class Quiet:
    def __enter__(self):
        return self
    def __exit__(self, kind, error, trace):
        return True
def f():
    with Quiet() as q:
        int("no")
        found = 1
    return found
f()
# --- return from with
class M:
    def __enter__(self):
        print("in")
    def __exit__(self, kind, error, trace):
        print("out", kind)
def f():
    for i in range(3):
        with M():
            if i == 1:
                return i
            continue
f()
# --- try and finally in all combinations
def f(kind):
    log = []
    for i in range(3):
        try:
            try:
                log.append(i)
                if kind == "continue" and i == 0:
                    continue
                if kind == "break" and i == 1:
                    break
                if kind == "raise" and i == 1:
                    raise KeyError(i)
                if kind == "return" and i == 1:
                    return log
            except KeyError as e:
                log.append(("caught", e.args))
            else:
                log.append("else")
            finally:
                log.append("inner")
        finally:
            log.append("outer")
    else:
        log.append("loop else")
    return log
[f(k) for k in ("none", "continue", "break", "raise", "return")]
# --- finally that returns swallows
def f():
    while True:
        try:
            raise ValueError
        finally:
            return "swallowed"
def g():
    for i in range(2):
        try:
            1 / 0
        finally:
            continue
    return "continued"
(f(), g())
# --- global declared in a nested class
def f():
    class A:
        def set(self):
            global shared
            shared = "set"
    A().set()
f()
shared
# --- assignment order in a class with subscripts
log = []
class D:
    def __getitem__(self, k):
        log.append(("get", k))
        return 1
    def __setitem__(self, k, v):
        log.append(("set", k, v))
    def __delitem__(self, k):
        log.append(("del", k))
d = D()
d[1] += d[2]
d[3], d[4] = d[5], 6
del d[7], d[8]
log
# --- nested functions with defaults of the loop variable
def f():
    out = []
    for i in range(3):
        def g(x, *, y=i):
            return x + y
        out.append(g)
    return [g(10) for g in out]
f()
# --- recursive local function and mutual recursion
def f(n):
    def even(n):
        return n == 0 or odd(n - 1)
    def odd(n):
        return n != 0 and even(n - 1)
    return even(n), odd(n)
f(10)
# --- keyword only and positional only with defaults in methods
class A:
    def f(self, a, /, b=2, *args, c, d=4, **kw):
        return a, b, args, c, d, kw
[A().f(1, c=3), A().f(1, 5, 6, 7, c=3, z=9), A().f(1, c=3, a=2)]
# --- unpacking in calls with objects
class Keys:
    def keys(self):
        return ["a", "b"]
    def __getitem__(self, k):
        return k * 2
class Items:
    def __iter__(self):
        return iter([1, 2])
def f(*args, **kw):
    return args, kw
(f(*Items(), **Keys()), [*Items()], {**Keys()})
# --- conditional import of what is not used
def f(flag):
    if flag:
        from math import tau as constant
    else:
        from math import pi as constant
    return round(constant, 3)
(f(True), f(False))
# --- annotations of a class
class A:
    x: int
    y: "str" = "s"
    z: list[int] = []
    def f(self): ...
(list(A.__annotations__), A.y, hasattr(A, "x"))
# --- annotation without value is not a binding
def f():
    x: int
    return x
f()
# --- async everything
import asyncio
class Rows:
    def __init__(self, n):
        self.n = n
    def __aiter__(self):
        self.i = 0
        return self
    async def __anext__(self):
        if self.i == self.n:
            raise StopAsyncIteration
        self.i += 1
        await asyncio.sleep(0)
        return self.i
class Session:
    async def __aenter__(self):
        print("open")
        return self
    async def __aexit__(self, *a):
        print("close", a[0])
        return False
async def numbers(n):
    for i in range(n):
        yield i
async def app():
    out = []
    async with Session() as a, Session():
        async for row in Rows(3):
            if row == 2:
                continue
            out.append(row)
        else:
            out.append("else")
    out.append([x async for x in numbers(4) if x % 2])
    out.append({x: y async for x in numbers(2) for y in "ab"})
    out.append([await square(x) for x in range(3)])
    g = (x * 2 async for x in numbers(3))
    out.append([x async for x in g])
    return out
async def square(x):
    return x * x
asyncio.run(app())
# --- error in an async function
import asyncio
async def inner():
    await asyncio.sleep(0)
    return {}["k"]
async def outer():
    return await inner()
asyncio.run(outer())
# --- decorated async and generator methods
def twice(f):
    def wrapper(*a):
        return list(f(*a)) * 2
    return wrapper
class A:
    @twice
    def g(self, n):
        yield from range(n)
    @staticmethod
    def s():
        yield 1
    @classmethod
    def c(cls):
        yield cls.__name__
(A().g(2), list(A.s()), list(A.c()))
# --- class that is its own namespace of constants
class Codes:
    A, B, *REST = range(5)
    NAMES = {A: "a", B: "b"}
    ALL = (A, B, *REST)
(Codes.A, Codes.B, Codes.REST, Codes.NAMES, Codes.ALL)
# --- long chain of elif
def f(x):
    if x == 0: return "a"
    elif x == 1: return "b"
    elif x == 2: return "c"
    elif (y := x - 3) == 0: return ("d", y)
    else: return y
[f(i) for i in range(6)]
# --- subclass of a builtin exception with fields
class Failure(ValueError):
    def __init__(self, code, *args):
        super().__init__(*args)
        self.code = code
    def __str__(self):
        return f"[{self.code}] {super().__str__()}"
try:
    raise Failure(7, "broken") from KeyError("cause")
except (KeyError, Failure) as e:
    print(e, e.code, e.args, repr(e.__cause__))
raise Failure(8, "again")
# --- private name in a comprehension and a lambda
class A:
    def __init__(self):
        self.__items = [1, 2]
    def f(self):
        __local = 5
        return [x + __local for x in self.__items], (lambda: self.__items)()
A().f()
# --- dunder name in a function
def f():
    __x__ = 1
    __y = 2
    return __x__ + __y
__all__ = ["f"]
__version__ = "1.0"
(f(), __all__, __version__)
# --- match and with and try in a generator
class Quiet:
    def __enter__(self):
        return self
    def __exit__(self, kind, *rest):
        print("exit", kind and kind.__name__)
def tokens(items):
    for item in items:
        with Quiet():
            try:
                match item:
                    case int(n): yield ("int", n)
                    case [*xs]: yield from tokens(xs)
                    case _: raise TypeError(item)
            except TypeError as error:
                yield ("bad", str(error))
            finally:
                print("done", item)
list(tokens([1, [2, "x"], None]))
