"""How expressions are lowered, read as the text form of NBC."""

from textwrap import dedent

import pytest

from tests.lang.reading import body, code, function

CASES = {
    "operators_left_to_right": (
        "return a + b * 2",
        """\
        r2 = const 2
        r3 = binop * r1 r2
        r4 = binop + r0 r3
        return r4""",
    ),
    "negative_literal": ("return -1 - +a", "r2 = const -1\nr3 = unop + r0\nr4 = binop - r2 r3\nreturn r4"),
    "comparison_chain_evaluates_each_operand_once": (
        "return a < b < 3",
        """\
        r2 = cmp < r0 r1
        r5 = and r2 r4
          r3 = const 3
          r4 = cmp < r1 r3
        return r5""",
    ),
    "boolean_operators": (
        "return a and b or 1",
        """\
        r2 = and r0 r1
        r4 = or r2 r3
          r3 = const 1
        return r4""",
    ),
    "conditional": (
        "return a if b else 2",
        """\
        r3 = ifx r1 r0 r2
        else
          r2 = const 2
        return r3""",
    ),
    "starred_list": (
        "return [a, *b, 1]",
        "r2 = list (r0)\nextend r2 r1\nr4 = const 1\nr3 = list (r4)\nextend r2 r3\nreturn r2",
    ),
    "starred_tuple": ("return (*a, b)", None),
    "starred_set": ("return {*a}", "r2 = list ()\nextend r2 r0\nr3 = callb set (r2) ()\nreturn r3"),
    "dict_with_spread": ("return {'k': a, **b}", "r2 = const 'k'\nr3 = dict (r2) (r0)\nupdate r3 r1\nreturn r3"),
    "constant_tuple": ("return (1, (2, -3.0), 'x')", "r2 = const (1 (2 -3.0) 'x')\nreturn r2"),
    "slice": ("return a[1:b]", "r2 = const 1\nr3 = const None\nr4 = slice r2 r1 r3\nr5 = index r0 r4\nreturn r5"),
    "formatted_text": (
        "return f'{a!r:>{b}} x'",
        """\
        r2 = const '>'
        r3 = format '' r1 none
        r4 = concat (r2 r3)
        r5 = format r r0 r4
        r6 = const ' x'
        r7 = concat (r5 r6)
        return r7""",
    ),
    "self_documenting_text": (
        "return f'{a=}'",
        "r2 = const 'a='\nr3 = format r r0 none\nr4 = concat (r2 r3)\nreturn r4",
    ),
    "walrus_keeps_the_earlier_value": (
        "return (a := 1) + (a := 2)",
        "r0 = const 1\nr2 = move r0\nr0 = const 2\nr3 = binop + r2 r0\nreturn r3",
    ),
    "method": ("return a.strip(b, k=1)", "r2 = const 1\nr3 = callm r0 strip (r1) (k=r2)\nreturn r3"),
    "builtin": ("return len(a)", "r2 = callb len (r0) ()\nreturn r2"),
    "function_value": ("return a(b)", "r2 = call r0 (r1) ()\nreturn r2"),
    "builtin_as_value": ("return sorted(a, key=len)", "r2 = bget len\nr3 = callb sorted (r0) (key=r2)\nreturn r3"),
    "ellipsis": ("return ...", "r2 = const ...\nreturn r2"),
    "spread_call": (
        "return a(1, *b, k=2, **a)",
        """\
        r3 = const 1
        r2 = list (r3)
        extend r2 r1
        r4 = totuple r2
        r5 = const 'k'
        r6 = const 2
        r7 = dict (r5) (r6)
        kwmerge r7 r0 r0
        r8 = callx r0 r4 r7
        return r8""",
    ),
}


@pytest.mark.parametrize("case", sorted(name for name, (_, expected) in CASES.items() if expected))
def test_expression_lowers_to_its_code_when(case: str) -> None:
    source, expected = CASES[case]
    assert body(source, "a, b") == dedent(expected or "")


def test_starred_tuple_is_made_from_a_list_when_lowered() -> None:
    assert "totuple" in body("return (*a, b)", "a, b")


def test_long_operator_chain_is_not_deep_nesting_when_compiled() -> None:
    assert code("x = 0\n" + " + ".join(["x"] * 400)).count("binop") == 399


def test_large_literal_uses_few_registers_when_all_constant() -> None:
    main = function("[" + ", ".join(str(i) for i in range(20_000)) + "]", "<module>")
    assert main.registers < 100


def test_large_dict_literal_is_built_in_steps_when_over_the_chunk() -> None:
    assert "update" in code("{" + ", ".join(f"{i}: {i}" for i in range(5000)) + "}")


def test_lambda_becomes_a_function_when_lowered() -> None:
    source = "f = lambda a, b=2: a + b"
    assert "func f1 (r0)" in code(source)
    assert code(source, "<lambda>") == "r2 = binop + r0 r1\nreturn r2"


def test_method_call_over_lines_belongs_to_the_line_of_its_name_when_it_raises() -> None:
    call = function("'a'\\\n.strip()\\\n.index(\n'b')", "<module>").body[-2]
    assert (call.op, call.span[:2]) == ("callm", (3, 1))


def test_generator_expression_becomes_a_list_when_the_builtin_reads_all_of_it() -> None:
    assert code("sum(x for x in [1])").split("\n")[-2].startswith("r4 = callb sum (r3)")


def test_any_stops_at_the_first_true_element_when_lowered() -> None:
    assert body("return any(x for x in a)", "a") == dedent(
        """\
        r2 = const False
        r1 = for r0
          if r1
            r2 = const True
            break
        return r2"""
    )


def test_all_leaves_every_loop_when_an_element_is_false() -> None:
    assert body("return all(y for x in a for y in x)", "a") == dedent(
        """\
        r3 = const True
        r1 = for r0
          r2 = for r1
            if r2
            else
              r3 = const False
              break
          else
            continue
          break
        return r3"""
    )


def test_next_raises_stop_iteration_when_there_is_no_default() -> None:
    assert body("return next(x for x in a)", "a").endswith(
        "else\n  r3 = callb StopIteration () ()\n  raise r3\nreturn r2"
    )
