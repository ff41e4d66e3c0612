"""Fuel: what each region of a function costs. A property of the module alone, so every tier agrees.

A function's acyclic code is charged once, at entry; a loop's body once per element (``for``, ``comp``,
``gather``) or once per test of its condition (``while``). A branch costs its dearest arm, so that nothing
need be counted inside it. Builtins whose work grows with their data charge for that themselves.
"""

from noodle_ray.core.nbc.module import Block, Function, Instr, Module
from noodle_ray.core.nbc.verifier.uses import walk
from noodle_ray.core.nbc.walk import NESTING, reads_of, writes_of
from noodle_ray.core.vm.names import CHARGING_BUILTINS, PURE_BUILTINS
from noodle_ray.light import cast

_WEIGHT = {
    "call": 5,
    "callx": 6,
    "callm": 3,
    "method": 0,
    "callb": 3,
    "func": 3,
    "effect": 20,
    "try": 2,
    "check": 0,
    "unset": 0,
    "barrier": 0,
    "force": 1,
    "guess": 0,
    "drop": 0,
    "keep": 0,
    "class": 20,
    "yield": 2,
    "yieldfrom": 4,
    "with": 6,
}


def entry_cost(function: Function) -> int:
    """Fuel charged each time the function is entered: at least 1."""
    return 1 + block_cost(function.body)


def leaves(module: Module) -> frozenset[int]:
    """The functions, by index, that charge nothing when they are entered: the call that led there has paid for them.

    Such a function is a few instructions that neither loop nor call. Work without fuel stays bounded, because each
    call of one is an instruction of a function or loop that does charge. So a function that something else than a
    call instruction may enter is none: a special method, which operators call, or one that is handed to a builtin
    of ``_HOOKS``, such as a property's.
    """
    if len(module.functions) == 1:
        return frozenset()
    found = {index for index, function in enumerate(module.functions) if index and _is_leaf(function)}
    for function in module.functions if found else ():
        instructions = [instr for instr in walk(function.body) if instr.op not in _GUESSING]
        types = _types(instructions)
        made: dict[int, set[int]] | None = None
        other: set[int] = set()
        for instr in instructions:
            op, args = instr.op, instr.args
            if op == "gather":
                found.discard(cast(int, args[3]))
            elif (
                (op in ("bget", "callb") and args[1] in _GETTERS)
                or (op == "bget" and (args[1] in _HOOKS or args[1] in _HOOK_MODULES))
                or (types and not types.isdisjoint(reads_of(instr)) and not _only_looks(instr))
            ):
                return frozenset()
            elif (op == "callm" and args[2] in _HOOK_METHODS) or (op == "callb" and args[1] in _HOOKS):
                if made is None:
                    made, other = _made(function, instructions)
                for register in reads_of(instr)[op == "callm" :]:
                    if register in other:
                        return frozenset()
                    found -= made.get(register, set())
    return frozenset(found)


def _made(function: Function, instructions: list[Instr]) -> tuple[dict[int, set[int]], set[int]]:
    """Registers that hold functions made here, with which, and those that may hold a function from elsewhere."""
    made: dict[int, set[int]] = {}
    other = set(range(len(function.params)))
    for instr in instructions:
        if instr.op == "func":
            made.setdefault(cast(int, instr.args[0]), set()).add(cast(int, instr.args[1]))
        elif instr.op not in ("const", "bget"):
            other.update(writes_of(instr))
    return made, other


def _types(instructions: list[Instr]) -> set[int]:
    """Registers that may hold the class of a value: that of a property makes properties."""
    return {
        cast(int, instr.args[0])
        for instr in instructions
        if (instr.op == "callb" and instr.args[1] in ("type", "getattr"))
        or (instr.op == "attr" and instr.args[2] == "__class__")
    }


def _only_looks(instr: Instr) -> bool:
    """Whether an instruction looks at a class without calling it or handing it on to the program."""
    return instr.op in _LOOKS or (instr.op == "callb" and instr.args[1] in _LOOKS)


_GUESSING = frozenset({"guess", "drop", "keep"})
"""What a module is planned with: it has the leaves of the module before."""
_LOOKS = frozenset({"attr", "cmp", "concat", "format", "hash", "isinstance", "issubclass", "print", "repr", "str"})
_HOOKS = frozenset(
    {
        *("property", "enum.property", "abc.abstractproperty", "functools.cached_property", "functools.cmp_to_key"),
        *("functools.partialmethod", "functools.singledispatchmethod", "collections.defaultdict"),
    }
)
"""Builtins that enter a function they are given when an attribute is read, a key is missing or an operator runs."""
_HOOK_MODULES = frozenset({"functools", "collections", "enum", "abc", "operator", "type", "getattr"})
_HOOK_METHODS = frozenset({"setter", "getter", "deleter", *(name.rpartition(".")[2] for name in _HOOKS if "." in name)})
_GETTERS = frozenset({"operator.attrgetter", "operator.methodcaller"})
"""What reads attributes where no instruction shows it."""
_LEAF_SIZE = 40


def _is_leaf(function: Function) -> bool:
    name = function.name
    if function.kind or (name.startswith("__") and name != "__init__"):
        return False
    for count, instr in enumerate(walk(function.body)):
        if count >= _LEAF_SIZE or not (instr.op in _IN_LEAF or (instr.op == "callb" and instr.args[1] in _BUILTINS)):
            return False
    return True


def guards(function: Function) -> int:
    """How many of the body's first instructions run before the entry is charged: its leading guard clauses.

    A guard clause is an ``if`` that only returns. What comes before a call or a loop is bounded by the program's
    text and was paid for by the call that led here, so a recursive function's base case needs no charge.
    """
    count = 0
    if function.name.startswith("__"):  # operators call special methods, and nothing pays for such a call
        return 0
    for index, instr in enumerate(function.body):
        if instr.op == "if" and _only_returns(cast(Block, instr.args[1])) and not instr.args[2]:
            count = index + 1
        elif instr.op not in _CHEAP:
            break
    return count


_CHEAP = frozenset({"const", "move", "gget", "cget", "bget", "check", "cmp", "unop", "binop", "index", "cset", "unset"})
_IN_LEAF = _CHEAP | {
    *("gset", "inplace", "and", "or", "ifx", "if", "return", "raise", "raise_from", "setindex", "attr", "setattr"),
    *("tuple", "list", "dict", "slice", "format", "concat", "unpack"),
}
_BUILTINS = PURE_BUILTINS - CHARGING_BUILTINS


def _only_returns(block: Block) -> bool:
    return bool(block) and block[-1].op == "return" and all(instr.op in _CHEAP for instr in block[:-1])


def block_cost(block: Block) -> int:
    """Fuel of a block without its loops' bodies."""
    cost = 0
    for instr in block:
        cost += instruction_cost(instr) if instr.op in NESTING else _WEIGHT.get(instr.op, 1)
    return cost


def loop_cost(instr: Instr) -> int:
    """Fuel charged per iteration of a ``for`` or ``while`` instruction: at least 1."""
    args = instr.args
    if instr.op == "for":
        return 1 + block_cost(cast(Block, args[2]))
    return 1 + block_cost(cast(Block, args[0])) + block_cost(cast(Block, args[2]))


def instruction_cost(instr: Instr) -> int:
    """Fuel of one instruction: its weight, and for a branch its dearest arm."""
    op, args = instr.op, instr.args
    cost = _WEIGHT.get(op, 1)
    if op == "if":
        return cost + max(block_cost(cast(Block, args[1])), block_cost(cast(Block, args[2])))
    if op in ("and", "or"):
        return cost + block_cost(cast(Block, args[2]))
    if op == "ifx":
        return cost + max(block_cost(cast(Block, args[2])), block_cost(cast(Block, args[4])))
    if op in ("for", "while"):
        return cost + block_cost(cast(Block, args[3]))
    if op in ("comp", "with"):
        return cost + block_cost(cast(Block, args[2]))
    if op == "try":
        body, handlers, orelse, final = args
        return (
            cost
            + block_cost(cast(Block, body))
            + block_cost(cast(Block, orelse))
            + block_cost(cast(Block, final))
            + max(
                (
                    block_cost(types) + block_cost(handler)
                    for types, _, _, handler in cast("tuple[tuple[Block, object, object, Block], ...]", handlers)
                ),
                default=0,
            )
        )
    return cost
