"""Definitions that random programs share. A program begins with those that it uses, which is most of its time saved."""

import ast
import re
from typing import NamedTuple

_WORD = re.compile(r"\w+")


class _Definition(NamedTuple):
    names: set[str]
    words: set[str]
    text: str


class Prelude:
    """The statements of a text, each with the names that it binds."""

    def __init__(self, text: str) -> None:
        body = ast.parse(text).body
        lines = text.splitlines(keepends=True)
        starts = [min([each.lineno, *(d.lineno for d in getattr(each, "decorator_list", ()))]) - 1 for each in body]
        self._definitions = []
        for each, start, end in zip(body, starts, [*starts[1:], len(lines)], strict=True):
            part = "".join(lines[start:end])
            self._definitions.append(_Definition(_bound(each), set(_WORD.findall(part)), part))

    def of(self, program: str) -> str:
        """What the program needs, directly or not, in the text's order."""
        wanted = set(_WORD.findall(program))
        taken: list[_Definition] = []
        while more := [each for each in self._definitions if each not in taken and each.names & wanted]:
            taken += more
            wanted.update(*(each.words for each in more))
        return "".join(each.text for each in self._definitions if each in taken)


def _bound(statement: ast.stmt) -> set[str]:
    """Names that a statement binds: functions, classes, imports and plain variables."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import):
        return {each.name for each in statement.names}
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
