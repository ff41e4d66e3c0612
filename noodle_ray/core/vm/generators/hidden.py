"""What the compiler calls for ``await``, ``async`` and ``match``, by names that no program can spell."""

from typing import Any, Final

from noodle_ray.core.vm import matching
from noodle_ray.core.vm.generators import awaiting

HELPERS: Final[dict[str, Any]] = {**awaiting.HELPERS, **matching.HELPERS}
