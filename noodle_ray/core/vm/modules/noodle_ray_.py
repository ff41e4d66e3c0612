"""What ``noodle_ray`` has for programs at run time: the type ``array``.

numpy is loaded with this file, with one thread: a worker can start no other, and runs share the machine.
"""

import os
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from noodle_ray.core.vm.arrays import array
from noodle_ray.core.vm.arrays.functions import ATTRIBUTES, METHODS, STATICS
from noodle_ray.core.vm.arrays.machine import introduce
from noodle_ray.core.vm.methods import register

register(array, methods=METHODS, attributes=ATTRIBUTES, statics=STATICS)
introduce()
MEMBERS: dict[str, Any] = {"array": array}
