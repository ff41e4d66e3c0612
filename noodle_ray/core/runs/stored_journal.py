"""The journal of a durable run: every answer is in the store before the program gets it."""

import asyncio
from collections.abc import Awaitable, Callable
from reprlib import Repr
from typing import Final

from noodle_ray.core.runs.continuation import digest_of
from noodle_ray.core.sandbox.messages import CODEC, sendable
from noodle_ray.core.sandbox.wire import WireError
from noodle_ray.core.store.records import STRIDE, Entry, Lease
from noodle_ray.core.vm.host import EffectAnswer, EffectRequest
from noodle_ray.errors import RunError

MISMATCH: Final = "NOODLE-E0510"
"""Error code: the program asks something else than its journal has."""

Append = Callable[[Lease, list[Entry], bytes | None], Awaitable[None]]
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

    Answers that arrive while others are being written wait for those, and are written together.
    """

    def __init__(
        self,
        lease: Lease,
        entries: list[Entry],
        append: Append,
        clock: Callable[[], float],
        patience: tuple[float, ...] = (),
    ) -> None:
        self.patience = patience
        self._lease = lease
        self._entries = {entry.key: entry for entry in entries}
        self._append = append
        self._clock = clock
        self._position = lease.epoch * STRIDE
        self._readings: Readings = {}
        self._pending: list[Entry] = []
        self._added = 0
        self._kept = 0
        self._lock = asyncio.Lock()
        self._failure: Exception | None = None

    def recall(self, request: EffectRequest) -> EffectAnswer | None:
        """The answer that the journal has. Raises JournalMismatch if another question has its place, unless that one is
        inherited: then it does not count."""
        entry = self._entries.get(request.key)
        if entry is None:
            return None
        if entry.call == digest_of(request):
            return answer_of(entry)
        if entry.inherited:
            return None
        raise JournalMismatch(request.key, entry.asked, shown(request))

    def read(self, readings: Readings) -> None:
        """Take what the run read off its clock. It is written with the next answers: none of them was asked before."""
        for place, values in readings.items():
            self._readings.setdefault(place, []).extend(values)

    async def keep(self, answered: list[tuple[EffectRequest, EffectAnswer]]) -> None:
        """Write answers. When this returns, they are on disk. Raises what ``append`` raises, now and ever after."""
        self._pending += [self._entry(request, answer) for request, answer in answered]
        self._added += len(answered)
        mine = self._added
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
            await self._append(self._lease, entries, CODEC.pack(readings) if readings else None)
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
        return Entry(request.key, 0, request.model, call, shown(request), answer.ok, value, self._clock())
