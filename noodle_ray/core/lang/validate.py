"""Finds what the language does not have, and says what to write instead. One iterative walk of the tree."""

import _ast as ast

from noodle_ray.core.lang.hints import DUNDER_HINTS
from noodle_ray.core.lang.parse import TOO_DEEP
from noodle_ray.core.lang.positions import CHILDREN
from noodle_ray.core.vm.names import READ_DUNDERS
from noodle_ray.errors import Diagnostic
from noodle_ray.light import Any, Callable, Final, NamedTuple

MAX_DEPTH: Final = 150
"""Deepest nesting of the syntax tree; the left side of an operator chain does not count."""
MAX_INTEGER_BITS: Final = 14_285
"""4300 decimal digits, the most CPython reads or prints by default."""
MAX_SCOPES: Final = 2_000
"""Most functions, classes, lambdas and comprehensions. CPython's compiler, which finds the late syntax errors,
compares each with those before it: 20,000 equal functions took it 36 s, 2,000 take 0.4 s."""
MAX_LARGE_NUMBERS: Final = 1_000
"""Most number literals of 2**60 and more: their hashes can be made equal, and tables of them slow."""
MAX_CAPTURES: Final = 500
"""Most names captured by one pattern. The work of CPython's compiler grows with their square: 3,000 took it 6 s. What
counts for a program is the sum of the squares over all of its patterns."""
MAX_NAME: Final = 1_000
"""Longest name, in characters."""
MAX_CLASS_NAME: Final = 100
"""Longest name of a class, which becomes a part of each private name in it."""


class Counts(NamedTuple):
    """What a program has of things that are few: scopes, very large numbers, squares of patterns' captures."""

    scopes: int = 0
    large: int = 0
    captures: int = 0

    def plus(self, other: "Counts") -> "Counts":
        """Those of two parts of a program together."""
        return Counts(self.scopes + other.scopes, self.large + other.large, self.captures + other.captures)

    def too_many(self) -> bool:
        """True beyond what one program may have."""
        return self.scopes > MAX_SCOPES or self.large > MAX_LARGE_NUMBERS or self.captures > MAX_CAPTURES**2


_NONE: Final = Counts()


def survey(tree: ast.Module) -> tuple[list[Diagnostic], Counts, bool]:
    """Every use of an unsupported feature, in source order; what a program may have only so many of; and whether it has
    anything in which CPython finds errors only after parsing."""
    found: list[Diagnostic] = []
    scopes = large = captures = 0
    late = False
    stack: list[tuple[Any, int]] = [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        kind = type(node)
        check = _CHECKS.get(kind)
        if check is not None:
            check(node, found)
            scopes += kind in _SCOPES
            large += kind is ast.Constant and type(node.value) in _NUMBERS and abs(node.value) >= 1 << 60
            if kind is ast.match_case:
                captures += _captures(node.pattern) ** 2
            if scopes > MAX_SCOPES or large > MAX_LARGE_NUMBERS or captures > MAX_CAPTURES**2:
                found = [_too_many(node, scopes > MAX_SCOPES, large > MAX_LARGE_NUMBERS)]
                return found, Counts(scopes, large, captures), True
        if depth > MAX_DEPTH:
            found.append(TOO_DEEP._replace(span=span_of(node)))
            return found, Counts(scopes, large, captures), True
        if not late and kind not in _SETTLED:
            late = True
        for field in CHILDREN[kind]:
            value = getattr(node, field, None)
            if type(value) is list:
                for child in value:
                    if isinstance(child, ast.AST):
                        stack.append((child, depth + 1))
            elif isinstance(value, ast.AST):
                stack.append((value, depth if field == "left" else depth + 1))
    if found:
        found.sort(key=lambda diagnostic: diagnostic.span)
    return found, Counts(scopes, large, captures) if scopes or large or captures else _NONE, late


def is_settled(source: str, late: bool) -> bool:
    """Whether CPython's compiler finds no error in a program that its parser took: a short one of plain expressions and
    assignments, as ``survey`` told. (In a long one it may find that it is nested too deeply.)"""
    return not late and len(source) <= _MOST_SETTLED and "__debug__" not in source


def _captures(pattern: ast.pattern) -> int:
    """How many names a pattern captures."""
    count = 0
    stack: list[Any] = [pattern]
    while stack:
        node = stack.pop()
        count += (getattr(node, "name", None) or getattr(node, "rest", None)) is not None
        for field in ("patterns", "kwd_patterns"):
            stack += getattr(node, field, ())
        if getattr(node, "pattern", None) is not None:
            stack.append(node.pattern)
    return count


def _too_many(node: Any, scopes: bool, large: bool) -> Diagnostic:
    what = f"{MAX_CAPTURES} names captured by patterns"
    if scopes:
        what = f"{MAX_SCOPES} functions and comprehensions"
    elif large:
        what = f"{MAX_LARGE_NUMBERS} very large numbers"
    node = getattr(node, "pattern", node)
    hint = "pass data as arguments of main instead"
    return Diagnostic("NOODLE-E0118", f"the program has more than {what}", span_of(node), hint)


def span_of(node: Any) -> tuple[int, int, int, int]:
    """A node's span with columns as the tree has them; (1, 0, 1, 1) for a node without a position."""
    line = getattr(node, "lineno", None)
    if line is None:
        return (1, 0, 1, 1)
    return (line, node.col_offset, node.end_lineno or line, node.end_col_offset or node.col_offset + 1)


def _head(node: Any) -> tuple[int, int, int, int]:
    """The first line of a compound statement: the carets of a whole class would tell nothing."""
    line, column, end_line, end_column = span_of(node)
    return (line, column, line, column + 5) if end_line != line else (line, column, end_line, end_column)


def _unsupported(code: str, what: str, hint: str) -> Callable[[Any, list[Diagnostic]], None]:
    def check(node: Any, found: list[Diagnostic]) -> None:
        found.append(Diagnostic(code, f"{what} not supported", _head(node), hint))

    return check


def _named(name: str | None, node: Any, found: list[Diagnostic]) -> None:
    """A name of any kind; those that are read and not bound are for `resolve`."""
    reserved = name == "__builtins__" and not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    if reserved or name == "__namespace__":
        message = f"the name '{name}' is not supported"
        found.append(Diagnostic("NOODLE-E0110", message, span_of(node), "choose another one"))
    if name is not None and len(name) > MAX_NAME:
        message = f"the name has more than {MAX_NAME} characters"
        found.append(Diagnostic("NOODLE-E0122", message, span_of(node), "choose a shorter one"))


def _constant(node: ast.Constant, found: list[Diagnostic]) -> None:
    value: Any = node.value
    kind = type(value)
    if kind is int and value.bit_length() > MAX_INTEGER_BITS:
        hint = "compute it, for example with **"
        found.append(Diagnostic("NOODLE-E0117", "the integer has more than 4300 digits", span_of(node), hint))
    elif kind is str and not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        message = "the text contains half of a surrogate pair"
        found.append(Diagnostic("NOODLE-E0119", message, span_of(node), r"write the whole character, as \U0001F600"))


def _attribute(node: ast.Attribute, found: list[Diagnostic]) -> None:
    name = node.attr
    if name != "__builtins__":
        _named(name, node, found)
    if name.startswith("__") and name.endswith("__") and name not in READ_DUNDERS:
        hint = DUNDER_HINTS.get(name, "it leads out of the program; use the builtin function or operator that serves")
        found.append(Diagnostic("NOODLE-E0110", f"the attribute '{name}' is not supported", span_of(node), hint))


def _definition(node: Any, found: list[Diagnostic]) -> None:
    _named(node.name, node, found)
    if getattr(node, "type_params", None):
        _type_parameters(node, found)


def _class(node: ast.ClassDef, found: list[Diagnostic]) -> None:
    _definition(node, found)
    if MAX_NAME >= len(node.name) > MAX_CLASS_NAME:
        message = f"the name of the class has more than {MAX_CLASS_NAME} characters"
        found.append(Diagnostic("NOODLE-E0122", message, _head(node), "choose a shorter one"))
    hint = "name the bases and keywords one by one"
    for base in node.bases:
        if isinstance(base, ast.Starred):
            found.append(Diagnostic("NOODLE-E0101", "a class with *bases is not supported", span_of(base), hint))
    for keyword in node.keywords:
        if keyword.arg is None:
            found.append(Diagnostic("NOODLE-E0101", "a class with **keywords is not supported", span_of(keyword), hint))


_type_parameters = _unsupported("NOODLE-E0121", "type parameters are", "leave them out; annotations are optional")


def _import_from(node: ast.ImportFrom, found: list[Diagnostic]) -> None:
    if any(alias.name == "*" for alias in node.names):
        hint = "name what you import, as in `from math import sqrt, pi`"
        found.append(Diagnostic("NOODLE-E0108", "star imports are not supported", span_of(node), hint))


def _global(node: ast.Global, found: list[Diagnostic]) -> None:
    if "__class__" in node.names:
        message = "the name '__class__' cannot be global"
        found.append(Diagnostic("NOODLE-E0110", message, span_of(node), "choose another one"))


def _nothing(node: ast.AST, found: list[Diagnostic]) -> None:
    """For nodes that are only counted."""


_SCOPES: Final = frozenset(
    {ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp,
     ast.GeneratorExp}
)  # fmt: skip
_MOST_SETTLED: Final = 1_000
_SETTLED: Final = frozenset(
    {ast.Module, ast.Expr, ast.Assign, ast.AugAssign, ast.If, ast.Pass, ast.Import, ast.alias, ast.Constant, ast.Name,
     ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.Attribute, ast.Subscript, ast.Slice,
     ast.Tuple, ast.List, ast.Dict, ast.Set, ast.JoinedStr, ast.FormattedValue}
)  # fmt: skip
"""Nodes in which the parser finds every error there can be, but for uses of ``__debug__``. Keywords may be repeated,
and a star may stand where it has no meaning: those are nodes of their own."""
_NUMBERS: Final = frozenset({int, float, complex})
_CHECKS: Final[dict[type, Callable[[Any, list[Diagnostic]], None]]] = {
    ast.Constant: _constant,
    ast.Global: _global,
    ast.Lambda: _nothing,
    ast.match_case: _nothing,
    ast.ListComp: _nothing,
    ast.SetComp: _nothing,
    ast.DictComp: _nothing,
    ast.GeneratorExp: _nothing,
    ast.Name: lambda node, found: _named(node.id, node, found),
    ast.arg: lambda node, found: _named(node.arg, node, found),
    ast.keyword: lambda node, found: _named(node.arg, node, found),
    ast.alias: lambda node, found: _named(node.asname or node.name, node, found),
    ast.ExceptHandler: lambda node, found: _named(node.name, node, found),
    ast.MatchAs: lambda node, found: _named(node.name, node, found),
    ast.MatchStar: lambda node, found: _named(node.name, node, found),
    ast.MatchMapping: lambda node, found: _named(node.rest, node, found),
    ast.Attribute: _attribute,
    ast.FunctionDef: _definition,
    ast.AsyncFunctionDef: _definition,
    ast.ClassDef: _class,
    ast.ImportFrom: _import_from,
    ast.TryStar: _unsupported("NOODLE-E0115", "except* is", "use except: a program raises one exception at a time"),
}
if hasattr(ast, "TypeAlias"):
    _CHECKS[ast.TypeAlias] = _type_parameters
