"""Plain data as source text."""

import math

MAX_DEPTH = 50
"""Containers inside containers; more is taken for a cycle."""


class NotLiteral(Exception):
    """A value that source text cannot spell. ``culprit`` is the part of it that is at fault."""

    def __init__(self, culprit: object) -> None:
        super().__init__(f"{type(culprit).__name__} is not plain data")
        self.culprit = culprit


def literal(value: object, depth: int = 0) -> str:
    """Return an expression for None, bools, numbers, strings, lists, tuples, dicts and sets. Raises NotLiteral."""
    kind = type(value)
    if value is None or kind in (bool, int, str, bytes):
        return repr(value)
    if isinstance(value, float) and kind is float:
        return repr(value) if math.isfinite(value) else f'float("{value}")'
    if depth > MAX_DEPTH:
        raise NotLiteral(value)
    if isinstance(value, dict) and kind is dict:
        return "{" + ", ".join(f"{literal(k, depth + 1)}: {literal(v, depth + 1)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple | set | frozenset) and kind in (list, tuple, set, frozenset):
        items = ", ".join(literal(item, depth + 1) for item in value)
        if kind is list:
            return f"[{items}]"
        if kind is tuple:
            return f"({items}{',' * (len(value) == 1)})"
        return f"{kind.__name__}([{items}])"
    raise NotLiteral(value)
