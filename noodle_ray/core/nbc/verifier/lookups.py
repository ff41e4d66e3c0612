"""What ``method`` finds is no value of the program: nothing but the call that it was looked up for may read it."""

from noodle_ray.core.nbc.module import Function, Span
from noodle_ray.core.nbc.verifier.failure import refuse
from noodle_ray.core.nbc.verifier.uses import has_name, walk
from noodle_ray.core.nbc.walk import reads_of, writes_of
from noodle_ray.errors import ModuleError
from noodle_ray.light import cast


def check_lookups(function: Function) -> None:
    """Raise ModuleError unless registers that ``method`` writes have no other writer, and no reader but a ``callm`` of
    that name, in that place."""
    found: dict[int, tuple[object, Span]] = {}
    instructions = list(walk(function.body))
    for instr in instructions:
        if instr.op == "method":
            register, what = cast(int, instr.args[0]), (instr.args[2], instr.span)
            given = register < len(function.params) or has_name(register, function)
            if given or found.setdefault(register, what) != what:
                raise _refused(register, instr.span)
    for instr in instructions:
        used = [*reads_of(instr), *writes_of(instr)]
        if instr.op == "method":
            used.remove(cast(int, instr.args[0]))
        elif instr.op == "callm" and found.get(cast(int, instr.args[1])) == (instr.args[2], instr.span):
            used.remove(cast(int, instr.args[1]))
        for register in used:
            if register in found:
                raise _refused(register, instr.span)


def _refused(register: int, span: Span) -> ModuleError:
    return refuse(341, f"Register {register}, in which a method is looked up, has another use.", span)
