"""What range facts prove of one function for the kinds at hand, so that native code leaves checks out.

The facts are those of `nbc.passes.ranges`. Its premises hold here: native code gives up where an integer leaves
64 bits, runs nothing else of the program, copies lists that are arguments, and each step costs fuel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from noodle_ray.core.nbc.module import Function, Instr
from noodle_ray.core.nbc.passes.ranges import range_facts
from noodle_ray.core.nbc.walk import flatten
from noodle_ray.core.vm.native.kinds import Kind, List

_NAMES: Final = {"i": "int", "f": "float", "b": "bool", "n": "NoneType"}


class Proofs(NamedTuple):
    """The sets of `RangeFacts`, as identities of instructions."""

    fits: frozenset[int] = frozenset()
    within: frozenset[int] = frozenset()
    natural: frozenset[int] = frozenset()
    spans: frozenset[int] = frozenset()
    rises: frozenset[int] = frozenset()
    exact: frozenset[int] = frozenset()

    def at(self, instr: Instr) -> Indexed:
        """What is proved of an index."""
        return Indexed(id(instr) in self.within, id(instr) in self.natural)


class Indexed(NamedTuple):
    """What is proved of an index, see `RangeFacts`."""

    within: bool = False
    natural: bool = False


NONE: Final = Proofs()
NOT_PROVED: Final = Indexed()


def prove(
    function: Function, kinds: Mapping[int, Kind | None], calls_leaf: Callable[[Instr], bool] = lambda instr: False
) -> Proofs:
    """What holds for a function whose registers hold values of these kinds; None for one that holds several.
    ``calls_leaf`` tells calls that cannot resize a list: for a leaf has no method, and no list may change in place."""
    names = {}
    for register, kind in kinds.items():
        if isinstance(kind, List):
            names[register] = "list"
        elif isinstance(kind, str) and kind in _NAMES:
            names[register] = _NAMES[kind]
    facts = range_facts(function, names, metered=True, calm=calls_leaf)
    places: dict[int, list[int]] = {}
    for position, instr in enumerate(flatten(function.body)):
        places.setdefault(id(instr), []).append(position)  # one object may stand at several places
    return Proofs(*(frozenset(i for i, found in places.items() if fact.issuperset(found)) for fact in facts))
