"""What the checker knows of arrays: their names, without the numpy that the class itself needs."""

from typing import Final

from noodle_ray.core.types.model import ANY, Inst, Type, members

NAMES: Final = frozenset(
    {"T", "abs", "all", "any", "arange", "argmax", "argmin", "argsort", "astype", "clip", "concatenate", "copy",
     "cosine", "cumsum", "dot", "dtype", "exp", "flatten", "full", "linspace", "log", "max", "mean", "min", "ndim",
     "norm", "ones", "prod", "reshape", "round", "shape", "size", "softmax", "sort", "sqrt", "stack", "std", "sum",
     "tolist", "top_k", "zeros"}
)  # fmt: skip
"""Attributes and methods of arrays and of their class."""
Array: Final = type("array", (), dict.fromkeys(NAMES))
"""Stands for the class ``array``."""
_VECTOR: Final = Inst(Array, elem=Inst(float))


def answered(task: str, args: list[Type]) -> Type:
    """What a model of this task gives for these arguments, as far as that is known."""
    if task != "embedding" or len(args) != 1:
        return ANY
    given = {one.kind if isinstance(one, Inst) else None for one in members(args[0])}
    if given == {str}:
        return _VECTOR
    return Inst(list, elem=_VECTOR) if given and given <= {list, tuple} else ANY


def lacks(kind: Type, name: str) -> bool:
    """Whether a value is surely an array, which has no attribute of this name."""
    return isinstance(kind, Inst) and kind.kind is Array and name not in NAMES and not name.startswith("__")
