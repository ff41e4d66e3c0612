"""The sys module: what programs ask of it that leads nowhere. Text for stderr goes nowhere, as nobody reads it."""

import sys
from collections.abc import Iterable
from typing import Any, Final, NoReturn

from noodle_ray.core.vm.generators.managers import TRACEBACK
from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules import on_start
from noodle_ray.core.vm.modules.vetting import readers
from noodle_ray.core.vm.state import S

_LEAST_DEPTH: Final = 1


class TextIOWrapper:
    """``sys.stdout`` and ``sys.stderr``: what is written to the first is the run's output."""

    __slots__ = ("_kept", "name")

    def __init__(self, name: str, kept: bool) -> None:
        self.name = name
        self._kept = kept

    def __repr__(self) -> str:
        return f"<_io.TextIOWrapper name='{self.name}' mode='w' encoding='utf-8'>"

    def write(self, text: Any, /) -> int:
        """Write a text and return its length."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        plain = str.__str__(text)
        if self._kept:
            S.write(plain)
        else:
            S.complain(plain)
        return len(plain)

    def writelines(self, lines: Iterable[Any], /) -> None:
        """Write some texts, one after the other."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Everything written is seen at once."""

    def isatty(self) -> bool:
        """Nobody sits there."""
        return False

    def writable(self) -> bool:
        """It is."""
        return True

    def readable(self) -> bool:
        """It is not."""
        return False


TextIOWrapper.__module__ = "_io"
register(
    TextIOWrapper,
    methods={
        "flush": TextIOWrapper.flush,
        "isatty": TextIOWrapper.isatty,
        "readable": TextIOWrapper.readable,
        "writable": TextIOWrapper.writable,
        "write": TextIOWrapper.write,
        "writelines": TextIOWrapper.writelines,
    },
    attributes={**readers("name"), "encoding": lambda self: "utf-8", "closed": lambda self: False},
)
for _info in (sys.float_info, sys.int_info, sys.hash_info, sys.version_info):
    register(
        type(_info),
        methods={"count": tuple.count, "index": tuple.index},
        attributes=readers(*type(_info).__match_args__),
        call=lambda *args, **kwargs: _refuse_info(),
    )


def _refuse_info() -> NoReturn:
    raise TypeError("cannot create instances of this type")


def exit(status: Any = None, /) -> NoReturn:  # the name is CPython's
    """sys.exit."""
    if status is None:
        raise SystemExit
    raise SystemExit(*tuple.__iter__(status)) if isinstance(status, tuple) else SystemExit(status)


def getrecursionlimit() -> int:
    """sys.getrecursionlimit: what the program set last, which changes nothing: depth is a limit of the run."""
    return _depth[0]


def setrecursionlimit(limit: Any, /) -> None:
    """sys.setrecursionlimit: the run's own limit stays."""
    if not isinstance(limit, int):
        raise TypeError(f"'{type(limit).__name__}' object cannot be interpreted as an integer")
    if limit < _LEAST_DEPTH:
        raise ValueError("recursion limit must be greater or equal than 1")
    _depth[0] = int(limit)


def getsizeof(*args: Any) -> int:
    """sys.getsizeof: CPython's, which for a set is that of what is underneath."""
    if not 1 <= len(args) <= 2:
        raise TypeError(f"getsizeof expected 1 or 2 arguments, got {len(args)}")
    return sys.getsizeof(*args)


def exc_info() -> tuple[Any, Any, Any]:
    """sys.exc_info: nothing can be read from its traceback."""
    error = sys.exc_info()[1]
    if error is None:
        return None, None, None
    return type(error), error, TRACEBACK


def intern(text: Any, /) -> str:
    """sys.intern: the text itself."""
    if type(text) is not str:
        raise TypeError(f"intern() argument must be str, not {type(text).__name__}")
    return text


_depth: Final = [1000]
_arguments: Final[list[str]] = []


def _reset() -> None:
    _depth[0] = 1000
    _arguments[:] = ["main.py"]


on_start(_reset, "sys")

MEMBERS: dict[str, Any] = {
    "argv": _arguments,
    "byteorder": sys.byteorder,
    "exc_info": exc_info,
    "exit": exit,
    "float_info": sys.float_info,
    "getdefaultencoding": sys.getdefaultencoding,
    "getrecursionlimit": getrecursionlimit,
    "getsizeof": getsizeof,
    "hash_info": sys.hash_info,
    "int_info": sys.int_info,
    "intern": intern,
    "maxsize": sys.maxsize,
    "maxunicode": sys.maxunicode,
    "platform": "linux",
    "setrecursionlimit": setrecursionlimit,
    "stderr": TextIOWrapper("<stderr>", kept=False),
    "stdout": TextIOWrapper("<stdout>", kept=True),
    "version": sys.version,
    "version_info": sys.version_info,
}
