"""How a run's memory is counted: from its beginning, which the next run may share when nothing came of it."""

from mmap import mmap

from noodle_ray.core.vm.memory import Growth, prepare, resident


def test_growth_is_what_was_taken_and_begins_again_only_when_nothing_was() -> None:
    prepare()
    growth = Growth(resident())
    assert growth.again() is False  # nobody has looked yet
    growth.bytes()
    with mmap(-1, 32_000_000) as kept:  # a mapping of its own: this process may have as much free in its heap
        kept.write(b"x" * 32_000_000)
        assert growth.bytes() > 16_000_000
        assert growth.again() is False
    growth = Growth(resident())
    held = bytearray(b"x") * 1_000_000
    growth.bytes()
    del held
    fresh = Growth(resident() + 4096)  # as if a page was freed since
    fresh.peak = 1 << 60
    assert fresh.bytes() == 0
    assert fresh.again() is True
    assert fresh.again() is False  # only right after a look


def test_growth_does_not_begin_again_when_much_was_freed() -> None:
    prepare()
    growth = Growth(resident() + 8_000_000)
    growth.peak = 1 << 60
    assert growth.bytes() == 0
    assert growth.again() is False
