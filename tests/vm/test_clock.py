"""What a run reads off its clock: given again to the run that goes on, and told once to whoever keeps it."""

from noodle_ray.core.vm.clock import Clock, Readings


class Counting(Clock):
    """A clock that goes on by one at each look."""

    __slots__ = ("now",)

    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        self.now += 1
        return self.now

    monotonic = time


def test_fresh_readings_are_those_since_it_was_asked_last_without_those_that_were_known() -> None:
    readings, source = Readings({"w": [50.0], "m1.0": [7.0]}), Counting()
    assert readings.fresh() == {}
    assert [readings.wall(source, "") for _ in range(3)] == [50.0, 1.0, 2.0]
    assert readings.monotonic(source, "1.0") == 7.0
    assert readings.fresh() == {"w": [1.0, 2.0]}
    assert readings.fresh() == {}
    assert readings.monotonic(source, "1.0") == 7.0
    assert readings.fresh() == {"m1.0": [7.0]}
    assert readings.all() == {"w": [50.0, 1.0, 2.0], "m1.0": [7.0, 7.0]}


def test_parts_that_were_told_are_together_what_the_run_had_read() -> None:
    readings, source, told = Readings({}), Counting(), {}
    for path in ("", "1.0", "", "1.1", "1.0"):
        readings.wall(source, path)
        for place, values in readings.fresh().items():
            told.setdefault(place, []).extend(values)
    assert told == readings.all()


def test_no_more_is_told_than_is_remembered() -> None:
    readings, source = Readings({}), Counting()
    readings._left = 2
    for _ in range(5):
        readings.wall(source, "")
    assert readings.fresh() == {"w": [1.0, 2.0]}
    assert readings.all() is None
