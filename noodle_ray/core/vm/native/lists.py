"""Lists: making, indexing, changing; and tuples, which are only a way of writing several values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from noodle_ray.core.nbc.module import Instr
from noodle_ray.core.nbc.walk import flatten, writes_of
from noodle_ray.core.vm.native import arrays
from noodle_ray.core.vm.native.emitter import Emitter, handles
from noodle_ray.core.vm.native.kinds import Array, Declined, Kind, List, Tuple, Unknown, Value, name
from noodle_ray.core.vm.native.numbers import as_integer
from noodle_ray.core.vm.native.proofs import Indexed
from noodle_ray.core.vm.native.reclaim import reclaim
from noodle_ray.core.vm.native.support import APART, TAGS, size, stored, tuple_parts


def list_length(emitter: Emitter, pointer: str) -> str:
    """A list's length. It is at least 0, which LLVM is told."""
    at = emitter.field(pointer, 8)
    return emitter.op(f"load i64, ptr {at}, !tbaa {TAGS['header']}, !range !22")


def list_make(emitter: Emitter, kind: List, count: str) -> Value:
    """A new list of so many elements, which are not set yet."""
    reclaim(emitter)
    bytes_each = size(kind.element) if kind.element is not None else 8
    made = emitter.op(f"call noalias ptr @list_make(ptr %ctx, i64 {count}, i64 {bytes_each}) {APART}")
    emitter.require(emitter.op(f"icmp ne ptr {made}, null"))
    return Value(kind, (made,))


def element_kind(emitter: Emitter, kind: List) -> Kind:
    """What a list holds; while that is open, this point is not reached."""
    if kind.element is None:
        raise Unknown
    return kind.element


def _address(emitter: Emitter, pointer: str, kind: Kind, index: str, data: str = "") -> str:
    data = data or emitter.load("ptr", pointer, "header")
    return emitter.op(f"getelementptr inbounds {stored(kind)}, ptr {data}, i64 {index}")


def element_at(emitter: Emitter, pointer: str, kind: Kind, index: str, data: str = "") -> Value:
    """The element at an index that is in bounds."""
    part = emitter.load(stored(kind), _address(emitter, pointer, kind, index, data))
    if kind == "b":
        part = emitter.op(f"trunc i8 {part} to i1")
    return Value(kind, (part,))


def put_at(emitter: Emitter, pointer: str, kind: Kind, index: str, value: Value, data: str = "") -> None:
    """Set the element at an index that is in bounds."""
    part = value.parts[0]
    if kind == "b":
        part = emitter.op(f"zext i1 {part} to i8")
    emitter.store(stored(kind), part, _address(emitter, pointer, kind, index, data))


def resizes(emitter: Emitter, instructions: Iterable[Instr]) -> bool:
    """Whether any of these may change the length of a list."""
    return any(i.op == "callm" or (i.op == "call" and not emitter.calls_leaf(i)) for i in instructions)


def open_views(emitter: Emitter, loop: Instr) -> None:
    """Before a loop in which no list changes its length: read where the data is of lists that it indexes."""
    inside = list(flatten((loop,)))
    if emitter.state is None or resizes(emitter, inside):
        return
    changing = {register for instr in inside for register in writes_of(instr)} | emitter.flagged
    for instr in inside:
        if instr.op in ("index", "setindex"):
            register = cast(int, instr.args[1 if instr.op == "index" else 0])
            kind = emitter.state.get(register)
            if isinstance(kind, List) and register not in changing and register not in emitter.views:
                pointer = emitter.get(register).parts[0]
                emitter.views[register] = emitter.load("ptr", pointer, "header"), list_length(emitter, pointer)


def _in_bounds(emitter: Emitter, proved: Indexed, pointer: str, key: Value, length: str) -> str:
    """The place an index means, or start over."""
    index = as_integer(emitter, key)
    if proved.within:
        return index
    length = length or list_length(emitter, pointer)
    if not index.isdigit() and not proved.natural:
        negative = emitter.op(f"icmp slt i64 {index}, 0")
        from_end = emitter.op(f"add nsw i64 {index}, {length}")
        index = emitter.op(f"select i1 {negative}, i64 {from_end}, i64 {index}")
    emitter.require(emitter.op(f"icmp ult i64 {index}, {length}"))
    return index


@handles("list")
def display(emitter: Emitter, instr: Instr) -> None:
    """A list display."""
    target, registers = cast("tuple[int, tuple[int, ...]]", instr.args)
    values = [emitter.get(register) for register in registers]
    kind = emitter.unit.list_at(emitter, instr)
    for value in values:
        kind.takes(value.kind)
    made = list_make(emitter, kind, str(len(values)))
    for index, value in enumerate(values):
        put_at(emitter, made.parts[0], cast(Kind, kind.element), str(index), value)
    emitter.set(target, made)


@handles("tuple")
def tuple_display(emitter: Emitter, instr: Instr) -> None:
    """A tuple display."""
    target, registers = cast("tuple[int, tuple[int, ...]]", instr.args)
    values = [emitter.get(register) for register in registers]
    parts = tuple(part for value in values for part in value.parts)
    emitter.set(target, Value(Tuple(tuple(value.kind for value in values)), parts))


@handles("unpack")
def unpack(emitter: Emitter, instr: Instr) -> None:
    """``a, b = v``."""
    source, targets = cast("tuple[int, tuple[int, ...]]", instr.args)
    value = emitter.get(source)
    if isinstance(value.kind, Tuple):
        if len(value.kind.items) != len(targets):
            emitter.bail()
            return
        for target, (kind, parts) in zip(targets, tuple_parts(value.kind, value.parts), strict=True):
            emitter.set(target, Value(kind, parts))
        return
    if not isinstance(value.kind, List):
        raise Declined(f"unpacking {name(value.kind)}")
    kind, pointer = element_kind(emitter, value.kind), value.parts[0]
    emitter.require(emitter.op(f"icmp eq i64 {list_length(emitter, pointer)}, {len(targets)}"))
    for index, target in enumerate(targets):
        emitter.set(target, element_at(emitter, pointer, kind, str(index)))


@handles("index")
def subscript(emitter: Emitter, instr: Instr) -> None:
    """``a[b]``."""
    target, container, key = cast("tuple[int, int, int]", instr.args)
    value = emitter.get(container)
    if isinstance(value.kind, Array):
        emitter.set(target, arrays.subscript(emitter, value, emitter.get(key), emitter.proofs.at(instr)))
        return
    if isinstance(value.kind, Tuple):
        index = emitter.constant(key)
        if not isinstance(index, int):
            raise Declined("a tuple's element that is not known beforehand")
        items = tuple_parts(value.kind, value.parts)
        if not -len(items) <= index < len(items):
            emitter.bail()
            return
        emitter.set(target, Value(*items[index]))
        return
    if not isinstance(value.kind, List):
        raise Declined(f"an element of {name(value.kind)}")
    kind = element_kind(emitter, value.kind)
    data, length = emitter.views.get(container, ("", ""))
    place = _in_bounds(emitter, emitter.proofs.at(instr), value.parts[0], emitter.get(key), length)
    emitter.set(target, element_at(emitter, value.parts[0], kind, place, data))


@handles("setindex")
def set_subscript(emitter: Emitter, instr: Instr) -> None:
    """``a[b] = v``."""
    container, key, source = cast("tuple[int, int, int]", instr.args)
    value, target = emitter.get(source), emitter.get(container)
    if isinstance(target.kind, Array):
        arrays.set_subscript(emitter, target, emitter.get(key), value, emitter.proofs.at(instr))
        return
    if not isinstance(target.kind, List):
        raise Declined(f"an element of {name(target.kind)} is set")
    target.kind.takes(value.kind)
    emitter.unit.mutated.append(target.kind)
    data, length = emitter.views.get(container, ("", ""))
    place = _in_bounds(emitter, emitter.proofs.at(instr), target.parts[0], emitter.get(key), length)
    put_at(emitter, target.parts[0], cast(Kind, target.kind.element), place, value, data)


def append(emitter: Emitter, target: Value, value: Value) -> None:
    """Add an element at a list's end."""
    kind = cast(List, target.kind)
    kind.takes(value.kind)
    pointer, element = target.parts[0], cast(Kind, kind.element)
    length = list_length(emitter, pointer)
    capacity = emitter.load("i64", emitter.field(pointer, 16), "header")
    full = emitter.op(f"icmp eq i64 {length}, {capacity}")
    grow, put = emitter.fresh("grow"), emitter.fresh("put")
    emitter.branch(full, grow, put, ", !prof !21")
    emitter.at(grow)
    emitter.require(emitter.op(f"call i1 @list_grow(ptr %ctx, ptr {pointer}, i64 {size(element)})"))
    emitter.jump(put)
    emitter.at(put)
    put_at(emitter, pointer, element, length, value)
    emitter.store("i64", emitter.op(f"add nuw nsw i64 {length}, 1"), emitter.field(pointer, 8), "header")


@handles("callm")
def method(emitter: Emitter, instr: Instr) -> None:
    """Methods of lists."""
    target, receiver, called, args, keywords = cast(
        "tuple[int, int, str, tuple[int, ...], tuple[tuple[str, int], ...]]", instr.args
    )
    value = emitter.get(receiver)
    if value.kind == "a":
        emitter.set(target, arrays.make(emitter, called, args, keywords))
        return
    if not isinstance(value.kind, List) or keywords:
        raise Declined(f"{name(value.kind)}.{called}()")
    emitter.unit.mutated.append(value.kind)
    pointer = value.parts[0]
    if called == "append" and len(args) == 1:
        append(emitter, value, emitter.get(args[0]))
        emitter.set(target, Value("n", ()))
    elif called == "pop" and not args:
        kind = element_kind(emitter, value.kind)
        length = list_length(emitter, pointer)
        emitter.require(emitter.op(f"icmp ne i64 {length}, 0"))
        last = emitter.op(f"add nsw i64 {length}, -1")
        emitter.set(target, element_at(emitter, pointer, kind, last))
        emitter.store("i64", last, emitter.field(pointer, 8), "header")
    else:
        raise Declined(f"list.{called}()")


def list_operator(emitter: Emitter, instr: Instr, operator: str, a: Value, b: Value) -> Value:
    """``[x] * n``, ``n * [x]`` and ``xs + ys``."""
    if operator == "*" and not isinstance(a.kind, List):
        a, b = b, a
    in_place = instr.op == "inplace" and isinstance(a.kind, List)
    if in_place or not isinstance(a.kind, List):
        raise Declined(f"{name(a.kind)} {operator} {name(b.kind)}")
    if operator == "*":
        return _repeat(emitter, a, as_integer(emitter, b))
    if operator == "+" and isinstance(b.kind, List):
        kind = emitter.unit.list_at(emitter, instr)
        for value in (a, b):
            kind.takes(element_kind(emitter, cast(List, value.kind)))
        first, second = (list_length(emitter, value.parts[0]) for value in (a, b))
        made = list_make(emitter, kind, emitter.op(f"add i64 {first}, {second}"))
        _copy(emitter, a, made, "0", first)
        _copy(emitter, b, made, first, second)
        return made
    raise Declined(f"{name(a.kind)} {operator} {name(b.kind)}")


def _copy(emitter: Emitter, source: Value, target: Value, at: str, count: str) -> None:
    kind = cast(Kind, cast(List, source.kind).element)
    start = emitter.load("ptr", source.parts[0], "header")
    to = _address(emitter, target.parts[0], kind, at)
    amount = emitter.op(f"mul nuw nsw i64 {count}, {size(kind)}")
    emitter.line(f"call void @llvm.memcpy.p0.p0.i64(ptr {to}, ptr {start}, i64 {amount}, i1 false)")


def _repeat(emitter: Emitter, source: Value, times: str) -> Value:
    kind = cast(List, source.kind)
    reclaim(emitter)
    arguments = f"ptr {source.parts[0]}, i64 {times}, i64 {size(element_kind(emitter, kind))}"
    made = emitter.op(f"call noalias ptr @list_repeat(ptr %ctx, {arguments}) {APART}")
    emitter.require(emitter.op(f"icmp ne ptr {made}, null"))
    return Value(kind, (made,))
