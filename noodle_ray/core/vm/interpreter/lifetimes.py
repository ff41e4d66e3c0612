"""When a register's value ends: CPython frees a temporary where it is used up, as a generator's end shows."""

from noodle_ray.core.nbc.module import Block, Function, Instr, Module
from noodle_ray.core.nbc.walk import block_values, blocks_of, flatten, reads_of, writes_of
from noodle_ray.core.vm.endings import can_tell
from noodle_ray.light import Iterator, cast


class Lifetimes:
    """Where temporaries end, of the functions that were entered.

    ``after`` has, by an instruction's identity, the registers that nobody can read after it; ``temporaries``, by a
    function's, all of these; ``inside``, by a block's that an exception may leave, those written in it.
    """

    __slots__ = ("after", "inside", "temporaries")

    def __init__(self) -> None:
        self.after: dict[int, tuple[int, ...]] = {}
        self.temporaries: dict[int, frozenset[int]] = {}
        self.inside: dict[int, tuple[int, ...]] = {}

    def learn(self, function: Function) -> None:
        """Find where the temporaries of a function end, before it is entered."""
        if id(function) in self.temporaries:
            return
        walked = [(instr, place, reads_of(instr), writes_of(instr)) for instr, place in _walk(function.body)]
        temporaries = self.temporaries[id(function)] = _temporaries(function, walked)
        self.inside[id(function.body)] = tuple(temporaries)
        read = {register for _, _, reads, _ in walked for register in reads}
        for instr, _, reads, writes in walked:
            ended = [*reads, *(register for register in writes if register not in read)]
            gone = tuple(register for register in ended if register in temporaries)
            if instr.op == "comp":
                gone += _of_comprehension(instr, function)
            if gone:
                self.after[id(instr)] = gone
            if instr.op in ("try", "with"):
                body = cast(Block, instr.args[0 if instr.op == "try" else 2])
                written = {register for inner in flatten(body) for register in writes_of(inner)}
                self.inside[id(body)] = tuple(written & temporaries)


def lifetimes_of(module: Module) -> Lifetimes | None:
    """None where no program could tell where temporaries end."""
    return Lifetimes() if can_tell(module) else None


def _of_comprehension(instr: Instr, function: Function) -> tuple[int, ...]:
    """The variables of a comprehension, which end with it: registers without a name that nothing else reads."""
    body = cast(Block, instr.args[2])
    inside: dict[int, int] = {}
    for inner in flatten(body):
        for register in reads_of(inner):
            inside[register] = inside.get(register, 0) + 1
    every: dict[int, int] = {}
    for inner in flatten(function.body):
        for register in reads_of(inner):
            every[register] = every.get(register, 0) + 1
    named = {register for register, name in enumerate(function.locals) if name}
    written = {register for inner in flatten(body) for register in writes_of(inner)} - named
    return tuple(register for register in written if inside.get(register) == every.get(register))


def _temporaries(function: Function, walked: list[tuple[Instr, int, list[int], list[int]]]) -> frozenset[int]:
    """Registers without a name that are written once, and read in the same block, once or never."""
    written: dict[int, list[int]] = {}
    read: dict[int, list[int]] = {}
    for instr, place, reads, writes in walked:
        late = {register: id(block) for block, register in block_values(instr)}
        for register in reads:
            read.setdefault(register, []).append(late.get(register, place))
        for register in writes:
            written.setdefault(register, []).append(place)
    named = {register for register, name in enumerate(function.locals) if name}
    return frozenset(
        register
        for register, places in written.items()
        if len(places) == 1 and read.get(register, places) == places and register not in named
    )


def _walk(block: Block) -> Iterator[tuple[Instr, int]]:
    """Every instruction, with the identity of the block it stands in."""
    for instr in block:
        yield instr, id(block)
        for inner in blocks_of(instr):
            yield from _walk(inner)
