"""execute: entries, arguments, results, limits and errors, on each tier."""

import textwrap
from typing import Any

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc.module import Block, Function, Instr, Module
from noodle_ray.core.vm.execute import Outcome, execute
from noodle_ray.core.vm.limits import LimitExceeded, Limits
from noodle_ray.core.vm.state import S

TIERS = ["interpreter", "python"]


def run(source: str, tier: str, limits: Limits | None = None, **options: Any) -> Outcome:
    return execute(compile_source(textwrap.dedent(source)), tier=tier, limits=limits or Limits(), **options)


def code(outcome: Outcome) -> str:
    assert outcome.error is not None
    return str(outcome.error["code"])


@pytest.mark.parametrize("tier", TIERS)
def test_entry_when_main_exists_is_called_with_the_arguments(tier: str) -> None:
    source = "def main(a, b=2, *, c=3):\n    return [a, b, c]\ndef other(x):\n    return x"
    assert run(source, tier, args=[1], kwargs={"c": 9}).result == [1, 2, 9]
    assert run(source, tier, entry="other", args=["v"]).result == "v"


@pytest.mark.parametrize("tier", TIERS)
def test_entry_when_there_is_no_main_gives_the_last_expression(tier: str) -> None:
    assert run("x = 2\nx * 21", tier).result == 42
    assert run("main = 5\nmain", tier).result == 5


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(
    ("source", "options"),
    [
        ("1", {"entry": "nothing"}),
        ("x = 1", {"entry": "x"}),
        ("1", {"args": [1]}),
        ("main = 5", {"args": [1]}),
        ("1", {"entry": "__builtins__"}),
        ("1", {"entry": ".S"}),
    ],
)
def test_entry_when_it_is_no_function_is_an_error(tier: str, source: str, options: dict[str, Any]) -> None:
    assert code(run(source, tier, **options)) == "NOODLE-E0504"


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ([], {}, "main needs a value for 'n'"),
        ([1, "a", 3], {}, "main takes 2 positional argument(s), got 3"),
        ([1], {"z": 1}, "main has no parameter 'z'"),
        ([1], {"n": 2}, "main got two values for 'n'"),
        (["a"], {}, "main expects 'n' to be int, got str"),
        ([True], {}, "main expects 'n' to be int, got bool"),
        ([1, 5], {}, "main expects 's' to be str | None, got int"),
    ],
)
def test_arguments_when_they_do_not_fit_are_refused(
    tier: str, args: list[Any], kwargs: dict[str, Any], message: str
) -> None:
    outcome = run("def main(n: int, s: str | None = None):\n    return n", tier, args=args, kwargs=kwargs)
    assert code(outcome) == "NOODLE-E0502"
    assert outcome.error is not None
    assert outcome.error["message"] == message


@pytest.mark.parametrize("tier", TIERS)
def test_arguments_when_changed_by_the_program_leave_the_callers_alone(tier: str) -> None:
    mine = [[1]]
    assert run("def main(xs):\n    xs[0].append(2)\n    return xs", tier, args=[mine]).result == [[1, 2]]
    assert mine == [[1]]


@pytest.mark.parametrize("tier", TIERS)
def test_arguments_when_python_sets_come_in_are_noodles(tier: str) -> None:
    outcome = run("def main(s):\n    return [isinstance(s, set), str(s | {5})]", tier, args=[{4}])
    assert outcome.result == [True, "{4, 5}"]


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("source", ["len", "lambda: 1", "[print]", "{'a': iter([])}", "a = []\na.append(a)\na", "int"])
def test_result_when_it_is_not_data_is_an_error(tier: str, source: str) -> None:
    assert code(run(source, tier)) == "NOODLE-E0503"


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(
    ("source", "result"),
    [("range(3)", [0, 1, 2]), ("{'a': 1}.items()", [("a", 1)]), ("{1: 2}.values()", [2]), ("(1, [2])", (1, [2]))],
)
def test_result_when_it_is_a_view_is_a_list(tier: str, source: str, result: object) -> None:
    assert run(source, tier).result == result


LOOP = "n = 0\nwhile True:\n    n += 1"
CATCHING = """
def f():
    try:
        {body}
    except Exception:
        print("caught")
    except:
        print("caught bare")
    finally:
        print("finally")
f()
"""


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(
    ("source", "limits", "expected"),
    [
        (LOOP, Limits(fuel=1000), "NOODLE-E0401"),
        ("sum(range(10**12))", Limits(), "NOODLE-E0401"),
        ("sorted(range(10**6))", Limits(fuel=1000), "NOODLE-E0401"),
        ("'a'.join(['b'] * 10**6)", Limits(fuel=1000), "NOODLE-E0401"),
        ("10 ** 10 ** 8", Limits(), "NOODLE-E0401"),
        ("import math\nmath.factorial(10**7)", Limits(), "NOODLE-E0401"),
        ("10 ** 10 ** 10", Limits(), "NOODLE-E0402"),
        ("pow(7, 10 ** 12)", Limits(), "NOODLE-E0402"),
        ("import math\nmath.perm(10 ** 10)", Limits(), "NOODLE-E0402"),
        ("def f(n):\n    return f(n + 1)\nf(0)", Limits(), "NOODLE-E0404"),
        ("def f(n):\n    return f(n + 1)\nf(0)", Limits(recursion=10), "NOODLE-E0404"),
        ("f = lambda: sorted([1], key=lambda x: f())\nf()", Limits(), "NOODLE-E0404"),
        ("f = lambda: max([1], key=lambda x: f())\nf()", Limits(recursion=10**9), "NOODLE-E0404"),
        ("a = []\nfor i in range(10**5):\n    a = [a]\nstr(a)", Limits(), "NOODLE-E0404"),
        ("import json\njson.loads('[' * 100000)", Limits(), "NOODLE-E0404"),
        ("while True:\n    print('x' * 100)", Limits(output=1000), "NOODLE-E0405"),
    ],
)
def test_limit_when_it_trips_ends_the_run(tier: str, source: str, limits: Limits, expected: str) -> None:
    outcome = run(source, tier, limits)
    assert code(outcome) == expected
    assert outcome.error is not None
    assert outcome.error["type"] == "LimitExceeded"
    assert S.tripped


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(
    "body",
    ["while True: pass", "f()", "10 ** 10 ** 10", "[sum(range(10 ** 12))]", "print('x' * 10 ** 7)", "[0] * 10 ** 15"],
)
def test_limit_when_the_program_would_catch_everything_is_not_caught(tier: str, body: str) -> None:
    outcome = run(CATCHING.format(body=body), tier, Limits(fuel=10**6))
    assert code(outcome).startswith("NOODLE-E040")
    assert "caught" not in outcome.stdout


@pytest.mark.parametrize("tier", TIERS)
def test_limit_when_output_trips_keeps_what_fits(tier: str) -> None:
    assert run("print('abc' * 5)", tier, Limits(output=7)).stdout == "abcabca"


@pytest.mark.parametrize("tier", TIERS)
def test_limit_when_the_deadline_handler_raises_ends_the_run(tier: str) -> None:
    from noodle_ray.core.vm.host import EffectAnswer, EffectRequest

    class Late:
        def send(self, requests: list[EffectRequest]) -> None:
            """Take them."""

        def receive(self, timeout: float | None = None) -> list[EffectAnswer]:
            raise LimitExceeded("deadline")

    source = "from noodle_ray import model\nm = model('m')\ntry:\n    m('a')\nexcept Exception:\n    print('caught')"
    outcome = run(source, tier, host=Late())
    assert code(outcome) == "NOODLE-E0403"
    assert outcome.stdout == ""


@pytest.mark.parametrize("tier", TIERS)
def test_run_when_another_was_cut_off_starts_clean(tier: str) -> None:
    assert code(run(LOOP, tier, Limits(fuel=100))) == "NOODLE-E0401"
    outcome = run("print('hi')\n1 + 1", tier)
    assert (outcome.result, outcome.stdout, outcome.error) == (2, "hi\n", None)
    assert S.tripped == ""


@pytest.mark.parametrize("tier", TIERS)
def test_run_when_globals_are_left_by_another_run_does_not_see_them(tier: str) -> None:
    module = compile_source("def main(n):\n    global kept\n    if n:\n        kept = n\n    return kept")
    assert execute(module, tier=tier, args=[5], key="same").result == 5
    second = execute(module, tier=tier, args=[0], key="same")
    assert second.error is not None
    assert second.error["type"] == "NameError"


@pytest.mark.parametrize("tier", TIERS)
def test_error_when_uncaught_has_code_type_message_and_traceback(tier: str) -> None:
    outcome = run("def f(x):\n    return 1 / x\nf(0)", tier)
    assert outcome.error == {
        "code": "NOODLE-E0501",
        "type": "ZeroDivisionError",
        "message": "division by zero",
        "traceback": [
            {"line": 3, "column": 0, "function": "<module>"},
            {"line": 2, "column": 11, "function": "f"},
        ],
    }


@pytest.mark.parametrize("tier", TIERS)
def test_error_when_message_is_huge_is_cut(tier: str) -> None:
    outcome = run("raise ValueError('x' * 10**6)", tier)
    assert outcome.error is not None
    assert len(outcome.error["message"]) == 10_000


@pytest.mark.parametrize("tier", TIERS)
def test_usage_when_a_run_ends_counts_fuel_and_time(tier: str) -> None:
    usage = run("sum([x for x in range(1000)])", tier).usage
    assert usage["fuel"] > 1000
    assert usage["wall_seconds"] >= usage["computing_seconds"] > 0
    assert usage["model_calls"] == usage["model_batches"] == 0
    assert usage["memory_peak_bytes"] >= 0


@pytest.mark.parametrize("tier", TIERS)
def test_usage_when_much_memory_is_held_sees_it(tier: str) -> None:
    assert run("x = [0] * 10**7\nlen(x)", tier).usage["memory_peak_bytes"] > 60_000_000


def test_fuel_when_it_runs_out_is_the_whole_limit_on_each_tier() -> None:
    assert [run(LOOP, tier, Limits(fuel=777)).usage["fuel"] for tier in TIERS] == [777, 777]


FUEL_OF_DATA = [
    "list(range(1000))", "sorted([x % 7 for x in range(500)])", "','.join(['ab'] * 500)", "('a b ' * 500).split()",
    "sum([1] * 1000)", "max([1] * 1000)", "min(range(1000))", "any([0] * 1000)", "all(range(1, 1000))",
    "str([1] * 500)",
    "repr([1] * 500)", "tuple(range(500))", "dict(zip(range(300), range(300)))", "set(range(500))",
    "{x for x in range(300)}", "set(range(300)) | {5}", "{**dict.fromkeys(range(300))}", "[].extend(range(500))",
    "list(map(str, range(300)))", "'x'.replace('x', 'y' * 1000)", "'{:>500}'.format(1)", "f'{1:>500}'",
    "__import_json__.dumps(list(range(300)))", "__import_json__.loads('[' + '1,' * 300 + '1]')", "2 ** 10000",
    "max(1, 2)", "print('x' * 1000)", "list(filter(None, range(300)))", "format('x' * 300, '>400')",
    "[*range(300)]", "{}.update(dict.fromkeys(range(300)))", "frozenset(range(300)) & {1}", "list({1: 2}.items())",
]  # fmt: skip


@pytest.mark.parametrize("expression", FUEL_OF_DATA)
def test_fuel_when_work_grows_with_data_is_the_same_on_each_tier(expression: str) -> None:
    source = "import json\nx = 0\n" + expression.replace("__import_json__", "json") + "\nx"
    left, right = (run(source, tier) for tier in TIERS)
    assert left.error is None
    assert left.usage["fuel"] == right.usage["fuel"]


@pytest.mark.parametrize("collect", ["list", "tuple", "set", "max", "list(map(str, {}))", "[*{}]", "sorted", "dict"])
def test_calls_until_a_sentinel_are_paid_for_where_the_function_charges_nothing(collect: str) -> None:
    calls = "iter(leaf, 0)"
    source = "def leaf():\n    return (1, 2)\n" + (collect.format(calls) if "{}" in collect else f"{collect}({calls})")
    outcomes = [run(source, tier, Limits(fuel=20_000)) for tier in TIERS]
    assert [outcome.error and outcome.error["code"] for outcome in outcomes] == ["NOODLE-E0401"] * 2


def test_tier_when_auto_is_the_python_tier_but_for_a_few_straight_instructions() -> None:
    assert execute(compile_source("1")).tier == "interpreter"
    assert execute(compile_source("[n for n in range(3)]")).tier == "python"


def test_tier_when_cpythons_compiler_refuses_is_the_interpreter() -> None:
    at = (1, 0, 1, 1)
    block: Block = (Instr("const", (2, "innermost"), at),)
    for _ in range(25):
        block = (Instr("for", (1, 0, block, ()), at),)
    body = (Instr("const", (0, (1, 2)), at), Instr("const", (2, ""), at), *block, Instr("return", (2,), at))
    module = Module((Function("<module>", (), 3, (), (), (), body, at),), (), ())
    outcome = execute(module, limits=Limits(fuel=10**4))
    assert outcome.tier == "interpreter"
    assert code(outcome) == "NOODLE-E0401"


@pytest.mark.parametrize("tier", ["interpreter", "python"])
def test_a_message_that_runs_out_of_fuel_ends_the_run_as_any_code_does(tier: str) -> None:
    source = "class E(Exception):\n    def __str__(self):\n        while True:\n            pass\nraise E\n"
    outcome = execute(compile_source(source), tier=tier, limits=Limits(fuel=10_000))
    assert outcome.error is not None
    assert outcome.error["code"] == "NOODLE-E0401"
