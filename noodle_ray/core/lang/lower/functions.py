"""Lowering of ``def`` and ``lambda`` to functions of their own."""

import _ast as ast
from typing import Any

from noodle_ray.core.lang.lower.frame import STATEMENTS, Frame
from noodle_ray.core.nbc.module import Param


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
    index = frame.finish(name, params, f.span(node), returns)
    target = f.temp() if into is None else into
    f.emit(node, "func", target, index, defaults)
    return target


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


def _function(f: Frame, node: ast.FunctionDef) -> None:
    own = f.destination(node.name)
    register = make_function(f, node, node.name, own)
    f.store(node, node.name, register)


STATEMENTS[ast.FunctionDef] = _function
