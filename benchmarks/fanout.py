"""The demo's program as Noodle overlaps it, against the same program with its calls one after the other."""

from benchmarks.measure import Row, alternate, show_time
from examples.demo import ask, program, sequential
from noodle_ray.client.connection import connect
from noodle_ray.cluster import PlatformState

ROUNDS = 3


def rows(state: PlatformState) -> list[Row]:
    """One row, reported without a goal."""
    with connect(state.url) as connection:
        pair = alternate(
            lambda: ask(connection, program())[1], lambda: ask(connection, sequential(program()))[1], ROUNDS
        )
    name = "The demo's questions with overlap, against call after call"
    return [Row(name, show_time(pair.first), show_time(pair.second), pair.ratio)]
