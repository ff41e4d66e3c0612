"""Whatever the text, the compiler answers with a verified module or with diagnostics."""

import random
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noodle_ray.core.lang import check_source, compile_source, render
from noodle_ray.core.nbc import decode, encode, verify
from noodle_ray.errors import CompileError
from tests.lang.reading import codes, module

SNIPPETS = [
    "def f(", "):", "(", ")", "[", "]", "{", "}", "lambda", "x", "y", "for", "in", "if", "else", "\n",
    "\n    ", "\t", "=", ":=", "*", "**", "yield", "await", "class A", "return", "import", "from", '"', "'",
    'f"', "\\", "\0", "\ud800", "é", "𝒳", "ﬁ", "0", "1e309", "0x" + "f" * 50, "try:", "except", "finally:",
    "global x", "nonlocal x", "del x", "not", "is", "...", 'b"a"', "1j", "@", "->", "match x:", "with",
    "async", "%", "~", 'model("a")', "_", "__class__", "\r", "\x0c", "\ufeff", ";",
]  # fmt: skip


def _survives(source: str) -> None:
    try:
        module = compile_source(source, "f")
    except CompileError as error:
        for diagnostic in error.diagnostics:
            assert diagnostic.code.startswith("NOODLE-E0")
            assert render(diagnostic, source, "f")
    else:
        verify(module)
        assert decode(encode(module)).functions == module.functions


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(SNIPPETS), max_size=30).map(" ".join))
def test_compiler_survives_when_tokens_are_in_any_order(source: str) -> None:
    _survives(source)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_compiler_survives_when_text_is_random(source: str) -> None:
    _survives(source)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60).map(lambda data: data.decode("latin-1")))
def test_compiler_survives_when_bytes_are_random(source: str) -> None:
    _survives(source)


PROGRAM = """
import math
from noodle_ray import model, ModelError
embed = model("minilm")
def f(a, *b, c=1, **d):
    total = [x for x in b if x] + [embed(y) for y in b]
    try:
        total[0] += c
    except (ValueError, ModelError) as e:
        raise KeyError(f"{e!r:>{c}}") from e
    finally:
        while a and (a := a - 1): continue
    g = lambda: (total, a)
    for i, (j, *k) in enumerate(d.items()):
        if i < j < 3: break
    else:
        del total[0], j
    return {**d, 'z': [*k]}, g, any(x for x in b for y in x)
f(1, *[2], **{'k': math.pi})
"""


def test_compiler_survives_when_a_program_is_mutilated() -> None:
    chance = random.Random(7)
    for _ in range(1500):
        text = PROGRAM
        for _ in range(chance.randint(1, 4)):
            start = chance.randrange(len(text))
            stop = start + chance.choice([0, 0, 1, 2, 8, 40])
            text = text[:start] + chance.choice([*SNIPPETS, ""]) + text[stop:]
        _survives(text)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("(" * 5000 + ")" * 5000, "NOODLE-E0001"),
        ("(" * 190 + "1" + ")" * 190, ""),
        ("[" * 160 + "]" * 160, "NOODLE-E0116"),
        ("-" * 100_000 + "1", "NOODLE-E0116"),
        ("not " * 100_000 + "1", "NOODLE-E0116"),
        ("x = 1\n" + "x" + ".a" * 100_000, "NOODLE-E0116"),
        ("x = 1\n" + "x" + "()" * 100_000, "NOODLE-E0116"),
        ("x = 1\nx" + " + x" * 100_000, "NOODLE-E0116"),
        ("lambda: " * 5000 + "1", "NOODLE-E0116"),
        ("1 if 1 else " * 5000 + "1", "NOODLE-E0116"),
        ("x = 1\n" + "if x:\n pass\nel" * 200 + "if x:\n pass", "NOODLE-E0116"),
        ("".join(" " * i + "if 1:\n" for i in range(90)) + " " * 90 + "1", ""),
        ("".join(" " * i + "if 1:\n" for i in range(99)) + " " * 99 + "1", "NOODLE-E0116"),
        ("x = 1\nx" + " < x" * 300, "NOODLE-E0116"),
        ("'" + "{" * 1000 + "'", ""),
        ("f'" + "{f\"" * 3 + "'", "NOODLE-E0001"),
        ("9" * 4300, ""),
        ("9" * 100_000, "NOODLE-E0001"),
        ("0b" + "1" * 20_000, "NOODLE-E0117"),
        ("1e999999999999", ""),
        ("x = 1\0", "NOODLE-E0001"),
        ("'\ud800'", "NOODLE-E0001"),
        ("\ufeffx = 1", ""),
        ("\ufeff\ufeffx = 1", "NOODLE-E0001"),
        ("x = 1\r\ny = 2\ry", ""),
        ("if 1:\n\tx = 1\n        y = 1", "NOODLE-E0001"),
        ("# -*- coding: utf-7 -*-\nx = 1", ""),
        ("", ""),
        ("\n" * 100_000, ""),
        ("\\", "NOODLE-E0001"),
        ("x" * 2_000_000, "NOODLE-E0118"),
        ("'\\d'", ""),
        ("1or 2", ""),
        ("1 is 1", ""),
        ("'a' * 10**12", ""),
        ("10 ** 10 ** 8", ""),
        ("def f(" + ", ".join(f"a{i}" for i in range(3000)) + "): pass", ""),
        ("f(" + "1, " * 70_000 + ")\ndef f(): pass", "NOODLE-E0118"),
        ("def f(): pass\n" * 2001, "NOODLE-E0118"),
        ("x = [" + ", ".join(str((i + 8) * (2**61 - 1)) for i in range(1001)) + "]", "NOODLE-E0118"),
        ("x = 0\n" + "x\n" * 100_000, "NOODLE-E0118"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("error")
def test_compiler_answers_when_the_source_is_extreme(source: str, code: str) -> None:
    assert codes(source) == ([code] if code else [])
    if not code:
        _survives(source)


def test_compiler_answers_when_the_thread_has_little_stack() -> None:
    found: list[list[str]] = []
    thread = threading.Thread(target=lambda: found.append(codes("(" * 150 + "a" + ")" * 150 + "[" * 140 + "]" * 140)))
    thread.start()
    thread.join()
    assert found


def test_compilation_is_the_same_when_repeated_in_threads() -> None:
    made: list[bytes] = []
    threads = [threading.Thread(target=lambda: made.append(encode(compile_source(PROGRAM)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1
    assert len(made) == 4


def test_module_does_not_depend_on_the_filename_when_encoded() -> None:
    assert encode(compile_source(PROGRAM, "a")) == encode(compile_source(PROGRAM, "b"))


@pytest.mark.parametrize(
    "source",
    [
        "x.__closure__",
        "f'{x.__code__}'",
        "x.y.__globals__",
        "[a.__base__ for a in [x]]",
        "lambda: x.__basicsize__",
        "def f(): x.__code__ = 1",
        "del x.__builtins__",
        "class A:\n    def __getattribute__(self, name): pass",
        "class A:\n    __class__ = 1",
        "match x:\n    case x.__base__: pass",
    ],
)
def test_host_attributes_are_refused_when_reached_for(source: str) -> None:
    assert codes("x = 1\n" + source) == ["NOODLE-E0110"]


def test_findings_are_bounded_when_a_program_is_all_wrong() -> None:
    assert len(check_source("\n".join(f"nowhere{i}" for i in range(3000)))) == 200


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("match a:\n    case [" + ",".join(f"x{i}" for i in range(501)) + "]: pass", "NOODLE-E0118"),
        ("match a:\n" + ("    case [" + ",".join(f"x{i}" for i in range(100)) + "]: pass\n") * 30, "NOODLE-E0118"),
        ("match a:\n    case " + "[" * 120 + "x" + "]" * 120 + ": pass", "NOODLE-E0116"),
        ("class " + "A" * 101 + ":\n    __x = 1", "NOODLE-E0122"),
        ("class A:\n    global __class__", "NOODLE-E0110"),
        ("class A:\n    __class__ = 1", "NOODLE-E0110"),
        ("class A:\n    def __getattribute__(self): pass", "NOODLE-E0110"),
        ("a.__dict__.__globals__", "NOODLE-E0110"),
    ],
)
def test_hostile_class_or_pattern_is_refused_at_once(source: str, code: str) -> None:
    assert codes("a = 1\n" + source) == [code]


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n    def f(self):\n        nonlocal __class__\n        __class__ = 1",
        "class A:\n    def f(self):\n        del __class__",
        "class __class__:\n    def f(self): return __class__",
        "def __iterable__(): pass\nx = (y for y in __iterable__())\nclass A:\n    z = __iterable__",
        "def f(__iterable__):\n    return (__iterable__ for x in __iterable__)",
        "class A:\n    cls = 1\n    def f(self): return super()",
        "def f(x):\n    class C:\n        x = x\n        def g(self): return x\n    return C",
        "try: pass\n" + "except a(): pass\n" * 20,
        "a = " + "(x for x in " * 40 + "y" + ")" * 40 + "\ny = 1",
    ],
)
def test_module_is_valid_when_names_are_chosen_to_clash(source: str) -> None:
    module("a = 1\n" + source)
