"""Arrays on the wire: they arrive bit for bit, where they were received, and what is none is refused."""

import sys
from typing import Any, Final

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from noodle_ray.core.sandbox import messages, outcome
from noodle_ray.core.sandbox.wire import Codec, WireError
from noodle_ray.core.vm.arrays import array
from noodle_ray.core.vm.arrays.array import around, wrap
from noodle_ray.core.vm.packed import Packed, without_arrays
from noodle_ray.core.vm.values import to_json

OWNER = Codec()
WORKER = Codec(array_type=around)
DATA = st.sampled_from(["f8", "f4", "i8", "?"]).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=5))
)
VIEWS = st.sampled_from([lambda d: d, lambda d: d.T, lambda d: d[::-1], lambda d: d[::2]])


@given(st.recursive(st.tuples(DATA, VIEWS) | st.integers(), lambda inner: st.lists(inner, max_size=5)))
def test_arrays_arrive_bit_for_bit_wherever_they_are(value: Any) -> None:
    def made(one: Any) -> Any:
        if isinstance(one, list):
            return [made(item) for item in one]
        return wrap(one[1](one[0])) if isinstance(one, tuple) else one

    def bits(one: Any) -> Any:
        if isinstance(one, list):
            return [bits(item) for item in one]
        return (one.dtype, one.shape, one._data.tobytes()) if isinstance(one, array) else one

    sent = made(value)
    body = OWNER.pack(sent)
    there = WORKER.unpack(bytearray(body))
    assert bits(there) == bits(sent)
    assert OWNER.pack(OWNER.unpack(WORKER.pack(there))) == body  # also when it goes on from a process without numpy
    assert to_json(without_arrays(OWNER.unpack(body))) == to_json(sent)


def test_codec_keeps_no_array_when_it_has_packed_it() -> None:
    codec, data = Codec(), bytes(800)
    before = sys.getrefcount(data)
    array = Packed("float64", (100,), data)
    frame = codec.frame([array])
    del array
    assert data in frame
    assert sys.getrefcount(data) == before


@given(st.lists(DATA, min_size=1, max_size=4))
def test_arrays_are_parts_of_what_was_received_that_overlap_nowhere(items: list[Any]) -> None:
    body = bytearray(OWNER.pack([array(wrap(item)) for item in items]))
    arrived: Any = WORKER.unpack(body)
    whole = np.frombuffer(body, "u1")
    for one in arrived:
        assert one._data.flags.writeable
        assert one._data.flags.aligned
        assert not one._data.size or np.shares_memory(one._data, whole)
    assert not any(
        np.shares_memory(one._data, other._data) for n, one in enumerate(arrived) for other in arrived[n + 1 :]
    )


def forged(described: list[object], tail: bytes, head: bytes = b"\xc1\0\0\0", length: int | None = None) -> bytes:
    """A message of one array, said to be this, with these elements."""
    message = msgpack.packb(msgpack.ExtType(5, msgpack.packb(described)))
    size = (len(message) if length is None else length).to_bytes(4, "little")
    return head + size + message + bytes(-(8 + len(message)) % 8) + tail


def test_a_message_made_by_hand_is_taken() -> None:
    assert OWNER.unpack(forged(["float64", 1], bytes(8))) == Packed("float64", (1,), bytes(8))
    assert OWNER.unpack(forged(["bool", 3], b"\0\1\1" + bytes(5))) == Packed("bool", (3,), b"\0\1\1")
    assert OWNER.unpack(forged(["int64", 2, 0], bytes(8))) == Packed("int64", (2, 0), b"")


@pytest.mark.parametrize("codec", [OWNER, WORKER], ids=["owner", "worker"])
@pytest.mark.parametrize(
    "data",
    [
        forged(["float64", 2], bytes(8)),
        forged(["float64", 1], b""),
        forged(["float64", 1], bytes(16)),
        forged(["float64", -1], bytes(8)),
        forged(["float64", -1, -1], bytes(8)),
        forged(["float64", 2**40], bytes(8)),
        forged(["float64", 2**62, 2], bytes(8)),
        forged(["float64", 2**63, 2**63], bytes(8)),
        forged(["float64", 2**40, 0], bytes(8)),
        forged(["float64", True], bytes(8)),
        forged(["float64", 1.0], bytes(8)),
        forged(["float64", "1"], bytes(8)),
        forged(["float64", [1]], bytes(8)),
        forged(["float64"], bytes(8)),
        forged(["float64", 1, 1, 1], bytes(8)),
        forged(["object", 1], bytes(8)),
        forged(["O", 1], bytes(8)),
        forged([">f8", 1], bytes(8)),
        forged(["int8", 8], bytes(8)),
        forged([["float64"], 1], bytes(8)),
        forged([None, 1], bytes(8)),
        forged([], bytes(8)),
        forged(["bool", 1], b"\2" + bytes(7)),
        forged(["bool", 1], b"\xff" + bytes(7)),
        forged(["float64", 1], bytes(8), head=b"\xc1\0\0\1"),
        forged(["float64", 1], bytes(8), length=2**31),
        forged(["float64", 1], bytes(8), length=0),
        forged(["float64", 1], bytes(8), length=3),
        msgpack.packb(msgpack.ExtType(5, msgpack.packb(["float64", 1]))),
        msgpack.packb(msgpack.ExtType(5, b"")),
        msgpack.packb(msgpack.ExtType(5, b"\xc0")),
        b"\xc1\0\0\0",
        b"\xc1\0\0\0\0\0\0\0",
        b"\xc1\0\0\0\1\0\0\0\1" + bytes(7) + bytes(8),
    ],
)
def test_what_is_no_array_is_refused(codec: Codec, data: bytes) -> None:
    with pytest.raises(WireError):
        codec.unpack(data)


@pytest.mark.parametrize("depth", [300, 800])
def test_result_that_nests_deeply_around_an_array_breaks_the_protocol(depth: int) -> None:
    result: object = array([1.0])
    for _ in range(depth):
        result = [result]
    with pytest.raises(WireError):
        messages.read(OWNER.pack(["done", 1, False, [result, *_PLAIN]]), 1)


_PLAIN: Final[list[object]] = ["", None, [0] * 8, "python", [], None]
"""What an outcome's parts have after its result."""


def test_outcome_with_an_array_as_its_result_has_a_list() -> None:
    done = messages.read(OWNER.pack(["done", 1, False, [array([1.0]), *_PLAIN]]), 1)
    assert isinstance(done, messages.Done)
    assert done.outcome["result"] == [1.0]
    assert done.outcome["usage"] == dict.fromkeys(outcome.USAGE, 0)


def test_messages_with_arrays_in_the_wrong_places_break_the_protocol() -> None:
    some = array([1.0])
    for message in (
        ["done", 1, False, some], ["done", some, False, [1, *_PLAIN]], ["done", 1, False, [1, some, *_PLAIN[1:]]],
        ["done", 1, some, [1, *_PLAIN]], ["done", 1, False, [1, "", None, [some] * 8, "python", [], None]],
        ["effects", 1, some], ["effects", 1, [some]], ["effects", 1, [["/1", some, [], {}]]], ["ready", some],
        ["progress", 1, {"fuel": some}, ""], ["native", 1, 0, 1, "i", [["x", some]], 0, {}], [some], some,
    ):  # fmt: skip
        with pytest.raises(WireError):
            messages.read(OWNER.pack(message), 1)


def test_many_rows_without_elements_need_bytes() -> None:
    with pytest.raises(WireError, match="empty rows"):
        OWNER.pack(wrap(np.zeros((2**40, 0))))
    assert len(OWNER.pack(wrap(np.zeros((1000, 0))))) > 1000


@given(st.binary(max_size=60), st.binary(max_size=40))
def test_bytes_in_a_marked_message_never_do_harm(message: bytes, tail: bytes) -> None:
    data = b"\xc1\0\0\0" + len(message).to_bytes(4, "little") + message + bytes(-(8 + len(message)) % 8) + tail
    for codec in (OWNER, WORKER):
        try:
            value = codec.unpack(bytearray(data))
        except WireError:
            continue
        codec.pack(value)
