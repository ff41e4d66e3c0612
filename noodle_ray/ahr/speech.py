"""Where somebody speaks, told from the probabilities that a detector gives: silero's rules, a piece at a time."""

from collections.abc import Iterable
from typing import NamedTuple

WINDOWS = {16_000: 512, 8_000: 256}
"""Per rate: the samples that one probability is about."""
_MIN_SPEECH, _MIN_SILENCE, _PAD = 0.25, 0.1, 0.03  # seconds; silero's defaults
_HYSTERESIS = 0.15


class Change(NamedTuple):
    """Speech that has begun at ``start``, in samples; ``end`` is None while it lasts."""

    start: int
    end: int | None = None


class Speech:
    """Follows one recording. Speech begins at the threshold, ends where it was 0.15 below for 100 ms, lasts 250 ms,
    and is padded by 30 ms: silero's ``get_speech_timestamps_from_probs`` with its defaults.
    """

    def __init__(self, rate: int, threshold: float) -> None:
        self._rate = rate
        self._size = WINDOWS[rate]
        self._threshold = threshold
        self._low = max(threshold - _HYSTERESIS, 0.01)
        self._at = 0
        self._start = self._silent = -1
        self._told = False

    def hear(self, probabilities: Iterable[float]) -> list[Change]:
        """What these next windows tell: each beginning once it is certain, and each end."""
        changes = []
        for probability in probabilities:
            if probability >= self._threshold:
                self._silent = -1
                if self._start < 0:
                    self._start = self._at
                elif not self._told and self._lasts(self._at):
                    self._told = True
                    changes.append(Change(self._padded_start()))
            elif probability < self._low and self._start >= 0:
                self._silent = self._at if self._silent < 0 else self._silent
                if self._at - self._silent >= _MIN_SILENCE * self._rate:
                    changes += self._ended(self._silent, self._silent + int(_PAD * self._rate))
            self._at += self._size
        return changes

    def end(self, length: int) -> list[Change]:
        """What the end of the recording, of so many samples, tells."""
        return self._ended(length, length) if self._start >= 0 else []

    def _lasts(self, until: int) -> bool:
        return until - self._start > _MIN_SPEECH * self._rate

    def _padded_start(self) -> int:
        return max(0, self._start - int(_PAD * self._rate))

    def _ended(self, end: int, padded: int) -> list[Change]:
        found = [Change(self._padded_start(), padded)] if self._lasts(end) else []
        self._start = self._silent = -1
        self._told = False
        return found


def segments(probabilities: Iterable[float], length: int, rate: int, threshold: float) -> list[tuple[int, int]]:
    """Start and end of speech in a whole recording of ``length`` samples."""
    speech = Speech(rate, threshold)
    changes = speech.hear(probabilities) + speech.end(length)
    return [(start, end) for start, end in changes if end is not None]
