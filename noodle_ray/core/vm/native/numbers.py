"""Arithmetic and comparison with Python's meaning; where 64 bits or a double do not do, start over."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple, cast

from noodle_ray.core.nbc.module import Instr
from noodle_ray.core.vm.native.emitter import Emitter, handles
from noodle_ray.core.vm.native.kinds import Callee, Declined, List, Tuple, Value, name

DTYPES: Final = ("float64", "float32", "int64", "bool")
_EXACT: Final = 1 << 53
"""Integers up to this magnitude are doubles exactly."""
_OVERFLOW: Final = {"+": "sadd", "-": "ssub", "*": "smul"}
_BITS: Final = {"&": "and", "|": "or", "^": "xor"}
_COMPARE: Final = {
    "==": ("eq", "oeq"),
    "!=": ("ne", "une"),
    "<": ("slt", "olt"),
    "<=": ("sle", "ole"),
    ">": ("sgt", "ogt"),
    ">=": ("sge", "oge"),
}


def literal(value: float) -> str:
    """A double in LLVM's text, to the bit."""
    return "0x" + struct.pack(">d", value).hex().upper()


def constant_value(value: object) -> Value:
    """A constant of the program. Raises Declined for those native code has no kind for."""
    if value is None:
        return Value("n", ())
    if isinstance(value, bool):
        return Value("b", ("true" if value else "false",))
    if type(value) is int and -(2**63) <= value < 2**63:
        return Value("i", (str(value),))
    if type(value) is float:
        return Value("f", (literal(value),))
    if type(value) is tuple:
        items = [constant_value(item) for item in value]
        return Value(Tuple(tuple(item.kind for item in items)), tuple(p for item in items for p in item.parts))
    raise Declined(f"a constant of type {type(value).__name__}")


def as_integer(emitter: Emitter, value: Value) -> str:
    """An int or bool as an i64."""
    if value.kind == "b":
        return emitter.op(f"zext i1 {value.parts[0]} to i64")
    if value.kind != "i":
        raise Declined(f"{name(value.kind)} where an int is wanted")
    return value.parts[0]


def as_float(emitter: Emitter, value: Value) -> str:
    """A number as a double, rounded as CPython rounds."""
    if value.kind == "f":
        return value.parts[0]
    return emitter.op(f"sitofp i64 {as_integer(emitter, value)} to double")


def number(value: Value) -> bool:
    """Whether a value is a number."""
    return isinstance(value.kind, str) and value.kind in ("i", "f", "b")


def truth(emitter: Emitter, value: Value) -> str:
    """A value's truth as an i1."""
    kind = value.kind
    if kind == "b":
        return value.parts[0]
    if kind == "i":
        return emitter.op(f"icmp ne i64 {value.parts[0]}, 0")
    if kind == "f":
        return emitter.op(f"fcmp une double {value.parts[0]}, 0.0")
    if kind == "n":
        return "false"
    if isinstance(kind, List):
        return emitter.op(f"icmp ne i64 {emitter.load('i64', emitter.field(value.parts[0], 8), 'header')}, 0")
    if isinstance(kind, Tuple):
        return "true" if kind.items else "false"
    if isinstance(kind, Callee):
        return "true"
    raise Declined(f"the truth of {name(kind)}")


@handles("const")
def constant(emitter: Emitter, instr: Instr) -> None:
    """A constant; of texts only the names of dtypes."""
    value = instr.args[1]
    emitter.set(cast(int, instr.args[0]), Value("s", ()) if value in DTYPES else constant_value(value))


@handles("binop", "inplace")
def binary(emitter: Emitter, instr: Instr) -> None:
    """A binary operator."""
    target, operator, left, right = cast("tuple[int, str, int, int]", instr.args)
    a, b = emitter.get(left), emitter.get(right)
    if number(a) and number(b):
        emitter.set(target, arithmetic(emitter, operator, a, b, emitter.constant(right), _proved(emitter, instr)))
        return
    from noodle_ray.core.vm.native.lists import list_operator

    emitter.set(target, list_operator(emitter, instr, operator, a, b))


class Proved(NamedTuple):
    """What is proved of an integer operation, see `RangeFacts`."""

    fits: bool = False
    natural: bool = False
    exact: bool = False


_NOTHING: Final = Proved()


def _proved(emitter: Emitter, instr: Instr) -> Proved:
    here, proofs = id(instr), emitter.proofs
    return Proved(here in proofs.fits, here in proofs.natural, here in proofs.exact)


def arithmetic(
    emitter: Emitter, operator: str, a: Value, b: Value, known: object = None, proved: Proved = _NOTHING
) -> Value:
    """An operator on two numbers; ``known`` is the second if it is a constant."""
    if operator == "/":
        return Value("f", (_true_division(emitter, a, b, proved),))
    if "f" in (a.kind, b.kind):
        return Value("f", (_float_operation(emitter, operator, as_float(emitter, a), b, known),))
    if operator in _BITS and a.kind == b.kind == "b":
        return Value("b", (emitter.op(f"{_BITS[operator]} i1 {a.parts[0]}, {b.parts[0]}"),))
    x, y = as_integer(emitter, a), as_integer(emitter, b)
    return Value("i", (_integer_operation(emitter, operator, x, y, known, proved),))


def checked(emitter: Emitter, operator: str, a: str, b: str) -> str:
    """Addition and the like in 64 bits, or start over."""
    pair = emitter.op(f"call {{ i64, i1 }} @llvm.{_OVERFLOW[operator]}.with.overflow.i64(i64 {a}, i64 {b})")
    emitter.forbid(emitter.op(f"extractvalue {{ i64, i1 }} {pair}, 1"))
    return emitter.op(f"extractvalue {{ i64, i1 }} {pair}, 0")


def _integer_operation(emitter: Emitter, operator: str, a: str, b: str, known: object, proved: Proved) -> str:
    if operator in _OVERFLOW:
        plain = f"{_OVERFLOW[operator][1:]} nsw i64 {a}, {b}"
        return emitter.op(plain) if proved.fits else checked(emitter, operator, a, b)
    if operator in _BITS:
        return emitter.op(f"{_BITS[operator]} i64 {a}, {b}")
    if operator in ("//", "%"):
        return _divide(emitter, operator, a, b, known, proved)
    if operator == ">>":
        if b.isdigit():
            return emitter.op(f"ashr i64 {a}, {min(int(b), 63)}")
        emitter.require(emitter.op(f"icmp sge i64 {b}, 0"))
        amount = emitter.op(f"call i64 @llvm.smin.i64(i64 {b}, i64 63)")
        return emitter.op(f"ashr i64 {a}, {amount}")
    if operator == "<<":
        if proved.fits:
            return emitter.op(f"shl i64 {a}, {b}")
        emitter.require(emitter.op(f"icmp ult i64 {b}, 63"))
        shifted = emitter.op(f"shl i64 {a}, {b}")
        back = emitter.op(f"ashr i64 {shifted}, {b}")
        emitter.require(emitter.op(f"icmp eq i64 {back}, {a}"))
        return shifted
    if operator == "**":
        return _integer_power(emitter, a, b, known)
    raise Declined(f"int {operator} int")


def _divide(emitter: Emitter, operator: str, a: str, b: str, known: object, proved: Proved) -> str:
    if proved.fits and proved.natural:
        return emitter.op(f"{'udiv' if operator == '//' else 'urem'} i64 {a}, {b}")
    if type(known) is int and known > 0:
        if known & (known - 1) == 0:
            shift = known.bit_length() - 1
            return emitter.op(f"ashr i64 {a}, {shift}" if operator == "//" else f"and i64 {a}, {known - 1}")
        rest = emitter.op(f"srem i64 {a}, {known}")
        sign = emitter.op(f"ashr i64 {rest}, 63")
        if operator == "%":
            return emitter.op(f"add i64 {rest}, {emitter.op(f'and i64 {sign}, {known}')}")
        return emitter.op(f"add i64 {emitter.op(f'sdiv i64 {a}, {known}')}, {sign}")
    if not proved.fits:
        emitter.require(emitter.op(f"icmp ne i64 {b}, 0"))
        least = emitter.op(f"icmp eq i64 {a}, {-(2**63)}")
        minus = emitter.op(f"icmp eq i64 {b}, -1")
        emitter.forbid(emitter.op(f"and i1 {least}, {minus}"))
    quotient = emitter.op(f"sdiv i64 {a}, {b}")
    rest = emitter.op(f"srem i64 {a}, {b}")
    some = emitter.op(f"icmp ne i64 {rest}, 0")
    differ = emitter.op(f"icmp slt i64 {emitter.op(f'xor i64 {rest}, {b}')}, 0")
    fix = emitter.op(f"and i1 {some}, {differ}")
    if operator == "//":
        return emitter.op(f"sub i64 {quotient}, {emitter.op(f'zext i1 {fix} to i64')}")
    return emitter.op(f"add i64 {rest}, {emitter.op(f'select i1 {fix}, i64 {b}, i64 0')}")


def _integer_power(emitter: Emitter, a: str, b: str, known: object) -> str:
    """Powers by repeated multiplication. A negative exponent gives a float, so that starts over."""
    if type(known) is int:
        if known < 0 or known > 64:
            raise Declined(f"a power with the exponent {known}")
        result = "1"
        for _ in range(known):
            result = a if result == "1" else checked(emitter, "*", result, a)
        return result
    emitter.require(emitter.op(f"icmp ult i64 {b}, 64"))
    left, product = emitter.slot(f"%{emitter.fresh('e')}", "i64"), emitter.slot(f"%{emitter.fresh('p')}", "i64")
    emitter.line(f"store i64 {b}, ptr {left}")
    emitter.line(f"store i64 1, ptr {product}")
    head, body, end = emitter.fresh("pow"), emitter.fresh("pow"), emitter.fresh("pow")
    emitter.jump(head)
    emitter.at(head)
    count = emitter.op(f"load i64, ptr {left}")
    emitter.branch(emitter.op(f"icmp eq i64 {count}, 0"), end, body)
    emitter.at(body)
    value = checked(emitter, "*", emitter.op(f"load i64, ptr {product}"), a)
    emitter.line(f"store i64 {value}, ptr {product}")
    emitter.line(f"store i64 {emitter.op(f'add i64 {count}, -1')}, ptr {left}")
    emitter.jump(head)
    emitter.at(end)
    return emitter.op(f"load i64, ptr {product}")


def _require_exact(emitter: Emitter, *values: Value) -> None:
    """Start over unless each integer is a double exactly."""
    for value in values:
        part = value.parts[0]
        if value.kind == "i" and not (part.lstrip("-").isdigit() and abs(int(part)) <= _EXACT):
            moved = emitter.op(f"add i64 {part}, {_EXACT}")
            emitter.require(emitter.op(f"icmp ule i64 {moved}, {2 * _EXACT}"))


def _true_division(emitter: Emitter, a: Value, b: Value, proved: Proved) -> str:
    if "f" not in (a.kind, b.kind) and not proved.exact:
        _require_exact(emitter, a, b)
    x, y = as_float(emitter, a), as_float(emitter, b)
    emitter.require(emitter.op(f"fcmp une double {y}, 0.0"))
    return emitter.op(f"fdiv double {x}, {y}")


def _float_operation(emitter: Emitter, operator: str, x: str, b: Value, known: object) -> str:
    if operator in ("+", "-", "*"):
        plain = {"+": "fadd", "-": "fsub", "*": "fmul"}[operator]
        return emitter.op(f"{plain} double {x}, {as_float(emitter, b)}")
    y = as_float(emitter, b)
    if operator == "**":
        return power(emitter, x, y, known)
    if operator not in ("//", "%"):
        raise Declined(f"float {operator}")
    # Objects/floatobject.c, float_rem and _float_div_mod
    emitter.require(emitter.op(f"fcmp une double {y}, 0.0"))
    rest = emitter.op(f"call double @fmod(double {x}, double {y}) nobuiltin")
    some = emitter.op(f"fcmp une double {rest}, 0.0")
    y_negative = emitter.op(f"fcmp olt double {y}, 0.0")
    rest_negative = emitter.op(f"fcmp olt double {rest}, 0.0")
    differ = emitter.op(f"xor i1 {y_negative}, {rest_negative}")
    fix = emitter.op(f"and i1 {some}, {differ}")
    if operator == "%":
        zero = emitter.op(f"call double @llvm.copysign.f64(double 0.0, double {y})")
        moved = emitter.op(f"select i1 {fix}, double {emitter.op(f'fadd double {rest}, {y}')}, double {rest}")
        return emitter.op(f"select i1 {some}, double {moved}, double {zero}")
    quotient = emitter.op(f"fdiv double {emitter.op(f'fsub double {x}, {rest}')}, {y}")
    less = emitter.op(f"fadd double {quotient}, -1.0")
    quotient = emitter.op(f"select i1 {fix}, double {less}, double {quotient}")
    down = emitter.op(f"call double @llvm.floor.f64(double {quotient})")
    far = emitter.op(f"fcmp ogt double {emitter.op(f'fsub double {quotient}, {down}')}, 0.5")
    up = emitter.op(f"fadd double {down}, 1.0")
    whole = emitter.op(f"select i1 {far}, double {up}, double {down}")
    ratio = emitter.op(f"fdiv double {x}, {y}")
    zero = emitter.op(f"call double @llvm.copysign.f64(double 0.0, double {ratio})")
    nonzero = emitter.op(f"fcmp une double {quotient}, 0.0")
    return emitter.op(f"select i1 {nonzero}, double {whole}, double {zero}")


def finite(emitter: Emitter, x: str) -> str:
    """Whether a double is neither infinite nor NaN."""
    size = emitter.op(f"call double @llvm.fabs.f64(double {x})")
    return emitter.op(f"fcmp olt double {size}, {literal(float('inf'))}")


def power(emitter: Emitter, x: str, y: str, known: object) -> str:
    """A power of floats: the C library's, where CPython asks it and it gives a finite result."""
    emitter.require(finite(emitter, x))
    if type(known) not in (int, float):
        emitter.require(finite(emitter, y))
    positive = type(known) in (int, float) and cast(float, known) > 0
    if not (positive and type(known) is int):
        emitter.require(emitter.op(f"fcmp {'oge' if positive else 'ogt'} double {x}, 0.0"))
    result = emitter.op(f"call double @pow(double {x}, double {y}) nobuiltin")
    emitter.require(finite(emitter, result))
    size = emitter.op(f"call double @llvm.fabs.f64(double {result})")  # what is nearly 0 may count as an overflow
    normal = emitter.op(f"fcmp ogt double {size}, {literal(1e-307)}")
    emitter.require(emitter.op(f"or i1 {normal}, {emitter.op(f'fcmp oeq double {x}, 0.0')}"))
    return result


@handles("unop")
def unary(emitter: Emitter, instr: Instr) -> None:
    """A unary operator."""
    target, operator, source = cast("tuple[int, str, int]", instr.args)
    value = emitter.get(source)
    if operator == "not":
        emitter.set(target, Value("b", (emitter.op(f"xor i1 {truth(emitter, value)}, true"),)))
        return
    if not number(value):
        raise Declined(f"{operator} {name(value.kind)}")
    if value.kind == "f":
        if operator == "~":
            raise Declined("~float")
        part = value.parts[0] if operator == "+" else emitter.op(f"fneg double {value.parts[0]}")
        emitter.set(target, Value("f", (part,)))
        return
    part = as_integer(emitter, value)
    if operator == "-":
        part = checked(emitter, "-", "0", part)
    elif operator == "~":
        part = emitter.op(f"xor i64 {part}, -1")
    emitter.set(target, Value("i", (part,)))


@handles("cmp")
def compare(emitter: Emitter, instr: Instr) -> None:
    """A comparison."""
    target, operator, left, right = cast("tuple[int, str, int, int]", instr.args)
    a, b = emitter.get(left), emitter.get(right)
    emitter.set(target, Value("b", (compared(emitter, operator, a, b, _proved(emitter, instr)),)))


def compared(emitter: Emitter, operator: str, a: Value, b: Value, proved: Proved = _NOTHING) -> str:
    """A comparison of two values as an i1."""
    if operator in ("is", "is not", "==", "!=") and "n" in (a.kind, b.kind):
        return "true" if (a.kind == b.kind) == (operator in ("is", "==")) else "false"
    if operator not in _COMPARE or not number(a) or not number(b):
        raise Declined(f"{name(a.kind)} {operator} {name(b.kind)}")
    signed, ordered = _COMPARE[operator]
    if "f" not in (a.kind, b.kind):
        return emitter.op(f"icmp {signed} i64 {as_integer(emitter, a)}, {as_integer(emitter, b)}")
    if not proved.exact:
        _require_exact(emitter, a, b)
    return emitter.op(f"fcmp {ordered} double {as_float(emitter, a)}, {as_float(emitter, b)}")
