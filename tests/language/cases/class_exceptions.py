# --- own exceptions
class AppError(Exception):
    """Base."""
class NotFound(AppError):
    def __init__(self, name, code=404):
        super().__init__(f"{name} not found")
        self.name = name
        self.code = code
    def hint(self):
        return f"create {self.name}"
try:
    raise NotFound("x")
except AppError as error:
    print(error, error.name, error.code, error.args, repr(error), error.hint(), type(error).__name__, isinstance(error, Exception))
try:
    raise AppError
except AppError as error:
    print(repr(error), error.args, str(error) == "")
raise NotFound("file", code=1)

# --- text of own exceptions
class E(ValueError):
    def __str__(self):
        return f"E with {self.args[0]}"
try:
    raise E(1, 2)
except ValueError as error:
    print(error, repr(error), f"{error!s:>12}")
raise E(5)

# --- handlers in order of classes
class A(Exception):
    pass
class B(A):
    pass
class C(KeyError, B):
    pass
def which(kind):
    try:
        raise kind("x")
    except (B, OSError) as error:
        return "B", type(error).__name__, str(error)
    except A:
        return "A"
    except LookupError:
        return "L"
[which(A), which(B), which(C), which(KeyError), issubclass(C, LookupError)]

# --- causes and contexts
class Wrapped(Exception):
    pass
def load():
    try:
        return {}["k"]
    except KeyError as error:
        raise Wrapped("load failed") from error
try:
    load()
except Wrapped as error:
    print(repr(error.__cause__), error.__suppress_context__, repr(error.__context__))
try:
    try:
        1 / 0
    except ZeroDivisionError:
        raise Wrapped("again") from None
except Wrapped as error:
    print(error.__cause__, error.__suppress_context__)
try:
    try:
        1 / 0
    except ZeroDivisionError:
        raise Wrapped("implicit")
except Wrapped as error:
    print(error.__cause__, repr(error.__context__), error.__suppress_context__)

# --- notes
class E(Exception):
    pass
try:
    try:
        raise E("a")
    except E as error:
        error.add_note("more")
        error.add_note("and more")
        raise
except E as error:
    print(error.__notes__)
e = ValueError("plain")
e.add_note("n")
e.extra = 5
print(e.__notes__, e.extra, hasattr(e, "nope"))

# --- attributes of exceptions
for make in (lambda: int("x"), lambda: {}["a"], lambda: [].nope):
    try:
        make()
    except Exception as error:
        print(type(error).__name__, error.args, getattr(error, "name", "-"))

# --- exception with state and no message
class Stop(Exception):
    def __init__(self, value):
        self.value = value
        self.items = [value]
try:
    raise Stop(3)
except Stop as stop:
    stop.value += 1
    print(stop.value, stop.args, stop, repr(stop), stop.items)

# --- raising what is no exception
class A:
    pass
try:
    raise A()
except TypeError as error:
    print(error)
try:
    raise A
except TypeError as error:
    print(error)
try:
    try:
        1 / 0
    except A:
        pass
except TypeError as error:
    print(error)

# --- exception in special methods
class A:
    def __init__(self):
        raise ValueError("in init")
class B:
    def __eq__(self, o):
        raise RuntimeError("in eq")
    def __getattr__(self, n):
        raise KeyError(n)
for f in (A, lambda: B() == 1, lambda: B().x, lambda: [B()].index(3), lambda: hasattr(B(), "q")):
    try:
        f()
    except Exception as error:
        print(type(error).__name__, error)

# --- attribute error of the program's own
class A:
    @property
    def p(self):
        return self.missing
    def __getattr__(self, name):
        return f"fallback {name}"
print(A().p)
class B:
    @property
    def p(self):
        raise AttributeError("mine")
B().p

# --- custom stop iteration value
def g():
    got = yield 1
    return got
it = g()
next(it)
try:
    it.send("v")
except StopIteration as stop:
    print(stop.value)
class Done(StopIteration):
    pass
try:
    raise Done(5)
except StopIteration as stop:
    print(stop.value, type(stop).__name__)
