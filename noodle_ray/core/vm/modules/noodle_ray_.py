"""What ``noodle_ray`` has for programs at run time: the type ``array``, and what they wait for beside models.

numpy is loaded with this file, with one thread: a worker can start no other, and runs share the machine.
"""

import os
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from noodle_ray.core.vm.arrays import array
from noodle_ray.core.vm.arrays.functions import ATTRIBUTES, METHODS, STATICS
from noodle_ray.core.vm.arrays.machine import introduce
from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.waiting import run_program, sleep, wait_for_signal

register(array, methods=METHODS, attributes=ATTRIBUTES, statics=STATICS)
introduce()
MEMBERS: dict[str, Any] = {
    "array": array,
    "run_program": run_program,
    "sleep": sleep,
    "wait_for_signal": wait_for_signal,
}
