"""The pprint module: CPython's own printer, which pays for every value and knows the sets of programs."""

import pprint as cpython
from typing import Any, ClassVar

from noodle_ray.core.vm import sets
from noodle_ray.core.vm.methods import attribute, register
from noodle_ray.core.vm.modules.vetting import charge_size
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.strings import to_repr, without_addresses

_PER_VALUE = 40
_safe_key: Any = vars(cpython)["_safe_key"]


class _Printer(cpython.PrettyPrinter):
    _dispatch: ClassVar[Any] = dict(vars(cpython.PrettyPrinter)["_dispatch"])

    def format(self, object: Any, context: Any, maxlevels: int, level: int) -> Any:
        S.charge(_PER_VALUE)
        if isinstance(object, sets.AnySet):
            return to_repr(object), True, False
        return super().format(object, context, maxlevels, level)


def _set(self: Any, object: Any, stream: Any, indent: int, allowance: int, context: Any, level: int) -> None:
    """A set that does not fit its line: sorted, as CPython does."""
    if not len(object):
        stream.write(to_repr(object))
        return
    frozen = isinstance(object, sets.frozenset)
    stream.write("frozenset({" if frozen else "{")
    end = "})" if frozen else "}"
    indent += 10 if frozen else 0
    self._format_items(sorted(object, key=_safe_key), stream, indent, allowance + len(end), context, level)
    stream.write(end)


for _kind in (sets.set, sets.frozenset):
    _Printer._dispatch[_kind.__repr__] = _set


def pformat(
    object: Any,
    indent: Any = 1,
    width: Any = 80,
    depth: Any = None,
    *,
    compact: Any = False,
    sort_dicts: Any = True,
    underscore_numbers: Any = False,
) -> str:
    """pprint.pformat."""
    printer = _Printer(
        indent, width, depth, compact=compact, sort_dicts=sort_dicts, underscore_numbers=underscore_numbers
    )
    text = without_addresses(printer.pformat(object))
    charge_size(len(text), 8)
    return text


def pprint(object: Any, stream: Any = None, *args: Any, **options: Any) -> None:
    """pprint.pprint."""
    text = pformat(object, *args, **options) + "\n"
    if stream is None:
        S.write(text)
    else:
        attribute(stream, "write")(text)


def pp(object: Any, *args: Any, sort_dicts: Any = False, **options: Any) -> None:
    """pprint.pp."""
    pprint(object, *args, sort_dicts=sort_dicts, **options)


class PrettyPrinter:
    """pprint.PrettyPrinter."""

    __slots__ = ("_args", "_options", "_stream")

    def __init__(self, indent: Any = 1, width: Any = 80, depth: Any = None, stream: Any = None, **options: Any) -> None:
        self._args = indent, width, depth
        self._stream = stream
        self._options = options
        pformat(None, *self._args, **options)

    def pformat(self, object: Any) -> str:
        """pprint.PrettyPrinter.pformat."""
        return pformat(object, *self._args, **self._options)

    def pprint(self, object: Any) -> None:
        """pprint.PrettyPrinter.pprint."""
        pprint(object, self._stream, *self._args, **self._options)


PrettyPrinter.__module__ = "pprint"
register(PrettyPrinter, methods={"pformat": PrettyPrinter.pformat, "pprint": PrettyPrinter.pprint})

MEMBERS: dict[str, Any] = {"PrettyPrinter": PrettyPrinter, "pformat": pformat, "pp": pp, "pprint": pprint}
