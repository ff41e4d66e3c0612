"""What a program asks about itself: ``globals()``, ``locals()``, and annotations as the values that they name.

Annotations are text unless the program has a word that asks for more; then each is evaluated where CPython would
evaluate it. The tree is changed for that, with names of builtins that no source can spell.
"""

import _ast as ast
from ast import unparse
from collections.abc import Iterator
from typing import Any, Final

from noodle_ray.core.lang.positions import CHILDREN

TYPES: Final = ".types"
"""The variable of a class body that has the values of its annotations."""
_NAMESPACES: Final = {"globals": ".globals", "locals": ".locals"}
_ASKING: Final = ("__annotations__", "get_annotations", "get_type_hints", "signature", "singledispatch", "fields(")
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)


def rewrite(tree: ast.Module, source: str) -> None:
    """Change the tree of a program that asks about itself."""
    if any(f"{name}(" in source for name in _NAMESPACES):
        _rename_calls(tree)
    if any(word in source for word in _ASKING):
        postponed = _postpones(tree)
        for node in [*_walk(tree)]:
            if isinstance(node, _FUNCTIONS):
                _annotate_function(node, postponed)
            elif isinstance(node, ast.ClassDef) and not postponed:
                _annotate_class(node)


def _walk(tree: ast.AST) -> Iterator[Any]:
    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        yield node
        for field in CHILDREN[type(node)]:
            value = getattr(node, field, None)
            if isinstance(value, list):
                stack += [child for child in value if isinstance(child, ast.AST)]
            elif isinstance(value, ast.AST):
                stack.append(value)


def _rename_calls(tree: ast.Module) -> None:
    nodes = [*_walk(tree)]
    for node in nodes:
        bound = {getattr(node, "name", None), getattr(node, "arg", None), getattr(node, "asname", None)}
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.add(node.id)
        if not bound.isdisjoint(_NAMESPACES):
            return  # they are names of the program
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not (node.args or node.keywords):
            node.func.id = _NAMESPACES.get(node.func.id, node.func.id)


def _postpones(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(each.name == "annotations" for each in node.names)
        for node in tree.body
    )


def _annotate_function(node: Any, postponed: bool) -> None:
    """The innermost decorator gives the function its annotations: as text, if ``from __future__`` says so."""
    arguments = node.args
    named = [*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs, arguments.kwarg]
    pairs = [(each.arg, each.annotation) for each in named if each is not None and each.annotation is not None]
    if node.returns is not None:
        pairs.append(("return", node.returns))
    if not pairs:
        return
    at = _place(node)
    keys: list[ast.expr | None] = [ast.Constant(name, None, **at) for name, _ in pairs]
    values = [ast.Constant(unparse(value), None, **at) if postponed else value for _, value in pairs]
    table = ast.Dict(keys, values, **at)
    node.decorator_list.append(ast.Call(ast.Name(".annotate", ast.Load(), **at), [table], [], **at))


def _annotate_class(node: ast.ClassDef) -> None:
    """Each annotation's value is put into a table beside that of their texts."""
    if not any(map(_is_member, node.body)):
        return
    at = {name: node.body[0].lineno if "line" in name else 0 for name in _PLACES}
    body: list[ast.stmt] = [ast.Assign([ast.Name(TYPES, ast.Store(), **at)], ast.Dict([], [], **at), None, **at)]
    if _is_text(node.body[0]):
        body.insert(0, node.body[0])
    for statement in node.body:
        if statement is not body[0]:
            body.append(statement)
        if _is_member(statement):
            assert isinstance(statement, ast.AnnAssign)
            at = _place(statement.annotation)
            key = ast.Constant(getattr(statement.target, "id", ""), None, **at)
            target = ast.Subscript(ast.Name(TYPES, ast.Load(), **at), key, ast.Store(), **at)
            body.append(ast.Assign([target], statement.annotation, None, **at))
    node.body = body


def _is_member(node: ast.stmt) -> bool:
    return isinstance(node, ast.AnnAssign) and bool(node.simple)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


_PLACES: Final = ("lineno", "col_offset", "end_lineno", "end_col_offset")


def _place(node: Any) -> dict[str, int]:
    return {name: getattr(node, name) for name in _PLACES}
