"""The journal of a durable run: every answer is in the store before the program gets it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from reprlib import Repr
from typing import Any, Final, cast

from noodle_ray.core.runs.batcher import Batch, Reply
from noodle_ray.core.runs.budgets import Budget
from noodle_ray.core.runs.caller import Caller
from noodle_ray.core.runs.family import Family, fuel_of
from noodle_ray.core.runs.waiting import Waits, time_text
from noodle_ray.core.sandbox.local_waits import refused
from noodle_ray.core.sandbox.messages import CODEC, digest_of, sendable
from noodle_ray.core.sandbox.wire import WireError
from noodle_ray.core.store.records import BEGUN, BEGUN_SUFFIX, DUE, DUE_SUFFIX, STRIDE, Burnt, Entry, Lease
from noodle_ray.core.vm.host import EffectAnswer, EffectRequest
from noodle_ray.core.vm.waiting import RUN
from noodle_ray.errors import RunError

MISMATCH: Final = "NOODLE-E0510"
"""Error code: the program asks something else than its journal has."""

NO_BATCH: Final = Batch(0, 0)
"""Of what went to no model."""

Append = Callable[[Lease, list[Entry], bytes | None, list[tuple[str, str]]], Awaitable[None]]
OnParked = Callable[[bool, Callable[[], bool]], None]
Readings = dict[str, list[float]]

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 60
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = _SHORT.maxset = 6
_SHOWN: Final = 300


class JournalMismatch(RunError):
    """A program asked something else than its journal has in a place. ``journal`` and ``program`` show both sides."""

    default_code = MISMATCH

    def __init__(self, key: str, journal: str, program: str) -> None:
        super().__init__(
            f"at effect {key} the journal has {journal}, but the program asked {program}; nothing was executed for it"
        )
        self.key = key
        self.journal = journal
        self.program = program


def shown(request: EffectRequest) -> str:
    """A call as people write it, cut to a few hundred characters."""
    parts = [_SHORT.repr(argument) for argument in request.args]
    parts += [f"{name}={_SHORT.repr(value)}" for name, value in request.kwargs.items()]
    text = f"{request.model}({', '.join(parts)})"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def answer_of(entry: Entry) -> EffectAnswer:
    """The answer in an entry."""
    value = CODEC.unpack(entry.value)
    return EffectAnswer(entry.key, entry.ok, value if entry.ok else tuple(value))  # type: ignore[arg-type]


def merged(parts: list[tuple[int, bytes]]) -> Readings:
    """All readings of a run, in their order."""
    readings: Readings = {}
    for _, data in sorted(parts):
        for place, values in CODEC.unpack(data).items():  # type: ignore[attr-defined]
            readings.setdefault(place, []).extend(values)
    return readings


class StoredJournal:
    """A `DurableJournal` of the run that ``lease`` owns. ``append`` writes to the store, and raises if it may not.
    ``on_parked`` is told when the run leaves its worker and when it wants one again. ``called`` has the usage of runs
    that this one has started, by the effects that asked for them.

    Answers that arrive while others are being written wait for those, and are written together.
    """

    def __init__(
        self,
        lease: Lease,
        entries: list[Entry],
        append: Append,
        clock: Callable[[], float],
        patience: tuple[float, ...] = (),
        on_parked: OnParked | None = None,
        tenant: str = "",
        budget: Budget = Budget(),  # noqa: B008 (immutable)
        family: Family | None = None,
        called: Mapping[str, Mapping[str, Any] | None] = {},
    ) -> None:
        self._called = called
        self.caller = Caller(tenant, lease.run, budget, family, epoch=lease.epoch)
        self.calls_runs = False
        """Whether the run has asked for another one."""
        self.burnt: Burnt | None = None
        """What the attempt has used of a loan, once it has one."""
        self._took: dict[str, tuple[int, int, int, int]] = {}
        self.patience = patience
        self.waits: Waits | None = None
        self._on_parked = on_parked
        self._lease = lease
        self._entries = {entry.key: entry for entry in entries}
        self._append = append
        self._clock = clock
        self._position = lease.epoch * STRIDE
        self._readings: Readings = {}
        self._pending: list[Entry] = []
        self._takes: dict[str, str] = {}
        self.added = 0
        """Entries that this attempt has made."""
        self._kept = 0
        self._lock = asyncio.Lock()
        self._failure: Exception | None = None

    def recall(self, request: EffectRequest) -> EffectAnswer | None:
        """The answer that the journal has. Raises JournalMismatch if another question has its place, unless that one is
        inherited: then it does not count."""
        self.calls_runs |= request.model == RUN
        entry = self._entries.get(request.key)
        if entry is None:
            return None
        if entry.call == digest_of(request):
            answer = answer_of(entry)
            if request.key not in self._called:
                return answer
            return answer._replace(fuel=fuel_of(self._called[request.key], request.fuel))
        if entry.inherited:
            return None
        raise JournalMismatch(request.key, entry.asked, shown(request))

    def known(self) -> int:
        """How many answers the journal has."""
        return sum(entry.model not in (BEGUN, DUE) for entry in self._entries.values())

    def tokens(self, key: str) -> tuple[int, int]:
        """What the answer in the journal took, of prompt and completion."""
        entry = self._entries[key]
        return entry.prompt_tokens, entry.completion_tokens

    def took(self, key: str, tokens: tuple[int, int], batch: Batch | None) -> None:
        """Take what an answer took, and the batch it came in; they are written with it."""
        self._took[key] = (*tokens, *(batch or NO_BATCH))

    def read(self, readings: Readings) -> None:
        """Take what the run read off its clock. It is written with the next answers: none of them was asked before."""
        for place, values in readings.items():
            self._readings.setdefault(place, []).extend(values)

    def parked(self, waits: bool, only_waits: Callable[[], bool]) -> None:
        """Hear that the run waits for answers without a worker, or that it wants one again."""
        if self._on_parked is not None:
            self._on_parked(waits, only_waits)

    async def wait(self, request: EffectRequest) -> Reply:
        """Wait for what is asked of no model."""
        if self.waits is None:
            return Reply(False, refused(request), None)
        return await self.waits.answer(request)

    def take(self, signal: str, key: str) -> None:
        """A signal answers an effect: it is taken when the answer is written."""
        self._takes[key] = signal

    async def until(self, request: EffectRequest, seconds: float | None) -> float | None:
        """When the wait of an effect ends that may last so long: as the journal has it, or from now."""
        key = request.key + DUE_SUFFIX
        known = self._entries.get(key)
        if known is not None:
            return cast("float | None", CODEC.unpack(known.value))
        now = self._clock()
        due = None if seconds is None else now + seconds
        asked = shown(request) + time_text(due)
        await self._put([Entry(key, 0, DUE, b"", asked, True, CODEC.pack(due), now)])
        return due

    async def begin(self, request: EffectRequest) -> None:
        """Write that a tool is about to be called, and with it what the run read off its clock: so the call is the same
        if it has to be made again. Raises JournalMismatch if another call was begun in its place, and what ``append``
        raises."""
        key, call = request.key + BEGUN_SUFFIX, digest_of(request)
        known = self._entries.get(key)
        if known is None or known.inherited:
            await self._put([Entry(key, 0, BEGUN, call, shown(request), True, CODEC.pack(None), self._clock())])
        elif known.call != call:
            raise JournalMismatch(request.key, f"begun {known.asked}", shown(request))

    async def keep(self, answered: list[tuple[EffectRequest, EffectAnswer]]) -> None:
        """Write answers. When this returns, they are on disk. Raises what ``append`` raises, now and ever after."""
        await self._put([self._entry(request, answer) for request, answer in answered])

    async def _put(self, entries: list[Entry]) -> None:
        self._pending += entries
        self.added += len(entries)
        mine = self.added
        while self._kept < mine:
            async with self._lock:
                if self._failure is not None:
                    raise self._failure
                if self._kept < mine:
                    await self._write()

    async def _write(self) -> None:
        entries, self._pending = self._pending, []
        readings, self._readings = self._readings, {}
        entries = [entry._replace(position=self._position + number) for number, entry in enumerate(entries, 1)]
        self._position += len(entries)
        try:
            takes = [(self._takes[entry.key], entry.key) for entry in entries if entry.key in self._takes]
            await self._append(self._lease, entries, CODEC.pack(readings) if readings else None, takes)
        except Exception as error:
            self._failure = error
            raise
        self._kept += len(entries)
        self._entries.update((entry.key, entry) for entry in entries)

    def _entry(self, request: EffectRequest, answer: EffectAnswer) -> Entry:
        try:
            value = CODEC.pack(answer.value)
        except WireError:
            answer = sendable(answer)
            value = CODEC.pack(answer.value)
        call = digest_of(request)
        entry = Entry(request.key, 0, request.model, call, shown(request), answer.ok, value, self._clock())
        prompt, completion, batch, size = self._took.pop(request.key, (0, 0, *NO_BATCH))
        return entry._replace(prompt_tokens=prompt, completion_tokens=completion, batch=batch, batch_size=size)
