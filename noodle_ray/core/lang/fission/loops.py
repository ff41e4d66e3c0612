"""Loops cut in two: first the part that asks, for all elements at once, then the rest, for one after the other.

``for x in xs: P; T`` becomes ``rows = .each(P, xs)`` and ``for row in rows: T``, if what P does for one element can
have no part in what it does for another, and T changes nothing that P reads. Taking a row raises what P raised for that
element, so that exceptions, output and changes come in the order of the program.
"""

from typing import Any, Final, NamedTuple, cast

from noodle_ray.core.lang.fission.ahead import RECEIVERS, goes_ahead
from noodle_ray.core.lang.fission.aliases import FOREIGN
from noodle_ray.core.lang.fission.callbacks import handed_out
from noodle_ray.core.lang.fission.flow import Flow, caught_in, killed, read, written
from noodle_ray.core.lang.fission.function import Around
from noodle_ray.core.lang.fission.pieces import make_piece
from noodle_ray.core.lang.fission.sections import Group, group_at
from noodle_ray.core.lang.fission.shapes import checked, jumps, marked, settled
from noodle_ray.core.lang.fission.split import Sequential, Splitter
from noodle_ray.core.lang.purity import MUTATORS, Facts, Region
from noodle_ray.core.nbc.module import Block, Function, Instr, Span
from noodle_ray.core.nbc.walk import blocks_of, flatten, reads_of, writes_of
from noodle_ray.core.vm.names import CALLBACK_KEYWORDS

_AGAIN: Final = frozenset({"const", "bget", "gget", "cget", "model"})
"""Opcodes that give the same when they run again."""


class Verdict(NamedTuple):
    """What became of a loop that asks models; ``reason`` is empty if its iterations overlap."""

    function: int
    span: Span
    reason: str


class Program:
    """What the loops of all functions share: the functions made of their parts come behind the others."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.functions: list[Function] = list(facts.functions)
        self.homes = dict(facts.unit.homes)
        self.pieces: set[int] = set()
        self.verdicts: list[Verdict] = []
        self.printing = _printing(facts)
        self.nothing = ""
        if facts.loose_iterators:
            self.nothing = "the program keeps an iterator, which a call could go through"
        elif facts.unit.resolution.stops:
            self.nothing = "the program uses StopIteration"
        elif "__del__" in facts.traits.dunders or any(map(_watches, facts.regions)):
            self.nothing = "the program can tell when objects are freed"

    def add(self, function: Function, index: int) -> int:
        """Adds a part of a function; its index."""
        self.functions.append(function)
        self.homes[len(self.functions) - 1] = self.homes[index]
        self.pieces.add(len(self.functions) - 1)
        return len(self.functions) - 1

    def forget(self, functions: int, verdicts: int) -> None:
        """Takes back what was added since there were so many functions and verdicts."""
        del self.functions[functions:], self.verdicts[verdicts:]
        self.pieces = {index for index in self.pieces if index < functions}
        self.homes = {index: scope for index, scope in self.homes.items() if index < functions}


def _watches(region: Region) -> bool:
    return any(
        i.op in ("bget", "callb") and str(i.args[1]).partition(".")[0] in ("weakref", "gc") for i in region.instructions
    )


def _printing(facts: Facts) -> list[bool]:
    """Of each function whether it does nothing that others see but print."""
    found = [not function.kind for function in facts.functions]
    changing = True
    while changing:
        changing = False
        for index, region in enumerate(facts.regions):
            if found[index] and not all(_only_prints(facts, region, instr, found) for instr in region.instructions):
                found[index] = False
                changing = True
    return found


def _only_prints(facts: Facts, region: Region, instr: Instr, printing: list[bool]) -> bool:
    if instr.op == "call":
        callee = facts.callee(region.function, instr)
        return callee is not None and (facts.safe[callee] or (callee < len(printing) and printing[callee]))
    if _prints(instr):
        return not (facts.traits.any and facts.traits.runs(instr, region.plain))
    return instr.op not in ("cset", "cdel") and not facts.visible(region, instr)


def _prints(instr: Instr) -> bool:
    if instr.op != "callb" or instr.args[1] != "print":
        return False
    return {name for name, _ in cast("tuple[tuple[str, int], ...]", instr.args[3])} <= {"sep", "end", "flush"}


class Loops:
    """The loops of one function."""

    def __init__(self, program: Program, index: int) -> None:
        self.program = program
        self.facts = program.facts
        self.index = index
        self.around = Around(program.facts, index)
        self.changed = False
        self.sometimes: set[int] = set()
        self.needed: set[int] = set()
        self.held: set[int] = set()

    def rewrite(self) -> Function:
        """The function with its loops cut."""
        around = self.around
        body = self.block(around.body, frozenset())
        if not self.changed:
            return around.function
        body = self._bound(around.as_globals(body), set(range(len(around.function.params))))
        return around.function._replace(body=body, registers=around.registers)

    def _bound(self, block: Block, other: set[int]) -> Block:
        """The code of a function, with the variables unbound at first that a row does not always have a value for."""
        unbound = sorted((self.sometimes & written(block)) - other)
        return (*[Instr("unset", (register,), self.around.function.span) for register in unbound], *block)

    def block(self, block: Block, guarded: frozenset[str]) -> Block:
        """A block with its loops cut. ``guarded`` has ``try`` inside a try or with statement, ``handler`` inside
        a handler."""
        found: list[Instr] = []
        if not self.program.nothing and self.around.function.kind != "class":
            changed = handed_out(self.around, block)
            if changed is not block:
                self.changed = True
                self.around.note(changed)
            block = changed
        place, sections = 0, not guarded and not self.program.nothing and self.around.function.kind != "class"
        while place < len(block):
            instr = block[place]
            group = group_at(self.around, block, place, self.needed) if sections else None
            if group is not None:
                found += self._at_once(group, instr.span)
                place += group.length
                continue
            place += 1
            if not any(blocks_of(instr)):
                found.append(instr)
            elif instr.op == "for" and self.around.asks(instr):
                found += self._for(instr, guarded)
            else:
                found.append(self._inside(instr, guarded))
        return tuple(found)

    def _inside(self, instr: Instr, guarded: frozenset[str]) -> Instr:
        args = cast("tuple[Any, ...]", instr.args)
        if instr.op == "try":
            within = guarded | {"try"}
            handlers = [(t, r, x, self.block(b, within | {"handler"})) for t, r, x, b in args[1]]
            body, other, final = (self.block(each, within) for each in (args[0], args[2], args[3]))
            return instr._replace(args=(body, tuple(handlers), other, final))
        if instr.op == "with":
            guarded |= {"try"}
        nested = [self.block(each, guarded) if _is_block(each) else each for each in args]
        return instr._replace(args=tuple(nested))

    def _for(self, loop: Instr, guarded: frozenset[str]) -> list[Instr]:
        program = self.program
        functions, verdicts, registers = len(program.functions), len(program.verdicts), self.around.registers
        try:
            first, rest = self._cut(loop, guarded)
        except Sequential as reason:
            program.forget(functions, verdicts)
            self.around.registers = registers
            program.verdicts.append(Verdict(self.index, loop.span, str(reason)))
            target, iterable, body, other = cast("tuple[int, int, Block, Block]", loop.args)
            args = (target, iterable, self.block(body, guarded), self.block(other, guarded))
            return [loop._replace(args=args)]
        self.changed = True
        return [*first, *rest]

    def _cut(self, loop: Instr, guarded: frozenset[str]) -> tuple[Block, Block]:
        """What stands for a loop in the part that asks and in the rest. Raises Sequential."""
        around = self.around
        _, _, body, _ = cast("tuple[int, int, Block, Block]", loop.args)
        if self.program.nothing:
            raise Sequential(self.program.nothing)
        if around.function.kind == "class":
            raise Sequential("it stands in the body of a class")
        if "handler" in guarded:
            raise Sequential("it stands in an exception handler")
        traits = self.facts.traits
        if traits.any and traits.runs(loop, around.region.plain):
            if not goes_ahead(self.facts, around.region, cast(int, loop.args[1])):
                raise Sequential("what it goes through may run code of the program")
            if any(instr.op in ("raise", "raise_from", "reraise") for instr in flatten(body)):
                raise Sequential("`raise` may end it before all that it goes through is computed")
        if not any(map(around.asks, body)):
            raise Sequential("its `else` asks, and not its body")
        body = settled(body, around.fresh)
        left = jumps(body) & {"break", "return"}
        if left:
            raise Sequential(f"`{min(left)}` may end it before the calls of later elements")
        defined = around.flow.at_loops.get(id(loop))
        if defined is None:
            raise Sequential("it is never reached")
        before, around.defined = around.defined, defined
        try:
            parts = Splitter(around, lambda inner: self._cut(inner, guarded)).split(body)
            return self._checked(loop, parts.asking, parts.rest, guarded)
        finally:
            around.defined = before

    def _checked(self, loop: Instr, asking: Block, rest: Block, guarded: frozenset[str]) -> tuple[Block, Block]:
        target, iterable, _, other = cast("tuple[int, int, Block, Block]", loop.args)
        around = self.around
        flow = Flow(asking, {target})
        if flow.defined is None:
            raise Sequential("each of its iterations raises")
        own = written(asking) | {target}
        self._look_at_asking(asking, own, flow)
        self._look_at_cells(loop, asking)
        changed = self._look_at_rest(loop, rest)
        entering = flow.exposed | {iterable}
        self._look_at_both(entering, asking, rest, changed)
        outside = self._read_outside(loop) | read(other)
        caught = "try" in guarded and bool(own & outside)
        lost = killed(asking) | {register for register in caught_in(asking) if register < around.named}
        needed = {r for r in own if r in outside or (around.is_global(r) and r not in lost)} | (own & read(rest))
        if lost := lost & needed:
            raise Sequential(f"{self._quoted(lost)} may be unbound after its calls")
        return self._built(loop, asking, rest, needed, {target} if caught else flow.defined, caught)

    # proofs

    def _look_at_asking(self, asking: Block, own: set[int], flow: Flow) -> None:
        around = self.around
        region = around.region_of(asking)
        if carried := flow.exposed & own:
            raise Sequential(f"{self._quoted(carried)} is carried from one iteration to the next")
        left = jumps(asking)
        if left:
            raise Sequential(f"`{min(left)}` comes before its last call")
        for instr in flatten(asking):
            if around.shows(region, instr):
                raise Sequential(self._why(instr, "before its last call"))
            if instr.op == "check" and instr.args[0] not in own:
                raise Sequential(f"{self._quoted({cast(int, instr.args[0])})} may be unbound")
        late = {r for r in flow.exposed if not around.is_global(r) and r not in around.defined}
        if late:
            raise Sequential(f"{self._quoted(late)} may be unbound")

    def _look_at_cells(self, loop: Instr, asking: Block) -> None:
        """A variable of the function that inner functions share is one of another function in a part of it, and the
        error of one without a value is another: those that are read have a value, for sure, where the loop begins."""
        cells = self.around.function.cells
        read_here = {cast(int, i.args[1]) for i in flatten(asking) if i.op == "cget"}
        unsure = {cell for cell in read_here if cell < len(cells)}
        if not unsure:
            return
        deleted = {i.args[0] for i in self.around.region.instructions if i.op == "cdel"}
        inside = any(each is loop for each in self.around.region.instructions)
        for instr in self.around.body:
            if any(each is loop for each in flatten((instr,))) or (not inside and instr.op in ("for", "while")):
                break
            if instr.op == "cset" and instr.args[0] not in deleted:
                unsure.discard(cast(int, instr.args[0]))
        if unsure:
            raise Sequential(f"`{cells[min(unsure)]}` may be unbound")

    def _look_at_rest(self, loop: Instr, rest: Block) -> set[int]:
        """The objects that the rest changes, all of which only this function has."""
        changed: set[int] = set()
        for instr in flatten(rest):
            register = self._changes(instr)
            if register is not None:
                if not self._owns(register, loop):
                    raise Sequential(f"{self._quoted({register})} is changed, and the calls may read it")
                changed |= self.around.aliases.of(register)
        return changed - self.around.aliases.immutable

    def _changes(self, instr: Instr) -> int | None:
        """The register of the object that an instruction changes. Raises Sequential for what is not allowed."""
        facts, region = self.facts, self.around.region
        op = instr.op
        args = cast("tuple[Any, ...]", instr.args)
        runs = facts.traits.any and facts.traits.runs(instr, region.plain)
        if op in RECEIVERS and not runs:
            return cast(int, args[RECEIVERS[op]])
        if op == "callm" and args[2] in MUTATORS and not runs:
            if any(name in CALLBACK_KEYWORDS and not facts.callback_safe(region, r) for name, r in args[4]):
                raise Sequential(self._why(instr, "in each iteration"))
            return cast(int, args[1])
        if _only_prints(facts, region, instr, self.program.printing):
            return None
        if instr.op == "return":
            raise Sequential("`return` may end it before the calls of later elements")
        raise Sequential(self._why(instr, "in each iteration"))

    def _owns(self, register: int, loop: Instr) -> bool:
        """True if no code outside of the loop can have the object in a register, before the loop ends."""
        aliases = self.around.aliases
        objects = aliases.of(register)
        if FOREIGN in objects:
            return False
        places = [aliases.places[id(instr)] for instr in flatten((loop,)) if id(instr) in aliases.places]
        start, end = min(places), max(places)
        for one in objects - aliases.immutable:
            for place in aliases.escapes.get(one, ()):
                if place < start or (place > end and self._comes_back(one, start, end, place)):
                    return False
        return True

    def _comes_back(self, one: int, start: int, end: int, place: int) -> bool:
        """True if a loop around may bring an object that got out at a place back to the loop from start to end."""
        aliases = self.around.aliases
        for outer in flatten(self.around.body):
            first, last = aliases.loops.get(id(outer), (0, 0))
            if first < start and end < last and place < last:
                args = cast("tuple[Any, ...]", outer.args)
                body = args[2] if outer.op != "while" else (*args[0], *args[2])
                again = Flow(body, {args[0]} if outer.op == "for" else set()).exposed
                if one in aliases.loaded or any(one in aliases.of(register) for register in again):
                    return True
        return False

    def _look_at_both(self, entering: set[int], asking: Block, rest: Block, changed: set[int]) -> None:
        around = self.around
        if both := entering & written(rest):
            raise Sequential(f"{self._quoted(both)} is read by its calls and changed by it")
        looked = {
            r for i in flatten(asking) if i.op not in ("move", "check") for r in reads_of(i)
        } | entering.difference(read(asking))
        aliases = around.aliases
        seen = changed & aliases.reach({one for register in looked for one in aliases.of(register)})
        for register in sorted({r for i in flatten(rest) if (r := self._changes(i)) is not None}) if seen else ():
            if aliases.of(register) & seen:
                raise Sequential(f"{self._quoted({register})} is read by its calls and changed by it")

    def _read_outside(self, loop: Instr) -> set[int]:
        inside = {id(instr) for instr in flatten((loop,))}
        return {register for register, readers in self.around.readers.items() if not readers <= inside}

    # words

    def _quoted(self, registers: set[int]) -> str:
        names = sorted({name for register in registers if (name := self.around.name(register))})
        return f"`{names[0]}`" if names else "what it computes"

    def _why(self, instr: Instr, when: str) -> str:
        op, args = instr.op, cast("tuple[Any, ...]", instr.args)
        if _prints(instr):
            return f"it prints {when}"
        if op == "call":
            callee = self.facts.callee(self.index, instr)
            known = callee is not None and callee < len(self.facts.functions)
            name = f"`{self.facts.functions[cast(int, callee)].name}`" if known else "what it calls"
            return f"{name} may change what others see, {when}"
        if op == "callm" and args[2] in self.facts.traits.names:
            return f"`{args[2]}` may change what others see, {when}"
        if op in RECEIVERS or (op == "callm" and args[2] in MUTATORS):
            changed = self._quoted({args[RECEIVERS[op]] if op in RECEIVERS else args[1]})
            return f"{changed} is changed {when}"
        if op in ("gset", "gdel"):
            return f"the global `{args[0]}` is changed {when}"
        if op in ("cset", "cdel"):
            cells = (*self.around.function.cells, *self.around.function.free)
            return f"`{cells[args[0]]}`, which an inner function uses, is changed {when}"
        if op in ("yield", "yieldfrom"):
            return "it yields"
        return f"line {instr.span[0]} may run code that others see, {when}"

    # the new code

    def _built(
        self, loop: Instr, asking: Block, rest: Block, needed: set[int], always: set[int], caught: bool
    ) -> tuple[Block, Block]:
        """Registers of ``always`` are written whenever a row is returned. ``caught`` tells that a row is returned also
        for an element whose part raises, with what it has written until then and the exception."""
        around, span = self.around, loop.span
        target, iterable, _, other = cast("tuple[int, int, Block, Block]", loop.args)
        again = self._again(asking, needed, always)
        values = sorted(needed - {cast(int, instr.args[0]) for instr in again})
        failed, error = (around.fresh(), around.fresh()) if caught else (0, 0)
        sometimes = [register for register in values if register not in always and register != target]
        flags = {r: around.fresh() for r in sometimes if r < around.named or around.is_global(r)}
        start = [Instr("const", (register, None), span) for register in sometimes]
        start += [Instr("const", (flag, False), span) for flag in flags.values()]
        self.needed |= needed
        held, self.held = self.held, {r for r in written(asking) | around.defined | {target} if around.is_global(r)}
        body = self.block(asking, frozenset({"try"} if caught else ()))
        self.held = held
        body = marked(body, flags, writes_of) if flags else body
        if caught:
            start += [Instr("const", (failed, False), span), Instr("const", (error, None), span)]
            raised = around.fresh()  # which ends with its handler
            kept = (Instr("move", (error, raised), span), Instr("const", (failed, True), span))
            handler = ((), None, raised, kept)
            body = (Instr("try", (body, (handler,), (), ()), span),)
        body = (*start, *body)
        row, before, end = self._row(values, flags, span, (failed, error) if caught else ())
        code = self._bound((*body, *end), {target, *sometimes})
        self.sometimes |= {register for register in flags if not around.is_global(register)}
        self.program.verdicts.append(Verdict(self.index, span, ""))
        rows = around.fresh()
        first = self._each(rows, code, target, iterable, span)
        if caught:
            before.append(Instr("if", (failed, (Instr("raise", (error,), span),), ()), span))
        unsure = {register for register in flags if not around.is_global(register)}
        rest = checked((*again, *rest), unsure) if unsure else (*again, *rest)
        return first, (Instr("for", (row, rows, (*before, *rest), other), span),)

    def _each(self, rows: int, code: Block, element: int, iterable: int, span: Span) -> Block:
        """What runs the code as a function of ``element`` for all that an iterable has."""
        around = self.around
        kept = {r for r in written(code) | around.defined | self.held if around.is_global(r)}
        piece = make_piece(around.function, self.program.functions, around.as_globals(code, kept), element, span)
        made = around.fresh()
        index = self.program.add(piece.function, self.index)
        loads = {register: around.fresh() for register in piece.captured if around.is_global(register)}
        captured = tuple([loads.get(register, register) for register in piece.captured])
        return (
            *[Instr("move", (load, register), span) for register, load in loads.items()],
            Instr("func", (made, index, captured), span),
            Instr("callb", (rows, ".each", (made, iterable), ()), span),
        )

    def _at_once(self, group: Group, span: Span) -> Block:
        """Sections of a block, run at once."""
        around = self.around
        self.changed = True
        number, numbers, rows = around.fresh(), around.fresh(), around.fresh()
        code: Block = ()
        places: list[int] = []
        after: list[Instr] = []
        for count, (section, values) in enumerate(zip(group.sections, group.values, strict=True)):
            place, before, end = self._row(values, {}, span, ())
            places.append(place)
            after += before
            body = (*section, *end)
            if count < len(group.sections) - 1:
                this, test = around.fresh(), around.fresh()
                code += (Instr("const", (this, count), span), Instr("cmp", (test, "==", number, this), span))
                code += (Instr("if", (test, body, ()), span),)
            else:
                code += body
        return (
            Instr("const", (numbers, tuple(range(len(places)))), span),
            *self._each(rows, code, number, numbers, span),
            Instr("unpack", (rows, tuple(places)), span),
            *after,
            *group.behind,
        )

    def _again(self, asking: Block, needed: set[int], always: set[int]) -> list[Instr]:
        """What the rest loads anew rather than from a row."""
        around = self.around
        writers: dict[int, list[Instr]] = {}
        for instr in flatten(asking):
            for register in writes_of(instr):
                writers.setdefault(register, []).append(instr)
        return [
            instr
            for register in sorted(needed)
            if register >= around.named and not around.is_global(register) and len(writers.get(register, ())) == 1
            for instr in writers[register]
            if instr.op in _AGAIN and (register in always or instr.op in ("const", "bget", "model"))
        ]

    def _row(
        self, values: list[int], flags: dict[int, int], span: Span, more: tuple[int, ...]
    ) -> tuple[int, list[Instr], list[Instr]]:
        """The register for a row, what puts the row's values in their places, and what returns them. The registers of
        ``more`` keep their numbers."""
        around = self.around
        if not values and not more:
            nothing = around.fresh()
            return around.fresh(), [], [Instr("const", (nothing, None), span), Instr("return", (nothing,), span)]
        if len(values) == 1 and not flags and not more:
            end = [Instr("return", (values[0],), span)]
            if not around.is_global(values[0]):
                return values[0], [], end
            row = around.fresh()
            return row, [Instr("move", (values[0], row), span)], end
        row, whole = around.fresh(), around.fresh()
        places = [r if r not in flags and not around.is_global(r) else around.fresh() for r in values]
        tests = {register: around.fresh() for register in flags}
        items = (*values, *flags.values(), *more)
        before = [Instr("unpack", (row, (*places, *tests.values(), *more)), span)]
        for register, place in zip(values, places, strict=True):
            put = Instr("move", (register, place), span)
            if register in flags:
                before.append(Instr("if", (tests[register], (put,), ()), span))
            elif register != place:
                before.append(put)
        return row, before, [Instr("tuple", (whole, items), span), Instr("return", (whole,), span)]


def _is_block(value: object) -> bool:
    return type(value) is tuple and bool(value) and type(value[0]) is Instr
