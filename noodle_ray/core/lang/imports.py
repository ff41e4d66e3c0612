"""What a program can import, and what the imported names mean."""

from noodle_ray.core.lang.hints import MODULE_HINTS, did_you_mean
from noodle_ray.core.lang.scopes import Meaning
from noodle_ray.core.vm.names import MODULES, TOOL
from noodle_ray.light import Final

NOODLE_MEMBERS: Final = ("ModelError", "model", "program", "tool")
"""What ``noodle_ray`` has for programs."""
PACKAGES: Final = frozenset(name.rpartition(".")[0] for name in MODULES if "." in name) - MODULES.keys()
"""Names that modules begin with and that are no modules for programs themselves, such as ``urllib``."""
_ANNOTATIONS: Final = frozenset({"__future__", "collections.abc", "types", "typing", "typing_extensions"})
"""Modules of which every member can be imported, to be named in annotations."""


def module_meaning(name: str) -> Meaning | None:
    """What ``import name`` gives, or None if programs have no such module."""
    if name == "noodle_ray":
        return ("noodle", None)
    if name in MODULES:
        return ("module", name)
    if name in PACKAGES:
        return ("package", name)
    return ("typing", name) if name in _ANNOTATIONS else None


def bound_meaning(name: str, asname: str | None) -> Meaning | None:
    """What the name that ``import name as asname`` binds stands for: of ``import a.b`` that is ``a``."""
    meaning = module_meaning(name)
    if meaning is None or asname is not None or "." not in name:
        return meaning
    first = name.partition(".")[0]
    return module_meaning(first) or ("package", first)


def member_meaning(module: str, name: str) -> Meaning | None:
    """What ``from module import name`` gives, or None if there is no such member."""
    if name in MODULES.get(module, ()):
        return ("builtin", f"{module}.{name}")
    if f"{module}.{name}" in MODULES:
        return ("module", f"{module}.{name}")
    if module in _ANNOTATIONS:
        return ("typing", name)
    if module == "noodle_ray":
        if name == "ModelError":
            return ("builtin", name)
        return ("api", name) if name in NOODLE_MEMBERS else None
    return None


def submodule(meaning: Meaning, name: str) -> Meaning | None:
    """What ``a.name`` is if ``a`` is a module or package and ``a.name`` one as well."""
    kind, module = meaning
    if kind not in ("module", "package", "typing"):
        return None
    found = module_meaning(f"{module}.{name}")
    return None if found is not None and found[0] == "typing" and kind == "typing" else found


def missing_module_hint(name: str) -> str:
    """What to do instead of importing a module that programs do not have."""
    first = name.partition(".")[0]
    known = MODULE_HINTS.get(name) or MODULE_HINTS.get(first)
    if known:
        return known
    return did_you_mean(name, {*MODULES, "noodle_ray"}) or "programs use models and the modules of docs/language.md"


def model_name_fits(name: str) -> bool:
    """The pattern ``[a-z0-9][a-z0-9._/@:-]{0,199}`` in either case, without loading ``re``; and it is no tool's."""
    rest = set(name.lower()) - set("abcdefghijklmnopqrstuvwxyz0123456789._/@:-")
    return not rest and 0 < len(name) <= 200 and name[0] not in "._/@:-" and not name.startswith(TOOL)


def value_named(kind: str, name: str) -> Meaning | None:
    """What ``model(name)`` or ``tool(name)`` is, by which of the two it is; None if that cannot be its name."""
    if kind == "tool":
        return ("tool", TOOL + name) if model_name_fits(name) and len(name) <= 200 - len(TOOL) else None
    return ("model", name) if model_name_fits(name) else None
