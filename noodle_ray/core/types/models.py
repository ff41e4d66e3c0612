"""What models take: by task where it is known, else what no model takes."""

from noodle_ray.core.types.arrays import Array
from noodle_ray.core.types.model import (
    BuiltinT,
    ClassT,
    FunctionT,
    Inst,
    InstanceT,
    MethodT,
    ModelT,
    ModuleT,
    Type,
    members,
    show,
)  # fmt: skip

_TEXT_TASKS = ("embedding", "classification", "token-classification")
_NO_DATA = (FunctionT, ClassT, MethodT, ModelT, ModuleT, BuiltinT, InstanceT)


def problem(name: str, task: str, args: list[Type], named: dict[str, Type]) -> str:
    """Why the model surely refuses a call, or ''."""
    for kind in (*args, *named.values()):
        odd = [one for one in members(kind) if isinstance(one, _NO_DATA)]
        if odd and len(odd) == len(members(kind)):
            return f"a model takes data, not a {show(odd[0])}"
    if task in _TEXT_TASKS:
        if named:
            return f"the model '{name}' takes no keyword arguments, but got '{min(named)}'"
        if len(args) != 1:
            return f"the model '{name}' takes one text or one list of texts, but got {len(args)} arguments"
    elif task == "generation":
        if len(args) != 1:
            return f"the model '{name}' takes one text, but got {len(args)} arguments"
    else:
        return ""
    for one in members(args[0]) if args else ():
        text = _input(one, task)
        if not text:
            return ""
    return f"the model '{name}' takes {text}, not {show(args[0])}" if args else ""


def _input(kind: Type, task: str) -> str:
    """What the model wants instead of this, or ''."""
    if not isinstance(kind, Inst):
        return ""
    if task == "generation":
        return "a text" if kind.kind in (int, float, bool, type(None), set, bytes, dict, Array) else ""
    if kind.kind in (list, tuple):
        bad = any(isinstance(one, Inst) and one.kind is not str for one in kind.items or ())
        return "a list of texts" if bad else ""
    return "" if kind.kind is str else "a text or a list of texts" if kind.kind in (
        int, float, bool, type(None), dict, set, frozenset, bytes, Array) else ""  # fmt: skip
