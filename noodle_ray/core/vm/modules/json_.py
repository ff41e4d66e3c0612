"""The json module: CPython's codec, which is loaded on first use and kept from seeing sets as dicts."""

from _operator import index
from collections.abc import Callable
from typing import Any, Final

from noodle_ray.core.vm.classes.kinds import ProgramType, hosted, is_program_class
from noodle_ray.core.vm.generators.passing import LIMITS
from noodle_ray.core.vm.methods import attribute
from noodle_ray.core.vm.modules.vetting import charge_size, charge_value, refuse_beyond_memory
from noodle_ray.core.vm.names import mark
from noodle_ray.core.vm.sets import AnySet
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import call_of

_DUMP_OPTIONS: Final = frozenset(
    {"skipkeys", "ensure_ascii", "check_circular", "allow_nan", "indent", "separators", "default", "sort_keys"}
)
_ENCODER_OPTIONS: Final[dict[str, Any]] = {
    "skipkeys": False, "ensure_ascii": True, "check_circular": True, "allow_nan": True, "sort_keys": False,
    "indent": None, "separators": None,
}  # fmt: skip
_DECODER_OPTIONS: Final = (
    *("object_hook", "parse_float", "parse_int", "parse_constant", "strict", "object_pairs_hook"),
)
_HOOKS: Final = frozenset({"object_hook", "parse_float", "parse_int", "parse_constant", "object_pairs_hook"})
_PLAIN: Final = frozenset({str, int, float, bool, type(None)})


def _check(name: str, options: dict[str, Any], known: frozenset[str]) -> None:
    for option in options:
        if option == "cls" and options[option] is None:
            continue
        if option not in known:
            raise TypeError(f"{name}() got an unexpected keyword argument '{option}'")
    options.pop("cls", None)


def _refuse(value: object) -> Any:
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _is_container(value: Any) -> bool:
    return isinstance(value, list | tuple | dict)  # sets as well: they are dicts underneath


def _without_sets(value: Any, default: Callable[[Any], Any], open_: list[Any]) -> Any:
    """The value, with each set in it replaced by what ``default`` makes of it."""
    if not _is_container(value):
        return value
    if any(value is outer for outer in open_):
        raise ValueError("Circular reference detected")
    open_.append(value)
    result: Any
    if isinstance(value, AnySet):
        result = _without_sets(default(value), default, open_)
    elif isinstance(value, dict):
        result = {key: _without_sets(item, default, open_) for key, item in value.items()}
    else:
        result = [_without_sets(item, default, open_) for item in value]
    open_.pop()
    return result


def _has_set(value: Any) -> bool:
    seen: set[int] = set()
    stack = [value]
    while stack:
        item = stack.pop()
        if type(item) in _PLAIN or not _is_container(item):
            continue
        if isinstance(item, AnySet):
            return True
        if id(item) not in seen:
            seen.add(id(item))
            stack.extend(item.values() if isinstance(item, dict) else item)
    return False


def dumps(obj: Any, /, **options: Any) -> str:
    """json.dumps."""
    import json

    cls: Any = options.get("cls")
    if is_program_class(cls):
        del options["cls"]
        _check("dumps", options, _DUMP_OPTIONS)
        text: str = getattr(cls(**{**_ENCODER_OPTIONS, "default": None, **options}), mark("encode"))(obj)
        return text
    if cls is JSONEncoder:
        del options["cls"]
    _check("dumps", options, _DUMP_OPTIONS)
    default = call_of(options.pop("default", None)) or _refuse
    if isinstance(options.get("indent"), int):
        refuse_beyond_memory(options["indent"])
    if default is _refuse:
        try:
            text = json.dumps(obj, **options)
        except (AttributeError, TypeError, ValueError):  # a set is taken for a dict, but has no items()
            text = "{}"
        if "{}" not in text:  # nor an empty set, which is written so
            charge_size(len(text), 2)
            return text
    if _has_set(obj):
        obj = _without_sets(obj, default, [])

    def without_sets(value: Any) -> Any:
        made = default(value)
        return _without_sets(made, default, []) if _has_set(made) else made

    text = json.dumps(obj, default=without_sets, **options)
    charge_size(len(text), 2)
    return text


def dump(obj: Any, fp: Any, /, **options: Any) -> None:
    """json.dump, to an object with a ``write`` method. Writes the text in one piece."""
    attribute(fp, "write")(dumps(obj, **options))


def loads(s: Any, /, **options: Any) -> Any:
    """json.loads."""
    import json

    cls: Any = options.get("cls")
    if is_program_class(cls) or cls is JSONDecoder:
        del options["cls"]
        _check("loads", options, _HOOKS)
        s = s if isinstance(s, str) or not isinstance(s, bytes | bytearray) else bytes(s).decode()
        return getattr(cls(**options), mark("decode"))(s)
    _check("loads", options, _HOOKS)
    if not isinstance(s, str | bytes | bytearray):
        raise TypeError(f"the JSON object must be str, bytes or bytearray, not {type(s).__name__}")
    charge_value(s, 2)
    return json.loads(s, **{name: call_of(hook) for name, hook in options.items()})


def load(fp: Any, /, **options: Any) -> Any:
    """json.load, from an object with a ``read`` method."""
    return loads(attribute(fp, "read")(), **options)


def _init(
    self: Any,
    *,
    skipkeys: Any = False,
    ensure_ascii: Any = True,
    check_circular: Any = True,
    allow_nan: Any = True,
    sort_keys: Any = False,
    indent: Any = None,
    separators: Any = None,
    default: Any = None,
) -> None:
    given = (skipkeys, ensure_ascii, check_circular, allow_nan, sort_keys, indent, separators)
    for name, value in zip(_ENCODER_OPTIONS, given, strict=True):
        setattr(self, mark(name), value)
    if default is not None:
        setattr(self, mark("default"), default)


def _encode(self: Any, o: Any) -> str:
    options = {name: getattr(self, mark(name), value) for name, value in _ENCODER_OPTIONS.items()}
    return dumps(o, default=getattr(self, mark("default")), **options)


def _iterencode(self: Any, o: Any, _one_shot: Any = False) -> Any:
    return iter([getattr(self, mark("encode"))(o)])


JSONEncoder: Final = hosted(
    ProgramType(
        "JSONEncoder",
        (),
        {
            "__module__": "json.encoder",
            "__init__": _init,
            mark("default"): lambda self, o: _refuse(o),
            mark("encode"): _encode,
            mark("iterencode"): _iterencode,
        },
    )
)
"""json.JSONEncoder, for programs to derive from."""


def _init_decoder(
    self: Any,
    *,
    object_hook: Any = None,
    parse_float: Any = None,
    parse_int: Any = None,
    parse_constant: Any = None,
    strict: Any = True,
    object_pairs_hook: Any = None,
) -> None:
    given = (object_hook, parse_float, parse_int, parse_constant, strict, object_pairs_hook)
    for name, value in zip(_DECODER_OPTIONS, given, strict=True):
        setattr(self, mark(name), value)


def _decoder(self: Any) -> Any:
    import json

    return json.JSONDecoder(**{name: call_of(getattr(self, mark(name), None)) for name in _DECODER_OPTIONS})


def _decode(self: Any, s: Any) -> Any:
    if not isinstance(s, str):
        raise TypeError(f"expected string or bytes-like object, got '{type(s).__name__}'")
    charge_value(s, 2)
    return _decoder(self).decode(s)


def _raw_decode(self: Any, s: Any, idx: Any = 0) -> Any:
    if not isinstance(s, str):
        raise TypeError(f"first argument must be a string, not {type(s).__name__}")
    idx = index(idx)
    S.charge(16)
    try:
        found, end = _decoder(self).raw_decode(s, idx)
    except LIMITS:
        raise
    except BaseException:
        charge_value(s, 2)
        raise
    charge_size(end - idx, 2)
    return found, end


JSONDecoder: Final = hosted(
    ProgramType(
        "JSONDecoder",
        (),
        {
            "__module__": "json.decoder",
            "__init__": _init_decoder,
            mark("decode"): _decode,
            mark("raw_decode"): _raw_decode,
        },
    )
)
"""json.JSONDecoder, for programs to derive from."""


class _Members(dict[str, Any]):
    """Members by name; the exception needs CPython's json, which takes milliseconds to import."""

    def __missing__(self, name: str) -> Any:
        if name != "JSONDecodeError":
            raise KeyError(name)
        import json

        self[name] = json.JSONDecodeError
        return self[name]


MEMBERS: dict[str, Any] = _Members(
    {"JSONDecoder": JSONDecoder, "JSONEncoder": JSONEncoder, "dump": dump, "dumps": dumps, "load": load, "loads": loads}
)
