"""print and the builtins that make text."""

from noodle_ray.core.vm.builtins.iteration import metered
from noodle_ray.core.vm.classes.kinds import ProgramType
from noodle_ray.core.vm.methods import attribute
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.strings import by_charmap, to_str, with_encoding
from noodle_ray.light import Any, Callable, Final, TypeVar

_Bytes = TypeVar("_Bytes", bytes, bytearray)
_PLAIN: Final = frozenset({int, str, bytes, bytearray, list, tuple, range})


def print(*values: Any, sep: Any = " ", end: Any = "\n", file: Any = None, flush: Any = False, **unknown: Any) -> None:
    """print(), to the run's stdout or what else has a ``write`` method."""
    if unknown:
        raise TypeError(f"'{next(iter(unknown))}' is an invalid keyword argument for print()")
    for name, value in (("sep", sep), ("end", end)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{name} must be None or a string, not {type(value).__name__}")
    if file is not None and isinstance(type(file), ProgramType):
        _print_to(file, values, " " if sep is None else sep, "\n" if end is None else end, flush)
        return
    text = (" " if sep is None else str.__str__(sep)).join([v if type(v) is str else to_str(v) for v in values])
    text += "\n" if end is None else str.__str__(end)
    if file is None:
        S.write(text)
    else:
        attribute(file, "write")(text)


def _print_to(file: Any, values: tuple[Any, ...], sep: Any, end: Any, flush: Any) -> None:
    """Print to an object of the program: piece by piece, as it can tell."""
    write = attribute(file, "write")
    for count, value in enumerate(values):
        if count:
            write(sep)
        write(to_str(value))
    write(end)
    if flush:
        attribute(file, "flush")()


def to_bytes(*args: Any, **kwargs: Any) -> bytes:
    """bytes() as a call."""
    return _encoded(bytes, args, kwargs)


def to_bytearray(*args: Any, **kwargs: Any) -> bytearray:
    """bytearray() as a call."""
    return _encoded(bytearray, args, kwargs)


def _encoded(make: Callable[..., _Bytes], args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Bytes:
    if len(args) > 1 and isinstance(args[0], str):
        data = by_charmap("encode", args[0], args[1:], kwargs)
        if data is not None:
            return make(data)
    with_encoding(make, args, kwargs, 1)
    if len(args) == 1 and not kwargs and type(args[0]) not in _PLAIN:
        args = (metered(args[0]),) if hasattr(type(args[0]), "__next__") else args
    result = make(*args, **kwargs)
    if len(result) > 63:
        S.charge(len(result) >> 4)
    return result
