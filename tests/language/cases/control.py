# --- if elif else
out = []
for x in [1, 5, 10]:
    if x < 3:
        out.append("s")
    elif x < 7:
        out.append("m")
    else:
        out.append("l")
out
# --- while with break and else
out = []
n = 0
while n < 5:
    n += 1
    if n == 2:
        continue
    if n == 4:
        break
    out.append(n)
else:
    out.append("no")
out
# --- while else runs
n = 0
while n < 2:
    n += 1
else:
    n = 100
n
# --- for else runs
for i in range(3):
    pass
else:
    i = "done"
i
# --- for else skipped by break
r = []
for i in range(3):
    if i == 1:
        break
else:
    r.append("else")
r.append(i)
r
# --- nested loops with break and continue
out = []
for i in range(4):
    for j in range(4):
        if j == i:
            break
        if j == 1:
            continue
        out.append((i, j))
    else:
        out.append("full")
out
# --- continue in a while with else
n, out = 0, []
while n < 4:
    n += 1
    if n % 2:
        continue
    out.append(n)
else:
    out.append("end")
out
# --- loop variable stays
for i in range(3):
    pass
i
# --- loop over an empty iterable leaves the variable unbound
for never in []:
    pass
never
# --- loop over non iterable
for x in 5:
    pass
# --- loop over none
for x in None:
    pass
# --- loop over dict items
out = []
for k, v in {"a": 1, "b": 2}.items():
    out.append(f"{k}{v}")
out
# --- loop with nested unpacking
out = []
for i, (a, *b) in enumerate([(1, 2, 3), "xy"]):
    out.append([i, a, b])
out
# --- loop target is a subscript
d = {}
for d["k"] in range(3):
    pass
d
# --- mutation during list iteration
a = [1, 2, 3]
for x in a:
    if len(a) < 6:
        a.append(x * 10)
a
# --- return from nested loops
def find(m, t):
    for i, row in enumerate(m):
        for j, x in enumerate(row):
            if x == t:
                return (i, j)
    return None
[find([[1, 2], [3, 4]], 3), find([], 1)]
# --- while with complex condition
a, b = 0, 10
while a < b and (a * a < 30 or b == 10):
    a += 1
    b -= 1 if a % 2 else 0
[a, b]
# --- while with walrus
xs, out = [1, 2, 0, 3], []
while x := xs.pop(0):
    out.append(x)
out
# --- pass and ellipsis
def f():
    pass
def g():
    ...
[f(), g()]
# --- assert passes
assert 1 < 2, "no"
"ok"
# --- assert fails with message
x = 3
assert x > 5, f"x is {x}"
# --- assert fails without message
assert []
# --- delete a variable
x = 1
del x
x
# --- delete an undefined variable
del nothing_here
# --- global and local scopes
x = 1
def f():
    x = 2
    return x
[f(), x]
# --- global statement
n = 0
def bump():
    global n
    n += 1
bump()
bump()
n
# --- undefined global at run time
def f():
    return later
f()
later = 1
# --- unbound local
def f():
    if False:
        x = 1
    return x
f()
# --- unbound local after delete
def f():
    x = 1
    del x
    return x
f()
# --- unbound local in augmented assignment
def f():
    if 0:
        n = 0
    n += 1
f()
# --- annotated assignments
x: int = 5
y: "list[int]"
def f(a: int, b: "str" = "q") -> str:
    z: float = 1.0
    return b * a + str(z)
[x, f(2)]
# --- multiple assignment
a = b = c = [1]
a.append(2)
[a, b, c is a]
# --- swap
a, b, c = 1, 2, 3
a, b, c = c, a, b
[a, b, c]
# --- starred assignment
a, *b = [1, 2, 3]
*c, d = "xyz"
e, *f, g = (1, 2)
[a, b, c, d, e, f, g]
# --- nested assignment
(a, b), [c, (d,)] = (1, 2), [3, (4,)]
[a, b, c, d]
# --- too many values
a, b = [1, 2, 3]
# --- not enough values
a, b, c = (1, 2)
# --- not enough values for a starred target
a, b, *c = [1]
# --- unpack a non iterable
a, b = 5
# --- unpack into subscripts
xs = [0, 0]
xs[0], xs[1] = "ab"
d = {}
d["a"], (d["b"], *xs) = 1, (2, 3, 4)
[xs, d]
# --- walrus in expressions
if (n := len("abc")) > 2:
    m = n * 2
[n, m, [y := 5, y ** 2], (z := 1) + z]
# --- evaluation order
log = []
def t(x):
    log.append(x)
    return x
r = t(1) + t(2) * t(3)
d = {t("k"): t("v"), t("k2"): t("v2")}
xs = [t(9), t(8)][t(0)]
log
# --- evaluation order with reassigned variable
x = 1
[x, (x := 2), x + (x := 3), x]
# --- assignment order
log = []
def t(x):
    log.append(x)
    return x
d = {}
d[t("key")] = t("value")
log
# --- unreachable code after return
def f():
    return 1
    return 2
f()
# --- deep nesting
r = 0
for a in range(2):
    for b in range(2):
        for c in range(2):
            if a:
                if b:
                    if c:
                        while r < 3:
                            r += 1
r
# --- multiple statements on a line
a = 1; b = 2; c = a + b
c
# --- conditional import of a module
import math
math.floor(2.5)
# --- result of a script without last expression
x = 1
# --- statement result is not a result
x = [1]
x.append(2)
