"""Lowering of ``class``: the body becomes a function that fills a namespace."""

import _ast as ast
from typing import Any, Final

from noodle_ray.core.lang.lower.frame import STATEMENTS, UNREACHABLE, Frame
from noodle_ray.core.lang.lower.functions import annotation_text, builtin_named, decorate, decorators_of
from noodle_ray.core.lang.resolve import docstring
from noodle_ray.core.nbc.module import Function, Instr, Param

NAMESPACE: Final = "__namespace__"
_METACLASSES: Final = frozenset({"abc.ABCMeta", "type"})
"""Metaclasses that can be named; what they do is in the class already."""


def _class(f: Frame, node: ast.ClassDef) -> None:
    decorators = decorators_of(f, node)
    given = [keyword for keyword in node.keywords if not _is_metaclass(f, keyword)]
    bases = list(f.operands([*node.bases, *(keyword.value for keyword in given)]))
    names = [keyword.arg or "" for keyword in given]
    keywords = tuple(zip(names, bases[len(node.bases) :], strict=True))
    title = f.unit.resolution.titles.get(id(node), node.name)
    index = _body(f, node, title)
    own = None if decorators else f.destination(node.name)
    result = f.temp() if own is None else own
    plain = tuple(bases[: len(node.bases)]) + _abstract(f, node)
    f.emit(node, "class", result, title, index, plain, keywords)
    f.store(node, node.name, decorate(f, decorators, result))


def _is_metaclass(f: Frame, keyword: ast.keyword) -> bool:
    """Whether a keyword names a metaclass of CPython's; one of the program is for the runtime."""
    return keyword.arg == "metaclass" and builtin_named(f, keyword.value) in _METACLASSES


def _abstract(f: Frame, node: ast.ClassDef) -> tuple[int, ...]:
    """``metaclass=ABCMeta`` is the base ABC."""
    for keyword in node.keywords:
        if _is_metaclass(f, keyword) and builtin_named(f, keyword.value) == "abc.ABCMeta":
            register = f.temp()
            f.emit(keyword, "bget", register, "abc.ABC")
            return (register,)
    return ()


def _body(f: Frame, node: ast.ClassDef, title: str) -> int:
    scope = f.unit.resolution.scopes[id(node)]
    scope.params = [NAMESPACE]
    frame = Frame(f.unit, scope, node, f)
    head = node.body[0]
    if _annotates(node.body):
        frame.annotations = frame.temp()
        frame.emit(head, "dict", frame.annotations, (), ())
        frame.emit(head, "setindex", 0, frame.const(head, "__annotations__"), frame.annotations)
    text = docstring(node.body)
    if text is not None and f.unit.documented:
        frame.emit(head, "setindex", 0, frame.const(head, "__doc__"), frame.const(head, text))
    frame.code += frame.body(node.body)
    if scope.cells and frame.assigned != UNREACHABLE:
        register = frame.temp()
        frame.emit(node, "func", register, _cell_filler(frame, node), ())
        frame.emit(node, "return", register)
        frame.assigned = UNREACHABLE
    return frame.finish(title, (Param(NAMESPACE, "pos", False, ""),), f.span(node), "", "class")


def _cell_filler(f: Frame, node: ast.ClassDef) -> int:
    """A function that puts the finished class where the functions of the class look for ``__class__``."""
    index = f.unit.reserve(node)
    f.unit.homes[index] = f.home
    span = f.span(node)
    body = (Instr("cset", (0, 0), span), Instr("const", (1, None), span), Instr("return", (1,), span))
    param = Param("cls", "pos", False, "")
    f.unit.functions[index] = Function("<cell>", (param,), 2, ("cls",), (), ("__class__",), body, span)
    return index


def _annotates(nodes: list[Any]) -> bool:
    """True if a statement of the class body itself annotates a name."""
    for node in nodes:
        if isinstance(node, ast.AnnAssign):
            if node.simple:
                return True
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for field in ("body", "orelse", "finalbody", "handlers", "cases"):
                if _annotates(getattr(node, field, [])):
                    return True
    return False


def annotate(f: Frame, node: ast.AnnAssign) -> None:
    """Notes the annotation of a class-level name, as text."""
    assert isinstance(node.target, ast.Name)
    if f.annotations is not None:
        text = f.const(node, annotation_text(f, node.annotation))
        f.emit(node, "setindex", f.annotations, f.const(node, node.target.id), text)


STATEMENTS[ast.ClassDef] = _class
