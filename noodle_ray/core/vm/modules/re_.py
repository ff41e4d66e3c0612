"""The re module: CPython's engine, which looks for signals while it matches, so that a deadline ends any pattern."""

import re
from collections.abc import Callable
from functools import wraps
from types import MappingProxyType
from typing import Any

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.vetting import charge_value, methods, readers, size_of
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import call_of, dict_items, dict_keys


def _charge_pattern(pattern: object) -> None:
    """Charge for compiling, whether or not the pattern is in CPython's cache, which earlier runs have filled."""
    if isinstance(pattern, str | bytes):
        S.charge(16 + (size_of(pattern) << 2))


def _quiet(flags: Any) -> Any:
    """Flags without DEBUG, which prints to the host."""
    return flags & ~re.DEBUG if isinstance(flags, int) else flags


def _function(function: Callable[..., Any], flags_at: int) -> Callable[..., Any]:
    """A function of the module whose arguments are a pattern, then perhaps a replacement, and a text."""
    replaces = function in (re.sub, re.subn)

    @wraps(function, ("__name__", "__qualname__"), ())
    def vetted(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 2 and not kwargs and not replaces and type(args[0]) is type(args[1]) is str:
            size = len(args[1])
            S.charge(16 + (len(args[0]) << 2) + (size >> 3 if size > 63 else 0))
            return function(*args)
        for value in args[:1]:
            _charge_pattern(value)
        for value in (*args[1:3], *kwargs.values()):
            charge_value(value, 2)
        if len(args) > flags_at:
            args = (*args[:flags_at], _quiet(args[flags_at]), *args[flags_at + 1 :])
        if "flags" in kwargs:
            kwargs["flags"] = _quiet(kwargs["flags"])
        if replaces and len(args) > 1:
            args = (args[0], call_of(args[1]), *args[2:])
        return function(*args, **kwargs)

    del vetted.__wrapped__
    return vetted


def _search(name: str) -> Callable[..., Any]:
    """A method of patterns whose first argument is the text."""
    method = getattr(re.Pattern, name)

    def search(self: "re.Pattern[Any]", /, *args: Any, **kwargs: Any) -> Any:
        if kwargs:
            for value in kwargs.values():
                charge_value(value, 2)
            return method(self, *args, **kwargs)
        if args:
            text = args[0]
            if type(text) is not str or len(text) > 63:
                charge_value(text, 2)
        return method(self, *args)

    search.__name__ = search.__qualname__ = name
    return search


def _replace(name: str) -> Callable[..., Any]:
    """A method of patterns whose arguments are what to put in, and the text."""
    method = getattr(re.Pattern, name)

    def replace(self: "re.Pattern[Any]", /, *args: Any, **kwargs: Any) -> Any:
        for value in (*args[:2], *kwargs.values()):
            charge_value(value, 2)
        if args:
            args = (call_of(args[0]), *args[1:])
        return method(self, *args, **kwargs)

    replace.__name__ = replace.__qualname__ = name
    return replace


def purge() -> None:
    """re.purge: the cache is not the program's."""


register(
    re.Pattern,
    methods={name: _search(name) for name in ("findall", "finditer", "fullmatch", "match", "search", "split")}
    | {name: _replace(name) for name in ("sub", "subn")},
    attributes={
        **readers("flags", "groups", "pattern"),
        "groupindex": lambda pattern: MappingProxyType({**pattern.groupindex}),  # whose dict a comparison gets to see
    },
)
register(
    re.Match,
    methods=methods(re.Match, "end expand group groupdict groups span start"),
    attributes=readers("endpos", "lastgroup", "lastindex", "pos", "re", "regs", "string"),
)
register(re.error, attributes=readers("colno", "lineno", "msg", "pattern", "pos"))
register(re.RegexFlag, attributes=readers("name", "value"))
register(
    MappingProxyType,
    methods={
        "copy": lambda self: dict(self),
        "get": MappingProxyType.get,
        "items": lambda self: dict_items(dict(self)),
        "keys": lambda self: dict_keys(dict(self)),
        "values": lambda self: dict(self).values(),
    },
)

MEMBERS: dict[str, Any] = {
    "compile": _function(re.compile, 1),
    "error": re.error,
    "escape": _function(re.escape, 9),
    "Match": re.Match,
    "Pattern": re.Pattern,
    "purge": purge,
}
MEMBERS |= {
    name: getattr(re, name)
    for name in (
        *("A", "ASCII", "DOTALL", "I", "IGNORECASE", "L", "LOCALE", "M", "MULTILINE", "NOFLAG", "S"),
        *("U", "UNICODE", "VERBOSE", "X"),
    )
}
MEMBERS |= {
    name: _function(getattr(re, name), flags_at)
    for name, flags_at in (
        *(("findall", 2), ("finditer", 2), ("fullmatch", 2), ("match", 2), ("search", 2)),
        *(("split", 3), ("sub", 4), ("subn", 4)),
    )
}
