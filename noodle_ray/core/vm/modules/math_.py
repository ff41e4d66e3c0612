"""The math module: CPython's own, but for functions whose work or result can explode."""

import math
from math import isqrt
from typing import Any

from noodle_ray.core.vm.catalog import MODULES
from noodle_ray.core.vm.limits import LimitExceeded
from noodle_ray.core.vm.modules.vetting import charge_value
from noodle_ray.core.vm.operators import charge_bits
from noodle_ray.core.vm.state import S


def _charge_product(count: Any, largest: Any) -> None:
    """Charge for the product of so many integers up to the largest."""
    if not isinstance(count, int) or not isinstance(largest, int) or count < 64 or largest < 2:
        return
    bits = count * largest.bit_length()
    if bits > S.memory * 8:
        S.tripped = "memory"
        raise LimitExceeded("memory")
    charge_bits(bits)


def factorial(x: Any, /) -> int:
    """math.factorial."""
    _charge_product(x, x)
    return math.factorial(x)


def comb(n: Any, k: Any, /) -> int:
    """math.comb."""
    if isinstance(n, int) and isinstance(k, int):
        _charge_product(min(k, n - k), n)
    return math.comb(n, k)


def perm(n: Any, k: Any = None, /) -> int:
    """math.perm."""
    _charge_product(n if k is None else k, n)
    return math.perm(n, k)


def _metered(name: str) -> Any:
    function = getattr(math, name)

    def metered(*args: Any, **kwargs: Any) -> Any:
        for items in args:
            if isinstance(items, list | tuple):
                charge_value(items)
            elif isinstance(items, int) and items.bit_length() > 4096:
                words = items.bit_length() >> 5
                S.charge(words * isqrt(words) >> 4)
        return function(*args, **kwargs)

    metered.__name__ = metered.__qualname__ = name
    return metered


MEMBERS: dict[str, Any] = {name: getattr(math, name) for name in MODULES["math"]}
MEMBERS.update({name: _metered(name) for name in ("dist", "fsum", "gcd", "hypot", "lcm", "prod")})
MEMBERS.update({"comb": comb, "factorial": factorial, "perm": perm})
