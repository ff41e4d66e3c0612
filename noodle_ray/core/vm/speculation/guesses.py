"""The guesses of one run: what ``guess`` and ``drop`` do."""

from noodle_ray.core.vm.fibers import Fibers, Future, is_pending
from noodle_ray.core.vm.host import GUESSES, EffectRequest, SpeculativeHost
from noodle_ray.core.vm.speculation.values import Candidate, Copies, Expression, Unknown, value_of
from noodle_ray.light import Any, Final, Sequence, TypeAlias

Handle: TypeAlias = "tuple[tuple[str, ...], ...] | None"
"""The keys of calls that were noted at a wait: of each candidate one, several, or none if its arguments are unknown."""
MOST: Final = 16
"""Elements of one list, the first ones, that calls are noted for."""
TRIES: Final = 16
"""Calls whose arguments are looked at, for each that may be told."""
_SILENT: Final = (ArithmeticError, LookupError, MemoryError, RecursionError, TypeError, Unknown, ValueError)


class Guesses:
    """Tells a host which calls may come, up to `GUESSES` times ``most``, when the run waits; it asks those it likes.
    The run hears nothing of them: a call that is made after all gets its answer as any other does, only sooner.

    Keys name the fiber's path and which of its guesses it is, so they are the same when a run is repeated.
    """

    def __init__(self, host: SpeculativeHost, most: int) -> None:
        self._host = host
        self._left = most * GUESSES
        self._tries = self._left * TRIES
        self._queue: dict[str, EffectRequest] = {}
        self._told: set[str] = set()

    def guess(self, fibers: Fibers, waited: Any, candidates: Sequence[Candidate], registers: Sequence[Any]) -> Handle:
        """Note the calls of which the arguments are known, if there is something to wait for; their keys."""
        if self._left <= 0 or not candidates or not _waits(fibers, waited):
            return None
        fiber = fibers.current
        fiber.guesses += 1
        if not self._may():
            return None
        copies = Copies()
        keys: list[tuple[str, ...]] = []
        for number, (model, args, kwargs, items) in enumerate(candidates):
            found = []
            for place, values in enumerate(self._rows(items, registers)):
                if not self._may():
                    break
                self._tries -= 1
                key = f"{fiber.path}~{fiber.guesses}.{number}.{place}"
                try:
                    self._queue[key] = EffectRequest(
                        key,
                        model,
                        tuple([copies.of(value_of(each, values)) for each in args]),
                        {name: copies.of(value_of(each, values)) for name, each in kwargs},
                    )
                except _SILENT:
                    continue
                found.append(key)
            keys.append(tuple(found))
        return tuple(keys)

    def _may(self) -> bool:
        """Whether one more call may be noted."""
        return self._tries > 0 and len(self._queue) < self._left

    def _rows(self, items: "Expression | None", registers: Sequence[Any]) -> list[Sequence[Any]]:
        """The values that calls are made of: once, or with each of some elements."""
        if items is None:
            return [registers]
        if not self._may():
            return []
        self._tries -= 1
        try:
            found = value_of(items, registers)
        except _SILENT:
            return []
        if type(found) not in (list, tuple, str, range):
            return []
        return [[*registers, element] for element in found[:MOST]]

    def drop(self, handle: "tuple[tuple[str, ...], ...]", numbers: Sequence[int]) -> None:
        """These calls do not come."""
        gone = [key for number in numbers for key in handle[number]]
        told = [key for key in gone if self._queue.pop(key, None) is None and key in self._told]
        if told:
            self._told.difference_update(told)
            self._host.drop(told)

    def keep(self, handle: "tuple[tuple[str, ...], ...]", numbers: Sequence[int]) -> None:
        """These calls may be on their way."""
        self._told.difference_update([key for number in numbers for key in handle[number]])

    def tell(self) -> None:
        """Tell the host, as the run waits."""
        if self._queue and self._left > 0:
            requests = list(self._queue.values())[: self._left]
            self._left -= len(requests)
            self._told.update(request.key for request in requests)
            self._host.guess(requests)
        self._queue.clear()


def _waits(fibers: Fibers, waited: Any) -> bool:
    if waited is None:
        return any(is_pending(future) for future in fibers.current.outstanding)
    return type(waited) is Future and is_pending(waited)
