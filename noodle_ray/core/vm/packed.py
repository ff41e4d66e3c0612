"""Arrays outside of a run: what a process without numpy, such as a worker's owner, holds of one."""

from noodle_ray.core.vm.values import FOREIGN, Foreign
from noodle_ray.light import Any, Final, Literal

FORMATS: Final[dict[str, Literal["d", "f", "q", "?"]]] = {"float64": "d", "float32": "f", "int64": "q", "bool": "?"}
"""The dtypes of arrays, and the codes of their elements in `struct` and `memoryview`."""
ITEMS: Final = {"float64": 8, "float32": 4, "int64": 8, "bool": 1}
"""Bytes of an element."""


class Packed:
    """An array as dtype, shape (one or two sizes) and the bytes of its elements, row after row."""

    __slots__ = ("data", "dtype", "shape")

    def __init__(self, dtype: str, shape: tuple[int, ...], data: Any) -> None:
        self.dtype = dtype
        self.shape = shape
        self.data = bytes(data)

    def __reduce__(self) -> Any:
        return _again, (self.dtype, self.shape, self.data)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Packed) and self.__reduce__() == other.__reduce__()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<an array of {self.dtype} of the shape {self.shape}>"

    def tolist(self) -> list[Any]:
        """The elements as a list, or a list of lists."""
        return listed(self.dtype, self.shape, self.data)


def _again(dtype: str, shape: tuple[int, ...], data: bytes) -> Packed:
    return Packed(dtype, shape, data)


def listed(dtype: str, shape: tuple[int, ...], data: Any) -> list[Any]:
    """What an array of this dtype, shape and bytes holds, as a list or a list of lists."""
    numbers = memoryview(data).cast("B").cast(FORMATS[dtype])
    if len(shape) == 1:
        return numbers.tolist()
    width = shape[1]
    return [numbers[row * width : (row + 1) * width].tolist() for row in range(shape[0])]


def without_arrays(value: Any, deep: int = 256) -> Any:
    """Data with a list in place of each array. Raises ValueError for what nests deeper."""
    kind = type(value)
    if kind is Packed:
        return value.tolist()
    if not deep:
        raise ValueError("data nests too deeply")
    if kind is list or kind is tuple:
        return kind([without_arrays(item, deep - 1) for item in value])
    if kind is dict:
        return {key: without_arrays(item, deep - 1) for key, item in value.items()}
    return value


def array_json(value: Any) -> dict[str, Any]:
    """An array as JSON that loses nothing: ``{"$array": {"dtype", "shape", "data" in base64}}``."""
    from binascii import b2a_base64

    dtype, shape, data = FOREIGN[type(value)].raw(value)
    return {"$array": {"dtype": dtype, "shape": list(shape), "data": b2a_base64(data, newline=False).decode()}}


Packed.__name__ = Packed.__qualname__ = "array"  # as messages call it
FOREIGN[Packed] = Foreign(
    copy=lambda value: value, listed=Packed.tolist, raw=lambda value: (value.dtype, value.shape, value.data)
)
Packed.__name__ = Packed.__qualname__ = "array"  # as messages call it
