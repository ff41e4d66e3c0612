"""The checker against code that works: the corpus, programs made at random, and CPython's own standard library."""

import ast
import contextlib
import io
import sysconfig
import warnings
from pathlib import Path
from typing import Any

import pytest

from noodle_ray.core.types import check
from noodle_ray.core.types.checker import Checker
from noodle_ray.errors import Diagnostic
from tests.language.generator import Generator
from tests.language.harness import load, on_cpython

pytestmark = pytest.mark.filterwarnings("ignore")
BATCH = 50
LIBRARY = Path(sysconfig.get_path("stdlib"))
FILES = sorted(
    path.name
    for path in LIBRARY.glob("[a-hs-z]*.py")  # a good part, in a few seconds
    if path.stat().st_size < 60_000
)
Passed = set[tuple[int, ...]]


@pytest.mark.parametrize("topic", sorted({case.name.partition(":")[0] for case in load()}))
def test_case_that_works_has_no_findings(topic: str) -> None:
    for case in load():
        if not case.name.startswith(f"{topic}:"):
            continue
        found = check(case.source)
        if not found:
            continue
        seen = on_cpython(case.source)
        assert seen.error is not None, f"{case.name} works, but: {found}"
        lines = {line for line, _ in seen.frames}
        assert all(one.span[0] in lines for one in found), f"{case.name} fails in {lines}, not so: {found}"


@pytest.mark.parametrize("first", range(0, 200, BATCH))
def test_generated_expression_that_is_reported_fails_whenever_it_is_evaluated(first: int) -> None:
    for seed in range(first, first + BATCH):
        source = Generator(seed).program()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                compile(source, "<program>", "exec")
            except SyntaxError:
                continue
            found = check(source)
            passed = _evaluated(source, found)
        assert not passed, f"seed {seed}: {[one for one in found if tuple(one.span) in passed]}\n{source}"


def _evaluated(source: str, found: list[Diagnostic]) -> Passed:
    """The spans of findings that CPython got past."""
    passed: Passed = set()

    def note(value: Any, span: tuple[int, ...]) -> Any:
        passed.add(span)
        return value

    tree = ast.fix_missing_locations(_Watch({tuple(one.span) for one in found}).visit(ast.parse(source)))
    with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
        exec(compile(tree, "<program>", "exec"), {"__name__": "__main__", "__note__": note})
    return passed


class _Watch(ast.NodeTransformer):
    """Wraps expressions, and follows statements, of these spans with a note that they were got past."""

    def __init__(self, spans: set[tuple[int, ...]]) -> None:
        self.spans = spans

    def visit(self, node: ast.AST) -> Any:
        span = tuple(getattr(node, name, 0) for name in ("lineno", "col_offset", "end_lineno", "end_col_offset"))
        changed: Any = self.generic_visit(node)
        if span not in self.spans:
            return changed
        if isinstance(changed, ast.stmt):
            call = ast.Call(ast.Name("__note__", ast.Load()), [ast.Constant(0), ast.Constant(span)], [])
            return [changed, ast.copy_location(ast.Expr(call), changed)]
        if isinstance(changed, ast.expr) and isinstance(getattr(changed, "ctx", ast.Load()), ast.Load):
            call = ast.Call(ast.Name("__note__", ast.Load()), [changed, ast.Constant(span)], [])
            return ast.copy_location(call, changed)
        return changed


@pytest.mark.parametrize("name", FILES)
def test_library_has_no_findings_when_all_of_its_functions_may_be_called(name: str) -> None:
    tree = ast.parse((LIBRARY / name).read_text(errors="replace"))
    checker = Checker(tree, {})
    for function in list(checker.functions.values()):
        checker.free(function)
    checker.check()
    assert list(checker.found.values()) == []
