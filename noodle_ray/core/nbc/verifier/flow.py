"""What each block can rely on: registers defined on every path, and the construct around it.

A state is the set of registers that are certainly defined: ints of 1,024 bits, one bit per register, so that
work per operand does not grow with the number of registers. Code that cannot be reached has -1 everywhere: in
it every register is defined, and ``a & -1 == a`` where paths meet. Each step turns the state before into that after.
"""

from noodle_ray.core.nbc.module import Block, Function, Instr
from noodle_ray.core.nbc.ops import OPERANDS, TERMINATORS
from noodle_ray.core.nbc.verifier.failure import refuse
from noodle_ray.errors import ModuleError
from noodle_ray.light import Any, Final, NamedTuple, Sequence, TypeAlias

_State: TypeAlias = list[int]
_SHIFT: Final = 10
_MASK: Final = (1 << _SHIFT) - 1
_UNREACHABLE: Final = -1


class _Loop:
    """A loop being checked: ``exits`` is what every ``break`` so far had defined."""

    __slots__ = ("exits",)

    def __init__(self, size: int) -> None:
        self.exits = [_UNREACHABLE] * size


class _Around(NamedTuple):
    """The constructs around a block: the loop to break from, the comprehension to emit to, a handler, a function."""

    loop: _Loop | None = None
    comp: str = ""
    handler: bool = False
    returns: bool = True
    yields: bool = False


_IN_FUNCTION: Final = _Around()
_IN_GENERATOR: Final = _Around(yields=True)


def check_flow(function: Function) -> None:
    """Raise ModuleError unless every register is defined before it is read and each instruction stands where it may."""
    state = [0] * ((function.registers >> _SHIFT) + 1)
    for register in range(len(function.params)):
        _define(register, state)
    _block(function.body, state, _IN_GENERATOR if function.kind in _YIELDING else _IN_FUNCTION)


def _block(block: Block, state: _State, around: _Around) -> None:
    last = len(block) - 1
    for position, instr in enumerate(block):
        op = instr.op
        step = _STEPS.get(op)
        if step:
            step(instr, state, around)
        else:
            _plain(instr, state)
        if op in TERMINATORS:
            if position != last:
                raise refuse(321, f"Nothing can stand after {op!r} in its block.", instr.span)
            state[:] = [_UNREACHABLE] * len(state)


def _plain(instr: Instr, state: _State) -> None:
    """An instruction without blocks: it reads its operands, then defines its results."""
    value: Any
    args = instr.args
    for index, kind in _READS[instr.op]:
        value = args[index]
        if kind == "R":
            if not state[value >> _SHIFT] >> (value & _MASK) & 1:
                raise _undefined(value, instr)
        elif kind == "R*":
            for register in value:
                if not state[register >> _SHIFT] >> (register & _MASK) & 1:
                    raise _undefined(register, instr)
        elif kind == "KW":
            for _, register in value:
                _read(register, state, instr)
        elif value is not None:
            _read(value, state, instr)
    for index, kind in _WRITES[instr.op]:
        value = args[index]
        if kind == "D":
            state[value >> _SHIFT] |= 1 << (value & _MASK)
        else:
            for register in value:
                _define(register, state)


def _define(register: int, state: _State) -> None:
    state[register >> _SHIFT] |= 1 << (register & _MASK)


def _read(register: int, state: _State, instr: Instr) -> None:
    if not state[register >> _SHIFT] >> (register & _MASK) & 1:
        raise _undefined(register, instr)


def _undefined(register: int, instr: Instr) -> ModuleError:
    return refuse(314, f"{instr.op!r} reads register {register}, which may not be defined there.", instr.span)


def _meet(state: _State, other: _State) -> None:
    """Where two paths meet, only what both defined is defined."""
    for index, bits in enumerate(other):
        state[index] &= bits


def _after(block: Block, before: _State, around: _Around) -> _State:
    """The state after ``block``, leaving the one before it as it is."""
    state = before.copy()
    _block(block, state, around)
    return state


def _inner(around: _Around) -> _Around:
    """Around a block that is part of an expression: what is outside of it cannot be left from inside."""
    return around._replace(loop=None, returns=False)


def _operands(instr: Instr) -> Sequence[Any]:
    """Operands as what the opcode says they are: ``shape`` has seen to it."""
    return instr.args


def _and_or(instr: Instr, state: _State, around: _Around) -> None:
    result, left, block, right = _operands(instr)
    _read(left, state, instr)
    _read(right, _after(block, state, _inner(around)), instr)
    _define(result, state)


def _ifx(instr: Instr, state: _State, around: _Around) -> None:
    result, test, then, then_value, other, other_value = _operands(instr)
    _read(test, state, instr)
    branch = _after(then, state, _inner(around))
    _read(then_value, branch, instr)
    _block(other, state, _inner(around))
    _read(other_value, state, instr)
    _meet(state, branch)
    _define(result, state)


def _if(instr: Instr, state: _State, around: _Around) -> None:
    test, then, other = _operands(instr)
    _read(test, state, instr)
    branch = _after(then, state, around)
    _block(other, state, around)
    _meet(state, branch)


def _while(instr: Instr, state: _State, around: _Around) -> None:
    condition, test, body, other = _operands(instr)
    _block(condition, state, _inner(around))
    _read(test, state, instr)
    loop = _Loop(len(state))
    _after(body, state, around._replace(loop=loop))
    _block(other, state, around)
    if _is_true(condition, test):
        state[:] = loop.exits
    else:
        _meet(state, loop.exits)


def _is_true(condition: Block, test: int) -> bool:
    """Whether a ``while`` can only be left by ``break``: its condition is one true constant."""
    if len(condition) != 1 or condition[0].op != "const":
        return False
    result, value = condition[0].args
    return result == test and bool(value)


def _for(instr: Instr, state: _State, around: _Around) -> None:
    target, iterable, body, other = _operands(instr)
    _read(iterable, state, instr)
    loop = _Loop(len(state))
    first = state.copy()
    _define(target, first)
    _block(body, first, around._replace(loop=loop))
    _block(other, state, around)
    _meet(state, loop.exits)


def _comp(instr: Instr, state: _State, around: _Around) -> None:
    result, kind, block = _operands(instr)
    _block(block, state, _inner(around)._replace(comp=kind, yields=False))
    _define(result, state)


def _try(instr: Instr, state: _State, around: _Around) -> None:
    """Handlers and ``finally`` rely on nothing the body does: it may have been left at any point."""
    body, handlers, other, final = _operands(instr)
    normal = _after(body, state, around)
    _block(other, normal, around)
    for types, type_register, exception, handler in handlers:
        caught = _after(types, state, around)
        if type_register is not None:
            _read(type_register, caught, instr)
        if exception is not None:
            _define(exception, caught)
        _block(handler, caught, around._replace(handler=True))
        _meet(normal, caught)
    _block(final, state, around)
    for index, bits in enumerate(normal):
        state[index] |= bits


def _with(instr: Instr, state: _State, around: _Around) -> None:
    """What follows relies on nothing the body does: the manager may swallow an exception from any point of it."""
    manager, target, body = _operands(instr)
    _read(manager, state, instr)
    inside = state.copy()
    if target is not None:
        _define(target, inside)
    _block(body, inside, around)


def _yield(instr: Instr, state: _State, around: _Around) -> None:
    if not around.yields:
        raise refuse(337, f"{instr.op!r} must stand in a generator, and in no comprehension.", instr.span)
    _plain(instr, state)


def _jump(instr: Instr, state: _State, around: _Around) -> None:
    if around.loop is None:
        raise refuse(318, f"{instr.op!r} must stand in a loop, and in no expression between.", instr.span)
    if instr.op == "break":
        _meet(around.loop.exits, state)


def _return(instr: Instr, state: _State, around: _Around) -> None:
    if not around.returns:
        raise refuse(332, "'return' cannot stand in an expression.", instr.span)
    _plain(instr, state)


def _emit(instr: Instr, state: _State, around: _Around) -> None:
    if not around.comp or (instr.op == "emit2") != (around.comp == "dict"):
        raise refuse(319, f"{instr.op!r} must stand in a comprehension of its kind.", instr.span)
    _plain(instr, state)


def _reraise(instr: Instr, state: _State, around: _Around) -> None:
    if not around.handler:
        raise refuse(320, "'reraise' must stand in a handler.", instr.span)


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
_YIELDING: Final = frozenset({"generator", "async_generator"})
_STEPS: Final = {
    "with": _with,
    "yield": _yield,
    "yieldfrom": _yield,
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
