"""Fuel that a tenant's runs may use: lent to an attempt before it begins, and settled when it has ended."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

from noodle_ray.core.runs.budgets import Loan, Spending, exceeded
from noodle_ray.core.runs.caller import Caller
from noodle_ray.core.sandbox import outcome as outcomes
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.store.errors import StoreUnavailable
from noodle_ray.core.vm.limits import CODES, Limits
from noodle_ray.errors import RequestError

T = TypeVar("T")
Outcome = dict[str, Any]
MAX_WAITING: Final = 64
"""Runs of a tenant that may wait in one process for fuel that others may give back."""
BUSY: Final = "NOODLE-E0707"
"""Error code: too many runs wait."""
_FIRST_PAUSE: Final = 0.02
_LAST_PAUSE: Final = 0.5
"""Seconds between looks at what was given back."""

Execute = Callable[[RunRequest], Awaitable[Outcome]]


async def within_allowance(
    spending: Spending,
    caller: Caller,
    request: RunRequest,
    execute: Execute,
    told: Callable[[], int],
    *,
    stored: bool,
    replayed: bool,
) -> Outcome:
    """Execute an attempt with no more fuel than its tenant has left. One that this ended has the error E0524; of one
    that is ``replayed``, and would not do what it did, it is raised as a RequestError.

    ``stored`` runs may have further attempts. ``told`` says what an attempt has used whose outcome nobody knows: what
    its worker told last. While the store cannot be reached nothing runs: stored runs wait, others raise
    StoreUnavailable after a while.
    """
    wanted = request.limits.fuel
    loan = await _lent(spending, caller, request.limits, persistent=stored)
    if loan is None:
        return await execute(request)
    if not loan.fuel and replayed:
        raise _refusal()
    if not loan.fuel:
        outcome: Outcome = outcomes.limit("allowance", request.tier)
        outcome["usage"]["seed"] = request.seed
        return outcome
    used, over = None, not stored
    try:
        outcome = await execute(request._replace(limits=request.limits._replace(fuel=loan.fuel)))
        used, over = int(outcome["usage"]["fuel"]), True
    finally:
        await _to_its_end(_settled(spending, caller, loan.since, told() if used is None else used, over))
    error = outcome["error"]
    if error is not None and error["code"] == CODES["fuel"] and loan.fuel < wanted:
        if replayed:
            raise _refusal()
        error["code"], error["message"] = exceeded("allowance")
    return outcome


_waiting: Counter[str] = Counter()
_going_on: set[asyncio.Task[Any]] = set()
"""What goes on when the one who waits for it is cancelled."""


async def _to_its_end(what: Coroutine[Any, Any, T]) -> T:
    task = asyncio.ensure_future(what)
    _going_on.add(task)
    task.add_done_callback(_going_on.discard)
    return await asyncio.shield(task)


def _refusal() -> RequestError:
    code, message = exceeded("allowance")
    return RequestError(message, code=code)


async def _lent(spending: Spending, caller: Caller, limits: Limits, persistent: bool) -> Loan | None:
    """The fuel for an attempt. Where others have what is missing, it waits for them, as long as it may last itself at
    most. Raises RequestError E0707 if too many wait already."""
    until = asyncio.get_running_loop().time() + limits.deadline
    pause, tenant = _FIRST_PAUSE, caller.tenant
    while True:
        whole = asyncio.get_running_loop().time() < until
        try:
            loan = await _taken(spending, caller, limits.fuel, whole, over=not persistent)
        except StoreUnavailable:
            if not persistent:  # who is persistent is ended with the run's lease
                raise
            continue
        if loan is None or loan.fuel is not None:
            return loan
        if _waiting[tenant] >= MAX_WAITING:
            message = f"{MAX_WAITING} runs of this tenant wait for fuel already that others may give back"
            raise RequestError(message, code=BUSY)
        _waiting[tenant] += 1
        try:
            await asyncio.sleep(pause)
        finally:
            _waiting[tenant] -= 1
            if not _waiting[tenant]:
                del _waiting[tenant]
        pause = min(pause * 1.5, _LAST_PAUSE)


async def _taken(spending: Spending, caller: Caller, wanted: int, whole: bool, over: bool) -> Loan | None:
    """Take a loan. If who waits for it is cancelled meanwhile, it is given back."""
    lending = asyncio.ensure_future(spending.lend(caller, wanted, whole))

    async def give_back() -> None:
        with contextlib.suppress(StoreUnavailable):
            loan = await lending
            if loan is not None and loan.fuel:
                await _settled(spending, caller, loan.since, 0, over)

    try:
        return await asyncio.shield(lending)
    except asyncio.CancelledError:
        await _to_its_end(give_back())
        raise


async def _settled(spending: Spending, caller: Caller, since: str, used: int, over: bool) -> None:
    with contextlib.suppress(StoreUnavailable):  # what was lent stays counted then, and no more than that was used
        await spending.settle_fuel(caller, since, used, over)
