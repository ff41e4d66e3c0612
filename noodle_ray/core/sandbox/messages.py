"""The messages of `wire` as the worker's owner sees them: written from requests, and read with every shape checked."""

import hashlib

from noodle_ray.core.sandbox import outcome
from noodle_ray.core.sandbox.lockdown import Layer
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.sandbox.segments import MARK
from noodle_ray.core.sandbox.wire import Codec, WireError
from noodle_ray.core.vm import sets
from noodle_ray.core.vm.host import EffectAnswer, EffectRequest
from noodle_ray.core.vm.packed import without_arrays
from noodle_ray.errors import ModuleError
from noodle_ray.light import NamedTuple, TypeAlias

GRACE = 0.035
"""Seconds that a worker gets past its deadline to report it, before it is killed."""
MAX_OUTSTANDING = 100_000
"""Effects of one run that may wait for their answers."""

CODEC = Codec(sets.set, sets.frozenset, (sets.set,), (sets.frozenset,))
"""How the owner of workers reads and writes plain data: sets are Noodle's, which keep their order, and arrays stay
packed."""


class Ready(NamedTuple):
    """The worker has locked itself down and waits for runs."""

    layers: list[Layer]


class Need(NamedTuple):
    """The worker does not have the module of this run: send its bytes."""


class Lacks(NamedTuple):
    """The run needs a tier or a module that the worker was started without. Nobody has seen anything of it."""


class Refused(NamedTuple):
    """The worker found the module's bytes not to be a valid module."""

    error: ModuleError


class Received(EffectRequest):
    """A request that came from a worker. It keeps what `digest_of` found: several ask for that."""

    digest: bytes = b""


class Effects(NamedTuple):
    """The run asks for these; ``readings`` are what it read off its clock since it asked last."""

    requests: list[EffectRequest]
    readings: dict[str, list[float]] = {}  # noqa: RUF012  # never mutated


class Guesses(NamedTuple):
    """The run may ask for these."""

    requests: list[EffectRequest]


class Dropped(NamedTuple):
    """Of these guesses the run knows that they do not come."""

    keys: list[str]


class Native(NamedTuple):
    """The worker would like native code for a function; see `core.vm.native.shared`."""

    slot: int
    function: int
    kinds: str
    known: dict[str, object]
    base: int
    addresses: dict[str, int]


class Progress(NamedTuple):
    """What the run has used so far, and written since the worker told last."""

    usage: dict[str, object]
    stdout: str


class Done(NamedTuple):
    """The run ended. If ``retire``, the worker ends too and must be replaced."""

    outcome: outcome.Outcome
    retire: bool


class Parked(NamedTuple):
    """The worker dropped its run, as it was asked to, because all fibers of the run wait. See `Done` for ``retire``."""

    retire: bool


class Stays(NamedTuple):
    """The run waits for timers, or has done so: it keeps its worker."""


class Failed(NamedTuple):
    """The worker itself broke; it ends."""

    why: str


Message: TypeAlias = (
    Ready | Need | Lacks | Refused | Effects | Guesses | Dropped | Native | Progress | Done | Parked | Stays | Failed
)


def digest_of(request: EffectRequest) -> bytes:
    """What tells one call from another. Raises WireError for a call that is not plain data."""
    if isinstance(request, Received) and request.digest:
        return request.digest
    digest = hashlib.sha256(CODEC.pack([request.model, list(request.args), request.kwargs])).digest()
    if isinstance(request, Received):
        request.digest = digest
    return digest


def write_run(run: int, request: RunRequest, with_module: bool) -> bytes:
    """Return the frame that starts a run. Raises WireError if its arguments are not plain data or are too large."""
    module, digest, entry, args, kwargs, limits, tier, profile, seed, readings, shift, speculate = request
    return CODEC.frame(
        ["run", run, digest, module if with_module else None, entry, list(args), dict(kwargs) if kwargs else None,
         list(limits), tier, profile, seed, readings or None, shift, speculate]
    )  # fmt: skip


def write_answers(run: int, answers: list[EffectAnswer]) -> bytes:
    """Return the frame that answers effects. An answer that cannot travel becomes a failed one."""
    try:
        return CODEC.frame(["answers", run, [list(answer if answer.fuel else answer[:3]) for answer in answers]])
    except WireError:
        return CODEC.frame(["answers", run, [list(sendable(answer)) for answer in answers]])


def write_park(run: int, timed: bool) -> bytes:
    """Return the frame that asks a run to leave its worker once all of its fibers wait; ``timed`` also asks one that
    waited for timers before."""
    return CODEC.frame(["park", run, timed])


def write_left(run: int, seconds: float) -> bytes:
    """Return the frame that tells a repeated run how many seconds are left of its deadline."""
    return CODEC.frame(["left", run, seconds])


def sendable(answer: EffectAnswer) -> EffectAnswer:
    """The answer, or why it cannot travel."""
    try:
        CODEC.frame(list(answer))
    except WireError as error:
        return EffectAnswer(answer.key, False, ("NOODLE-E0604", f"the model's answer cannot be sent: {error.message}"))
    return answer


def read(body: bytes, run: int) -> Message:
    """Return the message in a frame's body, for the worker's current run. Raises WireError for anything unexpected."""
    message = CODEC.unpack(body)
    if type(message) is list and len(message) == 4 and message[0] == "done":  # first: there is one for each run
        _, number, retire, parts = message
        if number == run and type(retire) is bool:
            return Done(outcome.from_parts(_listed(parts) if body[0] == MARK else parts), retire)
    match message:
        case ["effects", number, [*requests]] if number == run:
            return Effects([_request(item) for item in requests])
        case ["effects", number, [*requests], dict(readings)] if number == run and outcome.are_readings(readings):
            return Effects([_request(item) for item in requests], readings)
        case ["guesses", number, [*requests]] if number == run:
            return Guesses([_request(item) for item in requests])
        case ["dropped", number, [*keys]] if number == run and all(type(key) is str for key in keys):
            return Dropped([str(key) for key in keys])
        case ["progress", number, usage, str(text)] if number == run:
            return Progress(outcome.from_amounts(usage), text)
        case ["native", number, int(slot), int(index), str(kinds), [*known], int(base), dict(addresses)] if (
            number == run
        ):
            return Native(slot, index, kinds, dict(map(_pair, known)), base, _numbers(addresses))
        case ["parked", number, bool(retire)] if number == run:
            return Parked(retire)
        case ["stays", number] if number == run:
            return Stays()
        case ["need", number] if number == run:
            return Need()
        case ["lacks", number] if number == run:
            return Lacks()
        case ["refused", number, str(code), str(message)] if number == run and code.startswith("NOODLE-E03"):
            return Refused(ModuleError(message, code=code))
        case ["ready", [*layers]]:
            return Ready([_layer(item) for item in layers])
        case ["failed", str(why)]:
            return Failed(why)
    raise WireError("received a message that nothing asked for")


def _listed(result: object) -> object:
    try:
        return without_arrays(result)
    except (ValueError, RecursionError) as error:
        raise WireError(f"received a result that cannot be taken: {error}") from None


def _request(item: object) -> EffectRequest:
    if type(item) is list and 4 <= len(item) <= 5:
        key, model, args, kwargs, *fuel = item
        if (
            type(key) is str
            and type(model) is str
            and (type(args) is list or type(args) is tuple)
            and type(kwargs) is dict
            and (not kwargs or all(type(name) is str for name in kwargs))
            and (not fuel or (type(fuel[0]) is int and 0 < fuel[0] < 1 << 63))
        ):
            return Received(key, model, tuple(args), kwargs, *fuel)
    raise WireError("received an effect of the wrong shape")


def _pair(item: object) -> tuple[str, object]:
    match item:
        case [str(name), int() | float() | None as value]:
            return name, value
    raise WireError("received a global of the wrong shape")


def _numbers(found: dict[object, object]) -> dict[str, int]:
    numbers = {key: value for key, value in found.items() if type(key) is str and type(value) is int}
    if len(numbers) != len(found) or not all(0 <= value < 1 << 64 for value in numbers.values()):
        raise WireError("received addresses of the wrong shape")
    return numbers


def _layer(item: object) -> Layer:
    match item:
        case [str(name), bool(on), str(detail)]:
            return Layer(name, on, detail)
    raise WireError("received a layer of the wrong shape")
