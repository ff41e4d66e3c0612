"""The fractions module. Powers and texts with exponents, whose integers can explode, are paid for beforehand."""

from fractions import Fraction
from typing import Any

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.vetting import charge_value, methods, readers
from noodle_ray.core.vm.operators import POWERS, charge_power


def _charge_exponent(value: Any) -> None:
    """Charge for the power of ten that a text or a Decimal stands for."""
    if isinstance(value, str):
        charge_value(value, 16)
        exponent = value.lower().rpartition("e")[2].strip().lstrip("+-")
        if exponent.isdigit() and len(exponent) < 20:
            charge_power(10, int(exponent))
    elif type(value).__name__ == "Decimal" and value.is_finite():
        charge_power(10, abs(value.as_tuple().exponent))


def make_fraction(*args: Any, **kwargs: Any) -> Fraction:
    """Fraction()."""
    for value in args[:1]:
        _charge_exponent(value)
    return Fraction(*args, **kwargs)


def from_decimal(dec: Any, /) -> Fraction:
    """Fraction.from_decimal."""
    _charge_exponent(dec)
    return Fraction.from_decimal(dec)


def _power(base: Fraction, exponent: Any) -> None:
    if isinstance(exponent, int):
        charge_power(base.numerator, abs(exponent))
        charge_power(base.denominator, abs(exponent))


POWERS[Fraction] = _power
register(
    Fraction,
    methods=methods(Fraction, "as_integer_ratio conjugate limit_denominator")
    | {name: getattr(Fraction, name) for name in ("is_integer",) if hasattr(Fraction, name)},
    attributes=readers("denominator", "imag", "numerator", "real"),
    statics={"from_decimal": from_decimal, "from_float": Fraction.from_float},
    call=make_fraction,
)

MEMBERS: dict[str, Any] = {"Fraction": Fraction}
