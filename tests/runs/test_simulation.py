"""Durable runs in simulated worlds; and that the simulator notices when what it checks is broken."""

import ast
import asyncio
import os
import subprocess
import sys
from typing import Any

import pytest

from noodle_ray.core.runs.durable import DurableRuns
from noodle_ray.core.runs.stored_journal import StoredJournal
from noodle_ray.core.store.errors import StoreUnavailable
from noodle_ray.core.store.records import NewRun, Run
from tests.runs.simulation import Violation, simulate
from tests.store.memory import MemoryStore

SEEDS = 500


@pytest.mark.parametrize("start", range(0, 4 * SEEDS, SEEDS))
def test_nothing_is_lost_repeated_or_wrong_in_a_world_of_faults(start: int) -> None:
    command = [sys.executable, "-m", "tests.runs.simulate", "--seeds", str(SEEDS), "--start", str(start)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    summary, _, counts = done.stdout.splitlines()[-1].partition(": ")
    assert summary.startswith(f"{SEEDS} seeds, 0 violations")
    survived = ast.literal_eval(counts)
    assert min(survived[what] for what in ("crashes", "stale", "takeovers")) > SEEDS / 10


def test_world_of_a_seed_is_always_the_same() -> None:
    code = "from tests.runs.simulation import simulate; print([simulate(s).trace.hexdigest() for s in range(5)])"
    traces = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": str(number)},
            capture_output=True,
            text=True,
        ).stdout
        for number in range(2)
    }
    assert len(traces) == 1
    assert len(traces.pop()) > 300


def _holds_always(self: MemoryStore, lease: object) -> bool:
    return True


async def _claim_in_the_same_epoch(self: MemoryStore, owner: str, now: float, until: float, limit: int) -> list[Run]:
    runs = []
    for kept in self.kept.values():
        if kept.run.due is not None and kept.run.due <= now:
            kept.run = kept.run._replace(owner=owner, due=until, status=kept.run.status.RUNNING)
            runs.append(kept.run)
    return runs[:limit]


_keep = StoredJournal.keep


async def _keep_later(self: StoredJournal, answered: Any) -> None:
    asyncio.ensure_future(_keep(self, answered)).add_done_callback(lambda task: task.cancelled() or task.exception())


def _recall_nothing(self: StoredJournal, request: object) -> None:
    return None


def _read_nothing(self: StoredJournal, readings: object) -> None:
    return None


_store = DurableRuns._store


async def _acknowledge_too_early(self: DurableRuns, new: NewRun, *more: Any) -> tuple[Any, bool]:
    try:
        return await _store(self, new, *more)
    except StoreUnavailable:
        return new, True


async def _begin_anew(self: StoredJournal, request: object, seconds: float | None) -> float | None:
    return None if seconds is None else self._clock() + seconds


def _take_nothing(self: StoredJournal, signal: str, key: str) -> None:
    return None


def _never_over(self: MemoryStore, kept: object, ending: object) -> bool:
    return False


_call = DurableRuns._call


async def _call_anew(self: DurableRuns, caller: Run, key: str, *more: Any) -> str:
    return await _call(self, caller, f"{key}{caller.epoch}", *more)


async def _begin_nothing(self: StoredJournal, request: object) -> None:
    return None


MUTATIONS: dict[str, tuple[type, str, Any]] = {
    "a fence that lets everybody through": (MemoryStore, "holds", _holds_always),
    "a claim that raises no epoch": (MemoryStore, "claim", _claim_in_the_same_epoch),
    "answers that the program gets before they are written": (StoredJournal, "keep", _keep_later),
    "a journal that is not read": (StoredJournal, "recall", _recall_nothing),
    "readings of the clock that are not kept": (StoredJournal, "read", _read_nothing),
    "sleeps that begin anew with each attempt": (StoredJournal, "until", _begin_anew),
    "tools that are called before the journal knows what of": (StoredJournal, "begin", _begin_nothing),
    "signals that nobody marks as taken": (StoredJournal, "take", _take_nothing),
    "a wait that overlooks what came just before": (MemoryStore, "over", _never_over),
    "runs that each attempt starts anew": (DurableRuns, "_call", _call_anew),
    "a run that is acknowledged before it is stored": (DurableRuns, "_store", _acknowledge_too_early),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MUTATIONS)
def test_simulator_notices(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, attribute, broken = MUTATIONS[name]
    monkeypatch.setattr(owner, attribute, broken)
    for seed in range(150):
        try:
            simulate(seed)
        except Violation:
            return
    pytest.fail(f"nothing noticed {name}")
