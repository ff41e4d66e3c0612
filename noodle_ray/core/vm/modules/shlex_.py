"""The shlex module: texts taken apart and put together as a shell would; there is no lexer for other input."""

import shlex
from collections.abc import Iterable
from typing import Any

from noodle_ray.core.vm.modules.vetting import charge_value, metered, size_of
from noodle_ray.core.vm.state import S


def split(s: Any, comments: Any = False, posix: Any = True) -> list[str]:
    """shlex.split."""
    if not isinstance(s, str):  # None would read what the host was given
        raise TypeError(f"the text to split must be a str, not {type(s).__name__}")
    charge_value(s, 128)
    S.charge(size_of(s) ** 2 >> 8)  # CPython copies a word for every character that it adds to it
    return shlex.split(str.__str__(s), bool(comments), bool(posix))


def join(split_command: Iterable[Any]) -> str:
    """shlex.join."""
    return " ".join(MEMBERS["quote"](part) for part in split_command)


MEMBERS: dict[str, Any] = {"join": join, "quote": metered(shlex.quote, 4), "split": split}
