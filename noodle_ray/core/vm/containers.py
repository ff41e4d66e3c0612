"""Methods of list and dict that are not CPython's own: charged for what they go through, and without addresses."""

from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.strings import without_addresses
from noodle_ray.core.vm.types import call_of, dict_items, dict_keys
from noodle_ray.light import Any, Callable, Final

_SHORT: Final = 63


def sort(self: list[Any], /, *args: Any, **options: Any) -> None:
    """list.sort."""
    n = len(self)
    if n > 15:
        S.charge(n * n.bit_length() >> 4)
    if "key" in options:
        options["key"] = call_of(options["key"])
    list.sort(self, *args, **options)


def extend(self: list[Any], /, *args: Any, **kwargs: Any) -> None:
    """list.extend."""
    before = len(self)
    list.extend(self, *args, **kwargs)
    if len(self) - before > _SHORT:
        S.charge((len(self) - before) >> 4)


def extend_by(self: list[Any], items: Any, /) -> None:
    """list.extend with its one argument, for short."""
    before = len(self)
    list.extend(self, items)
    if len(self) - before > _SHORT:
        S.charge((len(self) - before) >> 4)


def index_of(kind: type[Any]) -> Callable[..., int]:
    """The index method of list or tuple."""

    def index(self: Any, /, *args: Any, **kwargs: Any) -> int:
        try:
            return int(kind.index(self, *args, **kwargs))
        except ValueError as error:  # its message has the value's repr
            raise ValueError(without_addresses(str(error))) from None

    return index


def update(self: dict[Any, Any], /, *args: Any, **kwargs: Any) -> None:
    """dict.update."""
    if args and hasattr(args[0], "__len__") and len(args[0]) > _SHORT:
        S.charge(len(args[0]) >> 4)
    dict.update(self, *args, **kwargs)


def fromkeys(*args: Any, **kwargs: Any) -> dict[Any, Any]:
    """dict.fromkeys."""
    new: dict[Any, Any] = dict.fromkeys(*args, **kwargs)
    if len(new) > _SHORT:
        S.charge(len(new) >> 4)
    return new


LIST_METHODS: Final[dict[str, Callable[..., Any]]] = {"extend": extend, "index": index_of(list), "sort": sort}
DICT_METHODS: Final[dict[str, Callable[..., Any]]] = {"items": dict_items, "keys": dict_keys, "update": update}
ONE_ARGUMENT: Final[dict[Any, Callable[..., Any]]] = {extend: extend_by}
"""What takes the place of a method where it is called with one positional argument."""
