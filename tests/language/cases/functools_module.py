# --- reduce
from functools import reduce
[reduce(lambda a, b: a + b, [1, 2, 3]), reduce(max, (3, 9, 2)), reduce(lambda a, b: a * b, [], 1), reduce(lambda a, b: b + a, "abc"), reduce(lambda a, b: a | {b}, [1, 2, 1], set())]
# --- reduce of nothing
from functools import reduce
reduce(lambda a, b: a, [])
# --- reduce of what cannot be walked over
from functools import reduce
reduce(max, 5)
# --- reduce with one argument
from functools import reduce
reduce(max)
# --- partial
from functools import partial
def f(a, b, c=0, **kw):
    return [a, b, c, kw]
g = partial(f, 1, c=5)
h = partial(g, 2)
[g(9), g(9, c=1, z=2), h(), partial(int, base=2)("101"), partial(print)() is None, g.func is f, g.args, g.keywords, h.args, partial(max, key=abs)(-3, 2)]
# --- partial of what cannot be called
from functools import partial
partial(5)
# --- partial without arguments
from functools import partial
partial()
# --- partial in map and sorted
from functools import partial
[list(map(partial(pow, 2), range(4))), sorted(["b", "A"], key=partial(str.lower)), list(map(partial(round, ndigits=1), [1.25, 2.35]))]
# --- partial called with too little
from functools import partial
def f(a, b):
    return a
partial(f, 1)()
# --- lru_cache
from functools import lru_cache
calls = []
@lru_cache(maxsize=2)
def f(x, y=1):
    calls.append(x)
    return x * y
out = [f(1), f(1), f(2), f(3), f(1), f(3, y=2)]
info = f.cache_info()
f.cache_clear()
[out, calls, info.hits, info.misses, info.maxsize, info.currsize, str(f.cache_info()), f.__name__, f.__wrapped__(5), f.cache_parameters()]
# --- lru_cache without parentheses, and cache
from functools import cache, lru_cache
@lru_cache
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
@cache
def fact(n):
    return n * fact(n - 1) if n else 1
[fib(80), fact(30), fib.cache_info().maxsize, fact.cache_info().currsize, tuple(fact.cache_info())]
# --- lru_cache with types told apart
from functools import lru_cache
@lru_cache(typed=True)
def kind(x):
    return type(x).__name__
@lru_cache
def same(x):
    return type(x).__name__
[kind(1), kind(1.0), kind(True), same(1), same(1.0)]
# --- lru_cache of what is not hashable
from functools import lru_cache
@lru_cache
def f(x):
    return x
f([1])
# --- lru_cache of a set
from functools import lru_cache
@lru_cache
def f(x):
    return len(x)
print(f(frozenset([1, 2])), f(frozenset([2, 1])), f.cache_info())
f({1})
# --- lru_cache keeps no exception
from functools import lru_cache
n = 0
@lru_cache
def f(x):
    global n
    n += 1
    if n < 2:
        raise ValueError("first")
    return n
try:
    f(1)
except ValueError as e:
    print(e)
[f(1), f(1), f.cache_info().misses]
# --- lru_cache with a bad size
from functools import lru_cache
lru_cache("x")
# --- lru_cache on a method
from functools import lru_cache
class A:
    def __init__(self, k):
        self.k = k
        self.n = 0
    @lru_cache(maxsize=None)
    def f(self, x):
        self.n += 1
        return x * self.k
a, b = A(2), A(3)
[a.f(5), a.f(5), b.f(5), a.n, b.n, A.f.cache_info().hits]
# --- edit distance with a cache
from functools import cache
def distance(a, b):
    @cache
    def d(i, j):
        if not i or not j:
            return i + j
        return min(d(i - 1, j) + 1, d(i, j - 1) + 1, d(i - 1, j - 1) + (a[i - 1] != b[j - 1]))
    return d(len(a), len(b))
distance("kitten", "sitting")
# --- wraps
from functools import wraps
def logged(f):
    @wraps(f)
    def wrapper(*args, **kwargs):
        """not this"""
        print("calling", f.__name__, args, kwargs)
        return f(*args, **kwargs)
    return wrapper
@logged
def add(a, b=2):
    """Adds."""
    return a + b
[add(1), add(1, b=5), add.__name__, add.__doc__, add.__wrapped__(3), add.__qualname__]
# --- wraps copies attributes
import functools
def f():
    return 1
f.tag = "x"
@functools.wraps(f)
def g():
    return 2
[g.tag, g.__name__, g()]
# --- a decorator with arguments
import functools
def repeat(times):
    def decorate(f):
        @functools.wraps(f)
        def inner(*args):
            return [f(*args) for _ in range(times)]
        return inner
    return decorate
@repeat(times=3)
def hello(name):
    return f"hi {name}"
[hello("Ada"), hello.__name__]
# --- update_wrapper on an object
import functools
class Counted:
    def __init__(self, f):
        functools.update_wrapper(self, f)
        self.f = f
        self.n = 0
    def __call__(self, *args):
        self.n += 1
        return self.f(*args)
@Counted
def double(x):
    return 2 * x
[double(4), double(5), double.n, double.__name__]
# --- cmp_to_key
from functools import cmp_to_key
def compare(a, b):
    return (a > b) - (a < b) if len(a) == len(b) else len(a) - len(b)
[sorted(["bb", "a", "aa", "c"], key=cmp_to_key(compare)), max([3, 1, 2], key=cmp_to_key(lambda a, b: b - a)), sorted([1, 2, 3], key=cmp_to_key(lambda a, b: b - a))]
# --- cmp_to_key whose result is no number
from functools import cmp_to_key
sorted([1, 2], key=cmp_to_key(lambda a, b: "x"))
# --- singledispatch
from functools import singledispatch
@singledispatch
def show(x):
    return f"? {x}"
@show.register(int)
def _(x):
    return f"int {x}"
@show.register(list)
def _(x):
    return "list " + ",".join(map(show, x))
@show.register(type(None))
def _(x):
    return "nothing"
show.register(dict, lambda x: "dict")
show.register(float | str, lambda x: f"float or str {x}")
[show(1), show(True), show([1, "a", None]), show({1: 2}), show({1}), show((1,)), show(2.5), show.dispatch(bool)(5), show.dispatch(tuple)(5)]
# --- singledispatch on classes
from functools import singledispatch
class Animal:
    pass
class Dog(Animal):
    pass
class Puppy(Dog):
    pass
@singledispatch
def speak(x):
    raise NotImplementedError(type(x).__name__)
@speak.register(Animal)
def _(x):
    return "..."
@speak.register(Dog)
def _(x):
    return "woof"
print(speak(Animal()), speak(Dog()), speak(Puppy()))
speak(5)
# --- singledispatch without arguments
from functools import singledispatch
@singledispatch
def f(x):
    return 1
f()
# --- singledispatchmethod
from functools import singledispatchmethod
class Formatter:
    def __init__(self, prefix):
        self.prefix = prefix
    @singledispatchmethod
    def show(self, x):
        return f"{self.prefix}?{x}"
    @show.register(int)
    def _(self, x):
        return f"{self.prefix}{x + 1}"
    @show.register(str)
    def _(self, x):
        return f"{self.prefix}{x.upper()}"
f = Formatter(">")
[f.show(1), f.show("a"), f.show(2.5)]
# --- total_ordering
from functools import total_ordering
@total_ordering
class Version:
    def __init__(self, *parts):
        self.parts = parts
    def __eq__(self, other):
        return self.parts == other.parts
    def __lt__(self, other):
        return self.parts < other.parts
a, b = Version(1, 2), Version(1, 3)
[a < b, a <= b, a > b, a >= b, a == b, a != b, max(a, b).parts, sorted([b, a])[0].parts]
# --- total_ordering without any order
from functools import total_ordering
@total_ordering
class A:
    pass
# --- total_ordering with an answer of NotImplemented
from functools import total_ordering
@total_ordering
class A:
    def __eq__(self, other):
        return True
    def __lt__(self, other):
        return NotImplemented
A() >= A()
# --- cached_property
from functools import cached_property
class Data:
    def __init__(self, xs):
        self.xs = xs
        self.n = 0
    @cached_property
    def total(self):
        self.n += 1
        return sum(self.xs)
d = Data([1, 2, 3])
first = [d.total, d.total, d.n]
d.xs.append(4)
second = d.total
del d.total
third = d.total
d.total = 99
[first, second, third, d.total, d.n]
# --- partialmethod
from functools import partialmethod
class Cell:
    def __init__(self):
        self.alive = False
    def set(self, state, note=""):
        self.alive = state
        return note
    revive = partialmethod(set, True)
    kill = partialmethod(set, False, note="dead")
c = Cell()
out = [c.revive(), c.alive, c.kill(), c.alive, c.revive(note="up")]
out
# --- singledispatch by annotations
from functools import singledispatch, singledispatchmethod
class Shape:
    pass
@singledispatch
def area(x):
    return "?"
@area.register
def _(x: int):
    return f"int {x}"
@area.register
def _(x: str | list):
    return f"text or list {len(x)}"
@area.register
def _(x: Shape):
    return "shape"
class F:
    @singledispatchmethod
    def show(self, x):
        return "other"
    @show.register
    def _(self, x: float):
        return "float"
[area(1), area("ab"), area([1]), area(Shape()), area(2.5), F().show(2.5), F().show(1)]
