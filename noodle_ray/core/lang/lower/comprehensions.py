"""Lowering of comprehensions and generator expressions.

A comprehension is inlined: its variables are unnamed registers of the function around it. If a closure
captures one of them, it becomes a function of its own that is called with the first iterable, as in
CPython. If the effects pass has proved that its elements may overlap, it becomes a ``gather``.

A generator expression is a generator function, called with an iterator of its first iterable, unless it is handed
straight to a builtin that does not tell it from a list.
"""

import _ast as ast

from noodle_ray.core.lang.lower.frame import EXPRESSIONS, UNREACHABLE, Frame
from noodle_ray.core.lang.lower.targets import assign, loop_register
from noodle_ray.core.lang.positions import CHILDREN
from noodle_ray.core.lang.scopes import Scope
from noodle_ray.core.nbc.module import Instr, Param
from noodle_ray.light import Any, Callable

_NAMES = {"list": "<listcomp>", "set": "<setcomp>", "dict": "<dictcomp>"}


def lower_comprehension(f: Frame, node: Any, kind: str, into: int | None) -> int:
    """A new list, set or dict (of ``kind``) made by the comprehension or generator expression."""
    scope = f.unit.resolution.scopes[id(node)]
    if id(node) in f.unit.resolution.as_functions:
        return _gather(f, node, scope, kind, into)
    if scope.function:
        iterable = iterable_of(f, node.generators[0])
        frame = _frame(f, node, scope, ["iterable"])
        frame.emit(node, "return", _build(frame, node, kind, None, 0))
        return _call(f, node, frame, _NAMES[kind], (iterable,), into)
    outer = _enter(f, scope)
    result = _build(f, node, kind, into, None)
    f.scope = outer
    return result


def _build(f: Frame, node: Any, kind: str, into: int | None, iterable: int | None) -> int:
    """``comp``: its block evaluates the first iterable, unless that is in a register already."""

    def emit() -> None:
        if kind == "dict":
            f.emit(node, "emit2", *f.operands([node.key, node.value]))
        else:
            f.emit(node, "emit", f.expr(node.elt))

    if iterable is None and f.home.yields and _yields(node.generators[0].iter):
        iterable = f.held(_first_iterable(f, node.generators[0]), node)
    before = f.assigned
    block = f.block(lambda: _loops(f, node.generators, 0, iterable, emit, None))
    f.assigned = before
    target = f.temp() if into is None else into
    f.emit(node, "comp", target, kind, block)
    f.unit.comprehensions.append((node, f.index, f.code[-1]))
    return target


def _enter(f: Frame, scope: Scope) -> Scope:
    """Makes an inlined comprehension's variables registers of this function; the scope to return to."""
    for name in scope.bound:
        if scope.owns(name):
            scope.cache[name] = ("register", f.temp())
    # the first iterable belongs to the scope around, but no name in it can be one of this scope's: see _outside
    outer, f.scope = f.scope, scope
    return outer


def _loops(
    f: Frame,
    generators: list[ast.comprehension],
    i: int,
    iterable: int | None,
    innermost: Callable[[], None],
    exhausted: Callable[[], None] | None,
) -> None:
    """The nested ``for``s. With ``exhausted``, ``innermost`` ends in ``break`` to leave all loops at once,
    and ``exhausted`` writes what happens if the outermost loop runs out."""
    generator = generators[i]
    if iterable is None:
        iterable = _first_iterable(f, generator) if i == 0 else iterable_of(f, generator)
    before = f.assigned
    element = loop_register(f, generator.target)

    def rest() -> None:
        assign(f, generator.target, element, generator.target)
        _filters(f, generator, 0, inner)

    def inner() -> None:
        if i + 1 == len(generators):
            innermost()
            return
        _loops(f, generators, i + 1, None, innermost, exhausted)
        if exhausted is not None:
            f.emit(generator.target, "break")

    body = f.block(rest)
    f.assigned = before
    other = () if exhausted is None else f.block(exhausted if i == 0 else lambda: f.emit(generator.target, "continue"))
    f.emit(generator.target, "for", element, iterable, body, other)


def _first_iterable(f: Frame, generator: ast.comprehension) -> int:
    """The first iterable is evaluated in the scope around the comprehension."""
    inner = f.scope
    assert inner.parent is not None
    f.scope = inner.parent
    register = iterable_of(f, generator)
    f.scope = inner
    return register


def _yields(node: Any) -> bool:
    """True if the expression suspends the generator it stands in, which no part of a ``comp`` can."""
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, ast.Yield | ast.YieldFrom):
            return True
        for field in CHILDREN[type(current)]:
            value = getattr(current, field, None)
            stack += [part for part in (value if type(value) is list else [value]) if isinstance(part, ast.AST)]
    return False


def iterable_of(f: Frame, node: Any) -> int:
    """What a ``for`` or ``async for`` goes through."""
    register = f.expr(node.iter)
    if type(node) is ast.AsyncFor or getattr(node, "is_async", False):
        result = f.temp()
        place = node if type(node) is ast.AsyncFor else node.iter
        f.emit(place, "callb", result, ".async_iter", (register,), ())
        return result
    return register


def _filters(f: Frame, generator: ast.comprehension, i: int, then: Callable[[], None]) -> None:
    if i == len(generator.ifs):
        then()
        return
    test = f.expr(generator.ifs[i])
    block = f.block(lambda: _filters(f, generator, i + 1, then))
    f.emit(generator.ifs[i], "if", test, block, ())


# a function of its own


def _frame(f: Frame, node: Any, scope: Scope, parameters: list[str]) -> Frame:
    """A frame for a comprehension whose parameters have the given names, made different from its variables."""
    taken = {*scope.bound, *scope.loads, *scope.unresolved}
    names = []
    for name in parameters:
        while name in taken:
            name += "_"
        taken.add(name)
        names.append(name)
        scope.bound[name] = 2
    scope.params = names
    return Frame(f.unit, scope, node, f)


def _params(frame: Frame) -> tuple[Param, ...]:
    return tuple(Param(name, "pos", False, "") for name in frame.home.params)


def _call(f: Frame, node: Any, frame: Frame, name: str, args: tuple[int, ...], into: int | None, kind: str = "") -> int:
    frame.assigned = UNREACHABLE
    index = frame.finish(name, _params(frame), f.span(node), "", kind)
    callee = f.temp()
    f.emit(node, "func", callee, index, ())
    target = f.temp() if into is None else into
    f.emit(node, "call", target, callee, args, ())
    return target


def _gather(f: Frame, node: Any, scope: Scope, kind: str, into: int | None) -> int:
    """``gather``: the element, or the marker for one that a filter leaves out, is what a function returns.
    A set or dict is then made from the list of elements or pairs."""
    generator = node.generators[0]
    iterable = f.expr(generator.iter)
    if isinstance(generator.target, ast.Name):
        scope.params = [generator.target.id]
        frame = Frame(f.unit, scope, node, f)
    else:
        frame = _frame(f, node, scope, ["element"])
        assign(frame, generator.target, 0, generator.target)
    for test in generator.ifs:
        passed = frame.expr(test)
        skip = frame.temp()
        span = frame.span(test)
        block = (Instr("bget", (skip, ".skip"), span), Instr("return", (skip,), span))
        frame.emit(test, "if", passed, (), block)
    if kind == "dict":
        pair = frame.operands([node.key, node.value])
        element = frame.temp()
        frame.emit(node, "tuple", element, pair)
    else:
        element = frame.expr(node.elt)
    frame.emit(node, "return", element)
    frame.assigned = UNREACHABLE
    index = frame.finish("<listcomp>", _params(frame), f.span(node))
    target = f.temp() if into is None or kind != "list" else into
    f.emit(node, "gather", target, "list", iterable, index)
    if kind == "list":
        return target
    result = f.temp() if into is None else into
    f.emit(node, "callb", result, kind, (target,), ())
    return result


# any, all, next


def lower_search(f: Frame, call: ast.Call, node: ast.GeneratorExp, name: str, into: int | None) -> int:
    """``any``, ``all`` or ``next`` of a generator expression: a loop that stops where the generator would."""
    scope = f.unit.resolution.scopes[id(node)]
    iterable = f.held(f.expr(node.generators[0].iter), node)
    default = f.expr(call.args[1]) if len(call.args) == 2 else None
    if not scope.function:
        outer = _enter(f, scope)
        result = _search(f, call, node, name, iterable, default, into)
        f.scope = outer
        return result
    frame = _frame(f, node, scope, ["iterable"] if default is None else ["iterable", "default"])
    frame.emit(node, "return", _search(frame, call, node, name, 0, None if default is None else 1, None))
    args = (iterable,) if default is None else (iterable, default)
    return _call(f, call, frame, "<genexpr>", args, into)


def _search(
    f: Frame, call: ast.Call, node: ast.GeneratorExp, name: str, iterable: int, default: int | None, into: int | None
) -> int:
    result = f.temp()
    if default is None:
        f.const(call, {"any": False, "all": True}.get(name), result)
    else:
        f.emit(call, "move", result, default)

    def found() -> None:
        if name == "next":
            f.expr(node.elt, result)
            f.emit(node.elt, "break")
            return
        test = f.expr(node.elt)
        span = f.span(node.elt)
        stop = (Instr("const", (result, name == "any"), span), Instr("break", (), span))
        f.emit(node.elt, "if", test, *((stop, ()) if name == "any" else ((), stop)))

    def exhausted() -> None:
        if name == "next" and default is None:
            error = f.temp()
            f.emit(call, "callb", error, "StopIteration", (), ())
            f.emit(call, "raise", error)

    before = f.assigned
    _loops(f, node.generators, 0, iterable, found, exhausted)
    f.assigned = before
    if into is None:
        return result
    f.emit(call, "move", into, result)
    return into


EXPRESSIONS[ast.ListComp] = lambda f, node, into: lower_comprehension(f, node, "list", into)
EXPRESSIONS[ast.SetComp] = lambda f, node, into: lower_comprehension(f, node, "set", into)
EXPRESSIONS[ast.DictComp] = lambda f, node, into: lower_comprehension(f, node, "dict", into)


def _generator(f: Frame, node: ast.GeneratorExp, into: int | None) -> int:
    first = node.generators[0]
    scope = f.unit.resolution.scopes[id(node)]
    iterable = iterable_of(f, first)
    if not first.is_async:
        iterator = f.temp()
        f.emit(node, "callb", iterator, "iter", (iterable,), ())
        iterable = iterator
    frame = _frame(f, node, scope, ["__iterable__"])
    _loops(frame, node.generators, 0, 0, lambda: _yield_element(frame, node), None)
    kind = "async_generator" if scope.awaits else "generator"
    return _call(f, node, frame, "<genexpr>", (iterable,), into, kind)


def _yield_element(f: Frame, node: ast.GeneratorExp) -> None:
    element = f.expr(node.elt)
    f.emit(node.elt, "yield", f.temp(), element)


EXPRESSIONS[ast.GeneratorExp] = _generator
