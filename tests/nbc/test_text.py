"""The text form: what it looks like, that it reads back, and what it refuses."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noodle_ray.core.nbc import encode, from_text, to_text, verify
from noodle_ray.core.nbc.bounds import MAX_DEPTH
from noodle_ray.core.nbc.module import Module
from noodle_ray.errors import ModuleError
from tests.nbc.builders import instr, random_module, tables, top

LOOP = """\
nbc 2
models minilm
imports math

function 0 <module>  @1:0-9:12
  registers 6
  code
    r0 = const (1 'two' 3.0 None)  @1:6-24
    r1 = callb math.sqrt (r0) (key=r0)  @2:0-14
    while r2  @3:0-7:11
      r2 = cmp not-in r0 r1  @3:6-17
    do
      try  @4:2-6:8
        r3 = effect minilm (r0) ()  @4:4-14
      types
        r4 = bget ValueError  @5:9-19
      except r4 r5
        reraise  @6:6-11
      except none none
      finally
        barrier  @6:4-8
      break  @7:2-7
    else
      r5 = func f1 (r0)  @8:2-30
      return r5  @9:0-12

function 1 f  @8:2-30
  param pos_only x : 'int'
  param pos y default
  returns 'list[str]'
  registers 3
  locals x y
  cells x
  code
    cset c0 r0  @8:2-3
    r2 = ifx r0 r1 r0  @8:4-5
      barrier  @8:4-5
    return r2  @8:6-7
"""


def refused(text: str) -> ModuleError:
    with pytest.raises(ModuleError) as caught:
        from_text(text)
    assert caught.value.code == "NOODLE-E0308"
    return caught.value


def test_text_is_the_same_after_reading_and_writing() -> None:
    module = from_text(LOOP)
    verify(module)
    assert to_text(module) == LOOP


@settings(max_examples=150, deadline=None)
@given(st.builds(random_module, st.integers(0, 2**32), st.integers(1, 100)))
def test_module_is_the_same_after_writing_and_reading(module: Module) -> None:
    text = to_text(module)
    assert encode(from_text(text)) == encode(module)
    assert to_text(from_text(text)) == text


@settings(max_examples=50, deadline=None)
@given(st.builds(random_module, st.integers(0, 2**32), st.integers(1, 60)))
def test_code_is_the_same_when_spans_are_left_out(module: Module) -> None:
    text = to_text(module, spans=False)
    assert "  @" not in text or any("@" in line.split("  @")[0] for line in text.splitlines() if "  @" in line)
    assert to_text(from_text(text), spans=False) == text


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a b",
        "@x",
        "'",
        '"',
        "(",
        ")",
        "=",
        "#",
        "a=r1",
        "@1:2-3",
        " @1:2-3",
        "\n",
        "\\",
        "\ud800",
        "none",
        "\u2028",
    ],
)
def test_odd_names_are_quoted(name: str) -> None:
    module = tables(
        top(
            instr("gget", 0, name),
            instr("call", 0, 0, (0,), ((name, 0), ("k", 0), (name * 2, 0))),
            instr("const", 0, (name, (name,))),
            instr("const", 0, name),
            locals=(name,),
            name=name,
            returns=name,
        )
    )
    assert from_text(to_text(module)) == module


def test_comments_and_blank_lines_are_skipped() -> None:
    assert from_text("# a module\n\n" + LOOP.replace("    do", "      # body\n\n    do", 1)) == from_text(LOOP)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("nbc 2", "nbc 1", 1),
        ("nbc 2", "", 2),
        ("function 0", "function 1", 5),
        ("registers 6", "registers six", 6),
        ("registers 6", "registers", 6),
        ("  registers 6\n", "", 6),
        ("  code\n", "", 7),
        ("r0 = const", "x0 = const", 8),
        ("r0 = const", "r-1 = const", 8),
        ("r0 = const", "r99999999999 = const", 8),
        ("r0 = const", "r٣ = const", 8),
        ("r0 = const", "r0 = constant", 8),
        ("r0 = const", "r0 =", 8),
        ("(1 'two'", "(1 (2 'two'", 8),
        ("(1 'two'", "1 'two'", 8),
        ("(1 'two'", "('two", 8),
        ("'two'", "two", 8),
        ("'two'", "bits:00", 8),
        ("'two'", "bits:000000000000000000", 8),
        ("'two'", "9" * 5000, 8),
        ("'two'", "'\\x'", 8),
        ("'two'", "'\\ud8'", 8),
        ("'two'", "'\0'", 8),
        ("(key=r0)", "(key)", 9),
        ("(key=r0)", "key=r0", 9),
        ("(key=r0)", "(key=r0", 9),
        ("(key=r0)", "", 9),
        ("(key=r0)", "(key=r0) r1", 9),
        ("(r0) (key", "r0 (key", 9),
        ("not-in", "not_in", 11),
        ("not-in", "+", 11),
        ("      types", "        types", 15),
        ("    do", "    done", 12),
        ("except r4 r5", "except r4", 17),
        ("except r4 r5", "except r4 r5 r6", 17),
        ("except r4 r5", "reraise", 17),
        ("finally", "finally 2", 20),
        ("break", "   break", 22),
        ("param pos y", "param sometimes y", 29),
        ("x : 'int'", "x 'int'", 28),
        ("x : 'int'", "x : 'int' 2", 28),
        ("returns 'list[str]'", "returns 'a' 'b'", 31),
        ("cset c0", "cset 0", 35),
        ("f1 (r0)", "1 (r0)", 24),
        ("    return r2  @8:6-7\n", "    return r2  @8:6-7\nmore\n", 39),
    ],
)
def test_text_is_refused_with_its_line_when_wrong(old: str, new: str, line: int) -> None:
    error = refused(LOOP.replace(old, new, 1))
    assert error.message.endswith(".")
    assert error.span is not None
    assert f"Line {error.span[0]} " in error.message
    assert abs(error.span[0] - line) <= 1


@pytest.mark.parametrize("text", ["", "\n\n", "nbc", "nbc 2\nx", "nbc 2\nfunction", "'", "\0", "nbc 2\nmodels ("])
def test_scraps_are_refused(text: str) -> None:
    refused(text)


def test_deep_text_is_refused() -> None:
    lines = ["nbc 2", "function 0 f", "  registers 1", "  code"]
    lines += [" " * (4 + depth) + "if r0" for depth in range(MAX_DEPTH + 2)]
    assert "100 deep" in refused("\n".join(lines)).message
    refused("nbc 2\nfunction 0 f\n  registers 1\n  code\n    r0 = const " + "(" * 5000)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(LOOP) - 1), st.integers(0, 3), st.text(max_size=3))
def test_damaged_text_is_refused_or_read(at: int, count: int, insert: str) -> None:
    code = ""
    try:
        module = from_text(LOOP[:at] + insert + LOOP[at + count :])
    except ModuleError as error:
        code = error.code
    assert code == "NOODLE-E0308" if code else from_text(to_text(module)) == module
