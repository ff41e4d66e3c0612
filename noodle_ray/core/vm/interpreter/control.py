"""Branches, loops, comprehensions, exceptions and returns."""

from noodle_ray.core.nbc.module import Block
from noodle_ray.core.vm.generators.managers import enter, leave
from noodle_ray.core.vm.interpreter.frame import BREAK, CONTINUE, RETURN, Frame, Signal, operation
from noodle_ray.core.vm.operators import UNBOUND
from noodle_ray.core.vm.sets import set as ordered_set
from noodle_ray.light import Any

Handler = tuple[Block, "int | None", "int | None", Block]


@operation("and")
def both(frame: Frame, target: int, left: int, block: Block, right: int) -> Signal:
    return _choose(frame, target, left, block, right, bool(frame.registers[left]))


@operation("or")
def either(frame: Frame, target: int, left: int, block: Block, right: int) -> Signal:
    return _choose(frame, target, left, block, right, not frame.registers[left])


def _choose(frame: Frame, target: int, left: int, block: Block, right: int, go_on: bool) -> Signal:
    if not go_on:
        frame.registers[target] = frame.registers[left]
        return None
    signal = frame.block(block)
    if signal is None:
        frame.registers[target] = frame.registers[right]
    return signal


@operation("ifx")
def choose(frame: Frame, target: int, test: int, yes: Block, one: int, no: Block, other: int) -> Signal:
    block, value = (yes, one) if frame.registers[test] else (no, other)
    signal = frame.block(block)
    if signal is None:
        frame.registers[target] = frame.registers[value]
    return signal


@operation("if")
def branch(frame: Frame, test: int, yes: Block, no: Block) -> Signal:
    return frame.block(yes if frame.registers[test] else no)


@operation("while")
def while_loop(frame: Frame, condition: Block, test: int, body: Block, orelse: Block) -> Signal:
    run, cost = frame.run, frame.run.loop_cost("while", (condition, test, body, orelse))
    span = frame.span
    while True:
        frame.span = span
        run.charge(cost)
        signal = frame.block(condition)
        if signal is not None:
            return signal
        if not frame.registers[test]:
            return frame.block(orelse)
        signal = frame.block(body)
        if signal == BREAK:
            return None
        if signal == RETURN:
            return signal


@operation("for")
def for_loop(frame: Frame, target: int, iterable: int, body: Block, orelse: Block) -> Signal:
    run, cost = frame.run, frame.run.loop_cost("for", (target, iterable, body, orelse))
    span = frame.span
    for item in frame.take(iterable):
        run.charge(cost)
        frame.registers[target] = item
        signal = frame.block(body)
        if signal == BREAK:
            return None
        if signal == RETURN:
            return signal
        frame.span = span
    return frame.block(orelse)


@operation("comp")
def comprehension(frame: Frame, target: int, kind: str, block: Block) -> Signal:
    container: Any = {"list": list, "set": ordered_set, "dict": dict}[kind]()
    frame.collecting.append(container)
    try:
        signal = frame.block(block)
    finally:
        frame.collecting.pop()
    if signal is None:
        frame.registers[target] = container
    return signal


@operation("emit")
def emit(frame: Frame, value: int) -> None:
    container = frame.collecting[-1]
    if type(container) is list:
        container.append(frame.registers[value])
    else:
        dict.setdefault(container, frame.registers[value])


@operation("emit2")
def emit_pair(frame: Frame, key: int, value: int) -> None:
    frame.collecting[-1][frame.registers[key]] = frame.registers[value]


@operation("break")
def break_(frame: Frame) -> Signal:
    return BREAK


@operation("continue")
def continue_(frame: Frame) -> Signal:
    return CONTINUE


@operation("return")
def return_(frame: Frame, value: int) -> Signal:
    frame.value = frame.registers[value]
    return RETURN


@operation("try")
def attempt(frame: Frame, body: Block, handlers: tuple[Handler, ...], orelse: Block, final: Block) -> Signal:
    """Limits pass without running more; so does everything once the run is over."""
    if not final:
        return _guarded(frame, body, handlers, orelse)
    try:
        signal = _guarded(frame, body, handlers, orelse)
    except BaseException as error:
        if frame.run.passing.passes(error):
            raise
        frame.note(error)
        frame.release(error, body)
        frame.forget(error)
        left = _within(frame, error, final)
        if left is not None:
            return left
        frame.noted.append(error)
        raise
    value = frame.value
    left = frame.block(final)
    if left is not None:
        return left
    frame.value = value
    return signal


def _guarded(frame: Frame, body: Block, handlers: tuple[Handler, ...], orelse: Block) -> Signal:
    span = frame.span
    try:
        signal = frame.block(body)
    except BaseException as error:
        if frame.run.passing.passes(error):
            raise
        frame.note(error)
        frame.release(error, body)
        for types, tested, caught, block in handlers:
            if not types:
                frame.span = span
            if _matches(frame, error, types, tested):
                frame.forget(error)
                if caught is not None:
                    frame.registers[caught] = error
                try:
                    signal = _within(frame, error, block)
                except BaseException:
                    if caught is not None:
                        frame.registers[caught] = UNBOUND if frame.is_named(caught) else None
                    raise
                if caught is not None:
                    frame.drop(caught)
                return signal
        raise
    return frame.block(orelse) if signal is None else signal


@operation("with")
def with_(frame: Frame, manager: int, target: int | None, body: Block) -> Signal:
    """The manager is left however the block ends, but never for a limit."""
    end, value = enter(frame.registers[manager])
    span = frame.span
    if target is not None:
        frame.registers[target] = value
    try:
        signal = frame.block(body)
    except BaseException as error:
        if frame.run.passing.passes(error):
            raise
        frame.note(error)
        frame.release(error, body)
        frame.span = span
        try:
            swallowed = leave(end, error)
        except BaseException as raised:
            frame.forget(raised)
            raise
        if not swallowed:
            raise
        frame.forget(error)
        return None
    value, frame.span = frame.value, span
    end(None, None, None)
    frame.value = value
    return signal


def _within(frame: Frame, error: BaseException, block: Block) -> Signal:
    """Run a block with the exception as the one being handled."""
    frame.handling.append(error)
    del error  # raised anew, it would hold itself by this frame
    try:
        return frame.block(block)
    finally:
        frame.handling.pop()


def _matches(frame: Frame, error: BaseException, types: Block, tested: int | None) -> bool:
    if tested is None:
        return True
    frame.block(types)
    kinds = frame.registers[tested]
    for kind in kinds if isinstance(kinds, tuple) else (kinds,):
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            raise TypeError("catching classes that do not inherit from BaseException is not allowed")
    return isinstance(error, kinds)


@operation("raise")
def raise_(frame: Frame, value: int) -> None:
    error = _exception(frame.registers[value], "exceptions must derive from BaseException")
    frame.forget(error)
    try:
        raise error
    finally:
        del error  # which would hold itself by this frame


@operation("raise_from")
def raise_from(frame: Frame, value: int, source: int) -> None:
    error = _exception(frame.registers[value], "exceptions must derive from BaseException")
    cause = frame.registers[source]
    if cause is not None:
        cause = _exception(cause, "exception causes must derive from BaseException")
    frame.forget(error)
    try:
        raise error from cause
    finally:
        del error


@operation("reraise")
def reraise(frame: Frame) -> None:
    frame.noted.append(frame.handling[-1])
    raise frame.handling[-1]


def _exception(value: Any, otherwise: str) -> BaseException:
    if isinstance(value, type) and issubclass(value, BaseException):
        return value()
    if isinstance(value, BaseException):
        return value
    raise TypeError(otherwise)
