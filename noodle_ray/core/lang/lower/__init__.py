"""Syntax tree and scopes to NBC functions, one file per concern."""

import _ast as ast

from noodle_ray.core.lang.lower import calls, comprehensions, expressions, functions, statements
from noodle_ray.core.lang.lower.frame import UNREACHABLE, Frame, Unit
from noodle_ray.core.lang.resolve import OFFERED, Resolution
from noodle_ray.core.nbc.module import Span

__all__ = ["Unit", "lower", "lower_statements", "restore_builtins", "span_of_all"]

_REGISTERED = (calls, comprehensions, expressions, functions, statements)


def lower(resolution: Resolution, lines: list[str]) -> Unit:
    """Lowers the whole program; function 0 is its top level. Findings are in the unit; raises TooLarge."""
    unit = Unit(resolution, lines)
    scope, tree = resolution.module, resolution.tree
    frame = Frame(unit, scope, tree, None)
    restore_builtins(frame)
    lower_statements(frame, tree.body, last=True)
    frame.finish("<module>", (), span_of_all(lines))
    return unit


def restore_builtins(frame: Frame) -> None:
    """Gives what hides builtins their values to begin with."""
    scope = frame.scope
    for name in [name for name in scope.bound if name in OFFERED and scope.static_meaning(name) is None]:
        frame.restore_builtin(scope.node, name)


def lower_statements(frame: Frame, statements: list[ast.stmt], *, last: bool) -> None:
    """Lowers statements of the top level; with ``last``, the value of a final expression is the program's."""
    body = list(statements)
    final = body.pop() if last and body and isinstance(body[-1], ast.Expr) else None
    frame.code += frame.body(body)
    if final is not None and frame.assigned != UNREACHABLE:
        assert isinstance(final, ast.Expr)
        frame.emit(final, "return", frame.expr(final.value))
        frame.assigned = UNREACHABLE


def span_of_all(lines: list[str]) -> Span:
    """The span of a whole program."""
    return (1, 0, max(len(lines), 1), len(lines[-1]) if lines else 0)
