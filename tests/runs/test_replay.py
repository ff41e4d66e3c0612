"""Replay: the same again from the journal, up to an effect, with another program, with another model."""

import hashlib
from typing import Any

import pytest

from noodle_ray.core.runs.replay import Report, check, replay
from noodle_ray.core.store.errors import UnknownRun
from noodle_ray.core.store.records import Run
from tests.runs.places import CLOCKS, STEPS, Place, asked, journaled
from tests.sandbox.programs import compiled

pytestmark = pytest.mark.asyncio(loop_scope="module")
DRAWS = "import random\nrandom.random()"


async def ended(place: Place, source: str = STEPS, *args: object) -> Run:
    async with place.node() as runs:
        run, _ = await runs.submit(asked(source, *args))
        return await runs.wait(run.id, 20)


async def again(place: Place, run: Run, **how: Any) -> Report:
    """A replay, which must leave the store as it was and, unless it may, ask no model."""
    journal = await place.store.journal(run.id)
    place.models.asked.clear()
    report = await replay(place.store, place.executor, run.id, **how)
    assert await place.store.get(run.id) == run
    assert await place.store.journal(run.id) == journal
    if not how.keys() & {"ask", "ask_all"}:
        assert place.models.asked == []
    return report


def other(source: str) -> tuple[str, bytes]:
    nbc = compiled(source)
    return hashlib.sha256(nbc).hexdigest(), nbc


@pytest.mark.parametrize("source", [STEPS.replace("count: int", "count: int = 4"), CLOCKS, "1 / 0", DRAWS])
async def test_replay_does_what_the_run_did(place: Place, source: str) -> None:
    run = await ended(place, source)
    report = await again(place, run)
    assert report.same, report
    assert report.outcome is not None
    assert report.answered == len(await place.store.journal(run.id))


async def test_replay_to_an_effect_stops_before_the_next(place: Place) -> None:
    run = await ended(place, STEPS, 4)
    for count in range(4):
        report = await again(place, run, to_effect=count)
        assert report.outcome is None
        assert report.stopped == f"it came to effect /{count + 1}, step('{count}')"
    assert (await again(place, run, to_effect=4)).same


async def test_replay_with_another_version_shows_both_sides(place: Place) -> None:
    run = await ended(place, STEPS, 3)
    report = await again(place, run, module=other(STEPS.replace("value = step(value)", "value = step(value + '0')")))
    assert report.outcome is None
    assert report.divergences == [("/1", "step('0')", "step('00')")]
    assert report.stopped == "at effect /1 the journal has step('0'), and the program asks step('00')"
    more = await again(place, run, module=other(STEPS.replace("return told", "return step('9')")))
    assert more.divergences == [("/4", None, "step('9')")]
    fewer = await again(place, run, module=other(STEPS.replace("range(count)", "range(count - 1)")))
    assert (fewer.divergences, fewer.unused) == ([], ["/3"])
    assert fewer.differences["result"] == (["1", "2", "3"], ["1", "2"])
    louder = await again(place, run, module=other(STEPS.replace("print(value)", "print(value, '!')")))
    assert louder.fits
    assert louder.differences["stdout"] == ("1\n2\n3\n", "1 !\n2 !\n3 !\n")
    longer = await again(place, run, module=other(STEPS + "\n\ndef unused() -> int:\n    return 1\n"))
    assert (longer.fits, set(longer.differences)) == (True, {"fuel"})


async def test_check_of_a_version_names_the_runs_that_it_does_not_fit(place: Place) -> None:
    runs = [await ended(place, STEPS, count) for count in (1, 2, 3)]
    ids = [run.id for run in runs]
    assert await check(place.store, place.executor, other(STEPS), ids) == []
    shorter = other(STEPS.replace("range(count)", "range(min(count, 2))"))
    assert [report.run for report in await check(place.store, place.executor, shorter, ids)] == [ids[2]]


async def test_replay_with_another_model_says_what_would_have_changed(place: Place) -> None:
    source = """\
from noodle_ray import model
step = model("step")
def main() -> list:
    return [step("1"), step("2")]
"""
    run = await ended(place, source)
    assert (await again(place, run, ask=["step"])).same
    assert place.models.asked == ["1", "2"]

    async def by_ten(model: str, calls: list[Any]) -> list[tuple[bool, object]]:
        return [(True, str(int(str(args[0])) * 10)) if args[0] != "2" else (True, "3") for args, _ in calls]

    place.models.infer = by_ten  # type: ignore[method-assign]
    report = await again(place, run, ask=["step"])
    assert report.changes == [("/1", "step('1')", "2", "10")]
    assert report.differences == {"result": (["2", "3"], ["10", "3"])}


async def test_replay_may_ask_on_where_the_program_went_another_way(place: Place) -> None:
    run = await ended(place, STEPS, 3)
    version = other(STEPS.replace("value = step(value)", "value = step(value + '0')"))
    report = await again(place, run, module=version, ask_all=True)
    assert [divergence.key for divergence in report.divergences] == ["/1", "/2", "/3"]
    assert report.differences["result"][1] == ["1", "11", "111"]


async def test_replay_of_a_run_that_has_not_ended_goes_as_far_as_its_journal(place: Place) -> None:
    place.models.hold_after(2)
    async with place.node() as runs:
        run, _ = await runs.submit(asked(STEPS, 4))
        await journaled(place, run.id, 2)
        paused = await runs.pause(run.id)
    place.models.let_go()
    report = await again(place, paused)
    assert (report.fits, report.unfinished, report.answered, report.outcome) == (True, True, 2, None)
    changed = await again(place, paused, module=other(STEPS.replace('"0"', '"7"')))
    assert not changed.fits


async def test_replay_of_an_unknown_run_is_refused(place: Place) -> None:
    with pytest.raises(UnknownRun):
        await replay(place.store, place.executor, "0" * 32)
