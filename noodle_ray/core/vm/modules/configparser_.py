"""The configparser module over texts. There are no files; what a parser writes goes to what has a ``write``."""

import re
from collections.abc import Callable
from typing import Any, Final

from noodle_ray.core.vm.methods import attribute, register, register_setters
from noodle_ray.core.vm.modules.copies import own_copy
from noodle_ray.core.vm.modules.vetting import charge_value, finite, readers
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import call_of, dict_items, dict_keys, maker

configparser: Any = own_copy("configparser")
_WEIGHT: Final = 128
_SPACES: Final = re.compile(r"[^\S\n]{32,}")
"""What CPython's patterns for an option look at once for each of its characters."""
_ERRORS: Final = (
    *("DuplicateOptionError", "DuplicateSectionError", "Error", "InterpolationDepthError", "InterpolationError"),
    *("InterpolationMissingOptionError", "InterpolationSyntaxError", "MissingSectionHeaderError", "NoOptionError"),
    *("NoSectionError", "ParsingError"),
)
_DATA: Final = ("errors", "line", "lineno", "message", "option", "reference", "section", "source")


class _Sink:
    """What a parser writes to."""

    __slots__ = ("write",)

    def __init__(self, target: Any) -> None:
        self.write = attribute(target, "write")


def _pay_for_text(parser: Any, text: Any) -> None:
    if not isinstance(text, str):
        return
    text = str.__str__(text)
    charge_value(text, _WEIGHT)
    for spaces in _SPACES.findall(text):
        S.charge(len(spaces) ** 2 >> 1)
    signs = (parser._delimiters, parser._comment_prefixes, parser._inline_comment_prefixes)
    S.charge((48 * (text.count("\n") + 1) + len(text) // 4) * sum(map(len, signs)))


def _interpolating(kind: Any) -> None:
    """Have a way of interpolation pay for each value that it looks into."""
    look = kind._interpolate_some

    def paying(self: Any, parser: Any, option: Any, accum: Any, rest: Any, *place: Any) -> None:
        S.charge(160 * (1 + rest.count("%") + rest.count("$")) + (len(rest) >> 1))
        look(self, parser, option, accum, rest, *place)

    kind._interpolate_some = paying


_interpolating(configparser.BasicInterpolation)
_interpolating(configparser.ExtendedInterpolation)


def _read_string(self: Any, string: Any, source: Any = "<string>") -> None:
    S.charge(50)
    _pay_for_text(self, string)
    self.read_string(string, source)


def _read_file(self: Any, f: Any, source: Any = None) -> None:
    lines = [*finite(f)]
    for line in lines:
        S.charge(16)
        _pay_for_text(self, line)
    self.read_file(lines, "<???>" if source is None else source)


def _read_dict(self: Any, dictionary: Any, source: Any = "<dict>") -> None:
    S.charge(50 + 32 * sum(1 + len(dictionary[name]) for name in dictionary))
    self.read_dict(dictionary, source)


def _write(self: Any, fp: Any, space_around_delimiters: Any = True) -> None:
    self.write(_Sink(fp), space_around_delimiters)


def _paying(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method that looks up a value, and what is to be put into it."""

    def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        S.charge(24)
        return method(self, *args, **kwargs)

    call.__name__ = call.__qualname__ = method.__name__
    return call


def _maker(kind: Any) -> Callable[..., Any]:
    def make(defaults: Any = None, dict_type: Any = dict, **options: Any) -> Any:
        if options.get("converters"):
            raise TypeError("a parser has no converters of its own in Noodle: convert what get() gives")
        S.charge(100)
        for name in ("delimiters", "comment_prefixes", "inline_comment_prefixes"):
            if options.get(name) is not None:
                options[name] = tuple(finite(options[name]))
                for sign in options[name]:
                    S.charge(64)
                    charge_value(sign, 1024)
        return kind(defaults, maker(dict_type), **options)

    return make


_GETTERS: Final = ("get", "getboolean", "getfloat", "getint")
_PARSER: Final = (
    *("add_section", "clear", "defaults", "has_option", "has_section", "options", "optionxform", "pop", "popitem"),
    *("remove_option", "remove_section", "sections", "set", "setdefault", "update"),
)
_SECTION: Final = ("clear", "pop", "popitem", "setdefault", "update")


def _items(self: Any, /, *args: Any, **kwargs: Any) -> Any:
    S.charge(24 + 8 * len(self))
    if args or kwargs:
        return self.items(*args, **kwargs)
    return dict_items({key: self[key] for key in self})


def _keys(self: Any) -> Any:
    S.charge(24 + 2 * len(self))
    return dict_keys(dict.fromkeys(self))


def _values(self: Any) -> Any:
    S.charge(24 + 8 * len(self))
    return {key: self[key] for key in self}.values()


_VIEWS: Final = {"items": _items, "keys": _keys, "values": _values}


def _set_optionxform(parser: Any, function: Any) -> None:
    parser.optionxform = call_of(function)


_kind: Any
configparser.RawConfigParser.get = _paying(configparser.RawConfigParser.get)  # generated code may look it up itself
for _kind in (configparser.RawConfigParser, configparser.ConfigParser):
    register(
        _kind,
        methods={name: _paying(getattr(_kind, name)) for name in (*_PARSER, *_GETTERS[1:])}
        | {"get": configparser.RawConfigParser.get}
        | _VIEWS
        | {"read_dict": _read_dict, "read_file": _read_file, "read_string": _read_string, "write": _write},
        attributes=readers("default_section"),
        call=_maker(_kind),
    )
    register_setters(_kind, optionxform=_set_optionxform)
register(
    configparser.SectionProxy,
    methods={name: _paying(getattr(configparser.SectionProxy, name)) for name in _SECTION} | _VIEWS,
    attributes=readers("name", "parser"),
)


def _section_get(
    self: Any, option: Any, fallback: Any = None, *, raw: Any = False, vars: Any = None, **others: Any
) -> Any:
    if others:
        raise TypeError(f"get() got an unexpected keyword argument {next(iter(others))!r}")
    S.charge(24)
    return self.parser.get(self.name, option, raw=raw, vars=vars, fallback=fallback)


def _section_getter(name: str) -> Callable[..., Any]:
    def get(self: Any, option: Any, fallback: Any = None, **options: Any) -> Any:
        S.charge(24)
        return getattr(self.parser, name)(self.name, option, fallback=fallback, **options)

    get.__name__ = get.__qualname__ = name
    return get


register(configparser.SectionProxy, methods={name: _section_getter(name) for name in _GETTERS[1:]})
configparser.SectionProxy.get = _section_get  # which generated code may look up itself
register(configparser.SectionProxy, methods={"get": _section_get})
for _kind in (configparser.BasicInterpolation, configparser.ExtendedInterpolation, configparser.Interpolation):
    register(_kind)
for _name in _ERRORS:
    _error = getattr(configparser, _name)
    register(_error, attributes=readers(*_DATA))

MEMBERS: dict[str, Any] = {name: getattr(configparser, name) for name in _ERRORS}
MEMBERS |= {
    name: getattr(configparser, name)
    for name in (
        *("BasicInterpolation", "ConfigParser", "DEFAULTSECT", "ExtendedInterpolation", "Interpolation"),
        *("MAX_INTERPOLATION_DEPTH", "RawConfigParser", "SectionProxy"),
    )
}
