"""The struct module: CPython's own functions, which refuse to make more than fits a run's memory."""

import struct
from typing import Any

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.vetting import charge_size, metered, readers, refuse_beyond_memory


def _sized(format: Any) -> int:
    size = struct.calcsize(format)
    refuse_beyond_memory(size)
    charge_size(size)
    return size


def pack(format: Any, /, *values: Any) -> bytes:
    """struct.pack."""
    _sized(format)
    return struct.pack(format, *values)


def pack_into(format: Any, buffer: Any, offset: Any, /, *values: Any) -> None:
    """struct.pack_into."""
    _sized(format)
    struct.pack_into(format, buffer, offset, *values)


def unpack(format: Any, buffer: Any, /) -> tuple[Any, ...]:
    """struct.unpack."""
    _sized(format)
    return struct.unpack(format, buffer)


def unpack_from(format: Any, /, buffer: Any, offset: Any = 0) -> tuple[Any, ...]:
    """struct.unpack_from."""
    _sized(format)
    return struct.unpack_from(format, buffer, offset)


def iter_unpack(format: Any, buffer: Any, /) -> Any:
    """struct.iter_unpack, all read at once."""
    return iter([*struct.iter_unpack(format, buffer)])


def _pack(self: Any, /, *values: Any) -> Any:
    return pack(self.format, *values)


def _pack_into(self: Any, buffer: Any, offset: Any, /, *values: Any) -> None:
    pack_into(self.format, buffer, offset, *values)


def _unpack_from(self: Any, /, buffer: Any, offset: Any = 0) -> tuple[Any, ...]:
    return unpack_from(self.format, buffer, offset)


register(
    struct.Struct,
    methods={
        "iter_unpack": lambda self, buffer, /: iter_unpack(self.format, buffer),
        "pack": _pack,
        "pack_into": _pack_into,
        "unpack": lambda self, buffer, /: unpack(self.format, buffer),
        "unpack_from": _unpack_from,
    },
    attributes=readers("format", "size"),
    call=metered(struct.Struct, 8),
)
register(struct.error)
MEMBERS: dict[str, Any] = {
    "Struct": struct.Struct,
    "calcsize": metered(struct.calcsize),
    "error": struct.error,
    "iter_unpack": metered(iter_unpack),
    "pack": pack,
    "pack_into": pack_into,
    "unpack": unpack,
    "unpack_from": unpack_from,
}
