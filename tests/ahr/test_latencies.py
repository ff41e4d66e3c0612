"""How long calls took lately."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noodle_ray.ahr.latencies import MOST, WINDOW, Latencies


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50))
def test_nine_of_ten_took_at_most_so_long(taken: list[float]) -> None:
    made = Latencies(lambda: 0.0)
    for seconds in taken:
        made.note(seconds)
    assert made.high() in taken
    assert np.mean([seconds <= made.high() for seconds in taken]) >= 0.9
    assert made.high() >= np.quantile(taken, 0.9) or made.high() == pytest.approx(np.quantile(taken, 0.9))


def test_what_is_long_ago_is_forgotten_and_memory_is_bounded() -> None:
    now = [0.0]
    made = Latencies(lambda: now[0])
    assert made.high() == 0.0
    made.note(5.0)
    now[0] = WINDOW - 0.1
    assert made.high() == 5.0
    made.note(1.0)
    now[0] = WINDOW + 0.1
    assert made.high() == 1.0
    for _ in range(2 * MOST):
        made.note(2.0)
    assert len(made._noted) == MOST
    now[0] = 3 * WINDOW
    assert made.high() == 0.0
    assert not made._noted
