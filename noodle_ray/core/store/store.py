"""The store: everything that outlives a process, behind asynchronous functions with typed records.

What a function has written is on disk when it returns. Reads take connections of a small pool in threads; writes go
through one thread (`writer`), which lets those that come together share a transaction.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from noodle_ray.core.store import fuel, journal, programs, runs, spending, sql, waits
from noodle_ray.core.store.counts import Counts
from noodle_ray.core.store.engine import open_engine
from noodle_ray.core.store.errors import BAD_NAME, DAMAGED, StoreUnavailable, UnknownRun
from noodle_ray.core.store.finish import Finish
from noodle_ray.core.store.objects import INLINE_BYTES, Objects
from noodle_ray.core.store.records import (
    Bounds,
    Burnt,
    Ending,
    Entry,
    Event,
    Filter,
    Granted,
    Lease,
    Loan,
    Meant,
    NewRun,
    Program,
    Run,
    Schedule,
    Signal,
    Spent,
    is_run_id,
)
from noodle_ray.core.store.schema import migrate
from noodle_ray.core.store.signals import check_signal
from noodle_ray.core.store.status import Command
from noodle_ray.core.store.submit import Submit
from noodle_ray.core.store.writer import Counting, Writer, translated
from noodle_ray.errors import PlatformError, RequestError

T = TypeVar("T")
READERS = 4
"""Threads, and connections, for reading."""
KNOWN_MODULES = 10_000
"""Modules that are remembered to be stored."""


class Store:
    """The store of one process. ``url`` is SQLAlchemy's, ``objects`` fsspec's.

    Every method raises StoreUnavailable when the database fails; the same call may then be made again.
    """

    def __init__(self, url: str, objects: str, *, inline: int = INLINE_BYTES) -> None:
        self.engine = open_engine(url, pool_size=READERS + 2)
        self.writer = Writer(self.engine)
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="noodle-store-reader")
        self.objects = Objects(objects, self._threads, inline)
        self.counts = Counts(self.writer)
        self._modules: set[str] = set()
        self._closed = False

    async def open(self) -> "Store":
        """Bring the tables up to date."""
        await self._thread(migrate, self.engine)
        return self

    async def close(self) -> None:
        """Write what is queued and close all connections."""
        with contextlib.suppress(StoreUnavailable):
            await self.counts.close()
        await self._thread(self.writer.close)
        self._closed = True
        self._threads.shutdown()
        self.engine.dispose()

    async def __aenter__(self) -> "Store":
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # Runs

    async def submit(self, new: NewRun, *, owner: str | None = None, until: float = 0.0) -> tuple[Run, bool]:
        """Store a run, and give it to ``owner`` if there is one; returns it, and whether it is new.

        An idempotency key that was used gives that run. Raises Conflict if it was used for another request.
        """
        return await self.fork(new, [], [], owner=owner, until=until)

    async def fork(
        self,
        new: NewRun,
        entries: list[Entry],
        readings: list[tuple[int, bytes]],
        *,
        owner: str | None = None,
        until: float = 0.0,
    ) -> tuple[Run, bool]:
        """Store a run that has a journal from the start, as `submit` does. Raises LeaseLost if it has a caller that has
        ended."""
        sql.check_names(
            tenant=new.tenant, entry=new.entry, tier=new.tier, program=new.program, idempotency=new.idempotency
        )
        arguments = await self.objects.put(new.id, new.arguments)
        rows = [await self._row(new.id, entry) for entry in entries]
        known = new.digest in self._modules
        asked = Submit(new, arguments, owner, until, not known, rows, readings)
        stored: runs.Stored
        created: bool
        try:
            stored, created = await self.writer.write(asked)
        except StoreUnavailable as error:
            if not (known and isinstance(error.__cause__, IntegrityError)):
                raise
            stored, created = await self.writer.write(asked._replace(with_module=True))  # it was swept
        if len(self._modules) > KNOWN_MODULES:
            self._modules.clear()
        self._modules.add(new.digest)
        return (stored[0]._replace(arguments=new.arguments) if created else await self._whole(stored)), created

    async def get(self, run: str) -> Run:
        """A run. Raises UnknownRun."""
        _check(run)
        stored = await self._read(lambda connection: runs.get(connection, run))
        if stored is None:
            raise UnknownRun(run)
        return await self._whole(stored)

    async def page(self, wanted: Filter, *, before: str | None = None, limit: int = 100) -> list[Run]:
        """Runs with an id below ``before``, the latest first; the last one's id is the next page's ``before``.

        Arguments and results that are not in the row are left out (empty): `get` has them.
        """
        if before is not None and not is_run_id(before):
            raise RequestError("a page begins before the id of a run", code=BAD_NAME)
        sql.check_names(tenant=wanted.tenant, program=wanted.program, parent=wanted.parent)
        found = await self._read(lambda connection: runs.page(connection, wanted, before, limit))
        return [run for run, _, _ in found]

    async def claim(self, owner: str, now: float, until: float, limit: int) -> list[Run]:
        """Take at most so many runs that are due; each has a new epoch. One whose arguments are lost has none."""
        found = await self._write(lambda connection: runs.claim(connection, owner, now, until, limit))
        claimed = []
        for stored in found:
            try:
                claimed.append(await self._whole(stored))
            except PlatformError as error:
                if error.code != DAMAGED:
                    raise
                claimed.append(stored[0])
        return claimed

    async def renew(self, leases: list[Lease], until: float) -> list[str]:
        """Put off the end of leases; returns the ids of runs that are lost."""
        return await self._write(lambda connection: runs.renew(connection, leases, until))

    async def append(
        self,
        lease: Lease,
        entries: list[Entry],
        readings: bytes | None = None,
        takes: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Add answered effects, and what was read off the clock before; ``takes`` has ids of signals and keys of the
        effects that they answer. Raises LeaseLost; then nothing was written."""
        rows = [await self._row(lease.run, entry) for entry in entries]
        await self.writer.write(journal.Append(lease, rows, readings, takes))

    async def finish(self, lease: Lease, ending: Ending) -> None:
        """End the owner's hold of a run. Raises LeaseLost; then nothing was written."""
        result = await self.objects.put(lease.run, ending.result) if ending.result is not None else (None, None)
        await self.writer.write(Finish(lease, ending, result))

    async def command(
        self,
        run: str,
        wanted: Command,
        now: float,
        limits: dict[str, float] | None = None,
        budget: dict[str, float] | None = None,
    ) -> Run:
        """Do what a user asked, perhaps with other limits or another budget; its owner is fenced. Raises UnknownRun and
        WrongStatus."""
        _check(run)
        await self._write(lambda connection: runs.command(connection, run, wanted, now, limits, budget))
        return await self.get(run)

    async def delete(self, run: str) -> None:
        """Delete a run that has ended, with all that belongs to it. Raises UnknownRun and WrongStatus."""
        _check(run)
        await self._write(lambda connection: runs.remove(connection, run))
        await self.objects.delete(run)

    async def journal(self, run: str) -> list[Entry]:
        """A run's answered effects, by position. Raises UnknownRun for what cannot be a run's id."""
        _check(run)
        found = await self._read(lambda connection: journal.entries(connection, run))
        return [entry._replace(value=await self.objects.get(entry.value, ref)) for entry, ref in found]

    async def readings(self, run: str) -> list[tuple[int, bytes]]:
        """What a run read off its clock, by position."""
        return await self._read(lambda connection: journal.read_readings(connection, run))

    async def events(self, run: str, *, after: int = -1, limit: int = 1000) -> list[Event]:
        """What happened to a run after this position. Raises UnknownRun for what cannot be a run's id."""
        _check(run)
        return await self._read(lambda connection: journal.history(connection, run, after, limit))

    async def module(self, digest: str) -> bytes | None:
        """A module's bytes."""
        return await self._read(lambda connection: runs.module(connection, digest))

    async def lineage(self, run: str, key: str, most: int) -> tuple[str | None, int, int]:
        """The run that this one has called under an idempotency key, if it has; how many, up to so many, stand above it
        as callers; and how many it has called."""
        return await self._read(lambda connection: runs.lineage(connection, run, key, most))

    async def root(self, run: str, most: int) -> tuple[str, dict[str, float] | None]:
        """The run that began the family of this one, so many callers above it at most; and its budget."""
        return await self._read(lambda connection: runs.root(connection, run, most))

    async def called(self, run: str) -> list[tuple[str, dict[str, Any] | None]]:
        """The idempotency keys of the runs that this one has called, and their usage, of those that have one."""
        return await self._read(lambda connection: runs.called(connection, run))

    # Programs

    async def publish(
        self,
        tenant: str,
        name: str,
        digest: str,
        nbc: bytes,
        at: float,
        source: str | None = None,
        *,
        most: int | None = None,
        alias: str | None = None,
        seen: Meant | None = None,
    ) -> Program:
        """Store a program's next version; the latest one if its module is the same. An ``alias`` means it from then on.
        Raises RequestError E0760 if the tenant has ``most`` versions, and E0748 if name and alias do not mean any more
        what was ``seen``."""
        sql.check_names(tenant=tenant, program=name)
        return await self._write(
            lambda connection: programs.publish(connection, tenant, name, digest, nbc, source, at, most, alias, seen)
        )

    async def check_room(self, tenant: str, name: str, digest: str, most: int) -> None:
        """Raise RequestError E0760 if `publish` would, as the tenant has ``most`` versions."""
        await self._read(lambda connection: programs.check_room(connection, tenant, name, digest, most))

    async def program(self, tenant: str, name: str, which: int | str | None = None) -> Program:
        """A version by number or alias, or the latest. Raises UnknownProgram."""
        sql.check_names(tenant=tenant, program=name, alias=which if isinstance(which, str) else None)
        return await self._read(lambda connection: programs.find(connection, tenant, name, which))

    async def programs(self, tenant: str, *, after: str = "", limit: int = 100) -> list[Program]:
        """The latest version of each program whose name comes after this one."""
        sql.check_names(after=after)
        return await self._read(lambda connection: programs.names(connection, tenant, after, limit))

    async def versions(self, tenant: str, name: str) -> list[Program]:
        """All versions of a program, the latest first."""
        return await self._read(lambda connection: programs.versions(connection, tenant, name))

    def count(self, program: Program, failed: bool, usage: dict[str, Any]) -> None:
        """Add a run that is not stored to its version's statistics, within a second or when the store closes."""
        self.counts.add((program.tenant, program.name, program.version), failed, usage)

    async def set_alias(self, tenant: str, name: str, alias: str, version: int) -> None:
        """Make an alias mean this version. Raises UnknownProgram if there is no such version."""
        sql.check_names(alias=alias)
        await self._write(lambda connection: programs.point(connection, tenant, name, alias, version))

    async def aliases(self, tenant: str, name: str) -> dict[str, int]:
        """What a program's aliases mean."""
        return await self._read(lambda connection: programs.aliases_of(connection, tenant, name))

    async def all_aliases(self, tenant: str) -> dict[str, dict[str, int]]:
        """What all aliases mean, by program."""
        return await self._read(lambda connection: programs.all_aliases(connection, tenant))

    async def drop_alias(self, tenant: str, name: str, alias: str) -> bool:
        """Delete an alias; False if there is none."""
        return await self._write(lambda connection: programs.unpoint(connection, tenant, name, alias))

    async def drop_program(self, tenant: str, name: str) -> int:
        """Delete a program; returns how many versions it had. Its runs stay."""
        return await self._write(lambda connection: programs.drop(connection, tenant, name))

    # Spending

    async def spend(self, tenant: str, since: str, amounts: Spent, bounds: Bounds | None = None) -> Spent | None:
        """Add to what a tenant spent since then; returns the sums, or None if a bound is reached already, or would be
        exceeded by calls: then nothing is added."""
        return await self._count(
            lambda connection: spending.spend(connection, tenant, since, amounts, bounds), (tenant, since)
        )

    async def spent(self, tenant: str, since: str) -> Spent:
        """What a tenant spent since then."""
        return await self._read(lambda connection: spending.spent(connection, tenant, since))

    async def share(
        self, tenant: str, root: str, run: str, own: Spent, wanted: tuple[int, int], bounds: Bounds
    ) -> Granted:
        """Take what a run has spent by now, and grant so many calls of models and tools as the bounds leave to all runs
        of the family that ``root`` began. Of tokens and money something must be left, as for `spend`."""
        return await self._count(
            lambda connection: spending.share(connection, tenant, root, run, own, wanted, bounds),
            (tenant, f"run {root}"),
        )

    async def lend_fuel(
        self, loan: Loan, wanted: int, most: int, now: float, until: float, whole: bool = False
    ) -> int | None:
        """How much fuel an attempt of a run may use: what it wants, or what is left to its tenant of so much; see
        `fuel.lend`. Raises LeaseLost."""
        return await self._count(
            lambda connection: fuel.lend(connection, loan, wanted, most, now, until, whole), loan.window
        )

    async def renew_fuel(self, loan: Loan, until: float) -> None:
        """Put off the end of a loan."""
        await self._write(lambda connection: fuel.renew(connection, loan, until))

    async def settle_fuel(self, burnt: Burnt, over: bool) -> None:
        """Take what an attempt has used; ``over``: no other does its work again. See `fuel.settle`."""
        await self._count(lambda connection: fuel.settle(connection, *burnt, over), burnt.loan.window)

    async def fuel(self, tenant: str, since: str, now: float) -> fuel.FuelSums:
        """What a tenant's runs have used since then, and what is lent to those that execute."""
        return await self._read(lambda connection: fuel.sums(connection, tenant, since, now))

    # Signals and schedules

    async def signal(self, signal: Signal, now: float) -> bool:
        """Keep a signal for a run, and wake the run if it waits for it; False if it was there already.

        Raises UnknownRun, WrongStatus if the run has ended, Conflict if another signal has this id, and RequestError
        E0735 if too many wait to be taken.
        """
        _check(signal.run)
        sql.check_names(signal=signal.name)

        def operation(connection: Connection) -> bool:
            stored = runs.get(connection, signal.run)
            if stored is None:
                raise UnknownRun(signal.run)
            run = stored[0]
            known = waits.find_signal(connection, signal.run, signal.id)
            check_signal(run, signal, known, waits.count_signals(connection, signal.run))
            if known is None:
                waits.add_signal(connection, signal)
            if run.waits is not None and signal.name in run.waits.get("signals", ()):
                runs.wake(connection, [signal.run], now)
            return known is None

        return await self._write(operation)

    async def untaken(self, ids: list[str]) -> list[Signal]:
        """The signals of these runs that nobody has taken, the earliest first."""
        return await self._read(lambda connection: waits.untaken_signals(connection, ids))

    async def ended(self, ids: list[str]) -> list[Run]:
        """Those of these runs that have ended."""
        found = await self._read(lambda connection: runs.ended(connection, ids))
        return [await self._whole(stored) for stored in found]

    async def signals(self, run: str) -> list[Signal]:
        """What was signalled to a run, the earliest first."""
        return await self._read(lambda connection: waits.signals_of(connection, run))

    async def put_schedule(self, schedule: Schedule, *, most: int | None = None) -> None:
        """Store a schedule, in place of one of the same name. Raises RequestError E0761 for a new one if the tenant has
        ``most``."""
        sql.check_names(tenant=schedule.tenant, schedule=schedule.name, entry=schedule.entry)
        await self._write(lambda connection: waits.put_schedule(connection, schedule, most))

    async def schedule(self, tenant: str, name: str) -> Schedule | None:
        """A schedule by its name."""
        return await self._read(lambda connection: waits.find_schedule(connection, tenant, name))

    async def schedules(self, tenant: str, *, after: str = "", limit: int = 100) -> list[Schedule]:
        """Schedules whose names come after this one."""
        sql.check_names(after=after)
        return await self._read(lambda connection: waits.schedules_of(connection, tenant, after, limit))

    async def due_schedules(self, now: float, limit: int = 100) -> list[Schedule]:
        """Enabled schedules whose time has come. Start the run first, under an idempotency key made of the schedule and
        its time, and `advance` then: so no start is lost and none happens twice."""
        return await self._read(lambda connection: waits.due_schedules(connection, now, limit))

    async def schedules_on(self, tenant: str, topic: str, limit: int = 100) -> list[Schedule]:
        """Enabled schedules that start runs at events of this topic."""
        sql.check_names(topic=topic)
        return await self._read(lambda connection: waits.schedules_on(connection, tenant, topic, limit))

    async def note_start(self, schedule: Schedule) -> None:
        """Note what a schedule started last."""
        await self._write(lambda connection: waits.note_start(connection, schedule))

    async def advance(self, schedule: Schedule, moved: Schedule) -> bool:
        """Move a schedule on; False if somebody else did already, or it was changed."""
        return await self._write(lambda connection: waits.advance_schedule(connection, schedule, moved))

    async def drop_schedule(self, tenant: str, name: str) -> bool:
        """Delete a schedule; False if there is none."""
        return await self._write(lambda connection: waits.drop_schedule(connection, tenant, name))

    async def take_chore(self, name: str, owner: str, now: float, until: float) -> bool:
        """Have something to do for all nodes until then; False if somebody has it now."""
        return await self._write(lambda connection: waits.take_chore(connection, name, owner, now, until))

    # How

    async def _write(self, operation: Callable[[Connection], T]) -> T:
        return await self.writer.write(operation)

    async def _count(self, operation: Callable[[Connection], T], *sums: tuple[str, str]) -> T:
        return await self._write(Counting(sums, operation))

    async def _read(self, operation: Callable[[Connection], T]) -> T:
        return await self._thread(self._read_now, operation)

    def _read_now(self, operation: Callable[[Connection], T]) -> T:
        for again in (True, False):
            try:
                with self.engine.connect() as connection:
                    return operation(connection)
            except Exception as error:
                if not (again and getattr(error, "connection_invalidated", False)):
                    raise translated(error) from error
        raise AssertionError("not reached")

    async def _thread(self, function: Callable[..., T], *arguments: Any) -> T:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    async def _whole(self, stored: runs.Stored) -> Run:
        run, arguments, result = stored
        if arguments is not None:
            run = run._replace(arguments=await self.objects.get(None, arguments))
        if result is not None:
            run = run._replace(result=await self.objects.get(None, result))
        return run

    async def _row(self, run: str, entry: Entry) -> dict[str, Any]:
        value, ref = await self.objects.put(run, entry.value)
        return journal.row(run, entry._replace(value=value or b""), ref)


def _check(run: str) -> None:
    if not is_run_id(run):
        raise UnknownRun(run)
