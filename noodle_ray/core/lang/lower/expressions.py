"""Lowering of expressions: each handler writes instructions and returns the register of the value."""

import _ast as ast

from noodle_ray.core.lang.lower.frame import EXPRESSIONS, Frame
from noodle_ray.core.nbc.module import Constant
from noodle_ray.light import Any, Final

BINARY: Final[dict[type, str]] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.LShift: "<<", ast.RShift: ">>", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.MatMult: "@",
}  # fmt: skip
_UNARY: Final[dict[type, str]] = {ast.USub: "-", ast.UAdd: "+", ast.Invert: "~", ast.Not: "not"}
_COMPARE: Final[dict[type, str]] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Is: "is",
    ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_CONVERSIONS: Final = {-1: "", ord("s"): "s", ord("r"): "r", ord("a"): "a"}
_MAX_CONSTANT_DEPTH: Final = 20
_CHUNK: Final = 4096
"""Elements a display puts in registers at once; the rest is added in steps."""


def constant_of(node: Any, depth: int = 0) -> tuple[Constant] | None:
    """The value of a literal, negative numbers and tuples of literals included, in a 1-tuple; else None."""
    kind = type(node)
    if kind is ast.Constant:
        return (node.value,)
    if kind is ast.UnaryOp and type(node.op) is ast.USub and type(node.operand) is ast.Constant:
        number = node.operand.value
        return (-number,) if type(number) is int or type(number) is float else None
    if kind is ast.Tuple and type(node.ctx) is ast.Load and depth < _MAX_CONSTANT_DEPTH:
        found: list[Constant] = []
        for element in node.elts:
            constant = constant_of(element, depth + 1)
            if constant is None:
                return None
            found.append(constant[0])
        return (tuple(found),)
    return None


def _constant(f: Frame, node: ast.Constant, into: int | None) -> int:
    target = f.temp() if into is None else into
    f.emit(node, "const", target, node.value)
    return target


def _name(f: Frame, node: ast.Name, into: int | None) -> int:
    return f.load(node, node.id, into)


def _binop(f: Frame, node: ast.BinOp, into: int | None) -> int:
    spine: list[ast.BinOp] = [node]
    while type(spine[-1].left) is ast.BinOp:
        spine.append(spine[-1].left)
    left = f.expr(spine[-1].left)
    for step in reversed(spine):
        left = f.held(left, step)
        right = f.expr(step.right)
        target = f.temp() if into is None or step is not node else into
        f.emit(step, "binop", target, BINARY[type(step.op)], left, right)
        left = target
    return left


def _unop(f: Frame, node: ast.UnaryOp, into: int | None) -> int:
    folded = constant_of(node)
    if folded is not None:
        return f.const(node, folded[0], into)
    operand = f.expr(node.operand)
    target = f.temp() if into is None else into
    f.emit(node, "unop", target, _UNARY[type(node.op)], operand)
    return target


def _boolop(f: Frame, node: ast.BoolOp, into: int | None) -> int:
    op = "and" if type(node.op) is ast.And else "or"
    result = f.expr(node.values[0])
    last = len(node.values) - 1
    for i, value in enumerate(node.values[1:], start=1):
        before = f.assigned
        found: list[int] = []
        block = f.block(lambda value=value, found=found: found.append(f.expr(value)))  # type: ignore[misc]
        f.assigned = before
        target = f.temp() if into is None or i < last else into
        f.emit(node, op, target, result, block, found[0])
        result = target
    return result


def _ifexp(f: Frame, node: ast.IfExp, into: int | None) -> int:
    test = f.expr(node.test)
    before = f.assigned
    found: list[int] = []
    then = f.block(lambda: found.append(f.expr(node.body)))
    after_then, f.assigned = f.assigned, before
    other = f.block(lambda: found.append(f.expr(node.orelse)))
    f.assigned &= after_then
    target = f.temp() if into is None else into
    f.emit(node, "ifx", target, test, then, found[0], other, found[1])
    return target


def _compare(f: Frame, node: ast.Compare, into: int | None) -> int:
    left = f.held(f.expr(node.left), node)
    right = f.expr(node.comparators[0])
    if len(node.ops) == 1:
        target = f.temp() if into is None else into
        f.emit(node, "cmp", target, _COMPARE[type(node.ops[0])], left, right)
        return target
    return _chain(f, node, 0, left, f.held(right, node), into)


def _chain(f: Frame, node: ast.Compare, i: int, left: int, right: int, into: int | None) -> int:
    """``left op_i right op_i+1 ...``: each operand is evaluated once, and only if all before hold."""
    test = f.temp()
    f.emit(node, "cmp", test, _COMPARE[type(node.ops[i])], left, right)
    if i == len(node.ops) - 1:
        return test
    before = f.assigned
    found: list[int] = []

    def rest() -> None:
        following = f.expr(node.comparators[i + 1])
        found.append(_chain(f, node, i + 1, right, f.held(following, node), None))

    block = f.block(rest)
    f.assigned = before
    target = f.temp() if into is None else into
    f.emit(node, "and", target, test, block, found[0])
    return target


def _tuple(f: Frame, node: ast.Tuple, into: int | None) -> int:
    folded = constant_of(node)
    if folded is not None:
        return f.const(node, folded[0], into)
    if has_star(node.elts) or len(node.elts) > _CHUNK:
        elements = display(f, node, node.elts)
        target = f.temp() if into is None else into
        f.emit(node, "totuple", target, elements)
        return target
    elements_of = f.operands(node.elts)
    target = f.temp() if into is None else into
    f.emit(node, "tuple", target, elements_of)
    return target


def _list(f: Frame, node: ast.List, into: int | None) -> int:
    if has_star(node.elts) or len(node.elts) > _CHUNK:
        built = display(f, node, node.elts)
        if into is None:
            return built
        f.emit(node, "move", into, built)
        return into
    elements = f.operands(node.elts)
    target = f.temp() if into is None else into
    f.emit(node, "list", target, elements)
    return target


def _set(f: Frame, node: ast.Set, into: int | None) -> int:
    if has_star(node.elts) or len(node.elts) > _CHUNK:
        built = display(f, node, node.elts)
        target = f.temp() if into is None else into
        f.emit(node, "callb", target, "set", (built,), ())
        return target
    elements = f.operands(node.elts)
    target = f.temp() if into is None else into
    f.emit(node, "set", target, elements)
    return target


def has_star(nodes: list[Any]) -> bool:
    """True if any of the elements is ``*x``."""
    return any(type(node) is ast.Starred for node in nodes)


def spread(f: Frame, node: ast.Starred) -> int:
    """The iterable of ``*x``; a generator expression there is read at once, so it can be a list."""
    if id(node.value) in f.unit.resolution.eager:
        from noodle_ray.core.lang.lower.comprehensions import lower_comprehension

        return lower_comprehension(f, node.value, "list", None)
    return f.expr(node.value)


def display(f: Frame, node: ast.AST, elements: list[Any]) -> int:
    """A new list of the elements, ``*x`` spread out."""
    result: int | None = None
    group: list[Any] = []

    def flush() -> None:
        nonlocal result
        if not group and result is not None:
            return
        constant = constant_of(ast.Tuple(list(group), ast.Load())) if len(group) > 8 else None
        if constant is not None:
            added = f.const(node, constant[0])
        else:
            added = f.temp()
            registers = f.operands(group)
            f.emit(node, "list", added, registers)
        group.clear()
        if result is None and constant is None:
            result = added
            return
        if result is None:
            result = f.temp()
            f.emit(node, "list", result, ())
        f.emit(node, "extend", result, added)

    for element in elements:
        if type(element) is ast.Starred:
            flush()
            assert result is not None
            f.emit(node, "extend", result, spread(f, element))
            continue
        group.append(element)
        if len(group) == _CHUNK:
            flush()
    if group or result is None:
        flush()
    assert result is not None
    return result


def _dict(f: Frame, node: ast.Dict, into: int | None) -> int:
    if None not in node.keys and len(node.keys) <= _CHUNK:
        keys, values = _pairs(f, node.keys, node.values)
        target = f.temp() if into is None else into
        f.emit(node, "dict", target, keys, values)
        return target
    result: int | None = None
    start = 0
    while start < len(node.keys) or result is None:
        if start < len(node.keys) and node.keys[start] is None and result is not None:
            f.emit(node, "update", result, f.expr(node.values[start]))
            start += 1
            continue
        stop = start
        while stop < len(node.keys) and node.keys[stop] is not None and stop - start < _CHUNK:
            stop += 1
        keys, values = _pairs(f, node.keys[start:stop], node.values[start:stop])
        part = f.temp()
        f.emit(node, "dict", part, keys, values)
        if result is None:
            result = part
        else:
            f.emit(node, "update", result, part)
        start = stop
    if into is None:
        return result
    f.emit(node, "move", into, result)
    return into


def _pairs(f: Frame, keys: list[Any], values: list[Any]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    registers = f.operands([node for pair in zip(keys, values, strict=True) for node in pair])
    return registers[::2], registers[1::2]


def _subscript(f: Frame, node: ast.Subscript, into: int | None) -> int:
    container = f.held(f.expr(node.value), node)
    key = f.expr(node.slice)
    target = f.temp() if into is None else into
    f.emit(node, "index", target, container, key)
    return target


def _slice(f: Frame, node: ast.Slice, into: int | None) -> int:
    nothing = ast.Constant(
        None, None, lineno=node.lineno, col_offset=node.col_offset, end_lineno=node.end_lineno,
        end_col_offset=node.end_col_offset,
    )  # fmt: skip
    parts = f.operands([node.lower or nothing, node.upper or nothing, node.step or nothing])
    target = f.temp() if into is None else into
    f.emit(node, "slice", target, *parts)
    return target


def _attribute(f: Frame, node: ast.Attribute, into: int | None) -> int:
    from noodle_ray.core.lang.lower.calls import member

    name = member(f, node)
    if name is not None:
        target = f.temp() if into is None else into
        f.emit(node, "bget", target, name)
        return target
    value = f.expr(node.value)
    target = f.temp() if into is None else into
    f.emit(node, "attr", target, value, node.attr)
    return target


def _joined(f: Frame, node: ast.JoinedStr, into: int | None) -> int:
    parts = node.values
    if not parts:
        return f.const(node, "", into)
    if len(parts) == 1:
        return f.expr(parts[0], into)
    registers = f.operands(parts)
    target = f.temp() if into is None else into
    f.emit(node, "concat", target, registers)
    return target


def _formatted(f: Frame, node: ast.FormattedValue, into: int | None) -> int:
    value = f.held(f.expr(node.value), node)
    spec = None if node.format_spec is None else f.expr(node.format_spec)
    target = f.temp() if into is None else into
    f.emit(node, "format", target, _CONVERSIONS[node.conversion], value, spec)
    return target


def _named(f: Frame, node: ast.NamedExpr, into: int | None) -> int:
    name = node.target.id
    own = f.destination(name)
    register = f.expr(node.value, own)
    f.store(node.target, name, register)
    if into is None or into == register:
        return register
    f.emit(node, "move", into, register)
    return into


def _yield(f: Frame, node: ast.Yield, into: int | None) -> int:
    value = f.const(node, None) if node.value is None else f.expr(node.value)
    target = f.temp() if into is None else into
    f.emit(node, "yield", target, value)
    return target


def _yield_from(f: Frame, node: ast.YieldFrom, into: int | None) -> int:
    value = f.expr(node.value)
    target = f.temp() if into is None else into
    f.emit(node, "yieldfrom", target, value)
    return target


def _await(f: Frame, node: ast.Await, into: int | None) -> int:
    value = f.expr(node.value)
    target = f.temp() if into is None else into
    f.emit(node, "callb", target, ".await", (value,), ())
    return target


def _lambda(f: Frame, node: ast.Lambda, into: int | None) -> int:
    from noodle_ray.core.lang.lower.functions import make_function

    return make_function(f, node, "<lambda>", into)


EXPRESSIONS.update(
    {
        ast.Constant: _constant,
        ast.Name: _name,
        ast.BinOp: _binop,
        ast.UnaryOp: _unop,
        ast.BoolOp: _boolop,
        ast.IfExp: _ifexp,
        ast.Compare: _compare,
        ast.Tuple: _tuple,
        ast.List: _list,
        ast.Set: _set,
        ast.Dict: _dict,
        ast.Subscript: _subscript,
        ast.Slice: _slice,
        ast.Attribute: _attribute,
        ast.JoinedStr: _joined,
        ast.FormattedValue: _formatted,
        ast.NamedExpr: _named,
        ast.Lambda: _lambda,
        ast.Yield: _yield,
        ast.YieldFrom: _yield_from,
        ast.Await: _await,
    }
)
