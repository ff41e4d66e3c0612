"""Calls: of builtins that native code has, and of the module's own functions."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Final, cast

from noodle_ray.core.nbc.module import Instr
from noodle_ray.core.vm.native.emitter import Emitter, handles, result_type
from noodle_ray.core.vm.native.kinds import (
    Array,
    Callee,
    Declined,
    Kind,
    List,
    Range,
    Tuple,
    Unknown,
    Value,
    flat,
    name,
)
from noodle_ray.core.vm.native.lists import element_at, element_kind, list_length
from noodle_ray.core.vm.native.numbers import (
    arithmetic,
    as_float,
    as_integer,
    checked,
    compared,
    finite,
    literal,
    number,
    power,
    truth,
)

_Keywords = tuple[tuple[str, int], ...]
_LARGE: Final = literal(9.2e18)


@handles("bget")
def builtin_value(emitter: Emitter, instr: Instr) -> None:
    """A builtin as a value: only the constants of ``math``."""
    target, called = cast("tuple[int, str]", instr.args)
    if called == "noodle_ray.array":
        emitter.set(target, Value("a", ()))
        return
    value = getattr(math, called[5:], None) if called.startswith("math.") else None
    if type(value) is not float:
        raise Declined(f"{called} as a value")
    emitter.set(target, Value("f", (literal(value),)))


@handles("callb")
def call_builtin(emitter: Emitter, instr: Instr) -> None:
    """Call a builtin."""
    target, called, args, keywords = cast("tuple[int, str, tuple[int, ...], _Keywords]", instr.args)
    handler = _BUILTINS.get(called)
    if handler is None or keywords:
        raise Declined(f"{called}()")
    if called == "range":
        emitter.set(target, _range(emitter, args))
        return
    emitter.set(target, handler(emitter, [emitter.get(register) for register in args]))


def _range(emitter: Emitter, args: tuple[int, ...]) -> Value:
    values = [as_integer(emitter, emitter.get(register)) for register in args]
    if len(values) == 1:
        return Value(Range(1), ("0", values[0], "1"))
    if len(values) == 2:
        return Value(Range(1), (*values, "1"))
    if len(values) != 3:
        raise Declined("range()")
    step = emitter.constant(args[2])
    if not isinstance(step, int):
        minus = values[2].startswith("-") and values[2][1:].isdigit()
        step = int(values[2]) if minus or values[2].isdigit() else 0
    return Value(Range(step), (values[0], values[1], values[2]))


def _one(values: list[Value]) -> Value:
    if len(values) != 1:
        raise Declined("a builtin with several arguments")
    return values[0]


def _length(emitter: Emitter, values: list[Value]) -> Value:
    value = _one(values)
    if isinstance(value.kind, Tuple):
        return Value("i", (str(len(value.kind.items)),))
    if isinstance(value.kind, Range):
        from noodle_ray.core.vm.native.control import range_length

        return Value("i", (range_length(emitter, value),))
    if isinstance(value.kind, Array):
        return Value("i", (value.parts[2],))
    if not isinstance(value.kind, List):
        raise Declined(f"len() of {name(value.kind)}")
    return Value("i", (list_length(emitter, value.parts[0]),))


def _abs(emitter: Emitter, values: list[Value]) -> Value:
    value = _one(values)
    if value.kind == "f":
        return Value("f", (emitter.op(f"call double @llvm.fabs.f64(double {value.parts[0]})"),))
    part = as_integer(emitter, value)
    minus = checked(emitter, "-", "0", part)
    return Value("i", (emitter.op(f"call i64 @llvm.smax.i64(i64 {part}, i64 {minus})"),))


def _extreme(operator: str) -> Handler:
    def handler(emitter: Emitter, values: list[Value]) -> Value:
        if len(values) == 1:
            return _over_list(emitter, values[0], operator)
        best = values[0]
        if not number(best) or any(value.kind != best.kind for value in values):
            raise Declined("min() or max() of different types")
        for value in values[1:]:
            better = compared(emitter, operator, value, best)
            (llvm,) = flat(best.kind)
            best = Value(
                best.kind, (emitter.op(f"select i1 {better}, {llvm} {value.parts[0]}, {llvm} {best.parts[0]}"),)
            )
        return best

    return handler


def _charge_length(emitter: Emitter, length: str) -> None:
    """What `builtins.iteration` charges for going through so many elements."""
    many = emitter.op(f"icmp sgt i64 {length}, 63")
    amount = emitter.op(f"select i1 {many}, i64 {emitter.op(f'lshr i64 {length}, 4')}, i64 0")
    emitter.pay(amount)


def _fold(emitter: Emitter, items: str, length: str, start: str, first: Value, step: Callable[[Value, Value], Value],
          kind: Kind) -> Value:  # fmt: skip
    """Combine the elements of a list, from one index on."""
    (llvm,) = flat(first.kind)
    index, total = emitter.slot(f"%{emitter.fresh('k')}", "i64"), emitter.slot(f"%{emitter.fresh('t')}", llvm)
    emitter.line(f"store i64 {start}, ptr {index}")
    emitter.line(f"store {llvm} {first.parts[0]}, ptr {total}")
    head, body, end = emitter.fresh("head"), emitter.fresh("do"), emitter.fresh("end")
    emitter.jump(head)
    emitter.at(head)
    k = emitter.op(f"load i64, ptr {index}")
    emitter.branch(emitter.op(f"icmp slt i64 {k}, {length}"), body, end)
    emitter.at(body)
    before = Value(first.kind, (emitter.op(f"load {llvm}, ptr {total}"),))
    after = step(before, element_at(emitter, items, kind, k))
    emitter.line(f"store {llvm} {after.parts[0]}, ptr {total}")
    emitter.line(f"store i64 {emitter.op(f'add nuw nsw i64 {k}, 1')}, ptr {index}")
    emitter.jump(head)
    emitter.at(end)
    return Value(first.kind, (emitter.op(f"load {llvm}, ptr {total}"),))


def _scalar_list(emitter: Emitter, value: Value) -> tuple[str, Kind]:
    if not isinstance(value.kind, List):
        raise Declined(f"a builtin on {name(value.kind)}")
    kind = element_kind(emitter, value.kind)
    if isinstance(kind, List):
        raise Declined(f"a builtin on {name(value.kind)}")
    return value.parts[0], kind


def _over_list(emitter: Emitter, value: Value, operator: str) -> Value:
    items, kind = _scalar_list(emitter, value)
    length = list_length(emitter, items)
    emitter.require(emitter.op(f"icmp sgt i64 {length}, 0"))
    _charge_length(emitter, length)
    (llvm,) = flat(kind)

    def step(best: Value, item: Value) -> Value:
        better = compared(emitter, operator, item, best)
        return Value(kind, (emitter.op(f"select i1 {better}, {llvm} {item.parts[0]}, {llvm} {best.parts[0]}"),))

    return _fold(emitter, items, length, "1", element_at(emitter, items, kind, "0"), step, kind)


def _sum(emitter: Emitter, values: list[Value]) -> Value:
    items, kind = _scalar_list(emitter, _one(values))
    length = list_length(emitter, items)
    if kind == "f":
        if sys.version_info >= (3, 12):
            raise Declined("sum() of floats, which compensates for rounding")
        emitter.require(emitter.op(f"icmp sgt i64 {length}, 0"))  # of an empty list it is the integer 0
    _charge_length(emitter, length)
    zero = Value("f", ("0.0",)) if kind == "f" else Value("i", ("0",))
    return _fold(emitter, items, length, "0", zero, lambda total, item: arithmetic(emitter, "+", total, item), kind)


def to_integer(emitter: Emitter, x: str) -> Value:
    """A double without a fraction as an integer."""
    size = emitter.op(f"call double @llvm.fabs.f64(double {x})")
    emitter.require(emitter.op(f"fcmp olt double {size}, {_LARGE}"))
    return Value("i", (emitter.op(f"fptosi double {x} to i64"),))


def _int(emitter: Emitter, values: list[Value]) -> Value:
    value = _one(values)
    if value.kind == "f":
        return to_integer(emitter, value.parts[0])
    return Value("i", (as_integer(emitter, value),))


def _float(emitter: Emitter, values: list[Value]) -> Value:
    return Value("f", (as_float(emitter, _one(values)),))


def _bool(emitter: Emitter, values: list[Value]) -> Value:
    return Value("b", (truth(emitter, _one(values)),))


def _rounded(intrinsic: str) -> Handler:
    def handler(emitter: Emitter, values: list[Value]) -> Value:
        value = _one(values)
        if value.kind != "f":
            return Value("i", (as_integer(emitter, value),))
        return to_integer(emitter, emitter.op(f"call double @llvm.{intrinsic}.f64(double {value.parts[0]})"))

    return handler


def _divmod(emitter: Emitter, values: list[Value]) -> Value:
    if len(values) != 2 or not all(map(number, values)):
        raise Declined("divmod()")
    both = [arithmetic(emitter, operator, values[0], values[1]) for operator in ("//", "%")]
    return Value(Tuple(tuple(v.kind for v in both)), tuple(v.parts[0] for v in both))


def _pow(emitter: Emitter, values: list[Value]) -> Value:
    if len(values) != 2 or not all(map(number, values)):
        raise Declined("pow()")
    return arithmetic(emitter, "**", values[0], values[1])


def _math_pow(emitter: Emitter, values: list[Value]) -> Value:
    if len(values) != 2:
        raise Declined("math.pow()")
    return Value("f", (power(emitter, as_float(emitter, values[0]), as_float(emitter, values[1]), None),))


def _sqrt(emitter: Emitter, values: list[Value]) -> Value:
    x = as_float(emitter, _one(values))
    emitter.require(emitter.op(f"fcmp oge double {x}, 0.0"))
    return Value("f", (emitter.op(f"call double @llvm.sqrt.f64(double {x})"),))


def _isqrt(emitter: Emitter, values: list[Value]) -> Value:
    n = as_integer(emitter, _one(values))
    emitter.require(emitter.op(f"icmp sge i64 {n}, 0"))
    near = emitter.op(f"call double @llvm.sqrt.f64(double {emitter.op(f'sitofp i64 {n} to double')})")
    root = emitter.op(f"fptosi double {near} to i64")
    over = emitter.op(f"icmp ugt i64 {emitter.op(f'mul i64 {root}, {root}')}, {n}")
    root = emitter.op(f"sub i64 {root}, {emitter.op(f'zext i1 {over} to i64')}")
    more = emitter.op(f"add i64 {root}, 1")
    under = emitter.op(f"icmp ule i64 {emitter.op(f'mul i64 {more}, {more}')}, {n}")
    return Value("i", (emitter.op(f"select i1 {under}, i64 {more}, i64 {root}"),))


def _fabs(emitter: Emitter, values: list[Value]) -> Value:
    return Value("f", (emitter.op(f"call double @llvm.fabs.f64(double {as_float(emitter, _one(values))})"),))


def _library(function: str, low: float | None = None, high: float | None = None) -> Handler:
    """A function of the C library, where its argument is between the bounds and its result finite."""

    def handler(emitter: Emitter, values: list[Value]) -> Value:
        x = as_float(emitter, _one(values))
        emitter.require(finite(emitter, x))
        if low is not None:
            emitter.require(emitter.op(f"fcmp {'oge' if high is not None else 'ogt'} double {x}, {literal(low)}"))
        if high is not None:
            emitter.require(emitter.op(f"fcmp ole double {x}, {literal(high)}"))
        result = emitter.op(f"call double @{function}(double {x}) nobuiltin")
        emitter.require(finite(emitter, result))
        return Value("f", (result,))

    return handler


def _atan2(emitter: Emitter, values: list[Value]) -> Value:
    if len(values) != 2:
        raise Declined("math.atan2()")
    y, x = (as_float(emitter, value) for value in values)
    for part in (y, x):
        emitter.require(finite(emitter, part))
    return Value("f", (emitter.op(f"call double @atan2(double {y}, double {x}) nobuiltin"),))


Handler = Callable[[Emitter, list[Value]], Value]
_BUILTINS: Final[dict[str, Handler]] = {
    "range": lambda emitter, values: values[0],
    "len": _length,
    "abs": _abs,
    "min": _extreme("<"),
    "max": _extreme(">"),
    "sum": _sum,
    "int": _int,
    "float": _float,
    "bool": _bool,
    "round": _rounded("roundeven"),
    "divmod": _divmod,
    "pow": _pow,
    "math.pow": _math_pow,
    "math.sqrt": _sqrt,
    "math.isqrt": _isqrt,
    "math.fabs": _fabs,
    "math.floor": _rounded("floor"),
    "math.ceil": _rounded("ceil"),
    "math.trunc": _rounded("trunc"),
    "math.log": _library("log", 0.0),
    "math.log2": _library("log2", 0.0),
    "math.log10": _library("log10", 0.0),
    "math.log1p": _library("log1p", -1.0),
    "math.asin": _library("asin", -1.0, 1.0),
    "math.acos": _library("acos", -1.0, 1.0),
    "math.atan2": _atan2,
    **{f"math.{f}": _library(f) for f in ("sin", "cos", "tan", "atan", "exp", "expm1", "sinh", "cosh", "tanh")},
}
BUILTINS: Final = frozenset(_BUILTINS)
"""The builtins that native code has."""


@handles("call")
def call(emitter: Emitter, instr: Instr) -> None:
    """Call a function of the module."""
    target, callee, args, keywords = cast("tuple[int, int, tuple[int, ...], _Keywords]", instr.args)
    function = emitter.get(callee).kind
    if not isinstance(function, Callee):
        raise Declined(f"a call of {name(function)}")
    values = emitter.unit.arguments(emitter, function.number, args, keywords)
    label, result = emitter.unit.request(function.number, [value.kind for value in values])
    if result is None:
        raise Unknown
    parts = [f"{t} {p}" for value in values for t, p in zip(flat(value.kind), value.parts, strict=True)]
    returns = result_type(result)
    recursive = emitter.unit.recursive
    is_leaf = id(emitter.unit.module.functions[function.number]) in emitter.unit.leaves
    if not is_leaf:
        emitter.save_fuel()
    if recursive:
        depth = emitter.word("depth")
        left = emitter.op(f"add nsw i64 {emitter.load('i64', depth, 'context')}, -1")
        emitter.require(emitter.op(f"icmp sge i64 {left}, 0"))
        emitter.store("i64", left, depth, "context")
    got = emitter.op(f"call fastcc {returns} @{label}({', '.join(['ptr %ctx', *parts])})")
    width = len(flat(result))
    emitter.forbid(emitter.op(f"extractvalue {returns} {got}, {width}"))
    if recursive:
        depth = emitter.word("depth")
        back = emitter.op(f"add nsw i64 {emitter.load('i64', depth, 'context')}, 1")
        emitter.store("i64", back, depth, "context")
    if not is_leaf:
        emitter.restore_fuel()
    found = tuple(emitter.op(f"extractvalue {returns} {got}, {n}") for n in range(width))
    emitter.set(target, Value(result, found))
