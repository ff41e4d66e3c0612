"""What arguments of a guessed call are: expressions of known values, computed without running any of the program.

An expression is a tuple: ``("k", constant)``, ``("r", place)`` for a register's value, ``("g", name)`` for a global's,
or an operation with its operands. Only values of exactly these types take part: texts, numbers, None, lists, tuples and
dicts, none of which runs code of the program. What cannot be told raises `Unknown`.
"""

from noodle_ray.core.vm.fibers import Future, is_pending
from noodle_ray.core.vm.state import S
from noodle_ray.light import Any, Callable, Final, Sequence

Expression = tuple[Any, ...]
Candidate = tuple[str, tuple[Expression, ...], tuple[tuple[str, Expression], ...], "Expression | None"]
"""A call: the model, its arguments, and those with names; and of what it is made for each element, if it is."""

ELEMENT: Final[Expression] = ("r", -1)
"""The element of those that a call is made for: it is the last among the registers' values."""

LARGEST: Final = 1 << 16
"""Characters and elements that a value may have: what is more would show in the run's memory."""
_WIDEST: Final = 1 << 62
_KEYS: Final = 1 << 12
"""Keys of a dict that something is looked up in: each of them is looked at."""
_BITS: Final = 64
_DEPTH: Final = 20
_MISSING: Final = object()
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
_SIZED: Final = frozenset({str, list, tuple, dict})
_PAIRS: Final = frozenset({str, list, tuple})


class Unknown(Exception):
    """An expression has no value that can be told here."""


def value_of(expression: Expression, registers: Sequence[Any]) -> Any:
    """The value of an expression. Raises Unknown, or what its operation raises."""
    kind = expression[0]
    if kind == "k":
        return expression[1]
    if kind == "r":
        return settled(registers[expression[1]])
    if kind == "g":
        return settled(S.lookup(expression[1], _MISSING))
    operands = [value_of(each, registers) for each in expression[1:]]
    found = OPERATIONS[kind](operands)
    if type(found) in _SIZED and len(found) > LARGEST:
        raise Unknown
    return found


def settled(value: Any) -> Any:
    """A value that is not pending."""
    if type(value) is Future:
        if is_pending(value) or value.error is not None:
            raise Unknown
        return value.value
    if value is _MISSING:
        raise Unknown
    return value


class Copies:
    """Copies of values, as models get them, of `LARGEST` characters and elements together."""

    def __init__(self) -> None:
        self._left = LARGEST

    def of(self, value: Any, depth: int = 0) -> Any:
        """A copy of a value. Raises Unknown for what is no plain data, or too large."""
        kind = type(value)
        self._left -= len(value) + 1 if kind in _SIZED else 1
        if self._left < 0 or depth > _DEPTH:
            raise Unknown
        if kind in _SCALARS:
            return _scalar(value)
        if kind is list:
            return [self.of(settled(each), depth + 1) for each in value]
        if kind is tuple:
            return tuple([self.of(settled(each), depth + 1) for each in value])
        if kind is dict:
            return {self.of(_scalar(key)): self.of(settled(each), depth + 1) for key, each in value.items()}
        raise Unknown


def _scalar(value: Any) -> Any:
    """A scalar that is not large: a text of `LARGEST` characters, a whole number of 64 bits."""
    kind = type(value)
    if kind not in _SCALARS or (kind is str and len(value) > LARGEST) or (kind is int and value.bit_length() > _BITS):
        raise Unknown
    return value


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > LARGEST:
        raise Unknown
    return value


def _binary(operation: Callable[[Any, Any], Any], *, sequences: bool = False) -> Callable[[list[Any]], Any]:
    def compute(operands: list[Any]) -> Any:
        left, right = operands
        kinds = type(left), type(right)
        if sequences and kinds[0] is kinds[1] and kinds[0] in _PAIRS:
            fits = len(left) + len(right) <= LARGEST
        else:
            fits = all(kind is float or kind is int for kind in kinds) and max(abs(left), abs(right)) < _WIDEST
        if not fits:
            raise Unknown
        return operation(left, right)

    return compute


def _method(operation: Callable[..., Any]) -> Callable[[list[Any]], Any]:
    def compute(operands: list[Any]) -> Any:
        return operation(*map(_text, operands))

    return compute


def _join(operands: list[Any]) -> str:
    glue, parts = operands
    if type(parts) not in (list, tuple) or len(parts) > LARGEST:
        raise Unknown
    return _joined(_text(glue), [settled(part) for part in parts])


def _joined(glue: str, parts: list[Any]) -> str:
    texts = [_text(part) for part in parts]
    if sum(map(len, texts)) + len(glue) * len(texts) > LARGEST:
        raise Unknown
    return str.join(glue, texts)


def _index(operands: list[Any]) -> Any:
    container, key = operands
    if type(container) is dict:  # a key of a class of the program has methods that a look-up calls
        if len(container) > _KEYS or not _SCALARS.issuperset(map(type, container)):
            raise Unknown
        return settled(container[_scalar(key)])
    if type(container) not in _PAIRS or type(key) not in (int, slice):
        raise Unknown
    if type(key) is slice and len(range(*key.indices(len(container)))) > LARGEST:
        raise Unknown
    return settled(container[key])


def _slice(operands: list[Any]) -> slice:
    if not all(type(operand) is int or operand is None for operand in operands):
        raise Unknown
    return slice(*operands)


def _dict(operands: list[Any]) -> dict[Any, Any]:
    half = len(operands) // 2
    return dict(zip(map(_scalar, operands[:half]), operands[half:], strict=True))


def _len(operands: list[Any]) -> int:
    if len(operands) != 1 or type(operands[0]) not in _SIZED:
        raise Unknown
    return len(operands[0])


def _one(operation: Callable[[Any], Any]) -> Callable[[list[Any]], Any]:
    def compute(operands: list[Any]) -> Any:
        (operand,) = operands
        return operation(_scalar(operand))

    return compute


_NUMBERS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}
BINARY: Final = frozenset({"+", *_NUMBERS})
BUILTINS: Final = frozenset({"str", "len"})
METHODS: Final = frozenset({"join", "lower", "strip", "upper"})

OPERATIONS: Final[dict[str, Callable[[list[Any]], Any]]] = {
    "+": _binary(lambda a, b: a + b, sequences=True),
    **{name: _binary(operation) for name, operation in _NUMBERS.items()},
    "format": _one(format),
    "formats": _one(str),
    "formatr": _one(repr),
    "concat": lambda operands: _joined("", operands),
    "tuple": tuple,
    "list": list,
    "dict": _dict,
    "index": _index,
    "slice": _slice,
    "str": _one(str),
    "len": _len,
    ".join": _join,
    ".lower": _method(str.lower),
    ".strip": _method(str.strip),
    ".upper": _method(str.upper),
}
