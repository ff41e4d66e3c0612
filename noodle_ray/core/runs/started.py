"""Runs that nobody asks for one by one: those that other runs start, and those of schedules and events."""

from collections.abc import Awaitable, Callable
from typing import Final

from noodle_ray.core.runs.family import called_as
from noodle_ray.core.runs.ports import RunStore
from noodle_ray.core.runs.programs import parse
from noodle_ray.core.runs.schedules import started_by
from noodle_ray.core.runs.submissions import Submission, terms_of
from noodle_ray.core.store.records import Run, Schedule
from noodle_ray.core.vm.host import EffectRequest
from noodle_ray.core.vm.limits import Limits
from noodle_ray.errors import RunError

TOO_MANY_CALLED: Final = "NOODLE-E0515"
"""Error code: runs start runs too deeply, or too many of them."""
MAX_DEPTH: Final = 8
"""How many runs may stand above one as callers."""
MAX_CALLED: Final = 1000
"""Runs that one run may start."""

Put = Callable[[Submission, str | None], Awaitable[str]]
"""Stores a run, which perhaps a caller waits for, or finds the one of its idempotency key; returns its id."""


class Starts:
    """Starts runs of published programs, each once by its key. Raises UnknownProgram, and what the store raises."""

    def __init__(self, store: RunStore, module: Callable[[str], Awaitable[bytes]], put: Put) -> None:
        self._store = store
        self._module = module
        self._put = put
        self._called: dict[str, int] = {}  # runs that each of these has started, those that are being stored too

    def forget(self, run: str) -> None:
        """Count no more what a run starts: it has left this node."""
        self._called.pop(run, None)

    async def called(
        self, caller: Run, request: EffectRequest, program: str, args: list[object], kwargs: dict[str, object]
    ) -> str:
        """Start a run for an effect of another, or find the one that was started; returns its id.

        The run has its caller's tenant, terms, limits and deadline, but of fuel what the caller gives it, and spends of
        its family's budget (`family`). Raises RunError E0515 if there are too many, and LeaseLost if the caller has
        ended meanwhile.
        """
        asked_for = called_as(caller.id, request.key)
        known, depth, called = await self._store.lineage(caller.id, asked_for, MAX_DEPTH)
        if known is not None:
            return known
        found = await self._store.program(caller.tenant, *parse(program))
        nbc = await self._module(found.digest)
        called = max(called, self._called.get(caller.id, 0))  # threads of a program may all come here at once
        if depth >= MAX_DEPTH or called >= MAX_CALLED:
            message = f"runs start runs {MAX_DEPTH} deep at most, and each of them {MAX_CALLED}"
            raise RunError(message, code=TOO_MANY_CALLED)
        self._called[caller.id] = called + 1
        limits = Limits(**caller.limits)  # type: ignore[arg-type]
        asked = Submission(
            found.digest,
            nbc,
            tenant=caller.tenant,
            args=args,
            kwargs=kwargs,
            limits=limits._replace(fuel=min(limits.fuel, request.fuel)),
            program=found.name,
            version=found.version,
            deadline=caller.deadline,
            idempotency=asked_for,
            reference=program,
            terms=terms_of(caller),
        )
        return await self._put(asked, caller.id)

    async def scheduled(self, schedule: Schedule, key: str, *event: object) -> str:
        """Start the run of a schedule, with the value of the ``event`` it starts by, if any; returns its id."""
        started = started_by(schedule)
        asked = Submission(
            started.digest or "",
            started.nbc or b"",
            tenant=schedule.tenant,
            entry=schedule.entry,
            args=[*started.args, *event],
            kwargs=started.kwargs,
            limits=Limits(**(schedule.limits or {})),  # type: ignore[arg-type]
            idempotency=key,
        )
        if started.nbc is None:
            found = await self._store.program(schedule.tenant, *parse(schedule.program))
            asked = asked._replace(
                digest=found.digest,
                nbc=await self._module(found.digest),
                program=found.name,
                version=found.version,
                reference=schedule.program,
            )
        return await self._put(asked, None)
