"""Syntax tree and scopes to NBC functions, one file per concern."""

import _ast as ast

from noodle_ray.core.lang.lower import calls, comprehensions, expressions, functions, statements
from noodle_ray.core.lang.lower.frame import UNREACHABLE, Frame, Unit
from noodle_ray.core.lang.resolve import OFFERED, Resolution

__all__ = ["Unit", "lower"]

_REGISTERED = (calls, comprehensions, expressions, functions, statements)


def lower(resolution: Resolution, lines: list[str]) -> Unit:
    """Lowers the whole program; function 0 is its top level. Findings are in the unit; raises TooLarge."""
    unit = Unit(resolution, lines)
    scope, tree = resolution.module, resolution.tree
    frame = Frame(unit, scope, tree, None)
    hidden = [name for name in scope.bound if name in OFFERED and scope.static_meaning(name) is None]
    for name in hidden:
        frame.restore_builtin(tree, name)
    body = list(tree.body)
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    frame.code += frame.body(body)
    if last is not None and frame.assigned != UNREACHABLE:
        assert isinstance(last, ast.Expr)
        frame.emit(last, "return", frame.expr(last.value))
        frame.assigned = UNREACHABLE
    frame.finish("<module>", (), (1, 0, max(len(lines), 1), len(lines[-1]) if lines else 0))
    return unit
