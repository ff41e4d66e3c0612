"""Definitions that random programs share. A program begins with those it uses: smaller programs can be more."""

import ast
import random
import re
from typing import NamedTuple

_WORD = re.compile(r"\w+")
_ALWAYS = ("__init__", "__repr__")


class _Part(NamedTuple):
    """A definition of this name, or a member of a class. ``text`` is without the ``members``."""

    name: str
    text: str
    members: "list[_Part]"


class Prelude:
    """A text of definitions, each of one name."""

    def __init__(self, text: str) -> None:
        self._parts = _parts(ast.parse(text).body, text.splitlines(keepends=True))

    def of(self, program: str, source: random.Random) -> str:
        """What the program needs, directly or not, in the text's order; of special methods about one in two."""
        wanted = set(_WORD.findall(program))
        texts: dict[str, str] = {}
        while more := [part for part in self._parts if part.name in wanted and part.name not in texts]:
            for part in more:
                members = [each for each in part.members if _is_wanted(each.name, wanted, source)]
                bare = not members and part.text.rstrip().endswith(":")
                texts[part.name] = part.text + "".join(each.text for each in members) + "    pass\n" * bare
                wanted.update(_WORD.findall(texts[part.name]))
        return "".join(texts[part.name] for part in self._parts if part.name in texts)


def _is_wanted(name: str, wanted: set[str], source: random.Random) -> bool:
    special = name.startswith("__") and name not in _ALWAYS
    return source.random() < 0.5 if special else name in wanted or name in _ALWAYS


def _parts(body: list[ast.stmt], lines: list[str]) -> list[_Part]:
    """The statements as parts; a class keeps all but its methods."""
    starts = [min([each.lineno, *(d.lineno for d in getattr(each, "decorator_list", ()))]) - 1 for each in body]
    ends = [*starts[1:], body[-1].end_lineno or 0]
    parts = []
    for each, start, end in zip(body, starts, ends, strict=True):
        methods = [m for m in each.body if isinstance(m, ast.FunctionDef)] if isinstance(each, ast.ClassDef) else []
        members = _parts(methods, lines[:end]) if methods else []  # type: ignore[arg-type]
        if members:
            end = min([methods[0].lineno, *(d.lineno for d in methods[0].decorator_list)]) - 1
        parts.append(_Part(_name(each), "".join(lines[start:end]).rstrip() + "\n", members))
    return parts


def _name(statement: ast.stmt) -> str:
    """The one name that a statement binds: a function's, a class's, an import's or a variable's."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return statement.name
    if isinstance(statement, ast.Import):
        return statement.names[0].name
    return next(node.id for node in ast.walk(statement) if isinstance(node, ast.Name))
