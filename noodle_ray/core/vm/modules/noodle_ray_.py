"""What ``noodle_ray`` has for programs at run time: the type ``array``.

numpy is loaded with this file, with one thread: a worker can start no other, and runs share the machine.
"""

import os
from typing import Any, Final

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from noodle_ray.core.vm import native
from noodle_ray.core.vm.arrays import array
from noodle_ray.core.vm.arrays.array import wrap
from noodle_ray.core.vm.arrays.checks import DTYPES
from noodle_ray.core.vm.arrays.functions import ATTRIBUTES, METHODS, STATICS
from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.state import S

register(array, methods=METHODS, attributes=ATTRIBUTES, statics=STATICS)


def _kind(value: array) -> str | None:
    data = value._data
    return f"A{_KINDS[data.dtype.char]}{data.ndim}" if data.flags.c_contiguous and data.flags.aligned else None


def _zeros(rows: int, width: int) -> array | None:
    """For native code, which has paid for it; None if it can never fit."""
    return wrap(np.zeros(rows if width < 0 else (rows, width))) if rows * max(width, 1) * 8 <= S.memory else None


_KINDS: Final = {"d": "d", "f": "f", "l": "q", "?": "b"}
native.array_kinds[array] = _kind
native.array_objects = (array, np.ndarray, *(DTYPES[name] for name in ("float64", "float32", "int64", "bool")), _zeros)
MEMBERS: dict[str, Any] = {"array": array}
