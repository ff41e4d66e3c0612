"""Voice activity: where in a recording somebody speaks. The graph is silero's (github.com/snakers4/silero-vad)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noodle_ray.ahr.engines.arrays import plain, tensor_of
from noodle_ray.ahr.engines.base import Call, each, wrong
from noodle_ray.ahr.engines.encoder import finite
from noodle_ray.ahr.engines.onnx_session import CLOSED, open_session, session_info
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.core.vm.arrays.array import wrap

_WINDOWS = {16_000: (512, 64), 8_000: (256, 32)}
"""Per rate: samples in a window, and samples of the one before it that the graph sees again."""
_MAX_SECONDS = 900
_FULL_SCALE = 32_768  # of 16-bit samples
_MIN_SPEECH, _MIN_SILENCE, _PAD = 0.25, 0.1, 0.03  # seconds; silero's defaults
_HYSTERESIS = 0.15

Samples = NDArray[np.float32]


class VoiceEngine:
    """``model(samples, rate=16000, threshold=0.5)`` answers ``speech``, a list of objects with ``start`` and ``end`` in
    seconds, and ``probabilities``, an array of float32 with one number per 32 ms.

    Samples are one channel: numbers from -1 to 1, or whole numbers or bytes of 16 bits (little endian). The rate is
    8000 or a multiple of 16000. Raises ModelError E0604 when it cannot be loaded.
    """

    parallel = 1

    def __init__(self, spec: ModelSpec, file: Path) -> None:
        self.name = spec.name
        self._spec = spec
        self._session = open_session(file, spec)
        self.max_batch = spec.options.get("max_batch", 8)

    def infer(self, calls: Sequence[Call]) -> list[Any]:
        """One answer per call. Recordings go through the graph one by one, since each window needs the one before."""
        return each(calls, self._answer, self.name)

    def _answer(self, call: Call) -> dict[str, Any]:
        args, kwargs = call
        if len(args) != 1 or not kwargs.keys() <= {"rate", "threshold"}:
            raise wrong("this model takes samples, and the keywords rate and threshold")
        samples, rate = resampled(samples_of(args[0]), kwargs.get("rate", 16_000))
        threshold = kwargs.get("threshold", 0.5)
        if type(threshold) not in (int, float) or not 0.02 <= threshold <= 1:
            raise wrong(f"threshold must be a number from 0.02 to 1, not {threshold!r:.80}")
        found = self._probabilities(samples, rate)
        places = segments(found, len(samples), rate, threshold)
        return {
            "speech": [{"start": start / rate, "end": end / rate} for start, end in places],
            "probabilities": wrap(found),
        }

    def _probabilities(self, samples: Samples, rate: int) -> Samples:
        size, context = _WINDOWS[rate]
        count = -(-len(samples) // size)
        padded = np.zeros((1, context + count * size), dtype=np.float32)
        padded[0, context : context + len(samples)] = samples
        state = np.zeros((2, 1, 128), dtype=np.float32)
        found = np.zeros(count, dtype=np.float32)
        for window in range(count):
            piece = padded[:, window * size : window * size + context + size]
            result, state = self._session.run(
                ["output", "stateN"], {"input": piece, "state": state, "sr": np.array(rate, dtype=np.int64)}
            )
            found[window] = result[0, 0]
        return found

    def smoke(self) -> None:
        """Listen to a tenth of a second of silence; raises ModelError E0604 unless the answer is finite."""
        finite(self.name, self._probabilities(np.zeros(1600, dtype=np.float32), 16_000))

    def info(self) -> dict[str, Any]:
        """Engine, device, threads; the ``rates`` that it takes."""
        return session_info(self._session, self._spec) | {"rates": list(_WINDOWS)}

    def close(self) -> None:
        """Drop the session."""
        self._session = CLOSED


def samples_of(value: Any) -> Samples:
    """A recording as numbers from -1 to 1. Raises ModelError E0603 for anything else."""
    if isinstance(value, bytes):
        if len(value) % 2:
            raise wrong("samples of 16 bits have two bytes each")
        data: NDArray[Any] = np.frombuffer(value, dtype="<i2")
    else:
        known = tensor_of(value)
        try:
            data = np.asarray(plain(value)) if known is None else known
        except ValueError:
            raise wrong("the samples must be a list or an array of numbers") from None
    if data.ndim != 1 or (data.size and data.dtype.kind not in "iuf"):
        raise wrong("the samples must be a list or an array of numbers, one channel")
    whole = data.dtype.kind in "iu"
    if not np.isfinite(data).all() or (
        data.size and np.abs(data.astype(np.float64)).max() > (_FULL_SCALE if whole else 1)
    ):
        raise wrong("the samples must be from -1 to 1, or whole numbers of 16 bits")
    made: Samples = data.astype(np.float32) / np.float32(_FULL_SCALE if whole else 1)
    return made


def resampled(samples: Samples, rate: Any) -> tuple[Samples, int]:
    """The recording at a rate that the graph knows; of a multiple of 16000 every n-th sample is used, as by silero."""
    if type(rate) is not int or (rate != 8_000 and (rate < 16_000 or rate % 16_000 or rate > 192_000)):
        raise wrong(f"rate must be 8000 or a multiple of 16000 up to 192000, not {rate!r:.80}")
    if len(samples) > _MAX_SECONDS * rate:
        raise wrong(f"a recording may last {_MAX_SECONDS} seconds; make several calls")
    return (samples[:: rate // 16_000], 16_000) if rate >= 16_000 else (samples, rate)


def segments(
    probabilities: Sequence[float] | Samples, length: int, rate: int, threshold: float
) -> list[tuple[int, int]]:
    """Start and end of speech in samples: silero's ``get_speech_timestamps_from_probs`` with its defaults.

    Speech begins at the threshold, ends where it was 0.15 below for 100 ms, lasts 250 ms, and is padded by 30 ms.
    """
    found = [
        [start, end] for start, end in _runs(probabilities, length, rate, threshold) if end - start > _MIN_SPEECH * rate
    ]
    pad = int(_PAD * rate)
    for place, segment in enumerate(found):
        after = found[place + 1] if place + 1 < len(found) else None
        if place == 0:
            segment[0] = max(0, segment[0] - pad)
        if after is None:
            segment[1] = min(length, segment[1] + pad)
        elif after[0] - segment[1] < 2 * pad:
            half = (after[0] - segment[1]) // 2
            segment[1] += half
            after[0] -= half
        else:
            segment[1] += pad
            after[0] -= pad
    return [(start, end) for start, end in found]


def _runs(probabilities: Sequence[float] | Samples, length: int, rate: int, threshold: float) -> list[tuple[int, int]]:
    size = _WINDOWS[rate][0]
    low = max(threshold - _HYSTERESIS, 0.01)
    found: list[tuple[int, int]] = []
    start = silent = -1
    for window, probability in enumerate(probabilities):
        at = window * size
        if probability >= threshold:
            silent = -1
            start = at if start < 0 else start
        elif probability < low and start >= 0:
            silent = at if silent < 0 else silent
            if at - silent >= _MIN_SILENCE * rate:
                found.append((start, silent))
                start = silent = -1
    return [*found, (start, length)] if start >= 0 else found
