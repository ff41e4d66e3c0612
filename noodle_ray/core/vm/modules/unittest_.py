"""The unittest module: test cases, suites and a runner. Assertions are CPython's own; what a runner writes goes to its
stream, or to stderr, which nobody reads."""

from collections.abc import Callable
from typing import Any, Final

from noodle_ray.core.nbc.walk import flatten
from noodle_ray.core.vm.classes.functions import is_program_function
from noodle_ray.core.vm.classes.kinds import ProgramType, clean_error, hosted, is_instance, is_program_class
from noodle_ray.core.vm.generators.passing import LIMITS
from noodle_ray.core.vm.methods import attribute, register
from noodle_ray.core.vm.modules import difflib_, pprint_, re_
from noodle_ray.core.vm.modules.copies import own_copy
from noodle_ray.core.vm.modules.traceback_ import format_exception
from noodle_ray.core.vm.modules.vetting import charge_value, finite, readers
from noodle_ray.core.vm.names import MARK, mark
from noodle_ray.core.vm.sets import AnySet
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.strings import charged, to_str, without_addresses
from noodle_ray.core.vm.types import call_of

cpython: Any = own_copy("unittest.case")
_util: Any = own_copy("unittest.util")
_find: Final[Any] = _util._count_diff_all_purpose
_find_hashable: Final[Any] = _util._count_diff_hashable


class _Differences:
    """What assertions have in place of difflib and pprint: what pays."""

    ndiff = staticmethod(difflib_.ndiff)
    pformat = staticmethod(pprint_.pformat)


def _text(obj: Any, short: Any = False) -> str:
    """The text of a value in a message."""
    try:
        text = charged(without_addresses(str.__str__(repr(obj))))
    except LIMITS:
        raise
    except Exception:
        text = without_addresses(object.__repr__(obj))
    return str(text) if not short or len(text) < _SHORT else text[:_SHORT] + " [truncated]..."


_SHORT: Final = 80


def _shortened(*values: Any) -> Any:
    for value in values:
        charge_value(value, 16)
    return _shorten(*values)


def _paying_find(actual: Any, expected: Any) -> Any:
    S.charge(32 + 8 * len(actual) * (len(expected) + len(actual)))
    return _find(actual, expected)


def _paying_find_hashable(actual: Any, expected: Any) -> Any:
    S.charge(32 + 32 * (len(actual) + len(expected)))
    return _find_hashable(actual, expected)


_shorten: Final[Any] = _util._common_shorten_repr
_util.safe_repr = _text
vars(cpython).update(
    difflib=_Differences,
    pprint=_Differences,
    safe_repr=_text,
    _common_shorten_repr=_shortened,
    _count_diff_all_purpose=_paying_find,
    _count_diff_hashable=_paying_find_hashable,
)
SkipTest: Final = cpython.SkipTest
_PREFIX: Final = "test"
_SKIP: Final = mark("__unittest_skip_why__")
_FAILS: Final = mark("__unittest_expecting_failure__")
_RULE, _LINE = "=" * 70, "-" * 70
_SHARED: Final = (
    *("assertAlmostEqual", "assertCountEqual", "assertDictEqual", "assertEqual", "assertFalse", "assertGreater"),
    *("assertGreaterEqual", "assertIn", "assertIs", "assertIsNone", "assertIsNot", "assertIsNotNone", "assertLess"),
    *("assertLessEqual", "assertListEqual", "assertMultiLineEqual", "assertNotAlmostEqual", "assertNotEqual"),
    *("assertNotIn", "assertSequenceEqual", "assertTrue", "assertTupleEqual"),
)


class _Judge(cpython.TestCase):  # type: ignore[misc]
    """Whose assertions are called."""

    maxDiff = None


_judge: Final = _Judge()


def _assertion(name: str) -> Callable[..., Any]:
    check = getattr(_judge, name)

    def call(self: Any, /, *args: Any, **options: Any) -> None:
        S.charge(12)
        for value in args[:2]:
            charge_value(value, 128)
        try:
            check(*args, **options)
        except AssertionError as error:
            raise AssertionError(without_addresses(str(error))) from None

    call.__name__ = call.__qualname__ = name
    return call


def _told(self: Any, msg: Any, standard: str) -> AssertionError:
    return AssertionError(standard if msg is None else f"{standard} : {to_str(msg)}")


def _fail(self: Any, msg: Any = None) -> None:
    raise AssertionError() if msg is None else AssertionError(msg)


def _skip_test(self: Any, reason: Any) -> None:
    raise SkipTest(reason)


def _isinstance(value: Any, kind: Any) -> bool:
    from noodle_ray.core.vm.builtins.typing_ import isinstance as check

    return check(value, kind)


def _is_instance(self: Any, obj: Any, cls: Any, msg: Any = None) -> None:
    if not _isinstance(obj, cls):
        raise _told(self, msg, without_addresses(f"{obj!r} is not an instance of {cls!r}"))


def _is_no_instance(self: Any, obj: Any, cls: Any, msg: Any = None) -> None:
    if _isinstance(obj, cls):
        raise _told(self, msg, without_addresses(f"{obj!r} is an instance of {cls!r}"))


def _set_equal(self: Any, first: Any, second: Any, msg: Any = None) -> None:
    if first == second:
        return
    lines = []
    for one, other, where in (
        (first, second, "first set but not the second"),
        (second, first, "second set but not the first"),
    ):
        left = [item for item in one if item not in other]
        if left:
            lines += [f"Items in the {where}:", *(f"{item!r}" for item in left)]
    raise _told(self, msg, without_addresses("\n".join(lines)))


def _equal(self: Any, first: Any, second: Any, msg: Any = None) -> None:
    if isinstance(first, AnySet) and type(first) is type(second):
        _set_equal(self, first, second, msg)
    else:
        _EQUAL(self, first, second, msg)


_EQUAL: Final = _assertion("assertEqual")


def _regex(self: Any, text: Any, expected_regex: Any, msg: Any = None) -> None:
    if not _search(expected_regex, text):
        pattern = getattr(expected_regex, "pattern", expected_regex)
        raise _told(self, msg, f"Regex didn't match: {pattern!r} not found in {text!r}")


def _not_regex(self: Any, text: Any, unexpected_regex: Any, msg: Any = None) -> None:
    if _search(unexpected_regex, text):
        pattern = getattr(unexpected_regex, "pattern", unexpected_regex)
        raise _told(self, msg, f"Regex matched: {pattern!r} matches {pattern!r} in {text!r}")


def _search(pattern: Any, text: Any) -> Any:
    return attribute(re_.MEMBERS["compile"](pattern), "search")(text)


class Raises:
    """What ``with self.assertRaises(...)`` gives."""

    def __init__(self, expected: Any, pattern: Any = None, msg: Any = None) -> None:
        kinds = expected if isinstance(expected, tuple) else (expected,)
        if not all(isinstance(kind, type) and issubclass(kind, BaseException) for kind in kinds):
            raise TypeError("assertRaises() arg 1 must be an exception type or tuple of exception types")
        self.expected = expected
        self.pattern = pattern
        self.msg = msg
        self.called = ""
        self.exception: Any = None

    def enter(self) -> "Raises":
        """Expect it from here on."""
        return self

    def leave(self, kind: Any, error: Any, traceback: Any) -> bool:
        """Swallow what was expected. Raises AssertionError where there was nothing."""
        if kind is None:
            named = str(self.expected) if isinstance(self.expected, tuple) else self.expected.__name__
            raise _told(self, self.msg, f"{named} not raised{self.called}")
        if not issubclass(kind, self.expected):
            return False
        clean_error(error)
        self.exception = error
        if self.pattern is not None and not _search(self.pattern, to_str(error)):
            pattern = getattr(self.pattern, "pattern", self.pattern)
            raise _told(self, self.msg, f'"{pattern}" does not match "{to_str(error)}"')
        return True


def _raises(self: Any, expected_exception: Any, callable: Any = None, /, *args: Any, **options: Any) -> Any:
    return _expect(
        Raises(expected_exception, None, options.pop("msg", None) if callable is None else None),
        callable,
        args,
        options,
    )


def _raises_regex(self: Any, expected: Any, pattern: Any, callable: Any = None, /, *args: Any, **options: Any) -> Any:
    return _expect(
        Raises(expected, pattern, options.pop("msg", None) if callable is None else None), callable, args, options
    )


def _expect(context: Raises, function: Any, args: Any, options: Any) -> Any:
    if function is None:
        return context
    context.called = f" by {getattr(function, '__name__', function)}"
    try:
        call_of(function)(*args, **options)
    except LIMITS:
        raise
    except BaseException as error:
        if not context.leave(type(error), error, None):
            raise
        return None
    context.leave(None, None, None)
    return None


class _SubTest:
    """What ``with self.subTest(...)`` gives: a failure inside is noted, and the test goes on."""

    def __init__(self, case: Any, told: str) -> None:
        self.case = case
        self.told = told

    def enter(self) -> None:
        """Begin."""

    def leave(self, kind: Any, error: Any, traceback: Any) -> bool:
        """Note a failure."""
        if kind is None or not issubclass(kind, Exception) or issubclass(kind, SkipTest):
            return False
        result = vars(self.case).get("result")
        if result is None:
            return False
        result.note(self.case, error, f" ({self.told})")
        vars(self.case)["sub"] = True
        return True


def _sub_test(self: Any, msg: Any = None, **params: Any) -> _SubTest:
    told = ", ".join(f"{key}={value!r}" for key, value in params.items())
    return _SubTest(self, without_addresses(f"[{msg}] ({told})" if msg is not None else told))


def _own(self: Any, name: str) -> Any:
    return getattr(self, mark(name))


def _init(self: Any, methodName: Any = "runTest") -> None:
    vars(self).update({mark("_testMethodName"): str.__str__(methodName), "cleanups": []})
    if methodName != "runTest" and not hasattr(self, mark(methodName)):
        raise ValueError(f"no such test method in {type(self)}: {methodName}")


def _id(self: Any) -> str:
    return f"{type(self).__module__}.{type(self).__qualname__}.{_own(self, '_testMethodName')}"


def _case_text(self: Any) -> str:
    return f"{_own(self, '_testMethodName')} ({_id(self)})"


def _add_cleanup(self: Any, function: Any, /, *args: Any, **options: Any) -> None:
    vars(self)["cleanups"].append((call_of(function), args, options))


def _run_case(self: Any, result: Any = None) -> Any:
    result = Result() if result is None else result
    S.charge(60)
    result.tests_run += 1
    method = _own(self, _own(self, "_testMethodName"))
    reason = getattr(type(self), _SKIP, None) or getattr(getattr(method, "__func__", method), "__dict__", {}).get(_SKIP)
    if reason is not None:
        result.skipped.append((self, reason))
        result.show("s", f"skipped {reason!r}", self)
        return result
    vars(self).update(result=result, sub=False)
    expected = getattr(getattr(method, "__func__", method), "__dict__", {}).get(_FAILS, False)
    problem = _attempt(_own(self, "setUp"))
    if problem is None:
        problem = _attempt(method)
        after = _attempt(_own(self, "tearDown"))
        problem = problem or after
    while vars(self)["cleanups"]:
        function, args, options = vars(self)["cleanups"].pop()
        after = _attempt(lambda: function(*args, **options))  # noqa: B023
        problem = problem or after
    if expected:
        (result.expected if problem is not None else result.unexpected).append((self, "") if problem else self)
        result.show("x" if problem else "u", "expected failure" if problem else "unexpected success", self)
    elif isinstance(problem, SkipTest):
        result.skipped.append((self, to_str(problem)))
        result.show("s", f"skipped {to_str(problem)!r}", self)
    elif problem is not None:
        result.note(self, problem, "")
    elif not vars(self)["sub"]:
        result.show(".", "ok", self)
    return result


def _attempt(function: Any) -> BaseException | None:
    """What a step of a test raises, or None."""
    try:
        S.charge(8)
        function()
    except (*LIMITS, KeyboardInterrupt):
        raise
    except Exception as error:
        return error
    return None


def _nothing(self: Any) -> None:
    """Nothing to do."""


TestCase: Final[Any] = hosted(
    ProgramType(
        "TestCase",
        (),
        {
            "__module__": "unittest.case",
            "__init__": _init,
            "__str__": _case_text,
            "__repr__": lambda self: (
                f"<{type(self).__module__}.{type(self).__qualname__} testMethod={_own(self, '_testMethodName')}>"
            ),
            "__call__": _run_case,
            **{
                mark(name): each
                for name, each in {
                    **{name: _assertion(name) for name in _SHARED},
                    "addCleanup": _add_cleanup,
                    "assertEqual": _equal,
                    "assertIsInstance": _is_instance,
                    "assertNotIsInstance": _is_no_instance,
                    "assertNotRegex": _not_regex,
                    "assertRaises": _raises,
                    "assertRaisesRegex": _raises_regex,
                    "assertRegex": _regex,
                    "assertSetEqual": _set_equal,
                    "countTestCases": lambda self: 1,
                    "fail": _fail,
                    "failureException": AssertionError,
                    "id": _id,
                    "maxDiff": 640,
                    "run": _run_case,
                    "setUp": _nothing,
                    "setUpClass": classmethod(_nothing),
                    "shortDescription": lambda self: None,
                    "skipTest": _skip_test,
                    "subTest": _sub_test,
                    "tearDown": _nothing,
                    "tearDownClass": classmethod(_nothing),
                }.items()
            },
        },
    )
)


class Result:
    """unittest.TestResult, and what a runner gives."""

    def __init__(self, stream: Any = None, descriptions: Any = None, verbosity: Any = 0) -> None:
        self.tests_run = 0
        self.failures: list[Any] = []
        self.errors: list[Any] = []
        self.skipped: list[Any] = []
        self.expected: list[Any] = []
        self.unexpected: list[Any] = []
        self.fails_fast = False
        self.stopped = False
        self.verbosity = verbosity
        self.write: Callable[[str], Any] = lambda text: None

    def __repr__(self) -> str:
        return (
            f"<unittest.runner.TextTestResult run={self.tests_run} errors={len(self.errors)} "
            f"failures={len(self.failures)}>"
        )

    def note(self, case: Any, error: BaseException, where: str) -> None:
        """A test failed."""
        failed = isinstance(error, AssertionError)
        named = case if not where else f"{to_str(case)}{where}"
        (self.failures if failed else self.errors).append((named, "".join(format_exception(error))))
        self.show(*(("F", "FAIL") if failed else ("E", "ERROR")), case)
        self.stopped = self.stopped or self.fails_fast

    def show(self, mark_: str, word: str, case: Any) -> None:
        """Tell of a test, as much as is asked for."""
        if self.verbosity > 1:
            self.write(f"{to_str(case)} ... {word}\n")
        elif self.verbosity == 1:
            self.write(mark_)

    def was_successful(self) -> bool:
        """Whether nothing failed."""
        return not (self.failures or self.errors or self.unexpected)


class Suite:
    """unittest.TestSuite."""

    def __init__(self, tests: Any = ()) -> None:
        self.tests = [*finite(tests)]

    def __iter__(self) -> Any:
        return iter(self.tests)

    def __call__(self, result: Any) -> Any:
        return self.run(result)

    def add_test(self, test: Any) -> None:
        """Add a test."""
        if not (isinstance(test, Suite) or is_instance(test)):
            raise TypeError(f"{test!r} is not callable")
        self.tests.append(test)

    def add_tests(self, tests: Any) -> None:
        """Add some tests."""
        for test in finite(tests):
            self.add_test(test)

    def count(self) -> int:
        """How many tests it has."""
        return sum(each.count() if isinstance(each, Suite) else 1 for each in self.tests)

    def run(self, result: Any) -> Any:
        """Run all tests, those of a class between its own steps."""
        before: Any = None
        broken: Any = None
        for test in self.tests:
            if result.stopped:
                break
            if isinstance(test, Suite):
                test.run(result)
                continue
            kind = type(test)
            if kind is not before:
                _leave_class(before, result, broken)
                before, broken = kind, None
                if getattr(kind, _SKIP, None) is None:
                    broken = _attempt(getattr(kind, mark("setUpClass")))
                    if broken is not None:
                        result.errors.append((f"setUpClass ({kind.__qualname__})", "".join(format_exception(broken))))
            if broken is None:
                getattr(test, mark("run"))(result)
        _leave_class(before, result, broken)
        return result


def _leave_class(kind: Any, result: Any, broken: Any) -> None:
    if kind is not None and broken is None and getattr(kind, _SKIP, None) is None:
        problem = _attempt(getattr(kind, mark("tearDownClass")))
        if problem is not None:
            result.errors.append((f"tearDownClass ({kind.__qualname__})", "".join(format_exception(problem))))


class Loader:
    """unittest.TestLoader."""

    def names(self, kind: Any) -> list[str]:
        """The names of a class's tests, sorted."""
        found = {
            key[1:] for base in kind.__mro__ for key in vars(base) if key[:1] == MARK and key[1:].startswith(_PREFIX)
        }
        return sorted(name for name in found if callable(getattr(kind, mark(name))))

    def from_case(self, testCaseClass: Any) -> Suite:
        """The tests of a class."""
        if not (is_program_class(testCaseClass) and issubclass(testCaseClass, TestCase)):
            raise TypeError("Test cases should be derived from TestCase")
        names = self.names(testCaseClass)
        S.charge(20 * len(names))
        if not names and hasattr(testCaseClass, mark("runTest")):
            names = ["runTest"]
        return Suite([testCaseClass(name) for name in names])

    def from_program(self, *_: Any) -> Suite:
        """The tests of the program's own classes, in the order of their names."""
        module = S.module
        assert module is not None
        names = sorted({str(each.args[0]) for each in flatten(module.functions[0].body) if each.op == "gset"})
        found = [S.lookup(name) for name in names]
        kinds = [each for each in found if is_program_class(each) and issubclass(each, TestCase)]  # type: ignore[arg-type]
        return Suite([self.from_case(kind) for kind in dict.fromkeys(kinds)])


class Runner:
    """unittest.TextTestRunner."""

    def __init__(
        self, stream: Any = None, descriptions: Any = True, verbosity: Any = 1, failfast: Any = False, **options: Any
    ) -> None:
        self.stream = stream
        self.verbosity = verbosity
        self.failfast = failfast

    def run(self, test: Any) -> Result:
        """Run tests; what came of them."""
        result = Result(verbosity=self.verbosity)
        result.write = S.complain if self.stream is None else attribute(self.stream, "write")
        result.fails_fast = bool(self.failfast)
        began = S.monotonic()
        if isinstance(test, Suite):
            test.run(result)
        else:
            Suite([test]).run(result)
        self._tell(result, S.monotonic() - began)
        return result

    def _tell(self, result: Result, taken: float) -> None:
        write = result.write
        if self.verbosity == 1 or result.errors or result.failures:
            write("\n")
        for flavour, found in (("ERROR", result.errors), ("FAIL", result.failures)):
            for case, text in found:
                write(f"{_RULE}\n{flavour}: {to_str(case)}\n{_LINE}\n{text}\n")
        plural = "" if result.tests_run == 1 else "s"
        write(f"{_LINE}\nRan {result.tests_run} test{plural} in {taken:.3f}s\n\n")
        notes = [
            f"{name}={len(found)}"
            for name, found in (
                *(("failures", result.failures), ("errors", result.errors), ("skipped", result.skipped)),
                *(("expected failures", result.expected), ("unexpected successes", result.unexpected)),
            )
            if found
        ]
        told = f" ({', '.join(notes)})" if notes else ""
        write(f"{'OK' if result.was_successful() else 'FAILED'}{told}\n")


class Program:
    """What unittest.main() gives where it does not end the program."""

    def __init__(self, result: Result) -> None:
        self.result = result


def main(
    module: Any = "__main__",
    defaultTest: Any = None,
    argv: Any = None,
    testRunner: Any = None,
    testLoader: Any = None,
    exit: Any = True,
    verbosity: Any = 1,
    failfast: Any = None,
    **options: Any,
) -> Program:
    """unittest.main."""
    runner = testRunner if isinstance(testRunner, Runner) else Runner(None, True, verbosity, bool(failfast))
    result = runner.run(Loader().from_program())
    if exit:
        raise SystemExit(not result.was_successful())
    return Program(result)


def _noted(key: str, value: Any) -> Callable[[Any], Any]:
    def decorate(what: Any) -> Any:
        if is_program_function(what):
            what.__dict__[key] = value
        elif is_program_class(what):
            type.__setattr__(what, key, value)
        return what

    return decorate


def skip(reason: Any) -> Any:
    """unittest.skip."""
    if is_program_function(reason):
        return _noted(_SKIP, "")(reason)
    return _noted(_SKIP, to_str(reason))


def skip_if(condition: Any, reason: Any) -> Any:
    """unittest.skipIf."""
    return skip(reason) if condition else lambda what: what


def skip_unless(condition: Any, reason: Any) -> Any:
    """unittest.skipUnless."""
    return lambda what: what if condition else skip(reason)(what)


for _kind in (Raises, _SubTest):
    register(_kind, methods={"__enter__": _kind.enter, "__exit__": _kind.leave})
register(Raises, attributes=readers("exception", "expected"))
register(
    Result,
    methods={"wasSuccessful": Result.was_successful},
    attributes={
        **readers("errors", "failures", "skipped"),
        "expectedFailures": lambda self: self.expected,
        "testsRun": lambda self: self.tests_run,
        "unexpectedSuccesses": lambda self: self.unexpected,
    },
)
register(
    Suite,
    methods={"addTest": Suite.add_test, "addTests": Suite.add_tests, "countTestCases": Suite.count, "run": Suite.run},
)
register(
    Loader,
    methods={
        "getTestCaseNames": Loader.names,
        "loadTestsFromModule": Loader.from_program,
        "loadTestsFromTestCase": Loader.from_case,
    },
)
register(Runner, methods={"run": Runner.run}, attributes=readers("stream", "verbosity"))
register(Program, attributes=readers("result"))
register(SkipTest)
for _named, _name in (
    (Result, "TestResult"), (Suite, "TestSuite"), (Loader, "TestLoader"), (Runner, "TextTestRunner"),
    (Program, "TestProgram"),
):  # fmt: skip
    _named.__name__ = _named.__qualname__ = _name
    _named.__module__ = "unittest"

MEMBERS: dict[str, Any] = {
    "SkipTest": SkipTest,
    "TestCase": TestCase,
    "TestLoader": Loader,
    "TestResult": Result,
    "TestSuite": Suite,
    "TextTestRunner": Runner,
    "defaultTestLoader": Loader(),
    "expectedFailure": _noted(_FAILS, True),
    "main": main,
    "skip": skip,
    "skipIf": skip_if,
    "skipUnless": skip_unless,
}
