"""Which registers a block may read before it has written them, and which it surely has written at its end."""

from typing import Any, cast

from noodle_ray.core.nbc.module import Block, Instr
from noodle_ray.core.nbc.walk import flatten, reads_of, writes_of

_LEAVING = frozenset({"return", "raise", "raise_from", "reraise", "break", "continue"})


class Flow:
    """One walk over a block, beginning with the registers of ``defined``.

    ``exposed`` are the registers that may be read first; ``defined`` those that are written on every way to the end,
    None if there is no such way. ``at_loops`` has what was defined where each ``for`` begins, by its id; ``forced`` the
    registers that are waited for where they may not have been written.
    """

    def __init__(self, block: Block, defined: set[int]) -> None:
        self.exposed: set[int] = set()
        self.forced: set[int] = set()
        self.at_loops: dict[int, frozenset[int]] = {}
        self.defined = self._block(block, set(defined))

    def _block(self, block: Block, defined: set[int] | None) -> set[int] | None:
        for instr in block:
            if defined is None:
                return None
            defined = self._instr(instr, defined)
        return defined

    def _read(self, registers: Any, defined: set[int] | None) -> None:
        if defined is not None:
            self.exposed.update(register for register in registers if register not in defined)

    def _instr(self, instr: Instr, defined: set[int]) -> set[int] | None:
        op = instr.op
        args = cast("tuple[Any, ...]", instr.args)
        if op == "if":
            self._read((args[0],), defined)
            return _met(self._block(args[1], set(defined)), self._block(args[2], set(defined)))
        if op in ("and", "or"):
            self._read((args[1],), defined)
            self._read((args[3],), self._block(args[2], set(defined)))
            return defined | {args[0]}
        if op == "ifx":
            self._read((args[1],), defined)
            self._read((args[3],), self._block(args[2], set(defined)))
            self._read((args[5],), self._block(args[4], set(defined)))
            return defined | {args[0]}
        if op in ("for", "while", "comp"):
            return self._loop(instr, args, defined)
        if op == "try":
            return self._try(args, defined)
        if op == "with":
            self._read((args[0],), defined)
            inside = defined if args[1] is None else defined | {args[1]}
            self._block(args[2], set(inside))
            return defined - killed(args[2])
        self._read(reads_of(instr), defined)
        if op == "force" and args[0] not in defined:
            self.forced.add(args[0])
        if op in _LEAVING:
            return None
        if op == "unset":
            return defined - {args[0]}
        return defined.union(writes_of(instr))

    def _loop(self, instr: Instr, args: tuple[Any, ...], defined: set[int]) -> set[int]:
        if instr.op == "comp":
            self._block(args[2], set(defined))
            return (defined - killed(args[2])) | {args[0]}
        if instr.op == "for":
            self._read((args[1],), defined)
            self.at_loops[id(instr)] = frozenset(defined)
            defined = defined - killed(args[2])
            self._block(args[2], defined | {args[0]})
        else:
            defined = defined - killed((*args[0], *args[2]))
            tested = self._block(args[0], set(defined))
            self._read((args[1],), tested)
            self._block(args[2], tested)
        self._block(args[3], set(defined))
        return defined - killed(args[3])

    def _try(self, args: tuple[Any, ...], defined: set[int]) -> set[int] | None:
        body, handlers, other, final = args
        after = self._block(other, self._block(body, set(defined)))
        start = defined - killed(body) - killed(other)
        for types, tested, exception, handler in handlers:
            typed = self._block(types, set(start))
            if tested is not None:
                self._read((tested,), typed)
            caught = start if exception is None else start | {exception}
            after = _met(after, self._block(handler, set(caught)))
            start = start - killed(types) - killed(handler)
        if not final:
            return after
        self._block(final, set(start))
        return self._block(final, after)


def _met(first: set[int] | None, second: set[int] | None) -> set[int] | None:
    if first is None or second is None:
        return second if first is None else first
    return first & second


def killed(block: Block) -> set[int]:
    """Registers that a block may unbind."""
    return {cast(int, instr.args[0]) for instr in flatten(block) if instr.op == "unset"}


def caught_in(block: Block) -> set[int]:
    """Registers of exceptions: an exception that leaves a handler unbinds its variable."""
    return {
        exception
        for instr in flatten(block)
        if instr.op == "try"
        for _, _, exception, _ in cast("tuple[Any, ...]", instr.args[1])
        if exception is not None
    }


def written(block: Block) -> set[int]:
    """Registers that a block may write."""
    return {register for instr in flatten(block) for register in writes_of(instr)}


def read(block: Block) -> set[int]:
    """Registers that a block may read."""
    return {register for instr in flatten(block) for register in reads_of(instr)}
