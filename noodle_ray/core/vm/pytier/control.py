"""Emitting branches, exceptions and returns."""

import _ast as ast
from typing import cast

from noodle_ray.core.nbc.module import Block, Instr
from noodle_ray.core.vm.pytier import nodes
from noodle_ray.core.vm.pytier.emitter import Emitter, handles
from noodle_ray.core.vm.pytier.nodes import Position, position


@handles("if")
def branch(emitter: Emitter, instr: Instr, at: Position) -> None:
    """``if`` with both arms."""
    test, yes, no = cast("tuple[int, Block, Block]", instr.args)
    condition = emitter.operand(test, at)
    emitter.flush()
    emitter.statements.append(ast.If(condition, nodes.plain(at, *emitter.block(yes)), emitter.block(no), **at))


@handles("return")
def leave(emitter: Emitter, instr: Instr, at: Position) -> None:
    """``return``."""
    value = emitter.operand(cast(int, instr.args[0]), at)
    if emitter.function.kind == "async_generator":  # in which CPython allows no value
        emitter.statement(ast.Expr(value, **at))
        emitter.statement(ast.Return(None, **at))
        return
    emitter.statement(ast.Return(value, **at))


@handles("yield", "yieldfrom")
def suspend(emitter: Emitter, instr: Instr, at: Position) -> None:
    """``yield`` and ``yield from``: CPython's own."""
    target, source = cast("tuple[int, int]", instr.args)
    value = emitter.operand(source, at)
    emitter.result(target, ast.Yield(value, **at) if instr.op == "yield" else ast.YieldFrom(value, **at), at)


@handles("with")
def manage(emitter: Emitter, instr: Instr, at: Position) -> None:
    """``with``: CPython's own over a guard, which no limit makes call the manager."""
    manager, target, body = cast("tuple[int, int | None, Block]", instr.args)
    guard = nodes.call(".with", [emitter.operand(manager, at), nodes.load(".passing", at)], at)
    emitter.flush()
    goal = None if target is None else nodes.store(emitter.variable(target), at)
    emitter.statements.append(ast.With([ast.withitem(guard, goal)], nodes.plain(at, *emitter.block(body)), None, **at))


@handles("break", "continue")
def jump(emitter: Emitter, instr: Instr, at: Position) -> None:
    """``break`` and ``continue``."""
    emitter.statement(ast.Break(**at) if instr.op == "break" else ast.Continue(**at))


@handles("raise", "raise_from", "reraise")
def throw(emitter: Emitter, instr: Instr, at: Position) -> None:
    """The forms of ``raise``."""
    values = emitter.operands(cast("tuple[int, ...]", instr.args), at)
    emitter.statement(ast.Raise(values[0] if values else None, values[1] if len(values) > 1 else None, **at))


@handles("try")
def attempt(emitter: Emitter, instr: Instr, at: Position) -> None:
    """``try``. A limit passes every handler, and no ``finally`` runs for it; nor does any when the run is over."""
    body, handlers, orelse, final = cast("tuple[Block, tuple[object, ...], Block, Block]", instr.args)
    emitter.flush()
    statements = nodes.plain(at, *emitter.block(body))
    name = emitter.fresh("e")
    passing: list[ast.stmt] = [
        ast.Expr(nodes.call(".tripped", [nodes.load(name, at)], at), **at),
        ast.Raise(None, None, **at),
    ]
    catching = [ast.ExceptHandler(nodes.call(".limits", [], at), name, passing, **at)]
    for handler in handlers:
        catching.append(_handler(emitter, cast("tuple[Block, int | None, int | None, Block]", handler), at))
    after = emitter.block(orelse)
    ending = emitter.block(final)
    if ending:
        ending = [ast.If(ast.UnaryOp(ast.Not(), nodes.call(".is_tripped", [], at), **at), ending, [], **at)]
    emitter.statements.append(ast.Try(statements, catching, after, ending, **at))


def _handler(emitter: Emitter, handler: tuple[Block, int | None, int | None, Block], at: Position) -> ast.ExceptHandler:
    types, tested, caught, body = handler
    kind: ast.expr = nodes.load(".BaseException", at)
    if tested is not None:
        at = position(types[-1].span) if types else at
        before, kind = emitter.expression(types, tested, at)
        assert not before, "the verifier lets only simple expressions name the exceptions to catch"
    statements: list[ast.stmt] = []
    name = None
    if caught is not None:
        name = emitter.fresh("e")
        statements.append(nodes.assign(emitter.variable(caught), nodes.load(name, at), at))
    statements += emitter.block(body)
    return ast.ExceptHandler(kind, name, nodes.plain(at, *statements), **at)
