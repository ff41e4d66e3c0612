"""The configparser module over texts. There are no files; what a parser writes goes to what has a ``write``."""

import configparser
from collections.abc import Callable
from typing import Any, Final

from noodle_ray.core.vm.methods import attribute, register, register_setters
from noodle_ray.core.vm.modules.vetting import charge_value, finite, readers
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import call_of, dict_items, dict_keys

_WEIGHT: Final = 128
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


def _read_string(self: Any, string: Any, source: Any = "<string>") -> None:
    S.charge(50)
    charge_value(string, _WEIGHT)
    self.read_string(string, source)


def _read_file(self: Any, f: Any, source: Any = None) -> None:
    lines = [*finite(f)]
    for line in lines:
        S.charge(16)
        charge_value(line, _WEIGHT)
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
        return kind(defaults, dict_type if dict_type is dict else call_of(dict_type), **options)

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
for _kind in (configparser.RawConfigParser, configparser.ConfigParser):
    register(
        _kind,
        methods={name: _paying(getattr(_kind, name)) for name in (*_PARSER, *_GETTERS[1:])}
        | {"get": _kind.get}
        | _VIEWS
        | {"read_dict": _read_dict, "read_file": _read_file, "read_string": _read_string, "write": _write},
        attributes=readers("default_section"),
        call=_maker(_kind),
    )
    register_setters(_kind, optionxform=_set_optionxform)
register(
    configparser.SectionProxy,
    methods={name: _paying(getattr(configparser.SectionProxy, name)) for name in _SECTION}
    | {"get": configparser.SectionProxy.get}
    | _VIEWS,
    attributes=readers("name", "parser"),
)


def _section_getter(name: str) -> Callable[..., Any]:
    def get(self: Any, option: Any, fallback: Any = None, **options: Any) -> Any:
        S.charge(24)
        return getattr(self, name)(option, fallback=fallback, **options)

    get.__name__ = get.__qualname__ = name
    return get


register(configparser.SectionProxy, methods={name: _section_getter(name) for name in _GETTERS[1:]})
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
