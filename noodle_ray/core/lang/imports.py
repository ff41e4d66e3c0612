"""What a program can import, and what the imported names mean."""

from typing import Final

from noodle_ray.core.lang.scopes import Meaning
from noodle_ray.core.vm.names import MODULES

NOODLE_MEMBERS: Final = ("ModelError", "model", "program")
"""What ``noodle_ray`` has for programs."""


def module_meaning(name: str) -> Meaning | None:
    """What ``import name`` gives, or None if programs have no such module."""
    if name in MODULES:
        return ("module", name)
    if name == "noodle_ray":
        return ("noodle", None)
    return ("typing", name) if name in ("typing", "collections.abc", "__future__") else None


def member_meaning(module: str, name: str) -> Meaning | None:
    """What ``from module import name`` gives, or None if there is no such member."""
    if module in MODULES:
        return ("builtin", f"{module}.{name}") if name in MODULES[module] else None
    if module == "noodle_ray":
        if name == "ModelError":
            return ("builtin", name)
        return ("api", name) if name in NOODLE_MEMBERS else None
    return ("typing", name)


def model_name_fits(name: str) -> bool:
    """The pattern ``[a-z0-9][a-z0-9._/@:-]{0,199}`` in either case, without loading ``re``."""
    rest = set(name.lower()) - set("abcdefghijklmnopqrstuvwxyz0123456789._/@:-")
    return not rest and 0 < len(name) <= 200 and name[0] not in "._/@:-"
