"""Short constructors for the syntax trees that the tier generates, each at a place in the program's source."""

import _ast as ast

from noodle_ray.core.nbc.module import Span
from noodle_ray.light import Final, TypeAlias

Position: TypeAlias = dict[str, int]
LOAD: Final = ast.Load()
STORE: Final = ast.Store()
DELETE: Final = ast.Del()
NOWHERE: Final[Position] = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0}


def position(span: Span) -> Position:
    """A span as node attributes; one that CPython would refuse is shrunk to its start."""
    line, column, end_line, end_column = span
    if line > 0 and column >= 0 and (line < end_line or (line == end_line and column <= end_column)):
        return {"lineno": line, "col_offset": column, "end_lineno": end_line, "end_col_offset": end_column}
    line, column = max(line, 1), max(column, 0)
    if (end_line, end_column) < (line, column):
        end_line, end_column = line, column
    return {"lineno": line, "col_offset": column, "end_lineno": end_line, "end_col_offset": end_column}


def load(name: str, at: Position) -> ast.Name:
    """Read a variable."""
    return ast.Name(name, LOAD, **at)


def store(name: str, at: Position) -> ast.Name:
    """The target of an assignment."""
    return ast.Name(name, STORE, **at)


def assign(name: str, value: ast.expr, at: Position) -> ast.stmt:
    """``name = value``."""
    return ast.Assign([ast.Name(name, STORE, **at)], value, None, **at)


def constant(value: object, at: Position) -> ast.Constant:
    """A literal; its value is an NBC constant."""
    return ast.Constant(value, None, **at)  # type: ignore[arg-type]


def call(function: str, arguments: list[ast.expr], at: Position) -> ast.Call:
    """Call one of the tier's own helpers."""
    return ast.Call(ast.Name(function, LOAD, **at), arguments, [], **at)


def plain(at: Position, *statements: ast.stmt) -> list[ast.stmt]:
    """Statements, or ``pass`` where Python wants at least one."""
    return list(statements) or [ast.Pass(**at)]
