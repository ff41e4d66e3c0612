"""Inlining of small functions, in the one form that nothing can tell from a call.

A call's frame shows in tracebacks, counts towards the recursion limit and is made only if the name is bound. So a call
is replaced only where none of it can come up:

- the callee is a global that one ``gset`` in the whole module sets, to one function without defaults and captured
  variables; the ``gget`` stays, for its NameError;
- its body computes its result without branches, calls and names, and cannot raise for arguments of the kinds that
  the call gives, which are known: integers and floats, say;
- the caller is the top level, or a function that only the top level calls, by its name: some frames below any limit.

Anything wider would change what a program can see. Numeric helpers in hot loops are what is left; the native tier
inlines the rest itself, because it re-runs what raises.
"""

from collections import Counter
from typing import Any, Final, NamedTuple

from noodle_ray.core.nbc.module import Block, Function, Instr, Module
from noodle_ray.core.nbc.passes.kinds import Kinds, cannot_raise, is_pure
from noodle_ray.core.nbc.passes.rewrite import Uses, sealed, with_blocks, with_registers
from noodle_ray.core.nbc.verifier.uses import walk

_MAX_BODY: Final = 12


class _Callee(NamedTuple):
    number: int
    function: Function


def run(module: Module) -> Module:
    """Replace the calls that can be replaced."""
    callees = _callees(module)
    if not callees:
        return module
    callers = {0} | {callee.number for name, callee in _stable(module).items() if _only_top_calls(module, name)}
    functions = list(module.functions)
    for index in callers:
        functions[index] = _Inline(functions[index], callees).inlined()
    return sealed(module, functions)


def _stable(module: Module) -> dict[str, _Callee]:
    """Globals that are always one function of the module, where they are bound."""
    writes: Counter[str] = Counter()
    for function in module.functions:
        for instr in walk(function.body):
            if instr.op in ("gset", "gdel"):
                writes[str(instr.args[0])] += 1
    top = module.functions[0]
    uses = Uses(top)
    found: dict[str, _Callee] = {}
    for instr in walk(top.body):
        if instr.op == "gset":
            name, register = instr.args
            assert type(register) is int
            writer = uses.only_writer(register, 0)
            if writes[str(name)] == 1 and writer is not None and writer.op == "func":
                index: Any = writer.args[1]
                found[str(name)] = _Callee(index, module.functions[index])
    return found


def _callees(module: Module) -> dict[str, _Callee]:
    """Those small enough, without branches, with plain parameters."""
    return {name: callee for name, callee in _stable(module).items() if _is_small(callee.function)}


def _is_small(function: Function) -> bool:
    if function.kind or function.cells or function.free or len(function.body) > _MAX_BODY or not function.body:
        return False
    if any(param.kind not in ("pos", "pos_only") or param.default for param in function.params):
        return False
    straight = all(instr.op in ("const", "move", "binop", "cmp", "unop") for instr in function.body[:-1])
    return straight and function.body[-1].op == "return"


def _only_top_calls(module: Module, name: str) -> bool:
    """Whether a global is read nowhere but at the top level, outside of other calls' arguments, to be called."""
    if any(instr.op == "gget" and instr.args[1] == name for f in module.functions[1:] for instr in walk(f.body)):
        return False
    top = module.functions[0]
    uses = Uses(top)
    read = {instr.args[0] for instr in walk(top.body) if instr.op == "gget" and instr.args[1] == name}
    called: Counter[object] = Counter(instr.args[1] for instr in walk(top.body) if instr.op == "call")
    return all(called[register] == uses.reads[register] for register in read if type(register) is int)


class _Inline:
    def __init__(self, function: Function, callees: dict[str, _Callee]) -> None:
        self.function = function
        self.callees = callees
        self.uses = Uses(function)
        self.kinds = Kinds(function, self.uses)
        self.registers = function.registers

    def inlined(self) -> Function:
        body = self.block(self.function.body)
        return self.function._replace(body=body, registers=self.registers)

    def block(self, block: Block) -> Block:
        found: list[Instr] = []
        for instr in block:
            callee = self.callee(instr)
            if callee is None:
                found.append(with_blocks(instr, self.block))
            else:
                found += self.body(instr, callee)
        return tuple(found)

    def callee(self, instr: Instr) -> Function | None:
        """The function that the instruction calls, if its body can take the place of the call."""
        if instr.op != "call" or instr.args[3]:
            return None
        register: Any = instr.args[1]
        arguments: Any = instr.args[2]
        writer = self.uses.only_writer(register, len(self.function.params))
        if writer is None or writer.op != "gget" or writer.args[1] not in self.callees:
            return None
        function = self.callees[str(writer.args[1])].function
        kinds = [self.kinds.of(argument) for argument in arguments]
        if len(kinds) != len(function.params) or None in kinds:
            return None
        inner = Kinds(function, params={number: str(kind) for number, kind in enumerate(kinds)})
        if any(inner.of(number) is None for number in range(len(kinds))):
            return None
        sound = all(
            step.op in ("const", "move") or (is_pure(step, inner) and cannot_raise(step, inner))
            for step in function.body[:-1]
        )
        return function if sound and self.registers + function.registers <= 65_535 else None

    def body(self, call: Instr, function: Function) -> list[Instr]:
        """The callee's instructions in registers of the caller's."""
        first = self.registers
        self.registers += function.registers
        numbers = {register: first + register for register in range(function.registers)}
        arguments: Any = call.args[2]
        found = [Instr("move", (first + n, argument), call.span) for n, argument in enumerate(arguments)]
        found += [with_registers(step, numbers, numbers) for step in function.body[:-1]]
        result: Any = function.body[-1].args[0]
        return [*found, Instr("move", (call.args[0], first + result), call.span)]
