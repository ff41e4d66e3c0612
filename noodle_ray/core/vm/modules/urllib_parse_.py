"""The urllib.parse module: taking addresses apart and putting them together. Nothing is fetched."""

import urllib.parse as parse
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.vetting import charge_value, methods, readers
from noodle_ray.core.vm.sets import AnySet
from noodle_ray.core.vm.strings import check_encoding, to_str

_TEXTS: Final = (str, bytes, int, float, bool, type(None))


def _vetted(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, paying for length, with the encodings that Noodle has."""

    @wraps(function, ("__name__", "__qualname__"), ())
    def vetted(*args: Any, **kwargs: Any) -> Any:
        for value in args:
            charge_value(value, 16)
        if kwargs.get("encoding") is not None:
            check_encoding(kwargs["encoding"])
        return function(*args, **kwargs)

    del vetted.__wrapped__
    return vetted


def _value(value: Any, doseq: Any) -> Any:
    """A query's value; what is neither text nor number nor a sequence becomes text without addresses here."""
    if isinstance(value, _TEXTS):
        return value
    if doseq and isinstance(value, list | tuple | dict | AnySet):
        return [_value(item, False) for item in value]
    return to_str(value) if not doseq or not hasattr(type(value), "__len__") else value


def urlencode(
    query: Any, doseq: Any = False, safe: Any = "", encoding: Any = None, errors: Any = None, **via: Any
) -> str:
    """urllib.parse.urlencode."""
    if encoding is not None:
        check_encoding(encoding)
    charge_value(query, 64)
    pairs = query.items() if isinstance(query, dict) and not isinstance(query, AnySet) else query
    if isinstance(pairs, list | tuple) or pairs is not query:
        query = [
            (_value(pair[0], False), _value(pair[1], doseq))
            if isinstance(pair, tuple | list) and len(pair) == 2
            else pair
            for pair in pairs
        ]
    text: str = parse.urlencode(query, doseq, safe, encoding, errors, **via)
    charge_value(text, 8)
    return text


_PARTS: Final = {
    parse.DefragResult: ("fragment", "url"),
    parse.DefragResultBytes: ("fragment", "url"),
    parse.ParseResult: ("fragment", "netloc", "params", "path", "query", "scheme"),
    parse.ParseResultBytes: ("fragment", "netloc", "params", "path", "query", "scheme"),
    parse.SplitResult: ("fragment", "netloc", "path", "query", "scheme"),
    parse.SplitResultBytes: ("fragment", "netloc", "path", "query", "scheme"),
}
_NETLOC: Final = ("hostname", "password", "port", "username")
for _kind, _parts in _PARTS.items():
    register(
        _kind,
        methods=methods(_kind, "_asdict _replace count geturl index"),
        attributes=readers(*_parts, *(_NETLOC if "netloc" in _parts else ()), "_fields"),
    )

MEMBERS: dict[str, Any] = {kind.__name__: kind for kind in _PARTS}
MEMBERS |= {
    name: _vetted(getattr(parse, name))
    for name in (
        *("parse_qs", "parse_qsl", "quote", "quote_from_bytes", "quote_plus", "unquote", "unquote_plus"),
        *("unquote_to_bytes", "urldefrag", "urljoin", "urlparse", "urlsplit", "urlunparse", "urlunsplit"),
    )
}
MEMBERS["urlencode"] = urlencode
