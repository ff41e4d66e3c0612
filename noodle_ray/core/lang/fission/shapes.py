"""Loops' bodies without ``continue``, and what leaves a loop."""

from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from noodle_ray.core.nbc.module import Block, Instr, Span
from noodle_ray.core.nbc.ops import OPERANDS
from noodle_ray.core.nbc.walk import reads_of

_ENDING: Final = frozenset({"return", "raise", "raise_from", "reraise", "break", "continue"})


def jumps(block: Block, inside: bool = False) -> set[str]:
    """The opcodes in a block that leave it: ``return``, ``break`` and ``continue`` of a loop around, ``emit`` of a
    comprehension around. ``inside`` tells that the block is a loop's body."""
    found: set[str] = set()
    for instr in block:
        op = instr.op
        args = cast("tuple[Any, ...]", instr.args)
        if op in ("return", "emit", "emit2", "reraise") or (op in ("break", "continue") and not inside):
            found.add(op)
        elif op in ("if", "with"):
            for nested in args[1:] if op == "if" else args[2:]:
                found |= jumps(nested, inside)
        elif op == "for":
            found |= jumps(args[2], True) | jumps(args[3], inside)
        elif op == "while":
            found |= jumps(args[0], True) | jumps(args[2], True) | jumps(args[3], inside)
        elif op == "try":
            for nested in (args[0], args[2], args[3]):
                found |= jumps(nested, inside)
            for types, _, _, handler in args[1]:
                found |= jumps(types, inside) | (jumps(handler, inside) - {"reraise"})
        elif op in ("and", "or"):
            found |= jumps(args[2], inside)
        elif op == "ifx":
            found |= jumps(args[2], inside) | jumps(args[4], inside)
    return found


def settled(block: Block, fresh: Callable[[], int]) -> Block:
    """The same code without ``continue`` where it can do without: what follows goes into the other branch."""
    for place, instr in enumerate(block):
        before, rest = block[:place], block[place + 1 :]
        if instr.op == "continue":
            return before
        if "continue" not in jumps((instr,)):
            continue
        if instr.op == "if":
            return before + _branch(instr, rest, fresh)
        if instr.op == "try":
            return before + _guarded(instr, rest, fresh)
        return block
    return block


def _branch(instr: Instr, rest: Block, fresh: Callable[[], int]) -> Block:
    test, then, other = cast("tuple[int, Block, Block]", instr.args)
    if rest and _continues(then):
        then, other = then[:-1], _followed(other, rest)
    elif rest and _continues(other):
        then, other = _followed(then, rest), other[:-1]
    elif rest:
        return (instr, *rest)
    return (instr._replace(args=(test, settled(then, fresh), settled(other, fresh))),)


def _guarded(instr: Instr, rest: Block, fresh: Callable[[], int]) -> Block:
    """A ``try`` of which some handlers go on with the next element: a register tells whether the rest is to run."""
    body, handlers, other, final = cast("tuple[Block, tuple[Any, ...], Block, Block]", instr.args)
    if final or "continue" in jumps(body) | jumps(other):
        return (instr, *rest)
    flag, span = fresh(), instr.span
    if _ends(body) or _ends(other):
        return (instr, *rest)
    passed = Instr("const", (flag, True), span)
    settled_handlers = []
    for types, tested, exception, handler in handlers:
        if _continues(handler):
            handler = settled(handler[:-1], fresh)
        elif not _ends(handler):
            handler = (*handler, passed)
        if "continue" in jumps(handler):
            return (instr, *rest)
        settled_handlers.append((types, tested, exception, handler))
    after = instr._replace(args=(body, tuple(settled_handlers), (*other, passed), ()))
    follow = settled(rest, fresh)
    test = (Instr("if", (flag, follow, ()), span),) if follow else ()
    return (Instr("const", (flag, False), span), after, *test)


def _followed(block: Block, rest: Block) -> Block:
    return block if _ends(block) else block + rest


def _continues(block: Block) -> bool:
    return bool(block) and block[-1].op == "continue"


def _ends(block: Block) -> bool:
    return bool(block) and block[-1].op in _ENDING


def marked(block: Block, flags: dict[int, int], writes_of: Callable[[Instr], list[int]]) -> Block:
    """The block with a register set after each write of those that have one in ``flags``."""
    found: list[Instr] = []

    def marks(registers: list[int], span: Span) -> list[Instr]:
        return [Instr("const", (flags[register], True), span) for register in registers if register in flags]

    for instr in block:
        op, span = instr.op, instr.span
        args = cast("tuple[Any, ...]", instr.args)
        if op == "if":
            nested = tuple([marked(each, flags, writes_of) for each in args[1:]])
            found.append(instr._replace(args=(args[0], *nested)))
        elif op == "for":
            body = (*marks([args[0]], span), *marked(args[2], flags, writes_of))
            found.append(instr._replace(args=(args[0], args[1], body, marked(args[3], flags, writes_of))))
        elif op == "while":
            test, body, other = (marked(each, flags, writes_of) for each in (args[0], args[2], args[3]))
            found.append(instr._replace(args=(test, args[1], body, other)))
        elif op == "try":
            body, other, final = (marked(each, flags, writes_of) for each in (args[0], args[2], args[3]))
            handlers = [
                (types, tested, exception, (*marks([exception], span), *marked(handler, flags, writes_of)))
                for types, tested, exception, handler in args[1]
            ]
            found.append(instr._replace(args=(body, tuple(handlers), other, final)))
        else:
            found.append(instr)
            if op not in _ENDING:
                found += marks(writes_of(instr), span)
    return tuple(found)


def checked(block: Block, registers: set[int]) -> Block:
    """The block with a ``check`` before each use of these variables: the verifier does not know what was proved."""
    found: list[Instr] = []
    seen: set[int] = set()

    def look(instr: Instr, operands: Iterable[int]) -> list[Instr]:
        new = sorted(registers.intersection(operands) - seen)
        seen.update(new)
        return [Instr("check", (register,), instr.span) for register in new]

    for instr in block:
        op = instr.op
        args = cast("tuple[Any, ...]", instr.args)
        if op in ("and", "or"):
            found += look(instr, (args[1],))
            inner = _ending(checked(args[2], registers), args[3], registers, instr.span)
            args = (args[0], args[1], inner, args[3])
        elif op == "ifx":
            found += look(instr, (args[1],))
            then = _ending(checked(args[2], registers), args[3], registers, instr.span)
            other = _ending(checked(args[4], registers), args[5], registers, instr.span)
            args = (args[0], args[1], then, args[3], other, args[5])
        elif op != "while":
            found += look(instr, reads_of(instr) if op != "try" else ())
        if op not in ("and", "or", "ifx"):
            args = tuple([_checked(kind, value, registers) for kind, value in zip(OPERANDS[op], args, strict=True)])
        found.append(instr._replace(args=args))
        if op == "unset":
            seen.discard(args[0])
    return tuple(found)


def _ending(block: Block, register: int, registers: set[int], span: Span) -> Block:
    return (*block, Instr("check", (register,), span)) if register in registers else block


def _checked(kind: str, value: Any, registers: set[int]) -> Any:
    if kind == "B":
        return checked(value, registers)
    if kind == "H":
        return tuple([(checked(t, registers), r, x, checked(b, registers)) for t, r, x, b in value])
    return value
