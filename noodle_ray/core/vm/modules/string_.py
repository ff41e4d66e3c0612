"""The string module: constants, capwords, Template, and a Formatter whose fields read what a program may."""

import string
from _string import formatter_field_name_split, formatter_parser  # type: ignore[import-not-found]
from collections.abc import Mapping
from typing import Any

from noodle_ray.core.vm.classes.kinds import ProgramType, hosted
from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.vetting import charge_value, metered, readers
from noodle_ray.core.vm.names import mark
from noodle_ray.core.vm.sets import add
from noodle_ray.core.vm.sets import set as ordered
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.strings import CONVERSIONS, charged, field_attribute, to_format, to_str

Template = string.Template


class _Texts:
    """A mapping whose values are texts without addresses."""

    __slots__ = ("_first", "_second")

    def __init__(self, first: Mapping[Any, Any], second: Any) -> None:
        self._first = first
        self._second = second

    def __getitem__(self, name: str) -> str:
        if name in self._first:
            return to_str(self._first[name])
        return to_str(self._second[name])


def _substituting(name: str) -> Any:
    method = getattr(Template, name)

    def substitute(self: Template, /, *args: Any, **kws: Any) -> str:
        charge_value(self.template, 8)
        if len(args) > 1:
            return str(method(self, *args, **kws))
        text: str = method(self, _Texts(kws, args[0] if args else {}))
        charge_value(text)
        return text

    substitute.__name__ = substitute.__qualname__ = name
    return substitute


def _own(self: Any, name: str) -> Any:
    return getattr(self, mark(name))


def _fields(self: Any, text: Any, args: Any, kwargs: Any, used: Any, depth: int, auto: Any) -> tuple[str, Any]:
    """As CPython's ``_vformat``."""
    if depth < 0:
        raise ValueError("Max string recursion exceeded")
    parts: list[str] = []
    for literal, name, spec, conversion in _own(self, "parse")(text):
        if literal:
            parts.append(literal)
        if name is None:
            continue
        S.charge(16)
        if name == "":
            if auto is False:
                raise ValueError("cannot switch from manual field specification to automatic field numbering")
            name, auto = str(auto), auto + 1
        elif name.isdigit():
            if auto:
                raise ValueError("cannot switch from manual field specification to automatic field numbering")
            auto = False
        value, key = _own(self, "get_field")(name, args, kwargs)
        add(used, key)
        value = _own(self, "convert_field")(value, conversion)
        spec, auto = _fields(self, spec, args, kwargs, used, depth - 1, auto)
        parts.append(_own(self, "format_field")(value, spec))
    return charged("".join(parts)), auto


def _vformat(self: Any, format_string: Any, args: Any, kwargs: Any) -> str:
    used: Any = ordered()
    text, _ = _fields(self, format_string, args, kwargs, used, 2, 0)
    _own(self, "check_unused_args")(used, args, kwargs)
    return text


def _parse(self: Any, format_string: Any) -> Any:
    charge_value(format_string, 4)
    return iter([*formatter_parser(str.__str__(format_string))])


def _get_field(self: Any, field_name: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
    first, rest = formatter_field_name_split(str.__str__(field_name))
    value = _own(self, "get_value")(first, args, kwargs)
    for is_attribute, key in rest:
        value = field_attribute(value, key) if is_attribute else value[key]
    return value, first


def _convert_field(self: Any, value: Any, conversion: Any) -> Any:
    if conversion not in CONVERSIONS:
        raise ValueError(f"Unknown conversion specifier {conversion!s}")
    return CONVERSIONS[conversion](value)


_FORMATTER: dict[str, Any] = {
    "check_unused_args": lambda self, used_args, args, kwargs: None,
    "convert_field": _convert_field,
    "format": lambda self, format_string, /, *args, **kwargs: _own(self, "vformat")(format_string, args, kwargs),
    "format_field": lambda self, value, format_spec: to_format(value, format_spec),
    "get_field": _get_field,
    "get_value": lambda self, key, args, kwargs: args[key] if isinstance(key, int) else kwargs[key],
    "parse": _parse,
    "vformat": _vformat,
}
Formatter = hosted(
    ProgramType("Formatter", (), {"__module__": "string", **{mark(key): each for key, each in _FORMATTER.items()}})
)

register(
    Template,
    methods={
        "get_identifiers": Template.get_identifiers,
        "is_valid": Template.is_valid,
        "safe_substitute": _substituting("safe_substitute"),
        "substitute": _substituting("substitute"),
    },
    attributes=readers("template"),
)

MEMBERS: dict[str, Any] = {
    name: getattr(string, name)
    for name in (
        *("ascii_letters", "ascii_lowercase", "ascii_uppercase", "digits", "hexdigits", "octdigits", "printable"),
        *("punctuation", "whitespace"),
    )
}
MEMBERS |= {"Formatter": Formatter, "Template": Template, "capwords": metered(string.capwords, 2)}
