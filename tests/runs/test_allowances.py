"""What tenants' runs may compute: fuel together, memory and time each; with real workers and a real store."""

import asyncio
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select

from noodle_ray.core.runs import continuation, fuel
from noodle_ray.core.runs.budgets import Allowance, Budget, Spending
from noodle_ray.core.runs.caller import Caller
from noodle_ray.core.runs.executor import Outcome, Program
from noodle_ray.core.runs.fuel import within_allowance
from noodle_ray.core.runs.quotas import Quota, Quotas
from noodle_ray.core.runs.replay import replay
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.store.errors import StoreUnavailable
from noodle_ray.core.store.status import Status
from noodle_ray.core.store.store import Store
from noodle_ray.core.store.tables import loans
from noodle_ray.core.vm.limits import Limits
from noodle_ray.errors import RequestError
from tests.runs.places import Place, asked, crash, journaled, result, until
from tests.runs.test_budgets import BURN, publish

pytestmark = pytest.mark.asyncio(loop_scope="module")
WORK = "def main(n):\n    total = 0\n    for k in range(n):\n        total += k * k\n    return total\n"
ENDLESS = "def main():\n    n = 0\n    while True:\n        n += 1\n"
WAITS = (
    "from noodle_ray import wait_for_signal\ndef main():\n    total = 0\n    for k in range(500):\n        total += k\n"
    "    total += wait_for_signal('go')\n    for k in range(300):\n        total += k\n    return total\n"
)
STARTS = (
    "from noodle_ray import run_program\ndef main(times):\n    for _ in range(times):\n"
    "        run_program('burn', 1000)\n    return sum(range(100))\n"
)


def allow(place: Place, most: int | None, tenant: str = "t") -> Spending:
    """Let a tenant's runs use so much fuel; returns its spending, as another node has it too."""

    async def store() -> Store:
        return place.store

    allowances = {tenant: Allowance(Budget(), "day", most)} if most is not None else {}
    place.executor.spending = Spending(allowances, {}, store, lambda: 1_000_000_000.0)
    return Spending(allowances, {}, store, lambda: 1_000_000_000.0)


@pytest_asyncio.fixture(loop_scope="module")
async def free(place: Place) -> Place:
    """A place where nothing is bounded."""
    allow(place, None)
    place.executor.quotas = Quotas()
    return place


async def run(place: Place, source: str, *args: object, tenant: str = "t", **limits: Any) -> Outcome:
    _, outcome = await place.executor.run(
        Program(source=source), args=list(args), limits=Limits()._replace(**limits), tenant=tenant
    )
    return outcome


async def counted(spending: Spending, tenant: str = "t") -> tuple[float, float]:
    """What the tenant's runs have used, and what is lent to some."""
    spent = (await spending.report(tenant))["spent"]
    return spent["fuel"], spent["fuel_lent"]


def code(outcome: Outcome) -> str | None:
    return outcome["error"] and outcome["error"]["code"]  # type: ignore[index, no-any-return]


async def test_fuel_of_all_runs_is_summed_exactly_those_that_fail_too(free: Place) -> None:
    other = allow(free, 10**9)
    sources = [
        (WORK, 10),
        (WORK, 4000),
        ("def main(n):\n    return n // 0\n", 1),
        ("def main(n):\n    return [n]\n", 2),
    ]
    outcomes = [await run(free, source, argument) for source, argument in sources]
    outcomes.append(await run(free, ENDLESS, fuel=5000))
    outcomes += await asyncio.gather(*[run(free, WORK, n) for n in (100, 200, 300)])
    assert [code(outcome) for outcome in outcomes].count(None) == 6
    assert await counted(other) == (sum(outcome["usage"]["fuel"] for outcome in outcomes), 0)
    assert (await run(free, WORK, 10, tenant="other"))["error"] is None
    assert (await other.report("t"))["budget"] == {"fuel": 10**9}


async def test_run_never_uses_more_than_is_left(free: Place) -> None:
    other = allow(free, 100_000)
    outcomes = await asyncio.gather(*[run(free, ENDLESS, fuel=30_000) for _ in range(8)])
    assert {code(outcome) for outcome in outcomes} == {"NOODLE-E0401", "NOODLE-E0524"}
    assert sum(outcome["usage"]["fuel"] for outcome in outcomes) == 100_000
    assert await counted(other) == (100_000, 0)
    nothing = await run(free, "def main():\n    print('never')\n")
    assert (code(nothing), nothing["stdout"], nothing["usage"]["fuel"]) == ("NOODLE-E0524", "", 0)


async def test_run_that_the_allowance_ended_goes_on_when_there_is_more(free: Place) -> None:
    whole = await run(free, WORK, 2000)
    half = whole["usage"]["fuel"] // 2
    allow(free, half)
    stopped = await run(free, WORK, 2000)
    assert (code(stopped), stopped["usage"]["fuel"]) == ("NOODLE-E0524", half)
    allow(free, None)
    going_on = continuation.read(stopped["continuation"])
    assert (going_on.with_fuel(None), going_on.with_fuel(0)) == (going_on, going_on)
    _, outcome = await free.executor.resume(going_on.with_fuel(None), tenant="t")
    assert (outcome["result"], outcome["usage"]["fuel"]) == (whole["result"], whole["usage"]["fuel"])


async def test_program_cannot_catch_the_end_of_it(free: Place) -> None:
    allow(free, 20_000)
    source = "def main():\n    while True:\n        try:\n            while True:\n                pass\n"
    source += "        except BaseException:\n            print('caught')\n        finally:\n            print('and')\n"
    outcome = await run(free, source)
    assert (code(outcome), outcome["stdout"], outcome["usage"]["fuel"]) == ("NOODLE-E0524", "", 20_000)


async def test_run_whose_client_went_away_counts_what_its_worker_told(free: Place) -> None:
    other = allow(free, 10**12)
    running = asyncio.ensure_future(run(free, ENDLESS, fuel=10**11, deadline=60.0))
    while (await counted(other))[1] != 10**11:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.5)  # five times as long as a worker takes to tell
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    used, lent = await counted(other)
    assert (0 < used < 10**11, lent) == (True, 0)


async def test_durable_run_counts_once_however_often_it_is_begun(free: Place) -> None:
    source = (
        "from noodle_ray import model\nstep = model('step')\ndef main():\n    value = '0'\n    for _ in range(6):\n"
        "        value = step(value)\n        total = sum([k * k for k in range(300)])\n    return value\n"
    )
    other = allow(free, 10**10)
    free.models.hold_after(3)
    async with free.node(lease_seconds=1.0) as first:
        stored, _ = await first.submit(asked(source, limits=Limits(fuel=10**9)))
        await journaled(free, stored.id, 3)
        crash(first)
        free.models.let_go()
        async with free.node(lease_seconds=1.0) as second:
            ended = await second.wait(stored.id, 20)
    assert (ended.status, ended.attempt) == (Status.SUCCEEDED, 2)
    assert await counted(other) == ((ended.usage or {})["fuel"], 0)


async def test_run_that_waits_elsewhere_has_nothing_lent_and_counts_once(free: Place) -> None:
    other = allow(free, 10**10)
    async with free.node(lease_seconds=9.0) as runs:
        stored, _ = await runs.submit(asked(WAITS, limits=Limits(fuel=10**9)))
        async with asyncio.timeout(20):
            while (await free.store.get(stored.id)).status is not Status.WAITING:
                await asyncio.sleep(0.01)
        used, lent = await counted(other)
        assert (used < 10**8, lent) == (True, 0)
        await runs.signal(stored.id, "go", 5)
        ended = await runs.wait(stored.id, 20)
    assert result(ended)[0] == 5 + sum(range(500)) + sum(range(300))
    assert await counted(other) == ((ended.usage or {})["fuel"], 0)


async def test_durable_run_fails_when_nothing_is_left_and_is_retried_later(free: Place) -> None:
    allow(free, 100)
    async with free.node(lease_seconds=9.0) as runs:
        stored, _ = await runs.submit(asked(WORK, 1000))
        ended = await runs.wait(stored.id, 20)
        assert (ended.status, (ended.error or {})["code"]) == (Status.FAILED, "NOODLE-E0524")
        allow(free, 10**9)
        await runs.retry(stored.id)
        ended = await runs.wait(stored.id, 20)
    assert result(ended)[0] == sum(k * k for k in range(1000))


async def test_family_is_counted_once_on_the_fuel_of_its_first_run(free: Place) -> None:
    await publish(free, "burn", BURN)
    async with free.node(lease_seconds=9.0) as runs, free.node(lease_seconds=9.0):
        plain, _ = await runs.submit(asked(STARTS, 3))
        usage = (await runs.wait(plain.id, 20)).usage or {}
        needed = usage["fuel"] + usage["children"]["fuel"]
        # As the first run may use all that there is, those that it starts have nothing but what it gives them.
        other = allow(free, 8 * needed)
        stored, _ = await runs.submit(asked(STARTS, 3, limits=Limits(fuel=8 * needed)))
        ended = await runs.wait(stored.id, 20)
    assert result(ended)[0] == sum(range(100))
    told = ended.usage or {}
    assert told["children"] == usage["children"]
    assert await counted(other) == (told["fuel"] + told["children"]["fuel"], 0)


async def test_replay_counts_and_is_refused_rather_than_wrong(free: Place) -> None:
    async with free.node(lease_seconds=9.0) as runs:
        stored, _ = await runs.submit(asked(WORK, 1000))
        used = ((await runs.wait(stored.id, 20)).usage or {})["fuel"]
    other = allow(free, used + used // 2)
    report = await replay(free.store, free.executor, stored.id)
    assert (report.same, await counted(other)) == (True, (used, 0))
    for _ in range(2):
        with pytest.raises(RequestError) as caught:
            await replay(free.store, free.executor, stored.id)
        assert caught.value.code == "NOODLE-E0524"
    assert await counted(other) == (used + used // 2, 0)


async def test_deleted_run_leaves_no_row(free: Place) -> None:
    other = allow(free, 10**10)
    async with free.node(lease_seconds=9.0) as runs:
        stored, _ = await runs.submit(asked(WAITS))
        async with asyncio.timeout(20):
            while (await free.store.get(stored.id)).status is not Status.WAITING:
                await asyncio.sleep(0.01)
        await runs.cancel(stored.id)
        await runs.wait(stored.id, 20)
        await runs.delete(stored.id)
    assert (await counted(other))[1] == 0
    with free.store.engine.connect() as connection:
        assert list(connection.execute(select(loans).where(loans.c.run == stored.id))) == []


async def test_limits_of_a_tenants_runs_hold_whatever_they_ask_for(free: Place) -> None:
    free.executor.quotas = Quotas({"t": Quota(memory=20 << 20, deadline=0.5)})
    large = "def main():\n    return len(bytearray(64 << 20))\n"
    assert code(await run(free, large)) == "NOODLE-E0402"
    assert (await run(free, large, tenant="other"))["error"] is None
    assert code(await run(free, ENDLESS, deadline=20.0, fuel=10**12)) == "NOODLE-E0403"
    async with free.node(lease_seconds=9.0) as runs:
        stored, _ = await runs.submit(asked(large))
        assert ((await runs.wait(stored.id, 20)).error or {})["code"] == "NOODLE-E0402"


async def test_loan_is_given_back_by_a_run_that_was_cancelled_while_it_took_it(
    free: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = allow(free, 10**9)
    lend = free.store.lend_fuel

    async def slow(*args: Any) -> int | None:
        lent = await lend(*args)
        running.cancel()
        await asyncio.sleep(0.01)
        return lent

    monkeypatch.setattr(free.store, "lend_fuel", slow)
    running = asyncio.ensure_future(run(free, WORK, 10))
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await counted(other) == (0, 0)


async def test_run_waits_for_fuel_that_others_give_back_and_not_for_ever(free: Place) -> None:
    other = allow(free, 10**9)
    holder = asyncio.ensure_future(run(free, ENDLESS, fuel=10**9 - 500, deadline=60.0))
    while (await counted(other))[1] == 0:
        await asyncio.sleep(0.01)
    cut = await run(free, WORK, 10**4, deadline=0.2)
    assert (code(cut), cut["usage"]["fuel"]) == ("NOODLE-E0524", 500)
    waiting = asyncio.ensure_future(run(free, WORK, 100, fuel=10**6))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    holder.cancel()
    assert (await waiting)["error"] is None


async def test_too_many_that_wait_for_fuel_are_refused(free: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("noodle_ray.core.runs.fuel.MAX_WAITING", 2)
    other = allow(free, 10**9)
    holder = asyncio.ensure_future(run(free, ENDLESS, fuel=10**9, deadline=60.0))
    while (await counted(other))[1] == 0:
        await asyncio.sleep(0.01)
    waiting = [asyncio.ensure_future(run(free, WORK, 10, fuel=10**6)) for _ in range(2)]
    await until(lambda: fuel._waiting["t"] == 2)
    with pytest.raises(RequestError) as caught:
        await run(free, WORK, 10)
    assert caught.value.code == "NOODLE-E0707"
    holder.cancel()
    assert [(await each)["error"] for each in waiting] == [None, None]


async def test_durable_runs_that_wait_for_fuel_hold_no_slot(free: Place) -> None:
    other = allow(free, 10**9)
    holder = asyncio.ensure_future(run(free, ENDLESS, fuel=10**9, deadline=60.0))
    while (await counted(other))[1] == 0:
        await asyncio.sleep(0.01)
    async with free.node(lease_seconds=9.0, slots=2, max_attempts=2) as runs:
        waiting = [(await runs.submit(asked(WORK, 10)))[0].id for _ in range(2)]
        free_run, _ = await runs.submit(asked(WORK, 10, tenant="u"))
        assert (await runs.wait(free_run.id, 20)).status is Status.SUCCEEDED
        async with asyncio.timeout(20):
            while (await free.store.get(waiting[0])).epoch < 4:  # it was looked at more often than it may be attempted
                await asyncio.sleep(0.02)
        holder.cancel()
        for one in waiting:
            ended = await runs.wait(one, 20)
            assert (ended.status, ended.attempt) == (Status.SUCCEEDED, 1)
    assert (await counted(other))[1] == 0


async def test_attempt_whose_worker_died_counts_once_with_the_next(
    free: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = allow(free, 10**9)
    execute, lost = free.executor.execute, 0

    async def dies_once(request: Any, journal: Any) -> Outcome:
        nonlocal lost
        outcome = await execute(request, journal)
        if not lost:
            lost = outcome["usage"]["fuel"]
            outcome["error"] = {"code": "NOODLE-E0801", "type": "", "message": "", "traceback": []}
        return outcome

    monkeypatch.setattr(free.executor, "execute", dies_once)
    async with free.node(lease_seconds=9.0) as runs:
        stored, _ = await runs.submit(asked(WORK, 1000))
        ended = await runs.wait(stored.id, 20)
    assert (ended.status, ended.failures, (ended.usage or {})["fuel"]) == (Status.SUCCEEDED, 1, lost)
    assert await counted(other) == (lost, 0)


async def test_cancelled_durable_run_counts_and_counts_again_when_it_is_retried(free: Place) -> None:
    other = allow(free, 10**12)
    async with free.node(lease_seconds=9.0) as runs:
        stored, _ = await runs.submit(asked(ENDLESS, limits=Limits(fuel=10**11, deadline=60.0)))
        sums = []
        for _ in range(2):
            while (await counted(other))[1] == 0:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.5)  # five times as long as a worker takes to tell
            await runs.cancel(stored.id)
            while (await counted(other))[1]:
                await asyncio.sleep(0.01)
            sums.append((await counted(other))[0])
            await runs.retry(stored.id)
        await runs.cancel(stored.id)
    assert 0 < sums[0] < sums[1]


async def test_fuel_of_a_run_ends_nothing_in_time_that_it_waited_for_the_store(
    free: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(free, 10**9)
    lend, failures = free.store.lend_fuel, [StoreUnavailable("gone")] * 2

    async def gone(*args: Any) -> int | None:
        if failures:
            raise failures.pop()
        return await lend(*args)

    monkeypatch.setattr(free.store, "lend_fuel", gone)
    async with free.node(lease_seconds=9.0, max_attempts=1) as runs:
        stored, _ = await runs.submit(asked(WORK, 10))
        ended = await runs.wait(stored.id, 20)
    assert (ended.status, ended.attempt, ended.epoch) == (Status.SUCCEEDED, 1, 3)


async def test_tenant_without_an_allowance_of_fuel_waits_for_nothing(free: Place) -> None:
    spending = allow(free, 10**9, "u")
    request, outcome = RunRequest(b"", "", None, [], {}, Limits(), "auto"), {"result": 1}

    async def execute(_: RunRequest) -> Outcome:
        return outcome

    fueled = within_allowance(spending, Caller("t", "1" * 32), request, execute, lambda: 0, None, replayed=False)
    with pytest.raises(StopIteration) as ended:  # it never gives way to the event loop
        fueled.send(None)
    assert ended.value.value is outcome
