"""Each pass alone: the text of a function's code before and after it."""

from collections.abc import Callable
from textwrap import dedent

import pytest

from noodle_ray.core.nbc import to_text, verify
from noodle_ray.core.nbc.module import Module
from noodle_ray.core.nbc.passes import common, copies, dead, fold, hoist, inline
from tests.nbc.builders import written

Pass = Callable[[Module], Module]


def code(module: Module, function: int = 0) -> str:
    """The code of one function as text, with nothing around it."""
    section = to_text(module).split("\nfunction ")[1 + function]
    return dedent(section.split("  code\n", 1)[1].replace("  @0:0-0", ""))


def check(run: Pass, before: str, after: str, *others: str, registers: int = 12) -> Module:
    module = written(dedent(before), *others, registers=registers)
    verify(module)
    result = run(module)
    verify(result)
    assert code(result).strip() == dedent(after).strip()
    return result


@pytest.mark.parametrize(
    ("operation", "value"),
    [
        ("binop + r0 r1", "9"),
        ("binop ** r0 r1", "49"),
        ("binop / r0 r1", "3.5"),
        ("inplace // r0 r1", "3"),
        ("binop << r0 r1", "28"),
        ("cmp <= r0 r1", "False"),
        ("unop - r0", "-7"),
        ("unop not r0", "False"),
        ("move r0", "7"),
        ("callb abs (r0) ()", "7"),
        ("format r r0 none", "'7'"),
    ],
)
def test_fold_computes_what_constants_give(operation: str, value: str) -> None:
    check(
        fold.run,
        f"r0 = const 7\nr1 = const 2\nr2 = {operation}\nreturn r2",
        f"r0 = const 7\nr1 = const 2\nr2 = const {value}\nreturn r2",
    )


@pytest.mark.parametrize(
    ("left", "operation", "right"),
    [
        ("1", "binop /", "0"),
        ("1", "binop <<", "-1"),
        ("2", "binop **", "129"),
        ("'x'", "binop *", "257"),
        ("257", "binop *", "'x'"),
        ("1", "binop <<", "1000000000000"),
        ("'x'", "binop *", "100000000000000000000"),
        ("1", "binop +", "'x'"),
        ("'%9999d'", "binop %", "1"),
        ("bits:7ff0000000000000", "binop -", "bits:7ff0000000000000"),
        ("(1 2)", "binop +", "(3)"),
        ("1000", "cmp is", "1000"),
        ("'abc'", "index", "9"),
        ("(1 (2))", "index", "1"),
    ],
)
def test_fold_leaves_what_raises_explodes_or_has_an_identity(left: str, operation: str, right: str) -> None:
    same = f"r0 = const {left}\nr1 = const {right}\nr2 = {operation} r0 r1\nreturn r2"
    check(fold.run, same, same)


def test_fold_does_not_take_a_register_with_two_writers_for_a_constant() -> None:
    same = """
        r0 = const 1
        r1 = const 3
        r2 = callb range (r1) ()
        r3 = for r2
          r4 = binop + r0 r0
          r0 = move r4
        return r0
    """
    check(fold.run, same, same)


def test_fold_takes_the_branch_that_a_constant_chooses() -> None:
    check(
        fold.run,
        """
        r0 = const True
        if r0
          callm = const 1
        """.replace("callm", "r1")
        + """
          return r1
        else
          r2 = const 2
        r3 = const 3
        """,
        """
        r0 = const True
        r1 = const 1
        return r1
        """,
    )


def test_fold_of_and_or_and_conditional_expressions() -> None:
    check(
        fold.run,
        """
        r0 = const 0
        r1 = gget x
        r2 = and r0 r1
        r3 = or r0 r1
          r4 = const 4
        r5 = ifx r0 r1 r1
          r6 = const 6
        return r3
        """,
        """
        r0 = const 0
        r1 = gget x
        r2 = const 0
        r4 = const 4
        r3 = move r1
        r5 = move r1
        return r3
        """,
    )


def test_fold_drops_the_functions_that_nothing_makes_any_more() -> None:
    unused = """function 1 g
  registers 1
  code
    r0 = const 1
    return r0"""
    used = unused.replace("function 1 g", "function 2 h")
    module = check(
        fold.run,
        """
        r0 = const False
        if r0
          r1 = func f1 ()
        r2 = func f2 ()
        """,
        """
        r0 = const False
        r2 = func f1 ()
        """,
        unused,
        used,
    )
    assert [function.name for function in module.functions] == ["<module>", "h"]


def test_copies_are_read_where_they_come_from() -> None:
    check(
        copies.run,
        """
        r0 = gget x
        r1 = move r0
        r2 = move r1
        r3 = binop + r2 r1
        return r3
        """,
        """
        r0 = gget x
        r3 = binop + r0 r0
        return r3
        """,
    )


def test_a_copy_of_what_is_written_again_stays() -> None:
    same = """
        r0 = gget x
        r1 = move r0
        r0 = gget y
        r2 = binop + r0 r1
        return r2
    """
    check(copies.run, same, same)


def test_common_computes_once_what_two_instructions_compute() -> None:
    check(
        common.run,
        """
        r9 = const 9
        r8 = callb range (r9) ()
        r0 = for r8
          r1 = const 2
          r2 = binop * r0 r1
          r3 = const 2
          r4 = binop * r0 r3
          r5 = binop + r2 r4
        """,
        """
        r9 = const 9
        r8 = callb range (r9) ()
        r0 = for r8
          r1 = const 2
          r2 = binop * r0 r1
          r3 = const 2
          r4 = move r2
          r5 = binop + r2 r4
        """,
    )


def test_common_leaves_what_a_program_s_class_may_answer() -> None:
    same = """
        r0 = gget x
        r1 = gget y
        r2 = binop + r0 r1
        r3 = binop + r0 r1
        r4 = cmp == r2 r3
        return r4
    """
    check(common.run, same, same)


def test_common_forgets_what_a_loop_may_change() -> None:
    same = """
        r0 = const 1
        r1 = const 2
        r2 = binop + r0 r1
        while r3
          r3 = binop + r0 r1
        do
          r0 = inplace + r0 r1
        r4 = binop + r0 r1
        return r4
    """
    check(common.run, same, same)


def test_common_of_a_branch_does_not_count_after_it() -> None:
    check(
        common.run,
        """
        r0 = const 1
        r1 = gget x
        if r1
          r2 = unop - r0
        r3 = unop - r0
        if r1
          r4 = unop - r0
        """,
        """
        r0 = const 1
        r1 = gget x
        if r1
          r2 = unop - r0
        r3 = unop - r0
        if r1
          r4 = move r3
        """,
    )


DOUBLE = """function 1 double
  param pos n
  registers 3
  locals n
  code
    r1 = const 2
    r2 = binop {} r0 r1
    return r2"""


def test_inline_puts_a_body_that_cannot_raise_in_the_call_s_place() -> None:
    module = check(
        inline.run,
        """
        r0 = func f1 ()
        gset double r0
        r1 = const 20
        r2 = gget double
        r3 = call r2 (r1) ()
        return r3
        """,
        """
        r0 = func f1 ()
        gset double r0
        r1 = const 20
        r2 = gget double
        r12 = move r1
        r13 = const 2
        r14 = binop + r12 r13
        r3 = move r14
        return r3
        """,
        DOUBLE.format("+"),
    )
    assert module.functions[0].registers == 15


@pytest.mark.parametrize(
    ("operator", "argument", "extra"),
    [
        ("//", "const 20", ""),  # may raise, for all that is known
        ("*", "const 20", ""),  # may take long
        ("+", "const 'x'", ""),  # raises
        ("+", "gget y", ""),  # may run code of the program
        ("+", "const 20", "gset double r1"),  # the name may mean something else
        ("+", "const 20", "gdel double"),  # or nothing
    ],
)
def test_inline_leaves_calls_that_could_be_told_from_the_body(operator: str, argument: str, extra: str) -> None:
    same = f"""
        r0 = func f1 ()
        gset double r0
        r1 = {argument}
        r2 = gget double
        r3 = call r2 (r1) ()
        return r3
    """.replace("return r3", f"{extra}\n        return r3" if extra else "return r3")
    check(inline.run, same, same, DOUBLE.format(operator))


def test_hoist_moves_what_every_round_computes_anew() -> None:
    check(
        hoist.run,
        """
        r0 = const 5
        r1 = callb range (r0) ()
        r2 = for r1
          r3 = const 3
          r4 = binop - r0 r3
          r5 = binop + r2 r4
          r6 = gget x
          r7 = binop + r6 r4
        """,
        """
        r0 = const 5
        r1 = callb range (r0) ()
        r3 = const 3
        r4 = binop - r0 r3
        r2 = for r1
          r5 = binop + r2 r4
          r6 = gget x
          r7 = binop + r6 r4
        """,
    )


def test_hoist_leaves_what_may_raise_or_changes() -> None:
    same = """
        r0 = const 5
        r9 = const 0
        while r1
          r1 = cmp < r9 r0
        do
          r2 = binop // r0 r9
          r3 = binop * r0 r0
          r4 = binop + r0 r9
          r9 = inplace + r9 r0
    """
    check(hoist.run, same, same)


def test_dead_leaves_out_what_nothing_reads() -> None:
    module = check(
        dead.run,
        """
        r0 = const 1
        r1 = const 2
        r5 = binop + r0 r1
        r6 = tuple (r5)
        r7 = bget math
        if r0
        r8 = gget x
        return r1
        """,
        """
        r0 = const 2
        r1 = gget x
        return r0
        """,
    )
    assert module.functions[0].registers == 2
    assert module.imports == ()


def test_dead_keeps_what_may_raise_or_act() -> None:
    same = """
        r0 = gget x
        r1 = binop + r0 r0
        r2 = cmp < r0 r0
        if r0
        r3 = callb print () ()
        r4 = dict (r0) (r0)
        return r0
    """
    check(dead.run, same, same, registers=5)


def test_dead_keeps_the_types_of_handlers_and_the_names_of_variables() -> None:
    text = """function 1 f
  param pos unused
  registers 8
  locals unused gone x
  code
    r1 = const 5
    try
      r2 = callb int (r0) ()
    types
      r6 = bget ValueError
    except r6 none
      r2 = const 1
    check r2
    return r2"""
    module = dead.run(written("r0 = func f1 ()\nreturn r0", text))
    verify(module)
    function = module.functions[1]
    assert (function.registers, function.locals) == (3, ("unused", "x"))
    assert "except r2 none" in to_text(module)


GENERATOR = """function 1 g
  kind generator
  registers 1
  code
    r0 = const None
    r0 = yield r0
    return r0"""


def test_dead_keeps_what_lets_go_of_a_value_whose_end_can_be_seen() -> None:
    code = """
        r0 = func f1 ()
        r1 = call r0 () ()
        r1 = const None
        r2 = const 5
        r3 = list ()
        return r0
    """
    check(
        dead.run,
        code,
        """
        r0 = func f1 ()
        r1 = call r0 () ()
        r1 = const None
        return r0
        """,
        GENERATOR,
    )
    check(
        dead.run,
        code,
        """
        r0 = func f1 ()
        r1 = call r0 () ()
        return r0
        """,
        GENERATOR.replace("  kind generator\n", "").replace("yield r0", "move r0"),
    )
