"""contextlib for programs: CPython's managers, over the protocol as `generators.special` finds it."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from noodle_ray.core.vm.classes.kinds import ProgramType, hosted
from noodle_ray.core.vm.generators.awaiting import await_
from noodle_ray.core.vm.generators.managers import TRACEBACK
from noodle_ray.core.vm.generators.passing import LIMITS
from noodle_ray.core.vm.generators.special import special
from noodle_ray.core.vm.methods import attribute, register
from noodle_ray.core.vm.state import S


class _GeneratorManager:
    """What a function under ``@contextmanager`` gives."""

    __slots__ = ("_args", "_function", "_kwargs", "_steps")

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._function, self._args, self._kwargs = function, args, kwargs
        self._steps: Any = function(*args, **kwargs)

    def enter(self) -> Any:
        """Run to the ``yield``."""
        try:
            return next(self._steps)
        except StopIteration:
            raise RuntimeError("generator didn't yield") from None

    def leave(self, kind: Any, error: Any, traceback: object) -> bool:
        """Go on after the ``yield``, or raise there what was raised in the block."""
        if kind is None:
            try:
                next(self._steps)
            except StopIteration:
                return False
            raise RuntimeError("generator didn't stop")
        error = kind() if error is None else error
        restore = _trace_of(error)
        try:
            self._steps.throw(error)
        except StopIteration as stop:
            return stop is not error
        except RuntimeError as raised:
            if raised is not error and not (isinstance(error, StopIteration) and raised.__cause__ is error):
                raise
            restore()
            return False
        except BaseException as raised:
            if raised is not error:
                raise
            restore()
            return False
        raise RuntimeError("generator didn't stop after throw()")

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """As a decorator: each call of the function runs in a manager made anew."""

        def inner(*args: Any, **kwargs: Any) -> Any:
            manager = _GeneratorManager(self._function, self._args, self._kwargs)
            with _Entered(manager):
                return func(*args, **kwargs)

        return _like(inner, func)


class _AsyncGeneratorManager:
    """What a function under ``@asynccontextmanager`` gives."""

    __slots__ = ("_steps",)

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._steps: Any = function(*args, **kwargs)

    async def enter(self) -> Any:
        """Run to the ``yield``."""
        try:
            return await self._steps.__anext__()
        except StopAsyncIteration:
            raise RuntimeError("generator didn't yield") from None

    async def leave(self, kind: Any, error: Any, traceback: object) -> bool:
        """Go on after the ``yield``, or raise there what was raised in the block."""
        if kind is None:
            try:
                await self._steps.__anext__()
            except StopAsyncIteration:
                return False
            raise RuntimeError("generator didn't stop")
        error = kind() if error is None else error
        restore = _trace_of(error)
        try:
            await self._steps.athrow(error)
        except StopAsyncIteration as stop:
            return stop is not error
        except RuntimeError as raised:
            stopped = isinstance(error, StopIteration | StopAsyncIteration) and raised.__cause__ is error
            if raised is not error and not stopped:
                raise
            restore()
            return False
        except BaseException as raised:
            if raised is not error:
                raise
            restore()
            return False
        raise RuntimeError("generator didn't stop after athrow()")


def _trace_of(error: BaseException) -> Callable[[], None]:
    """What puts an exception's traceback back to what it is now."""
    trace = error.__traceback__
    noted = list(error.__dict__.get("noodle_trace", ()))

    def restore() -> None:
        error.__traceback__ = trace
        if "noodle_trace" in error.__dict__:
            error.__dict__["noodle_trace"] = noted

    return restore


class _Entered:
    """CPython's ``with`` over any manager, for code of ours."""

    __slots__ = ("_leave", "_manager")

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self._leave = _method(manager, "__exit__")

    def __enter__(self) -> Any:
        return _method(self._manager, "__enter__")()

    def __exit__(self, kind: Any, error: Any, traceback: object) -> bool:
        if isinstance(error, LIMITS) or S.tripped:
            return False
        return bool(self._leave(kind, error, None if kind is None else TRACEBACK))


def _like(wrapper: Callable[..., Any], function: Any) -> Callable[..., Any]:
    """A function that shows itself as another."""
    for name in ("__name__", "__qualname__", "__doc__"):
        with suppress(AttributeError, TypeError):
            setattr(wrapper, name, attribute(function, name))
    return wrapper


def _method(manager: Any, name: str) -> Callable[..., Any]:
    method = special(manager, name)
    if method is None:
        kind = "asynchronous context manager" if name.startswith("__a") else "context manager"
        raise TypeError(f"'{type(manager).__name__}' object does not support the {kind} protocol")
    return method


def contextmanager(func: Callable[..., Any]) -> Callable[..., Any]:
    """@contextmanager."""

    def helper(*args: Any, **kwargs: Any) -> _GeneratorManager:
        return _GeneratorManager(func, args, kwargs)

    return _like(helper, func)


def asynccontextmanager(func: Callable[..., Any]) -> Callable[..., Any]:
    """@asynccontextmanager."""

    def helper(*args: Any, **kwargs: Any) -> _AsyncGeneratorManager:
        return _AsyncGeneratorManager(func, args, kwargs)

    return _like(helper, func)


class _Closing:
    """closing(thing)."""

    __slots__ = ("_thing",)

    def __init__(self, thing: Any) -> None:
        self._thing = thing

    def enter(self) -> Any:
        """The thing."""
        return self._thing

    def leave(self, *details: object) -> None:
        """Close it."""
        attribute(self._thing, "close")()


class _AsyncClosing(_Closing):
    """aclosing(thing)."""

    __slots__ = ()

    async def aenter(self) -> Any:
        """The thing."""
        return self._thing

    async def aleave(self, *details: object) -> None:
        """Close it."""
        await_(attribute(self._thing, "aclose")())


class _Suppress:
    """suppress(*exceptions)."""

    __slots__ = ("_exceptions",)

    def __init__(self, *exceptions: Any) -> None:
        self._exceptions = exceptions

    def enter(self) -> None:
        """Nothing to do."""

    def leave(self, kind: Any, error: object, traceback: object) -> bool:
        """Whether the exception is one of these."""
        return kind is not None and issubclass(kind, self._exceptions)


class _Null:
    """nullcontext(value)."""

    __slots__ = ("enter_result",)

    def __init__(self, enter_result: Any = None) -> None:
        self.enter_result = enter_result

    def enter(self) -> Any:
        """The value."""
        return self.enter_result

    def leave(self, *details: object) -> None:
        """Nothing to do."""

    async def aenter(self) -> Any:
        """The value."""
        return self.enter_result

    async def aleave(self, *details: object) -> None:
        """Nothing to do."""


class _Redirect:
    """redirect_stdout(target): what is printed goes to the target's ``write``."""

    __slots__ = ("_before", "_target")

    def __init__(self, new_target: Any) -> None:
        self._target = new_target
        self._before: list[Callable[[str], None]] = []

    def enter(self) -> Any:
        """Print to the target."""
        self._before.append(S.write)
        S.write = attribute(self._target, "write")
        return self._target

    def leave(self, *details: object) -> None:
        """Print as before."""
        S.write = self._before.pop()


class _RedirectErrors:
    """redirect_stderr(target): what is written to stderr goes to the target's ``write``."""

    __slots__ = ("_before", "_target")

    def __init__(self, new_target: Any) -> None:
        self._target = new_target
        self._before: list[Callable[[str], None]] = []

    def enter(self) -> Any:
        """Write to the target."""
        self._before.append(S.complain)
        S.complain = attribute(self._target, "write")
        return self._target

    def leave(self, *details: object) -> None:
        """Write as before."""
        S.complain = self._before.pop()


def _decorate(self: Any, func: Callable[..., Any]) -> Callable[..., Any]:
    def inner(*args: Any, **kwargs: Any) -> Any:
        with _Entered(self):
            return func(*args, **kwargs)

    return _like(inner, func)


def _itself(self: Any) -> Any:
    return self


async def _awaited_itself(self: Any) -> Any:
    return self


def _nothing(self: Any, kind: object, error: object, traceback: object) -> None:
    return None


async def _awaited_nothing(self: Any, kind: object, error: object, traceback: object) -> None:
    return None


def _base(name: str, **methods: Any) -> Any:
    """A class of ours that programs may derive theirs from."""
    return hosted(ProgramType(name, (), {"__slots__": (), "__module__": "contextlib", **methods}))


ContextDecorator = _base("ContextDecorator", __call__=_decorate)
AbstractContextManager = _base("AbstractContextManager", __enter__=_itself, __exit__=_nothing)
AbstractAsyncContextManager = _base(
    "AbstractAsyncContextManager", __aenter__=_awaited_itself, __aexit__=_awaited_nothing
)


class ExitStack:
    """Managers and callbacks to be left in reverse order."""

    def __init__(self) -> None:
        self._exits: list[tuple[bool, Callable[..., Any]]] = []

    def enter_context(self, cm: Any) -> Any:
        """Enter a manager, to be left with the others."""
        enter = special(cm, "__enter__")
        leave = special(cm, "__exit__")
        if enter is None or leave is None:
            raise TypeError(f"'{_full_name(cm)}' object does not support the context manager protocol")
        result = enter()
        self._exits.append((False, leave))
        return result

    def push(self, exit: Any) -> Any:
        """Have a manager, or a function like its ``__exit__``, called at the end."""
        self._exits.append((False, special(exit, "__exit__") or exit))
        return exit

    def callback(self, callback: Any, /, *args: Any, **kwds: Any) -> Any:
        """Have a function called at the end."""

        def leave(*details: object) -> bool:
            callback(*args, **kwds)
            return False

        self._exits.append((False, leave))
        return callback

    def pop_all(self) -> "ExitStack":
        """A new stack with all that is on this one."""
        new = type(self)()
        new._exits, self._exits = self._exits, []
        return new

    def close(self) -> None:
        """Leave everything now."""
        self.leave(None, None, None)

    def enter(self) -> "ExitStack":
        """The stack."""
        return self

    def leave(self, kind: Any, error: Any, traceback: object) -> bool:
        """Leave everything, last in first out; each may swallow or replace the exception."""
        steps = self.unwind(kind, error)
        try:
            while True:
                next(steps)
        except StopIteration as stop:
            return bool(stop.value)

    def unwind(self, kind: Any, error: Any) -> Any:
        """Leave everything; gives what must be awaited, and is sent what it came to."""
        received = error is not None
        outside = error.__context__ if received else None
        original = error
        suppressed = pending = False
        while self._exits:
            waits, leave = self._exits.pop()
            try:
                result = leave(type(error) if error is not None else None, error, TRACEBACK if error else None)
                if waits:
                    result = yield result
                if result and error is not None:
                    suppressed, pending, error = True, False, None
            except LIMITS:
                raise
            except BaseException as raised:
                _chain(raised, error, outside)
                pending, error = True, raised
        if pending and error is not original:
            context = error.__context__
            try:
                raise error
            except BaseException:
                error.__context__ = context
                raise
        if pending:
            raise error
        return received and suppressed


class AsyncExitStack(ExitStack):
    """An ExitStack for asynchronous managers too."""

    async def enter_async_context(self, cm: Any) -> Any:
        """Enter an asynchronous manager, to be left with the others."""
        enter, leave = special(cm, "__aenter__"), special(cm, "__aexit__")
        if enter is None or leave is None:
            raise TypeError(f"'{_full_name(cm)}' object does not support the asynchronous context manager protocol")
        result = await_(enter())
        self._exits.append((True, leave))
        return result

    def push_async_exit(self, exit: Any) -> Any:
        """Have an asynchronous manager, or a function like its ``__aexit__``, called at the end."""
        self._exits.append((True, special(exit, "__aexit__") or exit))
        return exit

    def push_async_callback(self, callback: Any, /, *args: Any, **kwds: Any) -> Any:
        """Have an asynchronous function called at the end."""

        async def leave(*details: object) -> bool:
            await_(callback(*args, **kwds))
            return False

        self._exits.append((True, leave))
        return callback

    async def aclose(self) -> None:
        """Leave everything now."""
        await self.aleave(None, None, None)

    async def aenter(self) -> "AsyncExitStack":
        """The stack."""
        return self

    async def aleave(self, kind: Any, error: Any, traceback: object) -> bool:
        """Leave everything, last in first out."""
        steps = self.unwind(kind, error)
        try:
            waiting = next(steps)
            while True:
                try:
                    value = await_(waiting)
                except LIMITS:
                    raise
                except BaseException as raised:
                    waiting = steps.throw(raised)
                else:
                    waiting = steps.send(value)
        except StopIteration as stop:
            return bool(stop.value)


def _chain(new: BaseException, old: BaseException | None, outside: BaseException | None) -> None:
    """Let an exception raised on the way out have the one before it for its context."""
    while True:
        context = new.__context__
        if context is None or context is old:
            return
        if context is outside:
            break
        new = context
    new.__context__ = old


def _full_name(value: Any) -> str:
    kind = type(value)
    module = getattr(kind, "__module__", "builtins")
    return f"{module}.{kind.__qualname__}"


def _enter(kind: Any) -> dict[str, Any]:
    return {"__enter__": kind.enter, "__exit__": kind.leave}


for _kind in (_GeneratorManager, _Closing, _Suppress, _Null, _Redirect, _RedirectErrors):
    register(_kind, methods=_enter(_kind))
_STACK = ("enter_context", "push", "callback", "pop_all", "close")
register(ExitStack, methods={**_enter(ExitStack), **{name: getattr(ExitStack, name) for name in _STACK}})
register(
    AsyncExitStack,
    methods={
        **{name: getattr(AsyncExitStack, name) for name in ("enter_context", "push", "callback", "pop_all", "aclose")},
        **{
            name: getattr(AsyncExitStack, name)
            for name in ("enter_async_context", "push_async_exit", "push_async_callback")
        },
        "__aenter__": AsyncExitStack.aenter,
        "__aexit__": AsyncExitStack.aleave,
    },
)
register(
    _AsyncGeneratorManager,
    methods={"__aenter__": _AsyncGeneratorManager.enter, "__aexit__": _AsyncGeneratorManager.leave},
)
for _kind in (_AsyncClosing, _Null):
    register(_kind, methods={"__aenter__": _kind.aenter, "__aexit__": _kind.aleave})
register(_Null, attributes={"enter_result": lambda null: null.enter_result})
_named: Any
for _named, _name in (
    (_GeneratorManager, "_GeneratorContextManager"),
    (_AsyncGeneratorManager, "_AsyncGeneratorContextManager"),
    (_Closing, "closing"),
    (_AsyncClosing, "aclosing"),
    (_Suppress, "suppress"),
    (_Null, "nullcontext"),
    (_Redirect, "redirect_stdout"),
    (_RedirectErrors, "redirect_stderr"),
    (ExitStack, "ExitStack"),
    (AsyncExitStack, "AsyncExitStack"),
):
    _named.__name__ = _named.__qualname__ = _name
    _named.__module__ = "contextlib"

MEMBERS: dict[str, Any] = {
    "AbstractAsyncContextManager": AbstractAsyncContextManager,
    "AbstractContextManager": AbstractContextManager,
    "AsyncExitStack": AsyncExitStack,
    "ContextDecorator": ContextDecorator,
    "ExitStack": ExitStack,
    "aclosing": _AsyncClosing,
    "asynccontextmanager": asynccontextmanager,
    "closing": _Closing,
    "contextmanager": contextmanager,
    "nullcontext": _Null,
    "redirect_stderr": _RedirectErrors,
    "redirect_stdout": _Redirect,
    "suppress": _Suppress,
}
