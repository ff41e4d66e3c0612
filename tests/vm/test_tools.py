"""Tools on each tier: called in order, one at a time, after all that was asked before."""

import textwrap

import pytest

from noodle_ray.core import nbc
from noodle_ray.core.lang import compile_source
from noodle_ray.core.lang.report import as_text, effects_of
from noodle_ray.core.nbc.module import Instr
from noodle_ray.core.vm.execute import Outcome, execute
from noodle_ray.errors import CompileError, ModuleError
from tests.vm.hosts import ScriptedHost, echo, newest

TIERS = ["interpreter", "python"]
HEADER = "from noodle_ray import model, tool, ModelError\nm = model('m')\nt = tool('t')\n"


def run(source: str, tier: str) -> tuple[Outcome, list[list[str]]]:
    host = ScriptedHost(echo, newest)
    outcome = execute(compile_source(HEADER + textwrap.dedent(source)), tier=tier, host=host)
    return outcome, [[f"{request.model}({request.args[0]})" for request in batch] for batch in host.sent]


@pytest.mark.parametrize("tier", TIERS)
def test_tool_waits_for_what_was_asked_before_and_is_waited_for(tier: str) -> None:
    outcome, sent = run("def f():\n    a = m('a')\n    b = m('b')\n    t(b)\n    return a + m('c')\nf()", tier)
    assert (outcome.result, sent) == ("a!c!", [["m(a)", "m(b)"], ["tool:t(b!)"], ["m(c)"]])
    assert (outcome.usage["model_calls"], outcome.usage["model_batches"]) == (3, 2)
    assert [event["model"] for event in outcome.events].count("tool:t") == 1


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(
    "source",
    [
        "[t(x) for x in 'abc']",
        "list(map(t, 'abc'))",
        "[f(x) for f in [t] for x in 'abc']",
        "def f(x):\n    return t(x)\n[f(x) for x in 'abc']",
        "def f():\n    for x in 'abc':\n        t(x)\nf()",
        "import asyncio\nasync def f(x):\n    return t(x)\n"
        "async def g():\n    return await asyncio.gather(*map(f, 'abc'))\nasyncio.run(g())",
        "from concurrent.futures import ThreadPoolExecutor\nlist(ThreadPoolExecutor().map(t, 'abc'))",
        "max('abc', key=t)",
    ],
)
def test_tools_are_called_one_after_the_other(source: str, tier: str) -> None:
    outcome, sent = run(source, tier)
    assert outcome.error is None
    assert sent == [["tool:t(a)"], ["tool:t(b)"], ["tool:t(c)"]]


@pytest.mark.parametrize("tier", TIERS)
def test_failure_is_raised_where_the_tool_is_called(tier: str) -> None:
    outcome, sent = run("try:\n    t('bad')\nexcept ModelError as e:\n    print(e)\nt('bad 2')\nt('never')", tier)
    assert (outcome.stdout, sent) == ("refused bad\n", [["tool:t(bad)"], ["tool:t(bad 2)"]])
    assert outcome.error is not None
    assert [frame["line"] for frame in outcome.error["traceback"]] == [8]


@pytest.mark.parametrize("tier", TIERS)
def test_call_that_failed_before_keeps_the_tool_from_being_called(tier: str) -> None:
    outcome, sent = run("def f():\n    a = m('bad')\n    t('x')\n    return a\nf()", tier)
    assert outcome.error is not None
    assert (outcome.error["message"], sent) == ("refused bad", [["m(bad)"]])


@pytest.mark.parametrize("tier", TIERS)
def test_tool_as_a_value_shows_its_name(tier: str) -> None:
    outcome, _ = run(
        "import noodle_ray\n(t, noodle_ray.tool('b/c'), tool('d')('x'), callable(t), type(t).__name__)", tier
    )
    assert outcome.error is not None  # a tool is no data
    outcome, _ = run("import noodle_ray\nstr((t, noodle_ray.tool('b/c'), tool('d')('x'), callable(t)))", tier)
    assert outcome.result == "(<tool 't'>, <tool 'b/c'>, 'x!', True)"


def test_effects_report_calls_tools_ordered() -> None:
    source = HEADER + "def f(xs):\n    return [t(m(x)) for x in xs]\ndef g(xs):\n    return [m(x) for x in xs]\n"
    assert as_text(effects_of(source)).splitlines()[1:] == [
        "f, line 4: ordered, asks models",
        "    line 5, comprehension: one after the other: what it calls may change what others see, in each iteration",
        "g, line 6: asks models",
        "    line 7, comprehension: overlaps",
    ]


def test_module_names_its_tools_among_its_models() -> None:
    module = compile_source(HEADER + "t(m('a'))")
    assert module.models == ("m", "tool:t")
    assert nbc.load(nbc.encode(module)) == module._replace(filename=nbc.load(nbc.encode(module)).filename)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("from noodle_ray import tool\nx = 't'\ntool(x)", "NOODLE-E0213"),
        ("from noodle_ray import tool\ntool('a', 'b')", "NOODLE-E0213"),
        ("from noodle_ray import tool\ntool(' ')", "NOODLE-E0214"),
        (f"from noodle_ray import tool\ntool({'a' * 196!r})", "NOODLE-E0214"),
        ("from noodle_ray import model\nmodel('tool:t')('x')", "NOODLE-E0214"),
        ("from noodle_ray import tool\nx = tool", "NOODLE-E0213"),
        ("tool('t')", "NOODLE-E0201"),
    ],
)
def test_what_cannot_be_a_tool_is_refused(source: str, code: str) -> None:
    with pytest.raises(CompileError) as refused:
        compile_source(source)
    assert refused.value.code == code


def test_hand_made_module_cannot_ask_a_tool_as_a_model() -> None:
    module = compile_source("from noodle_ray import model\nmodel('m')('x')")
    main = module.functions[0]
    body = tuple(
        Instr("effect", (i.args[0], "tool:t", *i.args[2:]), i.span) if i.op == "effect" else i for i in main.body
    )
    forged = module._replace(functions=(main._replace(body=body),), models=("tool:t",))
    with pytest.raises(ModuleError) as refused:
        nbc.load(nbc.encode(forged))
    assert refused.value.code == "NOODLE-E0325"
