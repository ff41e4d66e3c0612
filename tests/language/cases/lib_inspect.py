# --- annotations of functions as values
from typing import Optional, get_type_hints
class Node: ...
def f(a: int, b: "str" = "x", *rest: float, key: Optional[int] = None, **more: list[int]) -> Node | None: ...
print(f.__annotations__, get_type_hints(f)["a"], get_type_hints(f)["b"], (lambda: 0).__annotations__)
def g() -> None: ...
print(g.__annotations__, get_type_hints(g))
# --- a decorator that checks types
import functools, inspect
def typed(function):
    signature = inspect.signature(function)
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        for name, value in bound.arguments.items():
            kind = function.__annotations__.get(name)
            if kind is not None and not isinstance(value, kind):
                raise TypeError(f"{name} must be {kind.__name__}, got {type(value).__name__}")
        return function(*bound.args, **bound.kwargs)
    return wrapper
@typed
def area(width: int, height: int = 2, *, scale: float = 1.0) -> float:
    "Of a rectangle."
    return width * height * scale
print(area(3), area(3, scale=2.0), area.__annotations__, inspect.signature(area), inspect.getdoc(area))
try:
    area("a")
except TypeError as error:
    print(error)
area(1, 2, 3)
# --- parameters
import inspect
def f(a, /, b: int, c=3, *args, d, e="x", **kw) -> str: ...
for p in inspect.signature(f).parameters.values():
    print(p.name, p.kind, p.kind.name, p.default is inspect.Parameter.empty, p.annotation is p.empty, p)
signature = inspect.signature(f)
print(signature, signature.return_annotation, list(signature.parameters), signature.parameters["c"].default)
print([p.name for p in signature.parameters.values() if p.kind is inspect.Parameter.KEYWORD_ONLY])
# --- of classes, methods and objects that can be called
import inspect
from dataclasses import dataclass
class A:
    def __init__(self, x, y=1): ...
    def m(self, z): ...
    @classmethod
    def c(cls, w): ...
    @staticmethod
    def s(v): ...
    def __call__(self, q): ...
@dataclass
class D:
    a: int
    b: str = "x"
class Plain: ...
for each in (A, A.m, A(1).m, A.c, A.s, A(1), D, Plain, lambda k, *l: 0):
    print(inspect.signature(each))
try:
    inspect.signature(3)
except TypeError as error:
    print(error)
# --- binding
import inspect
def f(a, b=2, *c, d=4): ...
s = inspect.signature(f)
for args, kwargs in (((1,), {}), ((1, 5, 6, 7), {"d": 8}), ((), {"a": 1, "b": 2})):
    bound = s.bind(*args, **kwargs)
    print(bound.arguments, bound.args, bound.kwargs)
for args, kwargs in (((), {}), ((1,), {"z": 1}), ((1,), {"a": 2})):
    try:
        s.bind(*args, **kwargs)
    except TypeError as error:
        print(error)
print(s.bind_partial().arguments)
# --- what kind of thing
import inspect
class A:
    "Class doc."
    x = 1
    def m(self): "Method doc."
def gen(): yield 1
async def co(): ...
async def agen(): yield 1
checks = (inspect.isfunction, inspect.ismethod, inspect.isclass, inspect.isgeneratorfunction, inspect.iscoroutinefunction,
          inspect.isbuiltin, inspect.isgenerator, inspect.isasyncgenfunction)
for value in (A, A.m, A().m, gen, co, agen, len, gen(), 3):
    print([check(value) for check in checks])
print(inspect.getdoc(A), inspect.getdoc(A.m), inspect.cleandoc("  a\n    b\n  c"))
print([name for name, _ in inspect.getmembers(A(), inspect.ismethod)])
# --- annotations of classes
from dataclasses import dataclass, fields
from typing import ClassVar, NamedTuple, Optional, TypedDict, get_type_hints
@dataclass
class P:
    x: int
    y: Optional[str] = None
    z: list[int] | None = None
    count: ClassVar[int] = 0
print([(f.name, f.type) for f in fields(P)], P.__annotations__["x"], get_type_hints(P)["x"])
class N(NamedTuple):
    a: int
    b: str = "q"
class T(TypedDict, total=False):
    name: str
    age: int
print(N.__annotations__, N(1), T.__annotations__, T.__total__, sorted(T.__optional_keys__), get_type_hints(T))
for f in fields(P(1)):
    print(f.name, isinstance(getattr(P(1), f.name), f.type) if f.type is int else "-")
# --- annotations that are postponed
from __future__ import annotations
from typing import get_type_hints
def f(a: int, b: list[Later]) -> Later: ...
class Later: ...
print(f.__annotations__, get_type_hints(lambda: 0))
# --- singledispatch by all kinds of annotations
from datetime import date
from functools import singledispatch
@singledispatch
def show(value): return "object"
@show.register
def _(value: int | float): return "number"
@show.register
def _(value: list): return "list"
@show.register
def _(value: date): return "date"
@show.register(str)
def _(value): return "text"
class Mine: ...
@show.register
def _(value: Mine): return "mine"
print([show(each) for each in (1, 2.5, [], date(2024, 1, 1), "s", Mine(), None, True)])
# --- types of types in annotations
def f(kind: type[int], other: type[Exception] | None = None) -> tuple[type[str], ...]: ...
print(f.__annotations__)
