# --- literals
def f(x):
    match x:
        case 0: return "zero"
        case 1 | 2: return "small"
        case "a": return "letter"
        case None: return "none"
        case True: return "true"
        case -1.5: return "negative"
        case _: return "other"
[f(x) for x in (0, 1, 2, "a", None, True, -1.5, 3, False, 0.0)]
# --- capture and guard
def f(x):
    match x:
        case int(n) if n > 10: return f"big {n}"
        case int() | float(): return "number"
        case str(s) if not s: return "empty"
        case str(s): return s.upper()
        case other: return repr(other)
[f(x) for x in (11, 10, 2.5, "", "abc", [1], True)]
# --- sequences
def f(x):
    match x:
        case []: return "empty"
        case [a]: return f"one {a}"
        case [a, b]: return f"two {a} {b}"
        case [first, *middle, last]: return first, middle, last
        case _: return "no sequence"
[f(x) for x in ([], [1], (1, 2), range(4), "ab", b"ab", {1, 2}, {1: 2}, 5, [1, 2, 3])]
# --- sequences with stars
def f(x):
    match x:
        case [1, *rest]: return "starts", rest
        case [*rest, 9]: return "ends", rest
        case [*_, 5, _]: return "last but one"
        case [*all]: return all
[f(x) for x in ([1, 2], [3, 9], [5, 0], [2, 3], ())]
# --- nested
def f(x):
    match x:
        case ["point", [x, y]]: return x + y
        case ["line", [[x1, y1], [x2, y2]]]: return (x2 - x1, y2 - y1)
        case [{"kind": "a", "v": [v, *_]}, *_]: return v
        case _: return None
[f(x) for x in (["point", (1, 2)], ["line", [[0, 1], [2, 5]]], [{"kind": "a", "v": [7, 8], "z": 0}, 1], [1])]
# --- mappings
def f(x):
    match x:
        case {}  if not x: return "empty"
        case {"type": "circle", "r": r}: return 3 * r * r
        case {"type": "square", **rest}: return rest
        case {"a": {"b": deep}}: return deep
        case {}: return "some mapping"
        case _: return "none"
[f(x) for x in ({}, {"type": "circle", "r": 2}, {"type": "square", "w": 1, "h": 2}, {"a": {"b": 3}}, {1: 2}, [], {1, 2})]
# --- mapping does not make defaults
from collections import defaultdict
d = defaultdict(int)
match d:
    case {"x": v}: print("made", v)
    case _: print("no", len(d))
# --- classes with match args
class Point:
    __match_args__ = ("x", "y")
    def __init__(self, x, y):
        self.x, self.y = x, y
def f(p):
    match p:
        case Point(0, 0): return "origin"
        case Point(0, y): return f"y={y}"
        case Point(x, y=0): return f"x={x}"
        case Point(x=a, y=b) if a == b: return f"diagonal {a}"
        case Point(): return "point"
        case _: return "other"
[f(p) for p in (Point(0, 0), Point(0, 3), Point(4, 0), Point(2, 2), Point(1, 2), 5)]
# --- dataclass patterns
from dataclasses import dataclass
@dataclass
class Add:
    left: object
    right: object
@dataclass
class Mul:
    left: object
    right: object
def evaluate(e):
    match e:
        case int() | float(): return e
        case Add(l, r): return evaluate(l) + evaluate(r)
        case Mul(left=l, right=r): return evaluate(l) * evaluate(r)
evaluate(Add(1, Mul(2, Add(3, 4.5))))
# --- builtin classes match themselves
def f(x):
    match x:
        case bool(b): return "bool", b
        case int(i): return "int", i
        case str(s): return "str", s
        case list([a, *_]): return "list", a
        case tuple(t): return "tuple", t
        case dict(d): return "dict", d
        case set(s): return "set", sorted(s)
        case float(): return "float"
[f(x) for x in (True, 3, "s", [1, 2], (1,), {"a": 1}, {3, 1}, 1.5, None, [])]
# --- too many positional patterns for a builtin
match 5:
    case int(a, b):
        print("no")
# --- too many positional patterns for a class
class C:
    __match_args__ = ("a",)
    a = 1
match C():
    case C(x, y):
        print("no")
# --- positional pattern for a class without match args
class C:
    pass
match C():
    case C(x):
        print("no")
# --- attribute that is missing does not match
class C:
    def __init__(self): self.a = 1
match C():
    case C(b=1): print("b")
    case C(a=1): print("a")
# --- pattern of what is no class
x = 5
y = 3
match x:
    case y():
        print("no")
# --- alternatives bind the same names
def f(x):
    match x:
        case [a, 1] | [1, a]: return a
        case {"v": a} | (a, _, _): return a
        case (1 | 2 | 3) as n: return -n
[f(x) for x in ([5, 1], [1, 6], {"v": 7}, (8, 0, 0), 2, 4)]
# --- as patterns
match [1, [2, 3]]:
    case [a, [_, _] as rest] as whole:
        print(a, rest, whole)
# --- dotted names are values
class Color:
    RED = 1
    GREEN = 2
import math
def f(x):
    match x:
        case Color.RED: return "red"
        case Color.GREEN: return "green"
        case math.pi: return "pi"
        case _: return "?"
[f(1), f(2), f(math.pi), f(9)]
# --- no case matches
def f(x):
    match x:
        case 1: return "one"
    return "fell through"
[f(1), f(2)]
# --- names stay bound after the match
match (1, 2):
    case (a, b) if a > b: print("no")
    case (c, d): print(a, b, c, d)
# --- match in a loop with break and continue
out = []
for command in ["go north", "look", "take sword shield", "quit", "never"]:
    match command.split():
        case ["quit"]: break
        case ["look"]: continue
        case ["go", direction]: out.append(direction)
        case ["take", *things]: out.extend(things)
out
# --- match with a guard that raises
def f(x):
    match x:
        case [a, b] if a / b > 1: return "ratio"
        case _: return "else"
print(f([4, 2]), f([1, 2]))
f([1, 0])
# --- strings are no sequences
match "ab":
    case [a, b]: print("sequence")
    case str(): print("text")
# --- floats and ints are equal patterns
def f(x):
    match x:
        case 1: return "one"
        case 2.0: return "two"
        case 3 + 4j: return "complex"
[f(1.0), f(2), f(True), f(3 + 4j)]
# --- enum members
from enum import Enum
class Status(Enum):
    OK = "ok"
    BAD = "bad"
def f(s):
    match s:
        case Status.OK: return 1
        case Status.BAD: return 2
        case _: return 0
[f(Status.OK), f(Status("bad")), f("ok")]
# --- named tuples
from collections import namedtuple
P = namedtuple("P", "x y")
def f(v):
    match v:
        case P(x=0): return "zero"
        case P(a, b): return a * b
        case (a, b): return "pair"
[f(P(0, 1)), f(P(2, 3)), f((2, 3))]
# --- exceptions
def f(e):
    match e:
        case ValueError(args=(m,)): return m
        case KeyError() | IndexError(): return "lookup"
        case Exception(): return type(e).__name__
[f(ValueError("v")), f(KeyError(1)), f(TypeError("t")), f(ValueError())]
# --- json-like dispatch
def describe(data):
    match data:
        case {"user": {"name": str(name), "age": int(age)}} if age >= 18: return f"{name} is adult"
        case {"user": {"name": str(name)}}: return f"{name} is young"
        case {"error": {"code": 404 | 410}}: return "gone"
        case {"error": {"code": int(code), **extra}}: return f"error {code} {sorted(extra)}"
        case [{"id": first}, *others]: return f"{first} and {len(others)} more"
        case _: return "unknown"
[describe(d) for d in (
    {"user": {"name": "Ann", "age": 20}}, {"user": {"name": "Bob", "age": 5}}, {"error": {"code": 410}},
    {"error": {"code": 500, "why": "x"}}, [{"id": 1}, {}, {}], {"user": {}}, 3)]
# --- subject is evaluated once
def subject():
    print("once")
    return 3
match subject():
    case 1: print("one")
    case 2: print("two")
    case 3: print("three")
