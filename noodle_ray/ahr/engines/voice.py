"""Voice activity: where in a recording somebody speaks. The graph is silero's (github.com/snakers4/silero-vad)."""

import base64
import binascii
import struct
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
from noodle_ray.ahr.speech import WINDOWS, segments
from noodle_ray.core.vm.arrays.array import wrap

_CONTEXT = {16_000: 64, 8_000: 32}
"""Per rate: samples of a window that the graph sees again with the next one."""
_HIDDEN = (2, 1, 128)
_RATE = struct.Struct("<I")
_MAX_SECONDS = 900
_FULL_SCALE = 32_768  # of 16-bit samples

Samples = NDArray[np.float32]


class VoiceEngine:
    """``model(samples, rate=16000, threshold=0.5)`` answers ``speech``, a list of objects with ``start`` and ``end`` in
    seconds, and ``probabilities``, an array of float32 with one number per 32 ms.

    Samples are one channel: numbers from -1 to 1, or whole numbers or bytes of 16 bits (little endian). The rate is
    8000 or a multiple of 16000. Raises ModelError E0604 when it cannot be loaded.

    A recording may come in pieces: with ``state=""`` the answer has ``probabilities``, as far as there are whole
    windows, and a ``state`` for the call with the next piece; ``last=True`` fills the last window with silence. Their
    rate is 8000 or 16000.
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
        if len(args) != 1 or not kwargs.keys() <= {"rate", "threshold", "state", "last"}:
            raise wrong("this model takes samples, and the keywords rate, threshold, state and last")
        rate = kwargs.get("rate", 16_000)
        if "state" in kwargs:
            return self._go_on(samples_of(args[0]), rate, kwargs["state"], kwargs.get("last", False))
        samples, rate = resampled(samples_of(args[0]), rate)
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
        return self._heard(samples, rate, np.zeros(_CONTEXT[rate], np.float32), np.zeros(_HIDDEN, np.float32), True)[0]

    def _go_on(self, samples: Samples, rate: Any, state: Any, last: Any) -> dict[str, Any]:
        if rate not in _CONTEXT or not isinstance(last, bool):
            raise wrong("a recording in pieces has the rate 8000 or 16000, and last is True or False")
        if len(samples) > _MAX_SECONDS * rate:
            raise wrong(f"a piece may last {_MAX_SECONDS} seconds")
        hidden, before, left = _unpacked(state, rate)
        found, hidden, before, left = self._heard(np.concatenate([left, samples]), rate, before, hidden, last)
        return {"probabilities": wrap(found), "state": _packed(rate, hidden, before, left)}

    def _heard(
        self, samples: Samples, rate: int, before: Samples, hidden: Samples, last: bool
    ) -> tuple[Samples, Samples, Samples, Samples]:
        """Probabilities of the windows in these samples, the graph's new state, and what the next windows need: the
        samples before them, and those that fill no window yet."""
        size, context = WINDOWS[rate], _CONTEXT[rate]
        count = -(-len(samples) // size) if last else len(samples) // size
        padded = np.zeros((1, context + count * size), dtype=np.float32)
        padded[0, :context] = before
        used = samples[: count * size]
        padded[0, context : context + len(used)] = used
        found = np.zeros(count, dtype=np.float32)
        for window in range(count):
            piece = padded[:, window * size : window * size + context + size]
            result, hidden = self._session.run(
                ["output", "stateN"], {"input": piece, "state": hidden, "sr": np.array(rate, dtype=np.int64)}
            )
            found[window] = result[0, 0]
        return found, hidden, padded[0, count * size :], samples[count * size :]

    def smoke(self) -> None:
        """Listen to a tenth of a second of silence; raises ModelError E0604 unless the answer is finite."""
        finite(self.name, self._probabilities(np.zeros(1600, dtype=np.float32), 16_000))

    def info(self) -> dict[str, Any]:
        """Engine, device, threads; the ``rates`` that it takes."""
        return session_info(self._session, self._spec) | {"rates": list(WINDOWS)}

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


def _packed(rate: int, hidden: Samples, before: Samples, left: Samples) -> str:
    floats = np.concatenate([hidden.ravel(), before, left]).astype("<f4")
    return base64.b64encode(_RATE.pack(rate) + floats.tobytes()).decode()


def _unpacked(state: Any, rate: int) -> tuple[Samples, Samples, Samples]:
    """The graph's state, the samples before, and those left over. Raises ModelError E0603."""
    context, size = _CONTEXT[rate], int(np.prod(_HIDDEN))
    if state == "":
        return np.zeros(_HIDDEN, np.float32), np.zeros(context, np.float32), np.zeros(0, np.float32)
    try:
        data = base64.b64decode(state, validate=True)
        (said,) = _RATE.unpack_from(data)
        floats: Samples = np.frombuffer(data, dtype="<f4", offset=_RATE.size)
    except (TypeError, ValueError, binascii.Error, struct.error):
        raise wrong("state must be '' or what the call with the piece before answered") from None
    left = len(floats) - size - context
    if said != rate or not 0 <= left < WINDOWS[rate] or not np.isfinite(floats).all():
        raise wrong("state must be '' or what the call with the piece before answered, at the same rate")
    return floats[:size].reshape(_HIDDEN), floats[size : size + context], floats[size + context :]
