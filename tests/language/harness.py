"""Runs one case on CPython and on each tier, and says what came of it in the same words."""

import ast
import asyncio
import builtins
import contextlib
import inspect
import io
import locale
import logging
import sys
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm.execute import Outcome, execute
from noodle_ray.core.vm.sets import AnySet
from noodle_ray.core.vm.strings import without_addresses

CASES = Path(__file__).parent / "cases"
FILENAME = "<case>"
RESULT = "<result>"


class Case(NamedTuple):
    name: str
    source: str


class Observed(NamedTuple):
    """What a program shows: ``frames`` are (line, function) of an uncaught exception, outermost first."""

    result: Any
    stdout: str
    error: tuple[str, str] | None
    frames: list[tuple[int, str]]


def load(folder: Path = CASES) -> list[Case]:
    """All cases: a file has many, each after a line ``# --- name``."""
    return [case for path in sorted(folder.glob("*.py")) for case in cases_of(path)]


def cases_of(path: Path) -> list[Case]:
    """The cases of one file."""
    cases = []
    for chunk in path.read_text().split("# --- ")[1:]:
        name, _, source = chunk.partition("\n")
        cases.append(Case(f"{path.stem}: {name.strip()}", source))
    return cases


def shape(value: Any) -> Any:
    """A value with its types made plain, so that 1, 1.0 and True differ and sets compare without order."""
    if isinstance(value, AnySet | builtins.set | builtins.frozenset):
        return type(value).__name__, sorted(map(repr, map(shape, value)))
    if isinstance(value, dict):
        return "dict", [(shape(key), shape(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return type(value).__name__, [shape(item) for item in value]
    return type(value).__name__, repr(value)


def on_cpython(source: str) -> Observed:
    """The oracle: CPython runs the same text as a script; the last expression, or main() if no line asks for it, is the
    result."""
    tree = ast.parse(source)
    names: dict[str, Any] = {"__name__": "__main__"}
    script = any(map(_calls_main, tree.body)) or any(map(_is_guard, tree.body))
    inner = tree.body
    while inner and _is_guard(inner[-1]) and not inner[-1].orelse:  # type: ignore[attr-defined]
        inner = inner[-1].body  # type: ignore[attr-defined]
    if inner and isinstance(inner[-1], ast.Expr):
        inner[-1] = ast.copy_location(ast.Assign([ast.Name(RESULT, ast.Store())], inner[-1].value), inner[-1])
    out = io.StringIO()
    result, error, frames = None, None, []
    others = {*threading.enumerate()}
    with contextlib.redirect_stdout(out), _joining(others), _same_locale(), _same_logging():
        try:
            exec(compile(ast.fix_missing_locations(tree), FILENAME, "exec"), names)
            result = names.get(RESULT)
            if callable(names.get("main")) and not script:
                result = names["main"]()
                if inspect.iscoroutine(result):
                    result = asyncio.run(result)
        except SystemExit as raised:
            if raised.code:
                raise
            result = None
        except Exception as raised:
            error = (type(raised).__name__, without_addresses(str(raised)))
            frames = _frames(raised)
        free(names)
    return Observed(shape(result), out.getvalue(), error, frames)


def free(names: dict[str, Any]) -> None:
    """End what a module's globals hold as CPython does when it ends, here before the output is looked at: generators
    first, and, if there are finalizers, all globals in their order."""
    values = [value for name, value in names.items() if name not in ("__builtins__", RESULT)]
    for value in [*values, *_held(values)]:
        if isinstance(value, types.GeneratorType):
            with contextlib.suppress(Exception):
                value.close()
    if any(type(value).__module__ == "__main__" and hasattr(type(value), "__del__") for value in values):
        for name in [name for name in names if name not in ("__builtins__", RESULT)]:
            names[name] = None


def _held(values: list[Any], seen: builtins.set[int] | None = None) -> Iterator[Any]:
    """The values in containers and objects, and in those; of sequences the last first."""
    seen = set() if seen is None else seen
    for value in values:
        if id(value) in seen:
            continue
        seen.add(id(value))
        inner: list[Any] = []
        if type(value) in (list, tuple):
            inner = value[::-1]
        elif type(value) is dict:
            inner = [*value.values()]
        elif type(value).__module__ == "__main__" and hasattr(value, "__dict__"):
            inner = [*vars(value).values()]
        for one in inner:
            yield one
            yield from _held([one], seen)


@contextlib.contextmanager
def _joining(others: builtins.set[threading.Thread]) -> Iterator[None]:
    """Wait for the threads that are left, as CPython does before it ends."""
    try:
        yield
    finally:
        for thread in threading.enumerate():
            if thread not in others and not thread.daemon and not thread.name.startswith("ThreadPool"):
                thread.join()


@contextlib.contextmanager
def _same_locale() -> Iterator[None]:
    """Undo what the program says of the process's locale: later tests read files with it."""
    kept = locale.setlocale(locale.LC_ALL)
    try:
        yield
    finally:
        locale.setlocale(locale.LC_ALL, kept)


@contextlib.contextmanager
def _same_logging() -> Iterator[None]:
    """Undo what the program makes of the process's log: later tests look at it."""
    root = logging.getLogger()
    level, handlers, disabled, least = root.level, root.handlers[:], root.disabled, root.manager.disable
    try:
        yield
    finally:
        root.level, root.handlers[:], root.disabled, root.manager.disable = level, handlers, disabled, least
        root.manager._clear_cache()  # type: ignore[attr-defined]


def _is_guard(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.dump(node.test)


def _calls_main(node: ast.AST) -> bool:
    """Whether a statement of the top level calls main when it runs, and is not the usual guard."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        return False
    if _is_guard(node):
        return False
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "main":
        return True
    return any(map(_calls_main, ast.iter_child_nodes(node)))


def _frames(raised: BaseException) -> list[tuple[int, str]]:
    found, trace = [], raised.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename == FILENAME and code.co_name not in ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"):
            found.append((trace.tb_lineno, code.co_name))
        trace = trace.tb_next
    return found


def on_tier(source: str, tier: str) -> tuple[Observed, int]:
    """What a tier shows, and the fuel it used."""
    outcome = execute(compile_source(source, FILENAME), tier=tier)
    assert outcome.tier == tier
    return observed(outcome), outcome.usage["fuel"]


def observed(outcome: Outcome) -> Observed:
    """An outcome in the words of the oracle."""
    error, frames = None, []
    if outcome.error is not None:
        error = (outcome.error["type"], outcome.error["message"])
        frames = [(frame["line"], frame["function"]) for frame in outcome.error["traceback"]]
    return Observed(shape(outcome.result), outcome.stdout, error, frames)


if __name__ == "__main__":
    for case in load():
        if len(sys.argv) < 2 or sys.argv[1] in case.name:
            print(case.name, on_cpython(case.source))
