"""Tensors between the wire and numpy. What comes in is hostile: every size is checked before it is used.

Elements are little-endian, row after row. Of BYTES each element is its length, in four bytes, and then so many bytes
(KServe's "Binary Tensor Data Extension").
"""

import math
import struct
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from noodle_ray.api.oip.errors import bad
from noodle_ray.api.oip.schemas import MAX_AXES, InputTensor

DTYPES: Final[dict[str, np.dtype[Any]]] = {
    "BOOL": np.dtype("?"),
    "INT8": np.dtype("i1"), "INT16": np.dtype("<i2"), "INT32": np.dtype("<i4"), "INT64": np.dtype("<i8"),
    "UINT8": np.dtype("u1"), "UINT16": np.dtype("<u2"), "UINT32": np.dtype("<u4"), "UINT64": np.dtype("<u8"),
    "FP16": np.dtype("<f2"), "FP32": np.dtype("<f4"), "FP64": np.dtype("<f8"), "BYTES": np.dtype(object),
}  # fmt: skip
MAX_ELEMENTS: Final = 16_777_216
"""Elements of one tensor, which is also the most that engines take."""
_LENGTH: Final = struct.Struct("<I")


class Tensor(NamedTuple):
    """A tensor; of BYTES the elements are texts."""

    datatype: str
    data: NDArray[Any]


def decode(tensor: InputTensor, binary: memoryview | None) -> Tensor:
    """The tensor that a request has as JSON, or as ``binary``. Raises RequestError E0703."""
    what = f"the input {tensor.name!r}"
    count = _count(what, tensor.shape)
    if binary is not None:
        if tensor.data is not None:
            raise bad(f"{what} has data, and binary_data_size too")
        flat = _from_bytes(what, tensor.datatype, count, binary)
    elif tensor.data is None:
        raise bad(f"{what} has no data")
    else:
        flat = _from_json(what, tensor.datatype, _flattened(what, tensor.data, tensor.shape, count))
    return Tensor(tensor.datatype, flat.reshape(tensor.shape))


def _count(what: str, shape: Sequence[int]) -> int:
    # Sizes beside a zero count too: numpy multiplies them before it sees the zero.
    if len(shape) > MAX_AXES or math.prod(size or 1 for size in shape) > MAX_ELEMENTS:
        raise bad(f"{what} has more than {MAX_ELEMENTS:,} elements or {MAX_AXES} axes")
    return math.prod(shape)


def _from_bytes(what: str, datatype: str, count: int, data: memoryview) -> NDArray[Any]:
    if datatype == "BYTES":
        return _objects(_texts(what, count, data))
    dtype = DTYPES[datatype]
    if len(data) != count * dtype.itemsize:
        raise bad(f"{what} has {len(data)} bytes; its shape and datatype need {count * dtype.itemsize}")
    if datatype == "BOOL":
        return np.frombuffer(data, "u1").astype(bool)  # any byte may come; only 0 and 1 are booleans of numpy
    return np.frombuffer(data, dtype)


def _texts(what: str, count: int, data: memoryview) -> list[str]:
    texts: list[str] = []
    place, size = 0, len(data)
    while place < size:
        if len(texts) == count or size - place < 4:
            raise bad(f"{what} has more bytes than its {count} elements")
        (length,) = _LENGTH.unpack_from(data, place)
        place += 4
        if length > size - place:
            raise bad(f"{what}: element {len(texts)} says {length} bytes, but {size - place} are left")
        texts.append(_text(what, bytes(data[place : place + length])))
        place += length
    if len(texts) != count:
        raise bad(f"{what} has {len(texts)} elements; its shape needs {count}")
    return texts


def _text(what: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise bad(f"{what} must hold texts in UTF-8; models here take no other bytes") from None


def _flattened(what: str, data: list[Any], shape: Sequence[int], count: int) -> list[Any]:
    """The elements of flat or nested lists, which must be as many as the shape says, in each list."""
    if not any(type(item) is list for item in data):
        if len(data) != count:
            raise bad(f"{what} has {len(data)} elements; its shape needs {count}")
        return data
    for axis, size in enumerate(shape):
        if axis:
            if not all(type(item) is list for item in data):
                raise bad(f"{what}: its lists are not nested as its shape says")
            if any(len(item) != size for item in data):
                raise bad(f"{what}: its lists are not as long as its shape says")
            data = [element for item in data for element in item]
        elif len(data) != size:
            raise bad(f"{what}: its lists are not as long as its shape says")
    return data


def _from_json(what: str, datatype: str, flat: list[Any]) -> NDArray[Any]:
    expected, allowed = _expected(datatype)
    odd = set(map(type, flat)) - allowed
    if odd:
        raise bad(f"{what} is {datatype} and must hold {expected}, not {min(kind.__name__ for kind in odd)}")
    if datatype == "BYTES":
        return _objects(flat)
    try:
        with np.errstate(over="raise"):
            return np.array(flat, DTYPES[datatype])
    except (OverflowError, FloatingPointError):
        raise bad(f"{what} holds a number that {datatype} cannot") from None


def _expected(datatype: str) -> tuple[str, set[type]]:
    if datatype == "BYTES":
        return "texts", {str}
    if datatype == "BOOL":
        return "booleans", {bool}
    return ("numbers", {int, float}) if datatype.startswith("FP") else ("whole numbers", {int})


def _objects(texts: list[str]) -> NDArray[Any]:
    found = np.empty(len(texts), object)
    found[:] = texts
    return found


def encoded(tensor: Tensor) -> bytes:
    """The elements as bytes."""
    if tensor.datatype != "BYTES":
        return tensor.data.astype(DTYPES[tensor.datatype], copy=False).tobytes()
    texts = [str(text).encode() for text in tensor.data.ravel()]
    return b"".join(part for text in texts for part in (_LENGTH.pack(len(text)), text))


def listed(name: str, tensor: Tensor) -> list[Any]:
    """The elements as JSON has them, row after row. Raises RequestError E0703 for what JSON lacks."""
    if tensor.datatype.startswith("FP") and not np.isfinite(tensor.data).all():
        raise bad(f"the output {name!r} has infinite numbers or NaN, which JSON lacks; ask for it as binary_data")
    flat: list[Any] = tensor.data.ravel().tolist()
    return flat
