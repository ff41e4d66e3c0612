"""print and the builtins that make text."""

from typing import Any

from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.strings import check_encoding, to_str


def print(*values: Any, sep: Any = " ", end: Any = "\n", file: Any = None, flush: Any = False) -> None:
    """print(), to the run's stdout."""
    if file is not None:
        raise TypeError("print() writes to the run's own output in Noodle: leave file out")
    for name, value in (("sep", sep), ("end", end)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{name} must be None or a string, not {type(value).__name__}")
    text = (" " if sep is None else sep).join([v if type(v) is str else to_str(v) for v in values])
    S.write(text + ("\n" if end is None else end))


def to_bytes(*args: Any, **kwargs: Any) -> bytes:
    """bytes() as a call."""
    check_encoding(*args[1:2], **kwargs)
    result = bytes(*args, **kwargs)
    if len(result) > 63:
        S.charge(len(result) >> 4)
    return result
