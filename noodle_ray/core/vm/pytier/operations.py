"""Emitting operators, subscripts and unpacking."""

import _ast as ast

from noodle_ray.core.nbc.module import Block, Instr
from noodle_ray.core.vm.pytier import nodes
from noodle_ray.core.vm.pytier.emitter import Emitter, handles
from noodle_ray.core.vm.pytier.leaf import small_power
from noodle_ray.core.vm.pytier.nodes import Position
from noodle_ray.core.vm.pytier.registers import arithmetic
from noodle_ray.light import Final, cast

BINARY: Final[dict[str, type[ast.operator]]] = {
    "+": ast.Add,
    "-": ast.Sub,
    "*": ast.Mult,
    "/": ast.Div,
    "//": ast.FloorDiv,
    "%": ast.Mod,
    "**": ast.Pow,
    "<<": ast.LShift,
    ">>": ast.RShift,
    "&": ast.BitAnd,
    "|": ast.BitOr,
    "^": ast.BitXor,
    "@": ast.MatMult,
}
UNARY: Final[dict[str, type[ast.unaryop]]] = {"-": ast.USub, "+": ast.UAdd, "~": ast.Invert, "not": ast.Not}
COMPARE: Final[dict[str, type[ast.cmpop]]] = {
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
    "is": ast.Is,
    "is not": ast.IsNot,
    "in": ast.In,
    "not in": ast.NotIn,
}
_IMMUTABLE: Final = frozenset({int, float, bool, str})


@handles("binop")
def binary(emitter: Emitter, instr: Instr, at: Position) -> None:
    """A binary operator: Python's own, but for powers, which can explode."""
    target, operator, left, right = cast("tuple[int, str, int, int]", instr.args)
    a, b = emitter.operands((left, right), at)
    if operator == "**" and not small_power(instr, emitter.registers):
        emitter.result(target, nodes.call(".pow", [a, b], at), at)
    elif operator == "%" and _may_format(emitter, left, right):
        emitter.result(target, nodes.call(".mod", [a, b], at), at)
    else:
        emitter.result(target, ast.BinOp(a, BINARY[operator](), b, **at), at)


def _may_format(emitter: Emitter, left: int, right: int) -> bool:
    """Whether a ``%`` may be text formatting whose result shows an address."""
    types = emitter.registers.types
    return types.get(left) not in (int, float, bool) and types.get(right) not in _IMMUTABLE


@handles("inplace")
def inplace(emitter: Emitter, instr: Instr, at: Position) -> None:
    """An augmented assignment; on numbers and strings the same as the plain operator."""
    target, operator, left, right = cast("tuple[int, str, int, int]", instr.args)
    power = operator == "**" and not small_power(instr, emitter.registers)
    known = emitter.registers.types.get(left)
    if power or (operator == "%" and _may_format(emitter, left, right)):
        emitter.result(target, nodes.call(".ipow" if power else ".imod", emitter.operands((left, right), at), at), at)
        return
    if target != left and known in _IMMUTABLE and arithmetic(operator, known, emitter.registers.types.get(right)):
        binary(emitter, instr, at)
        return
    name = emitter.variable(target)
    if target == left and left not in emitter.registers.constants:
        value = emitter.operand(right, at)
    else:
        start, value = emitter.operands((left, right), at)
        emitter.flush()
        fresh = emitter.registers.writes[target] == 1 and name.startswith(".r")
        if not fresh and not isinstance(value, ast.Constant) and getattr(value, "id", name) == name:
            start_name = emitter.fresh("s")
            emitter.statements.append(nodes.assign(start_name, start, at))
            name = start_name
        else:
            emitter.statements.append(nodes.assign(name, start, at))
    emitter.statement(ast.AugAssign(nodes.store(name, at), BINARY[operator](), value, **at))
    if name != emitter.variable(target):
        emitter.statement(nodes.assign(emitter.variable(target), emitter.take(name, at), at))


@handles("unop")
def unary(emitter: Emitter, instr: Instr, at: Position) -> None:
    """A unary operator."""
    target, operator, source = cast("tuple[int, str, int]", instr.args)
    emitter.result(target, ast.UnaryOp(UNARY[operator](), emitter.operand(source, at), **at), at)


@handles("cmp")
def compare(emitter: Emitter, instr: Instr, at: Position) -> None:
    """A comparison of two values."""
    target, operator, left, right = cast("tuple[int, str, int, int]", instr.args)
    a, b = emitter.operands((left, right), at)
    if operator in ("is", "is not"):
        a, b = (hidden(node, at) for node in (a, b))
    emitter.result(target, ast.Compare(a, [COMPARE[operator]()], [b], **at), at)


def hidden(node: ast.expr, at: Position) -> ast.expr:
    """A literal put where CPython does not see that it is one; it warns about ``x is 1`` and ``1()``."""
    if (
        isinstance(node, (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.JoinedStr))
        and getattr(node, "value", 0) is not None
    ):
        return ast.IfExp(nodes.constant(True, at), node, nodes.constant(None, at), **at)
    return node


@handles("and", "or")
def short_circuit(emitter: Emitter, instr: Instr, at: Position) -> None:
    """``and`` and ``or``: an expression when the right side is one."""
    target, left, block, right = cast("tuple[int, int, Block, int]", instr.args)
    first = emitter.operand(left, at)
    depth = emitter.depth
    before, second = emitter.expression(block, right, at)
    if not before:
        kind = ast.And() if instr.op == "and" else ast.Or()
        emitter.depth = max(depth, emitter.depth)
        emitter.result(target, ast.BoolOp(kind, [first, second], **at), at)
        return
    name = emitter.fresh("s")  # not the target itself: the right side may read what the target still holds
    emitter.flush()
    emitter.statements.append(nodes.assign(name, first, at))
    test: ast.expr = nodes.load(name, at)
    if instr.op == "or":
        test = ast.UnaryOp(ast.Not(), test, **at)
    emitter.statement(ast.If(test, [*before, nodes.assign(name, second, at)], [], **at))
    emitter.depth = 0
    emitter.result(target, emitter.take(name, at), at)


@handles("ifx")
def conditional(emitter: Emitter, instr: Instr, at: Position) -> None:
    """``a if c else b``."""
    target, test, yes, yes_value, no, no_value = cast("tuple[int, int, Block, int, Block, int]", instr.args)
    condition = emitter.operand(test, at)
    depth = emitter.depth
    yes_before, a = emitter.expression(yes, yes_value, at)
    depth = max(depth, emitter.depth)
    no_before, b = emitter.expression(no, no_value, at)
    if not yes_before and not no_before:
        emitter.depth = max(depth, emitter.depth)
        emitter.result(target, ast.IfExp(condition, a, b, **at), at)
        return
    name = emitter.variable(target)
    emitter.statement(
        ast.If(condition, [*yes_before, nodes.assign(name, a, at)], [*no_before, nodes.assign(name, b, at)], **at)
    )


@handles("index")
def subscript(emitter: Emitter, instr: Instr, at: Position) -> None:
    """``a[b]``."""
    target, container, key = cast("tuple[int, int, int]", instr.args)
    a, b = emitter.operands((container, key), at, raw=True)
    if isinstance(b, ast.FormattedValue):
        b = emitter.value(b)
    emitter.result(target, ast.Subscript(hidden(emitter.value(a), at), b, nodes.LOAD, **at), at)


@handles("setindex")
def set_subscript(emitter: Emitter, instr: Instr, at: Position) -> None:
    """``a[b] = v``: Python evaluates v first."""
    container, key, source = cast("tuple[int, int, int]", instr.args)
    v, a, b = emitter.operands((source, container, key), at, raw=True)
    if isinstance(b, ast.FormattedValue):
        b = emitter.value(b)
    target = ast.Subscript(emitter.value(a), b, nodes.STORE, **at)
    emitter.statement(ast.Assign([target], emitter.value(v), None, **at))


@handles("delindex")
def delete_subscript(emitter: Emitter, instr: Instr, at: Position) -> None:
    """``del a[b]``."""
    container, key = cast("tuple[int, int]", instr.args)
    a, b = emitter.operands((container, key), at, raw=True)
    emitter.statement(ast.Delete([ast.Subscript(emitter.value(a), b, nodes.DELETE, **at)], **at))


@handles("unpack", "unpackx")
def unpack(emitter: Emitter, instr: Instr, at: Position) -> None:
    """``a, b = v`` and ``a, *b, c = v``."""
    value = emitter.operand(cast(int, instr.args[0]), at)

    def targets(registers: tuple[int, ...]) -> list[ast.expr]:
        return [nodes.store(emitter.variable(register), at) for register in registers]

    items = targets(cast("tuple[int, ...]", instr.args[1]))
    if instr.op == "unpackx":
        star, after = cast("tuple[int, tuple[int, ...]]", instr.args[2:])
        items = [*items, ast.Starred(nodes.store(emitter.variable(star), at), nodes.STORE, **at), *targets(after)]
    emitter.statement(ast.Assign([ast.Tuple(items, nodes.STORE, **at)], value, None, **at))
