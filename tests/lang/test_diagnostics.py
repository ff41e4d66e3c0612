"""Diagnostics: their pictures, their spans, and that all of them come at once."""

from textwrap import dedent

import pytest

from noodle_ray.core.lang import check_source, compile_source, render
from noodle_ray.errors import CompileError, Diagnostic
from tests.lang.reading import codes


def _picture(source: str) -> str:
    return render(check_source(source, "a.noodle")[0], source, "a.noodle")


def test_picture_shows_line_carets_and_hint_when_rendered() -> None:
    assert _picture("total = 1\nprint(totl + 1)\n") == dedent(
        """\
        error[NOODLE-E0201]: name 'totl' is not defined
         --> a.noodle:2:7
          |
        2 | print(totl + 1)
          |       ^^^^
          = hint: did you mean 'total'?"""
    )


def test_picture_of_a_block_marks_its_head_when_it_spans_lines() -> None:
    assert _picture("try:\n    x = 1\nexcept* ValueError:\n    pass\n").split("\n")[4] == "  | ^^^^"


def test_carets_stay_under_the_text_when_the_line_has_tabs() -> None:
    picture = _picture("if 1:\n\tx = 1; y = nowhere\n").split("\n")
    assert picture[3].index("nowhere") == picture[4].index("^")


def test_carets_stay_under_the_text_when_characters_are_wide() -> None:
    picture = _picture("x = '漢字' + nowhere").split("\n")
    assert picture[3].index("nowhere") + 2 == picture[4].index("^")


def test_columns_count_characters_when_the_line_is_not_ascii() -> None:
    assert check_source("'éé' + nowhere")[0].span == (1, 7, 1, 14)


def test_picture_is_clipped_when_the_line_is_very_long() -> None:
    assert max(len(line) for line in _picture("x = " + "1 + " * 1000 + "nowhere").split("\n")) < 200


@pytest.mark.parametrize("span", [(0, 0, 0, 0), (99, 5, 99, 9), (1, 50, 1, 40), (-1, -1, -1, -1), (1, 2, 7, 1)])
def test_picture_is_drawn_when_the_span_is_outside_the_source(span: tuple[int, int, int, int]) -> None:
    assert render(Diagnostic("NOODLE-E0001", "odd", span), "ab\x00c", "f").startswith("error[NOODLE-E0001]: odd")


def test_control_characters_are_escaped_when_they_are_in_a_message() -> None:
    assert "\x1b" not in render(Diagnostic("NOODLE-E0001", "a\x1b[31m", (1, 0, 1, 1)), "\x1b[31m", "f\x1b")


def test_all_findings_come_in_source_order_when_there_are_several() -> None:
    source = "import os\nx = open\ndef f():\n    yield nowhere\nx.__globals__\n"
    assert codes(source) == ["NOODLE-E0210", "NOODLE-E0109", "NOODLE-E0201", "NOODLE-E0110"]


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("import pickle", "use json"),
        ("import os.path", "programs have no files"),
        ("x = 1\nx.__base__.__name__", "use isinstance"),
        ("def f(): pass\nf.__globals__", "pass values as arguments"),
        ("class A:\n    def __getattribute__(self, name): pass", "define __getattr__"),
        ("class A:\n    def __odd__(self): pass", "without the two underscores"),
        ("class M(type):\n    def __prepare__(self): pass", "use __init_subclass__"),
        ("__class__", "use type(x)"),
        ("open('x')", "io.StringIO"),
        ("import math\nmath.pi = 3", "modules are shared"),
        ("import urllib.parse\nprint(urllib)", "import the module itself"),
        ("import urllib.request", "no network"),
    ],
)
def test_hint_says_what_to_do_instead_when_a_feature_is_refused(source: str, hint: str) -> None:
    found = check_source(source)
    assert [hint in diagnostic.hint for diagnostic in found] == [True]


def test_names_of_a_class_are_reported_when_functions_in_it_read_them() -> None:
    assert codes("class A:\n    n = 1\n    def f(self):\n        return n") == ["NOODLE-E0201"]


def test_error_holds_source_and_findings_when_raised() -> None:
    with pytest.raises(CompileError) as caught:
        compile_source("a\nb", "f.noodle")
    assert (caught.value.source, caught.value.filename, len(caught.value.diagnostics)) == ("a\nb", "f.noodle", 2)
    assert caught.value.code == "NOODLE-E0201"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("break", "outside loop"),
        ("def f(a, a): pass", "duplicate argument"),
        ("f(a=1, a=2)", "keyword argument repeated"),
        ("nonlocal x", "nonlocal declaration not allowed"),
        ("x = 1\ndef f():\n    print(x)\n    global x", "prior to global declaration"),
        ("*a, *b = c", "multiple starred"),
        ("[x := 1 for x in []]", "cannot rebind comprehension iteration variable"),
        ("def f(:", "invalid syntax"),
        ("  x = 1", "unexpected indent"),
        ("if 1:\n\tx\n        y", "inconsistent use of tabs"),
        ("'abc", "unterminated string"),
        ("(1", "was never closed"),
        ("x = 01", "leading zeros"),
        ("9" * 5000, "4300 digits"),
        ("None = 1", "cannot assign to None"),
        ("f'{'", "f-string"),
    ],
)
def test_syntax_error_says_what_cpython_says_when_compiled(source: str, words: str) -> None:
    found = check_source(source)
    assert [d.code for d in found] == ["NOODLE-E0001"]
    assert words in found[0].message


@pytest.mark.parametrize(
    "source", ["model('m', 1)", "model()", "model(name='m')", "model('a' + 'b')", "f = model", "print(model)"]
)
def test_model_must_be_named_by_a_literal_when_made(source: str) -> None:
    assert codes("from noodle_ray import model\n" + source) == ["NOODLE-E0213"]
