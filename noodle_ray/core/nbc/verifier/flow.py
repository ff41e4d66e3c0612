"""What each block can rely on: registers defined on every path, and the construct around it.

A state is the set of registers that are certainly defined, as the bits of an int. Code that cannot be
reached has the state -1: in it every register is defined, and ``a & -1 == a`` where paths join.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from noodle_ray.core.nbc.module import Block, Function, Instr
from noodle_ray.core.nbc.ops import OPERANDS, TERMINATORS
from noodle_ray.core.nbc.verifier.failure import refuse
from noodle_ray.errors import ModuleError

UNREACHABLE: Final = -1
_TYPE_OPS: Final = frozenset({"bget", "gget", "cget", "attr", "tuple", "const"})


class _Loop:
    """A loop being checked: ``exits`` is what every ``break`` so far had defined."""

    __slots__ = ("exits",)

    def __init__(self) -> None:
        self.exits = UNREACHABLE


class _Around(NamedTuple):
    """The constructs around a block: the loop to break from, the comprehension to emit to."""

    loop: _Loop | None = None
    comp: str = ""
    handler: bool = False
    returns: bool = True


def check_flow(function: Function) -> None:
    """Raise ModuleError unless every register is defined before it is read and each instruction stands where it may."""
    _block(function.body, (1 << len(function.params)) - 1, _Around())


def _block(block: Block, state: int, around: _Around) -> int:
    """The state after ``block``."""
    last = len(block) - 1
    for position, instr in enumerate(block):
        op = instr.op
        step = _STEPS.get(op)
        state = step(instr, state, around) if step else _plain(instr, state)
        if op in TERMINATORS:
            if position != last:
                raise refuse(321, f"Nothing can stand after {op!r} in its block.", instr.span)
            state = UNREACHABLE
    return state


def _plain(instr: Instr, state: int) -> int:
    """An instruction without blocks: it reads its operands, then defines its results."""
    value: Any
    args = instr.args
    for index, kind in _READS[instr.op]:
        value = args[index]
        if kind == "R":
            if not state >> value & 1:
                raise _undefined(value, instr)
        elif kind == "R*":
            for register in value:
                if not state >> register & 1:
                    raise _undefined(register, instr)
        elif kind == "KW":
            for _, register in value:
                if not state >> register & 1:
                    raise _undefined(register, instr)
        elif value is not None and not state >> value & 1:
            raise _undefined(value, instr)
    for index, kind in _WRITES[instr.op]:
        value = args[index]
        if kind == "D":
            state |= 1 << value
        else:
            for register in value:
                state |= 1 << register
    return state


def _bit(register: int) -> int:
    return 1 << register


def _undefined(register: int, instr: Instr) -> ModuleError:
    return refuse(314, f"{instr.op!r} reads register {register}, which may not be defined there.", instr.span)


def _read(register: int, state: int, instr: Instr) -> None:
    if not state >> register & 1:
        raise _undefined(register, instr)


def _inner(around: _Around) -> _Around:
    """Around a block that is part of an expression: what is outside of it cannot be left from inside."""
    return around._replace(loop=None, returns=False)


def _operands(instr: Instr) -> Sequence[Any]:
    """Operands as what the opcode says they are: ``shape`` has seen to it."""
    return instr.args


def _and_or(instr: Instr, state: int, around: _Around) -> int:
    result, left, block, right = _operands(instr)
    _read(left, state, instr)
    _read(right, _block(block, state, _inner(around)), instr)
    return state | _bit(result)


def _ifx(instr: Instr, state: int, around: _Around) -> int:
    result, test, then, then_value, other, other_value = _operands(instr)
    _read(test, state, instr)
    after_then = _block(then, state, _inner(around))
    _read(then_value, after_then, instr)
    after_other = _block(other, state, _inner(around))
    _read(other_value, after_other, instr)
    return after_then & after_other | _bit(result)


def _if(instr: Instr, state: int, around: _Around) -> int:
    test, then, other = _operands(instr)
    _read(test, state, instr)
    return _block(then, state, around) & _block(other, state, around)


def _while(instr: Instr, state: int, around: _Around) -> int:
    condition, test, body, other = _operands(instr)
    state = _block(condition, state, _inner(around))
    _read(test, state, instr)
    loop = _Loop()
    _block(body, state, around._replace(loop=loop))
    after = _block(other, state, around)
    if _is_true(condition, test):
        return loop.exits
    return after & loop.exits


def _is_true(condition: Block, test: int) -> bool:
    """Whether a ``while`` can only be left by ``break``: its condition is one true constant."""
    if len(condition) != 1 or condition[0].op != "const":
        return False
    result, value = condition[0].args
    return result == test and bool(value)


def _for(instr: Instr, state: int, around: _Around) -> int:
    target, iterable, body, other = _operands(instr)
    _read(iterable, state, instr)
    loop = _Loop()
    _block(body, state | 1 << target, around._replace(loop=loop))
    return _block(other, state, around) & loop.exits


def _comp(instr: Instr, state: int, around: _Around) -> int:
    result, kind, block = _operands(instr)
    return _block(block, state, _inner(around)._replace(comp=kind)) | _bit(result)


def _try(instr: Instr, state: int, around: _Around) -> int:
    """Handlers and ``finally`` rely on nothing the body does: it may have been left at any point."""
    body, handlers, other, final = _operands(instr)
    normal = _block(other, _block(body, state, around), around)
    for types, type_register, exception, handler in handlers:
        for part in types:
            if part.op not in _TYPE_OPS:
                raise refuse(326, f"{part.op!r} cannot stand among the types of a handler.", part.span)
        before = _block(types, state, _Around(returns=False))
        if type_register is not None:
            _read(type_register, before, instr)
        if exception is not None:
            before |= 1 << exception
        normal &= _block(handler, before, around._replace(handler=True))
    return normal | _block(final, state, around)


def _jump(instr: Instr, state: int, around: _Around) -> int:
    if around.loop is None:
        raise refuse(318, f"{instr.op!r} must stand in a loop, and in no expression between.", instr.span)
    if instr.op == "break":
        around.loop.exits &= state
    return state


def _return(instr: Instr, state: int, around: _Around) -> int:
    if not around.returns:
        raise refuse(332, "'return' cannot stand in an expression.", instr.span)
    return _plain(instr, state)


def _emit(instr: Instr, state: int, around: _Around) -> int:
    if not around.comp or (instr.op == "emit2") != (around.comp == "dict"):
        raise refuse(319, f"{instr.op!r} must stand in a comprehension of its kind.", instr.span)
    return _plain(instr, state)


def _reraise(instr: Instr, state: int, around: _Around) -> int:
    if not around.handler:
        raise refuse(320, "'reraise' must stand in a handler.", instr.span)
    return state


_READS: Final = {
    op: tuple(
        (index, "R" if kind == "X" else kind)
        for index, kind in enumerate(kinds)
        if kind in ("R", "X", "R?", "R*", "KW")
    )
    for op, kinds in OPERANDS.items()
}
_WRITES: Final = {
    op: tuple((index, kind) for index, kind in enumerate(kinds) if kind in ("D", "D*"))
    for op, kinds in OPERANDS.items()
}
_STEPS: Final = {
    "and": _and_or,
    "or": _and_or,
    "ifx": _ifx,
    "if": _if,
    "while": _while,
    "for": _for,
    "comp": _comp,
    "try": _try,
    "break": _jump,
    "continue": _jump,
    "return": _return,
    "emit": _emit,
    "emit2": _emit,
    "reraise": _reraise,
}
