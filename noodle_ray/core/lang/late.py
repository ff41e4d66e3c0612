"""Lists and tuples of answers made late: calls written behind them are then asked before anything is waited for."""

from typing import cast

from noodle_ray.core.nbc.module import Block, Instr
from noodle_ray.core.nbc.ops import OPERANDS
from noodle_ray.core.nbc.walk import flatten, reads_of, writes_of


def put_off(block: Block, named: int) -> Block:
    """The block with lists and tuples of answers made where they are used, behind calls that come between: nobody can
    tell when they are made. ``named`` is the number of variables, which are left alone."""
    found = [_inside(instr, named) for instr in block]
    for place in range(len(found) - 1, -1, -1):
        instr = found[place]
        if instr.op in ("list", "tuple") and cast(int, instr.args[0]) >= named:
            asked = {cast(int, each.args[0]) for each in found[:place] if each.op in ("effect", "gather")}
            until = _first_use(found, place) if asked.intersection(reads_of(instr)) else place
            if any(each.op in ("call", "callm") for each in flatten(tuple(found[place:until]))):
                found[place:until] = [*found[place + 1 : until], instr]
    return block if all(new is old for new, old in zip(found, block, strict=True)) else tuple(found)


def _inside(instr: Instr, named: int) -> Instr:
    if instr.op not in ("if", "for", "while", "with"):
        return instr
    args = [
        put_off(cast(Block, value), named) if kind == "B" else value
        for kind, value in zip(OPERANDS[instr.op], instr.args, strict=True)
    ]
    same = all(new is old for new, old in zip(args, instr.args, strict=True))
    return instr if same else instr._replace(args=tuple(args))


def _first_use(code: list[Instr], place: int) -> int:
    """Where the next instruction stands that uses what one makes, or changes what it is made of; its own place if there
    is none."""
    target, parts = cast(int, code[place].args[0]), set(reads_of(code[place]))
    for later in range(place + 1, len(code)):
        for each in flatten((code[later],)):
            if target in reads_of(each) or {target, *parts}.intersection(writes_of(each)):
                return later
    return place
