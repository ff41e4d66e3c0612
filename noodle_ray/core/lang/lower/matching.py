"""Lowering of ``match``: each pattern becomes a condition, and what it captures is bound once all of it fits."""

import _ast as ast
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from noodle_ray.core.lang.lower.expressions import constant_of
from noodle_ray.core.lang.lower.frame import STATEMENTS, Frame
from noodle_ray.core.nbc.module import Instr

Captures: TypeAlias = dict[str, int]
"""The register that holds what each name of a pattern captures, until it is bound."""
Steps: TypeAlias = list[Callable[[], int | None]]
"""What a pattern asks for, in order: each gives a register that is true if it fits, or None if it always does."""


def _match(f: Frame, node: ast.Match) -> None:
    subject = f.expr(node.subject)
    if isinstance(node.subject, ast.Name):  # which a pattern may bind anew
        copy = f.temp()
        f.emit(node.subject, "move", copy, subject)
        subject = copy
    _cases(f, node.cases, 0, subject)


def _cases(f: Frame, cases: list[ast.match_case], i: int, subject: int) -> None:
    if i == len(cases):
        return
    case = cases[i]
    pattern, guard = case.pattern, case.guard
    captures: Captures = {}
    passed = _test(f, pattern, subject, captures)

    def bind() -> None:
        for name, register in captures.items():
            f.store(pattern, name, register)

    def bound_body() -> None:
        bind()
        f.code += f.body(case.body)

    if guard is None and passed is None:
        bound_body()
        return
    if guard is not None:
        if passed is None:
            bind()
            passed = f.expr(guard)
        else:
            passed = _guarded(f, guard, passed, bind)
    start = f.assigned
    then = f.block(bound_body) if guard is None else f.body(case.body)
    after, f.assigned = f.assigned, start
    other = f.block(lambda: _cases(f, cases, i + 1, subject))
    f.assigned &= after
    f.emit(pattern, "if", passed, then, other)


def _test(f: Frame, pattern: Any, subject: int, captures: Captures) -> int | None:
    """The condition of a whole pattern, None if it always fits."""
    if _irrefutable(pattern):
        _capture(pattern, subject, captures)
        return None
    return _held_condition(f, pattern, subject, captures)


def _held_condition(f: Frame, pattern: Any, subject: int, captures: Captures) -> int:
    """As ``_condition``; registers of captures hold something from before it on, so that all code can read them."""
    position = len(f.code)
    passed = _condition(f, pattern, subject, captures)
    span = f.span(pattern)
    held = dict.fromkeys(register for register in captures.values() if register != subject)
    f.code[position:position] = [Instr("const", (register, None), span) for register in held]
    return passed


def _guarded(f: Frame, guard: Any, passed: int, bind: Callable[[], None]) -> int:
    """Pattern and guard as one condition, in a part of which the names are bound."""
    before = f.assigned
    found: list[int] = []

    def check() -> None:
        bind()
        found.append(f.expr(guard))

    block = f.block(check)
    f.assigned = before
    result = f.temp()
    f.emit(guard, "and", result, passed, block, found[0])
    return result


def _irrefutable(pattern: Any) -> bool:
    return isinstance(pattern, ast.MatchAs) and (pattern.pattern is None or _irrefutable(pattern.pattern))


def _capture(pattern: Any, subject: int, captures: Captures) -> None:
    """Notes what a pattern that always fits captures."""
    while pattern is not None:
        if pattern.name is not None:
            captures[pattern.name] = subject
        pattern = pattern.pattern


def _condition(f: Frame, pattern: Any, subject: int, captures: Captures) -> int:
    """A register that is true if the pattern fits."""
    return _PATTERNS[type(pattern)](f, pattern, subject, captures)


def _all(f: Frame, node: Any, steps: Steps) -> int:
    """A register that is true if all steps are. Each step runs only if those before it were."""
    passed: int | None = None
    for i, step in enumerate(steps):
        if passed is None:
            passed = step()
            continue
        found: list[int] = []
        rest = steps[i:]
        block = f.block(lambda rest=rest, found=found: found.append(_all(f, node, rest)))  # type: ignore[misc]
        result = f.temp()
        f.emit(node, "and", result, passed, block, found[0])
        return result
    return f.const(node, True) if passed is None else passed


def _compared(f: Frame, node: Any, op: str, left: int, right: int) -> int:
    result = f.temp()
    f.emit(node, "cmp", result, op, left, right)
    return result


def _called(f: Frame, node: Any, name: str, *args: int) -> int:
    result = f.temp()
    f.emit(node, "callb", result, name, args, ())
    return result


def _value(f: Frame, node: ast.MatchValue, subject: int, captures: Captures) -> int:
    return _compared(f, node, "==", subject, f.expr(node.value))


def _singleton(f: Frame, node: ast.MatchSingleton, subject: int, captures: Captures) -> int:
    return _compared(f, node, "is", subject, f.const(node, node.value))


def _as(f: Frame, node: ast.MatchAs, subject: int, captures: Captures) -> int:
    if node.pattern is None:
        _capture(node, subject, captures)
        return f.const(node, True)
    passed = _condition(f, node.pattern, subject, captures)
    if node.name is not None:
        captures[node.name] = subject
    return passed


def _or(f: Frame, node: ast.MatchOr, subject: int, captures: Captures) -> int:
    """All alternatives capture the same names: into the same registers, so that it does not matter which fits."""
    shared = {name: f.temp() for name in _names(node.patterns[0])}
    captures.update(shared)

    def alternative(pattern: Any) -> int:
        own: Captures = {}
        passed = _held_condition(f, pattern, subject, own)
        if not own:
            return passed
        kept = f.temp()

        def keep() -> None:
            for name, register in own.items():
                f.emit(pattern, "move", shared[name], register)
            f.const(pattern, True, kept)

        block = f.block(keep)
        result = f.temp()
        f.emit(pattern, "and", result, passed, block, kept)
        return result

    passed = alternative(node.patterns[0])
    for pattern in node.patterns[1:]:
        found: list[int] = []
        block = f.block(lambda pattern=pattern, found=found: found.append(alternative(pattern)))  # type: ignore[misc]
        result = f.temp()
        f.emit(node, "or", result, passed, block, found[0])
        passed = result
    return passed


def _names(pattern: Any) -> list[str]:
    """The names that a pattern captures."""
    own = getattr(pattern, "name", None) or getattr(pattern, "rest", None)
    inner = [*getattr(pattern, "patterns", ()), *getattr(pattern, "kwd_patterns", ())]
    if getattr(pattern, "pattern", None) is not None:
        inner.append(pattern.pattern)
    return ([own] if own else []) + [name for part in inner for name in _names(part)]


def _parts(f: Frame, patterns: list[Any], values: list[int], captures: Captures) -> Steps:
    """The steps that fit each pattern to its value; what always fits is only captured."""
    steps: Steps = []
    for pattern, value in zip(patterns, values, strict=True):
        if _irrefutable(pattern):
            _capture(pattern, value, captures)
        else:
            steps.append(lambda p=pattern, v=value: _condition(f, p, v, captures))  # type: ignore[misc]
    return steps


def _longer(f: Frame, node: Any, subject: int, op: str, count: int) -> int:
    length = _called(f, node, "len", subject)
    return _compared(f, node, op, length, f.const(node, count))


def _sequence(f: Frame, node: ast.MatchSequence, subject: int, captures: Captures) -> int:
    star = next((i for i, pattern in enumerate(node.patterns) if isinstance(pattern, ast.MatchStar)), None)
    patterns: list[Any] = [pattern for i, pattern in enumerate(node.patterns) if i != star]
    name = None if star is None else node.patterns[star].name  # type: ignore[attr-defined]
    values = [f.temp() for _ in patterns]
    rest = None if name is None else f.temp()
    if name is not None and rest is not None:
        captures[name] = rest
    steps: Steps = [lambda: _called(f, node, ".match_sequence", subject)]
    if star is None or patterns:
        steps.append(lambda: _longer(f, node, subject, "==" if star is None else ">=", len(patterns)))
    if rest is not None or any(not _irrefutable(pattern) or _names(pattern) for pattern in patterns):
        steps.append(lambda: _take_apart(f, node, subject, values, star, rest))
    return _all(f, node, steps + _parts(f, patterns, values, captures))


def _take_apart(f: Frame, node: Any, subject: int, values: list[int], star: int | None, rest: int | None) -> None:
    if star is None:
        f.emit(node, "unpack", subject, tuple(values))
    elif rest is not None:
        f.emit(node, "unpackx", subject, tuple(values[:star]), rest, tuple(values[star:]))
    else:
        for i, value in enumerate(values):
            f.emit(node, "index", value, subject, f.const(node, i if i < star else i - len(values)))


def _mapping(f: Frame, node: ast.MatchMapping, subject: int, captures: Captures) -> int:
    values = [f.temp() for _ in node.patterns]
    found = f.temp()
    steps: Steps = [lambda: _called(f, node, ".match_mapping", subject)]
    if node.keys:
        steps.append(lambda: _longer(f, node, subject, ">=", len(node.keys)))
        steps.append(lambda: _found(f, node, found, ".match_keys", subject, _keys(f, node)))
        steps.append(lambda: f.emit(node, "unpack", found, tuple(values)))
    steps += _parts(f, node.patterns, values, captures)
    if node.rest is not None:
        rest = captures[node.rest] = f.temp()
        steps.append(lambda: _rest(f, node, subject, rest))
    return _all(f, node, steps)


def _keys(f: Frame, node: ast.MatchMapping) -> int:
    constant = constant_of(ast.Tuple(list(node.keys), ast.Load()))
    if constant is not None:
        return f.const(node, constant[0])
    registers = f.operands(node.keys)
    result = f.temp()
    f.emit(node, "tuple", result, registers)
    return result


def _found(f: Frame, node: Any, into: int, name: str, *args: int) -> int:
    """Asks a helper for the values of a pattern's parts; false if it has None to give."""
    f.emit(node, "callb", into, name, args, ())
    return _compared(f, node, "is not", into, f.const(node, None))


def _rest(f: Frame, node: ast.MatchMapping, subject: int, rest: int) -> None:
    f.emit(node, "dict", rest, (), ())
    f.emit(node, "update", rest, subject)
    for key in node.keys:
        f.emit(node, "delindex", rest, f.expr(key))


def _class(f: Frame, node: ast.MatchClass, subject: int, captures: Captures) -> int:
    patterns: list[Any] = [*node.patterns, *node.kwd_patterns]
    values = [f.temp() for _ in patterns]
    found = f.temp()

    def fits() -> int:
        cls = f.expr(node.cls)
        count = f.const(node, len(node.patterns))
        names = f.const(node, tuple(node.kwd_attrs))
        return _found(f, node, found, ".match_class", subject, cls, count, names)

    steps: Steps = [fits]
    if any(not _irrefutable(pattern) or _names(pattern) for pattern in patterns):
        steps.append(lambda: f.emit(node, "unpack", found, tuple(values)))
    return _all(f, node, steps + _parts(f, patterns, values, captures))


_PATTERNS: Final[dict[type, Callable[[Frame, Any, int, Captures], int]]] = {
    ast.MatchValue: _value,
    ast.MatchSingleton: _singleton,
    ast.MatchAs: _as,
    ast.MatchOr: _or,
    ast.MatchSequence: _sequence,
    ast.MatchMapping: _mapping,
    ast.MatchClass: _class,
}
STATEMENTS[ast.Match] = _match
