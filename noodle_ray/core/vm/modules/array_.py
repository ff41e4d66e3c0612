"""The array module: CPython's own arrays of numbers, without files and addresses."""

from array import array, typecodes
from typing import Any

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.vetting import finite, metered, methods, readers, refuse_beyond_memory
from noodle_ray.core.vm.state import S


def make(typecode: Any, initializer: Any = (), /) -> Any:
    """array.array."""
    S.charge(8)
    if isinstance(initializer, str | bytes | bytearray | list | tuple | array):
        S.charge(len(initializer) >> 3)
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

MEMBERS: dict[str, Any] = {"ArrayType": array, "array": array, "typecodes": typecodes}
