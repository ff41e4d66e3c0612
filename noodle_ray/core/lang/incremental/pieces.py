"""Cutting a source into pieces that can be parsed alone, and what a piece says of itself.

Where to cut is a guess from how lines begin. It needs no proof: texts that each parse alone, from the first column and
to the end of a statement, parse to the same statements one after the other. Where one does not, there are no pieces.
"""

import _ast as ast
from typing import Any, Final, NamedTuple

from noodle_ray.core.lang.incremental.surroundings import Part
from noodle_ray.core.lang.mangle import has_private_names, mangle
from noodle_ray.core.lang.parse import late_syntax_errors, parse, split_lines
from noodle_ray.core.lang.positions import to_characters
from noodle_ray.core.lang.scopes import Meaning
from noodle_ray.core.lang.validate import Counts, is_settled, survey

MAX_SIMPLE_LINES: Final = 24
"""Lines of a piece without definitions, about: what is edited in one of them is compiled with the others."""
_DEFINITIONS: Final = ("@", "def ", "class ", "async ")
_CONTINUED: Final = (" ", "\t", "\f", "#", ")", "]", "}", "else", "elif", "except", "finally")
"""How a line begins that surely begins no statement, or that goes on with one."""
_FUTURE_ANNOTATIONS: Final = 0x1000000
"""``__future__.annotations.compiler_flag``."""


class Cut(NamedTuple):
    """A piece's place in a source: its first line, from 0, and its text."""

    start: int
    text: str


class Piece(NamedTuple):
    """A piece that was parsed and found without fault, as far as it can be told alone. ``events`` are the bindings of
    the module's names, in order; ``aliases`` the assignments that may make one a model; ``names`` all that it names."""

    text: str
    tree: ast.Module
    lines: list[str]
    titles: dict[int, str]
    counts: Counts
    events: list[tuple[str, Meaning | None]]
    aliases: list[tuple[str, ast.Call]]
    names: tuple[str, ...]
    class_names: frozenset[str]
    generator_functions: frozenset[str]
    deleted: frozenset[str]
    generators: bool
    stops: bool


def cut(lines: list[str]) -> list[Cut] | None:
    """The pieces of a source; None for one that is better compiled as a whole."""
    starts = _starts(lines)
    if not starts or any(line.strip() and line.lstrip()[0] != "#" for line in lines[: starts[0]]):
        return None
    cuts = []
    for start, stop in zip(starts, [*starts[1:], len(lines)], strict=True):
        while stop > start + 1 and _is_empty(lines[stop - 1]):
            stop -= 1
        if lines[stop - 1].endswith("\\"):
            return None
        cuts.append(Cut(start, "\n".join(lines[start:stop]) + "\n"))
    return cuts


def _is_empty(line: str) -> bool:
    text = line.strip()
    return not text or text[0] == "#"


def _starts(lines: list[str]) -> list[int]:
    """The lines at which pieces may begin: not within a text over several lines, nor between a decorator and its
    definition, nor too close to each other where there are no definitions."""
    starts: list[int] = []
    quotes = ""
    decorated = defined = False
    for number, line in enumerate(lines):
        if quotes:
            quotes = _quotes(line, quotes)
            continue
        quotes = _quotes(line, "")
        if not line or line.startswith(_CONTINUED):
            continue
        definition = line.startswith(_DEFINITIONS)
        if not decorated and (definition or defined or not starts or number - starts[-1] >= MAX_SIMPLE_LINES):
            starts.append(number)
            defined = definition
        decorated = line[0] == "@"
    return starts


def _quotes(line: str, quotes: str) -> str:
    """The triple quotes that are open after a line, if those were open before it, as far as can be seen."""
    if '"""' not in line and "'''" not in line:
        return quotes
    at = 0
    while True:
        if quotes:
            found = line.find(quotes, at)
        else:
            double, single = line.find('"""', at), line.find("'''", at)
            found = max(double, single) if -1 in (double, single) else min(double, single)
        if found < 0:
            return quotes
        quotes = "" if quotes else line[found : found + 3]
        at = found + 3


def read_piece(text: str, flags: int) -> Piece | None:
    """Parses and checks a piece by itself; None if anything is wrong or out of the ordinary."""
    tree, found = parse(text, "<piece>")
    if tree is None or found:
        return None
    lines = split_lines(text)
    if not text.isascii():
        to_characters(tree, lines)
    found, counts, late = survey(tree)
    if found or not (is_settled(text, late) or not late_syntax_errors(tree, "<piece>", flags)):
        return None
    titles = mangle(tree) if has_private_names(text) else {}
    part = Part(tree, titles)
    if part.module.odd or part.found:
        return None
    module = part.module
    names = {*(name for name, _ in module.events)}
    for scope in part.scopes.values():
        names.update(scope.bound, scope.loads, scope.globals, scope.nonlocals)
    aliases = []
    for scope, name, call in part.model_aliases:
        if scope is module:
            aliases.append((name, call))
        elif name in scope.globals:
            return None
    stops = part.stops or "StopIteration" in names
    return Piece(
        text, tree, lines, titles, counts, module.events, aliases, tuple(sorted(names)),
        frozenset(part.class_names), frozenset(part.generator_functions()), part.deleted, bool(part.handed_over), stops,
    )  # fmt: skip


def future_flags(source: str, cuts: list[Cut]) -> int | None:
    """The flags that a ``__future__`` import of the first piece sets for all others; None for any other such import."""
    if "__future__" not in source:
        return 0
    if any("__future__" in each.text for each in cuts[1:]):
        return None
    tree, _ = parse(cuts[0].text, "<piece>")
    flags = 0
    body: list[Any] = tree.body if tree is not None else []
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            if [alias.name for alias in node.names] != ["annotations"]:
                return None
            flags = _FUTURE_ANNOTATIONS
    return flags
