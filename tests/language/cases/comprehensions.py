# --- list comprehension
[[x * 2 for x in range(5)], [x for x in "abc" if x != "b"], [(x, y) for x in range(3) for y in range(x)]]
# --- nested comprehension
[[i * j for j in range(3)] for i in range(3)]
# --- comprehension with several conditions
[x for x in range(30) if x % 2 if x % 3 == 0]
# --- dict comprehension
[{k: len(k) for k in ["a", "bb"]}, {v: k for k, v in {"a": 1}.items()}, {i: j for i in range(2) for j in range(2)}]
# --- set comprehension
sorted({c.lower() for c in "aAbB"})
# --- comprehension scope does not leak
x = "outer"
ys = [x for x in range(3)]
[x, ys]
# --- comprehension reads enclosing function variables
def f(n):
    k = 10
    return [x * n + k for x in range(3)]
f(2)
# --- comprehension with closure inside
fs = [lambda: x for x in range(3)]
[f() for f in fs]
# --- comprehension with unpacking
[a + b for a, b in [(1, 2), (3, 4)]] + [b for a, *b in ["xyz"]][0]
# --- comprehension with walrus
[[y for x in range(5) if (y := x * x) > 3], y]
# --- comprehension error
[1 / x for x in [1, 0]]
# --- comprehension over non iterable
[x for x in 5]
# --- comprehension unpack error
[a for a, b in [(1, 2), (3,)]]
# --- comprehension with unhashable element
{[x] for x in range(2)}
# --- dict comprehension unhashable key
{[k]: 1 for k in range(2)}
# --- generator in sum
[sum(x * x for x in range(4)), max(len(s) for s in ["a", "bb"]), min((x for x in [3, 1]), default=0)]
# --- generator in any and all
[any(x > 2 for x in range(5)), all(x < 3 for x in range(5)), any(x for x in []), all(x for x in [])]
# --- any stops at the first
log = []
def t(x):
    log.append(x)
    return x > 1
r = any(t(x) for x in range(10))
[r, log]
# --- all stops at the first
log = []
def t(x):
    log.append(x)
    return x < 2
r = all(t(x) for x in range(10))
[r, log]
# --- generator in containers
[list(x for x in "ab"), tuple(i for i in range(2)), sorted(set(i % 2 for i in range(5))), dict((k, 1) for k in "ab"),
 sorted(x for x in [2, 1]), ",".join(str(i) for i in range(3))]
# --- comprehension with conditional expression
["even" if x % 2 == 0 else "odd" for x in range(3)]
# --- comprehension calling functions
def sq(x):
    return x * x
[sq(i) for i in range(5) if sq(i) > 3]
# --- comprehension with and or
[x or "none" for x in [0, "", 5] if x is not None and (x != "" or True)]
# --- comprehension with f-string
[f"{i}:{v}" for i, v in enumerate("ab")]
# --- comprehension of methods
[s.strip().upper() for s in [" a", "b "]]
# --- comprehension over dict
[k for k in {"a": 1, "b": 2}]
# --- triple nesting
[(a, b, c) for a in range(2) for b in range(2) if a != b for c in "x"]
# --- inner iterable depends on the outer variable
[c for w in ["ab", "c"] for c in w]
# --- comprehension in a default
def f(xs=[i for i in range(3)]):
    return xs
f()
# --- comprehension in a condition
"y" if [x for x in [1] if x] else "n"
# --- comprehension with try around it
try:
    r = [int(x) for x in ["1", "x"]]
except ValueError as e:
    r = str(e)
r
# --- sum of lists
sum([[1], [2]], [])
# --- enumerate with start
[(i, x) for i, x in enumerate("ab", start=1)]
# --- flatten and group
rows = [("a", 1), ("b", 2), ("a", 3)]
groups = {}
for k, v in rows:
    groups.setdefault(k, []).append(v)
[groups, {k: sum(v) for k, v in groups.items()}]
