"""What a program can reach: only what the tables hold, whatever names and values it tries."""

import builtins
import gc
import types
from typing import Any

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc.module import Function, Instr, Module
from noodle_ray.core.vm.builtins import BUILTINS, CALLS, callee
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.methods import ATTRIBUTES, METHODS, attribute, method_table
from noodle_ray.core.vm.names import BUILTIN_NAMES, READ_DUNDERS
from noodle_ray.core.vm.sets import frozenset, set
from noodle_ray.core.vm.types import Standin, held, real_type, type_of

TIERS = ["interpreter", "python"]
AT = (1, 0, 1, 1)
VALUES: list[Any] = [
    1, True, 1.5, 1j, "a", b"a", None, ..., [1], (1,), {1: 2}, set([1]), frozenset([1]), range(3), slice(1), len,
    [].append, "a".join, int, str, list, type(None), ValueError, ValueError("v"), KeyError("k"), {}.items(),
    {}.values(), iter([]),
    map(len, []), zip(), enumerate([]), filter(None, []), reversed([]), BUILTINS["type"], BUILTINS["math"],
    BUILTINS["json"], BUILTINS["print"], BUILTINS["sorted"], type_of(len), (lambda: 1), METHODS["items"][dict]({}),
    OSError(2, "m"), BUILTINS["json.JSONDecodeError"]("m", "d", 0), int | str, list[int],
]  # fmt: skip
OPEN = (int, str, list, type(None), ValueError, Exception, BaseException, object)
"""Classes that a program can name, and so may find as bases of others."""
NAMES = [
    "__bases__", "__mro__", "__subclasses__", "__globals__", "__builtins__", "__code__",
    "__self__", "__func__", "__closure__", "__reduce__", "__reduce_ex__", "__getattribute__", "__import__",
    "__traceback__", "__wrapped__", "mro", "tb_frame", "gi_frame", "gi_code", "cr_frame", "ag_frame",
    "f_globals", "func", "with_traceback", "obj", "_mapping", "mapping", "members", "run", "cells", "bind",
    "real_type", "name_", "func_globals", "im_self", "__origin__", "__args__", "__parameters__", "_hash", "keys_",
    "__weakref__", "__base__", "__basicsize__", "__dictoffset__", "__flags__", "__text_signature__",
    "__instancecheck__", "__subclasshook__", "__prepare__", "__del__", "__getstate__", "__abstractmethods__",
    "__objclass__", "__defaults__", "__kwdefaults__", "__loader__", "__spec__", "__file__", "__path__",
]  # fmt: skip


def outcome_of(source: str, tier: str) -> Any:
    return execute(compile_source(source), tier=tier)


@pytest.mark.parametrize("name", NAMES)
def test_attribute_when_internal_is_refused_on_every_value(name: str) -> None:
    for value in VALUES:
        if name in ("__bases__", "__mro__") and type(value) is type:
            assert all(held(each) is each and real_type(each) in OPEN for each in attribute(value, name))
            continue
        with pytest.raises(AttributeError):
            attribute(value, name)
        with pytest.raises(AttributeError):
            method_table(name, 0)[type(value)](value)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("name", NAMES)
def test_attribute_when_a_hand_made_module_names_it_is_refused(tier: str, name: str) -> None:
    for opcode in (("attr", (1, 0, name)), ("callm", (1, 0, name, (), ()))):
        for value in ("text", (1, 2), 5):
            body = (
                Instr("const", (0, value), AT), Instr(opcode[0], opcode[1], AT), Instr("return", (1,), AT),
            )  # fmt: skip
            module = Module((Function("<module>", (), 2, (), (), (), body, AT),), (), ())
            error = execute(module, tier=tier).error
            assert error is not None
            assert error["type"] == "AttributeError"


def test_tables_when_listed_hold_no_internal_name() -> None:
    private = {name for name in (*METHODS, *ATTRIBUTES) if name[:2] == "__"}
    assert private <= READ_DUNDERS


def test_builtins_when_listed_are_exactly_the_vetted_names() -> None:
    for name in BUILTIN_NAMES:
        assert name == "time.tzname" or CALLS[name] is not None
        assert callee(name, 1, False) is not None
    assert {*BUILTINS} <= {*BUILTIN_NAMES}


@pytest.mark.parametrize(
    "name",
    ["eval", "exec", "compile", "open", "input", "globals", "locals", "__import__", "memoryview", "breakpoint", "help",
     "exit", "quit", "__build_class__", "__loader__", "__builtins__", "credits", "copyright", "license"],
)  # fmt: skip
def test_builtins_when_dangerous_are_not_offered(name: str) -> None:
    assert name not in BUILTIN_NAMES
    with pytest.raises(KeyError):
        CALLS[name]


def test_builtins_when_values_are_never_pythons_type_object_or_a_metaclass() -> None:
    for name, value in BUILTINS.items():
        assert value is not builtins.type, name
        assert not (isinstance(value, type) and issubclass(value, type)), name
        assert not isinstance(value, types.ModuleType), name


def test_type_of_when_given_internal_values_gives_a_standin_that_makes_nothing() -> None:
    for value in (len, [].append, lambda: 1, iter([]), BUILTINS["math"], type_of(len), compile("1", "", "eval"), gc):
        kind = type_of(value)
        assert isinstance(kind, Standin)
        with pytest.raises(TypeError):
            kind(1, 2, 3)


@pytest.mark.parametrize(
    ("template", "error"),
    [
        ("{0.__code__}", AttributeError),
        ("{0.func_globals}", AttributeError),
        ("{x.__init__.__globals__}", AttributeError),
        ("{0[__class__]}", TypeError),
        ("{0:{0.__code__}}", AttributeError),
        ("{!z}", ValueError),
        ("{:{:{}}}", ValueError),
    ],
)
def test_format_when_fields_reach_for_attributes_is_refused(template: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        METHODS["format"][str](template, 1, 2, 3, x=1)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(
    "expression",
    ["type('X', (), {})", "type(len)(1)", "type(lambda: 1)(1)", "type(type)('X', (), {})", "type(1, 2)", "type()"],
)
def test_type_when_used_to_make_classes_or_functions_is_refused(tier: str, expression: str) -> None:
    outcome = outcome_of(expression, tier)
    assert outcome.error is not None
    assert outcome.error["type"] == "TypeError"


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(
    "expression",
    ["lambda: 1", "[f, g()]", "{'k': f}", "(f,)", "map(f, [])", "f.__class__" if False else "[].append", "iter([])",
     "KeyError(f)", "zip()", "{1: [g()]}.values()", "print", "sorted", "'a'.join", "ValueError(f, 1)"],
)  # fmt: skip
def test_text_of_functions_when_made_in_any_way_shows_no_address(tier: str, expression: str) -> None:
    source = f"""
def f():
    return 1
def g():
    def inner():
        return f
    return inner
x = {expression}
print(x, [x])
out = [str(x), repr(x), ascii(x), f"{{x}}", f"{{x!r}} {{[x]}}", "{{}} {{!r}}".format(x, x), "%s %r" % (x, [x])]
out.append(",".join(map(str, [x])))
try:
    [].index(x)
except ValueError as e:
    out.append(str(e))
try:
    {{}}[f, 1]
except KeyError as e:
    out.append(str(e))
    print(e)
out
"""
    outcome = outcome_of(source, tier)
    assert outcome.error is None, outcome.error
    assert "0x" not in str(outcome.result)
    assert "0x" not in outcome.stdout


@pytest.mark.parametrize("tier", TIERS)
def test_text_when_it_merely_looks_like_an_address_is_kept(tier: str) -> None:
    source = "s = '<x at 0x123456>'\n[s, str(s), f'{s}', repr(s), '%s' % 5 + s, f'{s} {len}', '%s %s' % (s, len)]"
    outcome = outcome_of(source, tier)
    expected = ["<x at 0x123456>"] * 3 + ["'<x at 0x123456>'", "5<x at 0x123456>"]
    assert outcome.result == expected + ["<x at 0x123456> <built-in function len>"] * 2


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("codec", ["idna", "punycode", "shift_jis", "zlib", "rot13", "utf-7", "cp1253"])
def test_codec_when_it_would_load_code_is_unknown(tier: str, codec: str) -> None:
    for source in (f"'a'.encode({codec!r})", f"'a'.encode().decode({codec!r})", f"str('a'.encode(), {codec!r})"):
        outcome = outcome_of(source, tier)
        assert outcome.error is not None
        assert outcome.error["type"] == "LookupError"


@pytest.mark.parametrize("tier", TIERS)
def test_print_when_given_what_cannot_be_written_to_is_refused(tier: str) -> None:
    outcome = outcome_of("print('a', file=[])", tier)
    assert outcome.error is not None
    assert outcome.error["message"] == "'list' object has no attribute 'write'"


@pytest.mark.parametrize("tier", TIERS)
def test_json_when_given_classes_to_use_is_refused(tier: str) -> None:
    for source in ("json.dumps(1, cls=int)", "json.loads('1', cls=int)", "json.dumps(1, foo=1)"):
        outcome = outcome_of("import json\n" + source, tier)
        assert outcome.error is not None
        assert outcome.error["type"] == "TypeError"
