# --- tables of types
readers = {"int": int, "float": float, "str": str, "list": list, "tuple": tuple, "dict": dict, "bool": bool, "bytes": bytes, "set": set}
print([name for name in readers])
print(readers["int"]("7"), readers["str"](7), readers["list"]("ab"), readers["tuple"]("ab"), readers["dict"]([(1, 2)]), readers["bytes"](2), readers["dict"](a=1))
print(sorted(readers["set"]("ab")), readers.get("list")(range(3)), readers.setdefault("bytearray", bytearray)(b"x"))
for name, kind in readers.items():
    print(name, kind, kind(), kind.__name__, repr(kind), f"{kind}", f"{kind!r:>20}|", "%s" % kind, str(kind), hash(kind) == hash(kind), isinstance(kind(), kind), kind is type(kind()), kind == kind)
# --- types as arguments
def make(kind, *args, **options):
    return kind(*args, **options)


class Box:
    default = list

    def __init__(self, kind, factory=dict):
        self.kind = kind
        self.factory = factory

    def fill(self, *args):
        return self.kind(*args), self.factory(), self.default("xy"), Box.default((1,))


print(make(str, 5), make(list, "abc"), make(tuple, [1, 2]), make(dict, a=1), make(dict, [("k", 1)], b=2), make(bytes, "ä", "utf-8"), make(str, b"abc", encoding="ascii"))
print(Box(list).fill("ab"), Box(tuple, list).fill([1]), Box(str).fill(3.5))
print(*map(lambda kind: kind("12"), [int, float, str, list, tuple]))
print(list(map(str, [1, 2])), list(map(list, ["ab", "c"])), list(map(tuple, [[1]])), list(filter(str, ["", "a"])), sorted([10, 9], key=str), max([9, 10], key=str), min(["b", "a"], key=list))
print([kind("5") for kind in (int, float, str)], {kind: kind() for kind in (list, dict, str, tuple, bytes)})
# --- errors of types that are called
for kind, args in [(list, (1,)), (list, (1, 2)), (tuple, (5,)), (dict, (1,)), (dict, ([1],)), (str, (1, 2, 3, 4)), (str, (b"x", 5)), (bytes, ("a",)), (bytearray, ("a",)), (map, ()), (filter, (1,)), (bytes, (-1,))]:
    try:
        print(kind(*args))
    except Exception as error:
        print(kind, type(error), error)
for action in [lambda: [list][0](1), lambda: [*list], lambda: list[0] and None, lambda: iter(list), lambda: 1 in list, lambda: list + 1, lambda: list < dict, lambda: list(list), lambda: len(str), lambda: str[0], lambda: list.foo, lambda: list | 5, lambda: int(list), lambda: f"{list:>3}", lambda: isinstance([], list[int]), lambda: issubclass(3, list), lambda: "".join([str]), lambda: abs(list), lambda: -dict, lambda: next(map), lambda: reversed(list), lambda: list.append(), lambda: str.upper(5), lambda: sum([list]), lambda: sorted([list, dict])]:
    try:
        print(action())
    except Exception as error:
        print(type(error).__name__, error)
list()
# --- types compared and asked
x, y = [1], "s"
print(type(x) is list, type(x) == list, type(x) in (list, tuple), type(y) is str, type(y) is not bytes, type({}) is dict, type(()) is tuple, x.__class__ is list, type(x) is x.__class__, type(b"") is bytes, type(bytearray()) is bytearray)
print(isinstance(x, list), isinstance(y, (list, str)), isinstance(x, (int, (tuple, list))), isinstance({}, dict), isinstance(set(), dict), isinstance(x, list | None), isinstance(None, list | None), isinstance(3, int | str), isinstance(y, str | int | None))
kinds = (list, dict)
union = list | tuple | None
print(isinstance(x, kinds), isinstance((), kinds), isinstance(x, union), isinstance({}, union), union, repr(union), list | None == list | None, isinstance(list, type), isinstance(str, type), type(list) is type, type(list), callable(list))
print(issubclass(bool, int), issubclass(list, object), issubclass(str, (int, str)), issubclass(list, list), issubclass(dict, list), issubclass(type(x), list), issubclass(int, list))
print(list.__name__, dict.__qualname__, str.__name__, type(x).__name__, type("").__qualname__, x.__class__.__name__, list.__module__)
print({list: 1}[type([])], {type(k): k for k in (1, "a", [2], (3,), {4: 5}, None, b"")}, list in {list, dict}, [list, str].index(str), (list, str) == (list, str), list != dict)
print(list[int], dict[str, int], tuple[int, ...], list[list[str]], list[int] == list[int], list[int] != list[str], list[int] | None, list[int]((1, 2)), dict[str, int](a=1), tuple[int]([1]))
print(sorted([list, dict, str], key=lambda kind: kind.__name__), [kind.__name__ for kind in (list, tuple, str, map, filter, bytes, bytearray)])
# --- methods read off types
print(list(map(str.upper, ["a"])), str.join(",", ["a", "b"]), list.index([1, 2], 2), dict.get({1: 2}, 1), dict.fromkeys("ab", 0), str.maketrans("a", "b"), bytes.fromhex("00ff"), sorted(["B", "a"], key=str.lower), list(filter(str.isdigit, ["1", "a"])))
append = list.append
items = []
append(items, 1)
list.append(items, 2)
upper = str.upper
print(items, upper("x"), [*map(str.strip, [" a "])], str.split("a b"), tuple.count((1, 1), 1), getattr(str, "title")("ab"), hasattr(list, "append"), hasattr(list, "foo"), "upper" in dir(str), list.__len__([1]), str.__add__("a", "b"), dict.__contains__({1: 2}, 1), list.__eq__([1], [1]))
# --- types in annotations and data classes
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field, fields
from typing import Optional, get_type_hints


@dataclass
class Order:
    name: str
    lines: list = field(default_factory=list)
    notes: dict[str, list[int]] = field(default_factory=dict)
    tags: Optional[tuple] = None


def total(x: list, y: "dict", *, z: str | None = None) -> tuple:
    return (x,)


a, b = Order("a"), Order("b")
a.lines.append(1)
print(a, b, a == b, Order("c", lines=[2]))
print(get_type_hints(total), total.__annotations__["x"] is list, get_type_hints(Order)["lines"] is list, fields(Order)[1].default_factory is list)
print(get_type_hints(Order), Order.__dataclass_fields__["lines"].type)
groups = defaultdict(list)
groups["a"].append(1)
print(groups, groups.default_factory, groups.default_factory is list, defaultdict(dict), defaultdict(str)["x"], defaultdict(tuple)[1])
made = defaultdict(deque)
made[1].append(2)
print(made, made.default_factory, deque, OrderedDict, Counter, defaultdict, [deque][0]([1, 2], 1), [Counter][0]("aab"), [OrderedDict][0](a=1))
# --- classes derived from types that are held
bases = {"list": list, "dict": dict, "str": str, "tuple": tuple}


class Stack(bases["list"]):
    def push(self, x):
        self.append(x)


class Name(str):
    kind = str

    def shout(self):
        return self.kind(self).upper() + type(self).__name__


class Pair(tuple[int, int]):
    pass


s = Stack([1])
s.push(2)
print(s, isinstance(s, list), issubclass(Stack, list), Stack.__bases__, Stack.__mro__, Stack.mro(), Stack.__bases__[0] is list, Name("a").shout(), Pair((1, 2)), type(s) is Stack, type(s)([3]), s.__class__([4]), Stack.__bases__[0]([5]), Name.__mro__[1](3))
print([base.__name__ for base in Stack.__mro__])


class Upper(str):
    def __new__(cls, text):
        return str.__new__(cls, text.upper())


class Row(list):
    def __init__(self, *cells):
        super().__init__(cells)
        list.__init__(self, cells)


class Config(dict):
    def __getattr__(self, name):
        return self[name]

    def __missing__(self, key):
        return dict.get(self, "default")


print(Upper("a"), Row(1, 2), Config(a=1).a, Config(default=5)["x"], list.__new__(list), tuple.__new__(tuple, [1]), str.__new__(str, 5), object.__new__(Config), dict.__new__(dict))
# --- patterns and handlers by type
def name(x):
    match x:
        case str() | bytes():
            return "text"
        case list([first, *_]):
            return f"list of {first}"
        case list():
            return "empty"
        case dict():
            return "dict"
        case tuple((a, b)):
            return f"pair {a} {b}"
        case int(n):
            return f"int {n}"
        case float():
            return "float"
    return "?"


print([name(x) for x in ("a", b"b", [1], [], {}, (1, 2), (1,), 5, 2.5, None)])
handlers = {int: lambda x: x + 1, str: str.upper, list: len, dict: lambda x: sorted(x), tuple: list, type(None): repr}
print([handlers[type(x)](x) for x in (1, "a", [1], {"b": 1}, (1, 2), None)])
from functools import partial, reduce, singledispatch


@singledispatch
def show(x):
    return f"object {x}"


@show.register(list)
@show.register(tuple)
def _(x):
    return f"sequence {len(x)}"


@show.register
def _(x: str):
    return f"text {x}"


@show.register(dict)
def _(x):
    return "mapping"


print([show(x) for x in (1, [1], (1, 2), "a", {})], show.dispatch(list) is show.dispatch(tuple), sorted(kind.__name__ for kind in show.registry))
print(partial(int, base=2)("101"), partial(str, b"a", encoding="ascii")(), partial(list)("ab"), partial(list), partial(str).func is str, partial(map, str)([1]).__next__(), reduce(lambda a, f: f(a), [str, list, tuple, len], 123))
# --- decorators and properties that are types
class A:
    made = staticmethod(list)
    called = classmethod(str)
    size = property(len)
    __call__ = dict

    def __len__(self):
        return 3

    def __iter__(self):
        return iter("xy")

    as_list = property(list)
    __str__ = None


print(A().made("ab"), A.made("ab"), A().size, A().as_list, A()(a=1), A.called() == str(A))


@list
def letters():
    return "ab"


try:
    list(letters)
except TypeError as error:
    print(error)


@tuple
class Nothing:
    pass
# --- library types that are held
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from collections import deque

table = {"decimal": Decimal, "fraction": Fraction, "date": date, "deque": deque}
print(table["decimal"]("1.50"), table["fraction"]("1/3"), table["date"](2020, 1, 2), table["deque"]("abc", maxlen=2))
print([kind("1.5") for kind in (Decimal, Fraction, float)], sum(map(Decimal, ["1.1", "2.2"])), Decimal, Fraction, deque, type(Decimal(1)) is Decimal, isinstance(Decimal(1), Decimal), isinstance(Decimal(1), (int, Decimal)), isinstance(1, Decimal | int), Decimal.from_float(0.5), Decimal.__name__, [Decimal][0].from_float(0.5))


class Money:
    unit = Decimal

    def __init__(self, amount, kind=Decimal):
        self.amount = kind(amount)
        self.kind = kind

    def twice(self):
        return self.kind(self.amount * 2), self.unit("0.1"), self.__class__(2).amount


print(Money("1.25").twice(), Money("1/4", Fraction).twice(), {Decimal: 1}[type(Decimal(2))])
out = [StringIO][0]("ab")
print(out.read(), type(out) is StringIO, issubclass(Decimal, object), Fraction(1, 2).__class__(3), type(Fraction(1, 2))(3, 4))
import json

print(json.loads('[1.5, 2]', parse_float=Decimal, parse_int=str), json.dumps({"a": Decimal("1.5")}, default=str), json.loads('{"a": 1}', object_hook=list), json.loads('{"a": 1}', object_pairs_hook=tuple))
import copy, re, operator, itertools

print(copy.copy(list) is list, copy.deepcopy([str, {"a": dict}]), re.sub("b", lambda m: m[0].upper(), "abc"), operator.call(list, "ab"), list(itertools.starmap(str, [(1,), (2,)])), list(itertools.accumulate([1, 2], lambda a, b: str(a) + str(b))), [list(g) for _, g in itertools.groupby([1, 1, 2], str)])
# --- exceptions and classes of errors
kinds = {"value": ValueError, "key": KeyError}
try:
    raise kinds["key"]("a")
except kinds["key"] as error:
    print(repr(error), type(error) is KeyError, error.__class__("b"))
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--n", type=int)
parser.add_argument("--s", type=str)
parser.add_argument("--l", type=list)
print(parser.parse_args(["--n", "3", "--s", "x", "--l", "ab"]))
try:
    raise argparse.ArgumentTypeError("no")
except argparse.ArgumentTypeError as error:
    print(error)
# --- inspect
import inspect


def f(a: list, b: str = "x", *c: tuple, d: dict = {}) -> bytes:
    pass


print(inspect.signature(f), inspect.isclass(list), inspect.isclass(3), inspect.signature(f).parameters["a"].annotation is list, inspect.signature(f).return_annotation)
# --- shown in containers
print([list, str], (dict,), {"a": tuple}, {list}, repr([list[int], dict]), str((bytes, bytearray, map, filter)))
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
print(issubclass(list, Sequence), issubclass(dict, Mapping), issubclass(str, Iterable), isinstance(list, Iterable), isinstance(list, Callable), isinstance(list, Hashable), issubclass(tuple, Hashable), issubclass(list, Hashable))
from typing import Any, List, Union, get_args, get_origin
print(List[int], get_origin(list[int]) is list, get_args(dict[str, list]), get_origin(List[int]) is list, Union[list, dict], get_args(Union[str, list]), list[Any])
import copy
import enum


class Kind(enum.Enum):
    LIST = list
    TEXT = (str, "t")

    def make(self, *args):
        return self.value(*args) if self is Kind.LIST else self.value[0](*args)


print(list(Kind), Kind.LIST if "LIST" in Kind.__members__ else "", Kind.TEXT.make(3))


class Code(str, enum.Enum):
    A = "a"


print(Code("a"), Code.A.value, Code.A == "a", isinstance(Code.A, str), Code.__mro__[1] is str, Code._member_type_ is str)


class Memo:
    def __deepcopy__(self, memo):
        print(type(memo), type(vars(self)) is dict)
        return self


copy.deepcopy(Memo()) is None
# --- formatting with a type
for text in ("abc", "%(a)s", "%s", "%s %s", b"abc"):
    try:
        print(text % list)
    except TypeError as error:
        print(error)


class Joined:
    def __mod__(self, other):
        return other is list, other("ab")


print(Joined() % list, "%s %r" % (str, dict), "{0} {0.__name__}".format(tuple))
# --- types made and asked for in a loop
def convert(rows, kinds):
    return [[kind(cell) for kind, cell in zip(kinds, row)] for row in rows]


total = 0
for _ in range(200):
    for kind in (list, tuple, str, dict, bytes, bytearray, int, float, set):
        value = kind()
        total += isinstance(value, kind) + (type(value) is kind) + len(str(kind))
print(total, convert([["1", "2.5", "a"]] * 2, (int, float, list)))


def walk(x):
    if isinstance(x, (list, tuple)):
        return type(x)(map(walk, x))
    if isinstance(x, dict):
        return x.__class__((key, walk(each)) for key, each in x.items())
    return type(x)(x)


print(walk([1, (2.5, "a", [{"b": (b"c", [])}]), {}]))
