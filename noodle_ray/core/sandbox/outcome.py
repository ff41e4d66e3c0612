"""Outcomes of runs as dictionaries: made here for runs that did not end by themselves, checked for all others."""

import os

from noodle_ray.core.sandbox.wire import WireError
from noodle_ray.core.vm.clock import MAX_READINGS
from noodle_ray.core.vm.limits import CODES, MESSAGES
from noodle_ray.light import Any, Final, TypeAlias

Outcome: TypeAlias = dict[str, object]
"""``result``, ``stdout``, ``error``, ``usage``, ``tier`` and ``events``: the fields of `core.vm.execute.Outcome`; and
``profile``, what `core.vm.profiler.Sampler.report` gives, if one was asked for; and ``readings``, those of the clock,
of a run that fuel ended (None: too many to go on with it)."""

USAGE: Final = {
    "fuel": 0,
    "memory_peak_bytes": 0,
    "model_calls": 0,
    "model_batches": 0,
    "seed": 0,
    "wall_seconds": 0.0,
    "computing_seconds": 0.0,
    "waiting_seconds": 0.0,
}
"""What every outcome's usage has. Of a run whose worker was killed it is what the worker told last: see `Told`."""


class Told:
    """What a worker told about its run while it ran: the usage so far, and the output, of at most ``limit`` characters.

    A worker tells ten times a second, so what a run did in the last moment before its worker is killed is missing.
    """

    __slots__ = ("_left", "_parts", "usage")

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._parts: list[str] = []
        self.usage: dict[str, object] = {}

    @property
    def stdout(self) -> str:
        """The output so far."""
        return "".join(self._parts)

    def add(self, usage: dict[str, object], text: str) -> None:
        """Take in what the worker tells. Raises WireError for more output than the run may have."""
        self._left -= len(text)
        if self._left < 0:
            raise WireError("received more output than the run may have")
        self._parts.append(text)
        self.usage = usage


def failed(
    code: str, kind: str, message: str, tier: str, wall_seconds: float = 0.0, told: Told | None = None
) -> Outcome:
    """The outcome of a run that has no result: an error of this code and type, and no traceback."""
    return {
        "result": None,
        "stdout": told.stdout if told else "",
        "error": {"code": code, "type": kind, "message": message, "traceback": []},
        "usage": {**USAGE, **(told.usage if told else {}), **({"wall_seconds": wall_seconds} if wall_seconds else {})},
        "tier": tier,
        "events": [],
    }


def limit(kind: str, tier: str, wall_seconds: float = 0.0, told: Told | None = None) -> Outcome:
    """The outcome of a run that a limit ended; ``kind`` is a key of `core.vm.limits.CODES`."""
    return failed(CODES[kind], "LimitExceeded", MESSAGES[kind], tier, wall_seconds, told)


def died(reason: str, tier: str, wall_seconds: float = 0.0, told: Told | None = None) -> Outcome:
    """The outcome of a run whose worker died under it."""
    message = f"the worker process died ({reason}); only this run is lost"
    return failed("NOODLE-E0801", "WorkerDied", message, tier, wall_seconds, told)


def to_parts(outcome: Outcome) -> list[object]:
    """An outcome as a worker sends it: its fields in order, usage as plain numbers, and a dict of what few have."""
    more = {name: outcome[name] for name in _MORE if name in outcome} if len(outcome) > _FIELDS else None
    usage: Any = outcome["usage"]
    return [
        outcome["result"], outcome["stdout"], outcome["error"], amounts(usage), outcome["tier"], outcome["events"], more
    ]  # fmt: skip


def from_parts(parts: object) -> Outcome:
    """The outcome of which a worker sent the parts. Raises WireError for what `to_parts` does not give."""
    if type(parts) is not list or len(parts) != _FIELDS + 1:
        raise WireError("received an outcome of the wrong shape")
    result, stdout, error, usage, tier, events, more = parts
    if type(stdout) is not str or type(tier) is not str or type(events) is not list:
        raise WireError("received an outcome of the wrong shape")
    if error is not None and not _is_error(error):
        raise WireError("received an outcome whose error has the wrong shape")
    for event in events:
        if type(event) is not dict:
            raise WireError("received an outcome whose events have the wrong shape")
    made: Outcome = {
        "result": result,
        "stdout": stdout,
        "error": error,
        "usage": from_amounts(usage),
        "tier": tier,
        "events": events,
    }
    if more is not None:
        if type(more) is not dict or not more.keys() <= _MORE:
            raise WireError("received an outcome of the wrong shape")
        if not are_readings(more.get("readings")):
            raise WireError("received readings of the wrong shape")
        if not _is_profile(more.get("profile")):
            raise WireError("received a profile of the wrong shape")
        made |= more
    return made


_FIELDS: Final = 6
"""What every outcome has."""
_MORE: Final = frozenset({"profile", "readings"})


def amounts(usage: dict[str, object]) -> list[object]:
    """A usage as it is sent: its numbers, in the order of `USAGE`."""
    return list(map(usage.__getitem__, USAGE))


def from_amounts(numbers: object) -> dict[str, object]:
    """The usage that `amounts` gave. Raises WireError for what cannot be one."""
    if type(numbers) is not list or len(numbers) != len(USAGE):
        raise WireError("received a usage of the wrong shape")
    for number in numbers:
        if (type(number) is not int and type(number) is not float) or not 0 <= number < 1 << 63:
            raise WireError("received a usage of the wrong shape")
    return dict(zip(USAGE, numbers, strict=True))


def are_readings(value: object) -> bool:
    """Whether these can be readings of a clock: None, or numbers by place."""
    return value is None or (
        isinstance(value, dict)
        and all(type(place) is str and place[:1] in ("w", "m") for place in value)
        and all(type(values) is list and all(map(_is_amount, values)) for values in value.values())
        and sum(map(len, value.values())) <= MAX_READINGS
    )


def _is_profile(value: object) -> bool:
    match value:
        case None:
            return True
        case {"interval": float(), "stacks": [*stacks], "memory": [*lines], **rest} if not rest:
            return all(_is_stack(stack) for stack in stacks) and all(_is_held(line) for line in lines)
    return False


def _is_stack(value: object) -> bool:
    match value:
        case [[*frames], samples, seconds, fuel]:
            return all(map(_is_amount, (samples, seconds, fuel))) and all(_is_place(frame) for frame in frames)
    return False


def _is_place(value: object) -> bool:
    match value:
        case [str(), int(), int()]:
            return True
    return False


def _is_held(value: object) -> bool:
    match value:
        case [int(), size, count]:
            return _is_amount(size) and _is_amount(count)
    return False


def _is_amount(value: object) -> bool:
    return (type(value) is int or type(value) is float) and 0 <= value < 1 << 63


def _is_error(value: object) -> bool:
    match value:
        case {"code": str(), "type": str(), "message": str(), "traceback": list(frames), **rest} if not rest:
            return all(_is_traceback_frame(frame) for frame in frames)
    return False


def _is_traceback_frame(value: object) -> bool:
    match value:
        case {"line": int(), "column": int(), "function": str()}:
            return True
    return False


def describe(status: int) -> str:
    """Say in words how a process ended, from its wait status."""
    if status < 0:
        return "it could not be started"
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        causes = {31: "a forbidden system call", 9: "killed", 11: "a crash", 24: "too much processor time"}
        return f"signal {number}, {causes[number]}" if number in causes else f"signal {number}"
    return f"exit status {os.WEXITSTATUS(status)}"
