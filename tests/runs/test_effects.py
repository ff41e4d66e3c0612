"""Calls of models on the short way: what takes it, and in which turn of the loop answers are given."""

import asyncio

import pytest

from noodle_ray.core.runs.batcher import Call, EffectBatcher, Reply
from noodle_ray.core.runs.budgets import NO_ALLOWANCES, Budget
from noodle_ray.core.runs.caller import Caller
from noodle_ray.core.runs.continuation import Answered, Journal
from noodle_ray.core.runs.effects import Asked, RunEffects
from noodle_ray.core.runs.plain_waits import PlainWaits
from noodle_ray.core.runs.tools.host import ToolHost
from noodle_ray.core.vm.host import TELL, EffectAnswer, EffectRequest


class Host:
    """A model that answers with its argument once its gate opens."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.batches: list[int] = []

    async def infer(self, model: str, calls: list[Call]) -> list[tuple[bool, object]]:
        self.batches.append(len(calls))
        await self.gate.wait()
        return [(True, args[0]) for args, _ in calls]


def effects(host: Host, journal: Journal | None = None, caller: Caller = Caller()) -> RunEffects:  # noqa: B008
    asked = Asked(EffectBatcher(host), ToolHost(), NO_ALLOWANCES, {})
    return RunEffects(asked, journal or Journal(), caller, PlainWaits().answer)


def calls(count: int) -> list[EffectRequest]:
    return [EffectRequest(f"/{n}", "m", (n,), {}) for n in range(count)]


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_calls_of_a_message_leave_two_turns_later_and_their_answers_are_given_when_the_model_gives_them() -> None:
    host, journal, given = Host(), Journal(), []
    run = effects(host, journal)
    assert run.begin(calls(30), given.append)
    await turns(2)
    assert host.batches == [30]
    host.gate.set()
    await turns(1)
    assert given == [[EffectAnswer(f"/{n}", True, n) for n in range(30)]]
    assert list(journal.answers) == [f"/{n}" for n in range(30)]
    outcome = {"usage": {}, "events": []}
    run.annotate(outcome)
    assert outcome["usage"]["model_batches"] == 1  # type: ignore[call-overload]
    assert run.meter.model_calls == 30


@pytest.mark.parametrize("model", [TELL, "@sleep", "tool:t"])
async def test_what_is_no_call_of_a_model_takes_the_long_way(model: str) -> None:
    assert not effects(Host()).begin([*calls(1), EffectRequest("/x", model, (), {})], print)


async def test_run_with_a_budget_takes_the_long_way() -> None:
    assert not effects(Host(), caller=Caller(budget=Budget(model_calls=5))).begin(calls(1), print)


async def test_run_that_has_answers_takes_the_long_way() -> None:
    known = Journal([Answered("/0", b"", True, 0)])
    assert not effects(Host(), known).begin(calls(1), print)


async def test_failure_on_the_way_to_the_model_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    run, given = effects(Host()), []

    def lost(*_: object, **__: object) -> asyncio.Future[Reply]:
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        future.set_exception(ValueError("gone"))
        return future

    monkeypatch.setattr(EffectBatcher, "submit", lost)
    assert run.begin(calls(2), given.append)
    await turns(2)
    assert given == [[EffectAnswer(f"/{n}", False, ("NOODLE-E0604", "the model call failed: gone")) for n in range(2)]]


async def test_answers_after_the_end_of_a_run_go_nowhere() -> None:
    host, given = Host(), []
    run = effects(host)
    assert run.begin(calls(2), given.append)
    await turns(2)
    run.close()
    host.gate.set()
    await turns(3)
    assert given == []


async def test_run_that_cannot_take_its_answers_keeps_no_other_from_them() -> None:
    host, given = Host(), []
    asked = Asked(EffectBatcher(host), ToolHost(), NO_ALLOWANCES, {})
    broken, sound = [RunEffects(asked, Journal(), Caller(), PlainWaits().answer) for _ in range(2)]
    problems: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context["exception"]))

    def break_(answers: list[EffectAnswer]) -> None:
        raise ValueError("no")

    assert broken.begin(calls(2), break_)
    assert sound.begin(calls(2), given.append)
    host.gate.set()
    await turns(4)
    assert host.batches == [4]
    assert given == [[EffectAnswer("/0", True, 0), EffectAnswer("/1", True, 1)]]
    assert [type(problem) for problem in problems] == [ValueError]


async def test_message_that_cannot_be_sent_whole_is_not_sent_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    host, journal, given = Host(), Journal(), []
    run = effects(host, journal)
    send = run._send

    def refuses_the_last(request: EffectRequest) -> asyncio.Future[Reply]:
        if request.key == "/2":
            raise ValueError("no")
        return send(request)

    monkeypatch.setattr(RunEffects, "_send", lambda self, request: refuses_the_last(request))
    with pytest.raises(ValueError, match="no"):
        run.begin(calls(3), given.append)
    host.gate.set()
    await turns(6)
    assert (given, journal.answers, host.batches) == ([], {}, [])
