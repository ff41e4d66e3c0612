"""Random programs whose answers come in any order show what CPython shows that asks one call after the other."""

import pytest

from noodle_ray.core.lang import compile_source, purity
from noodle_ray.core.lang.callees import MODEL, Callees
from noodle_ray.core.lang.fission import ahead, callbacks
from noodle_ray.core.lang.fission.loops import Loops
from noodle_ray.core.nbc import verify
from noodle_ray.core.vm import gathering
from noodle_ray.core.vm.types import Model, Tool
from noodle_ray.errors import CompileError
from tests.overlap.compare import Seen, overlapped, sequential
from tests.overlap.programs import HEADER, TOOL_HEADER, GeneratorPrograms, Programs, ToolPrograms, ValuePrograms

SEEDS = 200
GROUPS = 10
TOOL_SEEDS = 160
VALUE_SEEDS = 240
GENERATOR_SEEDS = 120


def differs(source: str, seed: int) -> str:
    """What is wrong with a program on one of the tiers; '' if nothing is."""
    expected = sequential(source)
    fuel = []
    for tier in ("interpreter", "python"):
        seen, _, used = overlapped(source, tier, seed)
        fuel.append(used)
        if not _agree(seen, expected):
            return f"seed {seed}, {tier} tier: {seen}, where CPython has {expected}\n{source}"
    return "" if fuel[0] == fuel[1] else f"seed {seed}: fuel {fuel}\n{source}"


def _agree(seen: Seen, expected: Seen) -> bool:
    """A failed call that was not waited for before other lines ran can have the place of one of those."""
    if seen.error and seen.error[0] == "ModelError":
        return (
            seen[:3] == expected[:3]
            and seen.done == expected.done
            and seen.lines[: len(expected.lines) - 1] == expected.lines[:-1]
        )
    return seen == expected


@pytest.mark.parametrize("group", range(GROUPS))
def test_random_program_shows_what_sequential_execution_shows(group: int) -> None:
    ran = 0
    for seed in range(group, SEEDS, GROUPS):
        source = Programs(seed).program()
        try:
            verify(compile_source(source))
        except CompileError:  # a variable that is read and never bound
            continue
        assert differs(source, seed) == ""
        ran += 1
    assert ran > SEEDS // GROUPS // 3


@pytest.mark.parametrize("window", [1, 2, 3])
def test_programs_show_the_same_when_few_elements_run_at_a_time(window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "WINDOW", window)
    monkeypatch.setattr(gathering, "BLOCK", 2 * window)
    shown = set()
    for seed in range(window, SEEDS // 2, 12):
        for kind in (Programs, ToolPrograms, ValuePrograms):
            source = kind(seed).program()
            try:
                compile_source(source)
            except CompileError:
                continue
            assert differs(source, seed) == ""
            runs = [overlapped(source, "interpreter", seed + order) for order in range(2)]
            assert len({(str(seen[:3]), host.calls, fuel) for seen, host, fuel in runs}) == 1
            shown.add(source)
    assert len(shown) > SEEDS // 24


@pytest.mark.parametrize("group", range(2))
def test_tools_are_called_as_in_sequential_execution(group: int) -> None:
    called = 0
    for seed in range(group, TOOL_SEEDS, 2):
        source = ToolPrograms(seed).program()
        try:
            verify(compile_source(source))
        except CompileError:
            continue
        assert differs(source, seed) == ""
        called += len(sequential(source).done) > 1
    assert called > TOOL_SEEDS // 16


def test_long_form_compares_programs_of_all_kinds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.overlap import long

    assert long.main(0, 4) == 0
    assert (
        capsys.readouterr().out
        == "seeds 0 to 3: 3 Programs, 3 ToolPrograms, 4 ValuePrograms, 2 GeneratorPrograms, 0 differ\n"
    )
    monkeypatch.setattr(long, "differs", lambda source, seed: "wrong")
    assert long.main(0, 1) == 1
    assert capsys.readouterr().out.splitlines()[1:] == [
        "ToolPrograms wrong",
        "ValuePrograms wrong",
        "GeneratorPrograms wrong",
        "seeds 0 to 0: 1 Programs, 1 ToolPrograms, 1 ValuePrograms, 1 GeneratorPrograms, 4 differ",
    ]


@pytest.mark.parametrize("group", range(4))
def test_calls_of_values_show_what_sequential_execution_shows(group: int) -> None:
    trips = calls = 0
    for seed in range(group, VALUE_SEEDS, 4):
        source = ValuePrograms(seed).program()
        try:
            module = compile_source(source)
        except CompileError:
            continue
        verify(module)
        assert differs(source, seed) == ""
        host = overlapped(source, "interpreter", seed)[1]
        trips += host.trips
        calls += host.calls
    assert trips < calls


@pytest.mark.parametrize("group", range(2))
def test_loops_over_generators_show_what_sequential_execution_shows(group: int) -> None:
    trips = calls = 0
    for seed in range(group, GENERATOR_SEEDS, 2):
        source = GeneratorPrograms(seed).program()
        try:
            verify(compile_source(source))
        except CompileError:
            continue
        assert differs(source, seed) == ""
        host = overlapped(source, "interpreter", seed)[1]
        trips += host.trips
        calls += host.calls
    assert trips < calls


def test_a_generator_that_must_not_run_ahead_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_may_run_ahead", lambda facts, index: facts.functions[index].kind == "generator")
    wrong = "def g(xs):\n    for x in xs:\n        print(x)\n        yield x\nfor x in g('abc'):\n    print(m(x))\n1\n"
    assert differs(HEADER + wrong, 1) != ""
    assert any(differs(GeneratorPrograms(seed).program(), seed) for seed in (3, 4, 56, 79, 96, 130))


def test_tools_out_of_order_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purity, "is_tool", lambda instr: False)
    monkeypatch.setattr(callbacks, "is_tool", lambda instr: False)
    monkeypatch.setattr(Tool, "__call__", Model.__call__)  # which waits for nothing else
    source = TOOL_HEADER + "xs = ['a', 'b', 'c', 'd']\nfound = list(map(t, xs))\n(found, m('x'))\n"
    assert any(differs(source, seed) for seed in range(20))


def test_a_loop_over_a_view_is_sequential_when_it_changes_what_is_viewed() -> None:
    for source in ("enumerate(xs)", "zip(xs, xs)", "reversed(xs)"):
        program = (
            f"xs = ['a', 'b']\nfor x in {source}:\n    y = m(str(x))\n    if len(xs) < 6:\n        xs.append(y)\nxs\n"
        )
        assert differs(HEADER + program, 1) == ""


PROOFS = {
    "_owns": """
kept = []
def keep(x):
    kept.append(x)
def work(xs):
    out = []
    keep(out)
    for x in xs:
        out.append(m(x + str(len(kept[0]))))
    return out
work(['a', 'b', 'c'])
""",
    "_look_at_both": """
def work(xs):
    out = []
    for x in xs:
        out.append(m(x + str(len(out))))
    return out
work(['a', 'b', 'c'])
""",
    "_look_at_asking": """
def loud(x):
    print(x)
    return m(x)
def work(xs):
    for x in xs:
        print(loud(x))
work(['a', 'b', 'c'])
""",
}
"""Of each proof a program that goes wrong without it."""


def _without(loops: Loops, *given: object) -> object:
    return True


LATE = "def late(x):\n    y = m(x)\n    print(x)\n    return y\n"
VALUES = {
    "method": "class A:\n    n = 0\n    def go(self, x):\n        y = m(x)\n        self.n += 1\n"
    "        return y + str(self.n)\na = A()\n[a.go(x) for x in 'abc']\n",
    "parameter": LATE + "def f(q):\n    return [q(x) for x in 'abc']\n(f(m), f(late))\n",
    "attribute": LATE + "class A:\n    def go(self, x):\n        return m(x)\n"
    "a = A()\na.go = late\n[a.go(x) for x in 'abc']\n",
    "closure": LATE + "def f():\n    q = m\n    def g(x):\n        return q(x)\n"
    "    def put():\n        nonlocal q\n        q = late\n    put()\n    return [g(x) for x in 'abc']\nf()\n",
}
"""Programs whose calls are in order although one of the functions that a value may be only asks."""


@pytest.mark.parametrize("value", VALUES)
def test_a_function_that_a_value_may_be_is_not_overlooked(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = HEADER + VALUES[value]
    for seed in range(20):
        assert differs(source, seed) == ""
    monkeypatch.setattr(Callees, "of", lambda self, function, register: frozenset({MODEL}))
    monkeypatch.setattr(Callees, "named", lambda self, name: frozenset({MODEL}))
    assert any(differs(source, seed) for seed in range(20))


@pytest.mark.parametrize("proof", PROOFS)
def test_a_missing_proof_is_noticed(proof: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = HEADER + PROOFS[proof].lstrip()
    assert differs(source, 1) == ""
    monkeypatch.setattr(Loops, proof, _without)
    assert differs(source, 1) != ""


def test_random_programs_notice_a_missing_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Loops, "_look_at_both", _without)
    assert any(differs(Programs(seed).program(), seed) for seed in (17, 150, 315, 395))
