"""What the Python tier generates: as good as handwritten Python, and metered."""

import ast
import textwrap

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc import verify
from noodle_ray.core.nbc.module import Function, Instr, Module
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.limits import FuelExhausted, Limits
from noodle_ray.core.vm.pytier import make_run
from noodle_ray.core.vm.pytier.emitter import Emitter, Names
from noodle_ray.core.vm.pytier.nodes import NOWHERE
from noodle_ray.core.vm.pytier.run import PythonRun
from noodle_ray.core.vm.state import S
from noodle_ray.errors import ModuleError


def generated(source: str) -> str:
    """The body of the first function of a program, as Python text."""
    module = compile_source(textwrap.dedent(source))
    return ast.unparse(Emitter(module, module.functions[1], Names()).definition("f", [], NOWHERE))


def run(source: str, fuel: int = 10**9) -> PythonRun:
    """A finished run of a program."""
    made = make_run(compile_source(textwrap.dedent(source)), "", Limits(fuel=fuel))
    S.charge = made.charge
    made.start()
    return made


def fuel_of(source: str) -> int:
    return run(source).fuel_used()


def test_expression_when_temporaries_are_used_once_comes_out_whole() -> None:
    assert "return a * b + g(a - 1)[b:]" in generated("def f(a, b):\n    return a * b + g(a - 1)[b:]\ng = 0")


def test_short_circuits_and_conditionals_when_simple_stay_expressions() -> None:
    assert "return a and b or (a if a < b else b)" in generated(
        "def f(a, b):\n    return a and b or (a if a < b else b)"
    )


def test_base_case_when_it_only_returns_is_not_charged() -> None:
    lines = generated("def f(n):\n    if n < 2:\n        return n\n    return f(n - 1)").splitlines()
    guard = next(i for i, line in enumerate(lines) if "if n < 2" in line)
    charge = next(i for i, line in enumerate(lines) if ".fuel :=" in line)
    assert guard < charge


def test_method_when_the_type_is_certain_is_called_directly() -> None:
    assert "out.append(x)" in generated("def f(x):\n    out = []\n    out.append(x)\n    return out")


def test_method_when_the_type_is_unknown_goes_through_its_table() -> None:
    text = generated("def f(x):\n    return x.extend([1])")
    assert "[.type(x)](x, [1])" in text
    assert "x.extend" not in text


def test_method_of_the_vetted_names_is_pythons_own() -> None:
    assert "x.append(1)" in generated("def f(x):\n    return x.append(1)")
    assert "x.append(1)" not in generated("class C:\n    def append(self, n): pass\ndef f(x):\n    return x.append(1)")


def test_attribute_when_read_never_becomes_an_attribute_access() -> None:
    text = generated("def f(x):\n    return x.real")
    assert ".attr(x, 'real')" in text


def test_simple_comprehension_when_a_leaf_is_pythons_own() -> None:
    assert "[.r1 * .r1 for .r1 in .i2 if .r1]" in generated("def f(xs):\n    return [x * x for x in xs if x]")


@pytest.mark.parametrize(
    ("ending", "iterations"),
    [("pass", 10), ("if i == 3:\n                break", 4), ("if i == 3:\n                continue", 10)],
)
def test_leaf_loop_when_it_ends_early_pays_only_for_what_ran(ending: str, iterations: int) -> None:
    program = """
    def f(n):
        for i in range(n):
            {ending}
        return 0
    f({n})
    """
    some = fuel_of(program.format(ending=ending, n=10))
    none = fuel_of(program.format(ending=ending, n=0))
    one = fuel_of(program.format(ending=ending, n=1))
    assert some - none == iterations * (one - none)


def test_leaf_loop_when_its_list_grows_pays_for_the_growth() -> None:
    program = """
    xs = [1]
    for x in xs:
        if len(xs) < {n}:
            xs.append(x)
    """
    short, longer = fuel_of(program.format(n=2)), fuel_of(program.format(n=12))
    assert (longer - short) % 10 == 0
    assert longer > short


def test_leaf_loop_when_an_exception_leaves_it_gives_unused_fuel_back() -> None:
    program = """
    def f(n):
        try:
            for i in range(n):
                1 // (2 - i)
        except ZeroDivisionError:
            return i
    f({n})
    """
    assert fuel_of(program.format(n=3)) == fuel_of(program.format(n=1000))


@pytest.mark.parametrize(
    "loop",
    [
        "while True:\n    pass",
        "for i in range(10**15):\n    pass",
        "xs = [1]\nfor x in xs:\n    xs.append(x)",
        "def f():\n    f()\n    f()\ndef g(n):\n    while True:\n        h(n)\ndef h(n):\n    return n\ng(1)",
        "[0 for i in range(10**15)]",
        "x = 0\nwhile x < 10**15:\n    x = x + 1\n    if x == 5:\n        continue",
    ],
)
def test_endless_loop_when_fuel_runs_out_trips(loop: str) -> None:
    with pytest.raises(FuelExhausted):
        run(loop, fuel=20_000)
    assert S.tripped == "fuel"
    S.tripped = ""


def test_fuel_when_it_is_just_enough_does_not_trip() -> None:
    program = "s = 0\nfor i in range(100):\n    s = s + i\nwhile s > 0:\n    s = s - 100"
    needed = fuel_of(program)
    assert run(program, fuel=needed).fuel_used() == needed
    with pytest.raises(FuelExhausted):
        run(program, fuel=needed - 1)
    S.tripped = ""


def test_traceback_when_a_program_raises_has_its_lines_and_functions() -> None:
    made = make_run(compile_source("def f(x):\n    return 1 // x\n\nf(0)\n"), "", Limits())
    with pytest.raises(ZeroDivisionError) as caught:
        made.start()
    assert made.traceback(caught.value) == [(4, 0, "<module>"), (2, 11, "f")]


def test_messages_when_arguments_are_missing_are_pythons() -> None:
    made = make_run(compile_source("def outer():\n    def f(x): return x\n    return f\nouter()()"), "", Limits())
    with pytest.raises(TypeError, match=r"^outer\.<locals>\.f\(\) missing 1 required positional argument: 'x'$"):
        made.start()


def test_module_when_a_local_shadows_a_global_it_uses_is_refused() -> None:
    span = (1, 0, 1, 1)
    body = (Instr("gget", (0, "x"), span), Instr("return", (0,), span))
    hostile = Module((Function("<module>", (), 2, ("", "x"), (), (), body, span),), (), ())
    with pytest.raises(ModuleError) as caught:
        make_run(hostile, "", Limits())
    assert caught.value.code == "NOODLE-E0336"


def test_module_that_unsets_the_register_of_a_captured_parameter_is_for_the_interpreter() -> None:
    module = compile_source("def f(x):\n    g = lambda: x\n    return g()\nf(1)")
    f = module.functions[1]
    changed = f._replace(body=(f.body[0], Instr("unset", (0,), f.span), *f.body[1:]))
    hostile = module._replace(functions=(module.functions[0], changed, *module.functions[2:]))
    verify(hostile)
    with pytest.raises(ModuleError) as caught:
        make_run(hostile, "", Limits())
    assert caught.value.code == "NOODLE-E0336"
    assert [execute(hostile, tier=tier).result for tier in ("interpreter", "python")] == [1, 1]


def test_expression_when_very_deep_still_compiles() -> None:
    made = run("x = 1\ny = " + " + ".join(["x"] * 80) + "\n")
    assert made.lookup("y") == 80
