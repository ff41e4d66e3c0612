"""Names a function of the program needs declared, and the conflicts that Python could not express."""

import _ast as ast

from noodle_ray.core.nbc.module import Function
from noodle_ray.core.nbc.walk import flatten, reads_of, writes_of
from noodle_ray.core.vm.pytier.nodes import NOWHERE, assign, constant
from noodle_ray.core.vm.pytier.support import FUEL
from noodle_ray.errors import ModuleError
from noodle_ray.light import cast


def declarations(function: Function) -> list[ast.stmt]:
    """``global`` and ``nonlocal`` statements, and a binding for what is this function's own but may have no other:
    a cell that only inner functions assign, a local that is only ever unset."""
    globals_used: set[str] = set()
    unset: set[int] = set()
    for instr in flatten(function.body):
        op = instr.op
        if op == "gget":
            globals_used.add(cast(str, instr.args[1]))
        elif op == "gset" or op == "gdel":
            globals_used.add(cast(str, instr.args[0]))
        elif op == "unset":
            unset.add(cast(int, instr.args[0]))
    own = {name for name in function.locals if name}
    clash = globals_used & (own | set(function.cells) | set(function.free) | {"__builtins__"})
    if clash:
        raise ModuleError(
            f"{function.name} uses {min(clash)} both as a global and as a variable of its own",
            code="NOODLE-E0336",
            span=function.span,
        )
    _check_captured(function)
    statements: list[ast.stmt] = [ast.Nonlocal([FUEL, *function.free], **NOWHERE)]
    if globals_used:
        statements.append(ast.Global(sorted(globals_used), **NOWHERE))
    unbound = [name for name in function.cells if name not in own]
    unbound += [name for register, name in enumerate(function.locals) if name and register in unset]
    if unbound:
        dead: list[ast.stmt] = [assign(name, constant(None, NOWHERE), NOWHERE) for name in unbound]
        statements.append(ast.If(constant(False, NOWHERE), dead, [], **NOWHERE))
    return statements


def _check_captured(function: Function) -> None:
    """Raise for a register that has a cell's name and is more than what the cell begins with: to Python the two are one
    variable."""
    cells = {name: index for index, name in enumerate(function.cells)}
    both = {register: cells[name] for register, name in enumerate(function.locals) if name in cells}
    for instr in flatten(function.body) if both else ():
        if instr.op == "cset" and both.get(cast(int, instr.args[1])) == instr.args[0]:
            continue
        for register in (*reads_of(instr), *writes_of(instr)):
            if register in both:
                raise ModuleError(
                    f"{function.name} uses {function.locals[register]} both as a register and as a captured variable",
                    code="NOODLE-E0336",
                    span=instr.span,
                )
