"""The argparse module: CPython's own, kept from files, the process and names that are not the program's.

What it prints goes to the run's output or to stderr, which nobody reads; what ends the program is SystemExit.
"""

import copy  # noqa: F401  # what argparse itself imports when it first needs it
import re
import textwrap  # noqa: F401
from collections.abc import Callable
from typing import Any, Final

from noodle_ray.core.vm.classes.access import attributes_of, set_attribute
from noodle_ray.core.vm.classes.kinds import ProgramType, hosted, is_instance
from noodle_ray.core.vm.methods import attribute, register
from noodle_ray.core.vm.modules import sys_
from noodle_ray.core.vm.modules.copies import own_copy
from noodle_ray.core.vm.modules.vetting import charge_value, finite, readers, refuse_beyond_memory
from noodle_ray.core.vm.names import MARK, mark
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.strings import to_repr, without_addresses
from noodle_ray.core.vm.types import real_type


class _System:
    """What argparse has in place of ``sys``."""

    argv: Final = ("main.py",)
    stdout: Final = object()
    stderr: Final = object()


argparse: Final = own_copy("argparse")
vars(argparse).update(
    {"_sys": _System, "_": lambda text: text, "ngettext": lambda one, many, n: one if n == 1 else many}
)
sys: Final = _System
_PROGRAM: Final = "main.py"
_WIDTH: Final = 78
"""What CPython takes where no terminal is."""
_FORMATTERS: Final = (
    argparse.HelpFormatter,
    argparse.ArgumentDefaultsHelpFormatter,
    argparse.MetavarTypeHelpFormatter,
    argparse.RawDescriptionHelpFormatter,
    argparse.RawTextHelpFormatter,
)
_WIDTHS: Final = re.compile(r"[0-9]+")
"""What may be the width or the precision of what is filled in."""
_REFUSED: Final = ("fromfile_prefix_chars", "parser_class")
_ACTIONS: Final = (str, type(None))


def _check_name(name: Any) -> None:
    """Refuse what is no name for a value of the program."""
    if isinstance(name, str) and str.__str__(name)[:2] == "__":
        raise ValueError(f"{str.__str__(name)!r} cannot be the name of an argument in Noodle")


def _size(text: Any) -> int:
    """How long a text becomes that CPython fills in with ``%``. Raises LimitExceeded if that is beyond the memory."""
    if not isinstance(text, str):
        return 0
    text = str.__str__(text)
    widths = sum(int(digits[:20]) for digits in _WIDTHS.findall(text)) if "%" in text else 0
    refuse_beyond_memory(widths)
    return len(text) + widths


def _is_any(value: Any, known: Any) -> bool:
    return any(value is each for each in known)


def _vet(options: dict[str, Any]) -> dict[str, Any]:
    """The options of a parser, a group or an argument, without those that lead out of the program."""
    for name, value in [*options.items()]:
        charge_value(value, 4)
        _size(value)
        if name in _REFUSED and value is not None:
            raise TypeError(f"argparse has no {name} in Noodle")
        if name in ("action", "formatter_class"):
            options[name] = _own_class(name, real_type(value))
        if name == "parents" and not all(isinstance(each, _Parser) for each in value):
            raise TypeError("parents must be parsers")
        if name == "dest":
            _check_name(value)
        if name in ("dest", "action") and isinstance(value, str):
            options[name] = str.__str__(value)
        if name == "nargs" and isinstance(value, int):
            S.charge(16 * max(0, int(value)))
        if name == "choices" and value is not None and not (hasattr(value, "__len__") or is_instance(value)):
            options[name] = [*finite(value)]
        if name == "choices" and options[name] is not None and not is_instance(value):
            S.charge(8 * len(options[name]))
    return options


def _own_class(name: str, value: Any) -> Any:
    """The class of a formatter or action, or an action's name, where it is one of argparse's own."""
    known = (*_FORMATTERS,) if name == "formatter_class" else (argparse.BooleanOptionalAction,)
    if not _is_any(value, known) and not (name == "action" and _is_any(type(value), _ACTIONS)):
        raise TypeError(f"{name} must be one of argparse's own in Noodle")
    return value


def _label_size(action: Any) -> int:
    """How much text shows what an argument takes."""
    size = sum(map(len, action.option_strings)) + (action.nargs if isinstance(action.nargs, int) else 0)
    if isinstance(action.metavar, tuple):
        return size + sum(map(_size, action.metavar))
    if action.metavar is None and action.choices is not None and not is_instance(action.choices):
        return size + 8 * len(action.choices)
    return size + _size(action.metavar) * (action.nargs if isinstance(action.nargs, int) else 1)


class _Store(argparse.Namespace):  # type: ignore[misc,name-defined]
    """Where argparse itself puts values. Programs get a Namespace of theirs."""

    def __setattr__(self, name: Any, value: Any) -> None:
        _check_name(name)
        self.__dict__[name] = value


class _Parser(argparse.ArgumentParser):  # type: ignore[misc,name-defined]
    def __init__(self, prog: Any = None, *args: Any, **options: Any) -> None:
        S.charge(300)
        super().__init__(_PROGRAM if prog is None else prog, *args, **_vet(options))

    def _get_formatter(self) -> Any:
        texts = [self.prog, self.usage, self.description, self.epilog]
        texts += [text for group in self._action_groups for text in (group.title, group.description)]
        labels = 0
        for action in self._actions:
            label = _label_size(action)
            labels += label
            S.charge(4 * label)
            texts += [action.help, getattr(action, "version", None)]
            texts += [each.help for each in getattr(action, "_choices_actions", ())]
        S.charge(60 + 40 * len(self._actions) + 32 * sum(map(_size, texts)) + (labels * labels >> 6))
        return self.formatter_class(prog=self.prog, width=_WIDTH)

    def _parse_known_args(self, arg_strings: Any, namespace: Any) -> Any:
        options = len(self._option_string_actions)
        S.charge(300 + (60 + 8 * options) * len(arg_strings) + 40 * len(self._actions) ** 2)
        for action in self._actions:
            S.charge(4 * _label_size(action) + (64 * int(action.nargs) if isinstance(action.nargs, int) else 0))
        return super()._parse_known_args(arg_strings, namespace)

    def _print_message(self, message: Any, file: Any = None) -> None:
        text = without_addresses(str.__str__(str(message)))
        if not message:
            return
        if file is sys.stdout:
            S.write(text)
        elif file is None or file is sys.stderr:
            S.complain(text)
        else:
            attribute(file, "write")(text)

    def print_usage(self, file: Any = None) -> None:
        """argparse.ArgumentParser.print_usage."""
        self._print_message(self.format_usage(), sys.stdout if file is None else file)

    def print_help(self, file: Any = None) -> None:
        """argparse.ArgumentParser.print_help."""
        self._print_message(self.format_help(), sys.stdout if file is None else file)

    def exit(self, status: Any = 0, message: Any = None) -> Any:
        """argparse.ArgumentParser.exit."""
        if message:
            self._print_message(message)
        raise SystemExit(status)

    def error(self, message: Any) -> Any:
        """argparse.ArgumentParser.error."""
        self._print_message(self.format_usage())
        self.exit(2, f"{self.prog}: error: {message}\n")


def _add_argument(self: Any, /, *flags: Any, **options: Any) -> Any:
    S.charge(150)
    if not all(isinstance(flag, str) for flag in flags):
        raise TypeError("the names of an argument are strings")
    flags = tuple([str.__str__(flag) for flag in flags])
    for flag in flags:
        charge_value(flag, 16)
        _check_name(flag.lstrip("-" + str.__str__(self.prefix_chars)).replace("-", "_"))
    return self.add_argument(*flags, **_vet(options))


def _vetted(name: str) -> Callable[..., Any]:
    def call(self: Any, /, *args: Any, **options: Any) -> Any:
        S.charge(150)
        return getattr(self, name)(*args, **_vet(options))

    call.__name__ = call.__qualname__ = name
    return call


def _set_defaults(self: Any, /, **values: Any) -> None:
    for name in values:
        _check_name(name)
    self.set_defaults(**values)


def _known(self: Any, args: Any, namespace: Any) -> tuple[Any, list[Any]]:
    words = [*sys_.MEMBERS["argv"][1:]] if args is None else [*args]
    for word in words:
        charge_value(word, 16)
    store: Any = _Store()
    if namespace is None:
        namespace = object.__new__(Namespace)
    else:
        for name, value in attributes_of(namespace).items():
            _check_name(name)
            store.__dict__[name] = value
    store, left = self.parse_known_args(words, store)
    for name, value in store.__dict__.items():
        set_attribute(namespace, name, value)
    return namespace, left


def _parse_known(self: Any, args: Any = None, namespace: Any = None) -> tuple[Any, list[Any]]:
    return _known(self, args, namespace)


def _parse(self: Any, args: Any = None, namespace: Any = None) -> Any:
    found, left = _known(self, args, namespace)
    if left:
        self.error(f"unrecognized arguments: {' '.join(left)}")
    return found


def _text(name: str) -> Callable[[Any], str]:
    def format_text(self: Any) -> str:
        return without_addresses(getattr(self, name)())

    format_text.__name__ = format_text.__qualname__ = name
    return format_text


def _init(self: Any, /, **values: Any) -> None:
    for name, value in values.items():
        self.__dict__[mark(name)] = value


def _values(self: Any) -> dict[str, Any]:
    return {key[1:]: value for key, value in self.__dict__.items() if key[:1] == MARK}


def _repr(self: Any) -> str:
    named, other = [], {}
    for name, value in _values(self).items():
        if name.isidentifier():
            named.append(f"{name}={to_repr(value)}")
        else:
            other[name] = value
    if other:
        named.append(f"**{to_repr(other)}")
    return f"{type(self).__name__}({', '.join(named)})"


def _eq(self: Any, other: Any) -> Any:
    if not isinstance(other, Namespace):
        return NotImplemented
    return _values(self) == _values(other)


Namespace: Final[Any] = hosted(
    ProgramType(
        "Namespace",
        (),
        {
            "__module__": "argparse",
            "__init__": _init,
            "__repr__": _repr,
            "__eq__": _eq,
            "__hash__": None,
            "__contains__": lambda self, key: key in _values(self),
        },
    )
)


_GROUP: Final = {
    "add_argument": _add_argument,
    "add_argument_group": _vetted("add_argument_group"),
    "add_mutually_exclusive_group": _vetted("add_mutually_exclusive_group"),
    "get_default": argparse.ArgumentParser.get_default,
    "set_defaults": _set_defaults,
}
register(
    _Parser,
    methods={
        **_GROUP,
        "add_subparsers": _vetted("add_subparsers"),
        "error": _Parser.error,
        "exit": _Parser.exit,
        "format_help": _text("format_help"),
        "format_usage": _text("format_usage"),
        "parse_args": _parse,
        "parse_known_args": _parse_known,
        "print_help": _Parser.print_help,
        "print_usage": _Parser.print_usage,
    },
    attributes=readers("description", "epilog", "prog"),
)
for _name in ("_ArgumentGroup", "_MutuallyExclusiveGroup"):
    register(getattr(argparse, _name), methods=_GROUP)
_DATA: Final = ("choices", "const", "default", "dest", "help", "metavar", "nargs", "option_strings", "required", "type")
for _action in (*(each for each in vars(argparse).values() if isinstance(each, type)), argparse.BooleanOptionalAction):
    if issubclass(_action, argparse.Action):
        register(_action, attributes=readers(*_DATA), call=lambda *args, **kwargs: _refuse())
register(vars(argparse)["_SubParsersAction"], methods={"add_parser": _vetted("add_parser")})
for _formatter in _FORMATTERS:
    register(_formatter, call=lambda *args, **kwargs: _refuse())
for _error in (argparse.ArgumentError, argparse.ArgumentTypeError):
    register(_error)
register(argparse.ArgumentError, attributes=readers("argument_name", "message"))
_Parser.__name__ = _Parser.__qualname__ = "ArgumentParser"
_Parser.__module__ = "argparse"


def _refuse() -> Any:
    raise TypeError("argparse makes these itself in Noodle")


MEMBERS: dict[str, Any] = {
    "ArgumentError": argparse.ArgumentError,
    "ArgumentParser": _Parser,
    "ArgumentTypeError": argparse.ArgumentTypeError,
    "BooleanOptionalAction": argparse.BooleanOptionalAction,
    "Namespace": Namespace,
    "ONE_OR_MORE": argparse.ONE_OR_MORE,
    "OPTIONAL": argparse.OPTIONAL,
    "REMAINDER": argparse.REMAINDER,
    "SUPPRESS": argparse.SUPPRESS,
    "ZERO_OR_MORE": argparse.ZERO_OR_MORE,
}
MEMBERS |= {formatter.__name__: formatter for formatter in _FORMATTERS}
