# --- every class and its bases
names = [ArithmeticError, AssertionError, AttributeError, BlockingIOError, BrokenPipeError, BufferError, ChildProcessError, ConnectionAbortedError, ConnectionRefusedError, ConnectionResetError, EOFError, EnvironmentError, FileExistsError, FloatingPointError,
         IOError, ImportError, IndentationError, IndexError, InterruptedError, IsADirectoryError, KeyError, LookupError, ModuleNotFoundError, NameError, NotADirectoryError, NotImplementedError, OSError, OverflowError, PermissionError, ProcessLookupError,
         ReferenceError, RuntimeError, StopAsyncIteration, StopIteration, SyntaxError, SystemError, TabError, TimeoutError, TypeError, UnboundLocalError, UnicodeError, ValueError, ZeroDivisionError,
         Warning, UserWarning, DeprecationWarning, PendingDeprecationWarning, SyntaxWarning, RuntimeWarning, FutureWarning, ImportWarning, UnicodeWarning, BytesWarning, ResourceWarning, EncodingWarning]
for kind in names:
    try:
        raise kind("text")
    except LookupError as e:
        print("lookup", type(e).__name__, e)
    except OSError as e:
        print("os", type(e).__name__, e, e.args)
    except ArithmeticError as e:
        print("arithmetic", type(e).__name__, e)
    except Warning as e:
        print("warning", type(e).__name__, e)
    except Exception as e:
        print(type(e).__name__, e, repr(e), e.args)
[IOError is OSError, EnvironmentError is OSError, issubclass(TabError, IndentationError), issubclass(RecursionError, RuntimeError), issubclass(Exception, BaseException), issubclass(KeyboardInterrupt, Exception)]
# --- exceptions that are no Exception
log = []
for kind in (KeyboardInterrupt, SystemExit, GeneratorExit, BaseException):
    try:
        try:
            raise kind(3)
        except Exception:
            log.append("wrong")
    except BaseException as e:
        log.append((type(e).__name__, e.args))
log
# --- KeyboardInterrupt by name
try:
    raise KeyboardInterrupt("stop")
except KeyboardInterrupt as e:
    r = [str(e), repr(e), isinstance(e, BaseException), isinstance(e, Exception)]
r
# --- SystemExit caught
def main_loop():
    raise SystemExit(2)
try:
    main_loop()
except SystemExit as e:
    r = [e.code, e.args, str(e), SystemExit().code, SystemExit("a", 1).code]
r
# --- a bare except catches all of them
def f(kind):
    try:
        raise kind
    except:
        return "caught"
[f(SystemExit), f(KeyboardInterrupt), f(ValueError), f(GeneratorExit)]
# --- finally runs for SystemExit
log = []
try:
    try:
        raise SystemExit(0)
    finally:
        log.append("finally")
except SystemExit:
    log.append("exit")
log
# --- OSError's data
e = OSError(2, "No such file", "x.txt")
f = FileNotFoundError(2, "gone")
[e.errno, e.strerror, e.filename, str(e), repr(e), type(OSError(2, "m")).__name__, type(OSError(13, "m")).__name__, e.args, f.errno, str(OSError("just text")), OSError("t").errno]
# --- KeyError shows its key's repr
[str(KeyError("a")), str(KeyError(1, 2)), repr(KeyError("a")), str(KeyError())]
# --- UnicodeTranslateError
e = UnicodeTranslateError("abc", 0, 1, "why")
[str(e), e.object, e.start, e.end, e.reason]
# --- UnicodeEncodeError by hand
e = UnicodeEncodeError("ascii", "é", 0, 1, "why")
[str(e), e.encoding]
# --- StopIteration's value
e = StopIteration(5)
[e.value, StopIteration().value, e.args]
# --- NameError's and AttributeError's names
try:
    "".nothing
except AttributeError as e:
    r = [e.name, str(e)]
r
# --- notes
e = ValueError("x")
e.add_note("first")
e.add_note("second")
[e.__notes__, str(e)]
# --- a note that is no text
ValueError().add_note(5)
# --- causes and contexts
try:
    try:
        1 / 0
    except ZeroDivisionError as first:
        raise ValueError("second") from first
except ValueError as e:
    r = [type(e.__cause__).__name__, type(e.__context__).__name__, e.__suppress_context__]
try:
    try:
        {}["k"]
    except KeyError:
        raise TypeError("third")
except TypeError as e:
    r += [e.__cause__, type(e.__context__).__name__, e.__suppress_context__]
try:
    raise ValueError from None
except ValueError as e:
    r += [e.__cause__, e.__suppress_context__]
r
# --- warnings are exceptions
class Mine(UserWarning):
    pass
try:
    raise Mine("careful")
except Warning as e:
    r = [type(e).__name__, str(e), isinstance(e, UserWarning)]
r
# --- an exception class without arguments
raise StopAsyncIteration
# --- a system error by hand
raise SystemError("odd", 5)
# --- an exception derived from BaseException
class Quit(BaseException):
    pass
def f():
    raise Quit("now")
try:
    try:
        f()
    except Exception:
        print("not here")
    finally:
        print("finally")
except Quit as e:
    print("quit", e)
# --- syntax errors by hand
e = SyntaxError("bad")
[str(e), e.args, e.msg] if hasattr(e, "msg") else [str(e), e.args, "bad"]
# --- import errors by hand
e = ImportError("no", name="m")
[str(e), e.name]
# --- arguments of exceptions
class E(Exception):
    def __init__(self, a, b=2):
        super().__init__(a)
        self.b = b
e = E(1)
[e.args, e.b, str(e), repr(e), str(Exception()), repr(Exception()), str(Exception(1, "a")), repr(Exception("a")), Exception(1) == Exception(1)]
# --- the name of an exception is unbound when another one leaves the handler
def h():
    e = 5
    try:
        try: 1/0
        except ZeroDivisionError as e:
            raise KeyError
    except KeyError:
        return e
try: print(h())
except Exception as e: print(repr(e))
try:
    try: h()
    except NameError as u: u.x
except AttributeError: pass
try: print(u)
except NameError as e: print(e)
def k():
    def see(): return err
    try:
        try: 1/0
        except ZeroDivisionError as err:
            see().y
    except AttributeError as x:
        print(x)
        print(see())
try: k()
except NameError as e: print(repr(e))
for i in range(3):
    try:
        try: 1/0
        except ZeroDivisionError as err:
            if i == 1: continue
            if i == 2: break
            del err
            [][1]
    except IndexError as err: print(err)
class C:
    try:
        try: 1/0
        except ZeroDivisionError as err: err.q
    except AttributeError as e: z = 1
    try: print(err)
    except NameError as e: print(e)
# --- the line of a clause whose variable holds no exceptions
def caught(kinds):
    try:
        one = 1
        one / 0
    except kinds:
        pass


caught((ZeroDivisionError, KeyError))
caught(5)
# --- an exception that a helper raises again in a handler passes its frame twice
def raiser(e):
    raise e


def again():
    try:
        raise ValueError("v")
    except ValueError as e:
        raiser(e)


again()
# --- an exception that a helper raises again in a finally passes its frame twice
def raiser(e):
    raise e


def again():
    e = ValueError("v")
    try:
        raise e
    finally:
        raiser(e)


again()
# --- an exception that a helper raises again while it is handled twice
def raiser(e):
    raise e


def again():
    try:
        raise ValueError("v")
    except ValueError as e:
        try:
            raiser(e)
        except ValueError:
            raise


again()
# --- keywords where a set takes none, and names of types of the library
from decimal import Decimal
from pathlib import PurePosixPath


def local():
    s = {1}
    for given in ({"key": 3}, {}):
        try:
            s.add(2, **given)
        except TypeError as error:
            print(error)
    try:
        s.add(2, key=3)
    except TypeError as error:
        print(error)
    return s


print(local())
try:
    a, b = Decimal(1)
except TypeError as error:
    print(error)
try:
    PurePosixPath("a").nothing
except AttributeError as error:
    print(error)
