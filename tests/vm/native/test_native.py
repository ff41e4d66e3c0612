"""What the native tier takes, what it leaves to the Python tier, and that nobody can tell the difference."""

import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc import digest, encode
from noodle_ray.core.sandbox.local import LocalWorker
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.vm.execute import Outcome, execute
from noodle_ray.core.vm.limits import LimitExceeded, Limits
from noodle_ray.core.vm.native import may_run_native, sites
from tests.language.harness import observed

pytestmark = pytest.mark.skipif(not may_run_native(), reason="there is no native tier on this machine")


@pytest.fixture
def entered(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """Each time native code was made for a function: the function's index, and whether there was some."""
    made: list[tuple[int, bool]] = []
    make = sites.Sites._make

    def counted(self: sites.Sites, site: sites.Site, kinds: str) -> Any:
        entry = make(self, site, kinds)
        made.append((site.index, entry is not None))
        return entry

    monkeypatch.setattr(sites.Sites, "_make", counted)
    return made


def agree(source: str, **limits: int) -> Outcome:
    """The outcome on the native tier, which is that of the others."""
    module = compile_source(source)
    outcomes = [execute(module, tier=tier, limits=Limits(**limits)) for tier in ("interpreter", "python", "native")]
    shown = [(observed(outcome), outcome.usage["fuel"]) for outcome in outcomes]
    assert shown[0] == shown[1] == shown[2]
    return outcomes[2]


NATIVE = {
    "sums": "def f(n):\n    s = 0\n    for i in range(n):\n        s += i * i\n    return s\nf(1000)",
    "floats": "import math\ndef f(n):\n    s = 0.0\n"
    "    for i in range(n):\n        s += math.sin(i) / 3\n    return s\nf(9)",
    "while": "def f(n):\n    c = 0\n    while n != 1:\n        n = n // 2 if n % 2 == 0 else 3 * n + 1\n"
    "        c += 1\n"
    "    return c\nf(27)",
    "lists": "def f(n):\n    xs = []\n    for i in range(n):\n        xs.append(i % 7 > 2)\n    return xs\nf(100)",
    "matrices": "def f(n):\n    m = [[0.5] * n for _ in range(n)]\n    m[1][2] = 2.0\n    return m\nf(5)",
    "recursion": "def f(n):\n    if n < 2:\n        return n\n    return f(n - 1) + f(n - 2)\nf(15)",
    "calls": "def g(x):\n    return x * 2, x > 3\ndef f(n):\n    s = 0\n    for i in range(n):\n        a, b = g(i)\n"
    "        if b:\n            s += a\n    return s\nf(10)",
    "arguments": "def f(xs, ys):\n    for i in range(len(xs)):\n        xs[i] += ys[-1 - i]\n    xs.append(7)\n"
    "a = [1, 2, 3]\nf(a, [10, 20, 30])\na",
    "rows": "def f(m):\n    m[0], m[1] = m[1], m[0]\n    for r in m:\n"
    "        r[0] = 9\n    return m[0]\nm = [[1], [2]]\n"
    "r = m[1]\n(f(m) is r, m)",
}


@pytest.mark.parametrize("name", NATIVE)
def test_function_over_numbers_and_lists_runs_natively(name: str, entered: list[tuple[int, bool]]) -> None:
    outcome = agree(NATIVE[name])
    assert outcome.error is None
    assert entered
    assert all(made for _, made in entered)


DOUBTS = {
    "overflow": "def f(n):\n    x = 1\n    for i in range(n):\n        x = x * 3\n    return x\nf(60)",
    "division by zero": "def f(n):\n    s = 0\n    for i in range(n):\n        s += 10 // (5 - i)\n    return s\nf(9)",
    "bounds": "def f(xs):\n    for i in range(9):\n        xs[i] = i\n    return xs\nf([0, 0])",
    "domain": "import math\ndef f(n):\n    s = 0.0\n"
    "    for i in range(n):\n        s += math.sqrt(3 - i)\n    return s\nf(9)",
    "unbound": "def f(n):\n    for i in range(n):\n        x = i\n    return x\nf(0)",
    "mixed list": "def f(xs):\n    s = 0\n    for x in xs:\n        s += x\n    return s\nf([1, 2.5])",
    "alias": "def f(a, b):\n    for i in range(3):\n        a[i] = i\n        b[i] += 5\nx = [1, 1, 1]\nf(x, x)\nx",
    "large": "def f(n):\n    s = 0\n    for i in range(3):\n        s += n\n    return s\nf(2 ** 70)",
    "str": "def f(n):\n    s = 0\n    for i in range(n):\n        s += 1\n    return s\nf('x')",
}


@pytest.mark.parametrize("name", DOUBTS)
def test_function_that_meets_a_doubt_starts_over_on_the_python_tier(name: str) -> None:
    agree(DOUBTS[name])


def test_recursion_that_is_too_deep_trips_where_the_python_tier_does() -> None:
    module = compile_source("def f(n):\n    if n == 0:\n        return 0\n    return 1 + f(n - 1)\nf(5000)")
    python, native = (execute(module, tier=tier) for tier in ("python", "native"))
    assert (native.error, native.usage["fuel"]) == (python.error, python.usage["fuel"])


def test_list_that_an_abandoned_call_changed_is_as_it_was() -> None:
    source = """
def f(xs):
    for i in range(len(xs)):
        xs[i] = 10 // xs[i]
xs = [5, 2, 0]
try:
    f(xs)
except ZeroDivisionError:
    pass
xs
"""
    assert agree(source).result == [2, 5, 0]


def test_nan_keeps_its_identity_where_native_code_does_not_change_it() -> None:
    source = "def f(xs):\n    for i in range(1):\n        xs[0] = 2.0\nn = float('nan')\nxs = [1.0, n]\nf(xs)\nn in xs"
    assert agree(source).result is True


@pytest.mark.parametrize("fuel", range(1, 60, 7))
def test_native_code_without_enough_fuel_stops_where_the_others_do(fuel: int) -> None:
    agree(
        "def f(n):\n    for i in range(n):\n        if i == 3:\n            break\n    return n\nf(9)\nf(5)", fuel=fuel
    )


def test_hot_function_goes_native_by_itself(entered: list[tuple[int, bool]]) -> None:
    function = "def f(n):\n    s = 0\n    for i in range(n):\n        s += i % 3\n    return s\n"
    source = f"{function}sum([f(2000) for _ in range(200)])"
    outcome = execute(compile_source(source))
    assert (outcome.result, outcome.error) == (200 * sum(i % 3 for i in range(2000)), None)
    assert entered == [(1, True)]


def test_cold_function_is_entered_natively_where_an_earlier_run_had_it_made(
    entered: list[tuple[int, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "def f(n):\n    s = 0\n    for i in range(n):\n        s += i * 3\n    return s\nf(1000)"
    module, key, found = compile_source(source), "made earlier", []
    look = sites.Sites._made

    def looked(self: sites.Sites, site: sites.Site, args: tuple[object, ...]) -> Any:
        found.append(look(self, site, args))
        return found[-1]

    monkeypatch.setattr(sites.Sites, "_made", looked)
    outcomes = [execute(module, tier=tier, key=key) for tier in ("auto", "native", "auto")]
    assert [outcome.result for outcome in outcomes] == [3 * sum(range(1000))] * 3
    assert len({outcome.usage["fuel"] for outcome in outcomes}) == 1
    assert len(entered) == 1
    assert [entry is not None for entry in found] == [False, True]


def test_cold_function_is_not_compiled(entered: list[tuple[int, bool]]) -> None:
    execute(compile_source("def f(n):\n    s = 0\n    for i in range(n):\n        s += i\n    return s\nf(10) + f(20)"))
    assert entered == []


def test_native_loop_ends_at_the_deadline() -> None:
    def ring(number: int, frame: FrameType | None) -> None:
        raise LimitExceeded("deadline")

    module = compile_source(
        "def f(n):\n    s = 0.0\n    for i in range(n):\n        s = s * 0.5 + i\n    return s\nf(10 ** 12)"
    )
    before = signal.signal(signal.SIGALRM, ring)
    began = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    try:
        outcome = execute(module, tier="native", limits=Limits(fuel=1 << 50))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert outcome.error is not None
    assert outcome.error["code"] == "NOODLE-E0403"
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("fork_server", [False, True])
def test_sandboxed_worker_gets_native_code_from_its_owner_and_from_the_disk(
    fork_server: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOODLE_HOME", str(tmp_path))
    encoded = encode(
        compile_source("N = 3\ndef f(n):\n    s = 0\n    for i in range(n):\n        s += i * N\n    return s\n")
    )
    request = RunRequest(encoded, digest(encoded), "f", [100_000], tier="native")
    for _ in range(2):
        with LocalWorker(fork_server=fork_server) as worker:
            outcome = worker.run(request)
        assert (outcome["result"], outcome["error"], outcome["tier"]) == (3 * sum(range(100_000)), None, "native")
    assert len([path for path in (tmp_path / "native").rglob("*") if path.is_file()]) == 2  # and the runtime
