"""Emitting what programs do with their own classes and objects: attributes, methods, class statements.

A program's attribute names are marked (`core.vm.names.mark`), so that CPython's own attribute access is safe on any
value. A name that builtin values have too is looked up in tables, unless the value is an object of a program's class.
"""

import _ast as ast

from noodle_ray.core.nbc.module import Instr
from noodle_ray.core.nbc.walk import flatten
from noodle_ray.core.vm.methods import is_table_name
from noodle_ray.core.vm.names import mark
from noodle_ray.core.vm.pytier import nodes
from noodle_ray.core.vm.pytier.calls import call_with, define
from noodle_ray.core.vm.pytier.emitter import Emitter, handles
from noodle_ray.core.vm.pytier.nodes import Position
from noodle_ray.light import cast

SELF = ".self"
"""The variable that says whether a method's first parameter is an object of a program's class."""
_Keywords = tuple[tuple[str, int], ...]


def is_special(name: str) -> bool:
    """Whether an attribute's name has a meaning of its own, so that only vetted values have it."""
    return name[:2] == "__" and name[-2:] == "__"


def is_self(emitter: Emitter, register: int) -> bool:
    """Whether a register is a method's first parameter, which is never assigned."""
    function = emitter.function
    return (
        register == 0
        and emitter.index in emitter.names.facts.methods
        and bool(function.params)
        and function.params[0].kind in ("pos", "pos_only")
        and emitter.registers.is_given(0)
        and function.params[0].name not in function.cells
    )


def _uses_self(emitter: Emitter) -> int:
    count = 0
    for instr in flatten(emitter.function.body):
        if instr.op == "setattr" and instr.args[0] == 0:
            count += 1
        elif instr.op in ("attr", "callm", "method") and instr.args[1] == 0:
            name = cast(str, instr.args[2])
            count += not is_special(name) and is_table_name(name)
    return count


def prologue(emitter: Emitter, at: Position) -> list[ast.stmt]:
    """What a method does first: find out once whether ``self`` is an object, if it will be asked more than once."""
    if not is_self(emitter, 0) or _uses_self(emitter) < 2:
        return []
    emitter.knows_self = True
    test = is_object(nodes.load(emitter.variable(0), at), at)
    return [nodes.assign(SELF, test, at)]


def is_object(value: ast.expr, at: Position) -> ast.expr:
    """``type(type(value)) is ProgramType``."""
    kind = nodes.call(".type", [nodes.call(".type", [value], at)], at)
    return ast.Compare(kind, [ast.Is()], [nodes.load(".Program", at)], **at)


def _test(emitter: Emitter, register: int, value: ast.expr, at: Position) -> ast.expr:
    if emitter.knows_self and is_self(emitter, register):
        return nodes.load(SELF, at)
    return is_object(value, at)


def _read(value: ast.expr, name: str, at: Position) -> ast.Attribute:
    return ast.Attribute(value, mark(name), nodes.LOAD, **at)


def _look_up(value: ast.expr, name: str, at: Position) -> ast.expr:
    return nodes.call(".attr", [value, nodes.constant(name, at)], at)


@handles("attr")
def attribute(emitter: Emitter, instr: Instr, at: Position) -> None:
    """An attribute as a value."""
    target, source, name = cast("tuple[int, int, str]", instr.args)
    value = emitter.operand(source, at)
    if is_special(name):
        emitter.result(target, _look_up(value, name, at), at)
    elif not is_table_name(name):
        emitter.result(target, _read(value, name, at), at)
    elif emitter.registers.types.get(source) or not (is_self(emitter, source) or name in emitter.names.facts.names):
        emitter.result(target, _look_up(value, name, at), at)
    else:
        emitter.result(target, _either(emitter, source, value, name, at), at)


def _either(emitter: Emitter, register: int, value: ast.expr, name: str, at: Position) -> ast.expr:
    """The attribute of an object directly, of any other value by its tables."""
    first, again = emitter.twice(value, at)
    test = _test(emitter, register, first, at)
    return ast.IfExp(test, _read(again, name, at), _look_up(again, name, at), **at)


def method(
    emitter: Emitter, receiver: int, name: str, values: list[ast.expr], keywords: _Keywords, at: Position
) -> ast.expr | None:
    """A call of a method that may be one of a program's class; None if only builtin values have it."""
    value = values[0]
    if is_special(name):
        if name == "__init__" and _is_super(value):
            return call_with(ast.Attribute(value, name, nodes.LOAD, **at), values[1:], keywords, at)
        return call_with(_look_up(value, name, at), values[1:], keywords, at)
    if not is_table_name(name) or _is_super(value):
        return call_with(_read(value, name, at), values[1:], keywords, at)
    if emitter.registers.types.get(receiver) or not (is_self(emitter, receiver) or name in emitter.names.facts.names):
        return None
    if not all(map(_is_simple, values[1:])):
        return call_with(_either(emitter, receiver, value, name, at), values[1:], keywords, at)
    first, again = emitter.twice(value, at)
    direct = call_with(_read(again, name, at), values[1:], keywords, at)
    looked_up = call_with(_look_up(again, name, at), values[1:], keywords, at)
    return ast.IfExp(_test(emitter, receiver, first, at), direct, looked_up, **at)


def _is_simple(node: ast.expr) -> bool:
    """Whether an expression is so short that it may stand in a program twice."""
    if isinstance(node, ast.BinOp):
        return _is_simple(node.left) and isinstance(node.right, ast.Name | ast.Constant)
    if isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name | ast.Constant)


def _is_super(node: ast.expr) -> bool:
    """Whether an expression is ``super()``, made here and now: an object on which nothing but the program's own names,
    and an ``__init__`` that is harmless, can be found."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == ".b..super"


@handles("setattr")
def set_attribute(emitter: Emitter, instr: Instr, at: Position) -> None:
    """``a.b = v``: directly on an object of a program's class, else by a helper that knows what takes attributes."""
    target, name, source = cast("tuple[int, str, int]", instr.args)
    value, owner = emitter.operands((source, target), at)
    emitter.flush()
    known = emitter.knows_self and is_self(emitter, target)
    since = len(emitter.holding)
    if not known and not isinstance(value, ast.Name | ast.Constant):
        value = _kept(emitter, value, at)
    if not isinstance(owner, ast.Name):
        owner = _kept(emitter, owner, at)
    helper: ast.stmt = ast.Expr(nodes.call(".setattr", [owner, nodes.constant(name, at), value], at), **at)
    if is_special(name):
        emitter.statements += [helper, *emitter.release(since, at)]
        return
    slot = ast.Attribute(owner, mark(name), nodes.STORE, **at)
    direct: ast.stmt = ast.Assign([slot], value, None, **at)
    last = emitter.statements[-1] if emitter.statements else None
    if known and isinstance(last, ast.If) and id(last) == emitter.stores:
        last.body.append(direct)
        last.orelse.append(helper)
        return
    choice = ast.If(_test(emitter, target, owner, at), [direct], [helper], **at)
    emitter.statements += [choice, *emitter.release(since, at)]
    emitter.stores = id(choice)


def _kept(emitter: Emitter, value: ast.expr, at: Position) -> ast.expr:
    name = emitter.fresh("s")
    emitter.statements.append(nodes.assign(name, value, at))
    if emitter.names.facts.ends:
        emitter.holding.append(name)
    return nodes.load(name, at)


@handles("delattr")
def delete_attribute(emitter: Emitter, instr: Instr, at: Position) -> None:
    """``del a.b``."""
    target, name = cast("tuple[int, str]", instr.args)
    owner = emitter.operand(target, at)
    emitter.statement(ast.Expr(nodes.call(".delattr", [owner, nodes.constant(name, at)], at), **at))


@handles("class")
def make_class(emitter: Emitter, instr: Instr, at: Position) -> None:
    """A class statement: a function that fills the namespace, and what makes the class of it."""
    target, name, index, bases, keywords = cast("tuple[int, str, int, tuple[int, ...], _Keywords]", instr.args)
    values = emitter.operands((*bases, *(register for _, register in keywords)), at)
    emitter.flush()
    body = define(emitter, index, [], at)
    keys: list[ast.expr | None] = [nodes.constant(key, at) for key, _ in keywords]
    given = ast.Dict(keys, values[len(bases) :], **at)
    kinds = ast.Tuple(values[: len(bases)], nodes.LOAD, **at)
    arguments = [nodes.constant(name, at), nodes.load(body, at), kinds, given]
    emitter.result(target, nodes.call(".class", arguments, at), at)
