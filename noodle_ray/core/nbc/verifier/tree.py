"""How functions hang together: who makes whom, captured variables, parameters and their defaults."""

from noodle_ray.core.nbc.encoder import PARAM_KINDS
from noodle_ray.core.nbc.module import Block, Function, Instr, Module
from noodle_ray.core.nbc.ops import MAKERS
from noodle_ray.core.nbc.verifier.failure import refuse
from noodle_ray.core.nbc.verifier.uses import walk
from noodle_ray.light import Final, Protocol, Sequence, cast

NAMESPACE: Final = "__namespace__"
"""The parameter of a class body: the dict it fills."""


class Makes(Protocol):
    """What is known of a function: whether it makes functions or uses ``.skip``, as far as its opcodes tell."""

    @property
    def makes(self) -> bool: ...


def check_tree(module: Module, known: Sequence[Makes]) -> None:
    """Raise ModuleError unless functions form a tree rooted at the top level and each fits its maker. ``known`` tells
    of each whether there is anything to be looked for in its code."""
    functions = module.functions
    top = functions[0]
    if top.params or top.free or top.kind or top.name != "<module>":
        raise refuse(316, "A module's top level is <module>, plain, without parameters and free variables.", top.span)
    made = [False] * len(functions)
    gathered = [False] * len(functions)
    for index, function in enumerate(functions):
        if function.params:
            _check_parameters(function)
        if function.params or function.locals or function.cells or function.free:
            _check_variables(function)
        for instr in walk(function.body) if known[index].makes else ():
            if instr.op in MAKERS:
                child = cast(int, instr.args[MAKERS[instr.op]])
                if not index < child < len(functions) or made[child]:
                    raise refuse(316, "A function must be made once, by a function that stands before it.", instr.span)
                made[child] = True
                gathered[child] = instr.op == "gather"
                _check_made(instr, functions[child], function)
            elif instr.op == "bget" and instr.args[1] == ".skip" and not gathered[index]:
                raise refuse(329, "'.skip' has a meaning only in a function that 'gather' runs.", instr.span)
    if False in made[1:]:
        raise refuse(316, f"Function {made.index(False, 1)} is never made.")


def _check_made(instr: Instr, child: Function, parent: Function) -> None:
    """``parent`` makes ``child`` by ``instr``, a ``func`` or ``gather``."""
    visible = {*parent.cells, *parent.free}
    for name in child.free:
        if name not in visible:
            raise refuse(317, f"{child.name!r} uses {name!r}, for which no function around it has a cell.", instr.span)
    if (instr.op == "class") != (child.kind == "class") or (instr.op == "gather" and child.kind):
        raise refuse(338, f"{child.name!r} is made by {instr.op!r}, which its kind does not allow.", instr.span)
    if instr.op == "class":
        if [(param.name, param.kind, param.default) for param in child.params] != [(NAMESPACE, "pos", False)]:
            raise refuse(338, f"The body of a class has one parameter, {NAMESPACE!r}.", instr.span)
    elif instr.op == "func":
        defaults = sum(param.default for param in child.params)
        if len(cast("tuple[int, ...]", instr.args[2])) != defaults:
            raise refuse(322, f"{child.name!r} needs {defaults} default values.", instr.span)
    elif [(param.kind, param.default) for param in child.params] != [("pos", False)]:
        raise refuse(329, "A function that 'gather' runs has one positional parameter without a default.", instr.span)


def _check_parameters(function: Function) -> None:
    kinds = [PARAM_KINDS.index(param.kind) for param in function.params]
    if kinds != sorted(kinds) or kinds.count(2) > 1 or kinds.count(4) > 1:
        raise refuse(328, f"The parameters of {function.name!r} are not in Python's order.", function.span)
    optional = False
    for param in function.params:
        if param.kind in ("var", "var_kw"):
            if param.default:
                raise refuse(328, f"The parameter {param.name!r} cannot have a default.", function.span)
        elif param.kind != "kw_only":
            if optional and not param.default:
                raise refuse(328, f"The parameter {param.name!r} needs a default as those before it.", function.span)
            optional = param.default


def _check_variables(function: Function) -> None:
    params = tuple([param.name for param in function.params])
    name, span = function.name, function.span
    if function.locals[: len(params)] != params:
        raise refuse(328, f"The first locals of {name!r} are not its parameters.", span)
    named = [local for local in function.locals if local]
    cells = (*function.cells, *function.free)
    if len(set(named)) != len(named) or len(set(cells)) != len(cells):
        raise refuse(328, f"{name!r} has two variables of one name.", span)
    captured = [(index, params.index(cell)) for index, cell in enumerate(function.cells) if cell in params]
    if captured and not {*captured} <= _first_cells(function.body):
        raise refuse(340, f"{name!r} does not begin with putting its captured parameters into their cells.", span)
    if cells:
        clash = {*named[len(params) :]}.intersection(cells) or {*params}.intersection(function.free)
        if clash:
            raise refuse(328, f"{name!r} has {min(clash)!r} both in a register and in a cell.", span)


def _first_cells(block: Block) -> set[tuple[int, int]]:
    """Cells and registers of the ``cset``s that a function begins with, ``unset`` and the head of a ``try`` aside."""
    found: set[tuple[int, int]] = set()
    for instr in block:
        if instr.op == "cset":
            found.add(cast("tuple[int, int]", instr.args))
        elif instr.op != "unset":
            return found | (_first_cells(cast(Block, instr.args[0])) if instr.op == "try" else set())
    return found
