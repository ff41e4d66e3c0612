"""What is spelled: identifiers, builtins from the vetted list, models, and the tables that sum them up."""

from keyword import kwlist

from noodle_ray.core.nbc.bounds import MAX_NAME
from noodle_ray.core.nbc.module import Function, Module, Span
from noodle_ray.core.nbc.ops import OPERANDS
from noodle_ray.core.nbc.verifier.failure import refuse
from noodle_ray.core.nbc.verifier.shape import Parts
from noodle_ray.core.nbc.verifier.uses import imported, walk
from noodle_ray.core.vm.names import BUILTIN_NAMES, READ_DUNDERS, TOOL
from noodle_ray.light import Final, cast

_KEYWORDS: Final = frozenset(kwlist) | {"__debug__"}  # which Python's compiler treats as one
_BUILTINS: Final = frozenset({"bget", "callb"})
_MODELS: Final = frozenset({"model", "effect"})
_GLOBALS: Final = frozenset({"gget", "gset", "gdel"})
_NAME_AT: Final = {op: kinds.index("N") for op, kinds in OPERANDS.items() if "N" in kinds}
_SPELLED: Final = frozenset((*_NAME_AT, "call", "check"))
"""Opcodes with something to look at here."""
_KEYWORDS_AT: Final = {op: kinds.index("KW") for op, kinds in OPERANDS.items() if "KW" in kinds}
_MODEL_START: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_MODEL_REST: Final = _MODEL_START | frozenset("._/@:-")
_MODEL_LENGTH: Final = 200


def is_identifier(name: str) -> bool:
    """Whether Python's grammar would read ``name`` back as this very name."""
    if not name.isidentifier() or name in _KEYWORDS or len(name) > MAX_NAME:
        return False
    if name.isascii():
        return True
    from unicodedata import is_normalized

    return is_normalized("NFKC", name)


def is_model_name(name: str) -> bool:
    """Whether ``name`` can name a model: ``[A-Za-z0-9][A-Za-z0-9._/@:-]{0,199}``."""
    return 0 < len(name) <= _MODEL_LENGTH and name[0] in _MODEL_START and _MODEL_REST.issuperset(name)


def check_names(module: Module, parts: list[Parts]) -> None:
    """Raise ModuleError unless every name is one that its place allows and the tables match the code. ``parts`` are
    what ``check_shape`` told."""
    models: set[str] = set()
    builtins: set[str] = set()
    known: set[str] = set()
    for function, one in zip(module.functions, parts, strict=True):
        check_spelling(function, one.opcodes, builtins, models, known)
    if module.models != (tuple(sorted(models)) if models else ()):
        raise refuse(330, "The module's table of models is not the sorted list of those its code names.")
    if module.imports != (imported(builtins) if builtins else ()):
        raise refuse(330, "The module's table of imports is not the sorted list of those its code names.")


def check_spelling(
    function: Function, opcodes: set[str], builtins: set[str], models: set[str], known: set[str]
) -> None:
    """Raise ModuleError unless every name in a function with these opcodes is one that its place allows. Adds the
    builtins and models that it names to the sets, and to ``known`` the identifiers that were looked at."""
    _check_header(function, known)
    if _SPELLED.isdisjoint(opcodes):
        return
    outer: set[str] = set()
    for op, args, span in walk(function.body):
        if op not in _NAME_AT:
            if op == "call":
                _check_keywords(args[3], known, span)
            elif op == "check" and not _is_named(cast(int, args[0]), function):
                raise refuse(335, "'check' needs a register with a name, for its message.", span)
            continue
        name = cast(str, args[_NAME_AT[op]])
        if op in _BUILTINS:
            builtins.add(name)
            if name not in BUILTIN_NAMES:
                raise refuse(324, f"There is no builtin {name!r}.", span)
        elif op in _MODELS:
            models.add(name)
            if not is_model_name(name) or (op == "effect" and name.startswith(TOOL)):
                raise refuse(325, f"{name!r} cannot be the name of a model.", span)
        else:
            _check(name, known, span)
            if op in _GLOBALS:
                outer.add(name)
            elif op != "class" and name.startswith("__") and name.endswith("__") and name not in READ_DUNDERS:
                raise refuse(323, f"{name!r} is not an attribute that programs have.", span)
        if op in _KEYWORDS_AT:
            _check_keywords(args[_KEYWORDS_AT[op]], known, span)
    _check_globals(outer, function)


def _check_globals(names: set[str], function: Function) -> None:
    clash = names.intersection((*function.locals, *function.cells, *function.free))
    if clash:
        raise refuse(336, f"{function.name!r} uses {min(clash)!r} as a global and as its own.", function.span)
    if "__builtins__" in names:  # a name with a meaning in the globals of a CPython function
        raise refuse(323, "'__builtins__' is not a global that programs have.", function.span)


def _is_named(register: int, function: Function) -> bool:
    return register < len(function.locals) and function.locals[register] != ""


def _check(name: str, known: set[str], span: Span) -> None:
    if name not in known:
        if not is_identifier(name):
            raise refuse(323, f"{name!r} is not an identifier.", span)
        known.add(name)


def _check_keywords(keywords: object, known: set[str], span: Span) -> None:
    for keyword, _ in cast("tuple[tuple[str, int], ...]", keywords):
        _check(keyword, known, span)


def _check_header(function: Function, known: set[str]) -> None:
    name, span = function.name, function.span
    if name != "<module>" and name != "<lambda>":
        angled = name.startswith("<") and name.endswith(">")  # as <genexpr>
        _check(name[1:-1] if angled else name, known, span)
    for local in function.locals:
        if local:
            _check(local, known, span)
    for param in function.params:
        _check(param.name, known, span)
    for cell in function.cells:
        _check(cell, known, span)
