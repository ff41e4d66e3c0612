# --- defaults and keywords
def f(a, b=2, *args, c=3, **kw):
    return [a, b, args, c, kw]
[f(1), f(1, 5), f(1, 2, 3, 4), f(1, c=9), f(a=1, b=7), f(1, z=5, y=6), f(*[1, 2, 3], **{"c": 4, "q": 5})]
# --- positional only and keyword only
def f(a, /, b, *, c):
    return a, b, c
[f(1, 2, c=3), f(1, b=2, c=3)]
# --- positional only by keyword
def f(a, /):
    return a
f(a=1)
# --- missing argument
def f(a, b):
    return a
f(1)
# --- missing arguments
def f(a, b, c):
    return a
f()
# --- missing keyword only argument
def f(*, key):
    return key
f()
# --- too many arguments
def f(a):
    return a
f(1, 2)
# --- too many arguments with defaults
def f(a, b=1):
    return a
f(1, 2, 3)
# --- unexpected keyword
def f(a):
    return a
f(1, x=2)
# --- argument given twice
def f(a):
    return a
f(1, a=2)
# --- keyword repeated by spread
def f(**kw):
    return kw
f(a=1, **{"a": 2})
# --- spread of a non mapping
def f(**kw):
    return kw
f(**5)
# --- spread keys must be strings
def f(**kw):
    return kw
f(**{1: 2})
# --- spread of sequences
def f(*a, **k):
    return a, k
[f(*"ab", *[1], 2), f(**{"x": 1}, y=2), f(*(), **{})]
# --- call of a non function
x = 5
x()
# --- call of none
None()
# --- call of a string
"a"(1)
# --- mutable default is shared
def f(x, acc=[]):
    acc.append(x)
    return acc
f(1)
f(2)
# --- defaults evaluated once at definition
n = 1
def f(x=n):
    return x
n = 2
f()
# --- recursion
def fact(n):
    return 1 if n < 2 else n * fact(n - 1)
def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)
[fact(20), fib(12)]
# --- mutual recursion
def even(n):
    return True if n == 0 else odd(n - 1)
def odd(n):
    return False if n == 0 else even(n - 1)
[even(10), odd(7)]
# --- closures
def adder(n):
    def add(x):
        return x + n
    return add
a, b = adder(1), adder(10)
[a(5), b(5)]
# --- closure with nonlocal
def counter():
    n = 0
    def bump(by=1):
        nonlocal n
        n += by
        return n
    return bump
c, d = counter(), counter()
[c(), c(5), d()]
# --- closures share a cell
def pair():
    v = 0
    def get():
        return v
    def put(x):
        nonlocal v
        v = x
    return get, put
g, p = pair()
p(7)
g()
# --- closures in a loop see the last value
fs = []
for i in range(3):
    fs.append(lambda: i)
[f() for f in fs]
# --- closures in a loop inside a function
def make():
    fs = []
    for i in range(3):
        def f():
            return i
        fs.append(f)
    return [f() for f in fs]
make()
# --- default captures the loop value
[f() for f in [lambda i=i: i for i in range(3)]]
# --- closure over a parameter
def outer(x, *rest, k=1):
    def inner():
        return x, rest, k
    x = x + 1
    return inner
outer(1, 2, 3, k=4)()
# --- deep closures
def a(x):
    def b(y):
        def c(z):
            return x + y + z
        return c
    return b
a(1)(2)(3)
# --- free variable unbound
def f():
    def g():
        return x
    if False:
        x = 1
    return g()
f()
# --- own captured variable unbound
def f():
    def g():
        return x
    y = x
    x = 1
    return y
f()
# --- captured variable deleted
def f():
    x = 1
    def g():
        return x
    del x
    return g()
f()
# --- lambda forms
[(lambda: 1)(), (lambda x, y=2: x * y)(3), (lambda *a, **k: (a, k))(1, z=2), (lambda x: (lambda y: x + y))(1)(2)]
# --- lambda missing argument
(lambda x: x)()
# --- nested function missing argument
def outer():
    def inner(a):
        return a
    return inner()
outer()
# --- higher order functions
def compose(f, g):
    return lambda x: f(g(x))
compose(lambda x: x + 1, lambda x: x * 2)(5)
# --- functions in containers
ops = {"+": lambda a, b: a + b, "-": lambda a, b: a - b}
[ops["+"](1, 2), ops["-"](5, 3)]
# --- function is truthy and comparable
def f():
    return 1
g = f
[bool(f), f == g, f is g, f != 1, callable(f), callable(1), callable(len), f in [f]]
# --- function representation
def f():
    return 1
def outer():
    def inner():
        return 1
    return inner
[str(f)[:11], repr(outer())[:30], str(lambda: 1)[:18], f"{f}"[:11], str([f])[:12]]
# --- function has no attributes
def f():
    return 1
f.x
# --- function is not subscriptable
def f():
    return 1
f[0]
# --- function comparison error
def f():
    return 1
f < f
# --- function arithmetic error
def f():
    return 1
f + 1
# --- arguments are evaluated left to right
log = []
def t(x):
    log.append(x)
    return x
def f(*a, **k):
    return a, k
f(t(1), *[t(2)], k=t(3), **{"z": t(4)})
log
# --- implicit none
def f():
    x = 1
f()
# --- early return in loop with finally
def f():
    for i in range(3):
        try:
            if i == 1:
                return i
        finally:
            i = 100
f()
# --- decorators are plain functions elsewhere
def twice(f):
    return lambda x: f(f(x))
inc2 = twice(lambda x: x + 1)
inc2(5)
# --- main is called
def main():
    return "from main"
# --- main with defaults
x = 5
def main(n: int = 3, *, label: str = "q"):
    return label * n + str(x)
# --- string method on argument
def shout(s: str) -> str:
    return s.upper() + "!"
shout("hi")
# --- variable shadowing a builtin
def f(list, len):
    return list + len
sum = 5
[f(1, 2), sum]
# --- global function redefinition
def f():
    return 1
a = f()
def f():
    return 2
[a, f()]
# --- recursion through a closure
def make():
    def fact(n):
        return 1 if n < 2 else n * fact(n - 1)
    return fact
make()(10)
# --- keyword arguments in any order
def f(a, b, c):
    return [a, b, c]
f(c=1, a=2, b=3)
# --- error inside nested calls
def a(x):
    return b(x) + 1
def b(x):
    return c(x) + 1
def c(x):
    return 1 / x
a(0)
# --- error inside a lambda in sorted
sorted([1, 2, "a"], key=lambda x: x + 1)
# --- error inside map
list(map(lambda x: x.foo, [1]))
# --- ackermann
def ack(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ack(m - 1, 1)
    return ack(m - 1, ack(m, n - 1))
ack(2, 3)
# --- messages about starred arguments name builtins as CPython does
import math
def tried(f):
    try:
        f()
    except TypeError as e:
        print(e)
tried(lambda: print(*5))
tried(lambda: print(**5))
tried(lambda: print(**{"end": ""}, **{"end": ""}))
tried(lambda: sorted(*5))
tried(lambda: (lambda a: a)(*5))
tried(lambda: tried(*5))
tried(lambda: sum(*None))
tried(lambda: enumerate(*None))
tried(lambda: [].append(*None))
# --- a variable set to itself before it is bound
def f():
    if False:
        z = 1
    z = z
    print(z)
f()
# --- a variable set to itself before it is bound, and read in the next statement
def f(a):
    for i in a:
        z = i
    z: int = z
    x = z
    return x
f([])
