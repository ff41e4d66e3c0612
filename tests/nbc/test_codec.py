"""Modules and bytes: round trips, canonical form, and what is refused."""

import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noodle_ray.core.nbc import decode, digest, encode, load, verify
from noodle_ray.core.nbc.bounds import MAX_BYTES, MAX_DEPTH, MAX_FUNCTIONS, MAX_INSTRUCTIONS, MAX_INT_BITS
from noodle_ray.core.nbc.encoder import MAGIC
from noodle_ray.core.nbc.module import Block, Constant, Function, Module
from noodle_ray.errors import ModuleError
from tests.nbc.builders import CONSTANTS, instr, random_module, tables, top

modules = st.builds(random_module, st.integers(0, 2**32), st.integers(1, 150))
constants = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary()
    | st.complex_numbers()
    | st.just(...),
    lambda inner: st.lists(inner, max_size=4).map(tuple),
)


def refused(data: bytes) -> str:
    with pytest.raises(ModuleError) as caught:
        decode(data)
    return caught.value.code


def constant_module(*values: Constant) -> Module:
    return tables(top(*[instr("const", 0, value) for value in values]))


def same(left: object, right: object) -> bool:
    """Equality that tells True, 1 and 1.0, and 0.0 and -0.0, apart, and takes a NaN for itself."""
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, float) and isinstance(right, float):
        return struct.pack("<d", left) == struct.pack("<d", right)
    if isinstance(left, complex) and isinstance(right, complex):
        return same((left.real, left.imag), (right.real, right.imag))
    return type(left) is type(right) and left == right


@settings(max_examples=150, deadline=None)
@given(modules)
def test_decode_gives_module_back_when_encoded(module: Module) -> None:
    verify(module)
    data = encode(module)
    back = load(data)
    assert same(back, module)
    assert encode(back) == data


@settings(max_examples=300, deadline=None)
@given(constants)
def test_constant_keeps_type_and_bits_when_encoded(value: Constant) -> None:
    module = constant_module(value)
    assert same(decode(encode(module)), module)


def test_equal_constants_of_different_types_stay_apart() -> None:
    module = constant_module(1, True, 1.0, 0.0, -0.0, 1, (1, True), (1.0, 1))
    data = encode(module)
    assert same(decode(data), module)
    assert data[len(MAGIC) + 1 + 1 + 9] == 7  # the second 1 is no new pool entry


def test_nan_keeps_its_payload() -> None:
    payload = struct.unpack("<d", bytes.fromhex("010000000000f87f"))[0]
    (back,) = decode(encode(constant_module(payload))).functions[0].body
    assert struct.pack("<d", back.args[1]).hex() == "010000000000f87f"
    assert math.isnan(payload)


def test_bytes_do_not_depend_on_filename() -> None:
    module = constant_module(1)
    assert encode(module._replace(filename="a.py")) == encode(module)
    assert decode(encode(module), "b.py").filename == "b.py"


def test_encoding_is_stable() -> None:
    """The bytes of format version 2, which stored modules have: this may change only with the version."""
    data = encode(tables(top(instr("const", 0, 2), instr("binop", 1, "+", 0, 0), instr("return", 1))))
    assert data.hex() == (
        "f54e4243" "02" "01" "08" "3c6d6f64756c653e" "01" "030102" "00" "00" "01"
        "01" "00" "00" "00" "08" "00" "00" "00" "03" "040005" "000005" "000005" "000005"
        "03" "010000" "1801000000" "3701"
    )  # fmt: skip
    assert digest(data) == "d8bd748fda64cdd9cc78a5e80dd50e5d8be4c65abbd307ebc87a30577b410054"


def test_opcode_numbers_are_stable() -> None:
    from noodle_ray.core.nbc.ops import OPCODES

    assert OPCODES["const"] == 1
    assert OPCODES["binop"] == 24
    assert OPCODES["return"] == 55
    assert OPCODES["reraise"] == 59
    assert OPCODES["with"] == 65
    assert OPCODES["method"] == len(OPCODES) == 66


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "E0301"),
        (b"\xf5NB", "E0301"),
        (b"x = 1\n", "E0301"),
        (b"\x7fELF" + bytes(60), "E0301"),
        (MAGIC, "E0304"),
        (MAGIC + b"\x01", "E0302"),
        (MAGIC + b"\x03", "E0302"),
        (MAGIC + b"\x02", "E0303"),
        (MAGIC + b"\x02\x01\x05ab", "E0303"),
        (MAGIC + b"\x02\x01\x01\xff\x00\x00\x00\x00", "E0304"),  # not UTF-8
        (MAGIC + b"\x02\xff\xff\xff\xff\xff\x00", "E0304"),  # more than 32 bits
        (MAGIC + b"\x02\xff\xff\xff\xff\x0f", "E0306"),  # four billion names
        (MAGIC + b"\x02\x00\xff\xff\xff\xff\x0f", "E0306"),  # four billion constants
        (MAGIC + b"\x02\x00\x00\xff\xff\xff\xff\x0f", "E0303"),  # four billion models
        (MAGIC + b"\x02\x00\x01\x06\xff\xff\xff\xff\x0f\x00", "E0303"),  # a tuple of four billion
        (MAGIC + b"\x02\x00\x01\x03\xff\xff\xff\xff\x0f\x00", "E0303"),  # an integer of four gigabytes
        (MAGIC + b"\x02\x00\x01\x0a", "E0304"),  # unknown tag
        (MAGIC + b"\x02\x80\x00\x00\x00\x00\x00", "E0305"),  # a long zero
        (MAGIC + b"\x02\x00\x01\x03\x02\x01\x00", "E0305"),  # a long one
        (MAGIC + b"\x02\x02\x01a\x01a\x00\x00\x00\x00", "E0305"),  # a name twice
        (MAGIC + b"\x02\x01\x00\x00\x00\x00\x00", "E0305"),  # an empty name
        (MAGIC + b"\x02\x01\x01a\x00\x00\x00\x00", "E0305"),  # a name nobody uses
        (MAGIC + b"\x02\x00\x01\x00\x00\x00\x00", "E0305"),  # a constant nobody uses
        (MAGIC + b"\x02\x02\x01a\x01b\x00\x02\x02\x01\x00\x00", "E0305"),  # names out of order
        (MAGIC + b"\x02\x00\x00\x00\x00\x00\x00", "E0304"),  # a byte too many
        (MAGIC + b"\x02\x00\x01" + b"\x06\x01" * (MAX_DEPTH + 1) + b"\x00", "E0306"),
        (MAGIC + b"\x02\x00\x00\x00\x00\x91\x4e", "E0306"),  # 10,001 functions
        (MAGIC + bytes(MAX_BYTES), "E0306"),
    ],
)
def test_bytes_are_refused_when_not_canonical_nbc(data: bytes, code: str) -> None:
    assert refused(data) == f"NOODLE-{code}"


def test_every_prefix_is_refused() -> None:
    data = encode(random_module(11, 40))
    for end in range(len(data)):
        assert refused(data[:end]).startswith("NOODLE-E030")
    assert refused(data + b"\x00") == "NOODLE-E0304"


def test_mutable_bytes_are_read_as_bytes() -> None:
    data = encode(constant_module(1))
    assert decode(bytearray(data)) == decode(memoryview(data)) == decode(data)  # type: ignore[arg-type]


def nested(depth: int) -> Block:
    block: Block = ()
    for _ in range(depth):
        block = (instr("if", 0, block, ()),)
    return block


@pytest.mark.parametrize(
    ("function", "code"),
    [
        (top(instr("nosuch")), "E0307"),
        (top(instr("const", 0)), "E0307"),
        (top(instr("const", -1, None)), "E0307"),
        (top(instr("const", "0", None)), "E0307"),
        (top(instr("const", 2**32, None)), "E0307"),
        (top(instr("const", 0, object())), "E0307"),
        (top(instr("const", 0, [1])), "E0307"),
        (top(instr("binop", 0, "<", 0, 0)), "E0307"),
        (top(instr("tuple", 0, None)), "E0307"),
        (top(instr("gget", 0, 5)), "E0307"),
        (top(instr("const", 0, None, span=(3, 2, 1, 0))), "E0307"),
        (top(instr("const", 0, 1 << MAX_INT_BITS)), "E0306"),
        (top(*nested(MAX_DEPTH + 1)), "E0306"),
    ],
)
def test_encode_refuses_what_has_no_encoding(function: Function, code: str) -> None:
    with pytest.raises(ModuleError) as caught:
        encode(Module((function,), (), ()))
    assert caught.value.code == f"NOODLE-{code}"


def test_deepest_nesting_is_encoded_and_verified() -> None:
    module = tables(top(instr("const", 0, 1), *nested(MAX_DEPTH)))
    assert load(encode(module)) == module


def test_largest_integer_is_encoded_and_verified() -> None:
    for value in ((1 << MAX_INT_BITS) - 1, -(1 << MAX_INT_BITS) + 1):
        module = constant_module(value)
        assert load(encode(module)) == module


def test_limits_are_what_the_specification_says() -> None:
    assert (MAX_BYTES, MAX_FUNCTIONS, MAX_INSTRUCTIONS, MAX_DEPTH) == (4 << 20, 10_000, 500_000, 100)
    assert len(CONSTANTS) > 20
