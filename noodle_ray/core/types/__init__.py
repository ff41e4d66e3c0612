"""The gradual type checker: what would surely fail when a program runs, and the types it infers.

``check`` gives findings, ``infer`` the types of expressions by place. Nothing is reported about code that cannot be
reached, or inside of handlers that would catch it, or of which too little is known.
"""

import ast
from collections.abc import Mapping

from noodle_ray.core.lang.parse import parse, split_lines
from noodle_ray.core.lang.positions import to_characters
from noodle_ray.core.nbc.module import Span
from noodle_ray.core.types.model import Type, show
from noodle_ray.errors import Diagnostic

__all__ = ["check", "infer", "show"]


def check(source: str, filename: str = "<noodle>", tasks: Mapping[str, str] | None = None) -> list[Diagnostic]:
    """What surely fails in a program, in source order. ``tasks`` says what models are for, by name, as far as known.

    Gives nothing for a source that cannot be parsed: the compiler reports that.
    """
    found = _analysed(source, filename, tasks or {})
    return [] if found is None else sorted(found[0], key=lambda one: one.span)


def infer(source: str, filename: str = "<noodle>") -> "dict[Span, Type]":
    """The type of each expression that can be reached, by its span (line, column, end line, end column)."""
    found = _analysed(source, filename, {})
    return {} if found is None else found[1]


def _analysed(
    source: str, filename: str, tasks: Mapping[str, str]
) -> "tuple[list[Diagnostic], dict[Span, Type]] | None":
    from noodle_ray.core.types.checker import Checker, TooMuch

    source = source.removeprefix("\ufeff")
    tree, problems = parse(source, filename)
    if tree is None or problems:
        return None
    if not source.isascii():
        to_characters(tree, split_lines(source))
    assert isinstance(tree, ast.Module)
    try:
        checker = Checker(tree, dict(tasks))
        checker.check()
    except (RecursionError, TooMuch):
        return None
    return list(checker.found.values()), dict(checker.types)
