"""Replay: executing a stored run again from its journal, and saying what differs.

Nothing is written, no tool is called, and by default no model is asked: where the program asks what the journal does
not answer, the replay stops before anything is sent. So a run can be looked at again, up to any effect; another version
of its program can be tried on the journals that are there; and, where models may be asked, another model can be.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from reprlib import Repr
from typing import Any, Final, NamedTuple

from noodle_ray.core.runs.budgets import Budget
from noodle_ray.core.runs.caller import Caller
from noodle_ray.core.runs.executor import Outcome
from noodle_ray.core.runs.family import keyed
from noodle_ray.core.runs.ports import Runner, RunStore
from noodle_ray.core.runs.replay_journal import TOLD, Anew, Change, Divergence, ReplayJournal, Stop, comparable
from noodle_ray.core.runs.stored_journal import merged
from noodle_ray.core.sandbox.messages import CODEC
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.store.records import Run
from noodle_ray.core.vm.limits import Limits
from noodle_ray.core.vm.waiting import RUN
from noodle_ray.errors import ModuleError, NoodleError, PlatformError, RequestError

COMPARED = ("result", "stdout", "error", "fuel")
WHOLE_BYTES: Final = 4096
"""Values up to this length, in the form in which they are stored, are told whole."""
CUT_CHARS: Final = 1000
"""Characters that are told of longer ones."""
_BEGINNING = Repr()
_BEGINNING.maxstring = _BEGINNING.maxother = 200


class Report(NamedTuple):
    """What a replay found.

    ``outcome`` is None if it stopped before the end, and then ``stopped`` says why; ``unfinished`` is true if that is
    because the run itself has come no further: it goes on, failed, or was cancelled. ``answered`` counts effects that
    the journal answered, and ``asked``, by model as the program names it, those that were asked anew; ``unused`` are
    those that the journal has and nobody asked. ``differences`` has pairs (before, now) of what the outcome has
    otherwise: result, stdout, error, fuel. ``more`` says how many divergences, changes and unused effects there are
    beside the first hundred of each, which are listed.
    """

    run: str
    outcome: Outcome | None
    stopped: str
    unfinished: bool
    answered: int
    asked: dict[str, int]
    divergences: list[Divergence]
    changes: list[Change]
    unused: list[str]
    differences: dict[str, tuple[object, object]]
    more: dict[str, int]

    @property
    def fits(self) -> bool:
        """Whether the program asked what the journal has, all of it, and nothing else."""
        return not (self.divergences or self.unused or (self.stopped and not self.unfinished))

    @property
    def same(self) -> bool:
        """Whether the program did exactly what it did before."""
        return not (self.stopped or self.divergences or self.changes or self.unused or self.differences)

    @property
    def short(self) -> "Report":
        """The same with the beginning of each value that is long, and without the events of the outcome."""
        outcome = self.outcome
        if outcome is not None:
            outcome = {
                "result": cut(outcome["result"]),
                "stdout": _cut_text(outcome["stdout"]),
                "error": _cut_error(outcome["error"]),
                "usage": outcome["usage"],
            }
        return self._replace(
            outcome=outcome,
            stopped=_cut_text(self.stopped),
            changes=[change._replace(before=cut(change.before), after=cut(change.after)) for change in self.changes],
            differences={name: (cut(before), cut(now)) for name, (before, now) in self.differences.items()},
        )


async def replay(
    store: RunStore,
    runner: Runner,
    run: str,
    *,
    to_effect: int | None = None,
    module: tuple[str, bytes] | None = None,
    ask: Iterable[str] | Mapping[str, str] = (),
    ask_all: bool = False,
    budget: Budget | None = None,
    limits: Limits | None = None,
) -> Report:
    """Execute a run again, and compare.

    ``to_effect`` stops it where it asks for more than the first so many answers of the journal. ``module``, a digest
    and NBC, is another version of the program. The models named by ``ask`` are asked anew, whatever the program asks
    them; in a mapping its values are asked in place of its keys. ``ask_all`` also asks any other model whose question
    the journal does not answer. What is asked counts for the run's tenant, within ``budget``: the run's own, if none
    is given; one that is given is for what is asked anew, and what the journal answers takes nothing of it.

    Raises UnknownRun, RequestError E0746 if ``ask`` has what is no model, ModelError E0601 if a model that was to be
    asked in place of another is not there, and PlatformError if sandbox or store fail (E0824: the run is damaged).
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
    anew = Anew.of(ask, ask_all)
    spends = Budget(**stored.budget or {}) if budget is None else budget  # type: ignore[arg-type]
    caller = Caller(
        stored.tenant, budget=spends._replace(speculate=None), instead=anew.models, spends_anew=budget is not None
    )
    journal = ReplayJournal(caller, entries, anew, status=stored.status, to_effect=to_effect, called=called)
    outcome, stopped = None, ""
    try:
        outcome = await runner.execute(request, journal)
    except Stop as stop:
        if journal.missing is not None:
            raise journal.missing from None
        stopped = stop.message
    except (RequestError, PlatformError):  # too many runs wait, or no worker starts: that says nothing about this one
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
        journal.answered,
        {**dict.fromkeys(anew.models, 0), **journal.asked},
        journal.divergences,
        journal.changes,
        unused[:TOLD],
        differences,
        dict(journal.more + Counter(unused=max(0, len(unused) - TOLD))),
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
        if comparable(old) != comparable(new)
    }


def cut(value: object) -> object:
    """A value; or, if it is longer than `WHOLE_BYTES`, how it begins and how many bytes it has."""
    size = len(comparable(value))
    if size <= WHOLE_BYTES:
        return value
    begins = value[:CUT_CHARS] if isinstance(value, str) else _BEGINNING.repr(value)[:CUT_CHARS]
    return {"$cut": begins, "bytes": size}


def _cut_text(text: str) -> str:
    if len(text) <= WHOLE_BYTES:
        return text
    return f"{text[:CUT_CHARS]}… ({len(text):,} characters)"


def _cut_error(error: Any) -> Any:
    """An error without its traceback if that, or its message, is long."""
    if error is None or len(comparable(error)) <= WHOLE_BYTES:
        return error
    return {name: _cut_text(str(error[name])) for name in ("code", "type", "message") if name in error}
