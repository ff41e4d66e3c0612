# --- literals
def f(x):
    match x:
        case 0: return "zero"
        case 1 | 2 | 3: return "few"
        case -1: return "minus"
        case 1.5: return "float"
        case "a" | 'b': return "letter"
        case b"x": return "bytes"
        case 1 + 2j: return "complex"
        case None: return "none"
        case True: return "true"
        case _: return "other"
[f(x) for x in (0, 1, True, 3, -1, 1.5, "a", "b", b"x", 1 + 2j, None, False, 0.0, [], 7)]
# --- captures and guards
def f(x):
    match x:
        case n if n == 0: return "zero"
        case int(n) if n > 10: return ("big", n)
        case int() as n: return ("int", n)
        case [a, b] if a == b: return ("same", a)
        case [a, b]: return ("pair", a, b)
        case other: return other
[f(x) for x in (0, 50, 5, [1, 1], (1, 2), "s")]
# --- names stay bound after a failed guard
def f(x):
    match x:
        case [a, b] if a > b:
            return "greater"
        case _:
            return a, b
f([1, 2])
# --- names are not bound when the pattern fails
def f(x):
    match x:
        case [a, 5]:
            return a
        case _:
            return a
f([1, 2])
# --- sequences
def f(x):
    match x:
        case []: return "empty"
        case [_]: return "one"
        case [1, *_]: return "one first"
        case [*_, 9]: return "nine last"
        case [a, *rest, z] if len(rest) > 2: return (a, rest, z)
        case (a, (b, c)): return (a, b, c)
        case [*all]: return all
        case _: return "no sequence"
[f(x) for x in ([], (3,), [1, 2, 3], [2, 9], range(5), [5, [6, 7]], [5, 6], "text", b"by", {1, 2}, {"a": 1}, 4)]
# --- mappings
def f(x):
    match x:
        case {"kind": "circle", "r": r}: return ("circle", r)
        case {"kind": str(kind), **rest}: return (kind, rest)
        case {1: one, None: nothing}: return (one, nothing)
        case {}: return "mapping"
        case _: return "no mapping"
[f(x) for x in ({"kind": "circle", "r": 2, "x": 1}, {"kind": "box", "w": 1}, {1: "a", None: "b"}, {}, {"q": 1}, [1])]
# --- classes by keyword and position
class Point:
    __match_args__ = ("x", "y")
    def __init__(self, x, y):
        self.x, self.y = x, y
def f(p):
    match p:
        case Point(0, 0): return "origin"
        case Point(x=0, y=y): return ("y axis", y)
        case Point(x, 0): return ("x axis", x)
        case Point(x, y) if x == y: return ("diagonal", x)
        case Point(): return "point"
        case int(n) | float(n): return ("number", n)
        case str(s): return ("text", s)
        case list([first, *_]): return ("list", first)
        case tuple(): return "tuple"
        case _: return "unknown"
[f(p) for p in (Point(0, 0), Point(0, 3), Point(4, 0), Point(2, 2), Point(1, 2), 5, 2.5, "s", [7, 8], (1,), None)]
# --- values by dotted names
class Color:
    RED = 1
    GREEN = 2
def f(x):
    match x:
        case Color.RED: return "red"
        case Color.GREEN: return "green"
        case _: return "?"
[f(1), f(2), f(3)]
# --- alternatives with captures
def f(x):
    match x:
        case ["go", where] | ["walk", where] | {"to": where}: return where
        case [("a" | "b") as letter, (int() | float()) as n]: return letter, n
        case _: return None
[f(["go", "north"]), f(("walk", "east")), f({"to": "home"}), f(["a", 1]), f(["b", 2.5]), f(["c", 1]), f(["a", "x"])]
# --- deep nesting
def f(x):
    match x:
        case {"user": {"name": str(name), "tags": [first, *_]}, "n": int(n) as whole}:
            return name, first, n, whole
        case [[[a]], {"k": [b, {"z": c}]}]:
            return a, b, c
        case _:
            return "no"
[f({"user": {"name": "Al", "tags": ["x", "y"]}, "n": 3}), f([[[1]], {"k": [2, {"z": 3}]}]), f([[[1]], {"k": []}])]
# --- subject is evaluated once and rebound by a pattern
def subject():
    print("asked")
    return (1, 2)
match subject():
    case (1, 3): print("no")
    case (1, x): print("yes", x)
x = [1, [2, 3]]
match x:
    case [x, [y, 4]]: print("no")
    case [z, x]: print(z, x)
# --- match at module level binds globals
match {"a": [1, 2]}:
    case {"a": [p, q]}:
        def f():
            return p + q
f()
# --- match in loops with break and continue
out = []
for x in [1, "s", 2, None, 3]:
    match x:
        case None: break
        case str(): continue
        case int(n): out.append(n)
    out.append("next")
else:
    out.append("else")
out
# --- no case fits
def f(x):
    match x:
        case 1: y = "one"
    return y
print(f(1))
f(2)
# --- order of evaluation shows in comparisons
class Loud:
    def __init__(self, v):
        self.v = v
    def __eq__(self, other):
        print("eq", self.v, other)
        return self.v == other
match [Loud(1), Loud(2)]:
    case [1, 3]: print("a")
    case [2, _]: print("b")
    case [_, 2]: print("c")
# --- error in a class pattern
class P:
    pass
match P():
    case P(1):
        pass
# --- class pattern with something that is no class
kind = 5
match 1:
    case kind():
        pass
# --- captures into closures
def f(x):
    match x:
        case [a, b]:
            return lambda: a + b
        case {"k": a}:
            return lambda: a
(f([1, 2])(), f({"k": 9})())
# --- captures in a class body
class A:
    match [1, 2]:
        case [x, y]:
            total = x + y
(A.x, A.y, A.total)
# --- walrus and captures in a guard
def f(x):
    match x:
        case [a, b] if (s := a + b) > 10: return s
        case [a, b] if s == 3: return "three"
        case _: return s
[f([5, 6]), f([1, 2]), f([2, 2])]
# --- star captures in tuples of one
def f(x):
    match x:
        case (a,): return a
        case a, b: return a, b
        case a, *b: return a, b
[f([1]), f([1, 2]), f([1, 2, 3])]
# --- match as a name
match = 5
case = [match]
_ = case
match[0] if False else (match, case)
# --- many cases
def f(x):
    match x:
        case 0: return "n0"
        case 1: return "n1"
        case 2: return "n2"
        case 3: return "n3"
        case 4: return "n4"
        case 5: return "n5"
        case 6: return "n6"
        case 7: return "n7"
        case 8: return "n8"
        case 9: return "n9"
        case _: return "more"
"".join(f(i) for i in range(11))
# --- evaluator
def run(e):
    match e:
        case int() | float(): return e
        case ("+", a, b): return run(a) + run(b)
        case ("*", a, b): return run(a) * run(b)
        case ("neg", a): return -run(a)
        case ("let", {"name": name, "is": value}, body): return (name, run(value), run(body))
        case [op, *_]: raise ValueError(f"unknown {op!r}")
print(run(("+", 1, ("*", 2, ("neg", 3)))), run(("let", {"name": "x", "is": ("+", 1, 1)}, 5)))
run(("-", 1, 2))
