"""What became of the runs: none lost, none with another result, no journaled effect asked again."""

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from benchmarks.chaos.load import Load, questions
from noodle_ray.core.store.errors import StoreUnavailable
from noodle_ray.core.store.store import Store

LOOK_SECONDS = 0.3
_CLOSE = 0.05
"""Clocks of one machine agree; a note is made a moment after its call was sent."""


class Watch:
    """Looks at the journals of runs under way: ``seen`` has when a question's answer was first found there."""

    def __init__(self, store: Store, load: Load) -> None:
        self._store = store
        self._load = load
        self.seen: dict[str, float] = {}

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            for run in self._load.under_way():
                try:
                    entries = await self._store.journal(run)
                except StoreUnavailable:
                    break
                now = time.time()
                for entry in entries:
                    self.seen.setdefault(_question(entry.asked), now)
            await asyncio.sleep(LOOK_SECONDS)


class Verdict(NamedTuple):
    """Counts. ``runs`` were acknowledged; ``lost`` of them never ended or are not stored; ``wrong`` did not end as they
    should; ``repeated`` questions were asked though their answer had been found in the journal; ``again`` were
    asked more than once because their answer was lost on the way, which is allowed."""

    runs: int
    effects: int
    lost: int
    wrong: int
    repeated: int
    again: int

    @property
    def sound(self) -> bool:
        """Whether every guarantee was kept."""
        return not (self.lost or self.wrong or self.repeated)


async def audit(store: Store, load: Load, watch: Watch, notes: Path, tell: list[str]) -> Verdict:
    """Compare what is stored and what the model noted with what should be; ``tell`` gets a line per finding."""
    lost = wrong = effects = 0
    for run, taken in load.runs.items():
        asked, expected = questions(taken.name)
        told = load.outcomes.get(run)
        stored = await store.get(run)
        if told is None or stored.status.value not in ("succeeded", "failed", "cancelled"):
            lost += 1
            tell.append(f"lost: {run} {taken.name} is {stored.status.value}")
            continue
        entries = await store.journal(run)
        effects += len(entries)
        found = sorted(_question(entry.asked) for entry in entries)
        if told["status"] != "succeeded" or told["result"] != expected or found != sorted(asked):
            wrong += 1
            tell.append(
                f"wrong: {run} {taken.name}: {told['status']} {told.get('error')} {told.get('result')} {expected}"
            )
    calls: Counter[str] = Counter()
    repeated = 0
    for line in notes.read_text().splitlines():
        at, _, question = line.partition(" ")
        calls[question] += 1
        if float(at) > watch.seen.get(question, float("inf")) + _CLOSE:
            repeated += 1
            tell.append(f"repeated: {question!r} at {at}, which was in the journal at {watch.seen[question]:.3f}")
    return Verdict(len(load.runs), effects, lost, wrong, repeated, sum(count - 1 for count in calls.values()))


def _question(asked: str) -> str:
    """The question in what the journal shows of a call, ``witness('…')``."""
    return asked.partition("'")[2].rpartition("'")[0]
