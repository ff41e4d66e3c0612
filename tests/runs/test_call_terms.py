"""``priority=`` and ``deadline=`` of a program's call: below what its run was given, and never above."""

import time
from collections.abc import AsyncIterator
from math import inf
from pathlib import Path
from typing import Any

import pytest

from noodle_ray.core.runs.batcher import Answered, Call, Shape
from noodle_ray.core.runs.compiler import CompilerService
from noodle_ray.core.runs.executor import Executor, Program
from noodle_ray.core.runs.modules import ModuleStore
from noodle_ray.core.runs.terms import ORDINARY, PRIORITIES, Terms, lowered, under
from noodle_ray.core.sandbox.pool import WorkerPool
from noodle_ray.errors import RequestError

BATCH, NORMAL, INTERACTIVE = PRIORITIES["batch"], PRIORITIES["normal"], PRIORITIES["interactive"]


class Noting:
    """Models that answer with their options, and note on what terms they were asked."""

    def __init__(self) -> None:
        self.terms: list[Terms] = []

    def shape(self, model: str) -> Shape:
        return Shape()

    async def infer(self, model: str, calls: list[Call]) -> Any:
        raise AssertionError("calls come with terms")

    async def ask(self, model: str, calls: list[Call], terms: list[Terms]) -> list[Answered]:
        self.terms += terms
        return [Answered(True, sorted(kwargs)) for _, kwargs in calls]


class Ran:
    """Runs programs on `Noting`."""

    def __init__(self, executor: Executor, models: Noting) -> None:
        self._executor = executor
        self.models = models

    async def __call__(self, call: str) -> dict[str, Any]:
        source = f"from noodle_ray import ModelError, model\nm = model('m')\ndef main():\n    {call}\n"
        _, outcome = await self._executor.run(Program(source=source))
        return outcome


@pytest.fixture
async def ran(tmp_path: Path) -> AsyncIterator[Ran]:
    """Runs a body of ``main``."""
    models = Noting()
    async with WorkerPool(max_size=1) as pool:
        yield Ran(Executor(pool, CompilerService(ModuleStore(tmp_path)), models), models)


async def test_call_is_as_urgent_as_it_says_and_the_model_sees_no_such_option(ran: Ran) -> None:
    outcome = await ran("return [m('a', top=1, priority='batch'), m('b', deadline=50), m('c')]")
    assert outcome["result"] == [["top"], [], []]
    timed, plain, batch = sorted(ran.models.terms, key=lambda terms: (terms.priority, terms.until))
    assert (batch.priority, timed.priority, plain[:3]) == (BATCH, NORMAL, ORDINARY[:3])
    assert batch.until == inf
    assert 0 < timed.until - time.monotonic() <= 50


async def test_call_is_never_more_urgent_than_its_run_nor_wanted_for_longer(ran: Ran) -> None:
    given = Terms(BATCH, "team").within(20)
    with under(given):
        await ran("return m('a', priority='interactive', deadline=3600)")
    assert [each[:3] for each in ran.models.terms] == [given[:3]]
    with under(Terms(INTERACTIVE)):
        await ran("return [m('a'), m('b', priority='normal')]")
    assert [each.priority for each in ran.models.terms[1:]] == [INTERACTIVE, NORMAL]


@pytest.mark.parametrize(
    "option",
    [
        "priority='urgent'", "priority=''", "priority=0", "priority=['batch']", "priority='x' * 100000",
        "deadline=0", "deadline=-1", "deadline='soon'", "deadline=True", "deadline=float('nan')",
        "deadline=float('inf')", "deadline=10**400", "deadline=86401", "deadline=[1]",
    ],
)  # fmt: skip
async def test_bad_terms_are_an_error_that_the_program_can_catch(ran: Ran, option: str) -> None:
    outcome = await ran(
        f"try:\n        m('a', {option})\n    except ModelError as error:\n        return str(error)[:200]"
    )
    assert outcome["error"] is None
    assert any(word in outcome["result"] for word in ("priority must be", "deadline must be"))
    assert ran.models.terms == []


def test_options_that_are_none_of_terms_stay() -> None:
    terms, rest = lowered(ORDINARY, {"top": 1, "priority": None, "deadline": None})
    assert (terms, rest) == (ORDINARY, {"top": 1})
    with pytest.raises(RequestError, match="priority must be") as caught:
        lowered(ORDINARY, {"priority": "x" * 10_000})
    assert caught.value.code == "NOODLE-E0750"
    assert len(caught.value.message) < 200
