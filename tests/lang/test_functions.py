"""Functions: parameters, closures, comprehensions as functions, globals."""

import pytest

from noodle_ray.core.nbc.module import Param
from tests.lang.reading import code, function, module


def test_parameters_keep_kind_default_and_annotation_when_lowered() -> None:
    source = "def f(a, /, b: int, c: 'list[str]' = [], *d, e, g: dict[\n  str, int] = {}, **h) -> int | None: pass"
    lowered = function(source, "f")
    assert lowered.params == (
        Param("a", "pos_only", False, ""),
        Param("b", "pos", False, "int"),
        Param("c", "pos", True, "list[str]"),
        Param("d", "var", False, ""),
        Param("e", "kw_only", False, ""),
        Param("g", "kw_only", True, "dict[ str, int]"),
        Param("h", "var_kw", False, ""),
    )
    assert lowered.returns == "int | None"
    assert lowered.locals[:7] == ("a", "b", "c", "d", "e", "g", "h")


def test_defaults_are_evaluated_at_definition_when_lowered() -> None:
    assert code("def f(a=1, *, b=2): pass").startswith("r0 = const 1\nr1 = const 2\nr2 = func f1 (r0 r1)\ngset f r2")


def test_variable_becomes_a_cell_when_an_inner_function_uses_it() -> None:
    source = "def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n        return n\n    return g"
    assert (function(source, "f").cells, function(source, "g").free) == (("n",), ("n",))
    assert code(source, "g").startswith("r0 = cget c0\nr2 = const 1\nr1 = inplace") or "cset c0" in code(source, "g")


def test_captured_parameter_is_copied_to_its_cell_when_the_function_is_entered() -> None:
    source = "def f(a):\n    return lambda: a"
    assert code(source, "f").startswith("cset c0 r0")
    assert function(source, "f").locals == ("a",)


def test_variable_passes_through_when_only_a_deeper_function_uses_it() -> None:
    source = "def f():\n    x = 1\n    def g():\n        def h():\n            return x\n        return h\n    return g"
    assert function(source, "g").free == ("x",)


def test_parent_comes_before_its_functions_when_numbered() -> None:
    names = [f.name for f in module("def a():\n    def b(): pass\n    return lambda: 1\ndef c(): pass").functions]
    assert names == ["<module>", "a", "b", "<lambda>", "c"]


def test_global_declaration_reaches_the_module_when_lowered() -> None:
    assert "gset x" in code("def f():\n    global x\n    x = 1", "f")


def test_comprehension_is_inlined_when_nothing_captures_its_variable() -> None:
    assert len(module("[x for x in [1]]").functions) == 1


def test_comprehension_becomes_a_function_when_a_closure_captures_its_variable() -> None:
    compiled = module("fs = [lambda: i for i in range(3)]")
    assert [f.name for f in compiled.functions] == ["<module>", "<listcomp>", "<lambda>"]
    assert compiled.functions[1].cells == ("i",)


@pytest.mark.parametrize(
    ("source", "name"), [("{(lambda: i)() for i in 'a'}", "<setcomp>"), ("{i: lambda: i for i in 'a'}", "<dictcomp>")]
)
def test_comprehension_function_is_named_for_its_kind_when_lowered(source: str, name: str) -> None:
    assert function(source, name).params[0].name == "iterable"


def test_comprehension_parameter_is_renamed_when_its_name_is_taken() -> None:
    source = "[lambda: iterable for iterable in [1]]"
    assert function(source, "<listcomp>").params[0].name == "iterable_"


def test_comprehension_becomes_a_function_when_it_reads_its_variable_too_early() -> None:
    source = "def f():\n    return [b for a in [1] if b for b in [a]]"
    assert "check" in code(source, "<listcomp>")


def test_first_iterable_is_evaluated_outside_when_it_names_the_same_variable() -> None:
    assert "r1 = for r0" in code("def f(x):\n    return [x for x in x]", "f")


def test_walrus_binds_the_function_around_when_inside_a_comprehension() -> None:
    source = "def f(a):\n    r = [y := x for x in a]\n    return y"
    assert "y" in function(source, "f").locals


def test_each_function_is_created_once_when_try_has_a_finally() -> None:
    module("def f():\n    try:\n        return lambda: 1\n    finally:\n        g = lambda: 2")
