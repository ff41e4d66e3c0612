"""Syntax tree and scopes to NBC functions, one file per concern."""

import _ast as ast

from noodle_ray.core.lang.lower import calls, comprehensions, expressions, functions, statements
from noodle_ray.core.lang.lower.frame import Frame, Unit
from noodle_ray.core.lang.resolve import OFFERED, Resolution
from noodle_ray.core.nbc.module import Span

__all__ = ["Unit", "has_value", "lower", "lower_statements", "restore_builtins", "span_of_all"]

_REGISTERED = (calls, comprehensions, expressions, functions, statements)


def lower(resolution: Resolution, lines: list[str]) -> Unit:
    """Lowers the whole program; function 0 is its top level. Findings are in the unit; raises TooLarge."""
    unit = Unit(resolution, lines)
    scope, tree = resolution.module, resolution.tree
    frame = Frame(unit, scope, tree, None)
    if scope.bound:
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
    frame.code += frame.body(_returning(statements) if last else statements)


def span_of_all(lines: list[str]) -> Span:
    """The span of a whole program."""
    return (1, 0, max(len(lines), 1), len(lines[-1]) if lines else 0)


def _returning(body: list[ast.stmt]) -> list[ast.stmt]:
    """The top level with its last line's value as what it returns: that of the last line under the usual guard, too."""
    if not body:
        return body
    *before, last = body
    if not has_value(last):
        return body
    made: ast.stmt
    if isinstance(last, ast.Expr):
        made = ast.Return(last.value)
    else:
        assert isinstance(last, ast.If)
        made = ast.If(last.test, _returning(last.body), [])
    made.lineno, made.col_offset = last.lineno, last.col_offset
    made.end_lineno, made.end_col_offset = last.end_lineno, last.end_col_offset
    return [*before, made]


def has_value(last: ast.stmt) -> bool:
    """Whether the value of a last line is the program's: an expression, or the usual guard, in which there is one."""
    return isinstance(last, ast.Expr) or (isinstance(last, ast.If) and is_guard(last.test) and not last.orelse)


def is_guard(test: ast.expr) -> bool:
    """Whether a condition is ``__name__ == "__main__"``."""
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
        return False
    sides = [test.left, test.comparators[0]]
    named = any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
    return named and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)
