"""Durable runs: stored before they are acknowledged, executed by whoever has their lease, repeated from their journal.

A node claims runs that are due, renews its leases while it executes them, and writes their outcome. A node that stops
renewing, for whatever reason, loses its runs to others when the leases run out; the run's epoch keeps it from writing
anything after that. docs/runs.md has the guarantees.

Time, randomness, the store and the executor come from outside, and all waiting goes through the event loop, so that a
simulator can run many nodes of this code in one thread (`tests/runs/simulation.py`).
"""

import asyncio
import contextlib
import hashlib
import os
import time
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

from noodle_ray.core.runs.budgets import Budget, persistently
from noodle_ray.core.runs.executor import Outcome
from noodle_ray.core.runs.family import Family, keyed, summed
from noodle_ray.core.runs.fuel import to_its_end
from noodle_ray.core.runs.modules import Lru
from noodle_ray.core.runs.ports import Runner, RunStore
from noodle_ray.core.runs.schedules import Scheduler
from noodle_ray.core.runs.started import MAX_DEPTH, Starts
from noodle_ray.core.runs.stored_journal import StoredJournal, merged
from noodle_ray.core.runs.submissions import Submission, new_run, terms_of
from noodle_ray.core.runs.terms import adopt
from noodle_ray.core.runs.topics import Topics
from noodle_ray.core.runs.waiting import Waits
from noodle_ray.core.sandbox.messages import CODEC
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.store.errors import BAD_NAME, DAMAGED, Conflict, LeaseLost, StoreUnavailable
from noodle_ray.core.store.records import DUE, Burnt, Ending, Entry, Lease, NewRun, Run, Signal, run_id
from noodle_ray.core.store.status import CANCEL, PAUSE, RESUME, RETRY, TERMINAL, Command, Status
from noodle_ray.core.vm.host import EffectRequest
from noodle_ray.core.vm.limits import CODES, Limits
from noodle_ray.core.vm.waiting import RUN, SIGNAL, is_wait_name
from noodle_ray.errors import ModuleError, NoodleError, PlatformError, RequestError, RunError

T = TypeVar("T")
__all__ = ["DurableRuns", "Settings", "Submission"]

EXHAUSTED: Final = "NOODLE-E0821"
"""Error code: the platform lost the run too often."""
NO_EFFECT: Final = "NOODLE-E0511"
"""Error code: the journal has no such effect."""
_NOT_BEGUN: Final = frozenset({"NOODLE-E0707", "NOODLE-E0820"})
"""Codes of attempts that had to wait: for a worker, for fuel that others have, or for the store."""
LOST_ATTEMPTS: Final = frozenset({"NOODLE-E0801", "NOODLE-E0803", "NOODLE-E0707"})
"""Codes of attempts that say nothing about the program: the worker died, none could start, or too many runs wait."""
_MODULE_BYTES: Final = 64 << 20
_BREATH: Final = 0.05
"""Seconds between looks for signals and ends of runs."""
OVERDUE: Final = "the time within which the run was to end is over; give it more with --within, or let it wait less"
_PATIENT: Final = 10
"""How much longer to wait before looking at a run of this node again."""


class Settings(NamedTuple):
    """``node`` is this process's name, one that no other process ever has. A node executes ``slots`` runs at once, and
    those that wait for models without a worker besides, ``most`` in all.

    A run is given up after ``max_failures`` attempts that its worker did not survive, or ``max_attempts`` in all.
    ``patience`` are the seconds between tries of a model call that failed for a transient reason. A run that waits for
    a time, a signal or another run leaves the node after ``linger`` seconds, unless its wait is over in twice as many.
    """

    node: str
    slots: int = 64
    lease_seconds: float = 15.0
    poll_seconds: float = 0.5
    max_failures: int = 5
    max_attempts: int = 100
    patience: tuple[float, ...] = (0.1, 0.5, 2.0, 5.0)
    most: int = 4096
    linger: float = 1.0


class _Active(NamedTuple):
    lease: Lease
    task: "asyncio.Task[None]"


class DurableRuns:
    """One node's durable runs. Belongs to one event loop; use it as an asynchronous context manager.

    Every method may raise StoreUnavailable; the same call may then be made again.
    """

    def __init__(
        self,
        store: RunStore,
        runner: Runner,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.store = store
        self._runner = runner
        self._settings = settings
        self._clock = clock
        self._random = random
        self._active: dict[str, _Active] = {}
        self._valid: dict[str, float] = {}
        self._modules: Lru[str, bytes] = Lru(_MODULE_BYTES)
        self._parked: set[Lease] = set()
        self._waits: dict[Lease, Waits] = {}
        self._looking = asyncio.Event()
        self._starts = Starts(store, self._module, self._put)
        self.scheduler = Scheduler(store, self._starts.scheduled)
        self.topics = Topics(store, self._starts.scheduled)
        self._coming = 0  # runs that are being stored as this node's own
        self._nudge = asyncio.Event()
        self._watchers: dict[str, set[asyncio.Future[None]]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "DurableRuns":
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def start(self) -> None:
        """Begin to claim and execute runs."""
        loops = (self._claiming, self._renewing, self._watching, self._scheduling)
        self._tasks = [asyncio.ensure_future(each()) for each in loops]

    async def stop(self) -> None:
        """Stop executing, and give runs back, so that others need not wait for their leases to run out."""
        tasks, self._tasks = self._tasks, []
        active = list(self._active.values())
        for task in [*tasks, *(each.task for each in active)]:
            task.cancel()
        await asyncio.gather(*tasks, *(each.task for each in active), return_exceptions=True)
        for lease, _ in active:
            now = self._clock()
            with contextlib.suppress(LeaseLost, StoreUnavailable):
                await self.store.finish(lease, Ending(Status.QUEUED, now, due=now))

    def running(self) -> list[str]:
        """The ids of the runs that this node executes."""
        return sorted(self._active)

    async def submit(self, asked: Submission) -> tuple[Run, bool]:
        """Store a run and return it, and whether it is new; it may be lost no more when this returns.

        Raises Conflict (E0730) if the idempotency key was used for another request, WireError (E0802) for arguments
        that are not data, RunError (E0502) for a seed that is too large, and RequestError (E0734) for names that
        cannot be stored.
        """
        if asked.seed is not None and not 0 <= asked.seed < 1 << 63:
            raise RunError("the seed must be at least 0 and below 2**63", code="NOODLE-E0502")
        _check_key(asked.idempotency)
        return await self._store(new_run(asked, self._clock(), self._random), [], [])

    async def fork(self, run: str, key: str, value: object, *, idempotency: str | None = None) -> tuple[Run, bool]:
        """Store a new run that goes as this one did, but gets another answer to the effect ``key``.

        It executes from the beginning. Where it asks what the other run asked in the same place it gets that run's
        answer; whatever else it asks is asked. Raises RunError E0511 if the journal has no answer to ``key``, and what
        `submit` raises about the idempotency key.
        """
        _check_key(idempotency)
        source = await self.store.get(run)
        entries = await self.store.journal(run)
        readings = await self.store.readings(run)
        answered = next((entry for entry in entries if entry.key == key and entry.model != DUE), None)
        if answered is None:
            raise RunError(f"run {run} has no answered effect {key[:64]!r}", code=NO_EFFECT)
        other = CODEC.pack([True, value] if answered.model == SIGNAL else value)  # as `wait_for_signal` takes it
        kept = [entry._replace(position=number, inherited=True) for number, entry in enumerate(entries, 1)]
        kept = [entry._replace(value=other, ok=True) if entry.key == key else entry for entry in kept]
        nbc = await self._module(source.digest)
        now = self._clock()
        fields = {name: getattr(source, name) for name in NewRun._fields if name not in ("nbc", "caller")}
        new = NewRun(**fields, nbc=nbc)._replace(
            id=run_id(now, self._random(10)),
            created=now,
            parent=run,
            fork_key=key,
            deadline=None,
            idempotency=idempotency,
            fingerprint=hashlib.sha256(CODEC.pack([run, key, other])).hexdigest(),
        )
        return await self._store(new, kept, [(number, data) for number, (_, data) in enumerate(readings, 1)])

    async def cancel(self, run: str) -> Run:
        """End a run for good. What it has asked and not got is lost; what it has got stays in its journal."""
        return await self._command(run, CANCEL)

    async def pause(self, run: str) -> Run:
        """Take a run off its node. Answers under way are not waited for; they are asked again on `resume`."""
        return await self._command(run, PAUSE)

    async def resume(self, run: str) -> Run:
        """Let a paused run go on, from its journal."""
        return await self._command(run, RESUME)

    async def retry(self, run: str, limits: Limits | None = None, budget: dict[str, float] | None = None) -> Run:
        """Execute a failed or cancelled run again, perhaps with other limits or another budget. Answers that were
        failures are asked again; the others are used where the program asks the same in the same place."""
        return await self._command(run, RETRY, limits._asdict() if limits else None, budget)

    async def signal(self, run: str, name: str, value: object, *, idempotency: str | None = None) -> bool:
        """Keep a signal for a run, and wake the run if it waits for it; False if the key was used for it before.

        Raises UnknownRun, WrongStatus (E0732) if the run has ended, Conflict (E0730) if the key was used for another
        signal, and RequestError E0734 for a name that no signal has, or E0735 for too many or too large ones.
        """
        if not is_wait_name(name):
            raise RequestError("a signal's name has 1 to 200 characters that can be printed", code=BAD_NAME)
        now = self._clock()
        key = self._random(16) if idempotency is None else hashlib.sha256(idempotency.encode()).digest()[:16]
        try:
            fresh = await self.store.signal(Signal(run, key.hex(), name, CODEC.pack(value), now), now)
        except Conflict:
            raise Conflict(idempotency or "", run) from None
        self._looking.set()
        self._nudge.set()
        return fresh

    async def delete(self, run: str) -> None:
        """Delete a run that has ended, with its journal, events and objects."""
        await self.store.delete(run)

    async def wait(self, run: str, timeout: float | None = None) -> Run:
        """The run, once it has ended or this many seconds are over. Raises UnknownRun."""
        loop = asyncio.get_running_loop()
        end = None if timeout is None else loop.time() + timeout
        while True:
            changed: asyncio.Future[None] = loop.create_future()
            watchers = self._watchers.setdefault(run, set())
            watchers.add(changed)
            try:
                found = await self.store.get(run)
                here = run in self._active  # then this node says when it has ended
                left = self._settings.poll_seconds * (_PATIENT if here else 1)
                if end is not None:
                    left = min(left, end - loop.time())
                if found.status in TERMINAL or left <= 0:
                    return found
                await asyncio.wait({changed}, timeout=left)
            finally:
                watchers.discard(changed)
                if not watchers:
                    self._watchers.pop(run, None)

    async def _put(self, asked: Submission, caller: str | None) -> str:
        """Store a run, or find the one of its idempotency key; returns its id."""
        try:
            run, _ = await self._store(new_run(asked, self._clock(), self._random, caller), [], [])
        except Conflict as known:  # the program's name has come to mean another version since
            return known.run
        return run.id

    async def _call(
        self,
        caller: Run,
        family: Family,
        request: EffectRequest,
        program: str,
        args: list[object],
        kwargs: dict[str, object],
    ) -> str:
        await self._persistently(family.share)
        return await self._persistently(lambda: self._starts.called(caller, request, program, args, kwargs))

    async def _store(self, new: NewRun, entries: list[Entry], readings: list[tuple[int, bytes]]) -> tuple[Run, bool]:
        mine = bool(self._tasks) and self._free() > 0
        valid = self._local_end()
        owner, until = (self._settings.node, self._clock() + self._settings.lease_seconds) if mine else (None, 0.0)
        self._coming += mine
        try:
            run, created = await self.store.fork(new, entries, readings, owner=owner, until=until)
        finally:
            self._coming -= mine
        self._modules.put(new.digest, new.nbc, len(new.nbc))
        if mine and created and run.owner == owner and run.epoch == 1:
            self._begin(run, valid)
        else:
            self._nudge.set()
        return run, created

    async def _command(
        self,
        run: str,
        wanted: Command,
        limits: dict[str, float] | None = None,
        budget: dict[str, float] | None = None,
    ) -> Run:
        changed = await self.store.command(run, wanted, self._clock(), limits, budget)
        active = self._active.get(run)
        if active is not None and active.lease.epoch < changed.epoch:  # not one that began after the command
            active.task.cancel()
        self._notify(run)
        self._nudge.set()
        return changed

    def _free(self) -> int:
        """How many more runs this node may take."""
        active = len(self._active) + self._coming
        return min(self._settings.slots + len(self._parked), self._settings.most) - active

    def _on_parked(self, lease: Lease, waits: bool, only_waits: Callable[[], bool]) -> None:
        if waits:
            self._parked.add(lease)
            self._nudge.set()
            asyncio.get_running_loop().call_later(self._settings.linger, self._consider, lease, only_waits)
        else:
            self._parked.discard(lease)

    def _consider(self, lease: Lease, only_waits: Callable[[], bool]) -> None:
        """Let a run leave this node that waits for something that may take long, and for nothing else."""
        waits = self._waits.get(lease)
        if waits is None or lease not in self._parked or not only_waits():
            return  # it will be parked again
        if not waits.waiting():  # the end of a wait is being written
            later = max(self._settings.linger, _BREATH)
            asyncio.get_running_loop().call_later(later, self._consider, lease, only_waits)
            return
        due = waits.due()
        if due is None or due - self._clock() > 2 * self._settings.linger:
            waits.leave()

    async def _scheduling(self) -> None:
        """Start the runs of schedules."""
        while True:
            moved = 0
            with contextlib.suppress(PlatformError):
                moved = await self.scheduler.look(self._clock())
            await asyncio.sleep(0.0 if moved else 2 * self._settings.poll_seconds)

    async def _look(self, lease: Lease) -> None:
        """Look for signals of a run now."""
        for signal in await self._persistently(lambda: self.store.untaken([lease.run])):
            if lease in self._waits:
                self._waits[lease].offer(signal)

    async def _watching(self) -> None:
        """Look for signals, and for ends of runs, that runs on this node wait for."""
        while True:
            self._looking.clear()
            waiting = {lease.run: waits for lease, waits in self._waits.items() if waits.signals() or waits.runs()}
            if waiting:
                with contextlib.suppress(PlatformError):
                    for signal in await self.store.untaken(sorted(waiting)):
                        waiting[signal.run].offer(signal)
                called = sorted({run for waits in waiting.values() for run in waits.runs()})
                with contextlib.suppress(PlatformError):
                    for run in await self.store.ended(called) if called else ():
                        for waits in waiting.values():
                            waits.ended(run)
                await asyncio.sleep(min(_BREATH, self._settings.poll_seconds))  # each run that ends asks to look
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.poll_seconds if waiting else None):
                    await self._looking.wait()

    async def _claiming(self) -> None:
        settings = self._settings
        while True:
            self._nudge.clear()
            free = self._free()
            if free > 0:
                now, valid = self._clock(), self._local_end()
                with contextlib.suppress(PlatformError):
                    for run in await self.store.claim(settings.node, now, now + settings.lease_seconds, free):
                        self._begin(run, valid)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(settings.poll_seconds):  # wait_for of Python 3.11 can swallow a cancellation
                    await self._nudge.wait()

    async def _renewing(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._settings.lease_seconds / 3)
            leases = [active.lease for active in self._active.values()]
            valid = self._local_end()
            lost: list[str] = []
            if leases:
                with contextlib.suppress(StoreUnavailable, TimeoutError):
                    async with asyncio.timeout(self._settings.lease_seconds / 3):
                        lost = await self.store.renew(leases, self._clock() + self._settings.lease_seconds)
                    self._valid.update((lease.run, valid) for lease in leases if lease.run in self._active)
            for run, active in list(self._active.items()):
                if (run in lost and active.lease in leases) or self._valid[run] <= loop.time():
                    active.task.cancel()

    def _local_end(self) -> float:
        """When a lease that is asked for now runs out, by a clock that nobody sets."""
        return asyncio.get_running_loop().time() + self._settings.lease_seconds

    def _begin(self, run: Run, valid: float) -> None:
        lease = Lease(run.id, self._settings.node, run.epoch)
        before = self._active.get(run.id)
        if before is not None:
            before.task.cancel()  # an attempt whose lease ran out, which has not noticed yet
        task = asyncio.ensure_future(self._drive(run, lease))
        self._active[run.id] = _Active(lease, task)
        self._valid[run.id] = valid
        task.add_done_callback(lambda _: self._left(run.id, lease))

    def _left(self, run: str, lease: Lease) -> None:
        self._parked.discard(lease)
        self._looking.set()
        active = self._active.get(run)
        if active is not None and active.lease == lease:
            del self._active[run], self._valid[run]
        self._notify(run)
        self._nudge.set()

    def _notify(self, run: str) -> None:
        for watcher in self._watchers.get(run, ()):
            if not watcher.done():
                watcher.set_result(None)

    async def _drive(self, run: Run, lease: Lease) -> None:
        """Execute an attempt, and write how it ended, and what it used of a loan; or that alone if it has no say in
        how it ended."""
        adopt(terms_of(run))  # whose request began this, or opened the store, is over long before the run
        journal: StoredJournal | None = None
        written = False
        entries: list[Entry] = []
        readings: list[tuple[int, bytes]] = []
        try:
            if run.epoch > 1 or run.parent is not None:
                entries = await self._persistently(lambda: self.store.journal(run.id))
                readings = await self._persistently(lambda: self.store.readings(run.id))
            called = {}
            if any(entry.model == RUN for entry in entries):
                called = keyed(run.id, await self._persistently(lambda: self.store.called(run.id)))
            family = await self._family(run)
            journal = StoredJournal(
                lease,
                entries,
                self._append,
                self._clock,
                self._settings.patience,
                partial(self._on_parked, lease),
                run.tenant,
                _budget(run.budget),
                family,
                called,
            )
            journal.caller = journal.caller._replace(started_by=run.caller)
            journal.waits = waits = self._waits[lease] = Waits(
                self._clock,
                journal.until,
                journal.take,
                partial(self._call, run, family),
                self._looking.set,
                partial(self._look, lease),
            )
            ending = await self._until_left(run, waits, journal, self._attempt(run, journal, merged(readings)))
            written = await self._finished(lease, ending._replace(burnt=journal.burnt))
        except LeaseLost:
            return
        except PlatformError as error:  # what is stored of it is lost
            written = await self._finished(lease, self._failed(error.code, error.message))
        finally:
            if self._waits.pop(lease, None) is not None and not any(held.run == run.id for held in self._waits):
                self._starts.forget(run.id)
            if not written and journal is not None and journal.burnt is not None:
                await to_its_end(self._settle(journal.burnt))

    async def _finished(self, lease: Lease, ending: Ending) -> bool:
        """Write how an attempt ended; False if others have the lease."""
        try:
            await self._persistently(lambda: self.store.finish(lease, ending))
        except LeaseLost:
            return False
        return True

    async def _settle(self, burnt: Burnt) -> None:
        with contextlib.suppress(StoreUnavailable):  # what was lent comes back in a while
            await persistently(lambda: self.store.settle_fuel(burnt, over=False))

    async def _family(self, run: Run) -> Family:
        root, budget = run.id, run.budget
        if run.caller is not None:
            root, budget = await self._persistently(lambda: self.store.root(run.id, MAX_DEPTH))
        share = partial(self.store.share, run.tenant, root, run.id)
        return Family(_budget(budget), run.caller is not None or run.epoch > 1, share)

    async def _until_left(
        self, run: Run, waits: Waits, journal: StoredJournal, attempt: Coroutine[Any, Any, Ending]
    ) -> Ending:
        """An attempt, to its end or until the run leaves this node to wait."""
        working = asyncio.ensure_future(attempt)
        try:
            either: set[asyncio.Future[Any]] = {working, waits.left}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            told, had = waits.left.result(), journal.added
        finally:
            if not working.done():
                working.cancel()
                await asyncio.wait({working})
        now = self._clock()
        due = [at for at in (told.get("until"), run.deadline, now if journal.added != had else None) if at is not None]
        return Ending(Status.WAITING, now, due=min(due, default=None), waits=told)

    async def _attempt(self, run: Run, journal: StoredJournal, readings: dict[str, list[float]]) -> Ending:
        now = self._clock()
        if run.deadline is not None and now >= run.deadline:
            return self._failed(CODES["deadline"], OVERDUE)
        if run.attempt > self._settings.max_attempts:
            return self._failed(EXHAUSTED, f"the run was started {run.attempt - 1} times and never ended")
        limits = Limits(**run.limits)  # type: ignore[arg-type]
        if run.deadline is not None:
            limits = limits._replace(deadline=min(limits.deadline, run.deadline - now))
        if not run.arguments:
            return self._failed(DAMAGED, "the stored arguments of the run are missing or damaged")
        arguments: Any = CODEC.unpack(run.arguments)
        args, kwargs = arguments
        try:
            nbc = await self._persistently(lambda: self._module(run.digest))
            request = RunRequest(
                nbc, run.digest, run.entry, args, kwargs, limits, run.tier, seed=run.seed, readings=readings
            )
            outcome = await self._runner.execute(request, journal)
        except LeaseLost:
            raise
        except NoodleError as error:
            if error.code in LOST_ATTEMPTS | _NOT_BEGUN:
                return self._back(run, error.code, error.message, lost=error.code not in _NOT_BEGUN)
            return self._failed(error.code, error.message)
        failure = outcome["error"]
        if failure is not None and failure["code"] == CODES["deadline"] and limits.deadline < run.limits["deadline"]:
            failure["message"] = OVERDUE
        if failure is not None and failure["code"] in LOST_ATTEMPTS:
            return self._back(run, failure["code"], failure["message"], lost=True)
        if journal.calls_runs:
            called = await self._persistently(lambda: self.store.called(run.id))
            outcome["usage"]["children"] = summed([usage for _, usage in called])
        return self._ended(outcome)

    def _ended(self, outcome: Outcome) -> Ending:
        readings = outcome.get("readings")
        return Ending(
            Status.SUCCEEDED if outcome["error"] is None else Status.FAILED,
            self._clock(),
            CODEC.pack([outcome["result"], outcome["stdout"]]),
            outcome["error"],
            outcome["usage"],
            readings=CODEC.pack(readings) if readings else None,
        )

    def _failed(self, code: str, message: str) -> Ending:
        error: dict[str, Any] = {"code": code, "type": "RunError", "message": message, "traceback": []}
        return Ending(Status.FAILED, self._clock(), CODEC.pack([None, ""]), error)

    def _back(self, run: Run, code: str, message: str, *, lost: bool) -> Ending:
        """Into the queue again, a little later each time; or failed, if that happened too often."""
        if lost and run.failures + 1 >= self._settings.max_failures:
            return self._failed(code, f"{message}; that was attempt {run.failures + 1}, so it is given up")
        now = self._clock()
        pause = min(0.1 * 2 ** min(run.attempt, 10), 30.0)
        if not lost:  # it has as many attempts as before: the longer it has waited, the longer it may
            pause = min(max((now - run.created) / 10, pause), 15.0)
        return Ending(Status.QUEUED, now, due=now + pause, failed=lost)

    async def _append(
        self, lease: Lease, entries: list[Entry], readings: bytes | None, takes: list[tuple[str, str]]
    ) -> None:
        await self._persistently(lambda: self.store.append(lease, entries, readings, takes))

    async def _persistently(self, operation: Callable[[], Awaitable[T]]) -> T:
        """Do it, again and again while the store cannot be reached; this ends, at the latest, with the lease."""
        pause = 0.02
        while True:
            try:
                return await operation()
            except StoreUnavailable:
                await asyncio.sleep(pause)
                pause = min(pause * 2, 1.0)

    async def _module(self, digest: str) -> bytes:
        nbc = self._modules.get(digest)
        if nbc is None:
            nbc = await self.store.module(digest)
            if nbc is None:
                raise ModuleError(f"the module {digest} of the run is not stored", code="NOODLE-E0309")
            self._modules.put(digest, nbc, len(nbc))
        return nbc


def _budget(bounds: dict[str, float] | None) -> Budget:
    return Budget(**bounds) if bounds else Budget()  # type: ignore[arg-type]


def _check_key(key: str | None) -> None:
    """Refuse a client's idempotency key that could be one of those under which schedules and runs start runs."""
    if key is not None and key.startswith("@"):
        raise RequestError("an idempotency key cannot begin with '@'", code=BAD_NAME)
