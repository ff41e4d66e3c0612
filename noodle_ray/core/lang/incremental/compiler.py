"""The compiler that keeps what it has lowered."""

from _thread import allocate_lock
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeAlias, TypeVar

from noodle_ray.core.lang.compiler import Tables, asks_about_itself, compile_source, sealed, tables_of
from noodle_ray.core.lang.incremental.moving import Move
from noodle_ray.core.lang.incremental.pieces import Cut, Piece, cut, future_flags, read_piece
from noodle_ray.core.lang.incremental.surroundings import Key, Part, Program
from noodle_ray.core.lang.lower import Unit, has_value, lower_statements, restore_builtins, span_of_all
from noodle_ray.core.lang.lower.frame import MAX_FUNCTIONS, UNREACHABLE, Frame, TooLarge, is_documented
from noodle_ray.core.lang.parse import MAX_SOURCE, split_lines
from noodle_ray.core.lang.validate import Counts
from noodle_ray.core.nbc.module import Block, Function, Module

if TYPE_CHECKING:
    from noodle_ray.core.lang.purity import Remembered

MIN_PIECES: Final = 8
"""Pieces of a program from which on it is worth to look for those that are known."""
MAX_PIECES: Final = 3_000
"""Most pieces; each takes a tenth of a millisecond even if it is next to nothing."""
MAX_KEPT: Final = 1 << 18
"""Characters of source whose pieces are kept: in memory each takes about 150 bytes."""

MAX_REMEMBERED: Final = 2_000
"""Facts of functions that are kept for programs that ask models; two for each function."""

V = TypeVar("V")


class Work(NamedTuple):
    """What a compilation had to do: the names of the functions that it lowered, None if all of the program."""

    lowered: tuple[str, ...] | None
    functions: int


_Placed: TypeAlias = "tuple[tuple[int, int, int], Block, list[Function]]"


class Lowered:
    """A piece lowered by itself; ``last`` are the two places where it stood last, and what it was there."""

    __slots__ = ("code", "ends", "last", "registers", "tables", "unit")

    def __init__(self, unit: Unit, frame: Frame) -> None:
        self.unit = unit
        self.code = tuple(frame.code)
        self.registers = frame.registers
        self.ends = frame.assigned == UNREACHABLE
        functions = [function for function in unit.functions[1:] if function is not None]
        self.tables = tables_of([self.code, *[function.body for function in functions]])
        self.last: tuple[_Placed, ...] = ()


class _Apart(Exception):
    """The program is to be compiled as a whole."""


class Kept(Generic[V]):
    """What was made of texts; drops what was used longest ago when the texts have too many characters together."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[object, tuple[V, int]] = OrderedDict()
        self._size = 0
        self._lock = allocate_lock()

    def get(self, key: object) -> V | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: object, value: V, size: int) -> None:
        with self._lock:
            old = self._entries.pop(key, None)
            self._entries[key] = (value, size)
            self._size += size - (old[1] if old else 0)
            while self._size > self._capacity:
                self._size -= self._entries.popitem(last=False)[1][1]


class IncrementalCompiler:
    """``compile`` as ``compile_source``, quicker after an edit. May be used by several threads at once."""

    def __init__(self, capacity: int = MAX_KEPT, min_pieces: int = MIN_PIECES) -> None:
        self.min_pieces = min_pieces
        self.pieces: Kept[Piece] = Kept(capacity)
        self.lowered: Kept[Lowered] = Kept(capacity)
        self.remembered: Remembered | None = None

    def compile(self, source: str, filename: str = "<noodle>") -> Module:
        """The module of a program. Raises CompileError as ``compile_source`` does."""
        return self.compile_with_work(source, filename)[0]

    def compile_with_work(self, source: str, filename: str = "<noodle>") -> tuple[Module, Work]:
        """The module, and what there was to do."""
        source = source.removeprefix("\ufeff")
        if len(source) <= MAX_SOURCE and "\0" not in source and "\r" not in source:
            try:
                return _Compilation(self, source).module(filename)
            except (_Apart, TooLarge, RecursionError, MemoryError):
                pass
        module = compile_source(source, filename)
        return module, Work(None, len(module.functions))


class _Compilation:
    """One compilation by pieces. Raises _Apart where it gives up."""

    def __init__(self, kept: IncrementalCompiler, source: str) -> None:
        self.kept = kept
        if asks_about_itself(source):
            raise _Apart
        self.lines = split_lines(source)
        cuts = cut(self.lines)
        flags = future_flags(source, cuts) if cuts and len(cuts) >= kept.min_pieces else None
        if cuts is None or flags is None or len(cuts) > MAX_PIECES:
            raise _Apart
        self.cuts = cuts
        self.flags = flags
        self.pieces: list[Piece] = []
        counts = Counts()
        for each in cuts:
            piece = self.piece(each, flags if self.pieces else 0)
            self.pieces.append(piece)
            counts = counts.plus(piece.counts)
            if counts.too_many():  # at once: such code is what CPython's compiler takes long for
                raise _Apart
        self.program = Program(self.pieces, is_documented(self.lines))
        self.work: list[str] = []
        self.tables: list[Tables] = []
        self.first: list[Lowered] = []

    def piece(self, place: Cut, flags: int) -> Piece:
        key = (place.text, flags)
        found = self.kept.pieces.get(key)
        if found is None:
            found = read_piece(place.text, flags)
            if found is None:
                raise _Apart
            self.kept.pieces.put(key, found, len(place.text))
        return found

    def module(self, filename: str) -> tuple[Module, Work]:
        unit = self.unit(frozenset())
        functions = unit.done()
        if unit.effects:
            if len({id(piece) for piece in self.pieces}) < len(self.pieces):
                raise _Apart  # nodes stand for functions, and these would be two of one
            from noodle_ray.core.lang.effects import facts_of, finished, overlapping_comprehensions
            from noodle_ray.core.lang.purity import Remembered

            remembered = self.kept.remembered = self.kept.remembered or Remembered(MAX_REMEMBERED)
            facts = facts_of(unit, remembered)
            overlapping = overlapping_comprehensions(facts)
            if overlapping:
                facts = facts_of(self.unit(overlapping), remembered)
            functions = finished(facts)
            self.tables = [tables_of([function.body for function in functions])]
        return sealed(functions, self.tables, filename), Work(tuple(self.work), len(functions))

    def unit(self, as_functions: frozenset[int]) -> Unit:
        """All pieces lowered and put together."""
        program = self.program
        unit = Unit(program, [])
        program.module.children.clear()
        frame = Frame(unit, program.module, program.tree, None)
        restore_builtins(frame)
        self.tables = [tables_of([tuple(frame.code)])]
        for number, (place, piece) in enumerate(zip(self.cuts, self.pieces, strict=True)):
            last = number == len(self.pieces) - 1
            nodes = self.comprehensions(number, as_functions)
            lowered = self.lowered(piece, last and has_value(piece.tree.body[-1]), nodes, as_functions)
            if not as_functions:
                self.first.append(lowered)
            if lowered.ends and not last:
                raise _Apart
            _join(unit, frame, lowered, place.start)
            self.tables.append(lowered.tables)
            if lowered.ends:
                frame.assigned = UNREACHABLE
        frame.finish("<module>", (), span_of_all(self.lines))
        return unit

    def comprehensions(self, number: int, as_functions: frozenset[int]) -> tuple[int, ...]:
        """Which comprehensions of a piece, in the order of its first lowering, are to be functions."""
        if not as_functions:
            return ()
        nodes = self.first[number].unit.comprehensions
        return tuple([place for place, (node, _, _) in enumerate(nodes) if id(node) in as_functions])

    def lowered(self, piece: Piece, last: bool, nodes: tuple[int, ...], as_functions: frozenset[int]) -> Lowered:
        key: Key = (piece.text, last, nodes, self.flags, *self.program.key(piece))
        found = self.kept.lowered.get(key)
        # nodes are known by their identity: what was lowered from another tree of the same text is of no use
        if found is None or found.unit.resolution.tree is not piece.tree:
            found = self.lower(piece, last, as_functions)
            self.kept.lowered.put(key, found, len(piece.text))
        return found

    def lower(self, piece: Piece, last: bool, as_functions: frozenset[int]) -> Lowered:
        part = Part(piece.tree, piece.titles, self.program, piece.names, as_functions)
        if part.found:
            raise _Apart
        unit = Unit(part, piece.lines)
        unit.documented = self.program.documented
        frame = Frame(unit, part.module, piece.tree, None)
        lower_statements(frame, piece.tree.body, last=last)
        if unit.found:
            raise _Apart
        self.work += [function.name for function in unit.functions[1:] if function is not None] or ["<module>"]
        return Lowered(unit, frame)


def _join(unit: Unit, frame: Frame, lowered: Lowered, start: int) -> None:
    """Puts a piece that begins after so many lines behind those that are in the unit already."""
    own = lowered.unit
    place = (start, len(unit.functions) - 1, frame.registers)
    move = Move(*place)
    known = next((placed for placed in lowered.last if placed[0] == place), None)
    if known is None:
        functions = [move.function(function) for function in own.functions[1:] if function is not None]
        known = (place, move.all_block(lowered.code), functions)
        lowered.last = (known, *lowered.last[:1])  # two, because what overlaps is only known after a first go
    frame.code += known[1]
    frame.registers += lowered.registers
    unit.functions += known[2]
    if len(unit.functions) > MAX_FUNCTIONS:
        raise _Apart
    base = place[1]
    for index, scope in own.homes.items():
        if index:
            unit.homes[index + base] = scope
    for node, index in own.named_functions.items():
        unit.named_functions[node] = index + base
    for comprehension, index, instr in own.comprehensions:
        if index:
            unit.comprehensions.append((comprehension, index + base, instr))
        else:
            unit.comprehensions.append((comprehension, 0, move.all_block((instr,))[0]))
    unit.effects = unit.effects or own.effects
    unit.resolution.module.children.extend(own.resolution.module.children)
