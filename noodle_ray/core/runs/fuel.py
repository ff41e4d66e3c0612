"""Fuel that a tenant's runs may use: lent to an attempt before it begins, and counted when it has ended.

What a stored run used is counted by whoever writes how it ended, in the same step: see `durable`.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

from noodle_ray.core.runs.budgets import LOAN_SECONDS, Spending, exceeded, persistently
from noodle_ray.core.runs.caller import Caller
from noodle_ray.core.sandbox import outcome as outcomes
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.store.errors import StoreUnavailable
from noodle_ray.core.store.records import Burnt, Loan
from noodle_ray.core.vm.limits import CODES, Limits
from noodle_ray.errors import RequestError

T = TypeVar("T")
Outcome = dict[str, Any]
MAX_WAITING: Final = 64
"""Runs of a tenant that may wait in one process for fuel that others may give back."""
BUSY: Final = "NOODLE-E0707"
"""Error code: too many runs wait, or a stored one has to."""
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
    keep: Callable[[Burnt], None] | None,
    *,
    replayed: bool,
) -> Outcome:
    """Execute an attempt with no more fuel than its tenant has left. One that this ended has the error E0524; of one
    that is ``replayed``, and would not do what it did, it is raised as a RequestError.

    What a stored run used is told to ``keep``, which says 0 of it before it is lent something. ``told`` says what an
    attempt has used whose outcome nobody knows: what its worker told last.

    Where others may give back what is missing, a run that is not stored waits for them; of one that is stored,
    RequestError E0707 is raised. Raises StoreUnavailable, for one that is not stored after a while.
    """
    loan = spending.loan(caller)
    if loan is None:
        return await execute(request)
    wanted, lent, used = request.limits.fuel, None, 0
    if keep is not None:
        keep(Burnt(loan))  # it may be lent, and who asked cancelled
    try:
        lent = await _lent(spending, loan, request.limits, waits=keep is None)
        if not lent and replayed:
            raise _refusal()
        if not lent:
            outcome: Outcome = outcomes.limit("allowance", request.tier)
            outcome["usage"]["seed"] = request.seed
            return outcome
        renewing = asyncio.ensure_future(_renew(spending, loan))
        try:
            outcome = await execute(request._replace(limits=request.limits._replace(fuel=lent)))
            used = int(outcome["usage"]["fuel"])
        finally:
            used = used or told()
            renewing.cancel()
    finally:
        if keep is not None:
            keep(Burnt(loan, used))
        elif lent != 0:
            await to_its_end(_settled(spending, Burnt(loan, used)))
    error = outcome["error"]
    if error is not None and error["code"] == CODES["fuel"] and lent < wanted:
        if replayed:
            raise _refusal()
        error["code"], error["message"] = exceeded("allowance")
    return outcome


_waiting: Counter[str] = Counter()
_going_on: set[asyncio.Task[Any]] = set()
"""What goes on when the one who waits for it is cancelled."""


async def to_its_end(what: Coroutine[Any, Any, T]) -> T:
    """Do it, even if who waits for it is cancelled."""
    task = asyncio.ensure_future(what)
    _going_on.add(task)
    task.add_done_callback(_going_on.discard)
    return await asyncio.shield(task)


def _refusal() -> RequestError:
    code, message = exceeded("allowance")
    return RequestError(message, code=code)


async def _lent(spending: Spending, loan: Loan, limits: Limits, waits: bool) -> int:
    """The fuel for an attempt. Where others have what is missing, one that ``waits`` does so, as long as it may last
    itself at most. Raises RequestError E0707 if it may not, or too many wait already."""
    if not waits:
        lent = await spending.lend(loan, limits.fuel, whole=True)
        if lent is None:
            raise RequestError("it waits for fuel that other runs of its tenant may give back", code=BUSY)
        return lent
    loop = asyncio.get_running_loop()
    until, pause, tenant = loop.time() + limits.deadline, _FIRST_PAUSE, loan.tenant
    lent = await persistently(lambda: spending.lend(loan, limits.fuel, whole=True))
    if lent is not None:
        return lent
    if _waiting[tenant] >= MAX_WAITING:
        message = f"{MAX_WAITING} runs of this tenant wait for fuel already that others may give back"
        raise RequestError(message, code=BUSY)
    _waiting[tenant] += 1
    try:
        while lent is None:
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LAST_PAUSE)
            lent = await persistently(lambda: spending.lend(loan, limits.fuel, whole=loop.time() < until))
        return lent
    finally:
        _waiting[tenant] -= 1
        if not _waiting[tenant]:
            del _waiting[tenant]


async def _renew(spending: Spending, loan: Loan) -> None:
    while True:
        await asyncio.sleep(LOAN_SECONDS / 3)
        with contextlib.suppress(StoreUnavailable):
            await spending.renew_fuel(loan)


async def _settled(spending: Spending, burnt: Burnt) -> None:
    with contextlib.suppress(StoreUnavailable):  # what was lent comes back in a while, and this is not counted
        await spending.settle_fuel(burnt)
