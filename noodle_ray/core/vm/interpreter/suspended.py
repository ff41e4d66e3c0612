"""Functions that can be suspended: generators, coroutines and asynchronous generators.

A program holds CPython's own object, so that its protocol and its messages are right by construction. Behind a
generator the frame runs as a greenlet, which is switched away from where the program yields. A coroutine runs to its
end where it is awaited: what it waits for is the fiber's business.
"""

import sys

from noodle_ray.core.vm.generators import awaiting
from noodle_ray.core.vm.interpreter.frame import Frame, add_context, operation
from noodle_ray.core.vm.limits import LimitExceeded
from noodle_ray.core.vm.sharing import sharing
from noodle_ray.core.vm.state import S
from noodle_ray.light import Any, AsyncGenerator, Callable, Final, Generator

assert awaiting.HELPERS, "importing it gives generators their methods"


def suspended(frame: Frame) -> Any:
    """The object that a call of a function that can be suspended gives. Nothing has run yet."""
    made = _MAKERS[frame.function.kind](frame)
    made.__name__, made.__qualname__ = frame.function.name, frame.qualname
    return made


def _generator(frame: Frame) -> Generator[Any, Any, Any]:
    body = _Body(frame)
    value = body.start()
    while not body.ended:
        thrown = []
        try:
            sent = yield value
        except BaseException as error:
            thrown.append(error)
        value = body.throw(thrown.pop()) if thrown else body.send(sent)
    return value


async def _coroutine(frame: Frame) -> Any:
    fiber = _deeper(frame)
    try:
        return frame.run.execute(frame)
    finally:
        fiber.depth -= 1


async def _async_generator(frame: Frame) -> AsyncGenerator[Any, Any]:
    body = _Body(frame)
    value = body.start()
    while not body.ended:
        thrown = []
        try:
            sent = yield value
        except BaseException as error:
            thrown.append(error)
        value = body.throw(thrown.pop()) if thrown else body.send(sent)


_MAKERS: Final[dict[str, Callable[[Frame], Any]]] = {
    "generator": _generator,
    "coroutine": _coroutine,
    "async_generator": _async_generator,
}


def _deeper(frame: Frame) -> Any:
    fiber = S.fibers.current
    if fiber.depth >= frame.run.limits.recursion:
        S.tripped = "recursion"
        raise LimitExceeded("recursion")
    fiber.depth += 1
    return fiber


class _Body:
    """The greenlet in which a generator's frame runs. Each step gives what the frame yields, or at its end returns."""

    __slots__ = ("_frame", "_greenlet")

    def __init__(self, frame: Frame) -> None:
        from greenlet import greenlet  # type: ignore[import-untyped]

        self._frame = frame
        self._greenlet: Any = sharing(greenlet(frame.run.execute))
        frame.run.bodies.add(self._greenlet)

    @property
    def ended(self) -> bool:
        """Whether the frame has returned."""
        return bool(self._greenlet.dead)

    def start(self) -> Any:
        """Run the frame from its beginning."""
        return self._step(self._greenlet.switch, self._frame)

    def send(self, value: object) -> Any:
        """Go on after the ``yield``, which has this value."""
        return self._step(self._greenlet.switch, value)

    def throw(self, error: BaseException) -> Any:
        """Raise this at the ``yield``."""
        if self._frame.run.passing.ended:
            raise error
        handling = self._frame.handling
        if handling:
            add_context(error, handling[-1])
        self._frame.thrown = error
        try:
            return self._step(self._greenlet.throw, error)
        finally:
            self._frame.thrown = None
            del error  # which would hold itself by this frame

    def _step(self, how: Callable[[Any], Any], value: object) -> Any:
        from greenlet import getcurrent

        fiber = _deeper(self._frame)
        outer, fiber.handled = fiber.handled, sys.exception() or fiber.handled
        self._greenlet.parent = getcurrent()
        try:
            return how(value)
        finally:
            del value  # it may be the exception that passes
            fiber.depth -= 1
            fiber.handled = outer
            del outer
            if self._greenlet.dead:
                self._frame.run.bodies.discard(self._greenlet)


@operation("yield")
def yield_(frame: Frame, target: int, source: int) -> None:
    from greenlet import getcurrent

    frame.registers[target] = getcurrent().parent.switch(frame.registers[source])


@operation("yieldfrom")
def yield_from(frame: Frame, target: int, source: int) -> None:
    """By CPython's own ``yield from``, driven from here."""
    from greenlet import getcurrent

    delegating = _delegate(frame.registers[source])
    try:
        value = next(delegating)
        while True:
            try:
                sent = getcurrent().parent.switch(value)
            except BaseException as error:
                value = delegating.throw(error)
            else:
                value = delegating.send(sent)
    except StopIteration as stop:
        frame.registers[target] = stop.value


def _delegate(iterable: Any) -> Generator[Any, Any, Any]:
    return (yield from iterable)
