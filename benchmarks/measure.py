"""Measuring two things side by side: rounds alternate between them, so that a drift of the machine meets both."""

import statistics
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple


class Row(NamedTuple):
    """One line of the table. ``ratio`` is what the goal is about; a goal of '' is only reported."""

    name: str
    ours: str
    yardstick: str
    ratio: float
    goal: str = ""

    @property
    def verdict(self) -> str:
        """``met``, ``not met`` or '' without a goal."""
        if not self.goal:
            return ""
        sign, limit = self.goal.split()
        return "met" if (self.ratio <= float(limit) if sign == "≤" else self.ratio >= float(limit)) else "not met"


class Pair(NamedTuple):
    """Medians of two series taken in turns, and the median of the rounds' ratios (first to second)."""

    first: float
    second: float
    ratio: float


def summarize(first: list[float], second: list[float]) -> Pair:
    """Medians over rounds; the ratio is taken round by round, since a round's halves share the machine's mood."""
    ratios = [a / b for a, b in zip(first, second, strict=True)]
    return Pair(statistics.median(first), statistics.median(second), statistics.median(ratios))


def alternate(first: Callable[[], float], second: Callable[[], float], rounds: int) -> Pair:
    """Calls both in turns, after one unmeasured call of each; each returns its own figure."""
    first(), second()
    pairs = [(first(), second()) for _ in range(rounds)]
    return summarize([a for a, _ in pairs], [b for _, b in pairs])


async def alternate_async(
    first: Callable[[], Awaitable[float]], second: Callable[[], Awaitable[float]], rounds: int
) -> Pair:
    """`alternate` for coroutines."""
    await first(), await second()
    pairs = [(await first(), await second()) for _ in range(rounds)]
    return summarize([a for a, _ in pairs], [b for _, b in pairs])


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def show_time(value: float) -> str:
    """``1.23 ms`` and the like."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-6:.3g} µs"
