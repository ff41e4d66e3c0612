"""A value is freed where CPython frees it, as a generator's end shows."""
# --- generators dropped in every place
def gen(n, start=0):
    try:
        for i in range(n):
            yield start+i
    finally:
        print("gen ends", n)
def t(x):
    print("t", x); return x
def boom(*a):
    raise ValueError(1)
class C:
    pass
def f1():
    try:
        return t(next(gen(2), max([y for y in [1,2] if y and 1 or 0]))) + boom(1)
    except ValueError:
        print("caught")
def f2():
    a = next(gen(3), [x for x in [1, 2] if t(x)])
    print("f2", a)
def f3():
    next(gen(4), [boom(x) for x in [1, 2] if t(x)])
try:
    f3()
except ValueError:
    print("f3 caught")
f1(); f2()
def f4():
    print(gen(5).send(None))
    print("after")
    o = C(); o.x = gen(6); next(o.x); o.x = None
    print("after set")
    for g in [gen(7), gen(8)]:
        next(g)
        break
    g = None
    print("after loop")
    [gen(9)][0].send(None)
    print("after list")
    [gen(i) for i in (10, 11)][1].send(None)
    print("after comp")
    (gen(12) if t(0) else gen(13)).send(None)
    print("after ifx")
    (t(0) or gen(14)).send(None)
    def h(g=gen(15)):
        return next(g)
    h(); h = None
    print("after h")
    xs = []
    xs += [gen(16)]
    next(xs[0])
    xs = None
    print("after inplace")
f4()
def f5():
    try:
        gen(20).send(boom(1))
    finally:
        print("f5 finally")
try:
    f5()
except ValueError:
    print("f5 caught")
def f6():
    try:
        x = gen(21).send(None) + [boom(y) for y in [1] if t(y)][0]
    except ValueError as e:
        print("f6", e)
f6()
def f7():
    for g in gen(22):
        if t(g):
            break
    print("f7")
    for g in gen(23):
        try:
            return t(g)
        finally:
            print("f7 fin")
f7()
def f8():
    match gen(24):
        case 1:
            print("one")
        case _:
            print("other")
    print("f8")
f8()
def f9(*a, **k):
    print("f9", a and 1)
f9(*[gen(25)], **{"k": gen(26)})
print("f9 done")
a, b = gen(2)
print("unpack")
a, *b = gen(3)
print("unpackx")
f"{gen(27)!s:.3}"
print("fstr")
gen(28) is None
gen(29) == gen(30)
not gen(31)
next(zip(gen(32), gen(33)))
print("zip")
max(gen(34), key=lambda v: -v)
print([*map(t, gen(2))], "map")
next(map(t, gen(35)))
print("nextmap")
d = {"a": gen(36)}
next(d["a"])
d.pop("a")
print("pop")
d = {"a": gen(37)}
next(d["a"])
d["a"] = 1
print("setitem")
next(gen(38)) in [1]
3 in gen(39)
print("in")
def late():
    g = gen(40)
    next(g)
    raise KeyError(1)
try:
    late()
except KeyError as e:
    print("late")
print("end")
# --- generators inside generators that are dropped
def gen(n):
    try:
        for i in range(n):
            yield i
    finally:
        print("gen ends", n)
def f():
    x = [any(2 for _ in gen(2)), 1]
    print("x", x)
    h = (i for i in gen(4))
    next(h)
    h = None
    print("after h")
f()
# --- a generator that an exception passes, with the one it delegates to
class A:
    def __iter__(self):
        try:
            yield 1
            yield 2
        finally:
            print("A ends")
def outer(g):
    yield from g
print(1 in A())
o = outer(A())
next(o)
try:
    o.throw(KeyError)
except KeyError as e:
    print("key")
print("done")
# --- arguments of a builtin that failed are freed before the handler
def gen(n):
    try:
        yield n
    finally:
        print("gen ends", n)
def f():
    return dict(zip("ab", gen(3), strict=True))
try:
    f()
except ValueError as e:
    print("caught", e)
# --- what an exception passed lives as long as it does
def gen(n):
    try:
        yield n
        yield n
    finally:
        print("gen ends", n)
def late():
    g = gen(40)
    next(g)
    raise KeyError(1)
def f():
    try:
        late()
    except KeyError as e:
        kept = e
        print("late")
    print("still")
    kept = None
    print("gone")
f()
# --- a comprehension's exception holds the generator that it goes over
def gen(n, start=0):
    try:
        for i in range(n):
            sent = yield start + i
    finally:
        print("gen ends")
def show(f):
    try: print(f())
    except Exception as err: print(type(err).__name__, err, type(err.__context__).__name__)
    print('--')
show(lambda: any((lambda q, w=(1, 2): q + w)(-2) for _ in gen(2)))
show(lambda: [1/0 for _ in gen(2)])
show(lambda: {1:1/0 for _ in gen(2)})
show(lambda: {1/0 for _ in gen(2)})
show(lambda: sum(1/0 for _ in gen(2)))
show(lambda: list(1/0 for _ in gen(2)))
show(lambda: [1/0 for _ in range(2) for y in gen(2)])
show(lambda: [1/0 for x in [1] if [1/0 for z in gen(2)]])
show(lambda: next((1/0 for _ in gen(2)), 3))
show(lambda: [x for _ in range(1) for x in gen(1) if x/0])
show(lambda: max(1/x for x in gen(2)))
show(lambda: [(lambda: x)() for x in gen(3) if 1/x])
def ff():
    for x in gen(2):
        1/x
show(ff)
def gg():
    try: return [1/0 for _ in gen(2)]
    except ZeroDivisionError: print('caught')
show(gg)
def hh():
    yield [1/0 for _ in gen(2)]
show(lambda: list(hh()))
show(lambda: [1 for _ in gen(2)])
show(lambda: [1 for _ in gen(3, 'a')])
# --- an exception's name is unbound however the handler is left, so that it holds nothing
def gen(n):
    try:
        yield n
    finally:
        print("gen ends")
def f(a):
    try:
        q = gen(2)
        print(next(q))
        q = ((1, 2) | 1e308)
    except Exception as err:
        xs = a % [2]
try:
    f(1)
except Exception as err:
    print(type(err).__name__, err)
print("--")
def g():
    try:
        o = gen(1)
        next(o)
        raise KeyError(1)
    except Exception as e:
        raise
try:
    g()
except KeyError as err:
    pass
print('--')
