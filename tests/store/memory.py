"""The store as one obvious data structure, for the simulator. `test_runs` holds it to what the real one does.

Nothing here waits: whoever wants delays, faults and lost answers wraps it.
"""

import copy
from dataclasses import dataclass, field

from noodle_ray.core.store.errors import Conflict, LeaseLost, UnknownRun, WrongStatus
from noodle_ray.core.store.records import (
    STRIDE,
    Ending,
    Entry,
    Event,
    Filter,
    Lease,
    NewRun,
    Run,
    Signal,
    last_position,
)
from noodle_ray.core.store.status import RETRY, TERMINAL, WAKE, Command, Status


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

    async def append(self, lease: Lease, entries: list[Entry], readings: bytes | None = None) -> None:
        if not self.holds(lease):
            raise LeaseLost(lease.run)
        kept = self.kept[lease.run]
        for entry in entries:
            known = kept.journal.get(entry.key)
            if known is None or known.inherited:
                kept.journal[entry.key] = entry
        if readings is not None:
            kept.readings.setdefault(entries[0].position, readings)

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
            due=ending.due,
            owner=None,
            result=ending.result,
            error=ending.error,
            usage=ending.usage,
            failures=kept.run.failures + ending.failed,
            attempt=kept.run.attempt - (ending.status is Status.QUEUED and not ending.failed),
        )
        if ending.readings is not None:
            kept.readings = {last_position(lease): ending.readings}
        what = {"code": ending.error["code"]} if ending.error else {}
        self._event(kept, last_position(lease), ending.status, what, ending.at)

    async def command(self, run: str, wanted: Command, now: float, limits: dict[str, float] | None = None) -> Run:
        kept = self._find(run)
        if kept.run.status == wanted.target:
            return kept.run
        if kept.run.status not in wanted.sources:
            raise WrongStatus(run, kept.run.status, wanted.name)
        changed = kept.run._replace(
            status=wanted.target,
            updated=now,
            due=now if wanted.target is Status.QUEUED else None,
            owner=None,
            epoch=kept.run.epoch + 1,
            attempt=0,
            limits=kept.run.limits if limits is None else limits,
        )
        if wanted is RETRY:
            changed = changed._replace(failures=0, result=None, error=None, usage=None)
            kept.journal = {entry.key: entry._replace(inherited=True) for entry in kept.journal.values() if entry.ok}
        kept.run = changed
        self._event(kept, changed.epoch * STRIDE, wanted.target, {"command": wanted.name}, now)
        return changed

    async def delete(self, run: str) -> None:
        kept = self._find(run)
        if kept.run.status not in TERMINAL:
            raise WrongStatus(run, kept.run.status, "delete")
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
            Event(entry.position, "effect", {"key": entry.key, "model": entry.model, "ok": entry.ok}, entry.at)
            for entry in kept.journal.values()
            if not entry.inherited
        ]
        return sorted(event for event in found if event.position > after)[:limit]

    async def module(self, digest: str) -> bytes | None:
        return self.modules.get(digest)

    async def signal(self, signal: Signal, now: float) -> None:
        kept = self._find(signal.run)
        kept.signals.setdefault(signal.id, signal)
        if kept.run.status in WAKE.sources:
            await self.command(signal.run, WAKE, now)

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
