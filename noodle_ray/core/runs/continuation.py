"""Going on with a run that fuel ended: what it takes to repeat it up to there without asking any model again.

A run is determined by its module, arguments, seed, the answers to its effects and the readings of its clock. A
continuation holds these, with what the answers took and the run's budget, so that the run can be executed again with
more fuel, by any worker, on this machine or another: it comes to where it stopped with the answers it had, and goes on.
Its outcome is that of a run that had the fuel from the start.
"""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Iterable
from typing import Final, NamedTuple

from noodle_ray.core.runs.budgets import Budget
from noodle_ray.core.sandbox.messages import CODEC, digest_of
from noodle_ray.core.sandbox.outcome import are_readings
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.sandbox.wire import WireError
from noodle_ray.core.vm.host import TOLD, EffectAnswer, EffectHost, EffectRequest
from noodle_ray.core.vm.limits import CODES, Limits
from noodle_ray.errors import RunError

MAX_BYTES: Final = 8 << 20
"""The most a continuation's content may take: a run with longer answers cannot be continued."""
_VERSION: Final = 6


class Answered(NamedTuple):
    """One effect and its answer; ``call`` is the digest of what was asked, ``tokens`` those of prompt and completion
    that the answer took."""

    key: str
    call: bytes
    ok: bool
    value: object
    tokens: tuple[int, int] = (0, 0)


class Journal:
    """The effects of one run: answers known from before are given again, new ones are added."""

    def __init__(self, answers: Iterable[Answered] = ()) -> None:
        self.answers = {answer.key: answer for answer in answers}
        self._took: dict[str, tuple[int, int]] = {}

    def recall(self, request: EffectRequest) -> EffectAnswer | None:
        """The answer known for this request. If another question has its key, a failed answer says so."""
        known = self.answers.get(request.key)
        if known is None:
            return None
        if known.call != digest_of(request):
            message = f"the call of '{request.model}' is not the one that the stopped run made here"
            return EffectAnswer(request.key, False, ("NOODLE-E0506", message))
        return EffectAnswer(request.key, known.ok, known.value)

    def known(self) -> int:
        """How many answers are known."""
        return len(self.answers)

    def record(self, request: EffectRequest, answer: EffectAnswer) -> None:
        """Remember an answer."""
        tokens = self._took.pop(request.key, (0, 0))
        self.answers[request.key] = Answered(request.key, digest_of(request), answer.ok, answer.value, tokens)

    def tokens(self, key: str) -> tuple[int, int]:
        """What the answer that is known took."""
        return self.answers[key].tokens

    def took(self, key: str, tokens: tuple[int, int], batch: object = None) -> None:
        """Take what an answer took; the answer follows."""
        self._took[key] = tokens

    async def begin(self, request: EffectRequest) -> None:
        """Nothing: a crash loses the run."""

    async def keep(self, answered: list[tuple[EffectRequest, EffectAnswer]]) -> None:
        """Remember answers before the program gets them."""
        for request, answer in answered:
            self.record(request, answer)


class JournaledHost:
    """An effect host that answers from a journal what it can, and adds to it what another host answers."""

    def __init__(self, host: EffectHost, journal: Journal) -> None:
        self._host = host
        self._journal = journal
        self._open: dict[str, EffectRequest] = {}
        self._recalled: list[EffectAnswer] = []

    def send(self, requests: list[EffectRequest]) -> None:
        """Take requests."""
        unknown = []
        for request in requests:
            answer = self._journal.recall(request)
            if answer is None:
                unknown.append(request)
                self._open[request.key] = request
            else:
                self._recalled.append(answer)
        if unknown:
            self._host.send(unknown)

    def receive(self, timeout: float | None = None) -> list[EffectAnswer]:
        """Return the recalled answers, or block for one of the other host's."""
        answers, self._recalled = self._recalled, []
        if answers:
            return answers
        answers = self._host.receive(timeout)
        for answer in answers:
            request = self._open.pop(answer.key, None)
            if request is not None:
                self._journal.record(request, answer)
        return answers


class Continuation(NamedTuple):
    """A stopped run: what was asked for, the answers it had got, what it may spend, and whether it ``had_all`` the fuel
    of its limit: else its tenant had no more."""

    request: RunRequest
    answers: tuple[Answered, ...]
    budget: Budget = Budget()
    had_all: bool = True

    def text(self) -> str | None:
        """The continuation as base64, or None if it is too large to be carried around."""
        fields = self.request._replace(limits=list(self.request.limits))  # type: ignore[arg-type]
        content = [_VERSION, list(fields), [list(answer) for answer in self.answers], list(self.budget), self.had_all]
        try:
            data = CODEC.pack(content)
        except WireError:
            return None
        return base64.b64encode(zlib.compress(data, 6)).decode() if len(data) <= MAX_BYTES else None

    def with_fuel(self, fuel: int | None) -> "Continuation":
        """The same run with so much fuel on top of its limit; by default as much again, or none if it could not have
        what it already may."""
        limits = self.request.limits
        if fuel is None:
            fuel = limits.fuel if self.had_all else 0
        more = limits._replace(fuel=limits.fuel + fuel)
        return self._replace(request=self.request._replace(limits=more))


def read(text: str) -> Continuation:
    """The continuation that `Continuation.text` wrote. Raises RunError E0505 for anything else."""
    try:
        packed = base64.b64decode(text, validate=True)
        inflater = zlib.decompressobj()
        data = inflater.decompress(packed, MAX_BYTES)
        if inflater.unconsumed_tail or inflater.unused_data or not inflater.eof:
            raise ValueError("it is too large, or has something after its end")
        match CODEC.unpack(data):
            case [int(version), [*fields], [*answers], [*budget], bool(had_all)] if version == _VERSION:
                answered = tuple([_answered(item) for item in answers])
                return Continuation(_request(fields), answered, _budget(budget), had_all)
        raise ValueError("it is of another version")
    except (ValueError, TypeError, binascii.Error, zlib.error, WireError) as error:
        raise RunError(f"this is not the continuation of a run: {error}", code="NOODLE-E0505") from None


_GOES_ON: Final = (CODES["fuel"], CODES["allowance"])


def of(
    request: RunRequest,
    outcome: dict[str, object],
    journal: Journal,
    budget: Budget = Budget(),  # noqa: B008 (immutable)
) -> str | None:
    """The continuation of a run that ended with this outcome, if it is fuel that ended it: its own, or that its tenant
    had left."""
    error = outcome["error"]
    if not isinstance(error, dict) or error["code"] not in _GOES_ON or "readings" not in outcome:
        return None
    readings = outcome.pop("readings", {})
    if not isinstance(readings, dict):
        return None
    request = request._replace(readings=readings)
    usage = outcome["usage"]
    if isinstance(usage, dict) and "seed" in usage:
        request = request._replace(seed=usage["seed"])
    had_all = error["code"] == CODES["fuel"]
    return Continuation(request, tuple(journal.answers.values()), budget, had_all).text()


def _request(fields: list[object]) -> RunRequest:
    if len(fields) != len(RunRequest._fields):
        raise ValueError("it has another number of fields")
    request = RunRequest(*fields)  # type: ignore[arg-type]
    limits = request.limits
    if not isinstance(limits, list) or len(limits) != len(Limits._fields):
        raise ValueError("its limits are not limits")
    if not all(type(bound) in (int, float) and 0 <= bound < 1 << 63 for bound in limits):
        raise ValueError("its limits are not numbers")
    if (
        type(request.module) is not bytes
        or type(request.digest) is not str
        or hashlib.sha256(request.module).hexdigest() != request.digest
        or not isinstance(request.entry, str | None)
        or (request.entry or "").startswith(TOLD)
        or type(request.args) is not list
        or type(request.kwargs) is not dict
        or not all(type(name) is str for name in request.kwargs)
        or type(request.tier) is not str
        or not isinstance(request.seed, int | None)
        or not isinstance(request.readings, dict)
        or not are_readings(request.readings)
        or request.shift is not None
        or request.speculate
    ):
        raise ValueError("its request is not one")
    return request._replace(limits=Limits(*limits))


def _budget(bounds: list[object]) -> Budget:
    if len(bounds) != len(Budget._fields):
        raise ValueError("its budget is not one")
    if not all(bound is None or (type(bound) in (int, float) and 0 <= bound < 1 << 63) for bound in bounds):  # type: ignore[operator]
        raise ValueError("its budget is not one")
    budget = Budget(*bounds)  # type: ignore[arg-type]
    if not isinstance(budget.speculate, int | None):
        raise ValueError("its budget is not one")
    return budget


def _answered(item: object) -> Answered:
    match item:
        case [str(key), bytes(call), bool(ok), value, [int(prompt), int(completion)] | (int(prompt), int(completion))]:
            if not ok and not (
                isinstance(value, list | tuple) and len(value) == 2 and all(type(part) is str for part in value)
            ):
                raise ValueError("a failed answer has no code and message")
            if not (0 <= prompt < 1 << 53 and 0 <= completion < 1 << 53):
                raise ValueError("an answer took no such tokens")
            return Answered(key, call, ok, value if ok else tuple(value), (prompt, completion))  # type: ignore[arg-type]
    raise ValueError("one of its answers is not one")
