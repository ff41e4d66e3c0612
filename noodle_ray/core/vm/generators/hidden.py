"""What the compiler calls for ``await``, ``async`` and ``match``, by names that no program can spell."""

from noodle_ray.core.vm import matching
from noodle_ray.core.vm.generators import awaiting
from noodle_ray.light import Any, Final

HELPERS: Final[dict[str, Any]] = {**awaiting.HELPERS, **matching.HELPERS}
