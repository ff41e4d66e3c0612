"""Builtins that call a function which asks models, for each element: all are asked at once, and then handed out."""

from typing import Any, Final, cast

from noodle_ray.core.lang.fission.function import Around
from noodle_ray.core.lang.purity import is_tool
from noodle_ray.core.nbc.module import Block, Instr

_KEYED: Final = frozenset({"sorted", "max", "min"})
_CONSUMERS: Final = frozenset({"dict", "frozenset", "list", "max", "min", "set", "sorted", "sum", "tuple"})
_BETWEEN: Final = frozenset({"const", "bget", "gget", "cget", "move"})


def handed_out(around: Around, block: Block) -> Block:
    """The block with the calls of such builtins changed: ``sorted``, ``max`` and ``min`` with a key, and ``map`` and
    ``filter`` of which all is taken at once."""
    found: list[Instr] = []
    for place, instr in enumerate(block):
        if instr.op == "callb":
            found += _changed(around, instr, block[place + 1 :])
        else:
            found.append(instr)
    return (
        tuple(found)
        if len(found) != len(block) or any(a is not b for a, b in zip(found, block, strict=True))
        else block
    )


def _changed(around: Around, instr: Instr, rest: Block) -> list[Instr]:
    target, name, args, keywords = cast("tuple[int, str, tuple[int, ...], tuple[tuple[str, int], ...]]", instr.args)
    traits, span = around.facts.traits, instr.span
    if traits.any and traits.runs(instr, around.region.plain):
        return [instr]
    key = dict(keywords).get("key")
    if name in _KEYED and len(args) == 1 and key is not None and _asks(around, key):
        items, keys = around.fresh(), around.fresh()
        named = tuple([(word, keys if word == "key" else register) for word, register in keywords])
        return [
            Instr("callb", (items, "list", args, ()), span),
            Instr("callb", (keys, ".keys", (key, items), ()), span),
            Instr("callb", (target, name, (items,), named), span),
        ]
    if (
        name not in ("map", "filter")
        or len(args) != 2
        or not _asks(around, args[0])
        or not _taken(around, target, rest)
    ):
        return [instr]
    if name == "map":
        return [Instr("callb", (target, ".each", args, ()), span)]
    items, keys = around.fresh(), around.fresh()
    return [
        Instr("callb", (items, "list", args[1:], ()), span),
        Instr("callb", (keys, ".keys", (args[0], items), ()), span),
        Instr("callb", (target, "filter", (keys, items), ()), span),
    ]


def _asks(around: Around, register: int) -> bool:
    """True if the register holds a function that asks models and does nothing else that others see, or a model."""
    facts = around.facts
    callee = facts.callees[around.index].get(register)
    if callee is not None:
        return facts.effectful[callee] and facts.safe[callee]
    writers = around.region.writers.get(register, [])
    return bool(writers) and all(writer.op == "model" and not is_tool(writer) for writer in writers)


def _taken(around: Around, register: int, rest: Block) -> bool:
    """True if the next that is done takes all of the iterator in the register, and nothing else has it."""
    if register < around.named or len(around.readers.get(register, ())) != 1:
        return False
    for instr in rest:
        if id(instr) in around.readers[register]:
            args = cast("tuple[Any, ...]", instr.args)
            if instr.op == "callb":
                return args[1] in _CONSUMERS and args[2][0] == register and not args[3]
            return instr.op == "callm" and args[2] == "join"
        if instr.op not in _BETWEEN:
            return False
    return False
