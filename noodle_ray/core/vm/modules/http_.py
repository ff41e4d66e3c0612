"""The http module: status codes and methods by their names. There is no network."""

import http
from typing import Any

from noodle_ray.core.vm.classes.kinds import hosted
from noodle_ray.core.vm.modules.enum_ import MEMBERS as ENUM
from noodle_ray.core.vm.names import mark


def _like(kind: Any, base: str, *attributes: str) -> Any:
    """One of CPython's enumerations as programs' are."""
    made = hosted(ENUM[base](kind.__name__, {member.name: member.value for member in kind}))
    type.__setattr__(made, "__module__", "http")
    for member in kind:
        for name in attributes:
            object.__setattr__(getattr(made, mark(member.name)), mark(name), getattr(member, name))
    return made


MEMBERS: dict[str, Any] = {
    "HTTPMethod": _like(http.HTTPMethod, "StrEnum", "description"),
    "HTTPStatus": _like(http.HTTPStatus, "IntEnum", "description", "phrase"),
}
