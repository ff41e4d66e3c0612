"""What durable runs need from outside: a store and something that executes."""

from collections.abc import Sequence
from typing import Any, Protocol

from noodle_ray.core.runs.executor import DurableJournal, Outcome
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.store.records import (
    Bounds,
    Burnt,
    Ending,
    Entry,
    Event,
    Filter,
    Granted,
    Lease,
    NewRun,
    Program,
    Run,
    Schedule,
    Signal,
    Spent,
)
from noodle_ray.core.store.status import Command


class RunStore(Protocol):
    """The part of `noodle_ray.core.store.store.Store` that durable runs use; it says what each does."""

    async def fork(
        self,
        new: NewRun,
        entries: list[Entry],
        readings: list[tuple[int, bytes]],
        *,
        owner: str | None = None,
        until: float = 0.0,
    ) -> tuple[Run, bool]: ...

    async def get(self, run: str) -> Run: ...

    async def page(self, wanted: Filter, *, before: str | None = None, limit: int = 100) -> list[Run]: ...

    async def claim(self, owner: str, now: float, until: float, limit: int) -> list[Run]: ...

    async def renew(self, leases: list[Lease], until: float) -> list[str]: ...

    async def append(
        self,
        lease: Lease,
        entries: list[Entry],
        readings: bytes | None = None,
        takes: Sequence[tuple[str, str]] = (),
    ) -> None: ...

    async def finish(self, lease: Lease, ending: Ending) -> None: ...

    async def command(
        self,
        run: str,
        wanted: Command,
        now: float,
        limits: dict[str, float] | None = None,
        budget: dict[str, float] | None = None,
    ) -> Run: ...

    async def delete(self, run: str) -> None: ...

    async def journal(self, run: str) -> list[Entry]: ...

    async def readings(self, run: str) -> list[tuple[int, bytes]]: ...

    async def events(self, run: str, *, after: int = -1, limit: int = 1000) -> list[Event]: ...

    async def module(self, digest: str) -> bytes | None: ...

    async def signal(self, signal: Signal, now: float) -> bool: ...

    async def untaken(self, ids: list[str]) -> list[Signal]: ...

    async def ended(self, ids: list[str]) -> list[Run]: ...

    async def lineage(self, run: str, key: str, most: int) -> tuple[str | None, int, int]: ...

    async def root(self, run: str, most: int) -> tuple[str, dict[str, float] | None]: ...

    async def called(self, run: str) -> list[tuple[str, dict[str, Any] | None]]: ...

    async def share(
        self, tenant: str, root: str, run: str, own: Spent, wanted: tuple[int, int], bounds: Bounds
    ) -> Granted: ...

    async def settle_fuel(self, burnt: Burnt, over: bool) -> None: ...

    async def due_schedules(self, now: float, limit: int = 100) -> list[Schedule]: ...

    async def advance(self, schedule: Schedule, moved: Schedule) -> bool: ...

    async def schedules_on(self, tenant: str, topic: str, limit: int = 100) -> list[Schedule]: ...

    async def note_start(self, schedule: Schedule) -> None: ...

    async def program(self, tenant: str, name: str, which: int | str | None = None) -> Program: ...


class Runner(Protocol):
    """The part of `noodle_ray.core.runs.executor.Executor` that durable runs use."""

    async def execute(self, request: RunRequest, journal: DurableJournal) -> Outcome:
        """Run with a journal; raises what the journal raises."""
