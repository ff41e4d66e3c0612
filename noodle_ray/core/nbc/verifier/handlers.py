"""What names the exceptions of a handler: code that is one expression, because CPython's ``except`` takes one."""

from noodle_ray.core.nbc.module import Block, Function, Instr, Span
from noodle_ray.core.nbc.ops import OPERANDS
from noodle_ray.core.nbc.verifier.failure import refuse
from noodle_ray.core.nbc.verifier.uses import walk
from noodle_ray.light import Any, Final

_ALLOWED: Final = frozenset({"bget", "gget", "cget", "attr", "tuple", "const", "check"})
_MAX_DEPTH: Final = 32
"""Results inside results."""


def check_handlers(function: Function) -> None:
    """Raise ModuleError unless each block of types is an expression whose value is in the type register.

    That is: each result is of a register without a name that is written once and read once in the function,
    by a later instruction of the block or as the type register, and results are read last in, first out.
    """
    tries = [instr for instr in walk(function.body) if instr.op == "try"]
    handlers: list[tuple[Any, Span]] = [(handler, instr.span) for instr in tries for handler in _handlers(instr)]
    if not any(handler[0] for handler, _ in handlers):
        return
    written, read = _counts(function)
    for (types, register, _, _), span in handlers:
        _check_expression(types, register, function, written, read, span)


def _handlers(instr: Instr) -> Any:
    return instr.args[1]


def _check_expression(
    types: Block, register: int | None, function: Function, written: list[int], read: list[int], span: Span
) -> None:
    results: dict[int, int] = {}
    stack: list[int] = []
    for instr in types:
        if instr.op not in _ALLOWED:
            raise refuse(326, f"{instr.op!r} cannot stand among the types of a handler.", instr.span)
        if instr.op == "check":
            continue
        operands = [used for used in _reads(instr) if used in results]
        if stack[len(stack) - len(operands) :] != operands:
            raise refuse(326, "The types of a handler must be one expression.", instr.span)
        del stack[len(stack) - len(operands) :]
        result: Any = instr.args[0]
        named = result < len(function.locals) and function.locals[result] != ""
        depth = 1 + max([results[used] for used in operands], default=0)
        if named or written[result] != 1 or read[result] != 1 or depth > _MAX_DEPTH:
            raise refuse(326, "The types of a handler must be one expression.", instr.span)
        results[result] = depth
        stack.append(result)
    if stack != ([register] if types and results else []):
        raise refuse(326, "The types of a handler must be one expression, and its value the type register.", span)


def _reads(instr: Instr) -> list[int]:
    """Registers that an instruction itself reads, in order; those in its blocks left out."""
    found: list[int] = []
    value: Any
    for kind, value in zip(OPERANDS[instr.op], instr.args, strict=True):
        if kind in ("R", "X", "R?"):
            found += [] if value is None else [value]
        elif kind == "R*":
            found += value
        elif kind == "KW":
            found += [register for _, register in value]
        elif kind == "H":
            found += [register for _, register, _, _ in value if register is not None]
    return found


def _counts(function: Function) -> tuple[list[int], list[int]]:
    """How often each register is written and read."""
    written = [0] * function.registers
    read = [0] * function.registers
    for register in range(len(function.params)):
        written[register] += 1
    value: Any
    for instr in walk(function.body):
        for register in _reads(instr):
            read[register] += 1
        for kind, value in zip(OPERANDS[instr.op], instr.args, strict=True):
            if kind in ("D", "X"):
                written[value] += 1
            elif kind == "D*":
                for register in value:
                    written[register] += 1
            elif kind == "H":
                for _, _, exception, _ in value:
                    if exception is not None:
                        written[exception] += 1
    return written, read
