"""From a Python function to the source of a program: the function, and all it uses, from wherever that is defined.

What comes along is decided by value, not by text: for each global or captured name that the function's code
loads, a function brings its own source, a model its name, a number or a list its literal. So it makes no
difference whether a helper stands in the same file, another module or an earlier notebook cell, and the program
does not change when unrelated lines of a file do. ``Gathered.locate`` leads back to the user's own lines.
"""

import ast
import builtins
import dis
import inspect
import linecache
from collections.abc import Callable, Iterator
from importlib import import_module
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

import noodle_ray
from noodle_ray.client.literals import NotLiteral, literal
from noodle_ray.core.lang.imports import missing_module_hint
from noodle_ray.core.vm.names import FUNCTIONS, MODULES
from noodle_ray.errors import UsageError

_DRIVER_NAMES = ("ModelError", "model", "program", "tool")
"""What a program may import from noodle_ray."""


class Place(NamedTuple):
    """A position in one of the user's files: line from 1, column from 0, and the line's text."""

    file: str
    line: int
    column: int
    text: str


class _Piece(NamedTuple):
    """Lines of the program: ``line`` is where the first stands in ``file``, ``indent`` what was cut off each."""

    text: str
    file: str
    line: int
    indent: int


class Gathered(NamedTuple):
    """A program's source, the name of the function to call, and where its lines come from."""

    source: str
    entry: str
    pieces: tuple[_Piece, ...]
    used: "tuple[_Used, ...]"

    def locate(self, line: int, column: int) -> Place:
        """Return where a position of the program's source stands in the user's files."""
        first = 1
        for piece in self.pieces:
            count = piece.text.count("\n")
            if line < first + count:
                break
            first += count
        else:
            piece = self.pieces[-1]
        where = piece.line + line - first
        return Place(piece.file, where, column + piece.indent, linecache.getline(piece.file, where).rstrip("\n"))

    def is_current(self) -> bool:
        """Return whether every global that came along still has the value it had."""
        return all(used.is_current() for used in self.used)


class _Used(NamedTuple):
    """A global or captured variable that came along: where it lives, its value, and its literal if it was data."""

    where: Any
    name: str
    value: object
    text: str | None

    def is_current(self) -> bool:
        try:
            now = self.where.get(self.name) if isinstance(self.where, dict) else self.where.cell_contents
        except ValueError:
            return False
        return now is self.value and (self.text is None or _literal_or_none(now) == self.text)


def gather(function: Callable[..., Any]) -> Gathered:
    """Collect a function and what it uses. Raises UsageError E0912 to E0914 if something cannot come along."""
    if not isinstance(function, FunctionType):
        raise UsageError(
            f"a program is a Python function, not {type(function).__name__}",
            code="NOODLE-E0912",
            hint="put @program above a def",
        )
    gatherer = _Gatherer(function)
    gatherer.add(function.__name__, function, function)
    pieces = (*gatherer.heads, *gatherer.functions)
    return Gathered("".join(p.text for p in pieces), function.__name__, pieces, tuple(gatherer.used))


class _Gatherer:
    """Collects pieces, each name once; what a piece uses comes before it."""

    def __init__(self, entry: FunctionType) -> None:
        self.home = (entry.__code__.co_filename, entry.__code__.co_firstlineno)
        self.bound: dict[str, object] = {}
        self.heads: list[_Piece] = []
        self.functions: list[_Piece] = []
        self.used: list[_Used] = []

    def add(self, name: str, value: object, user: FunctionType) -> None:
        """Bring the value along under this name; ``user`` is the function that mentions it."""
        if isinstance(getattr(value, "__wrapped_program__", None), FunctionType):
            value = value.__wrapped_program__  # type: ignore[attr-defined]
        if name in self.bound:
            if self.bound[name] is not value and _literal_or_none(value) != _literal_or_none(self.bound[name]):
                raise UsageError(
                    f"{user.__name__} uses {name!r}, which means something else elsewhere in the program",
                    code="NOODLE-E0914",
                    hint="rename one of the two",
                )
            return
        self.bound[name] = value
        statement = _import_statement(name, value)
        if statement:
            self._head(statement)
        elif isinstance(value, FunctionType):
            self._add_function(name, value)
        else:
            self._head(self._assignment(name, value, user))

    def _head(self, statement: str) -> None:
        self.heads.append(_Piece(statement + "\n", *self.home, 0))

    def _assignment(self, name: str, value: object, user: FunctionType) -> str:
        model_name = getattr(value, "__noodle_model__", None)
        if isinstance(model_name, str):
            self.add("model", noodle_ray.model, user)
            return f"{name} = model({model_name!r})"
        tool_name = getattr(value, "__noodle_tool__", None)
        if isinstance(tool_name, str):
            self.add("tool", noodle_ray.tool, user)
            return f"{name} = tool({tool_name!r})"
        own = getattr(value, "__name__", "")
        if callable(value) and own in FUNCTIONS and getattr(builtins, own, None) is value:
            return f"{name} = {own}"
        try:
            return f"{name} = {literal(value)}"
        except NotLiteral as error:
            raise self._refusal(name, error.culprit, user) from None

    def _refusal(self, name: str, culprit: object, user: FunctionType) -> UsageError:
        code = user.__code__
        kind = "class" if isinstance(culprit, type) else type(culprit).__name__
        hint = "pass what it needs as an argument"
        if isinstance(culprit, ModuleType):
            kind = "module"
            hint = missing_module_hint(culprit.__name__)
        elif isinstance(culprit, type):
            hint = "define the class inside of the function"
        elif callable(culprit):
            hint = "write what it does as a def without decorators, or inside of the function"
        return UsageError(
            f"{user.__name__} uses {name!r}, a {kind}, which cannot come along into a program "
            f"({code.co_filename}, line {_line_of_use(code, name)})",
            code="NOODLE-E0913",
            hint=hint,
        )

    def _add_function(self, name: str, function: FunctionType) -> None:
        if hasattr(function, "__wrapped__"):
            raise UsageError(
                f"{name!r} is wrapped by a decorator, which cannot come along into a program",
                code="NOODLE-E0913",
                hint="define it inside of the program's function",
            )
        piece, node = _function_piece(function)
        own = _bound_name(node)
        if own != name:
            self.add(own, function, function)
            self.functions.append(_Piece(f"{name} = {own}\n", piece.file, piece.line, 0))
            return
        captured = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        for used in dict.fromkeys((*_default_names(node), *_loaded_names(function.__code__))):
            where: Any = captured.get(used, function.__globals__)
            try:
                value = where[used] if where is function.__globals__ else where.cell_contents
            except (KeyError, ValueError):
                continue  # a builtin, or not defined yet, which the compiler reports
            self.used.append(_Used(where, used, value, _literal_or_none(value)))
            self.add(used, value, function)
        self.functions.append(piece)


def _import_statement(name: str, value: object) -> str:
    """Return the import that gives this value, or ''."""
    if isinstance(value, ModuleType):
        if value.__name__ in MODULES or value is noodle_ray:
            return f"import {value.__name__}" + (f" as {name}" if name != value.__name__ else "")
        return ""
    if not callable(value):
        return ""
    for module, members in (*MODULES.items(), ("noodle_ray", _DRIVER_NAMES)):
        found = getattr(value, "__name__", "")
        if found in members and getattr(import_module(module), found, None) is value:
            return f"from {module} import {found}" + (f" as {name}" if name != found else "")
    return ""


def _function_piece(function: FunctionType) -> tuple[_Piece, ast.stmt]:
    """Return a function's own lines without decorators and indentation, and its parsed statement."""
    file = function.__code__.co_filename
    try:
        lines, first = inspect.getsourcelines(function)
    except (OSError, TypeError):
        raise UsageError(
            f"the source of {function.__name__} is not at hand",
            code="NOODLE-E0912",
            hint="define it in a file or a notebook cell",
        ) from None
    indent = len(lines[0]) - len(lines[0].lstrip())
    wrapped = "if 1:\n" + "".join(lines) if indent else "\n" + "".join(lines)
    try:
        tree = ast.parse(wrapped)
    except SyntaxError:
        raise _no_lambda(function) from None
    outer = tree.body[0]
    node = outer.body[0] if indent and isinstance(outer, ast.If) else outer
    if not _bound_name(node):
        raise _no_lambda(function)
    start, end = node.lineno - 2, (node.end_lineno or node.lineno) - 1
    kept = _dedented(lines, indent, node)[start:end]
    text = "".join(kept)
    return _Piece(text if text.endswith("\n") else text + "\n", file, first + start, indent), node


def _no_lambda(function: FunctionType) -> UsageError:
    return UsageError(
        f"the source of {function.__name__} is part of another statement ({function.__code__.co_filename}, "
        f"line {function.__code__.co_firstlineno})",
        code="NOODLE-E0912",
        hint="write it as a def",
    )


def _bound_name(node: ast.stmt) -> str:
    """Return the name that a def, or an assignment of a lambda, binds; '' for another statement."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return node.name
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return ""


def _dedented(lines: list[str], indent: int, node: ast.stmt) -> list[str]:
    """Cut the indentation off every line but those that begin inside a string."""
    inside: set[int] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Constant | ast.JoinedStr) and part.end_lineno and part.end_lineno > part.lineno:
            inside.update(range(part.lineno, part.end_lineno))
    return [
        line[indent:] if index + 1 not in inside and not line[:indent].strip() else line
        for index, line in enumerate(lines)
    ]


def _loaded_names(code: CodeType) -> Iterator[str]:
    """Yield the global and captured names that a code object and those inside it mention."""
    for instruction in dis.get_instructions(code):
        if instruction.opname.endswith(("_GLOBAL", "_NAME", "DEREF", "_CLOSURE")):
            yield str(instruction.argval)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _loaded_names(constant)


def _default_names(node: ast.stmt) -> list[str]:
    """Return the names in the defaults of a function's parameters, which its code object does not have."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return []
    defaults = [*node.args.defaults, *(default for default in node.args.kw_defaults if default)]
    return [part.id for default in defaults for part in ast.walk(default) if isinstance(part, ast.Name)]


def _line_of_use(code: CodeType, name: str) -> int:
    for instruction in dis.get_instructions(code):
        if instruction.argval == name and instruction.positions and instruction.positions.lineno:
            return instruction.positions.lineno
    return code.co_firstlineno


def _literal_or_none(value: object) -> str | None:
    try:
        return literal(value)
    except NotLiteral:
        return None
