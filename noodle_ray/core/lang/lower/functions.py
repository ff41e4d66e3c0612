"""Lowering of ``def``, ``async def`` and ``lambda`` to functions of their own, and of decorators."""

import _ast as ast

from noodle_ray.core.lang.lower.frame import STATEMENTS, Frame
from noodle_ray.core.lang.resolve import docstring
from noodle_ray.core.lang.scopes import Scope
from noodle_ray.core.nbc.module import Param
from noodle_ray.light import Any

Decorators = list[tuple[Any, str, Any]]
"""Of each decorator its node, how it is called (``call`` or ``callb``), and the register or builtin to call."""


def make_function(f: Frame, node: Any, name: str, into: int | None) -> int:
    """Evaluates the defaults here, lowers the body to a new function, and makes the closure."""
    arguments = node.args
    defaults = f.operands([*arguments.defaults, *(d for d in arguments.kw_defaults if d is not None)])
    frame = Frame(f.unit, f.unit.resolution.scopes[id(node)], node, f)
    f.unit.named_functions[id(node)] = frame.index
    params = _parameters(f, arguments)
    returns = ""
    if isinstance(node, ast.Lambda):
        frame.emit(node.body, "return", frame.expr(node.body))
        frame.assigned = -1
    else:
        _lower_body(frame, node.body)
        returns = annotation_text(f, node.returns)
    index = frame.finish(name, params, f.span(node), returns, _kind(frame.home, node))
    target = f.temp() if into is None else into
    f.emit(node, "func", target, index, defaults)
    if f.unit.documented and not isinstance(node, ast.Lambda):
        text = docstring(node.body)
        if text is not None:
            f.emit(node, "setattr", target, "__doc__", f.const(node, text))
    return target


def _kind(scope: Scope, node: Any) -> str:
    if isinstance(node, ast.AsyncFunctionDef):
        return "async_generator" if scope.yields else "coroutine"
    return "generator" if scope.yields else ""


def _lower_body(frame: Frame, body: list[Any]) -> None:
    frame.code += frame.body(body)


def _parameters(f: Frame, arguments: ast.arguments) -> tuple[Param, ...]:
    found: list[Param] = []
    positional = [(a, "pos_only") for a in arguments.posonlyargs] + [(a, "pos") for a in arguments.args]
    required = len(positional) - len(arguments.defaults)
    for i, (argument, kind) in enumerate(positional):
        found.append(Param(argument.arg, kind, i >= required, annotation_text(f, argument.annotation)))
    if arguments.vararg is not None:
        found.append(Param(arguments.vararg.arg, "var", False, annotation_text(f, arguments.vararg.annotation)))
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found.append(Param(argument.arg, "kw_only", default is not None, annotation_text(f, argument.annotation)))
    if arguments.kwarg is not None:
        found.append(Param(arguments.kwarg.arg, "var_kw", False, annotation_text(f, arguments.kwarg.annotation)))
    return tuple(found)


def annotation_text(f: Frame, node: Any) -> str:
    """The source text of an annotation on one line; a quoted annotation without its quotes; '' for none."""
    if node is None:
        return ""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    lines = f.unit.lines[node.lineno - 1 : node.end_lineno]
    if not lines:
        return ""
    lines[-1] = lines[-1][: node.end_col_offset]
    lines[0] = lines[0][node.col_offset :]
    return " ".join(line.strip() for line in lines)


def decorators_of(f: Frame, node: Any) -> Decorators:
    """Evaluates the decorators of a function or class, in order."""
    found: Decorators = []
    for decorator in node.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        if _is_program(f, target):
            continue
        name = builtin_named(f, decorator)
        if name is None:
            found.append((decorator, "call", f.held(f.expr(decorator), decorator)))
        else:
            found.append((decorator, "callb", name))
    return found


def _is_program(f: Frame, node: Any) -> bool:
    if isinstance(node, ast.Name):
        return f.lookup(node.id) == ("api", "program")
    named = isinstance(node, ast.Attribute) and node.attr == "program" and isinstance(node.value, ast.Name)
    return named and f.lookup(node.value.id) == ("noodle", None)


def builtin_named(f: Frame, node: Any) -> str | None:
    """The builtin that an expression such as ``property`` or ``functools.cache`` is, or None."""
    from noodle_ray.core.lang.lower.calls import member

    if isinstance(node, ast.Name):
        kind, value = f.lookup(node.id)
        return str(value) if kind == "builtin" else None
    return member(f, node) if isinstance(node, ast.Attribute) else None


def decorate(f: Frame, decorators: Decorators, register: int) -> int:
    """Calls the decorators, the last one first."""
    for node, op, callee in reversed(decorators):
        result = f.temp()
        f.emit(node, op, result, callee, (register,), ())
        register = result
    return register


def _function(f: Frame, node: Any) -> None:
    decorators = decorators_of(f, node)
    own = None if decorators else f.destination(node.name)
    name = f.unit.resolution.titles.get(id(node), node.name)
    f.store(node, node.name, decorate(f, decorators, make_function(f, node, name, own)))


STATEMENTS[ast.FunctionDef] = _function
STATEMENTS[ast.AsyncFunctionDef] = _function
