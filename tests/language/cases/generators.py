# --- yields in order
def count(n):
    i = 0
    while i < n:
        yield i
        i += 1
[list(count(4)), sum(count(10)), tuple(count(0)), sorted(count(3), reverse=True)]
# --- next with and without default
def two():
    yield "a"
    yield "b"
g = two()
print(next(g), next(g), next(g, "none"))
next(g)
# --- return value is in StopIteration
def f():
    yield 1
    return "done"
g = f()
next(g)
try:
    next(g)
except StopIteration as stop:
    print(stop.value, stop.args)
try:
    next(g)
except StopIteration as stop:
    print(stop.value, stop.args)
# --- send
def averager():
    total, count, average = 0.0, 0, None
    while True:
        value = yield average
        total += value
        count += 1
        average = total / count
g = averager()
next(g)
[g.send(v) for v in (10, 20, 30)]
# --- send a value to a generator that has not started
def f():
    yield 1
g = f()
try:
    g.send(5)
except TypeError as e:
    print(e)
print(g.send(None))
# --- throw is caught inside
def f():
    while True:
        try:
            yield "waiting"
        except ValueError as e:
            print("caught", e)
        except KeyError:
            yield "key"
g = f()
print(next(g), g.throw(ValueError("x")), g.throw(KeyError("k")), next(g))
# --- throw is not caught
def f():
    try:
        yield 1
    finally:
        print("cleanup")
g = f()
next(g)
g.throw(RuntimeError("boom"))
# --- throw into one that has not started
def f():
    print("never")
    yield 1
g = f()
try:
    g.throw(ValueError("early"))
except ValueError as e:
    print("out", e)
print(list(g))
# --- throw a class
def f():
    try:
        yield 1
    except ZeroDivisionError as e:
        yield repr(e)
g = f()
next(g)
g.throw(ZeroDivisionError)
# --- close runs finally once
def f():
    try:
        yield 1
        yield 2
    finally:
        print("closed")
g = f()
next(g)
g.close()
g.close()
print(next(g, "over"))
# --- close sees GeneratorExit
def f():
    try:
        yield 1
    except GeneratorExit:
        print("exit")
        raise
g = f()
next(g)
print(g.close())
# --- close that is ignored
def f():
    try:
        yield 1
    except GeneratorExit:
        yield 2
g = f()
next(g)
try:
    g.close()
except RuntimeError as e:
    print(e)
print(list(g))
# --- bare except catches GeneratorExit
def f():
    try:
        yield 1
    except:
        print("bare")
g = f()
next(g)
g.close()
print("end")
# --- generator dropped by a loop that breaks
def f():
    try:
        for i in range(10):
            yield i
    finally:
        print("closed", i)
for x in f():
    if x == 3:
        break
print("after")
# --- generator dropped by a loop of little
def f():
    try:
        while True:
            yield 1
    finally:
        print("closed")
for x in f():
    break
print("after")
total = 0
for x in f():
    total += x
    if total > 4:
        break
print("after", total)
# --- generator dropped by an exception in the loop
def f():
    try:
        while True:
            yield 0
    finally:
        print("closed")
def g():
    try:
        for x in f():
            1 / x
    except ZeroDivisionError:
        print("handled")
g()
# --- generator dropped by return in the loop
def f():
    try:
        while True:
            yield 7
    finally:
        print("closed")
def g():
    for x in f():
        return x
print(g())
# --- yield from with a return value
def inner():
    x = yield 1
    print("inner got", x)
    return "result"
def outer():
    r = yield from inner()
    print("outer got", r)
    yield 2
g = outer()
print(next(g), g.send("hello"))
# --- yield from iterables
def f():
    yield from [1, 2]
    yield from "ab"
    yield from range(2)
    yield from {"k": 1}
    yield from ()
list(f())
# --- yield from passes throw and close on
def inner():
    try:
        yield 1
        yield 2
    except ValueError as e:
        print("inner", e)
        yield 3
    finally:
        print("inner finally")
def outer():
    try:
        yield from inner()
    finally:
        print("outer finally")
g = outer()
print(next(g), g.throw(ValueError("v")))
g.close()
# --- yield from what is not iterable
def f():
    yield from 5
next(f())
# --- yield from recursion over a tree
def walk(tree):
    if isinstance(tree, list):
        for branch in tree:
            yield from walk(branch)
    else:
        yield tree
list(walk([1, [2, [3, [4, [5]]]], 6]))
# --- StopIteration raised inside becomes RuntimeError
def f():
    yield 1
    raise StopIteration("mine")
g = f()
print(next(g))
try:
    next(g)
except RuntimeError as e:
    print(e, repr(e.__cause__))
# --- next that runs out inside a generator
def f(it):
    while True:
        yield next(it)
list(f(iter([1, 2])))
# --- already executing
def f():
    yield next(g)
g = f()
next(g)
# --- exception inside has the line of the generator
def f(xs):
    for x in xs:
        yield 10 // x
def g():
    return sum(f([5, 2,
        0]))
g()
# --- exception in nested generators
def a():
    yield 1
    raise KeyError("deep")
def b():
    yield from a()
def c():
    for x in b():
        yield x
for x in c():
    print(x)
# --- finally that yields
def f():
    try:
        yield 1
    finally:
        yield 2
list(f())
# --- return in finally swallows
def f():
    try:
        yield 1
        raise ValueError("gone")
    finally:
        return "kept"
g = f()
next(g)
try:
    next(g)
except StopIteration as s:
    print(s.value)
# --- generator expressions
squares = (x * x for x in range(5) if x % 2 == 0)
print(next(squares), list(squares), list(squares))
print(sum(x for x in range(5)), max((len(w), w) for w in ["a", "bbb", "cc"]))
# --- generator expression is lazy
def noisy(x):
    print("made", x)
    return x
g = (noisy(x) for x in [1, 2, 3])
print("nothing yet")
print(next(g))
print(next(g))
# --- outermost iterable is evaluated at once
def source():
    print("source")
    return [1, 2]
g = (x for x in source())
print("made")
print(list(g))
# --- generator expression over what is not iterable
g = (x for x in 5)
# --- nested generator expressions
pairs = ((a, b) for a in range(3) for b in range(a))
print(list(pairs))
matrix = [[1, 2], [3, 4]]
print(list(sum(row) for row in (list(x * 2 for x in r) for r in matrix)))
# --- exception in a generator expression
def f():
    return list(1 // x for x in [1, 0])
f()
# --- closures over loop variables
def makers():
    for i in range(3):
        yield lambda: i
print([f() for f in makers()])
fs = list(makers())
print([f() for f in fs])
# --- infinite generators with zip and islice by hand
def naturals():
    n = 0
    while True:
        yield n
        n += 1
def take(n, it):
    for _, x in zip(range(n), it):
        yield x
print(list(take(5, naturals())))
print(list(zip(naturals(), "abc")))
# --- pipeline of generators
def numbers(): yield from range(1, 20)
def odd(xs): return (x for x in xs if x % 2)
def squared(xs):
    for x in xs:
        yield x * x
print(list(squared(odd(numbers()))))
print(any(x > 100 for x in squared(numbers())), all(x < 400 for x in squared(numbers())))
# --- generator in unpacking and star arguments
def f():
    yield 1
    yield 2
    yield 3
a, *b = f()
def add(*xs): return sum(xs)
print(a, b, add(*f()), [*f(), *f()], {*f()}, (*f(),))
x, y = f()
# --- in and membership
def f():
    for i in range(5):
        print("at", i)
        yield i
print(2 in f(), 9 in f())
# --- list join dict from generators
def items():
    for k in "abc":
        yield k, ord(k)
print(dict(items()), ",".join(k for k, _ in items()), set(v for _, v in items()) == {97, 98, 99})
# --- type and repr of a generator
def gen():
    yield
g = gen()
print(type(g).__name__, iter(g) is g, callable(g), bool(g))
print(str(g).startswith("<generator object gen"))
# --- len of a generator
def gen():
    yield 1
len(gen())
# --- subscript of a generator
def gen():
    yield 1
gen()[0]
# --- method that is not there
def gen():
    yield 1
gen().foo()
# --- arguments are bound at the call
def gen(a, b=2, *, c):
    print("running")
    yield a + b + c
g = gen(1, c=3)
print("made")
print(next(g))
gen(1)
# --- yield as an expression in calls
def f():
    print((yield 1), (yield 2))
    x = [(yield 3), (yield 4)]
    return x
g = f()
out = [next(g), g.send("a"), g.send("b"), g.send("c")]
try:
    g.send("d")
except StopIteration as s:
    out.append(s.value)
out
# --- yield inside try with else and loop
def f(xs):
    for x in xs:
        try:
            y = 6 // x
        except ZeroDivisionError:
            yield "zero"
            continue
        else:
            yield y
        finally:
            yield "f"
list(f([1, 0, 3]))
# --- mutual generators
def ping(n):
    while n > 0:
        yield ("ping", n)
        n -= 1
        yield from pong(n)
        return
def pong(n):
    while n > 0:
        yield ("pong", n)
        n -= 1
        yield from ping(n)
        return
list(ping(5))
# --- permutations
def permutations(xs):
    if not xs:
        yield []
    for i, x in enumerate(xs):
        for rest in permutations(xs[:i] + xs[i + 1:]):
            yield [x] + rest
print(len(list(permutations([1, 2, 3, 4]))), list(permutations("ab")))
# --- sieve of generators
def integers(n):
    while True:
        yield n
        n += 1
def sieve(xs):
    p = next(xs)
    yield p
    yield from sieve(x for x in xs if x % p)
out = []
for p in sieve(integers(2)):
    if p > 40:
        break
    out.append(p)
out
# --- state machine with send
def machine():
    state = "idle"
    log = []
    while True:
        event = yield state, tuple(log)
        log.append(f"{state}->{event}")
        if event == "stop":
            return log
        state = event
m = machine()
next(m)
m.send("run")
print(m.send("wait"))
try:
    m.send("stop")
except StopIteration as s:
    print(s.value)
# --- generator method in a class
class Tree:
    def __init__(self, value, left=None, right=None):
        self.value, self.left, self.right = value, left, right
    def __iter__(self):
        if self.left:
            yield from self.left
        yield self.value
        if self.right:
            yield from self.right
print(list(Tree(2, Tree(1), Tree(3))))
print(max(Tree(2, Tree(1), Tree(3))), 3 in Tree(2, Tree(1), Tree(3)))
# --- iterator class in yield from
class Countdown:
    def __init__(self, n): self.n = n
    def __iter__(self): return self
    def __next__(self):
        if self.n == 0:
            raise StopIteration
        self.n -= 1
        return self.n
def f():
    yield from Countdown(3)
    yield from Countdown(1)
list(f())
# --- unhandled exception ends a generator
def f():
    yield 1
    1 / 0
    yield 2
g = f()
next(g)
try:
    next(g)
except ZeroDivisionError:
    pass
print(list(g))
# --- exception context through a generator
def f():
    try:
        yield 1
    except ValueError:
        raise KeyError("second")
g = f()
next(g)
try:
    g.throw(ValueError("first"))
except KeyError as e:
    print(repr(e), repr(e.__context__))
# --- generator that is never started
def f():
    try:
        yield 1
    finally:
        print("never")
g = f()
del g
print("deleted")
# --- deleting a started generator closes it
def f():
    try:
        yield 1
    finally:
        print("finally")
g = f()
next(g)
del g
print("deleted")
g = f()
next(g)
g = None
print("rebound")
# --- the context of what is raised in a generator is what its resumer handles
def gen(n, start=0):
    try:
        for i in range(n):
            sent = yield start + i
    finally:
        print("gen ends")
def ctx(e):
    r=[]
    while e is not None: r.append(repr(e)); e=e.__context__
    print(r)
def f():
    try: 1/0
    except ZeroDivisionError:
        try: next(gen(2,'a'))
        except TypeError as e: ctx(e)
        def m():
            try: yield 1
            except KeyError: pass
            got = yield from gen(2, [])
        g = m()
        next(g)
        try: g.throw(KeyError(1))
        except TypeError as e: ctx(e)
        g = m(); next(g)
        try: g.throw(ValueError(1))
        except ValueError as e: ctx(e)
f()
def a():
    try: raise KeyError(1)
    finally: yield 8
g=a(); print(next(g))
try: g.throw(GeneratorExit)
except GeneratorExit as e: ctx(e)
g=a(); print(next(g))
try: g.throw(ValueError(2))
except ValueError as e: ctx(e)
g=a(); print(next(g)); g.close()
def b():
    try: yield from a()
    except KeyError as e: ctx(e); yield 3; yield from gen(1, {})
g=b(); next(g); print(next(g))
try: print(next(g))
except TypeError as e: ctx(e)
g=b(); next(g); print(next(g))
try: print(g.throw(IndexError(4)))
except IndexError as e: ctx(e)
def outer():
    try: 1/0
    except ZeroDivisionError:
        yield from inner()
def inner():
    yield 1
    try: {}[1]
    except KeyError as e: ctx(e)
    yield 2
    {}[2]
g=outer(); next(g)
try: [][1]
except IndexError:
    next(g)
    try: next(g)
    except KeyError as e: ctx(e)
def fn():
    try: {}[1]
    except KeyError as e: ctx(e)
def calls():
    yield
    fn()
    yield
g=calls(); next(g)
try: [][1]
except IndexError: next(g)
g=calls(); next(g); next(g)
class A:
    def __iter__(self):
        print('it')
        return gen(1, 'a')
try: print([*A()])
except TypeError as e: ctx(e)
class B:
    pass
try:
    print([*B()])
except TypeError as e:
    ctx(e)
    print(e.__suppress_context__)
