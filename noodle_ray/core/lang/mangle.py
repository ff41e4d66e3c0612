"""Private names: inside a class, ``__x`` means ``_Class__x``. Rewrites the tree, as CPython's compiler does."""

import _ast as ast

from noodle_ray.core.lang.positions import CHILDREN
from noodle_ray.light import Any, Final

_FIELDS: Final[dict[type, tuple[str, ...]]] = {
    ast.Name: ("id",),
    ast.Attribute: ("attr",),
    ast.arg: ("arg",),
    ast.FunctionDef: ("name",),
    ast.AsyncFunctionDef: ("name",),
    ast.ClassDef: ("name",),
    ast.alias: ("name", "asname"),
    ast.ExceptHandler: ("name",),
    ast.MatchAs: ("name",),
    ast.MatchStar: ("name",),
    ast.MatchMapping: ("rest",),
}
_LISTS: Final[dict[type, str]] = {ast.Global: "names", ast.Nonlocal: "names"}
_DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def has_private_names(source: str) -> bool:
    """True if a word of the text begins with two underscores and does not end with them."""
    start = source.find("__")
    while start >= 0:
        stop = start
        while stop < len(source) and (source[stop] == "_" or source[stop].isalnum()):
            stop += 1
        if not source[start:stop].endswith("__") and not source[start - 1 : start].isalnum():
            return True
        start = source.find("__", stop)
    return False


def mangle(tree: ast.Module) -> dict[int, str]:
    """Mangles in place. Returns the names that functions and classes had, by node id, where they changed."""
    titles: dict[int, str] = {}
    stack: list[tuple[Any, str]] = [(tree, "")]
    while stack:
        node, owner = stack.pop()
        kind = type(node)
        inner = owner
        if kind is ast.ClassDef:
            inner = node.name.lstrip("_") or owner
        if owner:
            _rename(node, kind, owner, titles)
        for field in CHILDREN[kind]:
            value = getattr(node, field, None)
            prefix = inner if field == "body" else owner
            if type(value) is list:
                stack.extend((child, prefix) for child in value if isinstance(child, ast.AST))
            elif isinstance(value, ast.AST):
                stack.append((value, prefix))
    return titles


def _rename(node: Any, kind: type, owner: str, titles: dict[int, str]) -> None:
    for field in _FIELDS.get(kind, ()):
        name = getattr(node, field)
        if name is not None and _private(name):
            if isinstance(node, _DEFINITIONS):
                titles[id(node)] = name
            setattr(node, field, f"_{owner}{name}")
    field = _LISTS.get(kind, "")
    if field:
        setattr(node, field, [f"_{owner}{name}" if _private(name) else name for name in getattr(node, field)])


def _private(name: str) -> bool:
    return name.startswith("__") and not name.endswith("__") and "." not in name
