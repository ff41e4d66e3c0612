"""What the effects pass found out of a program: what each function does, and which loops overlap."""

from typing import NamedTuple, cast

from noodle_ray.core.lang.compiler import analyzed
from noodle_ray.core.lang.fission import overlap_loops
from noodle_ray.core.lang.fission.function import Around
from noodle_ray.core.lang.purity import Facts
from noodle_ray.core.nbc.module import Instr
from noodle_ray.core.nbc.walk import flatten
from noodle_ray.core.vm.names import ITERATION


class LoopEffects(NamedTuple):
    """A loop or comprehension that asks models: its line, ``for``, ``while`` or ``comprehension``, and why its calls
    come one after the other; '' if they overlap."""

    line: int
    kind: str
    reason: str


class FunctionEffects(NamedTuple):
    """A function: ``pure`` if it does nothing that others can see, ``asks models`` if it only does that, ``ordered`` if
    others can see more, and so when it ran."""

    name: str
    line: int
    kind: str
    loops: list[LoopEffects]


def effects_of(source: str, filename: str = "<noodle>") -> list[FunctionEffects]:
    """The functions of a program, the top level first. Raises CompileError for one that does not compile."""
    facts = analyzed(source, filename)
    cut, verdicts = overlap_loops(facts)
    found: dict[int, list[LoopEffects]] = {}
    shown = [
        index
        for index, function in enumerate(cut.functions)
        if function.name != ITERATION and index not in cut.unit.copies
    ]
    for verdict in verdicts:
        place = shown.index(verdict.function)
        comps = {instr[2].span[0] for instr in facts.unit.comprehensions if instr[1] == place}
        kind = "comprehension" if verdict.span[0] in comps else "for"
        found.setdefault(place, []).append(LoopEffects(verdict.span[0], kind, verdict.reason))
    effects = []
    for index, function in enumerate(facts.functions):
        loops = [*dict.fromkeys(found.get(index, []) + _others(facts, index))]
        if function.name not in _INLINE:
            line = function.span[0] if index else 1
            effects.append(FunctionEffects(function.name, line, _kind(facts, index), sorted(loops)))
        elif effects:  # a comprehension's own function belongs to the one around
            effects[-1].loops.extend(sorted(loops))
    return effects


_INLINE = ("<listcomp>", "<setcomp>", "<dictcomp>")


def _kind(facts: Facts, index: int) -> str:
    asks, safe = facts.effectful[index], facts.safe[index] and not facts.functions[index].kind
    if index == 0:
        safe = facts.region_safe(facts.regions[0])
    if safe:
        return "asks models" if asks else "pure"
    return "ordered, asks models" if asks else "ordered"


def _others(facts: Facts, index: int) -> list[LoopEffects]:
    """Comprehensions that are gathered, loops with ``while``, and loops that call what is not known."""
    around = Around(facts, index) if facts.effectful[index] else None
    found: list[LoopEffects] = []
    for instr in flatten(facts.functions[index].body):
        if instr.op in ("for", "comp") and (around is None or not around.asks(instr)):
            if (name := _unknown(facts, index, instr)) and not any(_inside(instr, each) for each in found):
                kind = "for" if instr.op == "for" else "comprehension"
                found.append(LoopEffects(instr.span[0], kind, f"what `{name}` may be is not known"))
        elif around is None:
            continue
        elif instr.op == "gather" and facts.effectful[cast(int, instr.args[3])]:
            found.append(LoopEffects(instr.span[0], "comprehension", ""))
        elif instr.op == "while" and around.asks(instr):
            found.append(LoopEffects(instr.span[0], "while", "whether it goes on is known after each iteration"))
    return found


def _inside(instr: Instr, loop: LoopEffects) -> bool:
    """True for the loop that a comprehension which was found before has in it."""
    return instr.op == "for" and loop.kind == "comprehension" and loop.line == instr.span[0]


def _unknown(facts: Facts, index: int, loop: Instr) -> str:
    """The name of a value of the program that a loop calls without its being known what it is; '' if there is none."""
    function, region = facts.functions[index], facts.regions[index]
    for instr in flatten((loop,)):
        if instr.op not in ("call", "callm") or facts.callee(index, instr) is not None:
            continue
        if instr.op == "callm":
            if instr.args[2] in facts.traits.names:
                return str(instr.args[2])
            continue
        register = cast(int, instr.args[1])
        if register < len(function.locals):
            return function.locals[register]
        for writer in region.writers.get(register, ()):
            if writer.op == "gget" and writer.args[1] not in _classes(facts):
                return str(writer.args[1])
            if writer.op == "cget":
                return (*function.cells, *function.free)[cast(int, writer.args[1])]
    return ""


def _classes(facts: Facts) -> set[str]:
    """The globals that are classes."""
    region = facts.regions[0]
    return {
        str(instr.args[0])
        for instr in region.instructions
        if instr.op == "gset" and any(w.op == "class" for w in region.writers.get(cast(int, instr.args[1]), ()))
    }


def as_text(effects: list[FunctionEffects]) -> str:
    """The findings, a line for each function and loop."""
    lines = []
    for function in effects:
        lines.append(f"{function.name}, line {function.line}: {function.kind}")
        for loop in function.loops:
            how = "overlaps" if not loop.reason else f"one after the other: {loop.reason}"
            lines.append(f"    line {loop.line}, {loop.kind}: {how}")
    return "\n".join(lines) + "\n"
