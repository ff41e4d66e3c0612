"""The base64 module: CPython's own, paid for by length."""

import base64
from typing import Any

from noodle_ray.core.vm.modules.vetting import metered

_IN_C = (
    *("b16encode", "b64decode", "b64encode", "standard_b64decode", "standard_b64encode", "urlsafe_b64decode"),
    "urlsafe_b64encode",
)
_IN_PYTHON = (
    *("a85decode", "a85encode", "b16decode", "b32decode", "b32encode", "b32hexdecode", "b32hexencode", "b85decode"),
    *("b85encode", "decodebytes", "encodebytes"),
)

for _name in ("a85", "b32", "b32hex", "b85"):  # tables made on first use, which a limit could leave half made
    getattr(base64, f"{_name}decode")(getattr(base64, f"{_name}encode")(b"noodle"))

MEMBERS: dict[str, Any] = {name: metered(getattr(base64, name)) for name in _IN_C}
MEMBERS |= {name: metered(getattr(base64, name), 8) for name in _IN_PYTHON}
