"""The html module: CPython's own, paid for as the Python code that it is."""

import html
from typing import Any

from noodle_ray.core.vm.modules.vetting import metered

MEMBERS: dict[str, Any] = {"escape": metered(html.escape, 4), "unescape": metered(html.unescape, 16)}
