"""msgpack in Python: the same bytes, the same values, and no more patience with what is no message."""

import math

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noodle_ray.core.sandbox.plain import Extension, pack, unpack

SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=20) | st.dictionaries(SCALARS, inner, max_size=20), max_leaves=40
)
EDGES = [
    *(sign * (1 << bits) + more for bits in (0, 5, 7, 8, 15, 16, 31, 62) for sign in (1, -1) for more in (-1, 0, 1)),
    *(-(1 << 63), (1 << 63) - 1, 1 << 63, (1 << 64) - 1),
    *("x" * size for size in (0, 1, 31, 32, 255, 256, 65535, 65536)),
    *(b"x" * size for size in (0, 1, 255, 256, 65535, 65536)),
    *([None] * size for size in (0, 1, 15, 16, 65535, 65536)),
    *(dict.fromkeys(range(size)) for size in (0, 1, 15, 16, 65535, 65536)),
    "\ud800", math.inf, math.nan, -0.0, bytearray(b"ab"),
]  # fmt: skip


def refuse(value: object) -> object:
    raise TypeError(type(value).__name__)


def read(data: bytes) -> object:
    return unpack(data, Extension, dict)


@given(VALUES)
def test_bytes_are_those_of_msgpack(value: object) -> None:
    packed = msgpack.packb(value, strict_types=True)
    assert pack(value, refuse) == packed
    assert repr(read(packed)) == repr(msgpack.unpackb(packed, strict_map_key=False))


@pytest.mark.parametrize("value", EDGES, ids=lambda value: f"{type(value).__name__} {str(value)[:9]!a}")
def test_bytes_are_those_of_msgpack_at_each_edge(value: object) -> None:
    packed = msgpack.packb(value, strict_types=True, unicode_errors="surrogatepass")
    assert pack(value, refuse) == packed
    back = msgpack.unpackb(packed, strict_map_key=False, unicode_errors="surrogatepass")
    assert repr(read(packed)) == repr(back)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 8, 15, 16, 17, 255, 256, 65535, 65536])
def test_extensions_are_those_of_msgpack(size: int) -> None:
    data = b"x" * size
    packed = msgpack.packb(msgpack.ExtType(5, data))
    assert pack(object(), lambda _: Extension(5, data)) == packed
    assert read(packed) == (5, data)


def test_single_precision_is_read() -> None:
    assert read(msgpack.packb(1.5, use_single_float=True)) == 1.5


@given(st.binary(max_size=60))
def test_what_msgpack_refuses_is_refused(data: bytes) -> None:
    try:
        expected = repr(msgpack.unpackb(data, strict_map_key=False, ext_hook=Extension, unicode_errors="surrogatepass"))
    except Exception:
        with pytest.raises((ValueError, LookupError, TypeError)):
            read(data)
    else:
        assert repr(read(data)) == expected


@pytest.mark.parametrize(
    "data", [b"", b"\xc1", b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xdb\0\0\1\0x", b"\1\1"]
)
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises((ValueError, LookupError)):
        read(data)


def test_nesting_is_bounded() -> None:
    deep: list[object] = []
    for _ in range(600):
        deep = [deep]
    with pytest.raises(ValueError, match="recursion limit exceeded"):
        pack(deep, refuse)
    with pytest.raises(RecursionError):
        read(b"\x91" * 4000 + b"\xc0")
