"""The wire format: what it carries arrives unchanged, and what is no message is refused."""

import contextlib
import math

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noodle_ray.core.sandbox import wire
from noodle_ray.core.sandbox.wire import MAX_FRAME, MAX_NESTING, Codec, Frames, WireError, frame
from noodle_ray.core.vm import sets

KEYS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
HASHABLE = st.recursive(KEYS, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=4), max_leaves=8)
DATA = st.recursive(
    HASHABLE | st.floats(allow_nan=False) | st.sets(KEYS, max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(HASHABLE, inner, max_size=4) | st.tuples(inner),
    max_leaves=16,
)


@pytest.fixture(autouse=True, params=["msgpack", "plain"])
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With msgpack, and with what stands in for it until it is imported."""
    monkeypatch.setattr(wire, "_msgpack", msgpack if request.param == "msgpack" else None)
    monkeypatch.setattr(wire, "_SMALL", 1 << 30)


def same(left: object, right: object) -> bool:
    """Equal, and of equal types all the way down as repr shows them."""
    return left == right and type(left) is type(right)


@given(DATA)
def test_data_arrives_unchanged_when_packed(value: object) -> None:
    codec = Codec()
    assert same(codec.unpack(codec.pack(value)), value)


@pytest.mark.parametrize("value", [10**4000, -(10**4000), 2**63, 2**64, -(2**63) - 1, "\ud800", b"\xff", -0.0, True])
def test_value_keeps_type_and_bits_when_packed(value: object) -> None:
    back = Codec().unpack(Codec().pack(value))
    assert type(back) is type(value)
    assert repr(back) == repr(value)


def test_nan_stays_nan_when_packed() -> None:
    back = Codec().unpack(Codec().pack(math.nan))
    assert isinstance(back, float)
    assert math.isnan(back)


def test_sets_become_the_receivers_own_when_unpacked() -> None:
    worker = Codec(sets.set, sets.frozenset, (sets.set,), (sets.frozenset,))
    arrived = worker.unpack(Codec().pack([{3}, frozenset({4})]))
    assert isinstance(arrived, list)
    assert [type(item) for item in arrived] == [sets.set, sets.frozenset]
    assert Codec().unpack(worker.pack(arrived)) == [{3}, frozenset({4})]


@pytest.mark.parametrize("value", [object(), print, [lambda: 0], {"a": object()}, range(3), Exception("x")])
def test_pack_refuses_when_value_is_not_data(value: object) -> None:
    with pytest.raises(WireError):
        Codec().pack(value)


def test_pack_refuses_when_value_contains_itself() -> None:
    circle: list[object] = []
    circle.append(circle)
    with pytest.raises(WireError):
        Codec().pack(circle)


def test_codec_refuses_when_tuples_nest_too_deeply() -> None:
    value: object = ()
    for _ in range(MAX_NESTING + 1):
        value = (value,)
    with pytest.raises(WireError):
        Codec().pack(value)


@given(st.binary(max_size=200))
def test_unpack_never_crashes_when_bytes_are_garbage(data: bytes) -> None:
    with contextlib.suppress(WireError):
        Codec().unpack(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\xdd\xff\xff\xff\xff",  # an array that claims four billion items
        b"\xdb\xff\xff\xff\xff",  # a string that claims four gigabytes
        b"\x81\x90\x00",  # a dict whose key is a list
        b"\x91" * 5000,
        msgpack.packb(msgpack.ExtType(99, b"")),
        msgpack.packb(msgpack.ExtType(2, b"\x01")),  # a tuple that is a number
        msgpack.packb(msgpack.ExtType(3, msgpack.packb([[]]))),  # a set of a list
        msgpack.packb(1) + b"\x00",
    ],
)
def test_unpack_refuses_when_bytes_are_forged(data: bytes) -> None:
    with pytest.raises(WireError):
        Codec().unpack(data)


def test_unpack_refuses_when_extensions_nest_too_deeply() -> None:
    data = msgpack.packb([])
    for _ in range(MAX_NESTING + 1):
        data = msgpack.packb([msgpack.ExtType(2, data)])
    with pytest.raises(WireError):
        Codec().unpack(data)


@given(st.lists(st.binary(max_size=50), max_size=6), st.integers(1, 40))
def test_frames_come_out_whole_when_stream_is_cut_anywhere(bodies: list[bytes], step: int) -> None:
    stream = b"".join(frame(body) for body in bodies)
    frames = Frames()
    out = []
    for start in range(0, len(stream), step):
        frames.feed(stream[start : start + step])
        while (body := frames.take()) is not None:
            out.append(body)
    assert out == bodies


def test_frames_refuse_when_length_is_over_the_bound() -> None:
    frames = Frames()
    frames.feed((MAX_FRAME + 1).to_bytes(4, "little"))
    with pytest.raises(WireError):
        frames.take()


def test_frame_refuses_when_body_is_over_the_bound() -> None:
    with pytest.raises(WireError):
        frame(bytes(MAX_FRAME + 1))


@pytest.mark.parametrize("make", [dict.fromkeys, set, frozenset, lambda keys: [{"a": (set(keys),)}]])
def test_unpack_refuses_when_keys_are_chosen_to_share_their_hash(make: object) -> None:
    keys = [number * (2**61 - 1) for number in range(500)]
    packed = Codec().pack(make(keys))  # type: ignore[operator]
    with pytest.raises(WireError, match="same hash"):
        Codec().unpack(packed)
    plain = [number * 2**40 for number in range(50_000)]
    assert len(Codec().unpack(Codec().pack(dict.fromkeys(plain)))) == 50_000  # type: ignore[arg-type]


@pytest.mark.parametrize(("tuples", "lists"), [(30, 900), (9, 500), (60, 100)])
def test_unpack_refuses_what_could_not_be_packed_again(tuples: int, lists: int) -> None:
    packed = msgpack.packb(1)
    for _ in range(tuples):
        packed = msgpack.packb(msgpack.ExtType(2, b"\x91" * lists + packed))
    with pytest.raises(WireError):
        Codec().unpack(packed)


def test_what_nests_within_reason_is_unpacked() -> None:
    value: object = 1
    for _ in range(50):
        value = ([[value]], {"a": (2,)})
    assert Codec().unpack(Codec().pack(value)) == value
