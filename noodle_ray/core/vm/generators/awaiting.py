"""``await``, ``async for`` and ``async with``: what the compiler calls for them.

Nothing is handed from coroutine to coroutine up to a loop: what is awaited runs to its end here, in the fiber that
awaits it. Where it must wait, that fiber does, and others go on (`loop`).
"""

import sys
from _operator import attrgetter

from noodle_ray.core.vm.classes.functions import is_function
from noodle_ray.core.vm.fibers import Future as Pending
from noodle_ray.core.vm.generators.managers import TRACEBACK
from noodle_ray.core.vm.generators.special import special
from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.state import S
from noodle_ray.light import (
    Any,
    Callable,
    CoroutineType,
    Final,
    FunctionType,
    Generator,
    GeneratorType,
    Iterator,
    MethodType,
)


class Awaitable:
    """What of ours can be awaited besides coroutines: futures and tasks."""

    __slots__ = ()

    def __await__(self) -> Iterator[Any]:
        raise NotImplementedError


async def _nothing() -> Any:
    yield


AsyncGeneratorType: Final[type] = type(_nothing())
_STEPS: Final = (type(_nothing().__anext__()), type(_nothing().aclose()))
_DATA: Final = frozenset({str, int, float, bool, list, dict})


def await_(value: Any) -> Any:
    """``await value``. An answer of a model may be awaited, although it is there when it is used."""
    kind = type(value)
    if kind is CoroutineType:
        try:
            value.send(None)
        except StopIteration as stop:
            return stop.value
        raise RuntimeError("await wasn't used with future")
    if kind in _STEPS:
        return _finish(value)
    if kind is Pending:
        return S.fibers.force(value)
    if isinstance(value, Awaitable):
        return _finish(value.__await__())
    method = special(value, "__await__")
    if method is not None:
        return _drive(method())
    if kind in _DATA and S.fibers.calls:
        return value
    raise TypeError(f"object {kind.__name__} can't be used in 'await' expression")


def finish(value: Any) -> Any:
    """The value of a call from outside: a coroutine is run to its end."""
    if type(value) is not CoroutineType:
        return value
    asyncio = sys.modules.get("noodle_ray.core.vm.modules.asyncio_")
    return asyncio.run(value) if asyncio else await_(value)


def is_coroutine_function(function: Any) -> bool:
    """Whether a call of this gives a coroutine."""
    if type(function) is MethodType:
        function = function.__func__
    if type(function) is FunctionType:
        return bool(function.__code__.co_flags & _CO_COROUTINE)
    return getattr(getattr(function, "function", None), "kind", "") == "coroutine" and is_function(function)


_CO_COROUTINE: Final = 0x80


def is_awaitable(value: object) -> bool:
    """Whether ``await`` takes a value."""
    return isinstance(value, CoroutineType | Awaitable | Pending) or special(value, "__await__") is not None


def _finish(steps: Any) -> Any:
    """The value of what runs to its end in one go."""
    try:
        steps.send(None)
    except StopIteration as stop:
        return stop.value
    raise RuntimeError("await wasn't used with future")


def _drive(steps: Any) -> Any:
    """The value of an iterator that a program's ``__await__`` made; what it yields, it wants to be waited for."""
    if isinstance(steps, CoroutineType) or special(steps, "__next__") is None:
        kind = type(steps).__name__
        raise TypeError("__await__() returned a coroutine" if kind == "coroutine" else _NO_ITERATOR.format(kind))
    while True:
        try:
            asked = next(steps)
        except StopIteration as stop:
            return stop.value
        if asked is None:
            S.fibers.hop()
        elif isinstance(asked, Awaitable):
            _finish(asked.__await__())
        else:
            raise RuntimeError(f"Task got bad yield: {asked!r}")


_NO_ITERATOR: Final = "__await__() returned non-iterator of type '{}'"


def _steps_of(value: Any) -> Generator[Any, Any, Any]:
    """``x.__await__()`` as a program calls it: an iterator that has the value when it ends."""
    return await_(value)
    yield


def async_iter(value: Any) -> Iterator[Any]:
    """What ``async for`` goes through, as a plain iterator."""
    start = special(value, "__aiter__")
    if start is None:
        raise TypeError(f"'async for' requires an object with __aiter__ method, got {type(value).__name__}")
    iterator = start()
    step = special(iterator, "__anext__")
    if step is None:
        kind = type(iterator).__name__
        raise TypeError(f"'async for' received an object from __aiter__ that does not implement __anext__: {kind}")
    return _items(step)


def _items(step: Callable[[], Any]) -> Iterator[Any]:
    while True:
        try:
            item = await_(step())
        except StopAsyncIteration:
            return
        yield item


class AsyncManager:
    """What ``async with`` gives to ``with``."""

    __slots__ = ("_enter", "_exit")

    def __init__(self, manager: object) -> None:
        message = f"'{type(manager).__name__}' object does not support the asynchronous context manager protocol"
        enter, leave = special(manager, "__aenter__"), special(manager, "__aexit__")
        if enter is None:
            raise TypeError(message)
        if leave is None:
            raise TypeError(message + " (missed __aexit__ method)")
        self._enter = enter
        self._exit = leave

    def enter(self) -> Any:
        """Await ``__aenter__``."""
        return await_(self._enter())

    def leave(self, kind: object, error: object, traceback: object) -> Any:
        """Await ``__aexit__``."""
        return await_(self._exit(kind, error, TRACEBACK if traceback is not None else None))


_NAMES: Final[dict[str, Callable[[Any], Any]]] = {name: attrgetter(name) for name in ("__name__", "__qualname__")}


def _methods(kind: type, *names: str) -> dict[str, Any]:
    return {name: getattr(kind, name) for name in names}


register(AsyncManager, methods={"__enter__": AsyncManager.enter, "__exit__": AsyncManager.leave})
register(
    GeneratorType,
    methods=_methods(GeneratorType, "send", "throw", "close", "__next__", "__iter__"),
    attributes=_NAMES,
)
register(
    CoroutineType,
    methods={**_methods(CoroutineType, "send", "throw", "close"), "__await__": _steps_of},
    attributes=_NAMES,
)
register(
    AsyncGeneratorType,
    methods=_methods(AsyncGeneratorType, "asend", "athrow", "aclose", "__anext__", "__aiter__"),
    attributes=_NAMES,
)
for _step in _STEPS:
    register(_step, methods={"__await__": _steps_of})

HELPERS: Final = {".await": await_, ".async_iter": async_iter, ".async_with": AsyncManager}
"""By the names that the compiler calls them."""
