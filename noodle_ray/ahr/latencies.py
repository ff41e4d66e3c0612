"""How long a replica's calls took lately."""

import time
from collections import deque
from collections.abc import Callable
from typing import Final

WINDOW: Final = 10.0
"""Seconds that are looked back on."""
MOST: Final = 1000
"""Calls that are looked at, the last ones."""
PART: Final = 0.9


class Latencies:
    """The last calls of the window. ``clock`` tells the time in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._noted: deque[tuple[float, float]] = deque(maxlen=MOST)

    def note(self, seconds: float) -> None:
        """A call ended, or a generation began, after so long."""
        self._noted.append((self._clock(), seconds))

    def high(self) -> float:
        """The seconds that nine of ten calls took at most; 0 if there was none."""
        since = self._clock() - WINDOW
        while self._noted and self._noted[0][0] < since:
            self._noted.popleft()
        taken = sorted(seconds for _, seconds in self._noted)
        return taken[min(len(taken) - 1, int(PART * len(taken)))] if taken else 0.0
