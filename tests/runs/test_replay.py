"""Replay: the same again from the journal, up to an effect, with another program, with another model."""

import asyncio
import hashlib
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from noodle_ray.core.runs import programs
from noodle_ray.core.runs.budgets import Budget, Price
from noodle_ray.core.runs.modules import Compiled
from noodle_ray.core.runs.replay import Report, check, cut, replay
from noodle_ray.core.runs.replay_journal import TOLD
from noodle_ray.core.store.errors import UnknownRun
from noodle_ray.core.store.records import Run
from noodle_ray.core.store.tables import journal
from noodle_ray.errors import ModelError, NoodleError, PlatformError, RequestError
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
    had = await place.store.journal(run.id)
    place.models.asked.clear()
    report = await replay(place.store, place.executor, run.id, **how)
    assert await place.store.get(run.id) == run
    assert await place.store.journal(run.id) == had
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


CHAIN = """\
from noodle_ray import model
step, other = model("step"), model("other")
def main() -> list:
    first = step("1")
    second = step(first)
    return [first, second, other(second)]
"""


def by_model(place: Place) -> list[tuple[str, object]]:
    """Let ``step@2`` count by tens, ``step@9`` be unknown, and the others by ones; notes whom was asked what."""
    told: list[tuple[str, object]] = []

    async def infer(model: str, calls: list[Any]) -> list[tuple[bool, object]]:
        if model == "step@9":
            raise ModelError("no model 'step@9' is registered", code="NOODLE-E0601")
        told.extend((model, args[0]) for args, _ in calls)
        return [(True, str(int(str(args[0])) + (10 if model == "step@2" else 1))) for args, _ in calls]

    place.models.infer = infer  # type: ignore[method-assign]
    return told


async def test_replay_under_another_model_goes_on_through_calls_that_depend_on_it(place: Place) -> None:
    run = await ended(place, CHAIN.replace("other(second)", "'end'"))
    told = by_model(place)
    report = await again(place, run, ask={"step": "step@2"})
    assert told == [("step@2", "1"), ("step@2", "11")]
    assert report.changes == [("/1", "step('1')", "2", "11")]
    assert report.divergences == [("/2", "step('2')", "step('11')")]
    assert report.differences["result"] == (["2", "3", "end"], ["11", "21", "end"])
    assert (report.asked, report.answered, report.stopped) == ({"step": 2}, 0, "")
    named = await again(place, run, ask=["step"])
    assert (named.same, named.asked) == (True, {"step": 2})


async def test_replay_asks_another_model_that_depends_only_if_everything_may_be_asked(place: Place) -> None:
    run = await ended(place, CHAIN)
    told = by_model(place)
    report = await again(place, run, ask={"step": "step@2"})
    assert report.stopped == "at effect /3 the journal has other('3'), and the program asks other('21')"
    assert not report.fits
    assert told == [("step@2", "1"), ("step@2", "11")]
    report = await again(place, run, ask={"step": "step@2"}, ask_all=True)
    assert report.differences["result"] == (["2", "3", "4"], ["11", "21", "22"])
    assert report.asked == {"step": 2, "other": 1}
    assert (await again(place, run, ask={"other": "step@2"})).differences["result"][1] == ["2", "3", "13"]


async def test_replay_to_an_effect_asks_nothing_behind_it(place: Place) -> None:
    run = await ended(place, CHAIN)
    told = by_model(place)
    report = await again(place, run, ask={"step": "step@2"}, to_effect=1)
    assert (report.stopped, told) == ("it came to effect /2, step('11')", [("step@2", "1")])


async def test_replay_under_a_model_that_is_not_there_is_refused_and_the_program_is_not_blamed(place: Place) -> None:
    caught = '    try:\n        first = step("1")\n    except Exception:\n        first = "0"\n'
    source = CHAIN.replace('    first = step("1")\n', caught)
    run = await ended(place, source)
    by_model(place)
    for budget in (None, Budget(model_calls=9)):
        with pytest.raises(ModelError, match="no model 'step@9'"):
            await again(place, run, ask={"step": "step@9"}, budget=budget)


@pytest.mark.parametrize("ask", [{"step": "tool:note"}, {"tool:note": "step"}, {"step": "@sleep"}, {"": "x"}, ["*"]])
async def test_replay_asks_nothing_but_models(place: Place, ask: Any) -> None:
    run = await ended(place, CHAIN)
    with pytest.raises(RequestError) as refused:
        await again(place, run, ask=ask)
    assert refused.value.code == "NOODLE-E0746"


async def test_replay_spends_what_the_run_might_or_what_it_is_given(place: Place) -> None:
    async with place.node() as runs:
        run = (await runs.submit(asked(CHAIN, budget={"model_calls": 3})))[0]
        run = await runs.wait(run.id, 20)
    by_model(place)
    place.executor.prices = {"step@2": Price(Decimal(2))}
    report = await again(place, run, ask={"step": "step@2"}, ask_all=True)
    assert report.outcome is not None
    assert (report.outcome["error"], report.outcome["usage"]["cost"]) == (None, 4.0)
    for budget in (Budget(model_calls=2), Budget(cost=3.0)):
        told = by_model(place)
        report = await again(place, run, ask={"step": "step@2"}, ask_all=True, budget=budget)
        assert report.differences["error"] == (None, "NOODLE-E0522")
        assert len(told) == 2


async def test_what_fails_in_a_run_may_go_on_in_another_version(place: Place) -> None:
    failed = await ended(place, CHAIN.replace("    second", "    1 / 0\n    second"))
    report = await again(place, failed, module=other(CHAIN))
    assert (report.fits, report.unfinished) == (True, True)
    assert report.stopped == "it came to effect /2, step('2'), to which the run has no answer"
    by_model(place)
    asking = await again(place, failed, module=other(CHAIN), ask=["step"])
    assert asking.asked == {"step": 2}


async def test_run_that_was_cancelled_is_replayed_as_far_as_it_came(place: Place) -> None:
    place.models.hold_after(2)
    async with place.node() as runs:
        run, _ = await runs.submit(asked(STEPS, 4))
        await journaled(place, run.id, 2)
        cancelled = await runs.cancel(run.id)
    place.models.let_go()
    for how in ({}, {"ask": ["step"]}):  # it asks nothing that the run has not asked
        report = await again(place, cancelled, **how)
        assert (report.fits, report.unfinished) == (True, True)


async def test_check_leaves_out_runs_that_do_not_go_as_they_did_with_their_own_version(place: Place) -> None:
    sound, odd = await ended(place, STEPS, 3), await ended(place, STEPS, 3)
    await place.store._write(
        lambda connection: connection.execute(update(journal).where(journal.c.run == odd.id).values(call=b"x"))
    )
    digest, nbc = other(STEPS.replace("step(value)", "step(value + '0')"))
    done = await programs.check(place.store, place.executor, Compiled(digest, nbc, ("step",)), [sound.id, odd.id])
    assert (done.replayed, done.unclear, [report.run for report in done.differ]) == (2, [odd.id], [sound.id])


async def test_replay_within_a_budget_counts_what_was_answered_and_nothing_that_the_journal_answers(
    place: Place,
) -> None:
    run = await ended(place, CHAIN)
    by_model(place)
    place.executor.prices = {"step": Price(Decimal(5)), "other": Price(Decimal(2))}
    for budget in (Budget(model_calls=1), Budget(cost=1.0)):
        report = await again(place, run, ask=["other"], budget=budget)
        assert (report.same, report.asked, report.answered) == (True, {"other": 1}, 2)
        assert report.outcome is not None
        assert report.outcome["usage"]["cost"] == 12.0
    report = await again(place, run, ask=["step"], budget=Budget(model_calls=1))
    assert report.differences["error"] == (None, "NOODLE-E0522")
    assert report.asked == {"step": 1}


class Failing:
    """A runner whose first run fails with an error; further ones go on until they are cancelled."""

    def __init__(self, error: NoodleError | None = None) -> None:
        self.error = error
        self.begun = self.open = self.most = 0

    async def execute(self, request: Any, journal: Any) -> Any:
        self.begun += 1
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            if self.error is not None and self.begun == 1:
                raise self.error
            await asyncio.sleep(60)
        finally:
            self.open -= 1


@pytest.mark.parametrize(
    "error", [PlatformError("no worker", code="NOODLE-E0803"), RequestError("many wait", code="NOODLE-E0707")]
)
async def test_failure_of_the_platform_ends_a_check_at_once_and_blames_no_version(
    place: Place, error: NoodleError
) -> None:
    runs = [(await ended(place, STEPS, 1)).id for _ in range(4)]
    with pytest.raises(type(error)):
        await replay(place.store, Failing(error), runs[0])
    failing = Failing(error)
    async with asyncio.timeout(20):
        with pytest.raises(type(error)):
            await programs.check(place.store, failing, Compiled(*other(STEPS), ("step",)), runs)
    assert (failing.open, failing.begun <= 2) == (0, True)


async def test_checks_share_a_gate_and_say_what_they_did_not_replay_in_time(place: Place) -> None:
    runs = [(await ended(place, STEPS, 1)).id for _ in range(4)]
    slow, gate, module = Failing(), asyncio.Semaphore(2), Compiled(*other(STEPS), ("step",))
    both = [programs.check(place.store, slow, module, runs, gate=gate, seconds=0.3) for _ in range(2)]
    for done in await asyncio.gather(*both):
        assert done == (0, [], [], [], runs)
    assert (slow.most, slow.open, gate.locked()) == (2, 0, False)


async def test_damaged_run_and_one_without_its_module_are_unclear(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = 'from noodle_ray import model\nstep = model("step")\ndef main(text):\n    return step("1") + text\n'
    lost, sound = await ended(place, source, "x" * 50_000), await ended(place, source, "x")
    bare = await ended(place, source + "\n\ndef more():\n    return 1\n", "x")
    await place.store.objects.delete(lost.id)
    stored = place.store.module

    async def module(digest: str) -> bytes | None:
        return None if digest == bare.digest else await stored(digest)

    monkeypatch.setattr(place.store, "module", module)
    version = Compiled(*other(source.replace('"1"', '"2"')), ("step",))
    done = await programs.check(place.store, place.executor, version, [bare.id, lost.id, sound.id])
    assert (done.replayed, done.unclear, done.differing) == (3, [bare.id, lost.id], [sound.id])


async def test_check_keeps_short_reports_of_the_first_runs_that_differ(place: Place) -> None:
    source = "def main(n):\n    print('y' * 9000)\n    return 'x' * 9000\n"
    async with place.node() as node:
        made = [(await node.submit(asked(source, n)))[0].id for n in range(programs.SHOWN + 2)]
        for run in made:
            await node.wait(run, 20)
    version = Compiled(*other(source.replace("9000\n", "8000\n")), ())
    done = await programs.check(place.store, place.executor, version, made)
    assert (done.replayed, done.differing) == (len(made), made)
    assert [report.run for report in done.differ] == made[: programs.SHOWN]
    report = done.differ[0]
    assert report.outcome is not None
    assert report.outcome.keys() == {"result", "stdout", "error", "usage"}
    assert report.differences["result"] == (
        {"$cut": "x" * 1000, "bytes": 9003}, {"$cut": "x" * 1000, "bytes": 8003}
    )  # fmt: skip
    assert report.outcome["stdout"] == "y" * 1000 + "… (9,001 characters)"
    assert report.short == report


async def test_report_lists_the_first_divergences_changes_and_unused_effects(place: Place) -> None:
    count = TOLD + 5
    source = CHAIN[: CHAIN.index("def main")] + (
        f"def main() -> list:\n    return [*map(step, [str(n) for n in range({count})])]\n"
    )
    run = await ended(place, source)
    by_model(place)
    changed = await again(place, run, ask={"step": "step@2"})
    assert (len(changed.changes), changed.more) == (TOLD, {"changes": 5})
    diverged = await again(place, run, module=other(source.replace("str(n)", "str(n + 1)")), ask=["step"])
    assert (len(diverged.divergences), diverged.more["divergences"]) == (TOLD, 5)
    unused = await again(place, run, module=other("def main() -> list:\n    return []\n"))
    assert (len(unused.unused), unused.more, unused.fits) == (TOLD, {"unused": 5}, False)


async def test_long_value_is_cut_to_its_beginning() -> None:
    assert cut([1, 2]) == [1, 2]
    found = cut(list(range(5000)))
    assert isinstance(found, dict)
    assert (found["$cut"], found["bytes"] > 5000) == ("[0, 1, 2, 3, 4, 5, ...]", True)


async def test_long_error_is_told_by_code_type_and_the_beginning_of_its_message(place: Place) -> None:
    report = await again(place, await ended(place, "raise ValueError('x' * 9000)"))
    assert report.same
    assert report.short.outcome is not None
    told = report.short.outcome["error"]
    assert (told["code"], told["type"], len(told["message"]) < 1100) == ("NOODLE-E0501", "ValueError", True)
