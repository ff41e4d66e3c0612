# --- try except
try:
    1 / 0
except ZeroDivisionError:
    r = "caught"
r
# --- try except else finally
log = []
def f(x):
    try:
        log.append("try")
        r = 10 / x
    except ZeroDivisionError as e:
        log.append(str(e))
        r = None
    else:
        log.append("else")
    finally:
        log.append("finally")
    return r
[f(2), f(0), log]
# --- handler order
def f(e):
    try:
        raise e
    except KeyError:
        return "key"
    except (ValueError, TypeError) as x:
        return f"vt {x}"
    except LookupError:
        return "lookup"
    except Exception as x:
        return "other " + str(x)
[f(KeyError("k")), f(ValueError("v")), f(TypeError("t")), f(IndexError("i")), f(RuntimeError("r"))]
# --- bare except
try:
    [][1]
except:
    r = "bare"
r
# --- exception variable is deleted
try:
    raise ValueError("x")
except ValueError as e:
    pass
e
# --- uncaught
raise ValueError("message here")
# --- uncaught without message
raise KeyError
# --- uncaught key error message
raise KeyError("k")
# --- uncaught with several arguments
raise ValueError("a", 1)
# --- raise in a function
def f():
    raise RuntimeError(f"bad {1 + 1}")
def g():
    f()
g()
# --- reraise
def f():
    try:
        raise ValueError("first")
    except ValueError:
        raise
f()
# --- reraise outer after inner
def f():
    try:
        raise ValueError("outer")
    except ValueError:
        try:
            raise KeyError("inner")
        except KeyError:
            pass
        raise
f()
# --- raise from
try:
    try:
        1 / 0
    except ZeroDivisionError as e:
        raise ValueError("wrapped") from e
except ValueError as e:
    r = str(e)
r
# --- raise from none
raise ValueError("clean") from None
# --- raise of a non exception
raise 5
# --- raise from a non exception
raise ValueError("x") from 5
# --- except with a value that is no class
kind = 5
try:
    1 / 0
except kind:
    pass
# --- except with a tuple variable
kinds = (ValueError, KeyError)
try:
    {}["a"]
except kinds as e:
    r = str(e)
r
# --- exception arguments
e = ValueError("a", 2)
[e.args, str(e), repr(e), str(ValueError()), str(KeyError("k")), repr(KeyError("k")), str(KeyError())]
# --- exception as a value
def f():
    try:
        int("x")
    except ValueError as e:
        return e
e = f()
[str(e), isinstance(e, ValueError), isinstance(e, Exception), type(e) is ValueError]
# --- raise a stored exception
err = TypeError("stored")
def f():
    raise err
try:
    f()
except TypeError as e:
    r = e is err
r
# --- nested try
def f(n):
    try:
        try:
            if n == 1:
                raise ValueError("v")
            if n == 2:
                raise KeyError("k")
            return "none"
        except ValueError:
            return "inner"
        finally:
            log.append(n)
    except KeyError:
        return "outer"
log = []
[f(0), f(1), f(2), log]
# --- finally overrides return
def f():
    try:
        return 1
    finally:
        return 2
f()
# --- finally swallows exceptions with return
def f():
    try:
        raise ValueError("x")
    finally:
        return "swallowed"
f()
# --- finally with break
def f():
    for i in range(3):
        try:
            continue
        finally:
            if i == 1:
                break
    return i
f()
# --- return value computed before finally
def f():
    x = 1
    try:
        return x
    finally:
        x = 2
f()
# --- exception in finally replaces
def f():
    try:
        raise ValueError("a")
    finally:
        raise KeyError("b")
f()
# --- exception in handler replaces
def f():
    try:
        raise ValueError("a")
    except ValueError:
        {}["zz"]
f()
# --- exception in else is not caught
def f():
    try:
        pass
    except ValueError:
        return "no"
    else:
        raise ValueError("from else")
f()
# --- loop with try and continue
out = []
for x in ["1", "b", "3"]:
    try:
        out.append(int(x))
    except ValueError:
        continue
    out.append("ok")
out
# --- loop with try and break in handler
out = []
for x in [1, 0, 2]:
    try:
        out.append(1 // x)
    except ZeroDivisionError:
        break
else:
    out.append("else")
out
# --- break in try with finally
log = []
while True:
    try:
        break
    finally:
        log.append("f")
log
# --- handlers only catch from the body
def f():
    try:
        r = "body"
    except Exception:
        r = "handler"
    return r
f()
# --- variables assigned before the exception
def f():
    try:
        a = 1
        b = 1 / 0
    except ZeroDivisionError:
        return a
f()
# --- unbound after failed assignment
def f():
    try:
        x = int("q")
    except ValueError:
        pass
    return x
f()
# --- exception hierarchy
[issubclass(KeyError, LookupError), issubclass(ZeroDivisionError, ArithmeticError), issubclass(ValueError, Exception),
 issubclass(IndexError, KeyError), issubclass(NotImplementedError, RuntimeError), issubclass(UnboundLocalError, NameError)]
# --- catch name error
try:
    later()
except NameError as e:
    r = str(e)
def later():
    pass
r
# --- catch attribute error
try:
    (5).foo
except AttributeError as e:
    r = str(e)
r
# --- catch type error of a call
def f(a):
    return a
try:
    f()
except TypeError as e:
    r = str(e)
r
# --- catch index error message
msgs = []
for bad in [lambda: [1][5], lambda: (1,)[5], lambda: "a"[5], lambda: {}["k"], lambda: range(2)[9]]:
    try:
        bad()
    except (IndexError, KeyError) as e:
        msgs.append(str(e))
msgs
# --- stop iteration value
it = iter([1])
next(it)
next(it)
# --- next with default
it = iter([1])
[next(it), next(it, "end")]
# --- assertion error caught
try:
    assert False, "why"
except AssertionError as e:
    r = str(e)
r
# --- exception in comprehension inside try
try:
    [x.foo for x in [1]]
except AttributeError as e:
    r = "ok"
r
# --- exceptions compare by identity
[ValueError("a") == ValueError("a"), ValueError is ValueError]
# --- exception in a container
str([ValueError("x"), KeyError])
# --- exception with a non string argument
str(ValueError([1, 2])) + str(ValueError(None))
# --- error in deep expression
x = [1, 2]
y = (x[0] +
     x[1] +
     x[2])
# --- error on a continuation line
def f(a, b):
    return a
f(1,
  1 / 0)
# --- error in default argument
def f(x=1 / 0):
    return x
# --- error in f-string
x = None
f"value {x + 1}"
# --- exception variable shadows and disappears
e = "before"
try:
    raise ValueError("v")
except ValueError as e:
    inner = str(e)
inner
# --- nested functions raise through finally
log = []
def a():
    try:
        b()
    finally:
        log.append("a")
def b():
    try:
        1 / 0
    finally:
        log.append("b")
try:
    a()
except ZeroDivisionError:
    log.append("caught")
log
# --- raise class with keyword
raise ValueError(x=1)
# --- exception class call with wrong arguments
UnicodeDecodeError("a")
# --- os error attributes
e = OSError(2, "gone")
[e.errno, e.strerror, str(e)]
# --- multiple except clauses with same name
r = []
for kind in [ValueError, KeyError]:
    try:
        raise kind("m")
    except ValueError as e:
        r.append("v" + str(e))
    except KeyError as e:
        r.append("k" + str(e))
r
