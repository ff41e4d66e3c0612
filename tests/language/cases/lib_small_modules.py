# --- fnmatch
import fnmatch
names = ["a.py", "b.txt", "A.PY", "dir/c.py", "x1.py", "[z].py"]
print(fnmatch.filter(names, "*.py"), fnmatch.fnmatch("A.PY", "*.py"), fnmatch.fnmatchcase("a.py", "?.p[yz]"))
print(fnmatch.filter(names, "[!a]*"), fnmatch.translate("a*[0-9]?.txt"), fnmatch.fnmatch("[z].py", "[[]z].py"))
try:
    fnmatch.fnmatch("a", 1)
except TypeError as error:
    print(error)
# --- graphlib
from graphlib import CycleError, TopologicalSorter
graph = {"d": {"b": 1, "c": 2}, "b": ["a"], "c": ("a",)}
print([*TopologicalSorter(graph).static_order()])
sorter = TopologicalSorter()
sorter.add("deploy", "test", "build")
sorter.add("test", "build")
sorter.prepare()
while sorter.is_active():
    ready = sorter.get_ready()
    print(ready)
    sorter.done(*ready)
try:
    list(TopologicalSorter({1: [2], 2: [3], 3: [1]}).static_order())
except CycleError as error:
    print(error.args, isinstance(error, ValueError))
try:
    sorter.add("late")
except ValueError as error:
    print(error)
# --- shlex
import shlex
print(shlex.split("git commit -m 'a message' --author=\"A B\" # no comment"), shlex.quote("it's"), shlex.quote("plain"))
print(shlex.join(["echo", "two words", "$HOME"]), shlex.split("a b # c", comments=True), shlex.split(r"a\ b", posix=False))
try:
    shlex.split("'open")
except ValueError as error:
    print(error)
# --- keyword
import keyword
print(keyword.iskeyword("for"), keyword.iskeyword("match"), keyword.issoftkeyword("match"), len(keyword.kwlist))
print(keyword.kwlist[:4], "case" in keyword.softkwlist)
# --- colorsys
import colorsys
print(colorsys.rgb_to_hsv(0.2, 0.4, 0.4), colorsys.hsv_to_rgb(0.5, 1, 0.5), colorsys.rgb_to_hls(1, 0, 0))
print(colorsys.hls_to_rgb(0.3, 0.5, 0.5), colorsys.rgb_to_yiq(1, 1, 1))
# --- reprlib
import reprlib
print(reprlib.repr(list(range(100))), reprlib.repr("x" * 100), reprlib.repr({i: i for i in range(9)}))
short = reprlib.Repr()
short.maxlist, short.maxstring = 2, 10
print(short.repr([1, 2, 3, "y" * 50]), short.repr(2**200))
class Node:
    def __init__(self):
        self.items = [self]
    @reprlib.recursive_repr()
    def __repr__(self):
        return f"Node({self.items!r})"
print(Node())
# --- ast.literal_eval
import ast
for text in ("[1, -2, 3.5]", "{'a': (1, None), 'b': {1, 2}}", "b'x'", "  1+2j", "'it''s'", "set()", "-1", "..."):
    print(repr(ast.literal_eval(text)))
for text in ("x", "f(1)", "1 + 1", "[", "__import__('os')", "a.b", "{**{}}", "'a' % 1"):
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError) as error:
        print(type(error).__name__)
# --- timeit
import timeit
calls = []
taken = timeit.timeit(lambda: calls.append(1), number=5)
print(len(calls), taken >= 0, len(timeit.repeat(lambda: None, repeat=3, number=2)))
print(timeit.Timer(lambda: calls.append(2)).timeit(2) >= 0, len(calls), timeit.default_timer() > 0)
# --- tomllib
import io, tomllib
data = tomllib.loads('''
title = "x"
count = 3
when = 2024-05-06
[owner]
name = "A"
tags = ["a", "b"]
[[points]]
x = 1.5
[[points]]
x = 2e3
''')
print(data, tomllib.load(io.BytesIO(b"a = true"))["a"], tomllib.loads("f = 1.5", parse_float=str))
for text in ("a = ", "a = 1\na = 2", "[x"):
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        print(error)
# --- pure paths
from pathlib import PurePath, PurePosixPath, PureWindowsPath
p = PurePosixPath("/srv/app") / "src" / "main.tar.gz"
print(p, p.name, p.stem, p.suffix, p.suffixes, p.parent, p.parts, p.is_absolute(), [str(each) for each in p.parents])
print(p.with_suffix(".py"), p.with_name("x"), p.relative_to("/srv"), p.match("*.gz"), repr(p.joinpath("a", "b")), p.root)
print(PurePath("a//b/../c"), PureWindowsPath(r"c:\x\y.TXT").as_posix(), PureWindowsPath("A") == PureWindowsPath("a"))
print(sorted([PurePosixPath("b"), PurePosixPath("a")]), {PurePosixPath("a"): 1}[PurePosixPath("a/")], hash(p) == hash(p / ""))
try:
    p.relative_to("/other")
except ValueError as error:
    print(error)
# --- array
from array import array
a = array("i", [1, 2, 3])
a.append(4)
a.extend([5, 6])
print(a, a[1:3], len(a), a.typecode, a.itemsize, sum(a), a.tolist(), a.index(3), a.pop(), 2 in a, a * 2)
a[0] = 10
a.insert(1, 7)
a.remove(5)
a.reverse()
print(a, array("d", (0.5 * n for n in range(4))), array("b", b"ab").tobytes(), a == array("i", a), list(reversed(a)))
for wrong in (lambda: a.append("x"), lambda: a.append(2**40), lambda: array("q", [1.5]), lambda: array("?")):
    try:
        wrong()
    except (TypeError, OverflowError, ValueError) as error:
        print(type(error).__name__, error)
# --- ipaddress
import ipaddress
net = ipaddress.ip_network("192.168.4.0/22")
print(net, net.netmask, net.num_addresses, net.broadcast_address, net.prefixlen, ipaddress.ip_address("192.168.5.9") in net)
print([str(each) for each in net.subnets(new_prefix=24)], [str(h) for h in ipaddress.ip_network("10.0.0.0/30").hosts()])
a = ipaddress.ip_address("10.0.0.1")
print(a + 5, int(a), a.is_private, a.version, repr(a), a < ipaddress.ip_address("10.0.0.2"), a.packed, f"{a:b}")
six = ipaddress.IPv6Address("2001:db8::1")
print(six.exploded, six.compressed, six.is_global, ipaddress.ip_interface("10.1.2.3/8").network, net.supernet())
print([str(n) for n in ipaddress.collapse_addresses([ipaddress.ip_network("10.0.0.0/25"), ipaddress.ip_network("10.0.0.128/25")])])
for text in ("300.1.1.1", "10.0.0.1/24", "x", "1.2.3"):
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        print(error)
# --- struct.Struct
import struct
record = struct.Struct("<hI4s")
data = record.pack(-2, 7, b"abcd")
print(record.size, record.format, data, record.unpack(data), list(record.iter_unpack(data * 2)), record.unpack_from(data, 0))
buffer = bytearray(12)
record.pack_into(buffer, 2, 1, 2, b"zz")
print(buffer)
# --- names of types
import types
def f(): ...
class A:
    def m(self): ...
a = A()
a.n = types.MethodType(lambda self, x: (type(self).__name__, x), a)
view = types.MappingProxyType({"a": 1})
print(a.n(3), view["a"], dict(view), view, "a" in view, list(view.items()))
for value in (f, lambda: 1, len, (x for x in []), None, a.m, int | str):
    kinds = ("FunctionType", "BuiltinFunctionType", "GeneratorType", "NoneType", "MethodType", "UnionType")
    print([isinstance(value, kind) for kind in (types.FunctionType, types.BuiltinFunctionType, types.GeneratorType, types.NoneType, types.MethodType, types.UnionType)])
try:
    view["b"] = 2
except TypeError as error:
    print(error)
# --- sys.getsizeof and sys.exc_info
import sys
print(sys.getsizeof([]), sys.getsizeof(1), sys.getsizeof("abc"), sys.getsizeof([1] * 10), sys.exc_info())
try:
    1 / 0
except ZeroDivisionError:
    kind, error, trace = sys.exc_info()
    print(kind.__name__, error, trace is not None)
# --- string.Formatter
import string
class Default(string.Formatter):
    def get_value(self, key, args, kwargs):
        if isinstance(key, str):
            return kwargs.get(key, f"<{key}>")
        return super().get_value(key, args, kwargs)
    def format_field(self, value, spec):
        return value.upper() if spec == "up" else super().format_field(value, spec)
    def check_unused_args(self, used, args, kwargs):
        print(sorted(map(str, used)))
f = Default()
print(f.format("{0} {name:up} {missing} {1:>{width}}|{0!r}", "a", 7, name="bob", width=4))
print(string.Formatter().format("{} {} {x.real:.1f} {d[k]}", 1, 2, x=3.5, d={"k": "v"}), list(string.Formatter().parse("a{b!r:c}d{{")))
print(string.Formatter().vformat("{a}", (), {"a": 1}))
for text in ("{} {0}", "{", "{!x}"):
    try:
        string.Formatter().format(text, 1)
    except (ValueError, IndexError) as error:
        print(type(error).__name__, error)
# --- UserString
from collections import UserString
class Title(UserString):
    def shout(self):
        return self.data.upper() + "!"
t = Title("hello world")
print(t, repr(t), t.title(), type(t.upper()).__name__, t.shout(), t[0:5], len(t), "wor" in t, t + "!", "a " + t, t * 2)
print(t == "hello world", t == Title("hello world"), t < "z", t.split(), t.replace("l", "L").data, t.count("o"), hash(t) == hash("hello world"))
print(sorted(UserString("cab")), t.startswith("he"), UserString(12).isdigit(), UserString("%d items") % 3, t.find("w"), t.encode())
# --- abstract sets
from collections.abc import MutableSet, Set
class Bag(MutableSet):
    def __init__(self, items=()):
        self.items = []
        for item in items:
            self.add(item)
    def __contains__(self, item): return item in self.items
    def __iter__(self): return iter(self.items)
    def __len__(self): return len(self.items)
    def add(self, item):
        if item not in self.items:
            self.items.append(item)
    def discard(self, item):
        if item in self.items:
            self.items.remove(item)
    def __repr__(self): return f"Bag({self.items})"
a, b = Bag([1, 2, 3]), Bag([3, 4])
print(a & b, a | b, a - b, a ^ b, a <= a | b, a < a, a >= b, a == Bag([3, 2, 1]), a.isdisjoint([9]), a != b, a & [1, 7], {1, 2} - b)
a |= b
a -= Bag([1])
a ^= [2, 8]
print(a, a.pop(), a, isinstance(a, Set))
a.remove(8)
a.clear()
print(a, len(a))
try:
    a.remove(8)
except KeyError as error:
    print(repr(error))
# --- what an object says of itself
class Lazy:
    def __init__(self, function):
        self.function = function
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
def f():
    "text"
lazy = Lazy(f)
print(lazy.__doc__, lazy.__name__, Lazy.__doc__)
# --- globals and locals
import math
LIMIT = 3
def test_one(): return 1
def test_two(): return LIMIT
total = sum(fn() for name, fn in list(globals().items()) if name.startswith("test_"))
print(total, "math" in globals(), globals()["LIMIT"], "nothing" in globals(), globals()["__name__"])
def area(width, height=2, *rest, **options):
    size = width * height
    return locals(), "{width}x{height}={size}".format(**locals())
print(area(3), area(1, 2, 3, k=4))
# --- PrettyPrinter
import io, pprint
data = {"name": "x" * 30, "values": list(range(30)), "nested": {"a": [1, {"b": (2, 3)}]}}
printer = pprint.PrettyPrinter(indent=4, width=40, sort_dicts=False)
printer.pprint(data)
print(pprint.PrettyPrinter(depth=1).pformat(data), pprint.PrettyPrinter(compact=True, width=60).pformat(data["values"]))
out = io.StringIO()
pprint.PrettyPrinter(stream=out).pprint([1, 2])
print(out.getvalue())
try:
    pprint.PrettyPrinter(indent=-1)
except ValueError as error:
    print(error)
# --- status codes and methods of HTTP
from http import HTTPMethod, HTTPStatus
s = HTTPStatus.NOT_FOUND
print(s, repr(s), s.phrase, s.value, s == 404, HTTPStatus(200).name, HTTPStatus["OK"].description, f"{s} {s.phrase}", 200 in list(HTTPStatus))
print(len(HTTPStatus), [each.name for each in HTTPStatus if each < 103], HTTPMethod.GET, s >= 400, {HTTPStatus.OK: 1}[200])
try:
    HTTPStatus(999)
except ValueError as error:
    print(error)
# --- the place of C
import locale
print(locale.setlocale(locale.LC_ALL, "C"), locale.format_string("%.2f|%d", (1234567.891, 5), grouping=True), locale.atof("1.5"))
print(locale.localeconv()["decimal_point"], locale.strcoll("a", "b") < 0, sorted("bA", key=locale.strxfrm), locale.str(0.1))
# --- keys from passwords
import hashlib
print(hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 1000).hex(), hashlib.pbkdf2_hmac("sha1", b"p", b"s", 2, 50).hex())
for wrong in (lambda: hashlib.pbkdf2_hmac("sha256", b"", b"", 0), lambda: hashlib.pbkdf2_hmac("sha256", b"", b"", 1, 0)):
    try:
        wrong()
    except ValueError as error:
        print(error)
