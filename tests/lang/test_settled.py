"""Which programs CPython's compiler is not asked about: those in which it can find nothing that its parser did not."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noodle_ray.core.lang import check_source
from noodle_ray.core.lang.parse import late_syntax_errors, parse
from noodle_ray.core.lang.validate import is_settled, survey

EXPRESSIONS = (
    *("({} + {})", "(-{})", "({} and {})", "({} < {} is {})", "({} if {} else {})", "{}({})", "{}({}, {})"),
    *("{}(*{})", "{}(a={})", "{}(a={}, a={})", "{}(**{})", "[{}, {}]", "[*{}]", "({}, {})", "(*{}, {})", "{{{}, {}}}"),
    *(
        "{{{}: {}}}",
        "{{**{}}}",
        "{}[{}]",
        "{}[{}:{}]",
        "{}[*{}, {}]",
        "{}.a",
        "{}.__debug__",
        "f'{{{}}}'",
        "f'{{{}!r}}'",
    ),
    *("(lambda a: {})", "(lambda a, a: {})", "[a for a in {}]", "({} for a in {})", "(a := {})", "(yield {})"),
    *("(await {})", "[(a := 1) for a in {}]"),
)
STATEMENTS = (
    *("{}", "a = {}", "a = b = {}", "a, b = {}", "*a, *b = {}", "*a = {}", "[a, *b] = {}", "a.b = {}", "a[{}] = {}"),
    *("a += {}", "a: {} = {}", "__debug__ = {}", "a.__debug__ = {}", "(__debug__, a) = {}", "__debug__ += {}"),
    *("if {}:\n    a = {}\nelse:\n    {}", "import a.b as c", "import __debug__", "from a import *", "del a", "pass"),
    *("return {}", "break", "continue", "global a", "nonlocal a", "assert {}", "raise {}", "def f(a, a): {}"),
    *("class A: {}", "while {}: break", "for a in {}: pass", "with {}: pass", "try: {}\nexcept: pass\nexcept A: pass"),
    *("from __future__ import a", "match {}:\n    case a: pass\n    case b: pass", "def f():\n    nonlocal a"),
)


def filled(templates: tuple[str, ...], inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.sampled_from(templates).flatmap(
        lambda template: st.lists(inner, min_size=template.count("{}"), max_size=template.count("{}")).map(
            lambda parts: template.format(*parts)
        )
    )


ATOMS = st.sampled_from(["a", "b", "1", "2.5", "'text'", "b'bytes'", "None", "...", "__debug__", "__name__", "1j"])
EXPRESSION = st.recursive(ATOMS, lambda inner: filled(EXPRESSIONS, inner), max_leaves=8)
PROGRAM = st.lists(filled(STATEMENTS, EXPRESSION), max_size=4).map("\n".join)


def settled(source: str) -> bool | None:
    """Whether CPython's compiler is not asked; None of what its parser refuses."""
    tree, _ = parse(source, "<test>")
    return None if tree is None else is_settled(source, survey(tree)[2])


@given(PROGRAM)
def test_program_has_no_late_error_when_it_is_settled(source: str) -> None:
    if settled(source):
        assert late_syntax_errors(ast.parse(source), "<test>") == []


@pytest.mark.parametrize(
    "source", ["1 + 1", "a = [1, 2]\nb = a[0]\nprint(b, f'{a}')", "if a:\n    b = (1, {2: 3})\nelse:\n    b.c = -a"]
)
def test_short_program_of_plain_expressions_is_settled(source: str) -> None:
    assert settled(source)


@pytest.mark.parametrize(
    "source",
    [
        *("return 1", "break", "continue", "yield 1", "await a", "*a", "f(a=1, a=2)", "*a, *b = c", "__debug__ = 1"),
        *("a.__debug__ = 1", "f(__debug__=1)", "del __debug__", "nonlocal a", "lambda a, a: 1", "def f(a, a): pass"),
        *(
            "from __future__ import a",
            "a = 1\ndef f():\n    a\n    global a",
            "import __debug__",
            "[(a := 1) for a in b]",
        ),
        "".join(f"{' ' * depth}while a:\n" for depth in range(21)) + " " * 21 + "pass",
    ],
)
def test_late_error_is_found_in_a_program_that_is_not_settled(source: str) -> None:
    assert settled(source) is False
    assert "NOODLE-E0001" in [found.code for found in check_source(source)]


def test_long_chain_is_not_settled() -> None:
    assert settled("+".join("a" * 600)) is False
