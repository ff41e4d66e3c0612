# --- order of decorators
def a(f):
    print("a")
    return lambda: "a" + f()
def b(f):
    print("b")
    return lambda: "b" + f()
@a
@b
def f():
    return "f"
f()
# --- decorators are evaluated before the function is made
def make(name):
    print("make", name)
    def deco(f):
        print("apply", name)
        return f
    return deco
@make(1)
@make(2)
def f(x=print("default")):
    pass
# --- decorator with arguments and state
def repeat(times):
    def deco(f):
        def wrapper(*args, **kwargs):
            return [f(*args, **kwargs) for _ in range(times)]
        return wrapper
    return deco
@repeat(3)
def greet(name, mark="!"):
    return name + mark
greet("hi", mark="?")
# --- decorator is any expression
table = {"double": lambda f: lambda x: f(x) * 2}
@table["double"]
def f(x):
    return x + 1
@(lambda f: f(20))
def g(x):
    return x
(f(1), g)
# --- class decorator
registry = []
def register(cls):
    registry.append(cls.__name__)
    cls.tag = "seen"
    return cls
@register
class A:
    pass
@register
class B(A):
    tag = "own"
(registry, A.tag, B.tag)
# --- class as decorator
class Traced:
    def __init__(self, f):
        self.f = f
        self.calls = 0
    def __call__(self, *args):
        self.calls += 1
        return self.f(*args)
@Traced
def add(a, b):
    return a + b
add(1, 2)
add(3, 4)
(add.calls, add(5, 6))
# --- decorated function called by its name inside
def once(f):
    cache = {}
    def wrapper(n):
        if n not in cache:
            cache[n] = f(n)
        return cache[n]
    return wrapper
@once
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
fib(60)
# --- decorator that raises
def bad(f):
    raise ValueError(f.__name__)
x = 1
@bad
def f():
    pass
# --- decorator that is not callable
@5
def f():
    pass
# --- decorator replaced by a value
def value(f):
    return f()
@value
def answer():
    return 42
answer
# --- functools wraps
import functools
def deco(f):
    @functools.wraps(f)
    def wrapper(*args):
        return f(*args)
    return wrapper
@deco
def named():
    "doc of named"
    return 1
(named(), named.__name__, named.__doc__)
# --- lru cache
from functools import lru_cache
@lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
fib(80)
# --- decorator on a method
def shout(f):
    def wrapper(self, *args):
        return f(self, *args).upper()
    return wrapper
class A:
    @shout
    def hi(self, name):
        return "hi " + name
A().hi("bo")
# --- decorator from the same class body
class A:
    def deco(f):
        return lambda self: "<" + f(self) + ">"
    @deco
    def f(self):
        return "f"
A().f()
# --- stacked property like decorators
class A:
    @classmethod
    def make(cls, *args):
        return cls.__name__, args
    @staticmethod
    def add(a, b):
        return a + b
    @property
    def size(self):
        return 3
(A.make(1), A().make(2), A.add(1, 2), A().add(3, 4), A().size)
# --- decorator of a nested function captures
def outer(n):
    def deco(f):
        return lambda: f() + n
    @deco
    def inner():
        return n * 10
    return inner()
outer(2)
# --- traceback of a decorated function
def deco(f):
    def wrapper():
        return f()
    return wrapper
@deco
def f():
    return [][1]
f()
