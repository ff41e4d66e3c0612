# --- an error ends the run, and its frames hold generators
def f(n):
    try:
        yield n
        yield n
    finally:
        print("end", n)
def inner(h):
    x = f('inner x')
    y = f('inner y')
    next(y)
    next(x)
    for z in f('loop'):
        1 / 0
def main():
    p = f('main p')
    next(p)
    inner(p)
main()
# --- an error is caught, and its frames hold generators
def f(n):
    try:
        yield n
        yield n
    finally:
        print("end", n)
def inner(h):
    x = f('inner x')
    y = f('inner y')
    z = f('inner z')
    get = lambda: y
    next(y)
    next(x)
    next(z)
    for z in f('loop'):
        1 / 0
def main():
    p, q = f('main p'), f('main q')
    next(p)
    next(q)
    inner(p)
try:
    main()
except ZeroDivisionError:
    print('caught')
print('after')
# --- an error of a generator ends the run
def f(n):
    try:
        yield n
        yield n
    finally:
        print("end", n)
def g():
    x = f('x')
    next(x)
    with_ = f('y')
    next(with_)
    yield 1
    1 / 0
def main():
    a = f('a')
    next(a)
    for v in g():
        pass
main()
# --- an error that ends the run holds a generator itself
def f(n):
    try:
        yield n
        yield n
    finally:
        print("end", n)
def main():
    a = f('a')
    next(a)
    b = f('b')
    next(b)
    raise ValueError(b)
try:
    main()
except ValueError as e:
    raise KeyError(1) from e
# --- a finally that fails when the run has ended
def f(n):
    try:
        yield n
        yield n
    finally:
        print("end", n)
        {}[n]
def main():
    a = f('a')
    next(a)
    b = f('b')
    next(b)
    1 / 0
main()
# --- SystemExit ends the run
import sys
def f(n):
    try:
        yield n
        yield n
    finally:
        print("end", n)
def main():
    a = f('a')
    next(a)
    sys.exit(0)
main()
# --- a with in a generator that an error leaves
class M:
    def __init__(self, n):
        self.n = n
    def __enter__(self):
        print('in', self.n)
    def __exit__(self, *a):
        print('out', self.n, a[0])
def f(n):
    with M(n):
        yield n
def main():
    a = f('a')
    next(a)
    b = f('b')
    next(b)
    1 / 0
main()
# --- an object with __del__ in the frames of an error
class A:
    def __init__(self, n):
        self.n = n
    def __del__(self):
        print('del', self.n)
def inner():
    x, y = A('x'), A('y')
    1 / 0
def main():
    z = A('z')
    inner()
main()
# --- globals after the frames of an error
class A:
    def __init__(self, n):
        self.n = n
    def __del__(self):
        print('del', self.n)
g = A('g')
def main():
    z = A('z')
    1 / 0
main()
# --- globals hold generators at the end
def f(n):
    try:
        yield n
        yield n
    finally:
        print("end", n)
c = f('c'); a = f('a'); b = f('b')
next(a); next(b); next(c)
keep = [f('l1'), f('l2')]
next(keep[1]); next(keep[0])
not_begun = f('never')
class A:
    pass
o = A()
o.g = f('of an object')
next(o.g)
print("done")
# --- globals hold generators when an error ends the run
def f(n):
    try:
        yield n
    except GeneratorExit:
        print('exit', n)
        raise
def main():
    p, q = f('p'), f('q')
    next(q), next(p)
    g.send(None)
h = f('h')
next(h)
g = f('g')
next(g)
main()
# --- a generator that holds another one is left behind
from contextlib import contextmanager
@contextmanager
def cm(n):
    print('enter', n)
    try:
        yield n
    finally:
        print('leave', n)
def g(n):
    with cm(n) as x:
        yield from h(x)
def h(n):
    try:
        yield n
        yield n
    finally:
        print('end', n)
a = g('a')
next(a)
def main():
    b = g('b')
    next(b)
    return 5
main()
# --- a finally that uses globals
seen = []
def f(n):
    try:
        yield n
    finally:
        print('end', n, later is None, seen is None)
g = f(1)
next(g)
later = 3
# --- a generator that goes on when it is closed
def f(n):
    try:
        yield n
    finally:
        yield 3
        print('never')
g = f(1)
next(g)
