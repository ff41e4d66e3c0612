# --- filters and adapters of logging
import logging
import sys


class Redact(logging.Filter):
    def __init__(self, word):
        super().__init__()
        self.word = word

    def filter(self, record):
        record.msg = record.getMessage().replace(self.word, "***")
        record.args = ()
        return "drop" not in record.msg


class Context(logging.LoggerAdapter):
    def process(self, msg, kwargs):
        return f"[{self.extra['id']}] {msg}", kwargs


handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
handler.addFilter(Redact("secret"))
log = logging.getLogger("app.part")
log.setLevel("DEBUG")
log.propagate = False
log.addHandler(handler)
log.info("a %s", "secret")
log.info("drop this")
adapter = Context(log, {"id": 7})
adapter.warning("b %d", 2)
adapter.log(logging.ERROR, "c")
print(adapter.isEnabledFor(logging.DEBUG), adapter.getEffectiveLevel(), adapter.name, adapter)
print(logging.LoggerAdapter(log, {}).process("m", {}))
of = logging.Filter("app")
print([of.filter(logging.LogRecord) if False else of.name])
log.addFilter(logging.Filter("app"))
log.addFilter(logging.Filter("other"))
log.info("not of it")
logging.addLevelName(25, "NOTICE")
print(logging.getLevelName(25), logging.getLevelName("NOTICE"))
# --- shared attributes
class Borg:
    _shared = {"seed": 1}

    def __init__(self, **more):
        self.__dict__ = self._shared
        self.__dict__.update(more)


a, b = Borg(x=1), Borg(y=2)
b.x = 5
print(a.x, a.y, a.seed, sorted(vars(a)), a.__dict__ == b.__dict__)


class Plain:
    pass


p, q = Plain(), Plain()
p.n = 1
q.__dict__ = p.__dict__
q.n = 2
print(p.n)
q.__dict__ = {"z": 3}
print(q.z, hasattr(q, "n"), p.n)
try:
    q.__dict__ = 5
except TypeError as error:
    print(error)
# --- a dict that is its own attributes
import copy


class AttrDict(dict):
    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.__dict__ = self

    @property
    def size(self):
        return len(self)


d = AttrDict(a=1)
d.b = [2]
d["c"] = 3
d.b.append(d.c)
print(d, d.a, d["b"], d.size, vars(d) is d, hasattr(d, "zz"), getattr(d, "zz", "none"))
del d.a
for attempt in (lambda: d.a, lambda: d.zz, lambda: setattr(d, "size", 1)):
    try:
        attempt()
    except AttributeError as error:
        print(error)
e = copy.copy(d)
f = copy.deepcopy(d)
f["b"].append(4)
print(e, f, d, e.c)
# --- what functions and classes tell
def f(a, b=2, *args, c=3, d, **more): ...


class A:
    __slots__ = ["x", "y"]

    def m(self, k=1, *, z=2): ...


class B(A):
    __slots__ = ("z",)


print(f.__defaults__, f.__kwdefaults__, (lambda: 0).__defaults__, (lambda: 0).__kwdefaults__)
print(A().m.__defaults__, A.m.__kwdefaults__, A.__slots__, B.__slots__, B().__slots__)
print([each.__name__ for each in A.__subclasses__()], B.__subclasses__())
print(BaseException in ValueError.__mro__, Exception.__mro__, KeyError.__bases__, bool.__mro__, int.__bases__)
try:
    print([].__defaults__)
except AttributeError as error:
    print(error)
# --- abstract methods that are left
from abc import ABC, abstractmethod
from dataclasses import dataclass


class Shape(ABC):
    @abstractmethod
    def area(self): ...

    @abstractmethod
    def name(self): ...


class Named(Shape):
    def name(self):
        return "n"


@dataclass(slots=True)
class Point:
    x: int
    y: int = 0


print(sorted(Shape.__abstractmethods__), sorted(Named.__abstractmethods__), Point.__slots__)
# --- encodings with tables
for name in ("cp1252", "windows-1252", "iso8859-15", "latin9", "cp437", "koi8-r", "cp1251", "mac_roman", "cp850"):
    print(name, ascii("abc\xe9".encode(name, "replace")), ascii(bytes(range(120, 200)).decode(name, "replace")))
for attempt in (lambda: "\u044f".encode("cp1252"), lambda: b"\x81".decode("cp1252"), lambda: "a".encode("nope")):
    try:
        attempt()
    except (UnicodeError, LookupError) as error:
        print(type(error).__name__, error)
print(bytes("\u20ac", "cp1252"), bytearray("\xe9", "cp850"), str(b"\x80", "cp1252"), "\u044f".encode("cp1252", "ignore"))
print(ascii(b"a\\u00e9\\n\\x41".decode("unicode_escape")), "\xe9\n\u2603".encode("unicode_escape"), "\xe9\u2603".encode("raw_unicode_escape"))
# --- codecs
import codecs

print(codecs.encode("Hello", "rot13"), codecs.decode("Uryyb", "rot_13"), codecs.BOM_UTF8)
print(codecs.encode(b"abc", "hex"), codecs.decode(b"616263", "hex_codec"), codecs.encode(b"abc", "base64"))
print(codecs.encode("\xe9"), ascii(codecs.decode(b"\xc3\xa9")), codecs.decode(b"a\xff", "ascii", "replace"))
# --- a scheduler
import sched

now = [0.0]


def wait(seconds):
    now[0] += seconds


s = sched.scheduler(lambda: now[0], wait)
s.enter(2, 1, print, argument=("second",))
s.enter(1, 2, print, ("first",), {"end": "!\n"})
s.enter(1, 1, print, ("earlier",))
gone = s.enterabs(3, 1, print, ("never",))
s.cancel(gone)
print(len(s.queue), s.queue[0].argument, s.queue[0].priority, s.empty(), s.run(blocking=False))
s.run()
print(s.empty(), now)
# --- a barrier of tasks
import asyncio


async def arrive(barrier, log, name):
    log.append(f"{name} waits")
    async with barrier as place:
        log.append(f"{name} is {place}")


async def main():
    barrier, log = asyncio.Barrier(3), []
    await asyncio.gather(*(arrive(barrier, log, name) for name in "abc"))
    print(log, barrier.parties, barrier.n_waiting, barrier.broken)
    waiting = asyncio.create_task(barrier.wait())
    await asyncio.sleep(0)
    print(barrier.n_waiting)
    await barrier.abort()
    try:
        await waiting
    except asyncio.BrokenBarrierError as error:
        print(type(error).__name__, error, barrier.broken)
    try:
        asyncio.Barrier(0)
    except ValueError as error:
        print(error)


asyncio.run(main())
# --- a decoder of one's own
import json


class Decoder(json.JSONDecoder):
    def __init__(self, **more):
        super().__init__(object_hook=self.made, **more)

    def made(self, found):
        return set(found["items"]) if found.get("kind") == "set" else found


print(json.loads('{"kind": "set", "items": [1, 1]}', cls=Decoder), json.JSONDecoder().decode(' {"a": [1.5]} '))
print(json.JSONDecoder(parse_int=str).raw_decode('[1, 2] tail'), json.JSONDecoder().raw_decode('x 7 y', 2))
for text in ("", "[1", '{"a"}'):
    try:
        json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as error:
        print(error)
# --- moments read from texts
import time

moment = time.strptime("2024-02-29 13:45", "%Y-%m-%d %H:%M")
print(moment.tm_year, moment.tm_yday, moment[:6], time.strftime("%d/%m/%Y", moment))
try:
    time.strptime("x", "%Y")
except ValueError as error:
    print(error)
# --- functions that dispatch on abstract classes
from collections.abc import Iterable, Mapping, Sequence
from functools import singledispatch
from numbers import Integral, Number


@singledispatch
def show(value):
    return "object"


@show.register
def _(value: Mapping):
    return "mapping"


@show.register(Number)
def _(value):
    return "number"


@show.register(Integral)
def _(value):
    return "integral"


@show.register(Iterable)
def _(value):
    return "iterable"


@show.register(Sequence)
def _(value):
    return "sequence"


@show.register
def _(value: bool):
    return "bool"


class Own(dict): ...


class Walked:
    def __iter__(self):
        return iter(())


print([show(each) for each in ({}, 1, 1.5, [1], (1,), "a", {1}, True, None, Own(), Walked(), range(2), object())])
# --- what inspect finds
import functools
import inspect


def timed(function):
    @functools.wraps(function)
    def inner(*args):
        return function(*args)

    return inner


@timed
@timed
def area(w: int, h: "int") -> int:
    return w * h


class Base: ...


class Derived(Base):
    x: int = 1


print(inspect.unwrap(area)(2, 3), inspect.unwrap(area, stop=lambda f: True) is area, inspect.getmro(Derived))
print(inspect.get_annotations(area), inspect.get_annotations(area, eval_str=True), inspect.get_annotations(Derived))
# --- origins of types
import types
from typing import Callable, Optional, Union, get_args, get_origin

print(get_origin(Union[int, str]) is Union, get_origin(Optional[int]) is Union, get_args(Optional[int]))
print(Callable[[int, str], bool], get_args(Callable[[int], str]), Callable[..., int], isinstance(len, Callable))
print(get_origin(int | str) is types.UnionType, get_args(int | None))
# --- ends of a program that are caught
import sys

for code in (None, 0, 3, "text", (1, 2), ()):
    try:
        sys.exit(code)
    except SystemExit as error:
        print(repr(error.code), error.args)
# --- paths without files
from pathlib import Path, PurePath

p = Path("nowhere-at-all") / "b.tar.gz"
print(p, repr(p), type(p).__name__, isinstance(p, Path), isinstance(p, PurePath), p.suffixes, p.parent, p.with_suffix(".md"))
print(p.exists(), p.is_file(), p.is_dir(), list(p.glob("*")), p.unlink(missing_ok=True), {Path("a"): 1}[Path("a")])
for attempt in (p.read_text, p.read_bytes, p.open, p.unlink, p.stat):
    try:
        attempt()
    except FileNotFoundError as error:
        print(error)
# --- copies of classes with metaclasses
import copy


class Meta(type):
    def __call__(cls, *args):
        return super().__call__(*args)


class A(metaclass=Meta):
    def __init__(self, xs):
        self.xs = xs


a = A([1])
print(copy.copy(A) is A, copy.deepcopy([A])[0] is A, copy.copy(a).xs is a.xs, copy.deepcopy(a).xs is a.xs)
# --- a pool whose workers cannot begin
import logging
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor

logging.disable(logging.CRITICAL)


def fail():
    raise RuntimeError("no")


with ThreadPoolExecutor(1, initializer=fail) as pool:
    try:
        pool.submit(print, 1).result()
    except BrokenExecutor as error:
        print(type(error).__name__, error)
    try:
        pool.submit(print, 2)
    except BrokenExecutor as error:
        print(error)
