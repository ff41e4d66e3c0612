"""The journal of a replay: it answers from what a run stored, lets some models be asked anew, and writes nothing."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from noodle_ray.core.runs.batcher import UNKNOWN_MODEL, Reply
from noodle_ray.core.runs.caller import Caller
from noodle_ray.core.runs.family import fuel_of
from noodle_ray.core.runs.stored_journal import answer_of, shown
from noodle_ray.core.sandbox.conversation import MARK
from noodle_ray.core.sandbox.local_waits import refused
from noodle_ray.core.sandbox.messages import CODEC, digest_of
from noodle_ray.core.store.records import BEGUN, DUE, Burnt, Entry
from noodle_ray.core.store.status import Status
from noodle_ray.core.vm.host import TELL, EffectAnswer, EffectRequest
from noodle_ray.core.vm.names import TOOL
from noodle_ray.errors import ModelError, RequestError, RunError

NOT_ASKED: Final = "NOODLE-E0746"
"""Error code: what a replay is to ask anew is no model, or none that the run asks."""
TOLD: Final = 100
"""Divergences, changes and unused effects that a report tells, at most, of each."""


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


class Anew(NamedTuple):
    """What a replay may ask: the models that are keys of ``models``, each of the model that stands in for it, which may
    be itself; and with ``everything`` any model whose question the journal does not answer."""

    models: Mapping[str, str] = {}
    everything: bool = False

    @classmethod
    def of(cls, ask: "Iterable[str] | Mapping[str, str]", everything: bool = False) -> "Anew":
        """From names, or names and who is asked instead. Raises RequestError E0746 for a tool or a wait: they act."""
        models = dict(ask) if isinstance(ask, Mapping) else {name: name for name in ask}
        for name in (*models, *models.values()):
            if not name or name.startswith((TOOL, MARK, TELL)):
                raise RequestError(
                    f"{name[:100]!r} is no model: a replay asks models anew and nothing else", code=NOT_ASKED
                )
        return cls(models, everything)

    def may_ask(self, model: str, known: bool) -> bool:
        """Whether a call of a model is made, whose answer the journal has or not."""
        if model.startswith((TOOL, MARK)):
            return False
        return model in self.models or (self.everything and not known)


class Stop(RunError):
    """Ends a replay."""


class ReplayJournal:
    """A `DurableJournal` that reads a run's journal and writes nothing.

    Behind the answers of a run that did not succeed (``status``) another program, or other answers, may ask more: that
    is no divergence. Nor is it asked, unless the run failed and might have gone on with it, or everything may be asked.
    ``to_effect`` is how many answers the journal gives at most.
    """

    burnt: Burnt | None = None
    patience: tuple[float, ...] = ()

    def __init__(
        self,
        caller: Caller,
        entries: list[Entry],
        anew: Anew,
        *,
        status: Status,
        to_effect: int | None = None,
        called: Mapping[str, Mapping[str, Any] | None] = {},
    ) -> None:
        self._called = called
        self.caller = caller
        self.entries = {entry.key: entry for entry in entries if entry.model not in (DUE, BEGUN)}
        self._within = None if to_effect is None else {entry.key for entry in entries[:to_effect]}
        self._anew = anew
        self._complete = status is Status.SUCCEEDED
        self._asks_on = anew.everything or status in (Status.SUCCEEDED, Status.FAILED)
        self.unfinished = False
        self.missing: ModelError | None = None
        """Set if a model is not there that was to be asked instead of another."""
        self.used: set[str] = set()
        self.asked: Counter[str] = Counter()
        """How many calls of each model were made and answered."""
        self.answered = 0
        """How many effects the journal answered."""
        self.divergences: list[Divergence] = []
        self.changes: list[Change] = []
        self.more: Counter[str] = Counter()
        """How many divergences and changes there are behind the first `TOLD`."""

    def recall(self, request: EffectRequest) -> EffectAnswer | None:
        entry = self.entries.get(request.key)
        same = entry is not None and entry.call == digest_of(request)
        if entry is not None:
            self.used.add(request.key)
        asks = self._anew.may_ask(request.model, same)
        if entry is None and not self._complete and not (asks and self._asks_on):
            self.unfinished = True
            raise Stop(f"it came to effect {request.key}, {shown(request)}, to which the run has no answer")
        if not same:
            if len(self.divergences) < TOLD:
                self.divergences.append(Divergence(request.key, entry.asked if entry else None, shown(request)))
            else:
                self.more["divergences"] += 1
            if not asks:
                where = f"the journal has {entry.asked}" if entry else "the journal has nothing"
                raise Stop(f"at effect {request.key} {where}, and the program asks {shown(request)}")
        if self._within is not None and request.key not in self._within:
            raise Stop(f"it came to effect {request.key}, {shown(request)}")
        if asks:
            return None
        assert entry is not None
        self.answered += 1
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
            self._check_known(request, answer)
            self.asked[request.model] += 1
            entry = self.entries.get(request.key)
            if entry is None or entry.call != digest_of(request):
                continue
            before = answer_of(entry)
            if (before.ok, comparable(before.value)) == (answer.ok, comparable(answer.value)):
                continue
            if len(self.changes) == TOLD:
                self.more["changes"] += 1
            else:
                self.changes.append(Change(request.key, shown(request), before.value, answer.value))

    def parked(self, waits: bool, only_waits: Callable[[], bool]) -> None:
        return

    async def wait(self, request: EffectRequest) -> Reply:
        return Reply(False, refused(request), None)

    def read(self, readings: dict[str, list[float]]) -> None:
        pass

    def _check_known(self, request: EffectRequest, answer: EffectAnswer) -> None:
        """Stop where a model that was to stand in for another is not there: the program is not to blame."""
        if answer.ok or self._anew.models.get(request.model, request.model) == request.model:
            return
        match answer.value:
            case (code, str(message)) if code == UNKNOWN_MODEL:
                self.missing = ModelError(message, code=UNKNOWN_MODEL)
                raise Stop(message)


def comparable(value: object) -> bytes:
    """Bytes that are equal for equal data, arrays and NaN among them."""
    return CODEC.pack(value)
