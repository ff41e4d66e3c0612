"""Arrays on the wire: a message says dtype and shape of each, and their elements follow it, side by side and aligned.

So a receiver whose buffer is its own can use them where they are. A message with arrays is::

    c1 00 00 00 | length of the message (4 bytes) | message | padding to 8 | elements, padded to 8 | ...

where ``c1`` is the one byte that no msgpack value begins with. Whose elements come next follows from the order in
which the arrays stand in the message: no two can share memory. A row takes at least a byte, also if it is empty, so
that little bytes cannot stand for many objects.
"""

from noodle_ray.core.sandbox.plain import pack, unpack
from noodle_ray.core.vm.packed import ITEMS
from noodle_ray.core.vm.values import FOREIGN
from noodle_ray.light import Any, Callable, Final, TypeAlias, lru_cache

MARK: Final = 0xC1
_HEAD: Final = 8
_ALIGNED: Final = 8
_MOST: Final = 1 << 40

Make: TypeAlias = Callable[[str, tuple[int, ...], memoryview], object]
"""Makes an array of dtype, shape and the bytes of its elements, which stay where they are."""


class Writer:
    """Gathers the arrays of one message: their elements, and what is between them."""

    __slots__ = ("arrays",)

    def __init__(self) -> None:
        self.arrays: list[Any] = []

    def add(self, value: Any) -> bytes:
        """What stands in the message for an array. Raises ValueError if it cannot travel."""
        dtype, shape, data = FOREIGN[type(value)].raw(value)
        size = len(data) or (shape[0] if len(shape) == 2 else 0)
        if size > _MOST or (not len(data) and size > 1 << 20):
            raise ValueError("an array has too many empty rows")
        self.arrays += (data or bytes(size), bytes(-size % _ALIGNED))
        return _described(dtype, shape)

    def parts(self, message: bytes) -> list[Any]:
        """The whole as pieces to be put one after the other."""
        head = bytes([MARK, 0, 0, 0]) + len(message).to_bytes(4, "little")
        return [head, message, bytes(-(_HEAD + len(message)) % _ALIGNED), *self.arrays]


@lru_cache(64)
def _described(dtype: str, shape: tuple[int, ...]) -> bytes:
    return pack([dtype, *shape], _refuse)


@lru_cache(64)
def _read(described: bytes) -> tuple[str, tuple[int, ...]]:
    found: Any = unpack(described, _refuse, _refuse)
    dtype, *shape = found
    if dtype not in ITEMS or not 1 <= len(shape) <= 2 or any(type(n) is not int or n < 0 for n in shape):
        raise ValueError("an array has no valid shape")
    return dtype, tuple(shape)


class Reader:
    """Gives out the elements of a message's arrays, in order."""

    __slots__ = ("_at", "_view", "message")

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        """Find the message in it. Raises ValueError if it does not fit."""
        view = memoryview(data)
        self.message, self._view, self._at = view, view, len(view)
        if len(view) > _HEAD and view[0] == MARK:
            size = int.from_bytes(view[4:_HEAD], "little")
            self._at = _HEAD + size + (-(_HEAD + size) % _ALIGNED)
            if any(view[1:4]) or self._at > len(view):
                raise ValueError("a message is cut off")
            self.message = view[_HEAD : _HEAD + size]

    def take(self, described: bytes, make: Make) -> object:
        """The array that ``Writer.add`` described. Raises ValueError for what is none."""
        dtype, shape = _read(described)
        rows, width = shape[0], shape[1] if len(shape) == 2 else 1
        size = rows * width * ITEMS[dtype]
        room = size or (rows if len(shape) == 2 else 0)
        end = self._at + room + (-room % _ALIGNED)
        if end > len(self._view):
            raise ValueError("an array's bytes do not fit its shape")
        data = self._view[self._at : self._at + size]
        self._at = end
        if dtype == "bool" and data.tobytes().strip(b"\0\1"):
            raise ValueError("a truth value is neither 0 nor 1")
        return make(dtype, shape, data)

    def end(self) -> None:
        """Raise ValueError unless all was taken."""
        if self._at != len(self._view):
            raise ValueError("something follows the last array")


def _refuse(*_: object) -> object:
    """What stands for an extension, a dict or anything else that describes no array."""
    raise ValueError("an array is not described as one")
