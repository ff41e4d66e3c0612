# sys, types, pprint, hmac, html, struct, and the classes that objects and classes name.
# --- sys
import sys
from sys import maxsize
print("out", file=sys.stdout)
print("gone", file=sys.stderr)
sys.stderr.write("gone\n")
sys.stdout.writelines(["a", "b\n"])
sys.stdout.flush()
best = sys.maxsize
for value in [3, 1, 2]:
    best = min(best, value)
(sys.stdout.write("text\n"), maxsize, best, sys.version_info >= (3, 8), sys.version_info.major, sys.float_info.epsilon, isinstance(sys.argv, list), sys.byteorder)
# --- sys.exit
import sys
def run(code):
    try:
        sys.exit(code)
    except SystemExit as e:
        return e.code
[run(0), run("bad"), run(None)]
# --- sys.setrecursionlimit
import sys
sys.setrecursionlimit(sys.getrecursionlimit())
try:
    sys.setrecursionlimit(0)
except ValueError as e:
    print(e)
try:
    sys.stdout.write(5)
except TypeError as e:
    print(type(e))
# --- a program's own stream
import sys
class Tee:
    def __init__(self): self.got = []
    def write(self, text): self.got.append(text)
tee = Tee()
for stream in (sys.stdout, tee):
    print("x", 1, file=stream)
tee.got
# --- SimpleNamespace
import types
from types import SimpleNamespace
n = SimpleNamespace(a=1, b="x")
n.c = [n]
del n.b
class Sub(SimpleNamespace):
    def total(self):
        return self.x + self.y
try:
    SimpleNamespace(1)
except TypeError as e:
    print(e)
print(n, Sub(x=1, y=2), Sub(x=1, y=2).total(), vars(SimpleNamespace(q=1)), hasattr(n, "b"))
SimpleNamespace(a=1) == types.SimpleNamespace(a=1), SimpleNamespace(a=1) == SimpleNamespace(a=2), isinstance(n, SimpleNamespace)
# --- __class__
class A:
    def __repr__(self):
        return f"{self.__class__.__name__}()"
    def again(self):
        return self.__class__()
class B(A): pass
b = B()
try:
    raise KeyError("k")
except KeyError as e:
    print(e.__class__.__name__, e.__class__ is KeyError)
print(b, b.again(), A.__class__ is type, (5).__class__, [].__class__ is list, None.__class__)
"{0.__class__.__name__} {x.__doc__}".format(b, x=b), b.__class__ == B, getattr(b, "__class__") is B
# --- __mro__ and __bases__
from abc import ABC
from collections import Counter, OrderedDict
class A: pass
class B(A): pass
class C(B, ABC): pass
class D(A, ValueError): pass
class E(dict): pass
class F(Counter, OrderedDict): pass
for kind in (A, B, C, D, E, F):
    print(kind.__name__, [each.__name__ for each in kind.__mro__], [each.__name__ for each in kind.__bases__])
B.__bases__ == (A,), B.__mro__[1] is A, B.__mro__[-1] is object, D.__mro__[2] is ValueError
# --- __class__ stays
class A: pass
class B: pass
a = A()
try:
    a.__class__ = 5
except (TypeError, AttributeError):
    print("refused")
type(a) is A
# --- pprint
from pprint import pformat, pp, pprint
data = {"users": [{"name": f"user{i}", "roles": ["admin", "editor"][: i % 3]} for i in range(4)], "z": (1,), "a": list(range(30))}
pprint(data)
pprint({"b": 1, "a": 2}, sort_dicts=False)
pp({"b": {1, 2, 3}, "a": "word " * 30})
pprint([1, [2, [3, [4]]]], depth=2)
pprint({f"some long name {i}" for i in range(6)}, width=40)
pprint(frozenset(f"some long name {i}" for i in range(6)), width=40)
loop = [1]
loop.append(loop)
print("[1, <Recursion" in pformat(loop))
pformat({"b": 1, "a": (1, 2)}, width=10), pformat(list(range(40)), compact=True, indent=2)
# --- hmac
import hashlib
import hmac
first = hmac.new(b"key", b"message", hashlib.sha256)
second = hmac.new(b"key", digestmod="sha256")
second.update(b"message")
for wrong in (lambda: hmac.new(b"k", b"m"), lambda: hmac.new("k", b"m", "md5"), lambda: hmac.new(b"k", b"m", "nope")):
    try:
        wrong()
    except (TypeError, ValueError) as e:
        print(type(e).__name__)
first.hexdigest(), hmac.compare_digest(first.digest(), second.digest()), first.name, first.digest_size, hmac.digest(b"k", b"m", "sha1").hex()
# --- html
import html
html.escape('<a href="x">T&C\'s</a>'), html.escape('"', quote=False), html.unescape("&lt;p&gt; &amp; &eacute; &#39; &#x41;")
# --- struct
import struct
packed = struct.pack(">IHd3s?", 7, 2, 1.5, b"abc", True)
buffer = bytearray(8)
struct.pack_into("<hh", buffer, 2, 1, -2)
for wrong in (lambda: struct.pack(">B", 300), lambda: struct.unpack(">I", b"abc"), lambda: struct.calcsize("?!")):
    try:
        wrong()
    except struct.error as e:
        print(type(e).__name__, e)
packed, struct.unpack(">IHd3s?", packed), struct.calcsize("<bhiq"), bytes(buffer), struct.unpack_from("<h", buffer, 4), list(struct.iter_unpack("<2B", b"abcd"))
