"""Classes of programs: what they are made of, what they leave behind, and what they cost."""
# ruff: noqa: E501

import gc
from pathlib import Path
from typing import Any

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm.classes.kinds import HOSTED, ProgramType, clean
from noodle_ray.core.vm.classes.make import make_class
from noodle_ray.core.vm.execute import Outcome, execute
from noodle_ray.core.vm.limits import Limits
from noodle_ray.core.vm.methods import attribute, del_attribute, set_attribute
from noodle_ray.core.vm.names import CLASS_DUNDERS, MARK, mark

TIERS = ["interpreter", "python"]
CASES = Path(__file__).parent.parent / "language" / "cases"


def run(source: str, tier: str, fuel: int = 10_000_000) -> Outcome:
    outcome = execute(compile_source(source), tier=tier, limits=Limits(fuel=fuel))
    assert outcome.tier == tier
    return outcome


def made(bases: tuple[Any, ...] = (), **members: Any) -> Any:
    """A class with these members, whose names are the program's."""
    return make_class("Made", lambda namespace: namespace.update(members), bases, {})


def test_names_when_a_class_is_made_are_marked() -> None:
    cls = made(size=3, __len__=lambda self: 5)
    assert cls.__dict__[mark("size")] == 3
    assert "size" not in cls.__dict__
    assert len(cls()) == 5
    assert type(cls) is ProgramType


def test_attribute_when_set_is_kept_under_its_marked_name() -> None:
    value = made()()
    set_attribute(value, "__class__x", 1)
    set_attribute(value, "x", 2)
    assert value.__dict__ == {mark("__class__x"): 1, mark("x"): 2}
    assert attribute(value, "x") == 2
    del_attribute(value, "x")
    with pytest.raises(AttributeError, match="no attribute 'ꞏx'"):
        attribute(value, "x")


@pytest.mark.parametrize(
    "name", ["__getstate__", "__getattribute__", "__reduce__", "__class__", "__mro_entries__", "__x__"]
)
def test_special_name_when_a_hand_made_body_defines_it_is_refused(name: str) -> None:
    assert name not in CLASS_DUNDERS
    with pytest.raises(TypeError, match="cannot define"):
        made((), **{name: lambda *args: 1})


@pytest.mark.parametrize("base", [bool, type, property, range, type(len), super, gc, 5, None, "text", ProgramType])
def test_base_when_it_is_not_vetted_is_refused(base: Any) -> None:
    with pytest.raises(TypeError):
        made((base,))


def test_hosted_classes_when_a_program_sets_attributes_are_refused() -> None:
    for kind in HOSTED:
        before = dict(kind.__dict__)
        with pytest.raises(TypeError):
            set_attribute(kind, "evil", 1)
        with pytest.raises(TypeError):
            set_attribute(kind, "__doc__", "evil")
        with pytest.raises(TypeError):
            del_attribute(kind, "name")
        assert dict(kind.__dict__) == before


def test_clean_when_a_message_has_marks_takes_them_out() -> None:
    assert clean(f"'A' object has no attribute '{MARK}x'") == "'A' object has no attribute 'x'"


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("name", ["classes", "class_data", "class_operators", "class_exceptions"])
def test_no_class_of_a_program_lives_on_when_the_next_run_starts(tier: str, name: str) -> None:
    run("0", tier)
    gc.collect()
    gc.freeze()  # so that only what runs leave behind is gone through
    try:
        for chunk in (CASES / f"{name}.py").read_text().split("# --- ")[1:]:
            title, _, source = chunk.partition("\n")
            run(source, tier)
            run("0", "interpreter")
            gc.collect()
            left = [kind for kind in gc.get_objects() if type(kind) is ProgramType and kind not in HOSTED]
            assert not left, title
    finally:
        gc.unfreeze()


LOOPS = {
    "operators": "class A:\n    def __add__(self, o):\n        for i in range(3):\n            o += i\n        return o\n"
    "a = A()\nx = 0\nfor i in range(20):\n    x = a + x\nx",
    "properties": "class A:\n    @property\n    def p(self):\n        return sum([i for i in range(9)])\n"
    "a = A()\nx = [a.p for i in range(20)]\nx",
    "truth": "class A:\n    def __bool__(self):\n        i = 0\n        while i < 5:\n            i += 1\n        return True\n"
    "a = A()\nx = 0\nfor i in range(20):\n    if a:\n        x += 1\nx",
    "methods with names of lists": "class A:\n    def append(self, o):\n        for i in range(4):\n            o += i\n"
    "        return o\na = A()\nx = 0\nfor i in range(20):\n    x += a.append(i)\nx",
    "items": "class A:\n    def __getitem__(self, i):\n        for j in range(4):\n            i += j\n        return i\n"
    "a = A()\nx = 0\nfor i in range(20):\n    x += a[i]\nx",
    "membership": "class A:\n    def __eq__(self, o):\n        for i in range(4):\n            o = i\n        return False\n"
    "a = [A(), A()]\nx = 0\nfor i in range(20):\n    x += i in a\nx",
    "text": "class A:\n    def __str__(self):\n        return ''.join(['a' for i in range(9)])\n"
    "a = A()\nx = []\nfor i in range(20):\n    x += [f'{a}']\nlen(x)",
    "fields": "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\n    y: int = 0\n"
    "a = [A(i) for i in range(20)]\nsum(p.x for p in a)",
    "attributes": "class A:\n    def __init__(self, x):\n        self.x = x\n        self.value = x\n"
    "a = [A(i) for i in range(20)]\nt = 0\nfor p in a:\n    t += p.x + p.value\nt",
}


@pytest.mark.parametrize("name", LOOPS)
def test_fuel_when_loops_run_methods_is_equal_and_trips_at_the_same_amount(name: str) -> None:
    one, two = run(LOOPS[name], "interpreter"), run(LOOPS[name], "python")
    assert one.error is None, one.error
    assert (two.result, two.usage["fuel"]) == (one.result, one.usage["fuel"])
    used = one.usage["fuel"]
    for fuel in range(used // 20, used, max(1, used // 20)):
        ends = [run(LOOPS[name], tier, fuel).error for tier in TIERS]
        assert [end and end["code"] for end in ends] == ["NOODLE-E0401"] * 2
    assert [run(LOOPS[name], tier, used).error for tier in TIERS] == [None, None]


@pytest.mark.parametrize("tier", TIERS)
def test_deep_attribute_hooks_when_the_stack_is_large_end_as_a_limit(tier: str) -> None:
    source = "class A:\n    def __getattr__(self, n):\n        return getattr(self, n + 'x')\nA().a"
    outcome = execute(compile_source(source), tier=tier, limits=Limits(recursion=5000, fuel=10_000_000))
    assert outcome.error is not None
    assert outcome.error["code"] in ("NOODLE-E0404", "NOODLE-E0401")


def test_methods_when_generated_store_directly_on_objects() -> None:
    from tests.vm.test_pytier_code import run as run_python

    finished = run_python("class A:\n    def __init__(self, x):\n        self.x = x\na = A(3)\nx = a.x")
    assert finished.lookup("x") == 3
