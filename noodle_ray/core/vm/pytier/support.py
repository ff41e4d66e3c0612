"""What generated code is given: the fuel cell with its helpers, and the vetted helpers it may call.

Names of helpers begin with a dot, which no program can spell, so that a program's own names are used as they
are: CPython's messages about missing arguments and unbound names are then right by construction.
"""

import _ast as ast
from _operator import length_hint
from itertools import chain, compress, repeat

from noodle_ray.core.vm import operators
from noodle_ray.core.vm.builtins import BUILTINS
from noodle_ray.core.vm.classes.kinds import ProgramType
from noodle_ray.core.vm.classes.make import make_class
from noodle_ray.core.vm.limits import FuelExhausted, LimitExceeded
from noodle_ray.core.vm.methods import attribute, del_attribute, early, set_attribute
from noodle_ray.core.vm.pytier import nodes
from noodle_ray.core.vm.sets import set as ordered_set
from noodle_ray.core.vm.sets import set_of
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.strings import CONVERTERS, FIELD_CONVERSIONS, format_field, text_of
from noodle_ray.light import Any, Callable, CellType, CodeType, Final, Iterable, Iterator, Sequence, cast, deque

FUEL: Final = ".fuel"


_TICKETS: Final = 1024
_SIZED: Final = frozenset({range, tuple, str, list, dict})


class Meter:
    """The fuel of one run. ``cell`` is the variable that the program's functions share with these helpers.

    Loops take **tickets**, one for each iteration, from an iterator that pays for many at a time. It belongs to the run
    and to what a ticket costs, not to a loop, so that a loop has nothing to settle when it ends, however it does. What
    is paid for and not used is still fuel: when there is no other any more, it is given back, and then tickets are
    paid for one by one. So a run ends where it would end if each were.
    """

    __slots__ = ("cell", "charge", "remaining", "tickets", "trip", "unused")

    def __init__(self, fuel: float) -> None:
        ahead: dict[float, Iterator[bool]] = {}

        def trip() -> None:
            """End the run, unless so many tickets are unused that there is fuel."""
            nonlocal fuel
            for cost, left in ahead.items():
                fuel += length_hint(left) * cost
                deque(left, maxlen=0)
            if fuel < 0.0:
                fuel = -1.0
                S.tripped = "fuel"
                raise FuelExhausted

        def charge(amount: float) -> None:
            nonlocal fuel
            fuel -= amount
            if fuel < 0.0:
                trip()

        def tickets(cost: float) -> Iterator[bool]:
            """The tickets of this cost: one iterator for the whole run, which has no end."""

            def pay() -> Iterable[bool]:
                nonlocal fuel
                if fuel < cost * _TICKETS:
                    charge(cost)
                    return (True,)
                fuel -= cost * _TICKETS
                left = ahead[cost] = repeat(True, _TICKETS)
                return left

            return chain.from_iterable(iter(pay, None))

        def remaining() -> float:
            return fuel

        def unused() -> float:
            """Fuel that tickets were paid with which nobody has taken."""
            return sum(length_hint(left) * cost for cost, left in ahead.items())

        self.cell = cast("tuple[CellType, ...]", remaining.__closure__)[0]
        self.trip, self.charge, self.remaining = trip, charge, remaining
        self.tickets, self.unused = tickets, unused


def wrap(program: ast.stmt) -> ast.Module:
    """A module in which the program's top-level function has the fuel as a variable of an enclosing function."""
    fuel: ast.stmt = nodes.assign(FUEL, nodes.constant(0.0, nodes.NOWHERE), nodes.NOWHERE)
    nothing = ast.arguments([], [], None, [], [], None, [])
    outer = ast.FunctionDef(".outer", nothing, [fuel, program], [], None, None, **nodes.NOWHERE)
    return ast.Module([outer], [])


def unwrap(module: CodeType) -> CodeType:
    """The code of the program's top-level function; its one free variable is the fuel."""
    outer = next(c for c in module.co_consts if isinstance(c, CodeType))
    return next(c for c in outer.co_consts if isinstance(c, CodeType))


def slice_of(start: object, stop: object, step: object) -> slice:
    """A slice as a value."""
    return slice(start, stop, step)


def _tripped(error: BaseException) -> None:
    """Remember that a limit is ending the run."""
    if isinstance(error, LimitExceeded):
        S.tripped = error.kind
    elif not S.tripped:
        S.tripped = "memory" if isinstance(error, MemoryError) else "recursion"


def _is_tripped() -> bool:
    return bool(S.tripped)


def _effect(name: str, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
    return S.fibers.effect(name, args, kwargs)


def _force(value: object) -> object:
    return S.fibers.force(value)


def _barrier() -> None:
    S.fibers.barrier()


def _guess(waited: object, candidates: Sequence[Any], registers: Sequence[object]) -> object:
    return S.fibers.guess(waited, candidates, registers)


def _drop(handle: Any, numbers: Sequence[int]) -> None:
    S.fibers.drop(handle, numbers)


def _keep(handle: Any, numbers: Sequence[int]) -> None:
    S.fibers.keep(handle, numbers)


def _gather(function: Callable[[object], object], iterable: Iterable[object]) -> object:
    return S.fibers.gather(function, iterable)


def _import_nothing(*args: object) -> None:
    """What C code that formats a date runs, before it takes the module from those that are loaded."""


_HELPERS: Final[dict[str, object]] = {
    ".type": type,
    ".counted": _SIZED - {range},
    ".steady": _SIZED - {dict, range},
    ".hint": length_hint,
    ".paid": compress,
    ".set": set_of,
    ".slice": slice_of,
    ".attr": attribute,
    ".early": early,
    ".setattr": set_attribute,
    ".delattr": del_attribute,
    ".class": make_class,
    ".Program": ProgramType,
    ".pow": operators.pow_,
    ".mod": operators.remainder,
    ".ipow": operators.inplace_pow,
    ".imod": operators.inplace_remainder,
    ".text": text_of,
    ".format": format_field,
    ".strs": CONVERTERS,
    ".isinstance": isinstance,
    **{f".text.{name}": convert for name, convert in FIELD_CONVERSIONS.items()},
    ".effect": _effect,
    ".force": _force,
    ".barrier": _barrier,
    ".guess": _guess,
    ".drop": _drop,
    ".keep": _keep,
    ".gather": _gather,
    ".model": operators.model_value,
    ".len": len,
    ".iter": iter,
    ".fix": operators.fix_addresses,
    ".kwmerge": operators.kwmerge,
    ".update": operators.update_display,
    ".extend": operators.extend_display,
    ".setadd": ordered_set.setdefault,
    ".totuple": tuple,
    ".unbound": operators.UNBOUND,
    ".check": operators.check_bound,
    ".Limits": (LimitExceeded, MemoryError, RecursionError),
    ".tripped": _tripped,
    ".is_tripped": _is_tripped,
    ".Exception": Exception,
    ".OverflowError": OverflowError,
    "__name__": "__main__",
    "__builtins__": {"__import__": _import_nothing},
}


def namespace(builtins: Iterable[str], vetted: dict[str, object]) -> dict[str, object]:
    """The globals a module's runs start from: helpers, the builtins it names, and what else was looked up for it."""
    names = {**_HELPERS, **vetted}
    for name in builtins:
        names[f".b.{name}"] = BUILTINS[name]
    return names
