"""Lowering of statements: each handler writes instructions into the current block."""

import _ast as ast
from typing import Any

from noodle_ray.core.lang.imports import member_meaning, module_meaning
from noodle_ray.core.lang.lower.expressions import BINARY
from noodle_ray.core.lang.lower.frame import STATEMENTS, UNREACHABLE, Frame, Loop
from noodle_ray.core.lang.lower.targets import assign, delete, direct_register, loop_register


def _expression(f: Frame, node: ast.Expr) -> None:
    kind = type(node.value)
    if kind is ast.Name:
        f.expr(node.value, f.temp())
    elif kind is not ast.Constant:
        f.expr(node.value)


def _assign(f: Frame, node: ast.Assign) -> None:
    first = node.targets[0]
    own = direct_register(f, first)
    if own is None and type(first) is ast.Name and f.lookup(first.id)[0] == "model":
        return
    register = f.expr(node.value, own)
    for target in node.targets:
        assign(f, target, register, node)


def _annotated(f: Frame, node: ast.AnnAssign) -> None:
    if node.value is not None:
        register = f.expr(node.value, direct_register(f, node.target))
        assign(f, node.target, register, node)


def _augmented(f: Frame, node: ast.AugAssign) -> None:
    op = BINARY[type(node.op)]
    target = node.target
    if isinstance(target, ast.Name):
        current = f.held(f.load(target, target.id), target)
        value = f.expr(node.value)
        own = f.destination(target.id)
        result = f.temp() if own is None else own
        f.emit(node, "inplace", result, op, current, value)
        f.store(target, target.id, result)
    elif isinstance(target, ast.Subscript):
        container = f.held(f.expr(target.value), target)
        key = f.held(f.expr(target.slice), target)
        current = f.temp()
        f.emit(target, "index", current, container, key)
        value = f.expr(node.value)
        result = f.temp()
        f.emit(node, "inplace", result, op, current, value)
        f.emit(target, "setindex", container, key, result)


def _delete(f: Frame, node: ast.Delete) -> None:
    for target in node.targets:
        delete(f, target)


def _if(f: Frame, node: ast.If) -> None:
    test = f.expr(node.test)
    before = f.assigned
    then = f.body(node.body)
    after_then, f.assigned = f.assigned, before
    other = f.body(node.orelse)
    f.assigned &= after_then
    f.emit(_Head(node, node.test), "if", test, then, other)


class _Head:
    """The span of a compound statement's first line, to its test's end."""

    __slots__ = ("col_offset", "end_col_offset", "end_lineno", "lineno")

    def __init__(self, node: Any, end: Any) -> None:
        self.lineno, self.col_offset = node.lineno, node.col_offset
        self.end_lineno, self.end_col_offset = end.end_lineno, end.end_col_offset


def _while(f: Frame, node: ast.While) -> None:
    f.assigned &= ~f.fragile
    found: list[int] = []
    test = f.block(lambda: found.append(f.expr(node.test)))
    after_test = f.assigned
    loop = Loop(len(f.handlers))
    f.loops.append(loop)
    body = f.body(node.body)
    f.loops.pop()
    f.assigned = after_test
    other = f.body(node.orelse)
    f.assigned &= loop.assigned
    f.emit(_Head(node, node.test), "while", test, found[0], body, other)


def _for(f: Frame, node: ast.For) -> None:
    iterable = f.expr(node.iter)
    f.assigned &= ~f.fragile
    before = f.assigned
    element = loop_register(f, node.target)
    loop = Loop(len(f.handlers))
    f.loops.append(loop)

    def write() -> None:
        assign(f, node.target, element, node.target)
        f.code += f.body(node.body)

    body = f.block(write)
    f.loops.pop()
    f.assigned = before
    other = f.body(node.orelse)
    f.assigned &= loop.assigned
    f.emit(_Head(node.target, node.iter), "for", element, iterable, body, other)


def _break(f: Frame, node: ast.Break) -> None:
    loop = f.loops[-1]
    _leave_handlers(f, node, loop.handlers)
    loop.assigned &= f.assigned
    f.emit(node, "break")
    f.assigned = UNREACHABLE


def _continue(f: Frame, node: ast.Continue) -> None:
    _leave_handlers(f, node, f.loops[-1].handlers)
    f.emit(node, "continue")
    f.assigned = UNREACHABLE


def _leave_handlers(f: Frame, node: ast.AST, depth: int) -> None:
    """``break`` and ``continue`` out of ``except E as name`` unbind the name, as falling out does."""
    for name in reversed(f.handlers[depth:]):
        if name is not None:
            _unbind(f, node, name)


def _unbind(f: Frame, node: ast.AST, name: str) -> None:
    kind, value = f.lookup(name)
    if kind == "local":
        f.forget(node, value)
        return
    nothing = f.const(node, None)
    f.store(node, name, nothing)
    f.delete(node, name)


def _return(f: Frame, node: ast.Return) -> None:
    f.emit(node, "return", f.const(node, None) if node.value is None else f.expr(node.value))
    f.assigned = UNREACHABLE


def _raise(f: Frame, node: ast.Raise) -> None:
    if node.exc is None:
        if f.handlers:
            f.emit(node, "reraise")
        else:
            message = f.const(node, "No active exception to reraise")
            error = f.temp()
            f.emit(node, "callb", error, "RuntimeError", (message,), ())
            f.emit(node, "raise", error)
    elif node.cause is None:
        f.emit(node, "raise", f.expr(node.exc))
    else:
        f.emit(node, "raise_from", *f.operands([node.exc, node.cause]))
    f.assigned = UNREACHABLE


def _assert(f: Frame, node: ast.Assert) -> None:
    test = f.expr(node.test)
    before = f.assigned

    def fail() -> None:
        args = () if node.msg is None else (f.expr(node.msg),)
        error = f.temp()
        f.emit(node, "callb", error, "AssertionError", args, ())
        f.emit(node, "raise", error)

    block = f.block(fail)
    f.assigned = before
    f.emit(node, "if", test, (), block)


def _try(f: Frame, node: ast.Try) -> None:
    start = f.assigned & ~f.fragile
    body = f.body(node.body)
    other: tuple[Any, ...] = ()
    if f.assigned != UNREACHABLE:
        other = f.body(node.orelse)
    after = f.assigned
    handlers = []
    for handler in node.handlers:
        f.assigned = start
        handlers.append(_handler(f, handler))
        after &= f.assigned
    final: tuple[Any, ...] = ()
    if node.finalbody:
        f.assigned = start
        saved, f.handlers = f.handlers, []
        final = f.body(node.finalbody)
        f.handlers = saved
        if f.assigned == UNREACHABLE:
            after = UNREACHABLE
        elif after != UNREACHABLE:
            after = (after & ~f.fragile) | f.assigned
    f.assigned = after
    head = _Head(node, node)
    head.end_lineno, head.end_col_offset = node.lineno, node.col_offset + 3
    f.emit(head, "try", body, tuple(handlers), other, final)


def _handler(f: Frame, node: ast.ExceptHandler) -> tuple[object, ...]:
    kinds: list[int] = []
    types = f.block(lambda: kinds.append(_exception_type(f, node.type))) if node.type is not None else ()
    exception: int | None = None
    if node.name is not None:
        own = f.destination(node.name)
        exception = f.temp() if own is None else own
    name = node.name

    def write() -> None:
        if name is not None and exception is not None:
            f.store(node, name, exception)
        f.handlers.append(name)
        f.code += f.body(node.body)
        f.handlers.pop()
        if name is not None and f.assigned != UNREACHABLE:
            _unbind(f, node, name)

    body = f.block(write)
    return (types, kinds[0] if kinds else None, exception, body)


def _exception_type(f: Frame, node: Any) -> int:
    """The class or tuple of classes to match; only instructions that the verifier allows there."""
    return f.expr(node)


def _pass(f: Frame, node: ast.AST) -> None:
    del f, node


def _import(f: Frame, node: Any) -> None:
    """An import that is its name's only binding needs no code; any other binds the name like an assignment."""
    for alias in node.names:
        name = alias.asname or alias.name.partition(".")[0]
        if f.lookup(name)[0] not in ("local", "cell", "global"):
            continue
        meaning = module_meaning(alias.name) if type(node) is ast.Import else member_meaning(node.module, alias.name)
        if meaning is None or meaning[0] not in ("module", "builtin"):
            hint = "import it under a name that nothing else binds"
            f.unit.report("NOODLE-E0203", f"'{name}' is imported and bound again", node, hint)
            continue
        register = f.temp()
        f.emit(node, "bget", register, meaning[1])
        f.store(node, name, register)


STATEMENTS.update(
    {
        ast.Expr: _expression,
        ast.Assign: _assign,
        ast.AnnAssign: _annotated,
        ast.AugAssign: _augmented,
        ast.Delete: _delete,
        ast.If: _if,
        ast.While: _while,
        ast.For: _for,
        ast.Break: _break,
        ast.Continue: _continue,
        ast.Return: _return,
        ast.Raise: _raise,
        ast.Assert: _assert,
        ast.Try: _try,
        ast.Pass: _pass,
        ast.Global: _pass,
        ast.Nonlocal: _pass,
        ast.Import: _import,
        ast.ImportFrom: _import,
    }
)
