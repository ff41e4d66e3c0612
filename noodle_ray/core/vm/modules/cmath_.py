"""The cmath module: CPython's own."""

import cmath
from typing import Any

from noodle_ray.core.vm.catalog import MODULES

MEMBERS: dict[str, Any] = {name: getattr(cmath, name) for name in MODULES["cmath"]}
