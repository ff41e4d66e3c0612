"""Constants, variables, containers, strings and operators."""

import _operator as operator

from noodle_ray.core.vm import operators
from noodle_ray.core.vm.builtins import BUILTINS
from noodle_ray.core.vm.classes.kinds import ProgramType
from noodle_ray.core.vm.interpreter.frame import Frame, operation
from noodle_ray.core.vm.methods import attribute, type_name
from noodle_ray.core.vm.operators import UNBOUND
from noodle_ray.core.vm.sets import set as ordered_set
from noodle_ray.core.vm.strings import format_field, text_of
from noodle_ray.light import Any, Callable, Final

_BINARY: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "<<": operator.lshift, ">>": operator.rshift, "&": operator.and_, "|": operator.or_, "^": operator.xor,
    "@": operator.matmul, **operators.HELPERS,
}  # fmt: skip
_INPLACE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.iadd, "-": operator.isub, "*": operator.imul, "/": operator.itruediv, "//": operator.ifloordiv,
    "<<": operator.ilshift, ">>": operator.irshift, "&": operator.iand, "|": operator.ior, "^": operator.ixor,
    "@": operator.imatmul, "**": operators.inplace_pow, "%": operators.inplace_remainder,
}  # fmt: skip
_UNARY: Final[dict[str, Callable[[Any], Any]]] = {
    "-": operator.neg, "+": operator.pos, "~": operator.invert, "not": operator.not_,
}  # fmt: skip
_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "is": operator.is_, "is not": operator.is_not,
    "in": lambda item, container: item in container, "not in": lambda item, container: item not in container,
}  # fmt: skip


@operation("const")
def const(frame: Frame, target: int, value: object) -> None:
    frame.registers[target] = value


@operation("move")
def move(frame: Frame, target: int, source: int) -> None:
    frame.registers[target] = frame.registers[source]


@operation("gget")
def global_get(frame: Frame, target: int, name: str) -> None:
    names = frame.run.globals
    if name not in names:
        raise NameError(f"name '{name}' is not defined", name=name)
    frame.registers[target] = names[name]


@operation("gset")
def global_set(frame: Frame, name: str, source: int) -> None:
    frame.run.globals[name] = frame.registers[source]


@operation("gdel")
def global_delete(frame: Frame, name: str) -> None:
    if name not in frame.run.globals:
        raise NameError(f"name '{name}' is not defined", name=name)
    del frame.run.globals[name]


def _bound(frame: Frame, index: int) -> Any:
    cell = frame.cells[index]
    own = frame.function.cells
    if cell.value is UNBOUND and index < len(own):
        operators.check_bound(UNBOUND, own[index])
    if cell.value is UNBOUND:
        name = frame.function.free[index - len(own)]
        message = f"cannot access free variable '{name}' where it is not associated with a value in enclosing scope"
        raise NameError(message, name=name)
    return cell


@operation("cget")
def cell_get(frame: Frame, target: int, index: int) -> None:
    frame.registers[target] = _bound(frame, index).value


@operation("cset")
def cell_set(frame: Frame, index: int, source: int) -> None:
    frame.cells[index].value = frame.registers[source]


@operation("cdel")
def cell_delete(frame: Frame, index: int) -> None:
    _bound(frame, index).value = UNBOUND


@operation("unset")
def unset(frame: Frame, target: int) -> None:
    frame.registers[target] = UNBOUND


@operation("check")
def check(frame: Frame, register: int) -> None:
    if frame.registers[register] is UNBOUND:
        operators.check_bound(UNBOUND, frame.function.locals[register])


@operation("bget")
def builtin_get(frame: Frame, target: int, name: str) -> None:
    frame.registers[target] = BUILTINS[name]


@operation("tuple")
def make_tuple(frame: Frame, target: int, items: tuple[int, ...]) -> None:
    frame.registers[target] = tuple([frame.registers[r] for r in items])


@operation("list")
def make_list(frame: Frame, target: int, items: tuple[int, ...]) -> None:
    frame.registers[target] = [frame.registers[r] for r in items]


@operation("set")
def make_set(frame: Frame, target: int, items: tuple[int, ...]) -> None:
    frame.registers[target] = ordered_set([frame.registers[r] for r in items])


@operation("dict")
def make_dict(frame: Frame, target: int, keys: tuple[int, ...], values: tuple[int, ...]) -> None:
    registers = frame.registers
    registers[target] = {registers[k]: registers[v] for k, v in zip(keys, values, strict=True)}


@operation("slice")
def make_slice(frame: Frame, target: int, start: int, stop: int, step: int) -> None:
    frame.registers[target] = slice(frame.registers[start], frame.registers[stop], frame.registers[step])


@operation("extend")
def extend(frame: Frame, target: int, items: int) -> None:
    operators.extend_display(frame.registers[target], frame.registers[items])


@operation("update")
def update(frame: Frame, target: int, mapping: int) -> None:
    operators.update_display(frame.registers[target], frame.registers[mapping])


@operation("kwmerge")
def keyword_merge(frame: Frame, target: int, mapping: int, function: int) -> None:
    operators.kwmerge(frame.registers[target], frame.registers[mapping], frame.registers[function])


@operation("setadd")
def set_add(frame: Frame, target: int, item: int) -> None:
    dict.setdefault(frame.registers[target], frame.registers[item])


@operation("totuple")
def to_tuple(frame: Frame, target: int, source: int) -> None:
    frame.registers[target] = tuple(frame.registers[source])


@operation("format")
def format_value(frame: Frame, target: int, conversion: str, source: int, spec: int | None) -> None:
    layout = "" if spec is None else frame.registers[spec]
    frame.registers[target] = format_field(frame.registers[source], conversion, layout)


@operation("concat")
def concatenate(frame: Frame, target: int, parts: tuple[int, ...]) -> None:
    frame.registers[target] = "".join([text_of(frame.registers[r]) for r in parts])


@operation("binop")
def binary(frame: Frame, target: int, symbol: str, left: int, right: int) -> None:
    frame.registers[target] = _BINARY[symbol](frame.registers[left], frame.registers[right])


@operation("inplace")
def inplace(frame: Frame, target: int, symbol: str, left: int, right: int) -> None:
    frame.registers[target] = _INPLACE[symbol](frame.registers[left], frame.registers[right])


@operation("unop")
def unary(frame: Frame, target: int, symbol: str, source: int) -> None:
    frame.registers[target] = _UNARY[symbol](frame.registers[source])


@operation("cmp")
def compare(frame: Frame, target: int, symbol: str, left: int, right: int) -> None:
    frame.registers[target] = _COMPARE[symbol](frame.registers[left], frame.registers[right])


@operation("index")
def index(frame: Frame, target: int, container: int, key: int) -> None:
    frame.registers[target] = frame.registers[container][frame.registers[key]]


@operation("setindex")
def set_index(frame: Frame, container: int, key: int, value: int) -> None:
    frame.registers[container][frame.registers[key]] = frame.registers[value]


@operation("delindex")
def delete_index(frame: Frame, container: int, key: int) -> None:
    del frame.registers[container][frame.registers[key]]


@operation("attr")
def read_attribute(frame: Frame, target: int, source: int, name: str) -> None:
    frame.registers[target] = attribute(frame.registers[source], name)


@operation("unpack")
def unpack(frame: Frame, source: int, targets: tuple[int, ...]) -> None:
    for target, item in zip(targets, unpack_exactly(frame.registers[source], len(targets)), strict=True):
        frame.registers[target] = item


@operation("unpackx")
def unpack_starred(frame: Frame, source: int, before: tuple[int, ...], rest: int, after: tuple[int, ...]) -> None:
    items = unpack_at_least(frame.registers[source], len(before) + len(after))
    end = len(items) - len(after)
    for target, item in zip((*before, *after), (*items[: len(before)], *items[end:]), strict=True):
        frame.registers[target] = item
    frame.registers[rest] = items[len(before) : end]


def _iterate(value: Any) -> Any:
    try:
        return iter(value)
    except TypeError:
        if isinstance(value, ProgramType):
            raise
        raise TypeError(f"cannot unpack non-iterable {type_name(value)} object") from None


def unpack_exactly(value: Any, count: int) -> list[Any]:
    """The elements of an iterable that must have this many."""
    items: list[Any] = []
    iterator = _iterate(value)
    while len(items) <= count and (item := next(iterator, UNBOUND)) is not UNBOUND:
        items.append(item)
    if len(items) > count:
        raise ValueError(f"too many values to unpack (expected {count})")
    if len(items) < count:
        raise ValueError(f"not enough values to unpack (expected {count}, got {len(items)})")
    return items


def unpack_at_least(value: Any, count: int) -> list[Any]:
    """The elements of an iterable that must have this many or more."""
    items = list(_iterate(value))
    if len(items) < count:
        raise ValueError(f"not enough values to unpack (expected at least {count}, got {len(items)})")
    return items
