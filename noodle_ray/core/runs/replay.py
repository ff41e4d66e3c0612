"""Replay: executing a stored run again from its journal, and saying what differs.

Nothing is written, no tool is called, and by default no model is asked: where the program asks what the journal does
not answer, the replay stops before anything is sent. So a run can be looked at again, up to any effect; another version
of its program can be tried on the journals that are there; and, where models may be asked, another model can be.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from noodle_ray.core.runs.batcher import Reply
from noodle_ray.core.runs.caller import Caller
from noodle_ray.core.runs.executor import Outcome
from noodle_ray.core.runs.family import fuel_of, keyed
from noodle_ray.core.runs.ports import Runner, RunStore
from noodle_ray.core.runs.stored_journal import answer_of, merged, shown
from noodle_ray.core.sandbox.conversation import MARK
from noodle_ray.core.sandbox.local_waits import refused
from noodle_ray.core.sandbox.messages import CODEC, digest_of
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.store.records import BEGUN, DUE, Entry, Run
from noodle_ray.core.store.status import TERMINAL
from noodle_ray.core.vm.host import EffectAnswer, EffectRequest
from noodle_ray.core.vm.limits import Limits
from noodle_ray.core.vm.names import TOOL
from noodle_ray.core.vm.waiting import RUN
from noodle_ray.errors import ModuleError, NoodleError, RequestError, RunError

COMPARED = ("result", "stdout", "error", "fuel")


class Divergence(NamedTuple):
    """An effect where program and journal are not of one mind; what the journal has is None for a new effect."""

    key: str
    journal: str | None
    program: str


class Change(NamedTuple):
    """An effect that a model answered otherwise this time."""

    key: str
    asked: str
    before: object
    after: object


class Report(NamedTuple):
    """What a replay found.

    ``outcome`` is None if it stopped before the end, and then ``stopped`` says why; ``unfinished`` is true if that is
    because the run itself has come no further. ``answered`` counts effects that the journal answered; ``unused`` are
    those it has and nobody asked. ``differences`` has pairs (before, now) of what the outcome has otherwise: result,
    stdout, error, fuel.
    """

    run: str
    outcome: Outcome | None
    stopped: str
    unfinished: bool
    answered: int
    divergences: list[Divergence]
    changes: list[Change]
    unused: list[str]
    differences: dict[str, tuple[object, object]]

    @property
    def fits(self) -> bool:
        """Whether the program asked what the journal has, all of it, and nothing else."""
        return not (self.divergences or self.unused or (self.stopped and not self.unfinished))

    @property
    def same(self) -> bool:
        """Whether the program did exactly what it did before."""
        return not (self.stopped or self.divergences or self.changes or self.unused or self.differences)


class _Stop(RunError):
    """Ends a replay."""


class _ReplayJournal:
    """A `DurableJournal` that reads a run's journal and writes nothing."""

    patience: tuple[float, ...] = ()

    def __init__(
        self,
        tenant: str,
        entries: list[Entry],
        to_effect: int | None,
        ask: frozenset[str],
        ask_all: bool,
        ended: bool,
        called: Mapping[str, Mapping[str, Any] | None],
    ) -> None:
        self._called = called
        self.caller = Caller(tenant)
        self.entries = {entry.key: entry for entry in entries if entry.model not in (DUE, BEGUN)}
        self._within = {entry.key for entry in (entries if to_effect is None else entries[:to_effect])}
        self._ask = ask
        self._ask_all = ask_all
        self._ended = ended
        self.unfinished = False
        self.used: set[str] = set()
        self.divergences: list[Divergence] = []
        self.changes: list[Change] = []

    def recall(self, request: EffectRequest) -> EffectAnswer | None:
        entry = self.entries.get(request.key)
        same = entry is not None and entry.call == digest_of(request)
        if entry is not None:
            self.used.add(request.key)
        if entry is None and not self._ended and (not self._ask_all or request.model[:1] == MARK):
            self.unfinished = True
            raise _Stop(f"it came to effect {request.key}, {shown(request)}, which the run has no answer to yet")
        if not same:
            self.divergences.append(Divergence(request.key, entry.asked if entry else None, shown(request)))
            if self._ask_all and request.model[:1] != MARK and not request.model.startswith(TOOL):
                return None
            where = f"the journal has {entry.asked}" if entry else "the journal has nothing"
            raise _Stop(f"at effect {request.key} {where}, and the program asks {shown(request)}")
        assert entry is not None
        if request.model in self._ask and not request.model.startswith(TOOL):
            return None
        if request.key not in self._within:
            raise _Stop(f"it came to effect {request.key}, {shown(request)}")
        answer = answer_of(entry)
        if request.key in self._called:
            answer = answer._replace(fuel=fuel_of(self._called[request.key], request.fuel))
        return answer

    def tokens(self, key: str) -> tuple[int, int]:
        entry = self.entries[key]
        return entry.prompt_tokens, entry.completion_tokens

    def known(self) -> int:
        """How many answers the journal has."""
        return len(self.entries)

    def took(self, key: str, tokens: tuple[int, int], batch: object) -> None:
        pass

    async def begin(self, request: EffectRequest) -> None:
        pass

    async def keep(self, answered: list[tuple[EffectRequest, EffectAnswer]]) -> None:
        for request, answer in answered:
            entry = self.entries.get(request.key)
            if entry is None or entry.call != digest_of(request):
                continue
            before = answer_of(entry)
            if (before.ok, _comparable(before.value)) != (answer.ok, _comparable(answer.value)):
                self.changes.append(Change(request.key, shown(request), before.value, answer.value))

    def parked(self, waits: bool, only_waits: Callable[[], bool]) -> None:
        return

    async def wait(self, request: EffectRequest) -> Reply:
        return Reply(False, refused(request), None)

    def read(self, readings: dict[str, list[float]]) -> None:
        pass


async def replay(
    store: RunStore,
    runner: Runner,
    run: str,
    *,
    to_effect: int | None = None,
    module: tuple[str, bytes] | None = None,
    ask: Iterable[str] = (),
    ask_all: bool = False,
    limits: Limits | None = None,
) -> Report:
    """Execute a run again, and compare.

    ``to_effect`` stops it where it asks for more than the first so many answers of the journal. ``module``, a digest
    and NBC, is another version of the program. The models named by ``ask`` are asked anew; ``ask_all`` asks them, and
    any model whose question the journal does not answer. Raises UnknownRun.
    """
    stored = await store.get(run)
    entries = await store.journal(run)
    nbc = module[1] if module else await store.module(stored.digest)
    if nbc is None:
        raise ModuleError(f"the module {stored.digest} of the run is not stored", code="NOODLE-E0309")
    arguments: Any = CODEC.unpack(stored.arguments)
    request = RunRequest(
        nbc,
        module[0] if module else stored.digest,
        stored.entry,
        arguments[0],
        arguments[1],
        limits or Limits(**stored.limits),  # type: ignore[arg-type]
        stored.tier,
        seed=stored.seed,
        readings=merged(await store.readings(run)),
    )
    called = keyed(run, await store.called(run)) if any(entry.model == RUN for entry in entries) else {}
    journal = _ReplayJournal(
        stored.tenant, entries, to_effect, frozenset(ask), ask_all, stored.status in TERMINAL, called
    )
    outcome, stopped = None, ""
    try:
        outcome = await runner.execute(request, journal)
    except _Stop as stop:
        stopped = stop.message
    except RequestError:  # too many runs wait: that says nothing about this one
        raise
    except NoodleError as error:  # another version may not take these arguments, or not be valid at all
        stopped = f"{error.code}: {error.message}"
    unused = [] if stopped else [key for key in journal.entries if key not in journal.used]
    differences = _differences(stored, outcome) if outcome is not None else {}
    return Report(
        run,
        outcome,
        stopped,
        journal.unfinished,
        len(journal.used),
        journal.divergences,
        journal.changes,
        unused,
        differences,
    )


async def check(store: RunStore, runner: Runner, module: tuple[str, bytes], runs: Iterable[str]) -> list[Report]:
    """Replay runs with another version of their program, asking no model; returns reports of those it does not fit."""
    reports = [await replay(store, runner, run, module=module) for run in runs]
    return [report for report in reports if not report.fits]


def _differences(stored: Run, outcome: Outcome) -> dict[str, tuple[object, object]]:
    """What a run that has ended had otherwise."""
    if stored.result is None:
        return {}
    packed: Any = CODEC.unpack(stored.result)
    error, usage = stored.error or {}, stored.usage or {}
    before = (packed[0], packed[1], error.get("code"), usage.get("fuel"))
    failure = outcome["error"] or {}
    after = (outcome["result"], outcome["stdout"], failure.get("code"), outcome["usage"].get("fuel"))
    return {
        name: (old, new)
        for name, old, new in zip(COMPARED, before, after, strict=True)
        if _comparable(old) != _comparable(new)
    }


def _comparable(value: object) -> bytes:
    """Bytes that are equal for equal data, arrays and NaN among them."""
    return CODEC.pack(value)
