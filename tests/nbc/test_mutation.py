"""Damaged and forged bytes: a reader answers with ModuleError or a module that verifies, quickly, and nothing else."""

import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noodle_ray.core.nbc import decode, encode, load, verify
from noodle_ray.core.nbc.encoder import MAGIC
from noodle_ray.core.nbc.module import Module
from noodle_ray.errors import ModuleError
from tests.nbc.builders import instr, random_module, tables, top


def survives(data: bytes) -> bool:
    """Whether ``data`` loads; anything but a sound module or a coded error fails the test."""
    refusal = None
    try:
        module = load(data)
    except ModuleError as error:
        refusal = error
    if refusal:
        assert refusal.code.startswith("NOODLE-E03")
        assert refusal.message.endswith(".")
        return False
    assert encode(module) == data
    verify(module)
    return True


@pytest.mark.parametrize("seed", range(3))
def test_every_byte_mutated(seed: int) -> None:
    data = encode(random_module(seed + 100, 20))
    chance = random.Random(seed)
    loaded = 0
    for at in range(len(data)):
        for value in {0, 0x80, 0xFF, data[at] ^ 1, chance.randrange(256)} - {data[at]}:
            loaded += survives(data[:at] + bytes((value,)) + data[at + 1 :])
    assert loaded > 0  # another column in a span is another sound module


def test_many_values_of_every_byte_of_a_small_module() -> None:
    data = encode(random_module(5, 3))
    for at in range(len(data)):
        for value in (*range(16), *range(16, 256, 11)):
            survives(data[:at] + bytes((value,)) + data[at + 1 :])


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 50), st.data())
def test_bytes_inserted_and_removed(seed: int, data: st.DataObject) -> None:
    module = encode(random_module(seed, 40))
    start = data.draw(st.integers(0, len(module)))
    end = data.draw(st.integers(start, min(start + 8, len(module))))
    survives(module[:start] + data.draw(st.binary(max_size=8)) + module[end:])


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200))
def test_noise_after_the_header(noise: bytes) -> None:
    survives(MAGIC + b"\x02" + noise)


@pytest.mark.parametrize("count", [b"\xff\xff\xff\xff\x0f", b"\x80\x80\x80\x80\x08", b"\xff\xff\x7f"])
def test_forged_counts_allocate_nothing(count: bytes) -> None:
    data = encode(random_module(3, 30))
    tracemalloc.start()
    try:
        for at in range(5, len(data)):
            forged = data[:at] + count + data[at + 1 :]
            survives(forged)
            assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def shapes() -> dict[str, Module]:
    """Modules that take much memory for their bytes."""
    const = instr("const", 0, None)
    keywords = [instr("call", 0, 0, (), tuple((f"a{i}", 0) for i in range(2000)))] * 10
    return {
        "instructions": tables(top(const, *[instr("barrier")] * 20_000)),
        "branches": tables(top(const, *[instr("if", 0, (), ())] * 20_000)),
        "keywords": tables(top(const, *keywords)),
        "constants": tables(top(*[instr("const", 0, value) for value in range(70_000, 80_000)])),
        "tuples": tables(top(instr("const", 0, ((None,),) * 20_000))),
        "names": tables(top(*[instr("gget", 0, f"{value:x}" + "a") for value in range(1000, 10_000)])),
        "registers": tables(top(const, instr("tuple", 0, (0,) * 60_000))),
    }


@pytest.mark.parametrize("shape", shapes())
def test_memory_is_bounded_by_the_bytes(shape: str) -> None:
    data = encode(shapes()[shape])
    tracemalloc.start()
    try:
        decode(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 50 * len(data)
