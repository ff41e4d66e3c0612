"""The decimal module: CPython's types. Each run begins with the default context; precision is bounded.

The bound keeps every operation short, as C code heeds no deadline until it is done.
"""

import decimal
from typing import Any, Final

from noodle_ray.core.vm.methods import register, register_setters
from noodle_ray.core.vm.modules import on_start
from noodle_ray.core.vm.modules.vetting import charge_value, methods, readers
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import dict_items, dict_keys

MAX_PREC: Final = 10_000
"""The most digits of a result. CPython's own bound is not one: 10**18."""

_CONTEXT_OPTIONS = ("Emax", "Emin", "capitals", "clamp", "prec", "rounding")
_EXCEPTIONS = (
    *("Clamped", "ConversionSyntax", "DecimalException", "DivisionByZero", "DivisionImpossible", "DivisionUndefined"),
    *("FloatOperation", "Inexact", "InvalidContext", "InvalidOperation", "Overflow", "Rounded", "Subnormal"),
    "Underflow",
)
_manager: Any = type(decimal.localcontext())
_signals: Any = type(decimal.Context().flags)


def _check_precision(prec: Any) -> None:
    if isinstance(prec, int) and prec > MAX_PREC:
        raise ValueError(f"valid range for prec is [1, {MAX_PREC}]")


def _set_precision(context: Any, prec: Any) -> None:
    _check_precision(prec)
    context.prec = prec


def make_decimal(*args: Any, **kwargs: Any) -> decimal.Decimal:
    """Decimal()."""
    for value in args[:1]:
        if type(value) is str and len(value) < 64:
            break
        charge_value(value, 4)
        if isinstance(value, int) and value.bit_length() > 4096:
            S.charge((value.bit_length() >> 6) ** 2 >> 8)
    return decimal.Decimal(*args, **kwargs)


def make_context(*args: Any, **kwargs: Any) -> decimal.Context:
    """Context()."""
    for prec in (*args[:1], *[value for name, value in kwargs.items() if name == "prec"]):
        _check_precision(prec)
    return decimal.Context(*args, **kwargs)


def localcontext(*args: Any, **kwargs: Any) -> Any:
    """decimal.localcontext."""
    _check_precision(kwargs.get("prec"))
    return decimal.localcontext(*args, **kwargs)


def setcontext(ctx: decimal.Context, /) -> None:
    """decimal.setcontext."""
    decimal.setcontext(ctx)


register(
    decimal.Decimal,
    methods=methods(
        decimal.Decimal,
        "adjusted as_integer_ratio as_tuple canonical compare compare_signal compare_total compare_total_mag conjugate "
        "copy_abs copy_negate copy_sign exp fma is_canonical is_finite is_infinite is_nan is_normal is_qnan is_signed "
        "is_snan is_subnormal is_zero ln log10 logb logical_and logical_invert logical_or logical_xor max max_mag min "
        "min_mag next_minus next_plus next_toward normalize number_class quantize radix remainder_near rotate "
        "same_quantum scaleb shift sqrt to_eng_string to_integral to_integral_exact to_integral_value",
    ),
    attributes=readers("imag", "real"),
    statics=methods(decimal.Decimal, "from_float"),
    call=make_decimal,
)
register(
    decimal.Context,
    methods=methods(
        decimal.Context,
        "Etiny Etop abs add canonical clear_flags clear_traps compare compare_signal compare_total compare_total_mag "
        "copy copy_abs copy_decimal copy_negate copy_sign create_decimal create_decimal_from_float divide divide_int "
        "divmod exp fma is_canonical is_finite is_infinite is_nan is_normal is_qnan is_signed is_snan is_subnormal "
        "is_zero ln log10 logb logical_and logical_invert logical_or logical_xor max max_mag min min_mag minus "
        "multiply next_minus next_plus next_toward normalize number_class plus power quantize radix remainder "
        "remainder_near rotate same_quantum scaleb shift sqrt subtract to_eng_string to_integral_exact "
        "to_integral_value to_sci_string",
    ),
    attributes=readers(*_CONTEXT_OPTIONS, "flags", "traps"),
    call=make_context,
)
register_setters(
    decimal.Context, "Emax", "Emin", "capitals", "clamp", "flags", "rounding", "traps", prec=_set_precision
)
register(_manager, methods=methods(_manager, "__enter__ __exit__"))
register(decimal.DecimalTuple, attributes=readers("digits", "exponent", "sign"))
register(
    _signals,
    methods={
        "copy": _signals.copy,
        "get": _signals.get,
        "items": lambda self: dict_items(dict(self)),
        "keys": lambda self: dict_keys(dict(self)),
        "values": lambda self: dict(self).values(),
    },
)
for _name in _EXCEPTIONS:
    if hasattr(decimal, _name):
        register(getattr(decimal, _name))

on_start(lambda: decimal.setcontext(decimal.Context()), "decimal")

MEMBERS: dict[str, Any] = {
    name: getattr(decimal, name)
    for name in (
        *("Clamped", "Context", "Decimal", "DecimalException", "DecimalTuple", "DivisionByZero", "FloatOperation"),
        *("Inexact", "InvalidOperation", "MAX_EMAX", "MIN_EMIN", "MIN_ETINY"),
        *("Overflow", "ROUND_05UP", "ROUND_CEILING", "ROUND_DOWN", "ROUND_FLOOR", "ROUND_HALF_DOWN"),
        *("ROUND_HALF_EVEN", "ROUND_HALF_UP", "ROUND_UP", "Rounded", "Subnormal", "Underflow", "getcontext"),
    )
}
MEMBERS |= {"MAX_PREC": MAX_PREC, "localcontext": localcontext, "setcontext": setcontext}
