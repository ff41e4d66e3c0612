"""Cutting the body of a loop in two: what all elements may do at once, and what is done for one after the other."""

from collections import Counter
from typing import Any, Final, NamedTuple, cast

from noodle_ray.core.lang.fission.flow import read, written
from noodle_ray.core.lang.fission.function import Around
from noodle_ray.core.lang.fission.shapes import jumps
from noodle_ray.core.nbc.module import Block, Instr
from noodle_ray.core.nbc.walk import flatten, writes_of

_LOADS: Final = frozenset({"const", "bget", "move", "method"})
_CANNOT_RAISE: Final = frozenset({"const", "bget", "move", "list", "tuple", "break"})


class Sequential(Exception):
    """A loop whose iterations stay one after the other; says why, about ``loops``."""


class Parts(NamedTuple):
    """The first part of a body, which asks, and the rest."""

    asking: Block
    rest: Block


class Splitter:
    """Splits blocks of one function. ``loop`` splits a loop within, and returns what stands for it in each part."""

    def __init__(self, around: Around, loop: Any) -> None:
        self.around = around
        self.loop = loop

    def split(self, block: Block) -> Parts:
        """The shortest beginning of a block that has all that asks in it, and the rest."""
        around = self.around
        last = max(place for place, instr in enumerate(block) if around.asks(instr))
        head, instr, tail = block[:last], block[last], block[last + 1 :]
        rest: Block = ()
        if instr.op in ("effect", "call", "gather", "callb") or self._whole(head, instr):
            asking = block[: last + 1]
        elif instr.op == "if":
            first, second = self._branch(instr)
            asking, rest = head + first, second
        elif instr.op == "for":
            first, second = self.loop(instr)
            asking, rest = head + first, second
        elif instr.op == "try":
            first, second = self._guarded(instr)
            asking, rest = head + first, second
        else:
            asking = block[: last + 1]
        return self._sunk(asking, rest + tail)

    def _whole(self, head: Block, instr: Instr) -> bool:
        """True if all elements may do all that an instruction does."""
        around = self.around
        if jumps((instr,)):
            return False
        region = around.region_of((*head, instr))
        return not any(around.shows(region, each) for each in flatten((instr,)))

    def _sunk(self, asking: Block, rest: Block) -> Parts:
        """What only the rest needs, and what cannot fail, goes there."""
        around = self.around
        if not asking:
            return Parts(asking, rest)
        changed = written(asking)
        writers = Counter(register for instr in flatten(asking) for register in writes_of(instr))
        kept, moved = [asking[-1]], []
        needed = read(asking[-1:])
        later = written(asking[-1:])
        for instr in reversed(asking[:-1]):
            target = cast(int, instr.args[0]) if instr.op in _LOADS else -1
            if target >= around.named and target not in needed and writers[target] == 1:
                source = cast(int, instr.args[1]) if instr.op in ("move", "method") else None
                if (
                    source is None
                    or (source not in changed and source in around.defined)
                    or (instr.op == "method" and source not in later)
                ):
                    moved.append(instr)
                    continue
            kept.append(instr)
            needed |= read((instr,))
            later |= written((instr,))
        return Parts(tuple(kept[::-1]), (*moved[::-1], *rest))

    def _optional(self, block: Block) -> Parts:
        asks = any(self.around.asks(instr) for instr in block)
        return self.split(block) if asks else Parts((), block)

    def _branch(self, instr: Instr) -> tuple[Block, Block]:
        test, then, other = cast("tuple[int, Block, Block]", instr.args)
        first, second = self._optional(then), self._optional(other)
        asking = instr._replace(args=(test, first.asking, second.asking))
        if not first.rest and not second.rest:
            return (asking,), ()
        not_taken = self.around.fresh()
        look = Instr("unop", (not_taken, "not", test), instr.span)
        return (look, asking), (Instr("if", (not_taken, second.rest, first.rest), instr.span),)

    def _guarded(self, instr: Instr) -> tuple[Block, Block]:
        body, handlers, other, final = cast("tuple[Block, tuple[Any, ...], Block, Block]", instr.args)
        around, span = self.around, instr.span
        if final:
            raise Sequential("a `finally` around its calls does what others can see")
        if any(map(around.asks, other)):
            first, second = Parts(body, ()), self.split(other)
        else:
            first, second = self._optional(body), Parts((), other)
            if not any(map(around.asks, body)):
                first = Parts(body, ())
        if not all(self._cannot_raise(each) for each in first.rest):
            raise Sequential("a line after a call in a `try` may fail, and its handlers see that")
        before: list[Instr] = []
        rest: list[Instr] = []

        def follow(block: Block, then: Block) -> Block:
            if not then:
                return block
            flag = around.fresh()
            before.append(Instr("const", (flag, False), span))
            rest.append(Instr("if", (flag, then, ()), span))
            return (*block, Instr("const", (flag, True), span))

        other = follow(second.asking, (*first.rest, *second.rest))
        cut = []
        for types, tested, exception, handler in handlers:
            own = self._handler((*body, *types), handler)
            cut.append((types, tested, exception, follow(own.asking, own.rest)))
        asking = instr._replace(args=(first.asking, tuple(cut), other, ()))
        return (*before, asking), tuple(rest)

    def _handler(self, before: Block, handler: Block) -> Parts:
        """What a handler does at once, and what when its element's turn comes."""
        around = self.around
        region = around.region_of((*before, *handler))
        if any(map(around.asks, handler)) or not any(around.shows(region, each) for each in flatten(handler)):
            return Parts(handler, ())
        again = "reraise" in jumps(handler)
        for instr in flatten(handler):
            named = instr.op in ("bget", "callb") and str(instr.args[1]).partition(".")[0] in ("sys", "traceback")
            if named or again or instr.op in ("raise", "raise_from"):
                raise Sequential("a handler of its calls' errors raises after it did what others can see")
        return Parts((), handler)

    def _cannot_raise(self, instr: Instr) -> bool:
        if instr.op == "callm":
            receiver, name, args = cast("tuple[int, str, tuple[int, ...]]", instr.args[1:4])
            return name == "append" and len(args) == 1 and self.around.is_list(receiver)
        if instr.op == "callb" and instr.args[1] == "print" and not instr.args[3]:
            return not (self.around.facts.traits.any and self.around.facts.traits.runs(instr, self.around.region.plain))
        return instr.op in _CANNOT_RAISE
