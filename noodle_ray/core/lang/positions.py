"""Walking the syntax tree, and turning the UTF-8 bytes that CPython counts in columns into characters."""

import _ast as ast

from noodle_ray.light import Any, Final

_NO_NODES: Final = frozenset(
    {"asname", "attr", "conversion", "ctx", "id", "is_async", "kind", "level", "module", "op", "ops", "simple",
     "type_comment"}
)  # fmt: skip


class _Children(dict[type, tuple[str, ...]]):
    """The fields of a node type that can hold nodes worth visiting, worked out once per type."""

    def __missing__(self, kind: type) -> tuple[str, ...]:
        fields = getattr(kind, "_fields", ())
        found = () if kind is ast.Constant else tuple(field for field in fields if field not in _NO_NODES)
        self[kind] = found
        return found


CHILDREN: Final = _Children()
"""Fields to visit, by node type: contexts, operators and plain strings are left out."""


def to_characters(tree: ast.Module, lines: list[str]) -> None:
    """Rewrites all columns of the tree in place; lines of ASCII need nothing."""
    encoded: list[bytes | None] = [None if line.isascii() else line.encode() for line in lines]

    def column(line: int, offset: int) -> int:
        text = encoded[line - 1] if 0 < line <= len(encoded) else None
        return offset if text is None else len(text[:offset].decode("utf-8", "ignore"))

    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        if getattr(node, "lineno", None) is not None:
            node.col_offset = column(node.lineno, node.col_offset)
            node.end_col_offset = column(node.end_lineno, node.end_col_offset)
        for field in CHILDREN[type(node)]:
            value = getattr(node, field, None)
            if type(value) is list:
                stack.extend(child for child in value if isinstance(child, ast.AST))
            elif isinstance(value, ast.AST):
                stack.append(value)
