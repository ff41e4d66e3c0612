"""Generators, managers and coroutines where limits trip, where runs end, and across fibers."""

import gc
import textwrap

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm.execute import Outcome, execute
from noodle_ray.core.vm.fibers import Fibers
from noodle_ray.core.vm.limits import Limits
from noodle_ray.core.vm.modules import asyncio_
from noodle_ray.core.vm.state import S
from tests.vm.hosts import ScriptedHost, echo, newest

TIERS = ["interpreter", "python"]
HEADER = "from noodle_ray import model, ModelError\nm = model('m')\n"


def run(source: str, tier: str, **limits: int) -> Outcome:
    return execute(compile_source(textwrap.dedent(source)), tier=tier, limits=Limits(**limits))


def with_models(source: str, tier: str) -> tuple[Outcome, ScriptedHost]:
    host = ScriptedHost(echo, newest)
    return execute(compile_source(HEADER + textwrap.dedent(source)), tier=tier, host=host), host


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(
    "waiting",
    [
        "def f():\n    try:\n        yield 1\n        while True: pass\n    finally:\n        print('never')\n"
        "for x in f(): pass",
        "def f():\n    try:\n        yield 1\n    except:\n        print('never')\ng = f()\nnext(g)\nwhile True: pass",
        "class M:\n    def __enter__(self): pass\n    def __exit__(self, *d): print('never')\n"
        "with M():\n    while True: pass",
        "def f():\n    try:\n        yield from iter(int, 1)\n    finally:\n        print('never')\nsum(f())",
        "import asyncio\nasync def f():\n    try:\n        while True: await asyncio.sleep(0)\n"
        "    except BaseException:\n        print('never')\n    finally:\n        print('never')\nasyncio.run(f())",
        "from contextlib import contextmanager\n@contextmanager\ndef f():\n    try:\n        yield\n    finally:\n"
        "        print('never')\nwith f():\n    while True: pass",
    ],
)
def test_code_on_the_way_out_when_a_limit_trips_does_not_run(waiting: str, tier: str) -> None:
    outcome = run(waiting, tier, fuel=3000)
    assert outcome.error is not None
    assert outcome.error["code"] == "NOODLE-E0401"
    assert outcome.stdout == ""


@pytest.mark.parametrize("tier", TIERS)
def test_generator_when_the_run_ends_is_closed_unless_it_is_hidden(tier: str) -> None:
    source = "def f():\n    try:\n        yield 1\n    finally:\n        print('late')\n"
    assert run(f"{source}g = f()\nnext(g)", tier)[:2] == (1, "late\n")
    outcome = run(f"{source}def hide():\n    g = f()\n    next(g)\n    return lambda: g\nhidden = hide()\n1", tier)
    gc.collect()
    assert outcome[:2] == (1, "")


@pytest.mark.parametrize("tier", TIERS)
def test_generator_when_it_holds_itself_is_dropped_with_the_run(tier: str) -> None:
    source = "def f():\n    try:\n        me = yield\n        yield me\n    finally:\n        print('late')\ng = f()\n"
    outcome = run(source + "next(g)\ng.send(g)\ng = None\n", tier)
    assert outcome.error is None
    gc.collect()
    assert run("1", tier).stdout == ""


@pytest.mark.parametrize("tier", TIERS)
def test_recursion_when_generators_nest_too_deeply_is_a_limit(tier: str) -> None:
    outcome = run("def f(n):\n    yield n\n    yield from f(n + 1)\nfor x in f(0):\n    pass", tier, recursion=200)
    assert outcome.error is not None
    assert outcome.error["code"] == "NOODLE-E0404"


@pytest.mark.parametrize("tier", TIERS)
def test_recursion_when_coroutines_nest_too_deeply_is_a_limit(tier: str) -> None:
    source = "import asyncio\nasync def f(n):\n    return await f(n + 1)\nasyncio.run(f(0))"
    outcome = run(source, tier, recursion=200)
    assert outcome.error is not None
    assert outcome.error["code"] == "NOODLE-E0404"


PROGRAMS = {
    "a generator": "def f():\n    for i in range(5):\n        yield i\nt = 0\nfor x in f():\n    t += x\nt",
    "a generator in membership": (
        "def f():\n    yield from range(9)\nr = 0\nfor i in range(50):\n    if i in f():\n        r += i\nr"
    ),
    "a loop that ends early": (
        "def f():\n    for i in range(40):\n        yield i\ng = f()\n"
        "for i in range(500):\n    if 39 in g:\n        break\ni"
    ),
    "sends in a comprehension": (
        "def f():\n    x = 0\n    while True:\n        x = (yield x) + 1\ng = f()\nnext(g)\n"
        "[g.send(i) for i in (1, 2, 3)]"
    ),
    "an operator of a class": (
        "class V:\n    def __init__(self, x): self.x = x\n    def __lt__(self, o):\n        t = 0\n"
        "        for i in range(20): t += i\n        return self.x < o.x\n"
        "a = V(1)\nb = V(2)\nfor i in range(300):\n    if a < b:\n        break\ni"
    ),
    "a property": (
        "class V:\n    @property\n    def p(self):\n        return sum([x * x for x in range(20)])\nv = V()\n"
        "for i in range(300):\n    if v.p:\n        break\ni"
    ),
    "unpacking of a generator": (
        "def f():\n    yield 1\n    yield 2\ngs = [f() for i in range(3)]\nfor g in gs:\n    a, b = g\na + b"
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_fuel_trips_at_the_same_amount_when_a_loop_meets(name: str) -> None:
    used = run(PROGRAMS[name], "interpreter").usage["fuel"]
    for tier in TIERS:
        assert run(PROGRAMS[name], tier).usage["fuel"] == used
        assert run(PROGRAMS[name], tier, fuel=used).error is None
        error = run(PROGRAMS[name], tier, fuel=used - 1).error
        assert error is not None
        assert error["code"] == "NOODLE-E0401"


@pytest.mark.parametrize("tier", TIERS)
def test_generator_when_it_calls_models_gives_their_answers(tier: str) -> None:
    outcome, _ = with_models(
        """
        def answers(xs):
            for x in xs:
                yield m(x)
        [list(answers("ab")), [a.upper() for a in answers("cd")]]
        """,
        tier,
    )
    assert outcome.error is None, outcome.error
    assert outcome.result == [["a!", "b!"], ["C!", "D!"]]


@pytest.mark.parametrize("tier", TIERS)
def test_generator_when_it_is_run_by_fibers_keeps_to_its_fiber(tier: str) -> None:
    outcome, _ = with_models(
        """
        def asked(x):
            first = m(x)
            yield first
            yield m(first)
        def f(x):
            return [a for a in asked(x)]
        [f(x) for x in "abc"]
        """,
        tier,
    )
    assert outcome.error is None, outcome.error
    assert outcome.result == [["a!", "a!!"], ["b!", "b!!"], ["c!", "c!!"]]


@pytest.mark.parametrize("tier", TIERS)
def test_generator_when_it_goes_on_in_another_fiber_than_it_began_in(tier: str) -> None:
    outcome, _ = with_models(
        """
        import asyncio
        def asked(xs):
            for x in xs:
                yield m(x)
        g = asked("abc")
        async def f():
            return next(g)
        async def app():
            return [await asyncio.create_task(f()) for i in range(3)]
        asyncio.run(app())
        """,
        tier,
    )
    assert outcome.error is None, outcome.error
    assert outcome.result == ["a!", "b!", "c!"]


@pytest.mark.parametrize("tier", TIERS)
def test_tasks_when_each_calls_a_model_share_a_batch(tier: str) -> None:
    outcome, host = with_models(
        """
        import asyncio
        async def ask(x):
            return await m(x)
        async def app():
            return await asyncio.gather(*[ask(x) for x in "abc"])
        asyncio.run(app())
        """,
        tier,
    )
    assert outcome.error is None, outcome.error
    assert outcome.result == ["a!", "b!", "c!"]
    assert [len(batch) for batch in host.sent] == [3]


@pytest.mark.parametrize("tier", TIERS)
def test_tasks_when_their_generators_call_models_share_a_batch(tier: str) -> None:
    outcome, host = with_models(
        """
        import asyncio
        def answers(x):
            yield m(x)
            yield m(x + x)
        async def ask(x):
            return list(answers(x))
        async def app():
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(ask(x)) for x in "ab"]
            return [t.result() for t in tasks]
        asyncio.run(app())
        """,
        tier,
    )
    assert outcome.error is None, outcome.error
    assert outcome.result == [["a!", "aa!"], ["b!", "bb!"]]
    assert [len(batch) for batch in host.sent] == [2, 1, 1]


def test_tasks_when_they_gather_calls_share_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    host = ScriptedHost(echo, newest)
    fibers = Fibers(host)
    monkeypatch.setattr(S, "fibers", fibers, raising=False)

    def asked(x: str) -> object:
        return fibers.force(fibers.effect("m", (x,), {}))

    async def ask(xs: str) -> object:
        return fibers.force(fibers.gather(asked, xs))

    async def app() -> object:
        return await asyncio_.gather(ask("ab"), asyncio_.sleep(0.001, "slept"), ask("cd"))

    assert asyncio_.run(app()) == [["a!", "b!"], "slept", ["c!", "d!"]]
    assert host.keys == [["1.1.1.0/1", "1.1.1.1/1", "1.3.1.0/1", "1.3.1.1/1"]]


@pytest.mark.parametrize("tier", TIERS)
def test_task_when_its_model_refuses_raises_where_it_is_awaited(tier: str) -> None:
    outcome, _ = with_models(
        """
        import asyncio
        async def ask(x):
            return m(x)
        async def app():
            return [str(r) for r in await asyncio.gather(ask("a"), ask("bad"), return_exceptions=True)]
        asyncio.run(app())
        """,
        tier,
    )
    assert outcome.error is None, outcome.error
    assert outcome.result == ["a!", "refused bad"]


@pytest.mark.parametrize("tier", TIERS)
def test_task_when_it_waits_for_what_nobody_does_ends_at_the_deadline(tier: str) -> None:
    source = "import asyncio\nasync def app():\n    await asyncio.Future()\nasyncio.run(app())"
    outcome = run(source, tier)
    assert outcome.error is not None
    assert outcome.error["code"] == "NOODLE-E0403"


@pytest.mark.parametrize("tier", TIERS)
def test_script_when_it_runs_its_async_main_itself_runs_it_once(tier: str) -> None:
    source = "import asyncio\nasync def main():\n    print('once')\n    return 5\nasyncio.run(main())"
    outcome = run(source, tier)
    assert (outcome.result, outcome.stdout) == (5, "once\n")


@pytest.mark.parametrize("tier", TIERS)
def test_main_when_it_is_async_is_run_to_its_end(tier: str) -> None:
    source = "import asyncio\nasync def main(x: int = 2):\n    await asyncio.sleep(0)\n    return x * 2"
    assert run(source, tier).result == 4


@pytest.mark.parametrize("tier", TIERS)
def test_loop_state_when_a_run_ends_in_the_middle_is_not_the_next_runs(tier: str) -> None:
    source = "import asyncio\nasync def app():\n    while True: await asyncio.sleep(0)\nasyncio.run(app())"
    assert run(source, tier, fuel=2000).error is not None
    source = "import asyncio\nasync def app():\n    return asyncio.current_task().get_name()\nasyncio.run(app())"
    again = run(source, tier)
    assert again.result == "Task-1"
