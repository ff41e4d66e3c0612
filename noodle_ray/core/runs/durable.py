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
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, TypeVar

from noodle_ray.core.runs.executor import Outcome
from noodle_ray.core.runs.modules import Lru
from noodle_ray.core.runs.ports import Runner, RunStore
from noodle_ray.core.runs.stored_journal import StoredJournal, merged
from noodle_ray.core.sandbox.messages import CODEC
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.store.errors import DAMAGED, LeaseLost, StoreUnavailable
from noodle_ray.core.store.records import Ending, Entry, Lease, NewRun, Run, Signal, run_id
from noodle_ray.core.store.status import CANCEL, PAUSE, RESUME, RETRY, TERMINAL, Command, Status
from noodle_ray.core.vm.limits import CODES, MESSAGES, Limits
from noodle_ray.errors import ModuleError, NoodleError, PlatformError, RunError

T = TypeVar("T")

EXHAUSTED: Final = "NOODLE-E0821"
"""Error code: the platform lost the run too often."""
NO_EFFECT: Final = "NOODLE-E0511"
"""Error code: the journal has no such effect."""
LOST_ATTEMPTS: Final = frozenset({"NOODLE-E0801", "NOODLE-E0803", "NOODLE-E0707"})
"""Codes of attempts that say nothing about the program: the worker died, none could start, or too many runs wait."""
_MODULE_BYTES: Final = 64 << 20
_PATIENT: Final = 10
"""How much longer to wait before looking at a run of this node again."""


class Settings(NamedTuple):
    """``node`` is this process's name, one that no other process ever has. A node executes ``slots`` runs at once.

    A run is given up after ``max_failures`` attempts that its worker did not survive, or ``max_attempts`` in all.
    ``patience`` are the seconds between tries of a model call that failed for a transient reason.
    """

    node: str
    slots: int = 64
    lease_seconds: float = 15.0
    poll_seconds: float = 0.5
    max_failures: int = 5
    max_attempts: int = 100
    patience: tuple[float, ...] = (0.1, 0.5, 2.0, 5.0)


class Submission(NamedTuple):
    """What to run: a verified module and its arguments."""

    digest: str
    nbc: bytes
    tenant: str = ""
    entry: str | None = None
    args: list[object] = []  # noqa: RUF012  # never mutated
    kwargs: dict[str, object] = {}  # noqa: RUF012
    limits: Limits = Limits()
    tier: str = "auto"
    seed: int | None = None
    program: str | None = None
    version: int | None = None
    deadline: float | None = None
    idempotency: str | None = None


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
        self._tasks = [asyncio.ensure_future(self._claiming()), asyncio.ensure_future(self._renewing())]

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
        now = self._clock()
        seed = asked.seed if asked.seed is not None else int.from_bytes(self._random(6), "little")
        new = NewRun(
            id=run_id(now, self._random(10)),
            tenant=asked.tenant,
            digest=asked.digest,
            nbc=asked.nbc,
            arguments=CODEC.pack([asked.args, asked.kwargs]),
            limits=asked.limits._asdict(),
            seed=seed,
            created=now,
            entry=asked.entry,
            tier=asked.tier,
            program=asked.program,
            version=asked.version,
            deadline=asked.deadline,
            idempotency=asked.idempotency,
            fingerprint=_fingerprint(asked),
        )
        return await self._store(new, [], [])

    async def fork(self, run: str, key: str, value: object, *, idempotency: str | None = None) -> tuple[Run, bool]:
        """Store a new run that goes as this one did, but gets another answer to the effect ``key``.

        It executes from the beginning. Where it asks what the other run asked in the same place it gets that run's
        answer; whatever else it asks is asked. Raises RunError E0511 if the journal has no answer to ``key``.
        """
        source = await self.store.get(run)
        entries = await self.store.journal(run)
        readings = await self.store.readings(run)
        if not any(entry.key == key for entry in entries):
            raise RunError(f"run {run} has no answered effect {key[:64]!r}", code=NO_EFFECT)
        other = CODEC.pack(value)
        kept = [entry._replace(position=number, inherited=True) for number, entry in enumerate(entries, 1)]
        kept = [entry._replace(value=other, ok=True) if entry.key == key else entry for entry in kept]
        nbc = await self._module(source.digest)
        now = self._clock()
        fields = {name: getattr(source, name) for name in NewRun._fields if name != "nbc"}
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

    async def retry(self, run: str, limits: Limits | None = None) -> Run:
        """Execute a failed or cancelled run again, perhaps with other limits. Answers that were failures are asked
        again; the others are used where the program asks the same in the same place."""
        return await self._command(run, RETRY, limits._asdict() if limits else None)

    async def signal(self, run: str, name: str, value: object) -> None:
        """Keep a signal for a run, and wake the run if it waits."""
        now = self._clock()
        await self.store.signal(Signal(run, self._random(16).hex(), name, CODEC.pack(value), now), now)
        self._nudge.set()

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

    async def _store(self, new: NewRun, entries: list[Entry], readings: list[tuple[int, bytes]]) -> tuple[Run, bool]:
        mine = bool(self._tasks) and len(self._active) + self._coming < self._settings.slots
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

    async def _command(self, run: str, wanted: Command, limits: dict[str, float] | None = None) -> Run:
        changed = await self.store.command(run, wanted, self._clock(), limits)
        active = self._active.get(run)
        if active is not None and active.lease.epoch < changed.epoch:  # not one that began after the command
            active.task.cancel()
        self._notify(run)
        self._nudge.set()
        return changed

    async def _claiming(self) -> None:
        settings = self._settings
        while True:
            self._nudge.clear()
            free = settings.slots - len(self._active) - self._coming
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
        """Execute an attempt, and write how it ended."""
        entries: list[Entry] = []
        readings: list[tuple[int, bytes]] = []
        try:
            if run.epoch > 1 or run.parent is not None:
                entries = await self._persistently(lambda: self.store.journal(run.id))
                readings = await self._persistently(lambda: self.store.readings(run.id))
            journal = StoredJournal(lease, entries, self._append, self._clock, self._settings.patience)
            ending = await self._attempt(run, journal, merged(readings))
        except LeaseLost:
            return
        except PlatformError as error:  # what is stored of it is lost
            ending = self._failed(error.code, error.message)
        with contextlib.suppress(LeaseLost):
            await self._persistently(lambda: self.store.finish(lease, ending))

    async def _attempt(self, run: Run, journal: StoredJournal, readings: dict[str, list[float]]) -> Ending:
        now = self._clock()
        if run.deadline is not None and now >= run.deadline:
            return self._failed(CODES["deadline"], MESSAGES["deadline"])
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
            if error.code in LOST_ATTEMPTS:
                return self._back(run, error.code, error.message, lost=error.code != "NOODLE-E0707")
            return self._failed(error.code, error.message)
        failure = outcome["error"]
        if failure is not None and failure["code"] in LOST_ATTEMPTS:
            return self._back(run, failure["code"], failure["message"], lost=True)
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
        return Ending(Status.QUEUED, now, due=now + pause, failed=lost)

    async def _append(self, lease: Lease, entries: list[Entry], readings: bytes | None) -> None:
        await self._persistently(lambda: self.store.append(lease, entries, readings))

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


def _fingerprint(asked: Submission) -> str:
    """What two requests under one idempotency key must have in common."""
    parts = asked._replace(nbc=b"", idempotency=None, limits=tuple(asked.limits))  # type: ignore[arg-type]
    return hashlib.sha256(CODEC.pack(list(parts))).hexdigest()
