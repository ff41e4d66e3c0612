# --- enter and exit in order
class M:
    def __init__(self, name): self.name = name
    def __enter__(self):
        print("enter", self.name)
        return self.name.upper()
    def __exit__(self, kind, error, tb):
        print("exit", self.name, kind, error, tb)
with M("a") as x:
    print("body", x)
with M("b"):
    pass
# --- exit sees the exception
class M:
    def __enter__(self): return self
    def __exit__(self, kind, error, tb):
        print(kind.__name__, error, tb is None)
with M():
    raise ValueError("boom")
# --- exit swallows the exception
class Swallow:
    def __enter__(self): return self
    def __exit__(self, *details):
        print(details[0] is KeyError, len(details))
        return True
with Swallow():
    {}["missing"]
    print("never")
print("after")
# --- true values swallow and false ones do not
class M:
    def __init__(self, value): self.value = value
    def __enter__(self): pass
    def __exit__(self, *details): return self.value
for value in (1, "x", [0]):
    with M(value):
        1 / 0
for value in (0, "", None, False):
    try:
        with M(value):
            1 / 0
    except ZeroDivisionError as e:
        print(repr(value), e)
# --- several managers
class M:
    def __init__(self, name): self.name = name
    def __enter__(self):
        print("+" + self.name)
        return self
    def __exit__(self, kind, *rest):
        print("-" + self.name, kind and kind.__name__)
with M("a") as a, M("b") as b, M("c"):
    print(a.name, b.name)
try:
    with (M("x"), M("y") as y):
        raise TypeError("t")
except TypeError:
    print("out")
# --- return break and continue through with
class M:
    def __enter__(self): print("in")
    def __exit__(self, *d): print("out", d[0])
def f():
    with M():
        return "value"
print(f())
for i in range(3):
    with M():
        if i == 0: continue
        if i == 1: break
print(i)
# --- exception in enter
class M:
    def __enter__(self): raise RuntimeError("no entry")
    def __exit__(self, *d): print("never")
with M():
    print("never")
# --- exception in exit replaces
class M:
    def __enter__(self): pass
    def __exit__(self, kind, error, tb):
        raise KeyError("from exit")
try:
    with M():
        raise ValueError("from body")
except KeyError as e:
    print(repr(e), repr(e.__context__))
with M():
    pass
# --- exit raises the same exception
class M:
    def __enter__(self): pass
    def __exit__(self, kind, error, tb):
        raise error
def f():
    with M():
        raise ValueError("again")
f()
# --- outer manager swallows what an inner exit raises
class Inner:
    def __enter__(self): pass
    def __exit__(self, *d): raise OSError("inner")
class Outer:
    def __enter__(self): pass
    def __exit__(self, kind, error, tb):
        print("outer got", repr(error))
        return True
with Outer(), Inner():
    print("body")
print("end")
# --- no manager at all
with 5:
    pass
# --- no exit
class M:
    def __enter__(self): pass
with M():
    pass
# --- methods come from the class
class M:
    def __enter__(self): return "class"
    def __exit__(self, *d): pass
m = M()
m.__dict__ if False else None
with m as x:
    print(x)
# --- inherited manager
class Base:
    def __enter__(self):
        print("base enter")
        return self
    def __exit__(self, *d):
        print("base exit")
class Derived(Base):
    def __exit__(self, *d):
        print("derived exit")
        return super().__exit__(*d)
with Derived() as d:
    print(type(d).__name__)
# --- targets of all kinds
class Pair:
    def __enter__(self): return 1, [2, 3]
    def __exit__(self, *d): pass
class Box: pass
box, things = Box(), {}
with Pair() as (a, [b, c]), Pair() as box.value, Pair() as things["k"]:
    print(a, b, c, box.value, things)
# --- with in a generator
class M:
    def __init__(self, n): self.n = n
    def __enter__(self): print("open", self.n)
    def __exit__(self, *d): print("close", self.n, d[0] and d[0].__name__)
def g():
    with M(1):
        yield "a"
        with M(2):
            yield "b"
for x in g():
    print(x)
it = g()
print(next(it), next(it))
it.close()
# --- with around yield from
class M:
    def __enter__(self): print("open")
    def __exit__(self, *d): print("close")
def inner():
    yield 1
    yield 2
def outer():
    with M():
        yield from inner()
print(list(outer()))
# --- finally inside with inside finally
class M:
    def __enter__(self): print("enter")
    def __exit__(self, *d): print("exit")
try:
    with M():
        try:
            1 / 0
        finally:
            print("inner finally")
except ZeroDivisionError:
    print("handler")
finally:
    print("outer finally")
# --- contextmanager
from contextlib import contextmanager
@contextmanager
def tag(name):
    print(f"<{name}>")
    try:
        yield name.upper()
    finally:
        print(f"</{name}>")
with tag("a") as a, tag("b"):
    print(a)
try:
    with tag("p"):
        raise ValueError("in p")
except ValueError as e:
    print(e)
# --- contextmanager that swallows
from contextlib import contextmanager
@contextmanager
def ignoring(*kinds):
    try:
        yield
    except kinds as e:
        print("ignored", repr(e))
with ignoring(KeyError, ZeroDivisionError):
    1 / 0
with ignoring(KeyError):
    {}[1]
with ignoring(KeyError):
    int("x")
# --- contextmanager that replaces the exception
from contextlib import contextmanager
@contextmanager
def translating():
    try:
        yield
    except KeyError as e:
        raise ValueError("translated") from e
try:
    with translating():
        {}["k"]
except ValueError as e:
    print(e, repr(e.__cause__))
# --- contextmanager that does not yield
from contextlib import contextmanager
@contextmanager
def f():
    if False:
        yield
with f():
    pass
# --- contextmanager that yields twice
from contextlib import contextmanager
@contextmanager
def f():
    yield 1
    yield 2
try:
    with f():
        pass
except RuntimeError as e:
    print(e)
try:
    with f():
        raise KeyError("k")
except KeyError as e:
    print(repr(e))
# --- contextmanager as decorator
from contextlib import contextmanager
@contextmanager
def around(label):
    print("before", label)
    yield
    print("after", label)
@around("x")
def add(a, b):
    print("adding")
    return a + b
print(add(1, 2), add(3, b=4))
# --- contextmanager and StopIteration from the body
from contextlib import contextmanager
@contextmanager
def f():
    yield
try:
    with f():
        raise StopIteration("mine")
except StopIteration as e:
    print("kept", e)
# --- contextmanager keeps name and arguments
from contextlib import contextmanager
@contextmanager
def span(start, *, end=10):
    yield end - start
with span(3) as a, span(start=1, end=2) as b:
    print(a, b)
print(span.__name__)
# --- suppress
from contextlib import suppress
with suppress(KeyError, IndexError):
    [][1]
    print("never")
with suppress(LookupError):
    {}["x"]
with suppress():
    print("nothing")
with suppress(TypeError):
    int("z")
# --- closing and nullcontext
from contextlib import closing, nullcontext
class Thing:
    def close(self): print("closed")
with closing(Thing()) as t:
    print(type(t).__name__)
with nullcontext(5) as n, nullcontext() as m:
    print(n, m)
def g():
    try:
        yield 1
        yield 2
    finally:
        print("generator closed")
with closing(g()) as it:
    print(next(it))
# --- exit stack
from contextlib import ExitStack, contextmanager
@contextmanager
def m(n):
    print("+", n)
    yield n
    print("-", n)
with ExitStack() as stack:
    values = [stack.enter_context(m(i)) for i in range(3)]
    stack.callback(print, "callback", end="!\n")
    print(values)
# --- exit stack with exceptions
from contextlib import ExitStack
class M:
    def __init__(self, name, swallow=False): self.name, self.swallow = name, swallow
    def __enter__(self): return self
    def __exit__(self, kind, error, tb):
        print(self.name, kind and kind.__name__)
        return self.swallow
with ExitStack() as stack:
    stack.enter_context(M("outer"))
    stack.enter_context(M("middle", True))
    stack.enter_context(M("inner"))
    raise ValueError("v")
print("swallowed")
with ExitStack() as stack:
    stack.enter_context(M("one"))
    stack.push(lambda *d: print("pushed", d[0]))
    1 / 0
# --- exit stack pop all and close
from contextlib import ExitStack
with ExitStack() as stack:
    stack.callback(print, "first")
    stack.callback(print, "second")
    kept = stack.pop_all()
print("left")
kept.close()
kept.close()
# --- exit stack with what is no manager
from contextlib import ExitStack
with ExitStack() as stack:
    stack.enter_context(5)
# --- context decorator
from contextlib import ContextDecorator
class timed(ContextDecorator):
    def __enter__(self):
        print("start")
        return self
    def __exit__(self, *d):
        print("stop")
        return False
@timed()
def work(x):
    return x * 2
print(work(4))
with timed():
    print("inside")
# --- redirect stdout
import io
from contextlib import redirect_stdout
buffer = io.StringIO()
with redirect_stdout(buffer):
    print("hidden", 1, 2)
    print("more")
print("shown")
buffer.getvalue()
# --- with reads its line in tracebacks
class M:
    def __enter__(self): return self
    def __exit__(self, *d):
        raise ValueError("at exit")
def f():
    with M():
        x = 1
        y = 2
f()
# --- deep nesting
class M:
    def __init__(self, n): self.n = n
    def __enter__(self): return self.n
    def __exit__(self, *d): log.append(self.n)
log = []
def nest(n):
    with M(n) as v:
        return v + nest(n - 1) if n else 0
print(nest(5), log)
# --- lock-like manager used many times
class Lock:
    def __init__(self): self.held = 0
    def __enter__(self): self.held += 1
    def __exit__(self, *d): self.held -= 1
lock = Lock()
total = 0
for i in range(100):
    with lock:
        with lock:
            total += lock.held
print(total, lock.held)
