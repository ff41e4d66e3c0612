"""Lists that a loop makes and no variable holds any more are freed before the call ends, and only they."""

from typing import Any

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.limits import Limits
from noodle_ray.core.vm.native import may_run_native, reclaim, sites
from tests.vm.native.edges import Edges
from tests.vm.native.test_generated import seen

pytestmark = pytest.mark.skipif(not may_run_native(), reason="there is no native tier on this machine")
BATCH = 8
FUEL = 10**6

PROGRAMS = {
    "a list of one path only": (
        "def f(n):\n    if n > 2:\n        ys = [n] * 3\n        s = ys[0]\n    else:\n        s = 0\n"
        "    for i in range(n):\n        zs = [i] * 2\n        s += zs[1]\n    return s\nf(1), f(5)"
    ),
    "a list that a loop goes through under another name": (
        "def f(n):\n    xs = [n, 2, 3]\n    s = 0\n    for x in xs:\n        xs = [x * 2] * 4\n        s += x + xs[0]\n"
        "    return s, xs\nf(7)"
    ),
    "lists in tuples": (
        "def f(n):\n    t = [1] * n, 2\n    for i in range(5):\n        u = [i] * n, t[0][0]\n"
        "        if i == 3:\n            t = u\n    return t\nf(3)"
    ),
    "lists that calls make and are given": (
        "def f(n):\n    a = g(n, [5])\n    for i in range(4):\n        b = g(i + 1, a)\n        a = g(n, b)\n"
        "    return a\ndef g(n, xs):\n    for i in range(n):\n        xs = [xs[-1] + i] * 2\n    return xs\nf(3)"
    ),
    "a list under way": "def f(n):\n    return [sum([i] * 3) + sum([n] * i) for i in range(n)]\nf(6)",
    "a list that grows": (
        "def f(n):\n    xs = []\n    for i in range(n):\n        xs.append(i)\n        ys = xs + [i]\n"
        "    return xs, ys\nf(60)"
    ),
}


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each list that is made in a loop frees what it can."""
    monkeypatch.setattr(reclaim, "MANY", 0)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("name", PROGRAMS)
def test_list_that_can_still_be_reached_is_kept(name: str) -> None:
    module = compile_source(PROGRAMS[name])
    assert seen(module, "native", "") == seen(module, "python", name)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("first", range(48, 96, BATCH))
def test_program_whose_lists_are_freed_early_agrees_with_the_python_tier(first: int) -> None:
    for seed in range(first, first + BATCH):
        source = Edges(seed).program()
        module = compile_source(source)
        assert seen(module, "native", "", FUEL) == seen(module, "python", source, FUEL), f"seed {seed}:\n{source}"


def test_loop_that_makes_more_lists_than_there_is_memory_for_stays_native(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = "for i in range(n):\n        xs = [i] * 1000\n        s += xs[7]"
    source = f"def f(n):\n    s = 0\n    {loop}\n    return s\nf(20000)"
    failed: list[Any] = []
    monkeypatch.setattr(sites.Sites, "_failed", lambda *args: failed.append(args))
    outcome = execute(compile_source(source), tier="native", limits=Limits(memory=64 << 20))
    assert (outcome.result, outcome.error, failed) == (sum(range(20000)), None, [])
