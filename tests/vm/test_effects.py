"""Programs that call models, compiled and run on each tier, against what sequential execution would do."""

import textwrap

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm import gathering
from noodle_ray.core.vm.execute import Outcome, execute
from noodle_ray.core.vm.gathering import WINDOW
from tests.vm.hosts import ScriptedHost, echo, newest

TIERS = ["interpreter", "python"]
HEADER = "from noodle_ray import model, ModelError\nm = model('m')\n"


def run(source: str, tier: str) -> tuple[Outcome, ScriptedHost]:
    host = ScriptedHost(echo, newest)
    return execute(compile_source(HEADER + textwrap.dedent(source)), tier=tier, host=host), host


def result(source: str, tier: str) -> object:
    outcome, _ = run(source, tier)
    assert outcome.error is None, outcome.error
    return outcome.result


@pytest.mark.parametrize("tier", TIERS)
def test_calls_when_independent_share_a_batch(tier: str) -> None:
    outcome, host = run(
        """
        def f():
            a = m("a")
            b = m("b")
            return a + b
        f()
        """,
        tier,
    )
    assert outcome.result == "a!b!"
    assert host.keys == [["/1", "/2"]]
    assert outcome.usage["model_calls"] == 2
    assert outcome.usage["model_batches"] == 1
    assert outcome.usage["waiting_seconds"] > 0


@pytest.mark.parametrize("tier", TIERS)
def test_calls_when_chained_pass_values_on(tier: str) -> None:
    assert result("def f(x):\n    return m(m(m(x)))\nf('q')", tier) == "q!!!"


@pytest.mark.parametrize("tier", TIERS)
def test_comprehension_when_elements_call_models_overlaps_them(tier: str) -> None:
    outcome, host = run("def f(xs):\n    return [m(x).upper() for x in xs if x != 'c']\nf(['a', 'b', 'c', 'd'])", tier)
    assert outcome.result == ["A!", "B!", "D!"]
    assert [len(batch) for batch in host.sent] == [3]


@pytest.mark.parametrize("tier", TIERS)
def test_comprehension_when_functions_call_models_overlaps_them(tier: str) -> None:
    source = """
    def twice(x):
        return m(m(x))
    def all_of(xs):
        return [twice(x) for x in xs]
    all_of(["a", "b"])
    """
    outcome, host = run(source, tier)
    assert outcome.result == ["a!!", "b!!"]
    assert len(host.sent[0]) == 2


@pytest.mark.parametrize("tier", TIERS)
def test_loop_when_output_depends_on_order_keeps_it(tier: str) -> None:
    outcome, _ = run("for x in ['a', 'b']:\n    print(m(x))\n    print('after', x)", tier)
    assert outcome.stdout == "a!\nafter a\nb!\nafter b\n"


@pytest.mark.parametrize("tier", TIERS)
def test_failure_when_caught_gives_message_and_code(tier: str) -> None:
    source = """
    def f():
        try:
            return m("bad idea")
        except ModelError as e:
            return [str(e), e.code, isinstance(e, RuntimeError)]
    f()
    """
    assert result(source, tier) == ["refused bad idea", "NOODLE-E0603", True]


@pytest.mark.parametrize("tier", TIERS)
def test_failure_when_uncaught_is_the_runs_error_with_the_calls_line(tier: str) -> None:
    outcome, _ = run("x = 1\ny = m('bad')\ny", tier)
    assert outcome.error is not None
    assert outcome.error["type"] == "ModelError"
    assert outcome.error["message"] == "refused bad"
    assert outcome.error["traceback"][0]["function"] == "<module>"


@pytest.mark.parametrize("tier", TIERS)
def test_failure_when_a_print_follows_hides_the_print(tier: str) -> None:
    outcome, _ = run("a = m('bad')\nprint('unseen')", tier)
    assert outcome.stdout == ""
    assert outcome.error is not None


@pytest.mark.parametrize("tier", TIERS)
def test_failure_when_in_a_comprehension_is_that_of_the_first_element(tier: str) -> None:
    source = """
    def f():
        try:
            return [m(x) for x in ["ok", "bad 1", "bad 2"]]
        except ModelError as e:
            return str(e)
    f()
    """
    assert result(source, tier) == "refused bad 1"


@pytest.mark.parametrize("tier", TIERS)
def test_failure_when_followed_by_another_exception_comes_first(tier: str) -> None:
    outcome, _ = run("def f():\n    a = m('bad')\n    return 1 // 0\nf()", tier)
    assert outcome.error is not None
    assert outcome.error["type"] == "ModelError"


@pytest.mark.parametrize("tier", TIERS)
def test_model_when_used_as_a_value_can_be_called(tier: str) -> None:
    assert result("def ask(f, x):\n    return f(x)\nask(m, 'v')", tier) == "v!"
    assert result("list(map(m, ['a', 'b']))", tier) == ["a!", "b!"]
    assert result("[str(m), callable(m)]", tier) == ["<model 'm'>", True]


@pytest.mark.parametrize("tier", TIERS)
def test_model_when_given_a_function_raises_type_error(tier: str) -> None:
    outcome, host = run("def f():\n    return 1\nm(f)", tier)
    assert outcome.error is not None
    assert outcome.error["type"] == "TypeError"
    assert host.sent == []


@pytest.mark.parametrize("tier", TIERS)
def test_limit_when_it_trips_inside_fibers_ends_the_run(tier: str) -> None:
    source = HEADER + textwrap.dedent(
        """
        def work(x):
            y = m(x)
            n = 0
            while y != "":
                n += 1
            return n
        def f():
            try:
                return [work(x) for x in ["a", "b"]]
            except Exception:
                return "caught"
        f()
        """
    )
    from noodle_ray.core.vm.limits import Limits

    outcome = execute(compile_source(source), tier=tier, host=ScriptedHost(echo), limits=Limits(fuel=5000))
    assert outcome.error is not None
    assert outcome.error["code"] == "NOODLE-E0401"


def test_fuel_and_keys_when_tiers_differ_are_the_same() -> None:
    source = """
    def one(x):
        a = m(x)
        b = m(a + "?")
        return [m(y) for y in [a, b]]
    def f(xs):
        return [one(x) for x in xs if m(x) != "q!"]
    [f(["a", "b", "q"]), m("end")]
    """
    (left, left_host), (right, right_host) = run(source, "interpreter"), run(source, "python")
    assert left.error is None
    assert left.result == right.result
    assert left.usage["fuel"] == right.usage["fuel"]
    assert left_host.keys == right_host.keys


@pytest.mark.parametrize("tier", TIERS)
def test_recursion_when_its_calls_overlap_has_the_depth_that_it_has_without(tier: str) -> None:
    source = "def walk(n):\n    return walk(n - 1) + m(str(n)) if n else ''\nwalk({})"
    outcome, host = run(source.format(900), tier)
    assert outcome.error is None
    assert len(host.sent) == 1
    outcome, _ = run(source.format(3000), tier)
    assert outcome.error is not None
    assert outcome.error["code"] == "NOODLE-E0404"


@pytest.mark.parametrize("tier", TIERS)
def test_loop_when_a_row_fails_has_run_the_rest_of_the_rows_before(tier: str) -> None:
    source = """
    def f(xs):
        for x in xs:
            y = m(x)
            print(x, y)
    f(["a", "b", "bad", "c"])
    """
    outcome, host = run(source, tier)
    assert outcome.stdout == "a a!\nb b!\n"
    assert outcome.error is not None
    assert [frame["line"] for frame in outcome.error["traceback"]] == [8, 6]
    assert [len(batch) for batch in host.sent] == [4]


@pytest.mark.parametrize("tier", TIERS)
def test_loop_when_long_is_run_by_the_window(tier: str) -> None:
    outcome, host = run("total = 0\nfor i in range(1000):\n    total += len(m(str(i)))\ntotal", tier)
    assert outcome.result == sum(len(str(i)) + 1 for i in range(1000))
    assert [len(batch) for batch in host.sent] == [WINDOW, 1000 - WINDOW]


@pytest.mark.parametrize("tier", TIERS)
def test_loop_when_its_task_is_cancelled_begins_no_other_element(tier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "WINDOW", 4)
    source = """
    import asyncio
    async def many():
        return [m(str(x)) for x in range(20)]
    async def main():
        task = asyncio.create_task(many())
        await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return m("after")
    asyncio.run(main())
    """
    outcome, host = run(source, tier)
    assert (outcome.error, outcome.result) == (None, "after!")
    assert sum(map(len, host.keys)) == 4 + 1
