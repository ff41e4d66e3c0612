"""docs/limitations.md: each line's snippet gives its code, and every code has a line."""

import re
from pathlib import Path

import pytest

from noodle_ray.core.lang.hints import NOT_OFFERED
from noodle_ray.core.vm.names import FUNCTIONS, MODULES
from tests.lang.reading import codes

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/limitations.md").read_text()
_ROW = re.compile(r"^\| (.+) \| `(NOODLE-E\d{4})` \| `(.+)` \|$", re.MULTILINE)
_FEATURES, _BOUNDS = PAGE.split("## Bounds of a program")


def _source(snippet: str) -> str:
    return snippet.replace("↵", "\n")


@pytest.mark.parametrize(("code", "snippet"), [(row[2], row[3]) for row in _ROW.finditer(_FEATURES)])
def test_snippet_gives_its_code_when_compiled(code: str, snippet: str) -> None:
    assert codes(_source(snippet)) == [code]


@pytest.mark.parametrize(("code", "expression"), [(row[2], row[3]) for row in _ROW.finditer(_BOUNDS)])
def test_source_over_a_bound_gives_its_code_when_compiled(code: str, expression: str) -> None:
    assert codes(eval(expression)) == [code]


def test_every_code_of_the_compiler_has_a_line_when_listed() -> None:
    written = "".join(path.read_text() for path in (ROOT / "noodle_ray/core/lang").rglob("*.py"))
    assert set(re.findall(r"NOODLE-E\d{4}", written)) <= set(re.findall(r"NOODLE-E\d{4}", PAGE))


def test_every_missing_builtin_is_named_when_listed() -> None:
    groups = {"ExceptionGroup", "BaseExceptionGroup"}
    dunder = {name for name in NOT_OFFERED if name.startswith("__")}
    assert not {name for name in NOT_OFFERED if name not in PAGE} - dunder - groups


@pytest.mark.parametrize("name", sorted(NOT_OFFERED))
def test_missing_builtin_has_a_hint_when_used(name: str) -> None:
    assert codes(f"{name}") == ["NOODLE-E0109"]


def test_every_module_and_builtin_is_named_when_the_language_is_described() -> None:
    words = set(re.findall(r"[\w.]+", (ROOT / "docs/language.md").read_text()))
    assert set(MODULES) - {"collections.abc", "noodle_ray", "types"} <= words
    assert words >= FUNCTIONS
