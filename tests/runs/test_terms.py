"""Terms of calls: what clients may say, and what tasks inherit."""

import asyncio
import time

import pytest

from noodle_ray.core.runs.terms import ORDINARY, PRIORITIES, Terms, checked, current, under, unpacked
from noodle_ray.errors import RequestError


def test_what_a_client_says_becomes_terms() -> None:
    assert checked() == ORDINARY
    before = time.monotonic()
    terms = checked("batch", "team/a", "2.5")
    assert terms[:2] == (PRIORITIES["batch"], "team/a")
    assert before + 2.5 <= terms.until <= time.monotonic() + 2.5


@pytest.mark.parametrize(
    "bad",
    [
        {"priority": "urgent"},
        {"priority": ""},
        {"priority": "INTERACTIVE" * 1000},
        {"tenant": ""},
        {"tenant": "a" * 65},
        {"tenant": "a b"},
        {"tenant": "a\n"},
        {"tenant": "ä"},
        {"deadline": "soon"},
        {"deadline": "nan"},
        {"deadline": "inf"},
        {"deadline": "0"},
        {"deadline": "-1"},
        {"deadline": "1e9"},
        {"deadline": "9" * 5000},
        {"deadline": ""},
    ],
)
def test_what_is_none_is_refused(bad: dict[str, str]) -> None:
    with pytest.raises(RequestError) as caught:
        checked(**bad)  # type: ignore[arg-type]
    assert caught.value.code == "NOODLE-E0750"
    assert len(caught.value.message) < 200


async def test_tasks_inherit_terms_and_leave_others_alone() -> None:
    with under(Terms(0, "a")):
        inside = asyncio.create_task(asyncio.sleep(0, current()))
        assert await inside == Terms(0, "a")
        assert await asyncio.gather(_current(), _current()) == [Terms(0, "a")] * 2
    assert current() == ORDINARY


async def _current() -> Terms:
    return current()


def test_terms_travel_as_seconds_that_are_left() -> None:
    terms = Terms(2, "x").within(10)
    packed = terms.packed()
    assert 9 < packed[2] <= 10
    assert abs(unpacked(packed).until - terms.until) < 1
    assert unpacked(ORDINARY.packed()) == ORDINARY


def test_another_process_learns_how_long_a_call_has_waited() -> None:
    assert ORDINARY.packed()[3] == 0.0
    since = time.monotonic() - 7
    packed = Terms(since=since).packed()
    assert packed[3] >= 7
    assert unpacked(packed).since == pytest.approx(since, abs=1)
