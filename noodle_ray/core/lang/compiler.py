"""Runs the stages in order and collects what they find."""

import _ast as ast
from _operator import attrgetter

from noodle_ray.core.lang.lower import Unit, lower
from noodle_ray.core.lang.lower.frame import TooLarge
from noodle_ray.core.lang.mangle import has_private_names, mangle
from noodle_ray.core.lang.parse import TOO_DEEP, late_syntax_errors, parse, split_lines
from noodle_ray.core.lang.positions import to_characters
from noodle_ray.core.lang.resolve import MAX_FINDINGS, Resolution
from noodle_ray.core.lang.validate import is_settled, survey
from noodle_ray.core.nbc.bounds import MAX_INSTRUCTIONS
from noodle_ray.core.nbc.module import Block, Function, Module
from noodle_ray.core.nbc.walk import NESTING, blocks_of
from noodle_ray.core.vm.catalog import module_of
from noodle_ray.errors import CompileError, Diagnostic
from noodle_ray.light import TYPE_CHECKING, Iterable, NamedTuple

if TYPE_CHECKING:
    from noodle_ray.core.lang.purity import Facts

_OWN_SCOPES = frozenset({"NOODLE-E0108", "NOODLE-E0121"})
"""Unsupported features that bind names in ways the resolver does not follow."""
_INTROSPECTION = (
    *(
        "__annotations__",
        "get_annotations",
        "get_type_hints",
        "signature",
        "singledispatch",
        "fields(",
        "globals(",
        "locals(",
    ),
)


def asks_about_itself(source: str) -> bool:
    """Whether a program's text has what one that asks about itself has."""
    for word in _INTROSPECTION:  # noqa: SIM110 (a generator takes twice as long)
        if word in source:
            return True
    return False


def compile_source(source: str, filename: str = "<noodle>") -> Module:
    """The module of a program. Raises CompileError with all diagnostics that can be found."""
    module, found = _compile(source, filename)
    if module is None:
        raise CompileError(found, source, filename)
    return module


def check_source(source: str, filename: str = "<noodle>") -> list[Diagnostic]:
    """The diagnostics of a program, in source order; none if it compiles."""
    return _compile(source, filename)[1]


def _compile(source: str, filename: str) -> tuple[Module | None, list[Diagnostic]]:
    source = source.removeprefix("\ufeff")
    try:
        return _stages(source, filename)
    except TooLarge as error:
        return None, [error.diagnostic]
    except (RecursionError, MemoryError):
        return None, [TOO_DEEP]


def _stages(source: str, filename: str) -> tuple[Module | None, list[Diagnostic]]:
    tree, found = parse(source, filename)
    if tree is None:
        return None, found
    lines = split_lines(source)
    if not source.isascii():
        to_characters(tree, lines)
    found, _, may_be_late = survey(tree)
    if found and any(diagnostic.code in (TOO_DEEP.code, "NOODLE-E0118") for diagnostic in found):
        return None, found
    late = [] if is_settled(source, may_be_late) else late_syntax_errors(tree, filename)
    if late:
        return None, _sorted(late + found)
    if asks_about_itself(source):
        from noodle_ray.core.lang.introspection import rewrite

        rewrite(tree, source)
    titles = mangle(tree) if has_private_names(source) else {}
    resolution = Resolution(tree, titles)
    if found or resolution.found:
        names = [] if any(d.code in _OWN_SCOPES for d in found) else resolution.found
        return None, _sorted(found + names)
    unit = lower(resolution, lines)
    if unit.found:
        return None, _sorted(unit.found)
    if not unit.effects:
        return _module(unit.done(), filename), []
    from noodle_ray.core.lang.effects import finished

    return _module(finished(_facts(unit, tree, titles, lines)), filename), []


def _facts(unit: Unit, tree: ast.Module, titles: dict[int, str], lines: list[str]) -> "Facts":
    """What is known of a program whose comprehensions run as fibers where they may."""
    from noodle_ray.core.lang.effects import facts_of, overlapping_comprehensions

    facts = facts_of(unit)
    overlapping = overlapping_comprehensions(facts)
    return facts_of(lower(Resolution(tree, titles, overlapping), lines)) if overlapping else facts


def analyzed(source: str, filename: str = "<noodle>") -> "Facts":
    """What is known of a program before its loops are cut. Raises CompileError for one that does not compile."""
    compile_source(source, filename)
    source = source.removeprefix("\ufeff")
    tree, _ = parse(source, filename)
    assert tree is not None
    lines = split_lines(source)
    titles = mangle(tree) if has_private_names(source) else {}
    return _facts(lower(Resolution(tree, titles), lines), tree, titles, lines)


def _sorted(found: list[Diagnostic]) -> list[Diagnostic]:
    return sorted(dict.fromkeys(found), key=lambda diagnostic: diagnostic.span)[:MAX_FINDINGS]


class Tables(NamedTuple):
    """What code uses: models, standard modules, and how many instructions it has."""

    models: set[str]
    imports: set[str]
    size: int


def tables_of(blocks: Iterable[Block]) -> Tables:
    """What the code of some functions uses."""
    models: set[str] = set()
    imports: set[str] = set()
    count = 0
    pending = list(blocks)
    while pending:
        block = pending.pop()
        count += len(block)
        for instr in block:
            op = instr.op
            if op == "bget" or op == "callb":
                module = module_of(str(instr.args[1]))
                if module:
                    imports.add(module)
            elif op in NESTING:
                pending.extend(blocks_of(instr))
            elif op == "model" or op == "effect":
                models.add(str(instr.args[1]))
    return Tables(models, imports, count)


def sealed(functions: list[Function], parts: list[Tables], filename: str) -> Module:
    """The module of these functions, of whose code the parts tell. Raises TooLarge."""
    size, models, imports = 0, set[str](), set[str]()
    for part in parts:
        size += part.size
        models |= part.models
        imports |= part.imports
    if size > MAX_INSTRUCTIONS:
        message = f"the program has more than {MAX_INSTRUCTIONS} instructions"
        hint = "pass data as arguments of main instead"
        raise TooLarge(Diagnostic("NOODLE-E0118", message, (1, 0, 1, 1), hint))
    return Module(tuple(functions), tuple(sorted(models)), tuple(sorted(imports)), filename)


def _module(functions: list[Function], filename: str) -> Module:
    return sealed(functions, [tables_of(map(_BODY, functions))], filename)


_BODY = attrgetter("body")
