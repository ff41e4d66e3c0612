"""How statements are lowered, read as the text form of NBC."""

from textwrap import dedent

import pytest

from tests.lang.reading import body, code, function

CASES = {
    "swap": ("a, b = b, a", "r2 = tuple (r1 r0)\nunpack r2 (r0 r1)"),
    "targets_after_a_subscript_wait_for_it": (
        "a[0], b = b, a",
        "r2 = tuple (r1 r0)\nunpack r2 (r3 r4)\nr5 = const 0\nsetindex r0 r5 r3\nr1 = move r4",
    ),
    "starred_target": ("a, *b = b", "unpackx r1 (r0) r1 ()"),
    "nested_target": ("(a, [b, a]) = b", "unpack r1 (r0 r2)\nunpack r2 (r1 r0)"),
    "several_targets": ("x = y = a", "r2 = move r0\nr3 = move r2"),
    "augmented_name": ("a += b", "r0 = inplace + r0 r1"),
    "augmented_subscript": ("a[1] += b", "r2 = const 1\nr3 = index r0 r2\nr4 = inplace + r3 r1\nsetindex r0 r2 r4"),
    "delete": ("del a[1], b", "r2 = const 1\ndelindex r0 r2\nr1 = unset"),
    "assert": ("assert a, b", "if r0\nelse\n  r2 = callb AssertionError (r1) ()\n  raise r2"),
    "while_else": (
        "while a:\n    break\nelse:\n    b()",
        "while r0\ndo\n  break\nelse\n  r2 = call r1 () ()",
    ),
    "annotation": ("x: int = a", "r2 = move r0"),
    "bare_annotation": ("x: int", ""),
    "expression_without_effect": ("1\n'doc'\npass", ""),
    "if_elif": (
        "if a:\n    b()\nelif b:\n    a()",
        "if r0\n  r2 = call r1 () ()\nelse\n  if r1\n    r3 = call r0 () ()",
    ),
    "try_all_parts": (
        "try:\n    a()\nexcept (ValueError, KeyError) as e:\n    print(e)\n    raise\n"
        "else:\n    b()\nfinally:\n    b()",
        """\
        try
          r3 = call r0 () ()
        types
          r5 = bget ValueError
          r6 = bget KeyError
          r7 = tuple (r5 r6)
        except r7 r2
          r8 = callb print (r2) ()
          reraise
        else
          r4 = call r1 () ()
        finally
          r9 = call r1 () ()""",
    ),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_statement_lowers_to_its_code_when(case: str) -> None:
    source, expected = CASES[case]
    written = body(source, "a, b").split("\n")
    assert "\n".join(written[:-2]) == dedent(expected)
    assert written[-1].startswith("return")


def test_code_after_a_terminator_is_dropped_when_lowered() -> None:
    assert body("return a\nprint(a)", "a") == "return r0"


def test_no_return_is_added_when_both_arms_return() -> None:
    assert body("if a:\n    return a\nelse:\n    return 1", "a").count("return") == 2


def test_loop_writes_the_local_itself_when_the_target_is_a_name() -> None:
    assert body("for x in a:\n    x", "a").startswith("r1 = for r0")


def test_loop_unpacks_into_locals_when_the_target_is_a_tuple() -> None:
    assert body("for x, y in a:\n    pass", "a").startswith("r3 = for r0\n  unpack r3 (r1 r2)")


def test_local_is_checked_when_a_loop_may_not_have_bound_it() -> None:
    assert body("for x in a:\n    pass\nreturn x", "a") == "r1 = unset\nr1 = for r0\ncheck r1\nreturn r1"


@pytest.mark.parametrize(
    "source",
    [
        "if a:\n    x = 1\nelse:\n    x = 2\nreturn x",
        "try:\n    x = 1\nfinally:\n    pass\nreturn x",
        "try:\n    x = 1\nexcept ValueError:\n    x = 2\nreturn x",
        "try:\n    x = 1\nexcept ValueError:\n    return 0\nreturn x",
        "while a:\n    x = 1\n    a = x\nelse:\n    x = 2\nreturn x",
        "x = 1\nfor i in a:\n    x = x + i\nreturn x",
        "try:\n    pass\nfinally:\n    x = 1\nreturn x",
    ],
)
def test_local_is_not_checked_when_every_path_binds_it(source: str) -> None:
    assert "check" not in body(source, "a")


@pytest.mark.parametrize(
    "source",
    [
        "if a:\n    x = 1\nreturn x",
        "try:\n    x = 1\nexcept ValueError:\n    pass\nreturn x",
        "while a:\n    x = 1\n    break\nreturn x",
        "x = 1\nfor i in a:\n    x\n    del x\nreturn 0",
        "x = 1\ndel x\nreturn x",
        "try:\n    a()\nexcept ValueError as x:\n    pass\nreturn x",
        "a and (x := 1)\nreturn x",
        "[x := i for i in a]\nreturn x",
    ],
)
def test_local_is_checked_when_some_path_leaves_it_unbound(source: str) -> None:
    assert "check" in body(source, "a")


def test_handler_name_is_unbound_when_the_handler_is_left_early() -> None:
    source = "for i in a:\n    try:\n        i()\n    except ValueError as e:\n        continue"
    assert "r2 = unset\n    continue" in body(source, "a")


def test_module_variables_are_globals_when_lowered() -> None:
    assert code("x = 1\nx") == "r0 = const 1\ngset x r0\nr1 = gget x\nreturn r1"


def test_module_returns_none_when_it_does_not_end_in_an_expression() -> None:
    assert code("x = 1").endswith("r1 = const None\nreturn r1")


def test_builtin_is_the_first_value_of_a_global_when_the_program_hides_it() -> None:
    assert code("max = max(1, 2)").startswith("r0 = bget max\ngset max r0\n")


def test_reraise_becomes_a_runtime_error_when_no_exception_can_be_active() -> None:
    assert "callb RuntimeError" in body("raise")


def test_spans_are_in_characters_when_the_line_is_not_ascii() -> None:
    assert function("'é𝒳' + x\nx = 1", "<module>").body[1].span == (1, 7, 1, 8)
