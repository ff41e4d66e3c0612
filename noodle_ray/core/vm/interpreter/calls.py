"""Functions, calls, and effects."""

from noodle_ray.core.vm.builtins import callee
from noodle_ray.core.vm.interpreter.closure import make_closure
from noodle_ray.core.vm.interpreter.frame import Frame, operation
from noodle_ray.core.vm.methods import Found, look_up, method_table
from noodle_ray.core.vm.operators import model_value
from noodle_ray.core.vm.state import S
from noodle_ray.light import Any

Keywords = tuple[tuple[str, int], ...]


def _arguments(frame: Frame, args: tuple[int, ...], keywords: Keywords) -> tuple[list[Any], dict[str, Any]]:
    registers = frame.registers
    return [registers[r] for r in args], {name: registers[r] for name, r in keywords}


@operation("func")
def function(frame: Frame, target: int, index: int, defaults: tuple[int, ...]) -> None:
    frame.registers[target] = make_closure(frame, index, [frame.registers[r] for r in defaults])


@operation("call")
def call(frame: Frame, target: int, callable_: int, args: tuple[int, ...], keywords: Keywords) -> None:
    positional, named = _arguments(frame, args, keywords)
    frame.registers[target] = frame.registers[callable_](*positional, **named)


@operation("callx")
def call_spread(frame: Frame, target: int, callable_: int, args: int, keywords: int) -> None:
    registers = frame.registers
    registers[target] = registers[callable_](*registers[args], **registers[keywords])


@operation("method")
def find_method(frame: Frame, target: int, receiver: int, name: str) -> None:
    frame.registers[target] = look_up(frame.registers[receiver], name)


@operation("callm")
def call_method(frame: Frame, target: int, receiver: int, name: str, args: tuple[int, ...], keywords: Keywords) -> None:
    positional, named = _arguments(frame, args, keywords)
    value = frame.registers[receiver]
    if type(value) is Found:
        frame.registers[target] = value.method(*positional, **named)
        return
    method = method_table(name, 0 if keywords else len(args))[type(value)]
    frame.registers[target] = method(value, *positional, **named)


@operation("callb")
def call_builtin(frame: Frame, target: int, name: str, args: tuple[int, ...], keywords: Keywords) -> None:
    positional, named = _arguments(frame, args, keywords)
    frame.registers[target] = callee(name, len(args), bool(keywords))(*positional, **named)


@operation("model")
def model(frame: Frame, target: int, name: str) -> None:
    frame.registers[target] = model_value(name)


@operation("effect")
def effect(frame: Frame, target: int, name: str, args: tuple[int, ...], keywords: Keywords) -> None:
    positional, named = _arguments(frame, args, keywords)
    frame.registers[target] = S.fibers.effect(name, tuple(positional), named)


@operation("force")
def force(frame: Frame, register: int) -> None:
    frame.registers[register] = S.fibers.force(frame.registers[register])


@operation("barrier")
def barrier(frame: Frame) -> None:
    S.fibers.barrier()


@operation("guess")
def guess(
    frame: Frame, target: int, waited: int | None, candidates: tuple[Any, ...], registers: tuple[int, ...]
) -> None:
    values = frame.registers
    pending = None if waited is None else values[waited]
    values[target] = S.fibers.guess(pending, candidates, [values[r] for r in registers])


@operation("drop")
def drop(frame: Frame, handle: int, numbers: tuple[int, ...]) -> None:
    S.fibers.drop(frame.registers[handle], numbers)


@operation("keep")
def keep(frame: Frame, handle: int, numbers: tuple[int, ...]) -> None:
    S.fibers.keep(frame.registers[handle], numbers)


@operation("gather")
def gather(frame: Frame, target: int, kind: str, iterable: int, index: int) -> None:
    each = make_closure(frame, index, [])
    frame.registers[target] = S.fibers.gather(each, frame.registers[iterable])
