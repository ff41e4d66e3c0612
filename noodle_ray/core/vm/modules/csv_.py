"""The csv module over texts in memory and programs' iterables. Dialects that a program registers are the run's own."""

import csv
from io import StringIO
from typing import Any, Final

from noodle_ray.core.vm.methods import attribute, register, register_setters
from noodle_ray.core.vm.modules import on_start
from noodle_ray.core.vm.modules.vetting import charge_value, finite, readers
from noodle_ray.core.vm.strings import to_str

_FIELD_SIZE: Final = 131_072
_DIALECTS: Final[dict[str, Any]] = {name: csv.get_dialect(name) for name in csv.list_dialects()}
_PLAIN: Final = frozenset({str, int, float, bool, type(None)})
_FORMAT: Final = (
    *("delimiter", "doublequote", "escapechar", "lineterminator", "quotechar", "quoting", "skipinitialspace"),
    "strict",
)

_reader: Any = type(csv.reader([]))
_writer: Any = type(csv.writer(StringIO()))


class _Sink:
    """What a writer writes to, when it is an object of the program."""

    __slots__ = ("write",)

    def __init__(self, target: Any) -> None:
        self.write = attribute(target, "write")


def _sink(target: Any) -> Any:
    if isinstance(target, StringIO):
        return target
    try:
        return _Sink(target)
    except AttributeError:
        raise TypeError('argument 1 must have a "write" method') from None


def reader(*args: Any, **kwargs: Any) -> Any:
    """csv.reader."""
    if args:
        args = (_lines(args[0]), *args[1:])
    return csv.reader(*args, **kwargs)


def _lines(source: Any) -> Any:
    """The lines; a reader that pulls from what never ends pays on the way."""
    return map(_paid, source if isinstance(source, list | tuple) else finite(source))


def _paid(line: Any) -> Any:
    charge_value(line, 4)
    return line


def writer(*args: Any, **kwargs: Any) -> Any:
    """csv.writer."""
    if args:
        args = (_sink(args[0]), *args[1:])
    return csv.writer(*args, **kwargs)


class DictReader(csv.DictReader):  # type: ignore[type-arg]
    """csv.DictReader."""

    def __init__(self, f: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(_lines(f), *args, **kwargs)


class DictWriter(csv.DictWriter):  # type: ignore[type-arg]
    """csv.DictWriter."""

    def __init__(self, f: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(_sink(f), *args, **kwargs)


for _own in (DictReader, DictWriter):
    _own.__module__ = "csv"


def _row(row: Any) -> Any:
    """A row whose fields have no address in their texts; what is no row is for CPython to refuse."""
    try:
        fields = iter(row)
    except TypeError:
        return row
    charge_value(row, 8)
    return [field if type(field) in _PLAIN or _is_number(field) else to_str(field) for field in fields]


def _is_number(field: Any) -> bool:
    """Whether QUOTE_NONNUMERIC leaves it without quotes."""
    return type(field).__name__ in ("Decimal", "Fraction", "complex")


def _writerow(self: Any, row: Any, /) -> Any:
    return self.writerow(_row(row))


def _writerows(self: Any, rows: Any, /) -> None:
    for row in rows:
        self.writerow(_row(row))


def _write_dict(self: Any, rowdict: Any) -> Any:
    return self.writer.writerow(_row(self._dict_to_list(rowdict)))


def _write_dicts(self: Any, rowdicts: Any) -> None:
    for rowdict in rowdicts:
        _write_dict(self, rowdict)


def field_size_limit(*args: Any) -> int:
    """csv.field_size_limit."""
    return csv.field_size_limit(*args)


def _start() -> None:
    csv.field_size_limit(_FIELD_SIZE)
    if csv.list_dialects() != [*_DIALECTS]:
        for name in csv.list_dialects():
            csv.unregister_dialect(name)
    for name, dialect in _DIALECTS.items():
        csv.register_dialect(name, dialect)


on_start(_start, "csv")
register(_reader, attributes=readers("dialect", "line_num"))
register(_writer, methods={"writerow": _writerow, "writerows": _writerows}, attributes=readers("dialect"))
register(
    DictReader,
    attributes=readers("dialect", "fieldnames", "line_num", "reader", "restkey", "restval"),
)
register_setters(DictReader, "fieldnames", "restkey", "restval")
register(
    DictWriter,
    methods={
        "writeheader": csv.DictWriter.writeheader,
        "writerow": _write_dict,
        "writerows": _write_dicts,
    },
    attributes=readers("extrasaction", "fieldnames", "restval", "writer"),
)
register(type(csv.get_dialect("excel")), attributes=readers(*_FORMAT))
register(csv.Error)

MEMBERS: dict[str, Any] = {
    name: getattr(csv, name)
    for name in (
        *("Error", "QUOTE_ALL", "QUOTE_MINIMAL", "QUOTE_NONE", "QUOTE_NONNUMERIC", "excel", "excel_tab", "get_dialect"),
        *("list_dialects", "register_dialect", "unix_dialect", "unregister_dialect"),
    )
}
MEMBERS |= {
    "DictReader": DictReader,
    "DictWriter": DictWriter,
    "field_size_limit": field_size_limit,
    "reader": reader,
    "writer": writer,
}
