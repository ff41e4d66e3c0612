"""``array``: contiguous numbers in one or two dimensions, computed on at C's speed.

numpy does the work and is loaded with this package, so nothing imports it before a program does. Programs reach an
array through Python's operators and through the tables that ``core.vm.modules.noodle_ray_`` registers, never numpy
itself: results are arrays of four dtypes, or plain bool, int and float.
"""

from noodle_ray.core.vm.arrays.array import array, raw
from noodle_ray.core.vm.arrays.functions import METHODS as _METHODS  # noqa: F401 (gives the class its methods)
from noodle_ray.core.vm.values import FOREIGN, Foreign

FOREIGN[array] = Foreign(copy=array, listed=array.tolist, raw=raw)

__all__ = ["array"]
