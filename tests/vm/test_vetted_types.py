"""No program can call a type in another way than the vetted one, however it came by it and whoever makes the call."""

from pathlib import Path
from types import GenericAlias, MethodType
from typing import Any, Final

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc.module import Block
from noodle_ray.core.nbc.walk import writes_of
from noodle_ray.core.vm import methods
from noodle_ray.core.vm.builtins import BUILTINS
from noodle_ray.core.vm.classes.kinds import is_instance
from noodle_ray.core.vm.execute import Outcome, execute
from noodle_ray.core.vm.interpreter.frame import OPERATIONS, Frame, Signal
from noodle_ray.core.vm.limits import Limits
from noodle_ray.core.vm.modules import preload
from noodle_ray.core.vm.names import BUILTIN_NAMES
from noodle_ray.core.vm.types import OPEN_TYPES, Vetted, held, vet_call
from tests.language.harness import CASES, Case, cases_of, load, on_tier

WAYS: Final = load(Path(__file__).parent / "type_calls")
"""Programs that call the type ``T``, which ``t`` holds as well: most of them by leaving that to somebody else."""
HEAD: Final = "from decimal import Context as T\nt = [T][0]\n"
TIERS: Final = ["interpreter", "python"]
PROGRAMS: Final = sorted(CASES.glob("*.py"))


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    preload()


class Tripwire(int):
    """A type that knows how it is called."""

    vetted = 0
    others = 0
    vetting = False

    def __new__(cls, *args: Any, **kwargs: Any) -> "Tripwire":
        Tripwire.others += not Tripwire.vetting
        return int.__new__(cls, 0)


def vetted_call(*args: Any, **kwargs: Any) -> Tripwire:
    Tripwire.vetted += 1
    Tripwire.vetting = True
    try:
        return Tripwire(*args, **kwargs)
    finally:
        Tripwire.vetting = False


@pytest.fixture
def tripwire(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that import ``decimal.Context`` get a tripwire in its place."""
    monkeypatch.setitem(OPEN_TYPES, Tripwire, Tripwire)
    vet_call(Tripwire, vetted_call)
    monkeypatch.setitem(BUILTINS, "decimal.Context", held(Tripwire))
    Tripwire.vetted = Tripwire.others = 0


def run(source: str, tier: str, fuel: int = 2_000_000) -> Outcome:
    outcome = execute(compile_source(source), tier=tier, limits=Limits(fuel=fuel))
    assert outcome.tier == tier
    return outcome


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("tripwire")
@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
def test_type_is_called_as_vetted_however_it_is_called(way: Case, tier: str) -> None:
    run(HEAD + way.source, tier)
    assert Tripwire.vetted, "the program is to call the type"
    assert not Tripwire.others


def test_builtins_members_and_classes_of_values_are_no_types_whose_call_is_vetted() -> None:
    shown = {name: BUILTINS[name] for name in BUILTIN_NAMES}
    assert {name for name, value in shown.items() if shows(value)} == set()
    assert {"list", "str", "decimal.Context"} <= {name for name, value in shown.items() if type(value) is Vetted}
    assert [kind for kind, value in OPEN_TYPES.items() if held(value) is not value] == []
    assert [key for key, function in methods._STATIC.items() if held(function) is not function] == []


def shows(value: Any, depth: int = 0) -> bool:
    """Whether a value is a type whose call is vetted, or one is in it."""
    if isinstance(value, type):
        return held(value) is not value
    if depth > 3:
        return False
    inside: list[Any] = []
    if type(value) in (list, tuple):
        inside = [*value[:50]]
    elif isinstance(value, dict):
        inside = [each for item in [*dict.items(value)][:50] for each in item]
    elif type(value) is GenericAlias:
        inside = [value.__origin__, *value.__args__]
    elif type(value) is MethodType:
        inside = [value.__func__]
    elif type(value) is property:
        inside = [value.fget, value.fset, value.fdel]
    elif isinstance(value, staticmethod | classmethod):
        inside = [value.__func__]
    elif isinstance(value, BaseException):
        inside = [*value.args]
    elif is_instance(value):
        inside = [*getattr(value, "__dict__", {}).values()]
    return any(shows(each, depth + 1) for each in inside)


@pytest.fixture
def leaks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the interpreter came upon: instructions that gave a program such a type, and attributes that are one."""
    found: list[str] = []
    read = methods.attribute

    def block(self: Frame, block: Block) -> Signal:
        given = self.registers[: len(self.function.params)]
        found.extend(f"a parameter of {self.function.name}" for value in given if shows(value))
        for instr in block:
            self.span = instr.span
            signal = OPERATIONS[instr.op](self, *instr.args)
            found.extend(f"{instr.op} {instr.args}" for register in writes_of(instr) if shows(self.registers[register]))
            if signal is not None:
                return signal
        return None

    def attribute(value: Any, name: str) -> Any:
        result = read(value, name)
        if shows(result):
            found.append(f"{type(value)}.{name}")
        return result

    monkeypatch.setattr(Frame, "block", block)
    monkeypatch.setattr(methods, "attribute", attribute)
    return found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", PROGRAMS, ids=[path.stem for path in PROGRAMS])
def test_no_value_of_a_program_is_a_type_whose_call_is_vetted(path: Path, leaks: list[str]) -> None:
    for case in cases_of(path):
        on_tier(case.source, "interpreter")
        assert leaks == [], case.name
