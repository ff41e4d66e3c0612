"""Emitting branches, exceptions and returns."""

import _ast as ast

from noodle_ray.core.nbc.module import Block, Instr
from noodle_ray.core.nbc.walk import flatten, reads_of
from noodle_ray.core.vm.names import EXCEPTIONS
from noodle_ray.core.vm.pytier import nodes
from noodle_ray.core.vm.pytier.emitter import Emitter, handles
from noodle_ray.core.vm.pytier.nodes import Position, position
from noodle_ray.light import Final, cast


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
    """``with``. The manager is left however the block ends, but not for a limit, and not when the run is over."""
    manager, target, body = cast("tuple[int, int | None, Block]", instr.args)
    leave, owed, error = emitter.fresh("x"), emitter.fresh("k"), emitter.fresh("e")
    entered = nodes.call(".with", [emitter.operand(manager, at)], at)
    unused = emitter.fresh("s")
    goal = nodes.store(unused if target is None else emitter.variable(target), at)
    both = ast.Tuple([nodes.store(leave, at), goal], nodes.STORE, **at)
    emitter.statement(ast.Assign([both], entered, None, **at))
    emitter.statements.append(nodes.assign(owed, nodes.constant(True, at), at))
    if target is None and emitter.names.facts.ends:
        emitter.statements.append(nodes.assign(unused, nodes.constant(None, at), at))
    settled = nodes.assign(owed, nodes.constant(False, at), at)
    again = ast.Raise(None, None, **at)
    noted = ast.Expr(nodes.call(".tripped", [nodes.load(error, at)], at), **at)
    swallowed = nodes.call(".leave", [nodes.load(leave, at), nodes.load(error, at)], at)
    catching = [
        ast.ExceptHandler(emitter.limits(at), error, [settled, noted, again], **at),
        ast.ExceptHandler(
            nodes.load(".BaseException", at),
            error,
            [settled, ast.If(ast.UnaryOp(ast.Not(), swallowed, **at), [again], [], **at)],
            **at,
        ),
    ]
    nothing = [nodes.constant(None, at) for _ in range(3)]
    since = len(emitter.holding)
    inside = nodes.plain(at, *emitter.block(body))
    catching[1].body[:0] = emitter.release(since, at)
    plainly = ast.If(
        nodes.load(owed, at), [ast.Expr(nodes.call(leave, cast("list[ast.expr]", nothing), at), **at)], [], **at
    )
    free = ast.Delete([ast.Name(leave, nodes.DELETE, **at)], **at)
    emitter.statements.append(ast.Try(inside, catching, [], [plainly, free], **at))


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
    since = len(emitter.holding)
    statements = nodes.plain(at, *emitter.block(body))
    release = emitter.release(since, at)
    catching = []
    if (
        emitter.names.facts.ends
        or final
        or not all(_is_narrow(cast("tuple[Block, object, object, Block]", handler)[0]) for handler in handlers)
    ):
        name = emitter.fresh("e")
        passing: list[ast.stmt] = [
            ast.Expr(nodes.call(".tripped", [nodes.load(name, at)], at), **at),
            ast.Raise(None, None, **at),
        ]
        catching.append(ast.ExceptHandler(emitter.limits(at), name, passing, **at))
    for handler in handlers:
        catching.append(_handler(emitter, cast("tuple[Block, int | None, int | None, Block]", handler), release, at))
    after = emitter.block(orelse)
    release = emitter.release(since, at)
    ending = emitter.block(final)
    if ending:
        ending = [*release, *ending]
        ending = [ast.If(ast.UnaryOp(ast.Not(), nodes.call(".is_tripped", [], at), **at), ending, [], **at)]
    emitter.statements.append(ast.Try(statements, catching, after, ending, **at))


_BROAD: Final = frozenset(
    "AttributeError BaseException Exception GeneratorExit MemoryError RecursionError RuntimeError TypeError".split()  # noqa: SIM905
)
"""Builtin exceptions that are limits, or bases of some, or whose messages are to be cleaned."""


def _is_narrow(types: Block) -> bool:
    """Whether a handler surely catches no limit: it names builtin exceptions only."""
    return bool(types) and all(
        instr.op == "tuple" or (instr.op == "bget" and instr.args[1] in EXCEPTIONS - _BROAD) for instr in types
    )


def _only_inside(emitter: Emitter, register: int, body: Block) -> bool:
    """Whether an unnamed register is read by this handler alone."""
    reads = sum(reads_of(instr).count(register) for instr in flatten(body))
    return emitter.variable(register).startswith(".") and reads == emitter.registers.reads[register]


def _handler(
    emitter: Emitter, handler: tuple[Block, int | None, int | None, Block], release: list[ast.stmt], at: Position
) -> ast.ExceptHandler:
    types, tested, caught, body = handler
    kind: ast.expr = nodes.load(".BaseException", at)
    if tested is not None:
        at = position(types[-1].span) if types else at
        before, kind = emitter.expression(types, tested, at)
        assert not before, "the verifier lets only simple expressions name the exceptions to catch"
    name = None
    inside = emitter.block(body)
    if caught is not None and _only_inside(emitter, caught, body):
        name = emitter.variable(caught)  # which CPython unbinds, however the handler is left
    elif caught is not None:
        name = emitter.fresh("e")
        inside = _unbinding(emitter.variable(caught), name, nodes.plain(at, *inside), at)
    return ast.ExceptHandler(kind, name, nodes.plain(at, *release, *inside), **at)


def _unbinding(variable: str, error: str, inside: list[ast.stmt], at: Position) -> list[ast.stmt]:
    """A handler's body with the exception in a variable, which lets it go when another one leaves the body: a variable
    of the program is unbound then."""
    gone: list[ast.stmt] = [nodes.assign(variable, nodes.constant(None, at), at)]
    if not variable.startswith("."):
        gone.append(ast.Delete([ast.Name(variable, nodes.DELETE, **at)], **at))
    left = ast.ExceptHandler(None, None, [*gone, ast.Raise(None, None, **at)], **at)
    return [nodes.assign(variable, nodes.load(error, at), at), ast.Try(inside, [left], [], [], **at)]
