"""The time as programs read it: each reading is an answer from outside, which a resumed run gets again."""

import time

from noodle_ray.light import Final, Mapping

MAX_READINGS: Final = 50_000
"""Readings of one run that are remembered. A run with more cannot be repeated exactly, so it is not resumed."""


class Clock:
    """Where a run reads the time: wall time in seconds since 1970, and a clock that never goes back."""

    __slots__ = ()

    def time(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for so long."""
        time.sleep(seconds)


class Readings:
    """What a run's fibers read off its clock, in order, by fiber and kind of clock.

    A reading's identity is its place, as with every effect: the path of the fiber, and how many came before it there.
    ``known`` has those of the stopped run that this one goes on with. ``shift`` is what the clock that never goes back
    is ahead of this machine's; if it is None, that clock does not see how long that run had stopped.
    """

    __slots__ = ("_fresh", "_known", "_left", "_made", "_shift")

    def __init__(self, known: Mapping[str, list[float]], shift: float | None = None) -> None:
        self._known = known
        self._made: dict[str, list[float]] = {}
        self._fresh: dict[str, list[float]] = {}
        self._left = MAX_READINGS
        self._shift = shift

    def wall(self, clock: Clock, path: str) -> float:
        """Seconds since 1970, for the fiber of this path."""
        place = "w" + path
        known = self._recall(place)
        return self._keep(place, self._note(place, clock.time()) if known is None else known)

    def monotonic(self, clock: Clock, path: str) -> float:
        """Seconds on the clock that never goes back, for the fiber of this path."""
        place = "m" + path
        known = self._recall(place)
        if known is None:
            now = clock.monotonic()
            if self._shift is None:
                before = [max(values) for place, values in self._known.items() if place[0] == "m" and values]
                self._shift = max(before) - now if before else 0.0
            known = self._note(place, now + self._shift)
        return self._keep(place, known)

    def all(self) -> dict[str, list[float]] | None:
        """All readings, as ``known`` of a run that goes on; None if there were more than are remembered."""
        return self._made if self._left >= 0 else None

    def fresh(self) -> dict[str, list[float]]:
        """The readings since this was asked last, without those that were known; none beyond what is remembered."""
        fresh = self._fresh
        if fresh:
            self._fresh = {}
        return fresh

    def _note(self, place: str, value: float) -> float:
        if self._left > 0:
            self._fresh.setdefault(place, []).append(value)
        return value

    def _recall(self, place: str) -> float | None:
        known = self._known.get(place)
        if known is None:
            return None
        made = self._made.get(place)
        position = len(made) if made is not None else 0
        return known[position] if position < len(known) else None

    def _keep(self, place: str, value: float) -> float:
        self._left -= 1
        if self._left >= 0:
            self._made.setdefault(place, []).append(value)
        return value
