"""Text helpers: reprs without addresses, and `str` methods that are metered or replaced by safe ones."""

from _string import formatter_field_name_split, formatter_parser  # type: ignore[import-not-found]
from builtins import ascii as _ascii
from builtins import format as _format
from builtins import repr as _repr
from builtins import str as _str

from noodle_ray.core.vm.state import S
from noodle_ray.light import Any, Callable, Final, Iterator, Mapping, import_module, lru_cache

_NOTHING: Final = object()
_join, _replace = _str.join, _str.replace
_PLAIN: Final = frozenset({int, float, bool, type(None)})
_PLAIN_TEXT: Final = _PLAIN | {_str}
_HEX: Final = frozenset("0123456789abcdef")
ENCODINGS: Final = frozenset(
    {
        "utf-8",
        "utf8",
        "ascii",
        "us-ascii",
        "latin-1",
        "latin1",
        "iso-8859-1",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "utf-32-le",
        "utf-32-be",
        "utf-8-sig",
        "unicode-escape",
        "raw-unicode-escape",
    }
)
"""Encodings offered; others would load code."""
CODECS: Final = {
    name: f"encodings.{name.replace('-', '_')}"
    for name in ENCODINGS
    if name[-3:] in ("-le", "-be", "sig") or name[-6:] == "escape"
}
"""The modules of those encodings that are not built in."""


def charged(text: Any) -> Any:
    """The text itself, after charging for its length."""
    length = len(text) if type(text) is _str else _length(text)
    if length > 63:
        S.charge(length >> 4)
    return text


def _length(value: Any) -> int:
    """How long a value is, whatever its class says."""
    kinds: tuple[Any, ...] = (_str, bytes, bytearray, list)
    return next(int(kind.__len__(value)) for kind in kinds if isinstance(value, kind))


def without_addresses(text: str) -> str:
    """Remove `` at 0x7f…`` from ``<function f at 0x7f…>``: addresses differ between runs and tell of the host."""
    if type(text) is not _str or " at 0x" not in text:  # text of a program's class has been cleaned, and may lie
        return text
    head, *tails = text.split(" at 0x")
    out = [head]
    for tail in tails:
        digits = 0
        while digits < len(tail) and tail[digits] in _HEX:
            digits += 1
        inside = out[-1].replace("<lambda>", "").replace("<locals>", "").rpartition("<")
        unclosed = inside[1] and ">" not in inside[2]
        if digits > 5 and tail[digits : digits + 1] == ">" and unclosed:
            out.append(tail[digits:])
        else:
            out.append(" at 0x" + tail)
    return "".join(out)


def to_repr(value: object, /) -> str:
    """repr()."""
    if type(value) in _PLAIN:
        return _repr(value)
    return charged(_repr_of(value))  # type: ignore[no-any-return]


def _repr_of(value: object) -> str:
    text = _repr(value)
    return text if type(value) is _str else without_addresses(text)


def to_ascii(value: object, /) -> str:
    """ascii()."""
    return charged(_ascii_of(value))  # type: ignore[no-any-return]


def _ascii_of(value: object) -> str:
    text = _ascii(value)
    return text if type(value) is _str else without_addresses(text)


def to_str(value: Any = "", /) -> str:
    """str() as a call with at most one argument."""
    kind = type(value)
    if kind is _str or kind in _PLAIN:
        return _str(value)
    return charged(_str_of(value))  # type: ignore[no-any-return]


def _str_of(value: object) -> str:
    return value if type(value) is _str else without_addresses(_str(value))


class _Converters(dict[type, Callable[[Any], str]]):
    """By the type of a value, what str() of it runs."""

    def __missing__(self, kind: type) -> Callable[[Any], str]:
        return to_str


CONVERTERS: Final = _Converters(dict.fromkeys((int, float, bool, type(None), _str), _str))


CHARMAPS: Final = "noodle_ray.core.vm.charmaps"


def by_charmap(operation: str, value: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What ``encode`` or ``decode`` of a text or bytes gives, with an encoding that has a table; None for others."""
    encoding = args[0] if args else kwargs.get("encoding")
    errors = args[1] if len(args) > 1 else kwargs.get("errors", "strict")
    if not isinstance(encoding, _str) or type(errors) is not _str or len(args) + len(kwargs) > 2:
        return None
    name = _str.lower(encoding).replace("_", "-")
    if name in ENCODINGS or not {"encoding", "errors"}.issuperset(kwargs):
        return None
    charmaps: Any = import_module(CHARMAPS)
    found = charmaps.charmap(name)
    return None if found is None else charged(getattr(charmaps, operation)(charged(value), found, errors))


def decode_str(*args: Any, **kwargs: Any) -> str:
    """str() as any call; bytes are decoded with an encoding of ENCODINGS only."""
    if len(args) < 2 and not kwargs:
        return to_str(*args)
    if args and isinstance(args[0], bytes | bytearray):
        text = by_charmap("decode", args[0], args[1:], kwargs)
        if text is not None:
            return text  # type: ignore[no-any-return]
    with_encoding(_str, args, kwargs, 1)
    return charged(_str(*args, **kwargs))  # type: ignore[no-any-return]


def with_encoding(call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], position: int) -> None:
    """Raise LookupError if a call's argument at the position, or of the name ``encoding``, names no encoding of
    ENCODINGS; but first what the call itself would raise for its other arguments."""
    encoding = args[position] if len(args) > position else kwargs.get("encoding")
    name = encoding.lower().replace("_", "-") if isinstance(encoding, _str) else "utf-8"
    if name in CODECS:
        import_module(CODECS[name])
    if name[-6:] == "escape" and args and isinstance(args[0], bytes | bytearray):
        S.charge(len(args[0]))  # names of characters are looked up
    if name in ENCODINGS:
        return
    if len(args) > position:
        call(*args[:position], "utf-8", *args[position + 1 :], **kwargs)
    else:
        call(*args, **{**kwargs, "encoding": "utf-8"})
    raise LookupError(f"unknown encoding: {encoding}")


def check_encoding(encoding: Any = "utf-8", errors: Any = "strict", **_: Any) -> None:
    """Raise LookupError for an encoding that is not offered."""
    name = encoding.lower().replace("_", "-") if isinstance(encoding, _str) else "utf-8"
    if name not in ENCODINGS:
        raise LookupError(f"unknown encoding: {encoding}")
    if name in CODECS:
        import_module(CODECS[name])


def to_format(value: object, spec: object = "", /) -> str:
    """format() and the fields of f-strings."""
    text = _format(value, spec)  # type: ignore[arg-type]
    return text if type(value) is _str else without_addresses(text)


def text_of(value: object) -> str:
    """A part of an f-string, which a compiler's module has made text already."""
    return value if type(value) is _str else _str.__str__(spec_of(value))


def spec_of(value: object) -> str:
    """A format spec, likewise; it may be of a program's class."""
    return value if isinstance(value, _str) else to_format(value)


def format_builtin(*args: Any, **kwargs: Any) -> str:
    """format()."""
    if not 1 <= len(args) <= 2 or kwargs:
        return _format(*args, **kwargs)
    return charged(to_format(*args))  # type: ignore[no-any-return]


def repr_builtin(*args: Any, **kwargs: Any) -> str:
    """repr() with any number of arguments."""
    return to_repr(*args) if len(args) == 1 and not kwargs else _repr(*args, **kwargs)


def ascii_builtin(*args: Any, **kwargs: Any) -> str:
    """ascii() with any number of arguments."""
    return to_ascii(*args) if len(args) == 1 and not kwargs else _ascii(*args, **kwargs)


CONVERSIONS: Final[dict[str | None, Callable[[Any], Any]]] = {
    "": lambda value: value,
    None: lambda value: value,
    "s": to_str,
    "r": to_repr,
    "a": to_ascii,
}


FIELD_CONVERSIONS: Final[dict[str, Callable[[Any], str]]] = {"s": _str_of, "r": _repr_of, "a": _ascii_of}


def format_field(value: object, conversion: str, spec: object) -> str:
    """One replacement field of an f-string, which charges nothing."""
    return to_format(FIELD_CONVERSIONS[conversion](value) if conversion else value, spec_of(spec))


def format_method(self: str, /, *args: Any, **kwargs: Any) -> str:
    """str.format; fields may index, and read the attributes that a program may."""
    if type(self) is not _str:  # of a program's class it runs nothing, and the cache does not know it
        if _is_filled(self):
            return charged(self)  # type: ignore[no-any-return]
        self = _str.__str__(self)
    if _is_simple(self) and _PLAIN_TEXT.issuperset(map(type, args)) and not kwargs:
        return charged(_str.format(self, *args))  # type: ignore[no-any-return]
    return charged(_filled(self, args, kwargs))  # type: ignore[no-any-return]


def _is_filled(template: str) -> bool:
    """Whether a template has nothing to fill in: CPython gives it as it is, unless it is empty."""
    text = _str.__str__(template)
    return text != "" and "{" not in text and "}" not in text


@lru_cache(256)
def _is_simple(template: str) -> bool:
    """Whether no field of a template reads attributes or items or has fields in its spec; CPython may then fill it."""
    try:
        return len(template) < 1000 and not any(
            field is not None and (not (field == "" or field.isalnum()) or "{" in spec)
            for _, field, spec, _ in formatter_parser(template)
        )
    except ValueError:
        return False


def format_map(self: str, /, *args: Any, **kwargs: Any) -> str:
    """str.format_map; fields are those of str.format."""
    if len(args) != 1 or kwargs:
        return _str.format_map(self, *args, **kwargs)
    mapping: Mapping[str, Any] = args[0]
    if type(self) is not _str and _is_filled(self):
        return charged(self)  # type: ignore[no-any-return]
    return charged(_filled(_str.__str__(self), None, mapping))  # type: ignore[no-any-return]


def _filled(template: str, args: Any, kwargs: Any) -> str:
    """A template with its fields filled in: the text of the last one itself, whatever its class, if all before it is
    empty, as CPython's writer of texts has it."""
    parts = list(_fields(template, args, kwargs, [0], 2))
    last = parts[-1] if parts else ""
    return last if _length(last) and sum(map(_length, parts)) == _length(last) else "".join(parts)


def _fields(template: str, args: Any, kwargs: Any, auto: list[int], depth: int) -> Iterator[str]:
    if depth == 0:
        raise ValueError("Max string recursion exceeded")
    for literal, field, spec, conversion in formatter_parser(template):
        if literal:
            yield literal
        if field is None:
            continue
        value = _lookup(field, args, kwargs, auto)
        if conversion:
            if conversion not in CONVERSIONS:
                raise ValueError(f"Unknown conversion specifier {conversion!s}")
            value = CONVERSIONS[conversion](value)
        yield to_format(value, "".join(_fields(spec, args, kwargs, auto, depth - 1)) if spec else "")


def _lookup(field: str, args: Any, kwargs: Any, auto: list[int]) -> Any:
    first, rest = formatter_field_name_split(field)
    if first == "" or isinstance(first, int):
        first = _position(first, args, auto)
        if first >= len(args):
            raise IndexError(f"Replacement index {first} out of range for positional args tuple")
        value = args[first]
    else:
        value = kwargs[first]
    for is_attribute, key in rest:
        value = field_attribute(value, key) if is_attribute else value[key]
    return value


_IN_FIELDS: Final = frozenset({"__class__", "__doc__", "__module__", "__name__", "__qualname__"})
"""Special attributes that a field may read."""


def field_attribute(value: Any, name: str) -> Any:
    """An attribute that a field reads: what the program could read itself, but for special names."""
    from noodle_ray.core.vm.methods import attribute

    if name[:2] == "__" and name[-2:] == "__" and name not in _IN_FIELDS:
        raise AttributeError(f"'{type(value).__name__}' object has no attribute '{name}'")
    return attribute(value, name)


def _position(first: Any, args: Any, auto: list[int]) -> int:
    """The index a numbered or automatic field means; auto[0] counts automatic fields, -1 once numbered."""
    if args is None:
        raise ValueError("Format string contains positional fields")
    if first == "":
        if auto[0] < 0:
            raise ValueError("cannot switch from manual field specification to automatic field numbering")
        auto[0] += 1
        return auto[0] - 1
    if auto[0] > 0:
        raise ValueError("cannot switch from automatic field numbering to manual field specification")
    auto[0] = -1
    return int(first)


def _size(text: str) -> int:
    """How long a text is, whatever its class says."""
    return len(text) if type(text) is _str else _str.__len__(text)


def join(self: str, items: Any = _NOTHING, /, *rest: Any) -> str:
    """str.join."""
    text = _join(self, items) if items is not _NOTHING and not rest else _misused("join", self, items, *rest)
    if len(text) > 63:
        S.charge(len(text) >> 4)
    return text


def replace(self: str, old: Any = _NOTHING, new: Any = _NOTHING, count: Any = -1, /, *rest: Any) -> str:
    """str.replace."""
    if new is _NOTHING or rest:
        return _misused("replace", self, old, new, count, *rest)
    text = _replace(self, old, new, count)
    size = _size(self) + len(text)
    if size > 127:
        S.charge(size >> 4)
    return text


def _misused(name: str, self: str, *args: Any) -> str:
    """Fail as the method itself does when it is given the wrong number of arguments."""
    given = [arg for position, arg in enumerate(args) if arg is not _NOTHING and (position < 2 or len(args) > 3)]
    result: str = getattr(self, name)(*given)
    return result


def split(self: str, /, sep: Any = None, maxsplit: Any = -1) -> list[str]:
    """str.split."""
    if (size := _size(self)) > 63:
        S.charge(size >> 4)
    return _str.split(self, sep, maxsplit)


def rsplit(self: str, /, sep: Any = None, maxsplit: Any = -1) -> list[str]:
    """str.rsplit."""
    if (size := _size(self)) > 63:
        S.charge(size >> 4)
    return _str.rsplit(self, sep, maxsplit)


def splitlines(self: str, /, keepends: Any = False) -> list[str]:
    """str.splitlines."""
    if (size := _size(self)) > 63:
        S.charge(size >> 4)
    return _str.splitlines(self, keepends)


def encode(self: str, /, *args: Any, **kwargs: Any) -> bytes:
    """str.encode, for ENCODINGS."""
    if args or kwargs:
        data = by_charmap("encode", self, args, kwargs)
        if data is not None:
            return data  # type: ignore[no-any-return]
        with_encoding(_str.encode, (self, *args), kwargs, 1)
    return charged(_str.encode(self, *args, **kwargs))  # type: ignore[no-any-return]


def bytes_methods(kind: Any) -> dict[str, Callable[..., Any]]:
    """The methods of bytes or bytearray that are not CPython's own."""

    def decode(self: Any, /, *args: Any, **kwargs: Any) -> str:
        text = by_charmap("decode", self, args, kwargs)
        if text is not None:
            return text  # type: ignore[no-any-return]
        with_encoding(kind.decode, (self, *args), kwargs, 1)
        return charged(kind.decode(self, *args, **kwargs))  # type: ignore[no-any-return]

    def metered(name: str) -> Callable[..., Any]:
        plain = getattr(kind, name)

        def method(self: Any, /, *args: Any, **kwargs: Any) -> Any:
            charged(self)
            return charged(plain(self, *args, **kwargs))

        method.__name__ = method.__qualname__ = name
        return method

    return {"decode": decode, **{name: metered(name) for name in ("join", "replace", "rsplit", "split", "splitlines")}}


METHODS: Final[dict[str, Callable[..., Any]]] = {
    "encode": encode,
    "format": format_method,
    "format_map": format_map,
    "join": join,
    "replace": replace,
    "rsplit": rsplit,
    "split": split,
    "splitlines": splitlines,
}
"""The methods of str that are not CPython's own."""
