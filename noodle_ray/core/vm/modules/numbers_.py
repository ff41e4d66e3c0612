"""The numbers module: its classes, to ask what a number is. Programs cannot derive from them."""

import numbers
from typing import Any

from noodle_ray.core.vm.methods import register

_KINDS = (numbers.Complex, numbers.Integral, numbers.Number, numbers.Rational, numbers.Real)
for _kind in _KINDS:
    register(_kind)

MEMBERS: dict[str, Any] = {kind.__name__: kind for kind in _KINDS}
