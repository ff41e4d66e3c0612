"""The store as one obvious data structure, for the simulator. `test_runs` holds it to what the real one does.

Nothing here waits: whoever wants delays, faults and lost answers wraps it.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from noodle_ray.core.store.errors import Conflict, LeaseLost, NeededRun, UnknownProgram, UnknownRun, WrongStatus
from noodle_ray.core.store.records import (
    STRIDE,
    Bounds,
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
    effect_event,
    last_position,
    what_ended,
)
from noodle_ray.core.store.runs import scaled
from noodle_ray.core.store.signals import check_signal
from noodle_ray.core.store.spending import granted
from noodle_ray.core.store.status import CANCEL, RETRY, TERMINAL, WAKE, Command, Status


@dataclass
class Kept:
    """One run, and all that belongs to it."""

    run: Run
    journal: dict[str, Entry] = field(default_factory=dict)
    readings: dict[int, bytes] = field(default_factory=dict)
    events: dict[int, Event] = field(default_factory=dict)
    signals: dict[str, Signal] = field(default_factory=dict)


class MemoryStore:
    """A `noodle_ray.core.runs.durable.RunStore` in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}
        self.modules: dict[str, bytes] = {}
        self.programs: dict[str, Program] = {}
        self.schedules: dict[tuple[str, str], Schedule] = {}
        self.shares: dict[str, dict[str, Spent]] = {}

    async def submit(self, new: NewRun, *, owner: str | None = None, until: float = 0.0) -> tuple[Run, bool]:
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
        if new.caller is not None and (new.caller not in self.kept or self.kept[new.caller].run.status in TERMINAL):
            raise LeaseLost(new.caller)
        for other in self.kept.values():
            same_key = new.idempotency is not None and other.run.idempotency == new.idempotency
            if other.run.id == new.id or (same_key and other.run.tenant == new.tenant):
                if other.run.fingerprint != new.fingerprint:
                    raise Conflict(new.idempotency or "", other.run.id)
                return other.run, other.run.id == new.id
        self.modules[new.digest] = new.nbc
        fields = new._asdict()
        del fields["nbc"]
        run = Run(
            **fields,
            status=Status.RUNNING if owner else Status.QUEUED,
            updated=new.created,
            due=until if owner else new.created,
            attempt=1 if owner else 0,
            failures=0,
            owner=owner,
            epoch=1 if owner else 0,
            result=None,
            error=None,
            usage=None,
        )
        kept = self.kept[new.id] = Kept(run, {entry.key: entry for entry in entries}, dict(readings))
        self._event(kept, run.epoch * STRIDE, run.status, {"node": owner} if owner else {}, new.created)
        return run, True

    async def get(self, run: str) -> Run:
        return self._find(run).run

    async def page(self, wanted: Filter, *, before: str | None = None, limit: int = 100) -> list[Run]:
        found = [
            kept.run
            for name, kept in sorted(self.kept.items(), reverse=True)
            if (before is None or name < before)
            and (wanted.tenant is None or kept.run.tenant == wanted.tenant)
            and (wanted.status is None or kept.run.status == wanted.status)
            and (wanted.program is None or kept.run.program == wanted.program)
            and (wanted.version is None or kept.run.version == wanted.version)
            and (wanted.from_id is None or name >= wanted.from_id)
            and (wanted.parent is None or kept.run.parent == wanted.parent)
            and (wanted.created_from is None or kept.run.created >= wanted.created_from)
            and (wanted.created_before is None or kept.run.created < wanted.created_before)
        ]
        return found[:limit]

    async def claim(self, owner: str, now: float, until: float, limit: int) -> list[Run]:
        due = [kept for kept in self.kept.values() if kept.run.due is not None and kept.run.due <= now]
        claimed = []
        for kept in sorted(due, key=lambda kept: (kept.run.due or 0.0, kept.run.id))[:limit]:
            run = kept.run = kept.run._replace(
                status=Status.RUNNING,
                owner=owner,
                epoch=kept.run.epoch + 1,
                attempt=kept.run.attempt + 1,
                due=until,
                updated=now,
                waits=None,
            )
            self._event(kept, run.epoch * STRIDE, run.status, {"node": owner, "attempt": run.attempt}, now)
            claimed.append(run)
        return claimed

    async def renew(self, leases: list[Lease], until: float) -> list[str]:
        lost = []
        for lease in leases:
            kept = self.kept.get(lease.run)
            if kept is None or not self.holds(lease):
                lost.append(lease.run)
            else:
                kept.run = kept.run._replace(due=until)
        return lost

    async def append(
        self,
        lease: Lease,
        entries: list[Entry],
        readings: bytes | None = None,
        takes: Sequence[tuple[str, str]] = (),
    ) -> None:
        if not self.holds(lease):
            raise LeaseLost(lease.run)
        kept = self.kept[lease.run]
        for entry in entries:
            known = kept.journal.get(entry.key)
            if known is None or known.inherited:
                kept.journal[entry.key] = entry
        if readings is not None:
            kept.readings.setdefault(entries[0].position, readings)
        for name, key in takes:
            signal = kept.signals.get(name)
            if signal is not None and signal.taken is None:
                kept.signals[name] = signal._replace(taken=key)

    async def finish(self, lease: Lease, ending: Ending) -> None:
        kept = self.kept.get(lease.run)
        if kept is None or kept.run.epoch != lease.epoch:
            raise LeaseLost(lease.run)
        if kept.run.status == ending.status:
            return
        if not self.holds(lease):
            raise LeaseLost(lease.run)
        kept.run = kept.run._replace(
            status=ending.status,
            updated=ending.at,
            due=ending.at if self.over(kept, ending) else ending.due,
            waits=ending.waits,
            owner=None,
            result=ending.result,
            error=ending.error,
            usage=ending.usage,
            failures=kept.run.failures + ending.failed,
            attempt=kept.run.attempt
            - ((ending.status is Status.QUEUED and not ending.failed) or ending.status is Status.WAITING),
        )
        if ending.readings is not None:
            kept.readings = {last_position(lease): ending.readings}
        self._event(kept, last_position(lease), ending.status, what_ended(ending), ending.at)
        if ending.status in TERMINAL:
            self._wake(kept.run.caller, ending.at)
            await self._command_called(lease.run, CANCEL, ending.at)

    async def command(
        self,
        run: str,
        wanted: Command,
        now: float,
        limits: dict[str, float] | None = None,
        budget: dict[str, float] | None = None,
    ) -> Run:
        kept = self._find(run)
        if kept.run.status == wanted.target:
            return kept.run
        if kept.run.status not in wanted.sources:
            raise WrongStatus(run, kept.run.status, wanted.name)
        scale = 1.0
        changed = kept.run._replace(
            status=wanted.target,
            updated=now,
            due=now if wanted.target is Status.QUEUED else None,
            owner=None,
            epoch=kept.run.epoch + 1,
            attempt=0,
            waits=None,
            limits=kept.run.limits if limits is None else limits,
            budget=kept.run.budget if budget is None else budget,
        )
        if wanted is RETRY:
            scale = changed.limits.get("fuel", 1) / (kept.run.limits.get("fuel") or changed.limits.get("fuel", 1))
            changed = changed._replace(failures=0, result=None, error=None, usage=None)
            kept.journal = {entry.key: entry._replace(inherited=True) for entry in kept.journal.values() if entry.ok}
        kept.run = changed
        self._event(kept, changed.epoch * STRIDE, wanted.target, {"command": wanted.name}, now)
        if wanted in (CANCEL, RETRY):
            await self._command_called(run, wanted, now, scale)
        if wanted is CANCEL:
            self._wake(changed.caller, now)
        return changed

    async def _command_called(self, caller: str, wanted: Command, now: float, scale: float = 1.0) -> None:
        for kept in list(self.kept.values()):
            if kept.run.caller == caller and kept.run.status in wanted.sources:
                limits = None if scale == 1.0 else scaled(kept.run.limits, scale)
                await self.command(kept.run.id, wanted, now, limits)

    def _wake(self, run: str | None, now: float) -> None:
        kept = self.kept.get(run or "")
        if kept is not None and kept.run.status is Status.WAITING:
            changed = kept.run._replace(
                status=Status.QUEUED, updated=now, due=now, owner=None, epoch=kept.run.epoch + 1, attempt=0, waits=None
            )
            kept.run = changed
            self._event(kept, changed.epoch * STRIDE, Status.QUEUED, {"command": WAKE.name}, now)

    async def delete(self, run: str) -> None:
        kept = self._find(run)
        if kept.run.status not in TERMINAL:
            raise WrongStatus(run, kept.run.status, "delete")
        caller = self.kept.get(kept.run.caller or "")
        if caller is not None and caller.run.status not in TERMINAL:
            raise NeededRun(run, caller.run.id)
        del self.kept[run]

    async def journal(self, run: str) -> list[Entry]:
        kept = self.kept.get(run)
        return sorted(kept.journal.values(), key=lambda entry: entry.position) if kept else []

    async def readings(self, run: str) -> list[tuple[int, bytes]]:
        return sorted(self.kept[run].readings.items()) if run in self.kept else []

    async def events(self, run: str, *, after: int = -1, limit: int = 1000) -> list[Event]:
        kept = self.kept.get(run)
        if kept is None:
            return []
        found = list(kept.events.values())
        found += [
            effect_event(
                entry.position, entry.key, entry.model, entry.ok, entry.asked, entry.at, entry.batch, entry.batch_size
            )
            for entry in kept.journal.values()
            if not entry.inherited
        ]
        return sorted(event for event in found if event.position > after)[:limit]

    async def module(self, digest: str) -> bytes | None:
        return self.modules.get(digest)

    async def signal(self, signal: Signal, now: float) -> bool:
        kept = self._find(signal.run)
        known = kept.signals.get(signal.id)
        check_signal(kept.run, signal, known, sum(each.taken is None for each in kept.signals.values()))
        kept.signals.setdefault(signal.id, signal)
        if kept.run.waits is not None and signal.name in kept.run.waits.get("signals", ()):
            self._wake(signal.run, now)
        return known is None

    async def untaken(self, ids: list[str]) -> list[Signal]:
        found = [signal for run in ids if run in self.kept for signal in self.kept[run].signals.values()]
        return sorted((each for each in found if each.taken is None), key=lambda signal: (signal.at, signal.id))

    async def ended(self, ids: list[str]) -> list[Run]:
        return [self.kept[run].run for run in sorted(ids) if run in self.kept and self.kept[run].run.status in TERMINAL]

    async def lineage(self, run: str, key: str, most: int) -> tuple[str | None, int, int]:
        depth, above = 0, self.kept[run].run.caller if run in self.kept else None
        while above is not None and depth < most:
            depth, above = depth + 1, self.kept[above].run.caller if above in self.kept else None
        called = {kept.run.idempotency: kept.run.id for kept in self.kept.values() if kept.run.caller == run}
        return called.get(key), depth, len(called)

    async def root(self, run: str, most: int) -> tuple[str, dict[str, float] | None]:
        while run in self.kept and (above := self.kept[run].run.caller) is not None:
            run = above
        return run, self.kept[run].run.budget if run in self.kept else None

    async def called(self, run: str) -> list[tuple[str, dict[str, Any] | None]]:
        found = [kept.run for kept in self.kept.values() if kept.run.caller == run]
        return [(each.idempotency or "", each.usage) for each in found]

    async def share(
        self, tenant: str, root: str, run: str, own: Spent, wanted: tuple[int, int], bounds: Bounds
    ) -> Granted:
        shares = self.shares.setdefault(root, {})
        total = Spent(*[sum(amounts) for amounts in zip(Spent(), *shares.values(), strict=True)])
        shares[run], found = granted(shares.get(run, Spent()), total, own, wanted, bounds)
        return found

    async def put_schedule(self, schedule: Schedule) -> None:
        self.schedules[schedule.tenant, schedule.name] = schedule

    async def due_schedules(self, now: float, limit: int = 100) -> list[Schedule]:
        due = [each for each in self.schedules.values() if each.enabled and each.next_at and each.next_at <= now]
        return sorted(due, key=lambda each: each.next_at or 0.0)[:limit]

    async def advance(self, schedule: Schedule, moved: Schedule) -> bool:
        known = self.schedules.get((schedule.tenant, schedule.name))
        if known is None or (known.next_at, known.created) != (schedule.next_at, schedule.created):
            return False
        self.schedules[schedule.tenant, schedule.name] = known._replace(
            next_at=moved.next_at, last_at=moved.last_at, last_run=moved.last_run, last_error=moved.last_error
        )
        return True

    async def schedules_on(self, tenant: str, topic: str, limit: int = 100) -> list[Schedule]:
        found = [each for each in self.schedules.values() if (each.tenant, each.topic) == (tenant, topic)]
        return sorted((each for each in found if each.enabled), key=lambda each: each.name)[:limit]

    async def note_start(self, schedule: Schedule) -> None:
        known = self.schedules.get((schedule.tenant, schedule.name))
        if known is not None and known.created == schedule.created:
            self.schedules[schedule.tenant, schedule.name] = known._replace(
                last_at=schedule.last_at, last_run=schedule.last_run, last_error=schedule.last_error
            )

    async def program(self, tenant: str, name: str, which: int | str | None = None) -> Program:
        if name not in self.programs:
            raise UnknownProgram(name, which)
        return self.programs[name]

    async def signals(self, run: str) -> list[Signal]:
        kept = self.kept.get(run)
        return sorted(kept.signals.values(), key=lambda signal: (signal.at, signal.id)) if kept else []

    def holds(self, lease: Lease) -> bool:
        """Whether this lease is that of the run's owner."""
        kept = self.kept.get(lease.run)
        return (
            kept is not None
            and kept.run.epoch == lease.epoch
            and kept.run.owner == lease.owner
            and kept.run.status is Status.RUNNING
        )

    def over(self, kept: Kept, ending: Ending) -> bool:
        """Whether what a run begins to wait for has come already."""
        waits = ending.waits or {}
        return any(
            signal.taken is None and signal.name in waits.get("signals", ()) for signal in kept.signals.values()
        ) or any(self.kept[run].run.status in TERMINAL for run in waits.get("runs", ()) if run in self.kept)

    def snapshot(self) -> "MemoryStore":
        """A copy that later writes do not change."""
        return copy.deepcopy(self)

    def _find(self, run: str) -> Kept:
        kept = self.kept.get(run)
        if kept is None:
            raise UnknownRun(run)
        return kept

    @staticmethod
    def _event(kept: Kept, position: int, kind: str, data: dict[str, object], at: float) -> None:
        assert position not in kept.events
        kept.events[position] = Event(position, str(kind), data, at)
