"""Lowering of statements: each handler writes instructions into the current block."""

import _ast as ast

from noodle_ray.core.lang.imports import bound_meaning, member_meaning
from noodle_ray.core.lang.lower.comprehensions import iterable_of
from noodle_ray.core.lang.lower.expressions import BINARY
from noodle_ray.core.lang.lower.frame import STATEMENTS, UNREACHABLE, Frame, Loop
from noodle_ray.core.lang.lower.targets import assign, delete, direct_register, loop_register, owner
from noodle_ray.core.nbc.walk import flatten, writes_of
from noodle_ray.light import Any


def _expression(f: Frame, node: ast.Expr) -> None:
    kind = type(node.value)
    if kind is ast.Name:
        f.expr(node.value, f.temp())
    elif kind is not ast.Constant:
        f.expr(node.value)


def _assign(f: Frame, node: ast.Assign) -> None:
    first = node.targets[0]
    own = direct_register(f, first)
    if own is None and type(first) is ast.Name and f.lookup(first.id)[0] in ("model", "tool"):
        return
    register = f.expr(node.value, own)
    for target in node.targets:
        assign(f, target, register, node)


def _annotated(f: Frame, node: ast.AnnAssign) -> None:
    if node.value is not None:
        register = f.expr(node.value, direct_register(f, node.target))
        assign(f, node.target, register, node)
    if node.simple and f.scope.kind == "class":
        from noodle_ray.core.lang.lower.classes import annotate

        annotate(f, node)


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
    elif isinstance(target, ast.Attribute):
        holder = f.held(owner(f, target), target)
        current = f.temp()
        f.emit(target, "attr", current, holder, target.attr)
        value = f.expr(node.value)
        result = f.temp()
        f.emit(node, "inplace", result, op, current, value)
        f.emit(target, "setattr", holder, target.attr, result)


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


def _for(f: Frame, node: Any) -> None:
    iterable = iterable_of(f, node)
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
    f.emit(_Head(node, node.iter), "for", element, iterable, body, other)


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
    place = _last_comparison(node.test) or node

    def fail() -> None:
        args = () if node.msg is None else (f.expr(node.msg),)
        error = f.temp()
        f.emit(place, "callb", error, "AssertionError", args, ())
        f.emit(place, "raise", error)

    block = f.block(fail)
    f.assigned = before
    f.emit(node, "if", test, (), block)


def _last_comparison(test: ast.expr) -> ast.expr | None:
    """Where CPython says that an assertion failed, if its test compares something."""
    if isinstance(test, ast.Compare):
        return test
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _last_comparison(test.operand)
    if isinstance(test, ast.BoolOp):
        return next((found for value in reversed(test.values) if (found := _last_comparison(value))), None)
    return None


def _try(f: Frame, node: ast.Try) -> None:
    start = f.assigned & ~f.fragile
    body = f.body(node.body)
    other: tuple[Any, ...] = ()
    if f.assigned != UNREACHABLE:
        other = f.body(node.orelse)
    after = f.assigned
    handlers, after = _handlers(f, node.handlers, start, after)
    final: tuple[Any, ...] = ()
    if node.finalbody:
        f.assigned = start
        saved, f.handlers = f.handlers, []
        final = f.body(node.finalbody)
        f.handlers = saved
        if f.assigned == UNREACHABLE:
            after = UNREACHABLE
        elif after != UNREACHABLE:
            after = (after & ~(f.fragile | _touched(f, final))) | f.assigned
    f.assigned = after
    head = _Head(node, node)
    head.end_lineno, head.end_col_offset = node.lineno, node.col_offset + 3
    f.emit(head, "try", body, tuple(handlers), other, final)


def _touched(f: Frame, block: tuple[Any, ...]) -> int:
    """The named locals that a block checks or writes anywhere: afterwards only what it says of them holds."""
    touched = 0
    for instr in flatten(block):
        for register in writes_of(instr) if instr.op != "check" else instr.args:
            if isinstance(register, int) and register < f.named:
                touched |= 1 << register
    return touched


def _handlers(f: Frame, nodes: list[Any], start: int, after: int) -> tuple[list[tuple[object, ...]], int]:
    """The handlers of a ``try``, and what is assigned after it on every path."""
    handlers: list[tuple[object, ...]] = []
    for i, node in enumerate(nodes):
        f.assigned = start
        if node.type is not None and not _names_exceptions(node.type):
            handler, assigned = _computed_handlers(f, nodes[i:], start)
            return [*handlers, handler], after & assigned
        handlers.append(_handler(f, node))
        after &= f.assigned
    return handlers, after


def _names_exceptions(node: ast.expr) -> bool:
    """True for what can stand among a handler's types: names, attributes and tuples of those."""
    if isinstance(node, ast.Tuple):
        return all(_names_exceptions(element) for element in node.elts)
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _computed_handlers(f: Frame, nodes: list[Any], start: int) -> tuple[tuple[object, ...], int]:
    """A handler whose types are any expression: catches everything, computes them, and raises it again for them."""
    found: list[int] = []

    def write() -> None:
        node = nodes[0]
        computed = f.expr(node.type)
        before = f.assigned
        outer, f.assigned = f.assigned, start
        first = _handler(f, node, computed)
        after = f.assigned
        rest, after = _handlers(f, nodes[1:], before, after)
        f.assigned = outer
        body = f.block(lambda: f.emit(node, "reraise"))
        f.emit(node, "try", body, (first, *rest), (), ())
        found.append(after)

    block = f.block(write)
    return ((), None, None, block), found[0]


def _handler(f: Frame, node: ast.ExceptHandler, computed: int | None = None) -> tuple[object, ...]:
    kinds: list[int] = []
    types: tuple[Any, ...] = ()
    if computed is not None:
        kinds.append(computed)
    elif node.type is not None:
        types = f.block(lambda: kinds.append(f.expr(node.type)))
        if not types:  # a variable: what says that it holds no exceptions has the line of the clause
            types = f.block(lambda: f.emit(node.type, "check", kinds[0]))
    exception: int | None = None
    own: int | None = None
    if node.name is not None:
        own = f.destination(node.name)
        exception = f.temp() if own is None else own
    name = node.name

    def write() -> None:
        if name is not None and exception is not None:
            f.store(node, name, exception)
        f.handlers.append(name)
        inside = f.body(node.body)
        f.handlers.pop()
        if name is None or own is not None or not inside:
            f.code += inside
        else:
            _unbind_if_raised(f, node, name, inside)
        if name is not None and f.assigned != UNREACHABLE:
            _unbind(f, node, name)

    body = f.block(write)
    return (types, kinds[0] if kinds else None, exception, body)


def _unbind_if_raised(f: Frame, node: ast.ExceptHandler, name: str, inside: tuple[Any, ...]) -> None:
    """The body of a handler whose exception's name is no register: those are unbound when an exception leaves it."""

    def write() -> None:
        before = f.assigned
        _unbind(f, node, name)
        f.emit(node, "reraise")
        f.assigned = before

    f.emit(node, "try", inside, (((), None, None, f.block(write)),), (), ())


def _with(f: Frame, node: Any) -> None:
    _managers(f, node, 0)


def _managers(f: Frame, node: Any, i: int) -> None:
    """One ``with`` per manager. What the body assigns may not be there afterwards: leaving can end an exception."""
    item = node.items[i]
    manager = f.expr(item.context_expr)
    head = _Head(node, node.items[-1].optional_vars or node.items[-1].context_expr)
    if isinstance(node, ast.AsyncWith):
        result = f.temp()
        f.emit(head, "callb", result, ".async_with", (manager,), ())
        manager = result
    before = f.assigned & ~f.fragile
    target = item.optional_vars
    register = None if target is None else loop_register(f, target)

    def write() -> None:
        if target is not None and register is not None:
            assign(f, target, register, target)
        if i + 1 < len(node.items):
            _managers(f, node, i + 1)
        else:
            f.code += f.body(node.body)

    block = f.block(write)
    f.assigned = before
    f.emit(head, "with", manager, register, block)


def _pass(f: Frame, node: ast.AST) -> None:
    del f, node


def _import(f: Frame, node: Any) -> None:
    """An import that is its name's only binding needs no code; any other binds the name like an assignment."""
    for alias in node.names:
        name = alias.asname or alias.name.partition(".")[0]
        if f.lookup(name)[0] not in ("local", "cell", "global", "member"):
            continue
        if type(node) is ast.Import:
            meaning = bound_meaning(alias.name, alias.asname)
        else:
            meaning = member_meaning(node.module, alias.name)
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
        ast.AsyncFor: _for,
        ast.With: _with,
        ast.AsyncWith: _with,
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
