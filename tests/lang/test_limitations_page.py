"""docs/limitations.md: each line's snippet gives its code, every code has a line, and every difference a program."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.lang.hints import NOT_OFFERED
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.names import FUNCTIONS, MODULES
from tests.lang.reading import codes
from tests.language.harness import Observed, on_cpython, on_tier
from tests.vm.hosts import ScriptedHost, echo

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/limitations.md").read_text()
LANGUAGE = (ROOT / "docs/language.md").read_text()
_ROW = re.compile(r"^\| (.+) \| `(NOODLE-E\d{4})` \| `(.+)` \|$", re.MULTILINE)
_FEATURES, _REST = PAGE.split("## Bounds of a program")
_BOUNDS, _DIFFERENCES = _REST.split("## Accepted, with another meaning than in CPython")


class Difference(NamedTuple):
    """A program under the words that are bold in the page's line; what it comes to, such as ``gives`` and ``[1]``."""

    about: str
    source: str
    word: str
    expected: str


def _differences() -> list[Difference]:
    found = []
    for chunk in (ROOT / "tests/lang/differences.noodle").read_text().split("# --- ")[1:]:
        about, _, rest = chunk.partition("\n")
        source, _, last = rest.rstrip().rpartition("# ")
        word, _, expected = last.partition(" ")
        found.append(Difference(about, source, word, expected))
    return found


DIFFERENCES = _differences()


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


@pytest.mark.parametrize("tier", ["interpreter", "python"])
@pytest.mark.parametrize("difference", [d for d in DIFFERENCES if d.word != "test"], ids=lambda d: d.about)
def test_difference_is_as_described(difference: Difference, tier: str) -> None:
    _, source, word, expected = difference
    if word == "refused":
        assert codes(source) == [expected]
        return
    observed, _ = on_tier(source, tier)
    if word == "gives":
        outcome = execute(compile_source(source), tier=tier)
        assert (outcome.error, repr(outcome.result)) == (None, expected)
    elif word == "prints":
        assert (observed.error, observed.stdout.rstrip()) == (None, expected.replace("\\n", "\n"))
    else:
        assert word == "raises"
        assert observed.error == tuple(expected.split(": ", 1))
    assert observed != _oracle(source)


def _oracle(source: str) -> Observed | None:
    try:
        return on_cpython(source)
    except SystemExit:
        return None


@pytest.mark.parametrize("difference", [d for d in DIFFERENCES if d.word == "test"], ids=lambda d: d.about)
def test_test_of_a_difference_exists(difference: Difference) -> None:
    path, _, name = difference.expected.partition("::")
    assert name in {
        node.name for node in ast.parse((ROOT / path).read_text()).body if isinstance(node, ast.FunctionDef)
    }


def test_every_difference_has_a_program() -> None:
    bold = {words for line in re.findall(r"^- (.*)$", _DIFFERENCES, re.MULTILINE) for words in _bold(line)}
    assert bold == {difference.about for difference in DIFFERENCES}


def _bold(line: str) -> list[str]:
    found = re.findall(r"\*\*(.+?)\*\*", line)
    assert found, line
    return found


@pytest.mark.parametrize("tier", ["interpreter", "python"])
def test_await_takes_plain_data_when_a_model_was_called(tier: str) -> None:
    source = "from noodle_ray import model\nask = model('m')\nasync def main():\n    return await ask('a'), await [1]\n"
    outcome = execute(compile_source(source), tier=tier, host=ScriptedHost(echo))
    assert (outcome.error, outcome.result) == (None, ("a!", [1]))


@pytest.mark.parametrize("tier", ["interpreter", "python"])
def test_guarded_call_of_main_is_not_a_second_one(tier: str) -> None:
    source = "def main():\n    print(__name__)\n\nif __name__ == '__main__':\n    main()\n"
    module = compile_source(source)
    assert execute(module, tier=tier).stdout == "__main__\n"
    assert execute(module, tier=tier, entry="main").stdout == "__noodle__\n"


def test_queue_that_waits_for_ever_ends_as_the_deadline_would() -> None:
    outcome = execute(compile_source("import queue\nqueue.Queue().get()"))
    assert outcome.error is not None
    assert outcome.error["code"] == "NOODLE-E0403"


def test_secrets_come_from_the_seed() -> None:
    module = compile_source("import random, secrets\nrandom.seed(1)\nsecrets.token_hex()")
    first, again, other = (execute(module, seed=seed).result for seed in (5, 5, 6))
    assert first == again != other


def test_modules_of_the_language_page_are_those_of_the_catalog() -> None:
    table = LANGUAGE.split("## Modules\n")[1].split("\n\n")[0]
    assert sorted(re.findall(r"`([\w.]+)`", table)) == sorted(MODULES)


def test_builtins_of_the_language_page_are_those_of_the_runtime() -> None:
    row = next(line for line in LANGUAGE.splitlines() if line.startswith("| Builtins |"))
    assert set(row.split("`")[1].split()) == FUNCTIONS
