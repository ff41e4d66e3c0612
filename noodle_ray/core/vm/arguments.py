"""Checks the arguments of a run against the entry function's parameters and annotations."""

from noodle_ray.core.nbc.module import Function, Param
from noodle_ray.core.vm.sets import AnySet, frozenset, set
from noodle_ray.errors import RunError
from noodle_ray.light import Any

_CLASSES: dict[str, tuple[type, ...]] = {
    "int": (int,), "float": (float, int), "str": (str,), "bool": (bool,), "bytes": (bytes,), "None": (type(None),),
    "list": (list,), "dict": (dict,), "tuple": (tuple, list), "set": (set, list), "frozenset": (frozenset, list),
}  # fmt: skip
_TYPING = {"List": "list", "Dict": "dict", "Tuple": "tuple", "Set": "set", "FrozenSet": "frozenset"}
_CONTAINERS = {"tuple": tuple, "set": set, "frozenset": frozenset}

Kind = tuple[str, tuple["Kind", ...]]
"""A parsed annotation: a name with its parameters; '|' for unions; '' for what is not checked."""
_UNCHECKED: Kind = ("", ())


class _Nothing:
    """A class without instances."""


def check(function: Function, args: list[Any], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments to call with; JSON's lists become the tuples and sets that annotations ask for.

    Raises RunError E0502 if one is missing, is one too many or does not fit its annotation.
    """
    params = function.params
    positional = [p for p in params if p.kind in ("pos_only", "pos")]
    star = next((p for p in params if p.kind == "var"), None)
    if len(args) > len(positional) and star is None:
        raise _bad(function, f"takes {len(positional)} positional argument(s), got {len(args)}")
    checked = [_fit(function, param, value) for param, value in zip(positional, args, strict=False)]
    if star is not None:
        checked += [_fit(function, star, value) for value in args[len(positional) :]]
    by_name = {p.name: p for p in params if p.kind in ("pos", "kw_only")}
    extra = next((p for p in params if p.kind == "var_kw"), None)
    named: dict[str, Any] = {}
    for name, value in kwargs.items():
        param = by_name.get(name, extra)
        if param is None:
            raise _bad(function, f"has no parameter '{name}'")
        if param in positional[: len(args)]:
            raise _bad(function, f"got two values for '{name}'")
        named[name] = _fit(function, param, value)
    for position, param in enumerate(positional):
        if position >= len(args) and param.name not in named and not param.default:
            raise _bad(function, f"needs a value for '{param.name}'")
    for param in params:
        if param.kind == "kw_only" and param.name not in named and not param.default:
            raise _bad(function, f"needs a value for '{param.name}'")
    return checked, named


def _bad(function: Function, what: str) -> RunError:
    return RunError(f"{function.name} {what}", code="NOODLE-E0502")


def _fit(function: Function, param: Param, value: Any) -> Any:
    if not param.annotation:
        return value
    try:
        return fit(parse(param.annotation), value)
    except TypeError:
        name = type(value).__name__
        raise _bad(function, f"expects '{param.name}' to be {param.annotation}, got {name}") from None


def parse(annotation: str) -> Kind:
    """An annotation's source text as a Kind; what is not understood is not checked."""
    text = annotation.strip()
    if len(text) > 1000:
        return _UNCHECKED
    if text[:1] in "'\"" and text[:1] == text[-1:] and len(text) > 1:
        return parse(text[1:-1])
    parts = _split(text, "|")
    if len(parts) > 1:
        return "|", tuple(map(parse, parts))
    name, bracket, inside = text.partition("[")
    name = name.strip().rpartition(".")[2]
    name = _TYPING.get(name, name)
    arguments = tuple(map(parse, _split(inside.rstrip()[:-1], ","))) if bracket and inside.rstrip()[-1:] == "]" else ()
    if name == "Optional" and len(arguments) == 1:
        return "|", (*arguments, ("None", ()))
    if name == "Union":
        return "|", arguments
    return (name, arguments) if name in _CLASSES else _UNCHECKED


def _split(text: str, separator: str) -> list[str]:
    """Split where brackets are closed."""
    parts, depth, start = [], 0, 0
    for position, char in enumerate(text):
        depth += (char == "[") - (char == "]")
        if char == separator and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]


def fit(kind: Kind, value: Any) -> Any:
    """The value, if it is of the kind; a list where a tuple or set is wanted is converted. Raises TypeError."""
    name, inner = kind
    if not name:
        return value
    if name == "|":
        for choice in inner:
            try:
                return fit(choice, value)
            except TypeError:
                continue
        raise TypeError
    if isinstance(value, AnySet if name == "dict" else bool if name in ("int", "float") else _Nothing):
        raise TypeError
    if not isinstance(value, _CLASSES[name]):
        raise TypeError
    return _fit_inside(name, inner, value)


def _fit_inside(name: str, inner: "tuple[Kind, ...]", value: Any) -> Any:
    if name == "dict":
        return {fit(inner[0], k): fit(inner[1], v) for k, v in value.items()} if len(inner) == 2 else value
    if name == "tuple" and inner and not (len(inner) == 2 and inner[1] == _UNCHECKED):
        if len(inner) != len(value):
            raise TypeError
        return tuple([fit(each, item) for each, item in zip(inner, value, strict=True)])
    if name in ("list", "tuple", "set", "frozenset"):
        items = [fit(inner[0], item) for item in value] if inner else value
        return _CONTAINERS.get(name, list)(items)
    return value
