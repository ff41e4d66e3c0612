"""The array module: arrays of numbers as CPython's, without files and addresses.

CPython's array writes an item where the index pointed before the item's ``__index__`` or ``__float__`` ran, even if
that made the array shorter. So an object of the program becomes a number before CPython's code sees it.
"""

import array as cpython
from typing import Any, SupportsIndex

from noodle_ray.core.vm.classes.kinds import is_instance
from noodle_ray.core.vm.methods import C_NAMES, register, type_name
from noodle_ray.core.vm.modules.vetting import finite, metered, methods, readers, refuse_beyond_memory, size_of
from noodle_ray.core.vm.state import S

_Array: Any = cpython.array


class _Named(type):
    """The type of such arrays' type: it has one name in messages, as CPython's, and another that programs read."""

    @property
    def __name__(cls) -> str:  # type: ignore[override]
        return "array"


class array(cpython.array, metaclass=_Named):  # type: ignore[type-arg]
    """array.array."""

    __slots__ = ()
    __hash__ = None

    def _item(self, value: Any) -> Any:
        """An item of this array as a plain number or text, converted by an array that no program can reach."""
        return _Array(self.typecode, (value,))[0] if is_instance(value) else value

    def _own(self, made: Any) -> Any:
        """What CPython's code made, as one of these."""
        return array.__new__(array, self.typecode, made) if type(made) is _Array else made

    def __getitem__(self, key: Any) -> Any:
        return self._own(super().__getitem__(key))

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, self._item(value))

    def __add__(self, other: Any) -> Any:
        return self._own(super().__add__(other))

    def __mul__(self, times: Any) -> Any:
        if not isinstance(times, SupportsIndex):
            raise TypeError(f"can't multiply sequence by non-int of type '{type_name(times)}'")
        return self._own(super().__mul__(times))  # type: ignore[operator]

    __rmul__ = __mul__

    def __copy__(self) -> Any:
        return self._own(self[:])

    def __deepcopy__(self, memo: Any) -> Any:
        return self._own(self[:])

    def append(self, value: Any, /) -> None:
        """array.array.append."""
        super().append(self._item(value))

    def insert(self, where: SupportsIndex, value: Any, /) -> None:
        """array.array.insert."""
        super().insert(where, self._item(value))  # type: ignore[arg-type]

    def fromlist(self, values: Any, /) -> None:
        """array.array.fromlist."""
        if isinstance(values, list) and any(map(is_instance, values)):
            values = [self._item(each) for each in values]
        super().fromlist(values)


array.__module__ = "array"
vars(type)["__name__"].__set__(array, "array.array")
array.__qualname__ = "array"
_Named.__qualname__ = "type"


def make(typecode: Any, initializer: Any = (), /) -> Any:
    """array.array."""
    S.charge(8)
    if isinstance(initializer, str | bytes | bytearray | list | tuple | array):
        S.charge((len(initializer) if isinstance(initializer, array) else size_of(initializer)) >> 3)
        return array(typecode, initializer)
    return array(typecode, finite(initializer))


def _extend(self: Any, items: Any, /) -> None:
    if isinstance(items, array):
        refuse_beyond_memory(len(items) * items.itemsize)
        self.extend(items)
        return
    for item in finite(items):
        self.append(item)


register(
    array,
    methods=methods(array, "append byteswap count frombytes fromlist fromunicode index insert pop remove reverse")
    | {
        "extend": _extend,
        "frombytes": metered(array.frombytes),
        "fromlist": metered(array.fromlist),
        "tobytes": array.tobytes,
        "tolist": array.tolist,
        "tounicode": array.tounicode,
    },
    attributes=readers("itemsize", "typecode"),
    call=make,
)
C_NAMES[array] = "array.array"

MEMBERS: dict[str, Any] = {"ArrayType": array, "array": array, "typecodes": cpython.typecodes}
