"""Source text to syntax tree, and everything CPython's own compiler calls a syntax error.

``_ast`` holds the node classes; the ``ast`` module around it would cost three milliseconds at start-up.
"""

import _ast as ast
from _thread import allocate_lock

from noodle_ray.core.nbc.module import Span
from noodle_ray.errors import Diagnostic
from noodle_ray.light import Any, Final, WarningsIgnored

MAX_SOURCE: Final = 1 << 20
"""Largest source accepted, in characters."""

TOO_DEEP: Final = Diagnostic(
    "NOODLE-E0116",
    "the program is nested too deeply",
    (1, 0, 1, 1),
    "move inner parts into functions or variables of their own",
)

_warnings_lock = allocate_lock()
"""Warning filters belong to the process; two compilations must not swap them at once."""


def parse(source: str, filename: str) -> tuple[ast.Module | None, list[Diagnostic]]:
    """Returns the tree, or None and the findings that make one impossible. Never raises for any string."""
    if len(source) > MAX_SOURCE:
        message = f"the program is too large: {len(source)} characters, {MAX_SOURCE} are allowed"
        return None, [Diagnostic("NOODLE-E0118", message, (1, 0, 1, 1), "pass data as arguments of main instead")]
    if "\0" in source or not source.isascii():
        for character, what in (("\0", "a null character"), *_surrogates(source)):
            if character not in source:
                continue
            span = _span_of(source, source.index(character))
            return None, [Diagnostic("NOODLE-E0001", f"the program contains {what}", span, "remove the character")]
    tree: Any
    try:
        with _warnings_lock, WarningsIgnored():
            tree = compile(source, filename, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except SyntaxError as error:
        return None, [_from_syntax_error(error)]
    except (ValueError, OverflowError, UnicodeError) as error:
        return None, [Diagnostic("NOODLE-E0001", f"the program cannot be read: {error}", (1, 0, 1, 1))]
    except (RecursionError, MemoryError):
        return None, [TOO_DEEP]
    return tree, []


def late_syntax_errors(tree: ast.Module, filename: str, flags: int = 0) -> list[Diagnostic]:
    """The syntax errors that CPython finds only after parsing, such as ``return`` outside a function. ``flags`` are
    those of ``__future__`` imports that the tree does not have itself."""
    try:
        with _warnings_lock, WarningsIgnored():
            compile(tree, filename, "exec", flags, dont_inherit=True)
    except SyntaxError as error:
        return [_from_syntax_error(error)]
    except (ValueError, OverflowError, TypeError) as error:
        return [Diagnostic("NOODLE-E0001", f"the program cannot be read: {error}", (1, 0, 1, 1))]
    except (RecursionError, MemoryError):
        return [TOO_DEEP]
    return []


def split_lines(source: str) -> list[str]:
    """Source lines as the tokenizer counts them; form feeds and the like do not end a line."""
    return source.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _surrogates(source: str) -> list[tuple[str, str]]:
    if source.isascii():
        return []
    found = next((c for c in source if "\ud800" <= c <= "\udfff"), None)
    return [(found, "half of a surrogate pair")] if found else []


def _span_of(source: str, offset: int) -> Span:
    lines = split_lines(source[:offset])
    return (len(lines), len(lines[-1]), len(lines), len(lines[-1]) + 1)


def _from_syntax_error(error: SyntaxError) -> Diagnostic:
    line = max(error.lineno or 1, 1)
    column = max((error.offset or 1) - 1, 0)
    end_line = max(error.end_lineno or line, line)
    end_column = max((error.end_offset or 0) - 1, 0)
    if end_line == line and end_column <= column:
        end_column = column + 1
    return Diagnostic("NOODLE-E0001", f"syntax error: {error.msg}", (line, column, end_line, end_column))
