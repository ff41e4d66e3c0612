"""Where a run spends its time, fuel and memory, by line: samples of the Python tier's frames.

Whoever runs the program calls `Sampler.sample` from a timer's signal handler, five hundred times a second or so. That
costs a few microseconds each, and programs that are not profiled nothing. Fuel is what the run used since the sample
before; a loop that paid ahead counts as it goes.
"""

import tracemalloc
from collections.abc import Callable
from time import perf_counter
from types import FrameType
from typing import Any, Final

from noodle_ray.core.vm.pytier.compile import FILENAME, INLINE

MAX_STACKS: Final = 20_000
"""Distinct stacks kept; what more there are counts for the innermost frame alone."""
MAX_DEPTH: Final = 64
"""Innermost frames kept of a stack."""

_FIRST_LOOK: Final = 1 << 20
"""Bytes that must be held before the lines behind them are worth a look while the program runs."""
_TRACED_FRAMES: Final = 3
"""Frames looked through for the program's line behind an allocation: a library's may be above it."""

Place = tuple[str, int, int]
"""A frame: the function's qualified name, the line it begins at, and the line it is at."""


class Sampler:
    """Collects samples of one run. ``interval`` is the time between them that was asked for, in seconds."""

    def __init__(self, interval: float = 0.002) -> None:
        self.interval = interval
        self.stacks: dict[tuple[Place, ...], list[float]] = {}
        self.memory: dict[int, tuple[int, int]] = {}
        self._fuel_used: Callable[[], float] | None = None
        self._fuel = 0.0
        self._time = 0.0

    def begin(self, fuel_used: Callable[[], float]) -> None:
        """The program is about to run."""
        self._fuel_used = fuel_used
        self._fuel = fuel_used()
        self._time = perf_counter()

    def end(self) -> None:
        """The program has ended."""
        self._fuel_used = None

    def sample(self, frame: FrameType | None) -> None:
        """Count what the run used since the last sample for the stack that it is in now."""
        if self._fuel_used is None:
            return
        stack = _stack(frame)
        if not stack:
            return
        now, fuel = perf_counter(), self._fuel_used()
        counted = self.stacks.get(stack)
        if counted is None:
            if len(self.stacks) >= MAX_STACKS:
                stack = stack[-1:]
            counted = self.stacks.setdefault(stack, [0, 0.0, 0.0])
        counted[0] += 1
        counted[1] += now - self._time
        counted[2] += max(fuel - self._fuel, 0.0)
        self._fuel = fuel
        self._time = now

    def report(self) -> dict[str, Any]:
        """The profile as plain data.

        ``interval``; ``stacks``, each ``[frames, samples, seconds, fuel]`` with frames ``[function, first line, line]``
        from the outermost in; ``memory``, each ``[line, bytes, blocks]``: what lines of the program had allocated when
        the run held the most.
        """
        return {
            "interval": self.interval,
            "memory": [[line, size, count] for line, (size, count) in self.memory.items()],
            "stacks": [
                [[list(place) for place in stack], int(count), seconds, int(fuel)]
                for stack, (count, seconds, fuel) in self.stacks.items()
            ],
        }


class MemorySampler(Sampler):
    """A sampler that also finds which lines allocated what a run holds, which makes it many times slower."""

    def __init__(self, interval: float = 0.005) -> None:
        super().__init__(interval)
        self._most = 0
        self._looking = False
        self._looked = 0.0
        self._began = 0.0

    def begin(self, fuel_used: Callable[[], float]) -> None:
        """The program is about to run."""
        tracemalloc.start(_TRACED_FRAMES)
        self._began = perf_counter()
        super().begin(fuel_used)

    def sample(self, frame: FrameType | None) -> None:
        """As `Sampler.sample`; and look at what is allocated, when that has grown and looking does not take most of the
        time."""
        super().sample(frame)
        if self._fuel_used is None or self._looking:  # a look takes longer than the timer waits
            return
        if self._looked < 0.75 * (perf_counter() - self._began):
            self._look(max(self._most * 1.1, _FIRST_LOOK))

    def end(self) -> None:
        """The program has ended."""
        if self._fuel_used is not None:
            self._look(self._most)
            tracemalloc.stop()
        super().end()

    def _look(self, most: float) -> None:
        held = tracemalloc.get_traced_memory()[0]
        if held <= most:
            return
        self._most = held
        self._looking, began = True, perf_counter()
        self.memory = _held_by_line()
        self._looking, self._looked = False, self._looked + perf_counter() - began


def _held_by_line() -> dict[int, tuple[int, int]]:
    """Bytes and blocks that lines of the program allocated and that are held now."""
    sums: dict[int, tuple[Any, list[int]]] = {}
    for _, size, frames, _ in tracemalloc.take_snapshot().traces._traces:  # type: ignore[attr-defined]
        known = sums.get(id(frames))  # blocks that were allocated at one place share its frames
        if known is None:
            known = sums[id(frames)] = frames, [0, 0]
        known[1][0] += size
        known[1][1] += 1
    found: dict[int, tuple[int, int]] = {}
    for frames, (size, count) in sums.values():
        line = next((line for name, line in frames if name == FILENAME), 0)
        if line:
            before = found.get(line, (0, 0))
            found[line] = before[0] + size, before[1] + count
    return found


def make_sampler(kind: str) -> Sampler:
    """The sampler for a kind of profile: time, or memory."""
    return MemorySampler() if kind == "memory" else Sampler()


def _stack(frame: FrameType | None) -> tuple[Place, ...]:
    found: list[Place] = []
    while frame is not None and len(found) < MAX_DEPTH:
        code = frame.f_code
        if code.co_filename == FILENAME and code.co_name != INLINE:
            found.append((code.co_qualname, code.co_firstlineno, frame.f_lineno or code.co_firstlineno))
        frame = frame.f_back
    return tuple(found[::-1])
